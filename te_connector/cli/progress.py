"""Progress on stderr: a live line in a terminal, else a line now and then. It has no personal data."""

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
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LINE_SECONDS = 10.0
"""How often a line is printed without a terminal."""
_WINDOW = 60.0
_BAR = 14
_WHY = {
    "quota": "request limit reached",
    "retry_after": "the server asked to wait",
    "retry": "retrying after an error",
    "token_budget": "token limit reached",
    "lock": "another process is signing in",
}


class Progress:
    """Shows the events of a run. As a context manager it always removes its live line."""

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
        self._live: RichProgress | None = None
        self._task: TaskID | None = None
        self._last = clock()
        self._name = "Signing in"
        self._unit = "page"
        self._read = self._known = self._found = 0
        self._wait: tuple[str, float] = ("", 0.0)
        self._estimate: tuple[float, float] | None = None
        self._pages: deque[tuple[float, int]] = deque()
        self._sent: deque[tuple[float, int]] = deque([(self._last, 0)])

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            self._live = _live_line(self.line)
            self._task = self._live.add_task("", total=None)
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

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event of the connector, or the command's own ``deletions``."""
        kind, now = event.get("event"), self._clock()
        if kind == "waiting":
            why = _WHY.get(str(event.get("why")), "the server asked to wait")
            self._wait = (why, now + float(event.get("seconds", 0)))
        elif kind == "object_type":
            self._begin(str(event["object_type"]), "page")
        elif kind == "pages":
            self._take_pages(event, now)
        elif kind == "ids":
            self._found = int(event["found"])
        elif kind == "deletions":
            self._name, self._unit = str(event["name"]), "object"
            self._read, self._known = int(event["done"]), int(event["of"])
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=self._read, total=self._known or None)
        elif not self._quiet and now - self._last >= LINE_SECONDS:
            self._last = now
            click.echo(self.line(), err=True)

    # The old name, until every command uses the new one.
    tell = __call__

    def _take_pages(self, event: Mapping[str, Any], now: float) -> None:
        self._read, self._known = int(event["read"]), int(event["known"])
        self._found = int(event["found"])
        self._pages.append((now, self._read))
        self._sent.append((now, int(event["sent"])))
        left = event.get("seconds_left")
        self._estimate = None if left is None else (now, float(left))

    def _begin(self, name: str, unit: str) -> None:
        self._name, self._unit = name, unit
        self._read = self._known = self._found = 0
        self._wait, self._estimate = ("", 0.0), None
        self._pages.clear()

    def _used(self) -> int:
        """Requests sent within the vendor's window."""
        _forget(self._sent, self._clock() - self._seconds)
        return self._sent[-1][1] - self._sent[0][1]

    def _left(self) -> float:
        """Seconds left: the connector's estimate, or one by the pace so far and the request limit."""
        if self._estimate is not None:
            at, seconds = self._estimate
            return max(0.0, seconds - (self._clock() - at))
        _forget(self._pages, self._clock() - _WINDOW)
        left = self._known - self._read
        if left <= 0 or len(self._pages) < 2:
            return 0.0
        (start, before), (end, now) = self._pages[0], self._pages[-1]
        if now <= before or end <= start:
            return 0.0
        beyond = left - (self._count - self._used())
        return max(left * (end - start) / (now - before), beyond * self._seconds / self._count)

    def line(self, width: int | None = None) -> str:
        """The state on one line. To fit ``width``, less important parts are left out first."""
        count = f"{self._read:,} of {number_of(self._known, self._unit)}" if self._known else ""
        found = self._unit == "page" and (self._known or self._found)
        used, left = self._used(), self._left()
        per = "min" if self._seconds == 60 else f"{self._seconds:g} s"
        why, until = self._wait
        wait = until - self._clock()
        # In the order shown, each with its importance: 0 is never left out.
        parts = [
            (2, count),
            (3, f"{self._found:,} found" if found else ""),
            (4, f"{used:,} of {self._count:,} requests/{per}" if used else ""),
            (0, f"about {_duration(left)} left" if left >= 0.5 else ""),
            (0, f"waiting {_duration(wait)}: {why}" if wait > 0 else ""),
        ]
        shown = [part for part in parts if part[1]]
        text = _joined(self._name, [text for _, text in shown])
        while width is not None and len(text) > width and any(rank for rank, _ in shown):
            shown.remove(max(shown))
            text = _joined(self._name, [text for _, text in shown])
        return text


def _joined(name: str, parts: list[str]) -> str:
    return f"{name}: {', '.join(parts)}" if parts else f"{name} ..."


def _live_line(text: Callable[[int], str]) -> RichProgress:
    """One line with a bar, redrawn several times a second so that countdowns run."""
    from rich.progress import BarColumn, ProgressColumn
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    screen = console(sys.stderr)

    class _Line(ProgressColumn):
        def render(self, task: Any) -> Text:  # noqa: ARG002
            width = max(20, screen.width - _BAR - 2)
            return Text(text(width), no_wrap=True, overflow="ellipsis")

    return RichProgress(
        BarColumn(bar_width=_BAR), _Line(), console=screen, transient=True, refresh_per_second=8
    )


def _forget(marks: deque[tuple[float, int]], before: float) -> None:
    """Drop old marks, but keep the last one."""
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
