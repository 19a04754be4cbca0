"""Reads a machine's JSON file strictly, and finds the line of a value only when one is at fault.

A result can be hundreds of megabytes, so it is read at full speed; the slow walk that knows the
line of everything comes after a fault was found. Faults show the place by the grammar's own words
and no other key or value, which could be somebody's.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed lacks it
from pathlib import Path
from typing import Any

import attrs

from te_connector.errors import Fault, FileFaults
from te_connector.text.document import Document, Place

MAX_BYTES = 1024 * 1024 * 1024


def read(path: Path, schema: Any) -> Document:
    """Read one JSON file; its faults will show the schema's words as places.

    :raises FileFaults: it cannot be read, or it is not plain JSON (a key twice, NaN, absurd depth).
    """
    data = _parse(path)
    values, keys = _Lines(path, _VALUES), _Lines(path, _KEYS)
    return _Json(str(path), data, values, keys, words=_words(schema))


class _Refused(ValueError):
    """JSON that Python would take and that is none; the text says why."""


def _object(known: dict[str, str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose short texts are kept once: records repeat the same words by the thousand."""
    made = {
        key: known.setdefault(value, value) if type(value) is str and len(value) < 64 else value
        for key, value in pairs
    }
    if len(made) != len(pairs):
        raise _Refused("an object names the same key twice; fetch again")
    return made


def _constant(_: str) -> Any:
    raise _Refused("NaN and Infinity are not JSON; fetch again")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Refused("a number is too large; fetch again")
    return value


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileFaults(
                [Fault(str(path), 1, "the file is larger than 1 GiB; fetch fewer subjects")]
            )
        text = path.read_bytes().decode("utf-8-sig")
        data = _loads(text)
    except OSError as error:
        why = error.strerror or type(error).__name__
        line, fault = 1, f"the file cannot be read ({why})"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        fault = "the file is not UTF-8 text; fetch again"
    except json.JSONDecodeError as error:
        line, fault = error.lineno, "this is not whole JSON; fetch again"
    except _Refused as refused:
        line, fault = _line_refused(text), str(refused)
    except (RecursionError, ValueError):  # the latter: a whole number of thousands of digits
        line, fault = 1, "a value is nested too deeply or too long"
    else:
        return data
    raise FileFaults(
        [Fault(str(path), line, fault)]
    )  # here, without the decoder's error, which holds the text


def _line_refused(text: str) -> int:
    """The line of what was refused; 1 where what follows it is no JSON, or too deep to walk through."""
    try:
        return _Walk(text).first_refused()
    except (AssertionError, IndexError, ValueError, RecursionError):
        return 1


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's cycle collector: over millions of new values and no cycles it only costs time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _loads(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=functools.partial(_object, {}),
        parse_constant=_constant,
        parse_float=_float,
    )


_VALUES, _KEYS = "values", "keys"
_BLANK = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")


class _Walk:
    """Goes through JSON text slowly, noting the line of every value and key: for faults alone."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[str, dict[Place, int]] = {_VALUES: {}, _KEYS: {}}
        self.refused: list[int] = []
        self._at, self._line = 0, 1

    def first_refused(self) -> int:
        """The line of the first doubled key or of the first number that is none."""
        self.value((), self._blank(0))
        return min(self.refused, default=1)

    def _blank(self, at: int) -> int:
        end = _BLANK.match(self.text, at).end()  # type: ignore[union-attr]  # it matches always
        self._line += self.text.count("\n", self._at, end)
        self._at = end
        return end

    def value(self, place: Place, at: int) -> int:
        """Note the value that starts at a position, and all in it; gives the position behind it."""
        self.lines[_VALUES][place] = self._line
        start = self.text[at]
        if start == '"':
            return int(scanstring(self.text, at + 1, True)[1])
        if start not in "{[":
            match = _SCALAR.match(self.text, at)
            assert match is not None, "the text was parsed before"
            if match[0] not in ("true", "false", "null") and "inf" in str(abs(_number(match[0]))):
                self.refused.append(self._line)
            return match.end()
        at, index = self._blank(at + 1), 0
        while self.text[at] not in "}]":
            here = (*place, index)
            if start == "{":
                key, at = scanstring(self.text, at + 1, True)
                here = (*place, key)
                if here in self.lines[_KEYS]:
                    self.refused.append(self._line)
                self.lines[_KEYS][here] = self._line
                at = self._blank(self._blank(at) + 1)  # over the colon
            at, index = self._blank(self.value(here, at)), index + 1
            if self.text[at] == ",":
                at = self._blank(at + 1)
        return at + 1


def _number(text: str) -> float:
    return float("inf") if text.lstrip("-")[:1] in ("N", "I") else float(text)


class _Lines(Mapping[Place, int]):
    """Lines that are looked up only when there is a fault to tell."""

    def __init__(self, path: Path, which: str) -> None:
        self._path, self._which = path, which
        self._found: dict[Place, int] | None = None

    @property
    def _lines(self) -> dict[Place, int]:
        if self._found is None:
            walk = _Walk(self._path.read_bytes().decode("utf-8-sig"))
            walk.value((), walk._blank(0))
            self._found = walk.lines[self._which]
        return self._found

    def __getitem__(self, place: Place) -> int:
        return self._lines[place]

    def __iter__(self) -> Iterator[Place]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@attrs.frozen
class _Json(Document):
    """A document that may be one long line: its faults name the place, not the line alone.

    The place shows only the grammar's own words; any other key could be somebody's name.
    """

    words: frozenset[str] = frozenset()

    def fault(self, place: Place, message: str) -> Fault:
        fault = super().fault(place, message)
        return attrs.evolve(fault, message=f"{self._way(place)}{fault.message}")

    def _way(self, place: Place) -> str:
        way = ""
        for step in place:
            if isinstance(step, int):
                way += f"[{step}]"
            elif step in self.words:
                way += f".{step}" if way else step
            else:
                break
        return f"{way}: " if way else ""


def _words(schema: Any) -> frozenset[str]:
    """All the keys that a schema declares."""
    if isinstance(schema, list):
        return frozenset().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return frozenset()
    inner = frozenset().union(*map(_words, schema.values()))
    return inner | frozenset(schema.get("properties", {}))
