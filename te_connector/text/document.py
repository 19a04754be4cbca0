"""Reads YAML and JSON files that people edit, and tells every fault in them at once, by line.

A file is data and nothing else: no tags, no anchors or aliases, no duplicate keys, no second
document, bounded size and depth. Plain words mean what YAML 1.2 says (``NO`` is text, ``010`` is
ten), so nobody is surprised by the older rules that the parser library would apply by itself.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector.errors import Fault, FileFaults

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40

Place = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top."""

_INT = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping (key: value)",
    "null": "empty",
}


@attrs.frozen
class Document:
    """A file's data, with the line of every value and of every key.

    ``faults`` are those of its text, kept for a reader that tells them together with its own.
    """

    file: str
    data: Any
    lines: Mapping[Place, int]
    key_lines: Mapping[Place, int]
    faults: tuple[Fault, ...] = ()

    def fault(self, place: Place, message: str) -> Fault:
        """A fault at the value (or the nearest thing above it that has a line)."""
        while place and place not in self.lines:
            place = place[:-1]
        return Fault(self.file, self.key_lines.get(place, self.lines.get(place, 1)), message)

    def key_fault(self, place: Place, message: str) -> Fault:
        """A fault at the key itself."""
        return Fault(self.file, self.key_lines.get(place, self.lines.get(place, 1)), message)


def fail(faults: list[Fault]) -> None:
    """Raise :class:`FileFaults` with all of them in the order of their lines, if there are any."""
    if faults:
        ordered = sorted(set(faults), key=lambda fault: (fault.path, fault.line, fault.message))
        raise FileFaults(ordered)


def read(path: Path, *, keep: bool = False) -> Document:
    """Read one YAML (or JSON) file. ``keep`` keeps the faults that leave its data readable.

    :raises FileFaults: it cannot be read, or its text is not the plain YAML that is accepted here.
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
    return parse(raw, name, keep=keep)


def parse(raw: bytes, name: str, *, keep: bool = False) -> Document:
    """Read the text of one YAML (or JSON) file that is called ``name`` in messages."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileFaults(
            [Fault(name, line, "the file is not UTF-8 text; save it as UTF-8")]
        ) from None
    reader = _Reader(name, text)
    data = reader.document()
    if not keep:
        fail(reader.faults)
    return Document(name, data, reader.lines, reader.key_lines, tuple(reader.faults))


class _Reader:
    """Builds plain data from the parser's events, noting lines and faults on the way."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.faults: list[Fault] = []
        self.lines: dict[Place, int] = {}
        self.key_lines: dict[Place, int] = {}

    def document(self) -> Any:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = iter(yaml.parse(self.text, Loader=loader))
            next(events)  # the stream's start
            first = next(events)
            if isinstance(first, yaml.StreamEndEvent):
                self._fault(1, "the file is empty")
                return None
            data = self._value(next(events), events, ())
            next(events)  # the document's end
            after: Any = next(events)
            if not isinstance(after, yaml.StreamEndEvent):
                self._fault(after.start_mark.line + 1, "only one document is allowed in the file")
            return data
        except yaml.MarkedYAMLError as error:
            marks: list[Any] = [error.problem_mark, error.context_mark]
            line = next((mark.line + 1 for mark in marks if mark is not None), 1)
            problem = re.sub(r"'[^']*'", "a character", error.problem or "it cannot be parsed")
            self._stop(line, f"this is not valid YAML: {problem}")
        except yaml.YAMLError:
            self._stop(1, "the file holds characters that YAML does not allow")

    def _fault(self, line: int, message: str) -> None:
        self.faults.append(Fault(self.name, line, message))

    def _stop(self, line: int, message: str) -> None:
        self._fault(line, message)
        fail(self.faults)

    def _value(self, event: Any, events: Iterator[Any], place: Place) -> Any:
        import yaml

        line = event.start_mark.line + 1
        self.lines[place] = line
        if isinstance(event, yaml.AliasEvent):
            self._fault(line, "aliases (*name) are not allowed; write the value out")
            return None
        if event.anchor:
            self._fault(line, "anchors (&name) are not allowed; write the value out")
        if event.tag:
            self._fault(line, "tags (!name) are not allowed; write the plain value")
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
        import yaml

        mapping: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(line, "a key must be a plain word")
            key, here = event.value, (*place, event.value)
            if event.anchor or event.tag:
                self._fault(line, "a key must be a plain word, without anchor or tag")
            if key in mapping:
                first = self.key_lines[here]
                self._fault(line, f"key {key!r} is given twice (first on line {first}); keep one")
            else:
                self.key_lines[here] = line
            mapping[key] = self._value(next(events), events, here)
        return mapping

    def _scalar(self, event: Any, line: int) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            return int(text, base)
        if _FLOAT.fullmatch(text):
            return float(text)
        if text.lower().lstrip("+-") in (".inf", ".nan"):
            self._fault(line, "infinite and undefined numbers are not allowed")
        return text


def read_json(path: Path) -> Any:
    """One of the package's own JSON files (trusted: it comes with the package)."""
    return json.loads(path.read_text(encoding="utf-8"))


def obeys(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value breaks no rule of the schema."""
    from jsonschema import Draft202012Validator

    return bool(Draft202012Validator(schema).is_valid(value))


def check(document: Document, schema: Mapping[str, Any], *, quote: bool = True) -> list[Fault]:
    """Every way in which the document breaks the schema, each as a sentence with its line.

    ``quote`` false keeps all values and unknown keys out of the sentences, for files with people's
    data in them. A subschema's ``x-says`` annotation is used as the sentence where it has one.
    """
    from jsonschema import Draft202012Validator

    faults: list[Fault] = []
    for error in Draft202012Validator(schema).iter_errors(document.data):
        faults.extend(_faults(document, error, quote))
    return faults


def _faults(document: Document, error: Any, quote: bool) -> Iterator[Fault]:
    place: Place = tuple(error.absolute_path)
    name = f"{place[-1]!r}" if place and isinstance(place[-1], str) and quote else "the value"
    if not place:
        name = "the file"
    rule, wanted = error.validator, error.validator_value
    if rule == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                yield document.key_fault((*place, key), _unknown_key(key, known, quote))
    elif "propertyNames" in error.absolute_schema_path:
        key = f"the name {error.instance!r}" if quote else "the name"
        yield document.key_fault((*place, error.instance), _sentence(error, key, quote))
    elif rule == "required":
        for key in wanted:
            if key not in error.instance:
                yield document.fault(place, f"{name} lacks the key {key!r}; add it")
    else:
        yield document.fault(place, _sentence(error, name, quote))


def _sentence(error: Any, name: str, quote: bool) -> str:
    rule, wanted = error.validator, error.validator_value
    if "x-says" in error.schema:
        return f"{name} {error.schema['x-says']}"
    if rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return f"{name} must be {' or '.join(_TYPE_NAMES[kind] for kind in kinds)}"
    if rule in ("enum", "const"):
        choices = [str(choice) for choice in (wanted if rule == "enum" else [wanted])]
        meant = _meant(str(error.instance), choices) if quote else ""
        return f"{name} must be {' or '.join(choices)}{meant}"
    if rule in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        bound = {
            "minimum": "at least",
            "exclusiveMinimum": "more than",
            "maximum": "at most",
            "exclusiveMaximum": "less than",
        }[rule]
        return f"{name} must be {bound} {wanted}"
    if rule in ("minLength", "minItems", "minProperties"):
        return f"{name} must not be empty"
    if rule in ("maxLength", "maxItems", "maxProperties"):
        return f"{name} must have at most {wanted} entries or characters"
    if rule == "uniqueItems":
        return f"{name} names the same thing twice; keep one"
    if rule == "dependentRequired":
        return f"{name} lacks a key that another key needs: {_needs(wanted)}"
    return f"{name} breaks the rule {rule!r} of the grammar"


def _needs(wanted: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{key!r} needs {', '.join(others)}" for key, others in wanted.items())


def _unknown_key(key: str, known: list[str], quote: bool) -> str:
    allowed = ", ".join(known)
    if not quote:
        return f"an unknown key stands here; known are {allowed}"
    return f"unknown key {key!r}{_meant(key, known) or f'; known are {allowed}'}"


def _meant(word: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
