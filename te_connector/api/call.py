"""One hook call: its progress callable, its cancel flag, its deadline.

The work of a call runs in a thread of its own, and the thread that called the hook does three things:
it hands events to ``progress``, watches ``cancel``, and keeps the deadline. So ``progress`` is always
called in the host's thread, at least every two seconds, and a call stops within a second even while
the work waits for a socket, a lock, or the vendor's quota.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from te_connector.errors import ConnectorError, DeadlineReached, Stopped

HEARTBEAT_SECONDS = 1.5
"""The contract says at least every two seconds."""
POLL_SECONDS = 0.1
GRACE_SECONDS = 0.6
"""How long a stopped work may take to end. The contract gives the whole stop one second."""

Event = Mapping[str, Any]
Progress = Callable[[Event], None]
T = TypeVar("T")


class Cancel(Protocol):
    """What ``options["cancel"]`` must be; a ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Whether the call shall stop."""
        ...


class Call:
    """One hook call. Make it first thing: its deadline counts from here."""

    def __init__(
        self,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        deadline: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._progress = progress
        self._cancel = cancel
        self._clock = clock
        self._until = None if deadline is None else clock() + deadline
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._latest: Event = {"event": "waiting", "why": "retry", "seconds": 0.0}

    def tell(self, event: Event) -> None:
        """Hand an event to ``progress``, from any thread. Never blocks and never raises."""
        if self._progress is not None:
            self._events.put(event)

    def seconds_left(self) -> float | None:
        """Seconds until the deadline, never below 0; None if there is none."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    def lift_deadline(self) -> None:
        """From here on the deadline does not count: a deletion that was sent is followed to its end."""
        self._until = None

    def run(self, work: Callable[[], T], stop: Callable[[ConnectorError], None]) -> T:
        """Do the work and return its result.

        ``stop`` is called with the reason if the work shall end early: it must make the work raise that
        reason soon. At the deadline the work may go on and return what it has.

        :raises Stopped: ``cancel`` was set.
        :raises BaseException: what the work or ``progress`` raised, unchanged.
        """
        worker = _Worker(work)
        try:
            self._attend(worker, stop)
        except BaseException:
            stop(Stopped())
            worker.join(GRACE_SECONDS)
            raise
        self._pass_on()
        return worker.result()

    def _attend(self, worker: _Worker[T], stop: Callable[[ConnectorError], None]) -> None:
        heard = self._clock()
        while worker.is_alive():
            if self._cancel is not None and self._cancel.is_set():
                raise Stopped
            if self.seconds_left() == 0.0:
                stop(DeadlineReached())
            if self._pass_on(POLL_SECONDS, worker):
                heard = self._clock()
            elif self._progress is not None and self._clock() - heard >= HEARTBEAT_SECONDS:
                self._progress(self._latest)
                heard = self._clock()

    def _pass_on(self, seconds: float = 0.0, worker: _Worker[Any] | None = None) -> bool:
        """Hand on the events that are there; with ``seconds``, wait for the first one or the end."""
        if self._progress is None:
            if worker is not None:
                worker.join(seconds)
            return False
        some = False
        while True:
            try:
                event = self._events.get(timeout=seconds) if seconds else self._events.get_nowait()
            except queue.Empty:
                return some
            if event is _ENDED:
                return some
            seconds, some = 0.0, True
            self._latest = event
            self._progress(event)


_ENDED: Event = {}


class _Worker(threading.Thread):
    pass
