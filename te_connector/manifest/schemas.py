"""The object types' JSON Schemas: checks the files, and compares records with them.

An issue has the path and the rule that is broken, never the value, which the library's own messages
quote. A record that differs from its schema is returned whole all the same.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from te_connector.contract import SchemaIssue
from te_connector.errors import Fault, FileFaults
from te_connector.text.answers import NumberText
from te_connector.text.document import Document, Place, parse, read

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

# A pattern can take very long on a value that was chosen for it (catastrophic backtracking), and both the
# schema and the value come from outside. References must stay in the file.
_REFUSED = ("pattern", "patternProperties")
_REFERENCES = ("$ref", "$dynamicRef")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_NAMED = ("properties", "$defs", "dependentSchemas")
"""Keywords whose value maps names to schemas. A name can be the same as a keyword."""
_VALUES = ("enum", "const", "default", "examples")
MAX_ISSUES = 50
MAX_STEPS = 100_000
"""The most schema keywords that are checked for one record. Ordinary schemas need some hundred."""


def faults_of(file: Path) -> Iterator[Fault]:
    """Everything that is wrong with a schema file."""
    from jsonschema import Draft202012Validator

    try:
        document = read(file)
    except FileFaults as faults:
        yield from faults.faults
        return
    if not isinstance(document.data, dict):
        yield Fault(str(file), 1, "a schema must be a mapping")
        return
    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(document.data):
        yield document.fault(
            tuple(error.absolute_path), "this is not valid JSON Schema (draft 2020-12)"
        )
    yield from _refused(document)
    yield from _dangling(document)


def _keywords(value: Any, place: Place) -> Iterator[tuple[str, Any, Place]]:
    """Every keyword of a schema and its subschemas, with its value and its place, but no field's name."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keywords(item, (*place, index))
        return
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        yield key, item, (*place, key)
        if key in _NAMED and isinstance(item, dict):
            for name, inner in item.items():
                yield from _keywords(inner, (*place, key, name))
        elif key not in _VALUES:
            yield from _keywords(item, (*place, key))


def _refused(document: Document) -> Iterator[Fault]:
    for key, value, place in _keywords(document.data, ()):
        if key in _REFUSED:
            yield document.key_fault(place, f"{key!r} is not supported in schemas; use 'format'")
        if key in _REFERENCES and not str(value).startswith("#"):
            yield document.key_fault(place, "a reference must stay in the file (start with #)")
        if key in _REFERENCES and any(f"/{name}" in f"{value}/" for name in _VALUES):
            yield document.key_fault(place, "a reference must lead to a schema, not to a value")


def _dangling(document: Document) -> Iterator[Fault]:
    """References to a place that the file doesn't have."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    schema: Any = DRAFT202012.create_resource(document.data)
    resolver = Registry().with_resource("", schema).resolver()
    for key, value, place in _keywords(document.data, ()):
        if key in _REFERENCES and str(value).startswith("#"):
            try:
                resolver.lookup(value)
            except Unresolvable:
                yield document.key_fault(
                    place, f"the reference {value!r} leads nowhere in the file"
                )


def load(file: Path) -> dict[str, Any]:
    """The schema as plain data, as ``discover`` gives it."""
    schema: dict[str, Any] = parse(file.read_bytes(), str(file)).data
    return schema


@functools.lru_cache(maxsize=64)
def _validator(file: Path, _stamp: int) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend
    from referencing import Registry

    checker = FormatChecker(formats=())
    checker.checks("email")(_is_email)
    checker.checks("te-date")(_is_date)
    checker.checks("uri")(lambda value: not isinstance(value, str) or ":" in value)
    registry: Registry[Any] = Registry()  # finds nothing outside the file, and never the network
    counting: Any = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {name: _counted(name, check) for name, check in Draft202012Validator.VALIDATORS.items()},
    )
    made: Validator = counting(load(file), format_checker=checker, registry=registry)
    return made


class _TooCostly(Exception):
    """A schema whose references multiply its work, or that compares too many things with each other."""


_work = threading.local()


def _counted(name: str, check: Callable[..., Any]) -> Callable[..., Any]:
    """A keyword's check that counts against the limit for the record that this thread checks."""

    def step(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _work.left -= 1
        if name == "uniqueItems" and isinstance(instance, list):
            _work.left -= len(instance) ** 2 // 100  # each with each, in the worst case
        if _work.left < 0:
            raise _TooCostly
        return check(validator, value, instance, schema)

    return step


def issues(file: Path, data: Any) -> list[SchemaIssue]:
    """Where a record differs from its schema: the path and the rule, never the value."""
    validator = _validator(file, file.stat().st_mtime_ns)
    found: list[SchemaIssue] = []
    _work.left = MAX_STEPS
    try:
        for error in validator.iter_errors(data):
            as_text = error.validator == "type" and isinstance(error.instance, NumberText)
            if as_text:
                continue  # reported below by its own rule, whatever the schema says of the field
            issue: SchemaIssue = {"path": error.json_path, "rule": str(error.validator)}
            if issue not in found:
                found.append(issue)
            if len(found) == MAX_ISSUES:
                break
    except RecursionError:  # a schema that refers to itself without getting anywhere
        found.append({"path": "$", "rule": "$ref"})
    except _TooCostly:
        found.append({"path": "$", "rule": "too costly to check"})
    numbers: Iterator[SchemaIssue] = (
        {"path": path, "rule": "number_as_text"} for path in _numbers_as_text(data, "$")
    )
    return [*found, *itertools.islice(numbers, max(0, MAX_ISSUES - len(found)))]


def _numbers_as_text(data: Any, path: str) -> Iterator[str]:
    """The JSON paths of numbers that were handed over as text."""
    if isinstance(data, NumberText):
        yield path
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _numbers_as_text(value, f"{path}[{index}]")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _numbers_as_text(value, f"{path}.{key}")


def _is_email(value: object) -> bool:
    if not isinstance(value, str) or value == "":
        return True
    local, at, domain = value.strip().rpartition("@")
    return bool(at and local and domain) and not any(char.isspace() for char in value.strip())


def _is_date(value: object) -> bool:
    """Whether it's a date of the vendor's: a day, or a day and time. Zeros and empty text mean no date."""
    if not isinstance(value, str) or value == "" or value.startswith("0000-00-00"):
        return True
    if _DATE.fullmatch(value) is None:
        return False
    import datetime

    try:
        datetime.datetime.fromisoformat(value[:19])
    except ValueError:
        return False
    return True


def dumps(data: Any) -> str:
    """The canonical JSON text over which a record's digest is taken."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(data: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of a record's data, or of one field of it."""
    return hashlib.sha256(dumps(data).encode("utf-8", "surrogatepass")).hexdigest()
