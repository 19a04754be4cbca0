"""A journal of requests and answers."""

from __future__ import annotations

import threading
from collections import Counter


class Journal:
    """What clients asked and what they got; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._requests: list[tuple[str, str]] = []
            self._counts: Counter[str] = Counter()
            self._statuses: Counter[int] = Counter()

    def request(self, method: str, path: str, rule: str) -> None:
        """Add a request."""
        with self._lock:
            self._requests.append((method, path))
            self._counts[f"{method} {rule}"] += 1

    def status(self, code: int) -> None:
        """Add an answer."""
        with self._lock:
            self._statuses[code] += 1

    @property
    def requests(self) -> list[tuple[str, str]]:
        """A copy of all requests: method, and path with query as the client sent it."""
        with self._lock:
            return list(self._requests)

    @property
    def counts(self) -> Counter[str]:
        """How often each route was called, such as ``GET /v1/contacts/{id}``."""
        with self._lock:
            return self._counts.copy()

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was returned; 0 is a dropped connection."""
        with self._lock:
            return self._statuses.copy()
