"""One hook call: its progress callable, its cancel flag, its deadline.

The work of a call runs in a thread of its own, while the thread that called the hook hands events to
``progress``, watches ``cancel``, and keeps the deadline. So ``progress`` is always called in the host's
thread, at least every two seconds, and a call stops within a second even while the work waits for a
socket, a lock, or the vendor's quota.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from te_connector.errors import ConnectorError, DeadlineReached, Stopped

HEARTBEAT_SECONDS = 1.5
"""The contract says at least every two seconds."""
POLL_SECONDS = 0.1
GRACE_SECONDS = 0.6
"""How long stopped work may take to end. The contract gives the whole stop one second."""

Event = Mapping[str, Any]
Progress = Callable[[Event], None]
Stop = Callable[[ConnectorError], None]
T = TypeVar("T")


class Cancel(Protocol):
    """What ``options["cancel"]`` must be; a ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Whether the call shall stop."""
        ...


class Call:
    """One hook call. Make it first: its deadline (in seconds) counts from here."""

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
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._latest: Event | None = None

    def tell(self, event: Event) -> None:
        """Hand an event to ``progress``, from any thread. Never waits and never raises."""
        self._events.put(event)

    def begin(self, event: Event) -> None:
        """Repeat this event until there is another: the sign-in and a lock have no event of their own."""
        self._latest = event

    def seconds_left(self) -> float | None:
        """Seconds until the deadline, at least 0; None if there is none."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    def lift_deadline(self) -> None:
        """Ignore the deadline from here on: what became of a sent DELETE is always found out."""
        self._until = None

    def run(self, work: Callable[[], T], stop: Stop) -> T:
        """Do the work in another thread, and return its result.

        ``stop(reason)`` is called if the work must end early; it makes the work raise the reason soon.
        At the deadline the work may catch the reason and return what it has.

        :raises Stopped: ``cancel`` was set.
        :raises BaseException: whatever the work or ``progress`` raised, unchanged.
        """
        worker = _Worker(work, ended=lambda: self._events.put(None))
        worker.start()
        try:
            self._attend(stop)
        except BaseException:
            stop(Stopped())
            worker.join(GRACE_SECONDS)
            raise
        return worker.result()

    def _attend(self, stop: Stop) -> None:
        """Hand on events until the work has ended and no event is left."""
        heard = self._clock()
        while True:
            if self._cancel is not None and self._cancel.is_set():
                raise Stopped
            if self.seconds_left() == 0.0:
                stop(DeadlineReached())
            try:
                event = self._events.get(timeout=POLL_SECONDS)
            except queue.Empty:
                event = self._latest if self._clock() - heard >= HEARTBEAT_SECONDS else None
                if event is None:
                    continue
            if event is None:
                return
            heard, self._latest = self._clock(), event
            if self._progress is not None:
                self._progress(event)


class _Worker(threading.Thread, Generic[T]):
    """Runs the work and keeps what it returned or raised."""

    def __init__(self, work: Callable[[], T], ended: Callable[[], None]) -> None:
        super().__init__(name="te-connector-call", daemon=True)
        self._work, self._ended = work, ended
        self._returned: list[T] = []
        self._raised: BaseException | None = None

    def run(self) -> None:
        """Do the work; called by the thread itself."""
        try:
            self._returned.append(self._work())
        except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
            self._raised = error
        finally:
            self._ended()

    def result(self) -> T:
        """What the work returned.

        :raises BaseException: what it raised.
        """
        self.join()
        if self._raised is not None:
            raise self._raised
        return self._returned[0]
