"""Brings what happens in any thread to the host's ``progress`` callable, in the calling thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any


class Reporter:
    """Tells a callable of events; an exception raised in it stops the run that it reports on."""

    def __init__(self, progress: Callable[[Mapping[str, Any]], None] | None) -> None:
        self._progress = progress
        self._thread = threading.get_ident()
        self._waiting: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Tell of an event: at once in the calling thread, else when that thread tells next."""
        if self._progress is None:
            return
        if threading.get_ident() != self._thread:
            self._waiting.put(event)
            return
        while not self._waiting.empty():
            self._progress(self._waiting.get())
        self._progress(event)
