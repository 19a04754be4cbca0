"""The vendor's limits, held as sliding windows for all threads and processes on one state directory.

The vendor counts a request when it arrives, some time between our sending it and its answer. So a
slot is taken before the request is sent and stays taken until the whole window has passed *since the
answer*: then no window of the vendor's, wherever it begins, holds more arrivals than there are slots.

A window is one small file: a header, and a ring of slots, each the moment from which it is free. The
ring is used in turn, so the next slot is usually the one that was taken longest ago, and taking one costs
the same however many there are. If that one isn't free, the turn passes to the next that is. A slot that
is taken is first written as taken until its request must be over, so one whose process was killed frees
itself.

The header also holds what all have to respect: a pause that the server asked for (``Retry-After``),
and a pace between requests, which doubles when the server shows strain and creeps back.

Moments are the system clock's, since processes and restarts share them. A file that is torn, or that
names moments further ahead than any request could have written since the clock was set back, is begun
anew with the whole window used up. A clock that is set *forward* while it is used frees slots too early.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from te_connector.manifest.model import Limit
from te_connector.storage.files import explained, open_private
from te_connector.storage.locks import Lock
from te_connector.storage.quota_file import (
    Header,
    new_generation,
    next_turn,
    read_header,
    read_slots,
    taken,
    write_header,
    write_slots,
)

_MAX_PACE_FACTOR = 8.0
_FIRST_PACE = 0.05
_STRAIN_ONCE_IN = 1.0
_EASE = 0.97
_CLOCK_TOLERANCE = 1.0
"""Seconds by which two readings of the system clock may disagree."""
_LONGEST_PAUSE = 86400.0
"""No server's wish beyond it is noted: it is the most that a manifest's ``retry_for`` can be."""


@attrs.frozen
class Slot:
    """A place in the window that is taken. Give it back with :meth:`Window.answered`.

    ``turn`` counts the turns of the ring so far, with this one. ``until`` is what was written in its place:
    anything else there shows that the place was used again.
    """

    index: int
    generation: int
    turn: int = 0
    until: float = 0.0


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
        slots = self.take_several(1)
        return slots if isinstance(slots, float) else slots[0]

    def take_several(self, most: int) -> list[Slot] | float:
        """Take the slots that are free now, at most so many; or tell in how many seconds one may be free.

        While a pace is kept between requests it is one at most. All cost one lock.
        """
        with self._lock, self._open() as file:
            header = self._header(file)
            self._write_answers(file, header)
            now = self._clock()
            turn, until = next_turn(file, header, now)
            wait = max(header.paused_until, until) - now
            if header.pace > 0:
                wait, most = max(wait, header.last_start + header.pace - now), 1
            if self._clock_was_set_back(header, wait, now):
                return self._start_over(file).paused_until - now
            if wait > 0:
                return wait
            header.turns, index = turn, turn % header.slots
            moments = read_slots(file, index, min(most, header.slots - index))
            free = list(itertools.takewhile(lambda until: until <= now, moments))
            until = now + self._lease + self.limit.seconds
            slots = [
                Slot(index + place, header.generation, turn + place + 1, until)
                for place in range(len(free))
            ]
            header.turns += len(slots)
            header.last_start = now
            write_slots(file, index, [until] * len(slots))
            write_header(file, header)
            return slots

    def holds_back(self) -> bool:
        """Whether all requests have to wait or slow down, as far as shows without the lock."""
        with self._open() as file:
            header = read_header(file)
        if header is None or header.slots == 0:
            return True
        return header.pace > 0 or header.paused_until > self._clock()

    def answered(self, slot: Slot, *, strained: bool = False) -> None:
        """Note that the slot's request was answered now, and whether the server showed strain."""
        with self._lock, self._open() as file:
            now, header = self._clock(), self._header(file)
            (until,) = read_slots(file, slot.index, 1)
            if _is_held(header, slot, until):
                write_slots(file, slot.index, [now + self.limit.seconds])
            if strained:
                self._slow_down(header, now)
            elif header.pace > 0:
                self._ease(header)
            else:
                return
            write_header(file, header)

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

    def refund(self, *slots: Slot) -> None:
        """Give back slots whose requests provably never left this machine.

        Those that were taken last are given back as if they were never taken.
        """
        with self._lock, self._open() as file:
            header = self._header(file)
            for slot in sorted(slots, key=lambda slot: -slot.turn):
                (until,) = read_slots(file, slot.index, 1)
                if _is_held(header, slot, until):
                    write_slots(file, slot.index, [0.0])
                    header.turns -= slot.turn == header.turns
            write_header(file, header)

    def pause(self, seconds: float) -> None:
        """Start no request for this many seconds, in any process: the server asked for it."""
        with self._lock, self._open() as file:
            header = self._header(file)
            header.paused_until = max(header.paused_until, self._clock() + seconds)
            write_header(file, header)

    def left(self) -> int:
        """How many slots are free now."""
        with self._lock, self._open() as file:
            now, header = self._clock(), self._header(file)
            return header.slots - len(taken(file, header, now))

    def pace(self) -> float:
        """The seconds that are kept between two requests at present; 0 is as fast as permitted."""
        with self._lock, self._open() as file:
            return self._header(file).pace

    def _write_answers(self, file: BinaryIO, header: Header) -> None:
        """Write down what was noted; other threads may note more meanwhile."""
        pace, answers = header.pace, dict[int, list[tuple[Slot, float]]]()
        while self._answers:
            slot, at = self._answers.popleft()
            answers.setdefault(slot.index, []).append((slot, at))
            self._ease(header)
        for run in _runs(sorted(answers)):  # neighbors in one write
            moments = read_slots(file, run[0], len(run))
            for place, index in enumerate(run):
                for slot, at in answers[index]:
                    if _is_held(header, slot, moments[place]):
                        moments[place] = at + self.limit.seconds
            write_slots(file, run[0], moments)
        if header.pace != pace:
            write_header(file, header)

    def _clock_was_set_back(self, header: Header, wait: float, now: float) -> bool:
        """Whether a wait comes from moments that no request can have written yet.

        Without this, all requests would wait for as long as the clock was set back.
        """
        usual = self._lease + self.limit.seconds + _CLOCK_TOLERANCE
        if wait <= usual:
            return False
        return header.last_start > now + _CLOCK_TOLERANCE or wait > usual + _LONGEST_PAUSE

    def _ease(self, header: Header) -> None:
        header.pace = header.pace * _EASE if header.pace > _FIRST_PACE / 4 else 0.0

    def _slow_down(self, header: Header, now: float) -> None:
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

    def _header(self, file: BinaryIO) -> Header:
        header = read_header(file)
        if header is None:
            return self._start_over(file)
        if header.slots == 0:
            header.slots, header.generation = self.limit.count, new_generation()
            write_header(file, header)
        return header if header.slots == self.limit.count else self._resized(file, header)

    def _start_over(self, file: BinaryIO) -> Header:
        """It isn't known what was sent: wait for all that can be under way, and for a whole window."""
        now = self._clock()
        header = Header(slots=self.limit.count, generation=new_generation())
        header.paused_until = now + self._lease + self.limit.seconds
        file.truncate(0)
        write_header(file, header)
        return header

    def _resized(self, file: BinaryIO, header: Header) -> Header:
        """Carry the taken slots over to a ring of another size (the manifest's limit changed)."""
        now = self._clock()
        kept = sorted(taken(file, header, now))[-self.limit.count :]
        file.truncate(0)
        header.slots, header.turns = self.limit.count, len(kept)
        header.generation = new_generation()
        write_header(file, header)
        write_slots(file, 0, kept)
        return header


def _is_held(header: Header, slot: Slot, until: float) -> bool:
    """Whether nobody took the place again: a process can stand still for longer than its lease."""
    return slot.generation == header.generation and slot.until == until


def _runs(indexes: Sequence[int]) -> Iterator[list[int]]:
    """Rising numbers in runs without a gap."""
    run: list[int] = []
    for index in indexes:
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run
