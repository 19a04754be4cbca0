"""Compares a document with a JSON Schema and reports every difference in a sentence, by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from te_connector.errors import Fault
from te_connector.text.document import Document, Place

_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping (key: value)",
    "null": "empty",
}


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

    if document.data is None and document.faults:
        return []  # nothing of it could be read
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
            if key not in error.instance and key not in document.lost:
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
        likely = meant(str(error.instance), choices) if quote else ""
        return f"{name} must be {' or '.join(choices)}{likely}"
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
        return f"there is an unknown key here; known are {allowed}"
    return f"unknown key {key!r}{meant(key, known) or f'; known are {allowed}'}"


def meant(word: str, choices: list[str]) -> str:
    """The choice that was likely meant, as the end of a sentence; empty if none is close."""
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def without_followers(document: Document, found: Sequence[Fault]) -> list[Fault]:
    """The faults that aren't on a line whose text is already at fault."""
    unreadable = {fault.line for fault in document.faults}
    return [fault for fault in found if fault.path != document.file or fault.line not in unreadable]
