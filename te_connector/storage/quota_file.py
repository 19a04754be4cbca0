"""The file of one quota window: a header, and a ring of slots, each the moment from which it is free.

To read or write more than one thing, hold the window's lock (:mod:`te_connector.api.quota`).
"""

from __future__ import annotations

import math
import os
import secrets
import struct
from collections.abc import Sequence
from typing import BinaryIO

import attrs

_MAGIC = b"TEWIN1\0\0"
# magic, slots, turns taken, generation; paused until, pace, last start, last strain
_HEADER = struct.Struct("<8sQQQdddd")
_SLOT = struct.Struct("<d")
_MOST_SLOTS = 1_000_000_000
"""The manifest's grammar permits no more."""


@attrs.define
class Header:
    """What concerns all requests: how many slots and turns there are, and the pause and the pace."""

    slots: int
    turns: int = 0
    generation: int = 0
    paused_until: float = 0.0
    pace: float = 0.0
    last_start: float = 0.0
    last_strain: float = 0.0


def read_header(file: BinaryIO) -> Header | None:
    """The header; None if the file is torn or foreign. An empty file has one without slots."""
    raw = os.pread(file.fileno(), _HEADER.size, 0)
    if not raw:
        return Header(slots=0)
    if len(raw) < _HEADER.size:
        return None
    magic, *fields = _HEADER.unpack(raw)
    header = Header(*fields)
    return header if magic == _MAGIC and _is_sane(header) else None


def write_header(file: BinaryIO, header: Header) -> None:
    """Write the header."""
    os.pwrite(file.fileno(), _HEADER.pack(_MAGIC, *attrs.astuple(header)), 0)


def read_slots(file: BinaryIO, index: int, count: int) -> list[float]:
    """So many slots from one on; those that were never written are free."""
    raw = os.pread(file.fileno(), count * _SLOT.size, _HEADER.size + index * _SLOT.size)
    whole = raw[: len(raw) // _SLOT.size * _SLOT.size]
    moments = [float(until) for (until,) in _SLOT.iter_unpack(whole)]
    return moments + [0.0] * (count - len(moments))


def write_slots(file: BinaryIO, index: int, moments: Sequence[float]) -> None:
    """Write slots that are beside each other, from one on."""
    if moments:
        raw = b"".join(map(_SLOT.pack, moments))
        os.pwrite(file.fileno(), raw, _HEADER.size + index * _SLOT.size)


def taken(file: BinaryIO, header: Header, now: float) -> list[float]:
    """The moments of all slots that are taken, however large the ring may become."""
    written = max(0, os.fstat(file.fileno()).st_size - _HEADER.size) // _SLOT.size
    moments = read_slots(file, 0, min(header.slots, written))
    return [until for until in moments if until > now]


def new_generation() -> int:
    """What tells the slots of this file from those of one that was removed, torn, or of another size."""
    return secrets.randbits(60)


def next_turn(file: BinaryIO, header: Header, now: float) -> tuple[int, float]:
    """The turn of the next free slot, and since when it is free; if none is, when the first will be."""
    index = header.turns % header.slots
    (until,) = read_slots(file, index, 1)
    if until <= now:
        return header.turns, until
    ring = read_slots(file, 0, header.slots)
    in_turn = ring[index:] + ring[:index]
    for skipped, until in enumerate(in_turn):
        if until <= now:
            return header.turns + skipped, until
    return header.turns, min(in_turn)


def _is_sane(header: Header) -> bool:
    """Whether a header can be one of ours: a torn or foreign file can hold any number."""
    moments = (header.paused_until, header.pace, header.last_start, header.last_strain)
    counts = (header.turns, header.generation)
    return (
        0 < header.slots <= _MOST_SLOTS and max(counts) < 2**62 and all(map(math.isfinite, moments))
    )
