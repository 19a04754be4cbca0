"""Turns YAML text into plain data with the line of every value, and reports every fault in the text.

Plain words mean what YAML 1.2 says (``NO`` is text, ``010`` is ten), not what the parser library's
older rules say. Anchors, aliases, tags, a second document and a key given twice are refused.

A line that isn't YAML doesn't hide the rest: it is left out together with the lines that belong to
it, and the text is read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import yaml

MAX_DEPTH = 40
MAX_SYNTAX_FAULTS = 20
MAX_MENDED = 256 * 1024
"""A longer text is not mended: each mend reads it several times."""

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""
Complaint = tuple[int, str]
"""A line and what is wrong there."""

_INT = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WORD = re.compile(r"\w+")
_BLANKS = " \t"
_COLON = "a ': ' is missing after the key"
_QUOTE = "the value holds ': '; put it in quotes"
_TAB = "a tab can't indent YAML; use spaces"
_INDENT = (
    "the indentation doesn't fit the lines above; start keys of one level in the same column, with "
    "two spaces more for each level"
)


@attrs.frozen
class Parsed:
    """The data of a text, where its parts are, and what is wrong with the text."""

    data: Any
    lines: dict[Place, int]
    key_lines: dict[Place, int]
    complaints: list[Complaint]
    lost: frozenset[str]
    """The words of the lines that were left out, since they aren't YAML."""


class _Stop(Exception):
    """The text can't be read any further."""


def read_yaml(text: str, *, as_written: bool = False) -> Parsed:
    """Read one YAML document. ``as_written`` takes every value as its characters."""
    lines, syntax, lost = text.split("\n"), list[Complaint](), set[str]()
    most = MAX_SYNTAX_FAULTS if len(text) <= MAX_MENDED else 1
    while True:
        reader, data = _Reader(as_written=as_written), None
        try:
            data = reader.document("\n".join(lines))
        except yaml.MarkedYAMLError as error:
            mended = _mended(lines, error, careful=most > 1)
            syntax.append((mended.at + 1, mended.message))
            lost |= mended.lost
            if mended.lines != lines and len(syntax) < most:
                lines = mended.lines
                continue
        except yaml.YAMLError:
            syntax.append((1, "the file holds characters that YAML doesn't allow"))
        except _Stop:
            pass  # the reader's complaints say why
        if syntax and not any(line.partition("#")[0].strip() for line in lines):
            reader.complaints.clear()  # nothing is left, so there is nothing else to say
        return Parsed(
            data, reader.lines, reader.key_lines, [*syntax, *reader.complaints], frozenset(lost)
        )


@attrs.frozen
class _Mended:
    """The lines without one fault, where it was (from 0), and what is lost by mending it."""

    lines: list[str]
    at: int
    message: str
    lost: frozenset[str] = frozenset()


def _mended(lines: list[str], error: yaml.MarkedYAMLError, *, careful: bool) -> _Mended:
    """The mend after which the text can be read furthest; leaving lines out comes last."""
    first, last, message = _diagnosis(error, lines)
    if not careful:
        return _Mended(lines, first, message)
    ways: list[_Mended] = [
        *_rewritten(lines, first, message),
        *(_reindented(lines, first) if message in (_INDENT, _TAB) else ()),
        _left_out(lines, first, last, message),
    ]
    return max(ways, key=lambda way: _readable_lines(way.lines))


def _readable_lines(lines: list[str]) -> int:
    """How many lines a parser gets through."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for _ in yaml.parse("\n".join(lines), Loader=loader):
            pass
    except yaml.MarkedYAMLError as error:
        return int(error.problem_mark.line) if error.problem_mark is not None else 0
    except yaml.YAMLError:
        return 0
    return len(lines) + 1


def _with(lines: list[str], at: int, line: str) -> list[str]:
    return [*lines[:at], line, *lines[at + 1 :]]


def _rewritten(lines: list[str], at: int, message: str) -> Iterator[_Mended]:
    """The line with the colon or the quotes that it lacks."""
    line = lines[at]
    if message == _COLON:
        key, _, value = line.strip().partition(" ")
        yield _Mended(_with(lines, at, f"{line[: _indent(line)]}{key}: {value}"), at, message)
    if message == _QUOTE:
        key, _, value = line.partition(": ")
        quoted = value.replace("'", "''")
        yield _Mended(_with(lines, at, f"{key}: '{quoted}'"), at, message)


def _reindented(lines: list[str], at: int) -> Iterator[_Mended]:
    """The line indented like the one above, or the one above like it, with what follows from that."""
    above = next((number for number in range(at - 1, -1, -1) if lines[number].strip()), None)
    if above is None:
        return
    here, there = lines[at], lines[above]
    message = _TAB if here[: _indent(here)].count("\t") else _INDENT
    yield _Mended(_with(lines, at, f"{there[: _indent(there)]}{here.lstrip(_BLANKS)}"), at, message)
    for deeper in range(2, 9, 2):
        mended = f"{there[: _indent(there)]}{' ' * deeper}{here.lstrip(_BLANKS)}"
        yield _Mended(_with(lines, at, mended), at, message)
    yield _Mended(
        _with(lines, above, f"{here[: _indent(here)]}{there.lstrip(_BLANKS)}"), above, message
    )


def _left_out(lines: list[str], first: int, last: int, message: str) -> _Mended:
    """Without these lines, and without those below that belong to them."""
    end = last + 1
    indent = _indent(lines[first])
    while end < len(lines) and lines[end].strip() and _indent(lines[end]) > indent:
        end += 1
    words = frozenset(_WORD.findall("\n".join(lines[first:end])))
    left = [*lines[:first], *[""] * (end - first), *lines[end:]]
    return _Mended(left, first, message, words)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(_BLANKS))


def _diagnosis(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[int, int, str]:
    """The first and last line (from 0) that are at fault, and what to do about it."""
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    line = min(mark.line if mark is not None else 0, len(lines) - 1)
    began = error.context_mark.line if error.context_mark is not None else line
    if "tab" in problem or lines[line].startswith("\t"):
        return line, line, _TAB
    if "expected ':'" in problem:
        return began, began, _COLON
    if "mapping values are not allowed" in problem:
        return _second_colon(lines, line, mark.column if mark is not None else 0)
    if "expected ','" in problem:
        end = max(began, line - 1)
        closing = "]" if "]" in problem else "}"
        return began, end, f"a comma or the closing {closing} of what opens here is missing"
    if "quoted scalar" in (error.context or ""):
        return began, began, "the quote that opens here isn't closed"
    if "expected key" in problem or "block end" in problem or "block entry" in problem:
        return line, line, _INDENT
    if "node content" in problem:
        return line, line, "a value is missing here, or there is one comma or bracket too many"
    text = re.sub(r"'[^']*'", "a character", problem)
    return line, line, f"this is not valid YAML ({text or 'it cannot be parsed'}); quote the value"


def _second_colon(lines: list[str], line: int, column: int) -> tuple[int, int, str]:
    """A key where none can be: a colon is missing above, or one is too many, or the indent is wrong."""
    above = next((at for at in range(line - 1, -1, -1) if lines[at].strip()), None)
    if above is not None and ":" not in lines[above] and not lines[above].lstrip().startswith("#"):
        return above, above, _COLON
    if ": " in lines[line][:column]:
        return line, line, _QUOTE
    return line, line, _INDENT


class _Reader:
    """Builds plain data from the parser's events, and notes lines and complaints."""

    def __init__(self, *, as_written: bool = False) -> None:
        self.as_written = as_written
        self.complaints: list[Complaint] = []
        self.lines: dict[Place, int] = {}
        self.key_lines: dict[Place, int] = {}

    def document(self, text: str) -> Any:
        """The data of the one document in the text."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events = iter(yaml.parse(text, Loader=loader))
        next(events)  # the stream's start
        first: Any = next(events)
        if isinstance(first, yaml.StreamEndEvent):
            self.complaints.append((1, "the file is empty"))
            return None
        data = self._value(next(events), events, ())
        next(events)  # the document's end
        after: Any = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            line = after.start_mark.line + 1
            self.complaints.append((line, "only one document is allowed in the file"))
        return data

    def _stop(self, line: int, message: str) -> None:
        self.complaints.append((line, message))
        raise _Stop

    def _value(self, event: Any, events: Iterator[Any], place: Place) -> Any:
        line = event.start_mark.line + 1
        self.lines[place] = line
        if isinstance(event, yaml.AliasEvent):
            self.complaints.append((line, "aliases (*name) are not allowed; write the value out"))
            return None
        if event.anchor:
            self.complaints.append((line, "anchors (&name) are not allowed; write the value out"))
        if event.tag:
            self.complaints.append((line, "tags (!name) are not allowed; write the plain value"))
        if len(place) > MAX_DEPTH:
            self._stop(line, f"the file is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, (*place, len(items))))
            return items
        return self._mapping(events, place)

    def _mapping(self, events: Iterator[Any], place: Place) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(line, "a key must be a plain word")
            key, here = event.value, (*place, event.value)
            if event.anchor or event.tag:
                self.complaints.append((line, "a key must be a plain word, without anchor or tag"))
            if key in mapping:
                first = self.key_lines[here]
                self.complaints.append(
                    (line, f"key {key!r} is given twice (first on line {first}); keep one")
                )
            else:
                self.key_lines[here] = line
            mapping[key] = self._value(next(events), events, here)
        return mapping

    def _scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if self.as_written:
            return text or None
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            return int(text, base)
        if _FLOAT.fullmatch(text):
            return float(text)
        if text.lower().lstrip("+-") in (".inf", ".nan"):
            self.complaints.append((line, "infinite and undefined numbers are not allowed"))
        return text
