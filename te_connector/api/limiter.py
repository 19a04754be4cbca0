"""Stops everything at once, and lets a request go when the vendor's limit permits it.

The client and the token provider share one limiter, since the vendor counts token requests too.

A slot of the window costs a file lock, so several are taken at once: as many again as were used so far,
and 64 at most. They are used immediately or given back, and not used while a pause is in force.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from te_connector.api.quota import Slot, Window
from te_connector.errors import ConnectorError, DeadlineReached, Stopped

Notice = Callable[[Mapping[str, Any]], None]
_REPORT_SECONDS = 5.0
_LOCK_REPORT_SECONDS = 1.0
_MOST_RESERVED = 64
_LOOK_SECONDS = 0.02
"""So often those who have reserved slots look whether another process has to slow down."""
RESERVED_SECONDS = 2.0
"""So long a slot is used that was taken ahead; it stays taken for as much longer."""


def ignore(_event: Mapping[str, Any]) -> None:
    """Take an event and do nothing with it."""


class Limiter:
    """Admits requests for one client, in every thread; ``notice`` gets the events of waiting."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.notice: Notice = ignore
        self._stopped = threading.Event()
        self._reason: type[Stopped | DeadlineReached] = Stopped
        self._taking = threading.Lock()
        self._reserved: deque[Slot] = deque()
        self._reserved_at = self._looked_at = 0.0
        self._used = 0

    def start(self, notice: Notice | None) -> None:
        """Admit requests from here on, until :meth:`stop`."""
        self.notice = notice or ignore
        self._stopped.clear()

    def give_back(self) -> None:
        """Give back the slots that were taken ahead."""
        with self._taking:
            self._give_back()

    def _give_back(self) -> None:
        self._used = 0
        slots = tuple(self._reserved)
        self._reserved.clear()  # even if giving back fails: then nobody uses them
        if slots:
            self.window.refund(*slots)

    def _take(self) -> Slot | float:
        """A slot that was taken ahead, or a new one; or in how many seconds one may be free."""
        with self._taking:
            if self._reserved and self._must_be_given_back():
                self._give_back()
            if not self._reserved:
                self._reserved_at = time.time()
                self._looked_at = time.monotonic()
                slots = self.window.take_several(min(self._used + 1, _MOST_RESERVED))
                if isinstance(slots, float):
                    return slots
                self._reserved.extend(slots)
            self._used += 1
            return self._reserved.popleft()

    def _must_be_given_back(self) -> bool:
        # The system's clock: it goes on while the machine is suspended.
        if not 0 <= time.time() - self._reserved_at <= RESERVED_SECONDS:
            return True
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = now
        return self.window.holds_back()

    def stop(self, reason: ConnectorError | None = None) -> type[Stopped | DeadlineReached]:
        """End all waiting by raising the reason there; the first reason stays. Gives its class."""
        if not self._stopped.is_set():
            self._reason = DeadlineReached if isinstance(reason, DeadlineReached) else Stopped
        self._stopped.set()
        return self._reason

    def check(self) -> None:
        """Raise the reason if everything was stopped.

        :raises Stopped: or DeadlineReached.
        """
        if self._stopped.is_set():
            raise self._reason()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :raises Stopped: or DeadlineReached, if everything is stopped meanwhile.
        """
        if self._stopped.wait(seconds):
            self.check()

    def acquire(self) -> Slot:
        """A slot for one request, waited for. Give it back to the window.

        :raises Stopped: or DeadlineReached, if everything is stopped meanwhile.
        """
        reported = 0.0
        while True:
            self.check()
            slot = self._take()
            if isinstance(slot, Slot):
                return slot
            if slot > 1.0 and time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                self.notice({"event": "waiting", "why": "quota", "seconds": round(slot, 1)})
            self.sleep(min(slot, 1.0))

    def lock_check(self) -> Callable[[], None]:
        """A check for one wait for a lock: it can end the wait, and reports one of over a second."""
        told = time.monotonic()

        def check() -> None:
            nonlocal told
            self.check()
            if time.monotonic() - told > _LOCK_REPORT_SECONDS:
                told = time.monotonic()
                self.notice({"event": "waiting", "why": "lock", "seconds": 0.0})

        return check

    @contextmanager
    def admission(self) -> Iterator[None]:
        """Within it one request may be sent."""
        slot = self.acquire()
        try:
            yield
        finally:
            self.window.answered(slot)
