"""Reads a program's JSON file strictly, as large as it may be, and quotes nothing of it in a fault.

A result can be hundreds of megabytes, so it is read at full speed. Only if something is wrong, and the
file isn't too large for it, the YAML reader goes through it again to find the line.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector.errors import Fault, FileFaults
from te_connector.text.answers import BadJson, exact_float, exact_int
from te_connector.text.document import MAX_BYTES as MAX_BYTES_WITH_LINES
from te_connector.text.document import Document, Place

MAX_BYTES = 1024 * 1024 * 1024


def read(path: Path, schema: Any) -> Document:
    """Read one JSON file. Its faults show the schema's words as JSON paths.

    :raises FileFaults: it can't be read, or isn't plain JSON (a key twice, NaN, absurd depth).
    """
    lines = _Lines(path)
    return _Json(str(path), _parse(path), lines, lines, words=_words(schema))


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's cycle collector: with millions of new values and no cycles it only costs time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _parse(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            line, fault = 1, "the file is larger than 1 GiB; fetch fewer subjects"
        else:
            text = path.read_bytes().decode("utf-8-sig")
            return _decode(text)
    except OSError as error:
        line, fault = 1, f"the file can't be read ({error.strerror or type(error).__name__})"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        fault = "the file isn't UTF-8 text; fetch again"
    except json.JSONDecodeError as error:
        line, fault = error.lineno, "this isn't valid JSON; fetch again"
    except BadJson as error:
        line, fault = _first_complaint(text), f"{error}; fetch again"
    except (RecursionError, ValueError):
        line, fault = 1, "a value is nested too deeply; fetch again"
    # Raised here, so that the decoder's error, which holds the text, isn't its context.
    raise FileFaults([Fault(str(path), line, fault)])


def _decode(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=functools.partial(_object, {}),
        parse_constant=_constant,
        parse_float=exact_float,
        parse_int=exact_int,
    )


def _object(known: dict[str, str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping whose short texts are kept once: records repeat the same words by the thousand."""
    made = {
        key: known.setdefault(value, value) if type(value) is str and len(value) < 64 else value
        for key, value in pairs
    }
    if len(made) != len(pairs):
        raise BadJson("an object names the same key twice")
    return made


def _constant(_name: str) -> Any:
    raise BadJson("NaN and Infinity are not JSON")


def _first_complaint(text: str) -> int:
    """The line of a key that is given twice, if the YAML reader finds it; else 1."""
    if len(text) > MAX_BYTES_WITH_LINES:
        return 1
    from te_connector.text.yaml_reader import read_yaml

    return min((line for line, _ in read_yaml(text).complaints), default=1)


class _Lines(Mapping[Place, int]):
    """The line of each value, found only if there is a fault to report. A huge file has none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @functools.cached_property
    def _lines(self) -> Mapping[Place, int]:
        if self._path.stat().st_size > MAX_BYTES_WITH_LINES:
            return {}
        from te_connector.text.yaml_reader import read_yaml

        return read_yaml(self._path.read_bytes().decode("utf-8-sig")).lines

    def __getitem__(self, place: Place) -> int:
        return self._lines[place]

    def __iter__(self) -> Iterator[Place]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@attrs.frozen
class _Json(Document):
    """A document that may be one long line: its faults name the JSON path, not only the line.

    The path shows only the grammar's own words; any other key could be a person's name.
    """

    words: frozenset[str] = frozenset()

    def fault(self, place: Place, message: str) -> Fault:
        fault = super().fault(place, message)
        return attrs.evolve(fault, message=f"{self._path(place)}{fault.message}")

    def _path(self, place: Place) -> str:
        path = ""
        for step in place:
            if isinstance(step, int):
                path += f"[{step}]"
            elif step in self.words:
                path += f".{step}" if path else step
            else:
                break
        return f"{path}: " if path else ""


def _words(schema: Any) -> frozenset[str]:
    """All the keys that a schema declares."""
    if isinstance(schema, list):
        return frozenset().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return frozenset()
    inner = frozenset().union(*map(_words, schema.values()))
    return inner | frozenset(schema.get("properties", {}))
