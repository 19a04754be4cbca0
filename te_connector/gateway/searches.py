"""Sweeps: requests that wait at the same time are the subjects of one ``fetch``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from te_connector.errors import ConnectorError
from te_connector.gateway.answers import Answer, answer_for

log = logging.getLogger(__name__)

_QUIET_SECONDS = 0.25
_MOST_QUIET_WAITS = 12
"""A platform asks for many people at once. A sweep begins when no further request has come for a
quarter of a second, or after three seconds, so that they share it."""
_MAX_SUBJECTS = 1000

Identifiers = Mapping[str, tuple[str, ...]]
Fetch = Callable[[list[Any], Mapping[str, Any]], Mapping[str, Any]]
Finish = Callable[[str, Answer], None]


class Searches:
    """Runs one sweep at a time in a thread of its own; callers wait for their request's turn."""

    def __init__(
        self, fetch: Fetch, finish: Finish, parent_types: Mapping[str, str | None]
    ) -> None:
        self._fetch, self._finish, self._parent_types = fetch, finish, parent_types
        self._change = threading.Condition()
        self._waiting: dict[str, Identifiers] = {}
        self._running: dict[str, Identifiers] = {}
        self._errors: dict[str, ConnectorError] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="gateway-sweeps", daemon=True)
        self._thread.start()

    def run(self, request: str, identifiers: Identifiers, seconds: float) -> bool:
        """Search for one request, or join the search under way. Returns whether it has ended.

        :raises ConnectorError: the sweep failed.
        """
        deadline = time.monotonic() + seconds
        with self._change:
            if request not in self._running:
                self._errors.pop(request, None)
                self._waiting[request] = identifiers
                self._change.notify_all()
            while request in self._waiting or request in self._running:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._change.wait(left)
            error = self._errors.get(request)
        if error is not None:
            raise error
        return True

    def busy(self, request: str) -> bool:
        """Whether this request waits for a sweep or is in one."""
        with self._change:
            return request in self._waiting or request in self._running

    def close(self) -> None:
        """Stop the sweep under way and the thread."""
        self._stop.set()
        with self._change:
            self._change.notify_all()
        self._thread.join(5)

    def _work(self) -> None:
        while not self._stop.is_set():
            with self._change:
                while not self._waiting and not self._stop.is_set():
                    self._change.wait()
            self._gather()
            with self._change:
                taken = dict(list(self._waiting.items())[:_MAX_SUBJECTS])
                for request in taken:
                    del self._waiting[request]
                self._running = taken
            error = self._sweep(taken) if taken and not self._stop.is_set() else None
            with self._change:
                self._running = {}
                self._errors = {} if error is None else dict.fromkeys(taken, error)
                self._change.notify_all()

    def _gather(self) -> None:
        """Wait until requests have stopped coming, for a while at most."""
        before = 0
        for _ in range(_MOST_QUIET_WAITS):
            with self._change:
                now = len(self._waiting)
            if now == before or self._stop.is_set():
                return
            before = now
            self._stop.wait(_QUIET_SECONDS)

    def _sweep(self, taken: Mapping[str, Identifiers]) -> ConnectorError | None:
        """One ``fetch`` for all. Subject ids are numbers, so that no request id reaches a message."""
        numbered = {f"s{number}": request for number, request in enumerate(taken, 1)}
        subjects = [
            {"id": name, "identifiers": {kind: list(vs) for kind, vs in taken[request].items()}}
            for name, request in numbered.items()
        ]
        try:
            found = self._fetch(subjects, {"independent": True, "cancel": self._stop})
            for name, request in numbered.items():
                self._finish(request, answer_for(name, found, self._parent_types))
        except ConnectorError as error:
            log.warning("A sweep for %d requests failed: %s", len(taken), error.code)
            return error
        except Exception as error:  # noqa: BLE001  the thread must go on; the type says enough
            # A traceback could hold personal data.
            log.error("A sweep failed unexpectedly: %s", type(error).__name__)  # noqa: TRY400
            return ConnectorError("It failed unexpectedly. Ask again.")
        return None
