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
        self._permitted = permitted[0] * 60.0 / permitted[1]
        self._quiet = quiet
        self._clock = clock
        self._live: Live | None = None
        self._last = clock()
        self._name = "Signing in"
        self._unit = "page"
        self._read = self._known = self._found = 0
        self._wait: tuple[str, float] = ("", 0.0)
        self._marks: deque[tuple[float, int, int]] = deque()

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
            self._mark(now, int(event["sent"]))
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
        self._marks.clear()

    def _mark(self, now: float, sent: int) -> None:
        self._marks.append((now, self._read, sent))
        while self._marks[0][0] < now - _WINDOW:
            self._marks.popleft()

    def _rate(self) -> tuple[float, float]:
        """Pages and requests a second, over the last minute."""
        if len(self._marks) < 2:
            return 0.0, 0.0
        (start, read, sent), (end, read_now, sent_now) = self._marks[0], self._marks[-1]
        seconds = max(end - start, 0.001)
        return (read_now - read) / seconds, (sent_now - sent) / seconds

    def line(self) -> str:
        """Where things stand, in one line."""
        parts: list[str] = []
        if self._known:
            parts.append(f"{self._read:,} of {number_of(self._known, self._unit)}")
        if self._unit == "page" and (self._known or self._found):
            parts.append(f"{self._found:,} found")
        pages, requests = self._rate()
        if requests:
            parts.append(f"{requests * 60:,.0f} of {self._permitted:,.0f} requests/min")
        if pages > 0 and self._known > self._read:
            parts.append(f"about {_duration((self._known - self._read) / pages)} left")
        why, until = self._wait
        left = until - self._clock()
        if left > 0:
            parts.append(f"waiting {_duration(left)}: {why}")
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


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 90:
        return f"{max(whole, 1)} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 90:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
