"""The vendor's limits, held as sliding windows for all threads and processes on one state directory.

The vendor counts a request when it arrives, some time between our sending it and its answer. So a
slot is taken before the request is sent and stays taken until the whole window has passed *since the
answer*: then no window of the vendor's, wherever it begins, holds more arrivals than there are slots.

A window is one small file: a header, and a ring of slots, each the moment from which it is free. The
ring is used in turn, so the next slot is the one that was taken longest ago and taking one costs the
same however many there are. A slot that is taken is first written as taken until its request must be
over, so one whose process was killed frees itself.

The header also holds what all have to respect: a pause that the server asked for (``Retry-After``),
and a pace between requests, which doubles when the server shows strain and creeps back.

Moments are the system clock's, since processes and restarts share them. A file that is torn, or that
names moments further ahead than any request could have written since the clock was set back, is begun
anew with the whole window used up. A clock that is set *forward* while it is used frees slots too early.
"""

from __future__ import annotations

import contextlib
import math
import os
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from te_connector.manifest.model import Limit
from te_connector.storage.files import explained, open_private
from te_connector.storage.locks import Lock

_MAGIC = b"TEWIN1\0\0"
# magic, slots, turns taken, generation; paused until, pace, last start, last strain
_HEADER = struct.Struct("<8sQQQdddd")
_SLOT = struct.Struct("<d")
_MAX_PACE_FACTOR = 8.0
_FIRST_PACE = 0.05
_STRAIN_ONCE_IN = 1.0
_EASE = 0.97
_MOST_SLOTS = 1_000_000_000
"""The manifest's grammar permits no more."""
_CLOCK_TOLERANCE = 1.0
"""Seconds by which two readings of the system clock may disagree."""
_LONGEST_PAUSE = 86400.0
"""No server's wish beyond it is noted: it is the most that a manifest's ``retry_for`` can be."""


@attrs.frozen
class Slot:
    """A place in the window that is taken. Give it back with :meth:`Window.answered`.

    ``turn`` counts all slots that were taken so far, with this one: it shows whether the place was used
    again.
    """

    index: int
    generation: int
    turn: int = 0


@attrs.define
class _Header:
    slots: int
    turns: int = 0
    generation: int = 0
    paused_until: float = 0.0
    pace: float = 0.0
    last_start: float = 0.0
    last_strain: float = 0.0


class Window:
    """One sliding window in a file.

    ``lease`` is how many seconds a request can take at most: a slot whose answer is never reported
    is free again after that and the window's length.
    """

    def __init__(
        self, path: Path, limit: Limit, lease: float, clock: Callable[[], float] = time.time
    ) -> None:
        self.limit = limit
        self._path = path
        self._lock = Lock(path.with_suffix(".lock"))
        self._lease = lease
        self._clock = clock
        self._answers: deque[tuple[Slot, float]] = deque()

    def take(self) -> Slot | float:
        """Take a slot, or tell in how many seconds one may be free."""
        with self._lock, self._open() as file:
            header = self._header(file)
            self._write_answers(file, header)
            now, index = self._clock(), header.turns % header.slots
            free = self._slot(file, index)
            wait = max(header.paused_until, free) - now
            if header.pace > 0:
                wait = max(wait, header.last_start + header.pace - now)
            if self._clock_was_set_back(header, wait, now):
                return self._start_over(file).paused_until - now
            if wait > 0:
                return wait
            header.turns += 1
            header.last_start = now
            self._write_slot(file, index, now + self._lease + self.limit.seconds)
            self._write_header(file, header)
            return Slot(index, header.generation, header.turns)

    def answered(self, slot: Slot, *, strained: bool = False) -> None:
        """Note that the slot's request was answered now, and whether the server showed strain."""
        with self._lock, self._open() as file:
            now, header = self._clock(), self._header(file)
            self._write_answer(file, header, slot, now)
            if strained:
                self._slow_down(header, now)
            elif header.pace > 0:
                self._ease(header)
            else:
                return
            self._write_header(file, header)

    def note_answered(self, slot: Slot) -> None:
        """As :meth:`answered` without strain, but written with the next slot that is taken, or by flush.

        That saves a lock for each request. Until then the slot stays taken for longer than it need be,
        never for less.
        """
        self._answers.append((slot, self._clock()))

    def flush(self) -> None:
        """Write down what was noted."""
        if self._answers:
            with self._lock, self._open() as file:
                self._write_answers(file, self._header(file))

    def refund(self, slot: Slot) -> None:
        """Give back a slot whose request provably never left this machine."""
        with self._lock, self._open() as file:
            header = self._header(file)
            if self._is_held(header, slot):
                self._write_slot(file, slot.index, 0.0)

    def pause(self, seconds: float) -> None:
        """Start no request for this many seconds, in any process: the server asked for it."""
        with self._lock, self._open() as file:
            header = self._header(file)
            header.paused_until = max(header.paused_until, self._clock() + seconds)
            self._write_header(file, header)

    def left(self) -> int:
        """How many slots are free now."""
        with self._lock, self._open() as file:
            now, header = self._clock(), self._header(file)
            size = min(header.slots * _SLOT.size, os.fstat(file.fileno()).st_size)
            raw = os.pread(file.fileno(), size, _HEADER.size)
            whole = len(raw) - len(raw) % _SLOT.size
            taken = sum(1 for (until,) in _SLOT.iter_unpack(raw[:whole]) if until > now)
            return header.slots - taken

    def pace(self) -> float:
        """The seconds that are kept between two requests at present; 0 is as fast as permitted."""
        with self._lock, self._open() as file:
            return self._header(file).pace

    def _write_answers(self, file: BinaryIO, header: _Header) -> None:
        """Write down what was noted; other threads may note more meanwhile."""
        pace = header.pace
        while self._answers:
            slot, at = self._answers.popleft()
            self._write_answer(file, header, slot, at)
            self._ease(header)
        if header.pace != pace:
            self._write_header(file, header)

    def _write_answer(self, file: BinaryIO, header: _Header, slot: Slot, at: float) -> None:
        if self._is_held(header, slot):
            self._write_slot(file, slot.index, at + self.limit.seconds)

    def _is_held(self, header: _Header, slot: Slot) -> bool:
        """Whether nobody took the place again: a process can stand still for longer than its lease."""
        return slot.generation == header.generation and header.turns - slot.turn < header.slots

    def _clock_was_set_back(self, header: _Header, wait: float, now: float) -> bool:
        """Whether a wait comes from moments that no request can have written yet.

        Without this, all requests would wait for as long as the clock was set back.
        """
        usual = self._lease + self.limit.seconds + _CLOCK_TOLERANCE
        if wait <= usual:
            return False
        return header.last_start > now + _CLOCK_TOLERANCE or wait > usual + _LONGEST_PAUSE

    def _ease(self, header: _Header) -> None:
        header.pace = header.pace * _EASE if header.pace > _FIRST_PACE / 4 else 0.0

    def _slow_down(self, header: _Header, now: float) -> None:
        if now - header.last_strain < _STRAIN_ONCE_IN:
            return  # a burst of failures is one sign of strain, not many
        even = self.limit.seconds / self.limit.count
        slowest = max(_FIRST_PACE, even) * _MAX_PACE_FACTOR
        header.pace = min(slowest, max(_FIRST_PACE, even, header.pace * 2))
        header.last_strain = now

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        with explained(self._path, "used"):
            descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
            with os.fdopen(descriptor, "r+b") as file:
                yield file

    def _header(self, file: BinaryIO) -> _Header:
        raw = os.pread(file.fileno(), _HEADER.size, 0)
        if len(raw) == _HEADER.size:
            magic, *fields = _HEADER.unpack(raw)
            header = _Header(*fields)
            if magic == _MAGIC and _is_sane(header):
                if header.slots == self.limit.count:
                    return header
                return self._resized(file, header)
        if raw:  # torn or foreign
            return self._start_over(file)
        header = _Header(slots=self.limit.count)
        self._write_header(file, header)
        return header

    def _start_over(self, file: BinaryIO) -> _Header:
        """It isn't known what was sent: wait for all that can be under way, and for a whole window."""
        now = self._clock()
        header = _Header(slots=self.limit.count, generation=abs(int(now)))
        header.paused_until = now + self._lease + self.limit.seconds
        file.truncate(0)
        self._write_header(file, header)
        return header

    def _resized(self, file: BinaryIO, header: _Header) -> _Header:
        """Carry the taken slots over to a ring of another size (the manifest's limit changed)."""
        now = self._clock()
        size = min(header.slots * _SLOT.size, os.fstat(file.fileno()).st_size)
        raw = os.pread(file.fileno(), size, _HEADER.size)
        whole = len(raw) - len(raw) % _SLOT.size
        taken = sorted(until for (until,) in _SLOT.iter_unpack(raw[:whole]) if until > now)
        kept = taken[-self.limit.count :]
        file.truncate(0)
        header.slots, header.turns = self.limit.count, len(kept)
        header.generation += 1
        self._write_header(file, header)
        for index, until in enumerate(kept):
            self._write_slot(file, index, until)
        return header

    def _write_header(self, file: BinaryIO, header: _Header) -> None:
        os.pwrite(file.fileno(), _HEADER.pack(_MAGIC, *attrs.astuple(header)), 0)

    def _slot(self, file: BinaryIO, index: int) -> float:
        raw = os.pread(file.fileno(), _SLOT.size, _HEADER.size + index * _SLOT.size)
        return float(_SLOT.unpack(raw)[0]) if len(raw) == _SLOT.size else 0.0

    def _write_slot(self, file: BinaryIO, index: int, until: float) -> None:
        os.pwrite(file.fileno(), _SLOT.pack(until), _HEADER.size + index * _SLOT.size)


def _is_sane(header: _Header) -> bool:
    """Whether a header can be one of ours: a torn or foreign file can hold any number."""
    moments = (header.paused_until, header.pace, header.last_start, header.last_strain)
    counts = (header.turns, header.generation)
    return (
        0 < header.slots <= _MOST_SLOTS and max(counts) < 2**62 and all(map(math.isfinite, moments))
    )
