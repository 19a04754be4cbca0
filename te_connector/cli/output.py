"""Output: data goes to stdout, notes to stderr, and colors only to terminals.

The vendor's text can hold anything, so characters that control a terminal or reverse text are
replaced before it is printed.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 80
_WIDEST = 110


class _Trimmed:
    """A stream without the trailing blanks of tables."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        lines = text.split("\n")
        return self._stream.write("\n".join([line.rstrip(" ") for line in lines]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def console(stream: TextIO | None = None) -> Console:
    """A console on stdout or another stream: plain and 80 columns wide unless it is a terminal."""
    from rich.console import Console

    stream = sys.stdout if stream is None else stream
    terminal = stream.isatty()
    made = Console(
        file=stream if terminal else _Trimmed(stream),  # type: ignore[arg-type]
        force_terminal=terminal,
        force_jupyter=False,
        no_color=None if terminal else True,
        width=None if terminal else PIPED_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )
    made.width = min(made.width, _WIDEST)
    return made


def clean(value: object) -> str:
    """The vendor's text on one line, without characters that control a terminal or reverse text."""
    text = " ".join(str(value).split())
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeError:
        text = json.dumps(document, indent=2)
    click.echo(text)


def note(text: str, *, quiet: bool = False) -> None:
    """Print a note to stderr."""
    if not quiet:
        click.echo(text, err=True)


def number_of(count: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 record``, ``2,000 records``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def counted(count: int, object_type: str) -> str:
    """A count with its object type in words: ``3 contacts``, ``2 lead opportunities``."""
    one = object_type.replace("_", " ")
    return number_of(count, one, f"{one[:-1]}ies" if one.endswith("y") else "")


class Renderer:
    """Prints text and tables for people to stdout."""

    def __init__(self) -> None:
        self.console = console()

    def heading(self, text: str) -> None:
        """A heading after an empty line."""
        self.console.print()
        self.console.print(text, style="bold cyan")

    def line(self, text: str = "", style: str = "") -> None:
        """A paragraph, wrapped to the width."""
        self.console.print(text, style=style)

    def item(self, text: str, mark: str = "-", style: str = "") -> None:
        """A list item: a mark and an indented paragraph."""
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(f"  {mark}", style=style), Text(text))
        self.console.print(grid)

    def table(
        self, headers: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()
    ) -> None:
        """Aligned columns, each as narrow as possible; ``styles`` has a style for each row."""
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=None,
            padding=(0, 2, 0, 0),
            header_style="dim",
            show_edge=False,
            show_header=any(headers),
        )
        for header in headers:
            table.add_column(header, overflow="fold")
        for index, row in enumerate(rows):
            style = styles[index] if index < len(styles) else ""
            table.add_row(*(Text(cell, style=style) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, 2), expand=False))

    def command(self, parts: Sequence[str]) -> None:
        """A command to copy, wrapped with backslashes."""
        self.console.print(broken(parts, self.console.width), soft_wrap=True, style="green")


def broken(parts: Sequence[str], width: int) -> str:
    """A command line, wrapped with backslashes to fit; a flag stays with its value."""
    pieces: list[str] = []
    for part in parts:
        quoted = shlex.quote(part)
        follows = bool(pieces) and pieces[-1].startswith("--") and " " not in pieces[-1]
        if follows and not part.startswith("--"):
            pieces[-1] += f" {quoted}"
        else:
            pieces.append(quoted)
    lines = ["  " + pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 > width:
            lines[-1] += " \\"
            lines.append("    " + piece)
        else:
            lines[-1] += f" {piece}"
    return "\n".join(lines)
