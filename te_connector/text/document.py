"""Reads the YAML and JSON files that people edit: plain data with the line of every value.

A file is data and nothing else: no tags, anchors or aliases, no key twice, no second document, bounded
size and depth. :mod:`te_connector.text.check` compares what was read with a schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from te_connector.errors import Fault, FileFaults

MAX_BYTES = 8 * 1024 * 1024

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""


@attrs.frozen
class Document:
    """A file's data, with the line of every value and of every key.

    ``faults`` are those of its text, kept for a reader that reports them together with its own.
    ``lost`` are the words of lines that could not be read, which may be what seems to be missing.
    """

    file: str
    data: Any
    lines: Mapping[Place, int]
    key_lines: Mapping[Place, int]
    faults: tuple[Fault, ...] = ()
    lost: frozenset[str] = frozenset()

    def fault(self, place: Place, message: str) -> Fault:
        """A fault at the value (or at the nearest thing above it that has a line)."""
        while place and place not in self.lines:
            place = place[:-1]
        return Fault(self.file, self.key_lines.get(place, self.lines.get(place, 1)), message)

    def key_fault(self, place: Place, message: str) -> Fault:
        """A fault at the key itself."""
        return Fault(self.file, self.key_lines.get(place, self.lines.get(place, 1)), message)


def fail(faults: Sequence[Fault]) -> None:
    """Raise :class:`FileFaults` with all of them, in the order of their lines, if there are any."""
    if faults:
        raise FileFaults(
            sorted(set(faults), key=lambda fault: (fault.path, fault.line, fault.message))
        )


def read(path: Path, *, keep: bool = False, as_written: bool = False) -> Document:
    """Read one YAML or JSON file. ``keep`` keeps the faults that leave its data readable.

    ``as_written`` takes every value as its characters: ``0012345``, ``1e3`` and ``NO`` are text, also
    without quotes.

    :raises FileFaults: it can't be read, or its text isn't the plain YAML that is accepted here.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # a device has no size and no end
        if len(raw) > MAX_BYTES:
            raise FileFaults(
                [Fault(name, 1, f"the file is larger than {MAX_BYTES // 1048576} MiB")]
            )
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise FileFaults([Fault(name, 1, f"the file cannot be read ({why})")]) from None
    return parse(raw, name, keep=keep, as_written=as_written)


def parse(raw: bytes, name: str, *, keep: bool = False, as_written: bool = False) -> Document:
    """Read the text of one YAML or JSON file that is called ``name`` in messages."""
    from te_connector.text.yaml_reader import read_yaml

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileFaults(
            [Fault(name, line, "the file is not UTF-8 text; save it as UTF-8")]
        ) from None
    if name.endswith(".json"):
        fail(list(_json_faults(text, name)))
    parsed = read_yaml(text, as_written=as_written)
    faults = tuple(Fault(name, line, message) for line, message in parsed.complaints)
    if not keep or parsed.data is None:
        fail(faults)
    return Document(name, parsed.data, parsed.lines, parsed.key_lines, faults, parsed.lost)


def _json_faults(text: str, name: str) -> list[Fault]:
    """Where a JSON file isn't JSON; the YAML reader, which knows all lines, permits more."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return [json_fault(text, name, error)]
    except (RecursionError, ValueError):
        pass  # the YAML reader says where
    return []


def json_fault(text: str, name: str, error: json.JSONDecodeError) -> Fault:
    """What a JSON decoder's error means, at the line that has to be changed."""
    before = text[: error.pos].rstrip()
    at = len(before) - 1
    if text[error.pos : error.pos + 1] == ",":  # newer Pythons name the comma itself
        before, at = text[: error.pos + 1], error.pos
    rest = text[at + 1 :].lstrip()[:1]
    if before.endswith(",") and rest in ("}", "]"):
        line = text.count("\n", 0, at) + 1
        return Fault(name, line, "the comma before the closing bracket is one too many; remove it")
    if not text.strip():
        return Fault(name, 1, "the file is empty")
    return Fault(name, error.lineno, f"this is not valid JSON ({error.msg})")


def read_json(path: Path) -> Any:
    """One of the package's own JSON files (trusted: it comes with the package)."""
    return json.loads(path.read_text(encoding="utf-8"))
