"""Progress on stderr: a live line in a terminal, else one line now and then; never anybody's data."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from te_connector.cli.output import console, number_of

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

LINE_SECONDS = 10.0
"""So often a line is printed where there is no terminal."""
_WINDOW = 60.0
_BAR = 14
_WHY = {
    "quota": "all requests permitted to this address are used",
    "retry": "the server is under strain",
}


class Progress:
    """Takes the events of a run; a context manager, so that the live line always goes away."""

    def __init__(
        self,
        permitted: tuple[int, float],
        *,
        quiet: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count, self._seconds = permitted
        self._quiet = quiet
        self._clock = clock
        self._live: Live | None = None
        self._last = clock()
        self._name = "Signing in"
        self._unit = "page"
        self._read = self._known = self._found = 0
        self._wait: tuple[str, float] = ("", 0.0)
        self._pages: deque[tuple[float, int]] = deque()
        self._sent: deque[tuple[float, int]] = deque([(self._last, 0)])

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.live import Live

            self._live = Live(
                console=console(sys.stderr),
                get_renderable=self._text,
                transient=True,
                refresh_per_second=8,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Take an event of the connector's, or the command's own ``deletions``."""
        kind, now = event.get("event"), self._clock()
        if kind == "waiting":
            why = _WHY.get(str(event.get("why")), "as the server asked")
            self._wait = (why, now + float(event.get("seconds", 0)))
        elif kind == "object_type":
            self._begin(str(event["object_type"]), "page")
        elif kind == "pages":
            self._read, self._known = int(event["read"]), int(event["known"])
            self._found = int(event["found"])
            self._pages.append((now, self._read))
            self._sent.append((now, int(event["sent"])))
        elif kind == "ids":
            self._found = int(event["found"])
        elif kind == "deletions":
            self._name, self._unit = str(event["name"]), "object"
            self._read, self._known = int(event["done"]), int(event["of"])
        if self._live is None and not self._quiet and now - self._last >= LINE_SECONDS:
            self._last = now
            click.echo(self.line(), err=True)

    def _begin(self, name: str, unit: str) -> None:
        self._name, self._unit = name, unit
        self._read = self._known = self._found = 0
        self._wait = ("", 0.0)
        self._pages.clear()

    def _used(self) -> int:
        """How many requests were sent in the window in which the vendor counts them."""
        _forget(self._sent, self._clock() - self._seconds)
        return self._sent[-1][1] - self._sent[0][1]

    def _left(self) -> float:
        """The seconds that the known pages will take: at the pace so far, and by the quota."""
        _forget(self._pages, self._clock() - _WINDOW)
        left = self._known - self._read
        if left <= 0 or len(self._pages) < 2:
            return 0.0
        (start, before), (end, now) = self._pages[0], self._pages[-1]
        if now <= before or end <= start:
            return 0.0
        beyond = left - (self._count - self._used())
        return max(left * (end - start) / (now - before), beyond * self._seconds / self._count)

    def line(self) -> str:
        """Where things stand, in one line."""
        parts: list[str] = []
        if self._known:
            parts.append(f"{self._read:,} of {number_of(self._known, self._unit)}")
        if self._unit == "page" and (self._known or self._found):
            parts.append(f"{self._found:,} found")
        used, left = self._used(), self._left()
        if used:
            per = "min" if self._seconds == 60 else f"{self._seconds:g} s"
            parts.append(f"{used:,} of {self._count:,} requests/{per}")
        if left:
            parts.append(f"about {_duration(left)} left")
        why, until = self._wait
        wait = until - self._clock()
        if wait > 0:
            parts.append(f"waiting {_duration(wait)}: {why}")
        return f"{self._name}: {', '.join(parts)}" if parts else f"{self._name} ..."

    def _text(self) -> Text:
        from rich.text import Text

        text = Text(overflow="ellipsis", no_wrap=True)
        if self._known:
            done = min(_BAR, _BAR * self._read // self._known)
            text.append("━" * done, style="cyan")
            text.append("━" * (_BAR - done), style="dim")
            text.append(" ")
        text.append(self.line())
        return text


def _forget(marks: deque[tuple[float, int]], before: float) -> None:
    """Drop what is long past, but the last mark."""
    while len(marks) > 1 and marks[0][0] < before:
        marks.popleft()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 90:
        return f"{max(whole, 1)} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 90:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
