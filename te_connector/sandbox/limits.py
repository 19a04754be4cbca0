"""The vendor's limits for each address."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque

import attrs


@attrs.frozen
class Limits:
    """How many requests one address may make; ``None`` lifts a limit.

    The defaults are the ones that the vendor documents.
    """

    requests: tuple[int, float] | None = (1000, 60.0)
    """Requests of any kind, and the length of the sliding window in seconds."""

    tokens: tuple[int, float] | None = (2, 3600.0)
    """Token requests, and the length of the sliding window in seconds."""


class Window:
    """Counts the requests of each address within a sliding window."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def admits(self, address: str, limit: tuple[int, float] | None) -> bool:
        """Count one request and return True, or return False if it exceeds the limit."""
        if limit is None:
            return True
        count, seconds = limit
        now = time.monotonic()
        with self._lock:
            seen = self._seen[address]
            while seen and seen[0] <= now - seconds:
                seen.popleft()
            if len(seen) >= count:
                return False
            seen.append(now)
            return True
