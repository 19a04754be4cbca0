"""Finds the fields that a manifest names and that the object type's schema doesn't describe."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from te_connector.errors import Fault
from te_connector.manifest.schema_walk import SchemaNode, node_of
from te_connector.text.document import Document, Place
from te_connector.text.field_paths import steps_of

_SCALARS = frozenset(("string", "integer", "number"))
"""The JSON types of a value that can be compared with an identifier."""

FieldUse = tuple[Place, str, bool]
"""Where a field is named, its path, and whether its value is compared."""


def field_uses(item: Mapping[str, Any], place: Place) -> Iterator[FieldUse]:
    """Every field that an object type names."""
    for kind, fields in item.get("identifiers", {}).items():
        for index, mapping in enumerate(fields):
            here = (*place, "identifiers", kind, index)
            yield (*here, "field"), mapping["field"], True
            if "source" in mapping:
                beside = mapping["field"].rpartition(".")[0]
                path = f"{beside}.{mapping['source']}" if beside else mapping["source"]
                yield (*here, "source"), path, False
    if "field" in item.get("id", {}):
        yield (*place, "id", "field"), item["id"]["field"], True
    if "order" in item:
        yield (*place, "order", "key"), item["order"]["key"], False
    parent = item.get("parent", {})
    if "field" in parent:
        yield (*place, "parent", "field"), parent["field"], True
    for index, field in enumerate(parent.get("fields", [])):
        yield (*place, "parent", "fields", index), field, True


def undescribed(
    document: Document, schema: Mapping[str, Any], uses: Iterator[FieldUse], file: str
) -> Iterator[Fault]:
    """A fault for each used field that the schema doesn't describe, or that can't be compared."""
    root = node_of(schema)
    for place, path, compared in uses:
        steps = steps_of(path)
        node = root.at(steps)
        if node is None:
            if not _leads_into_open(root, steps):
                likely = _likely(root, steps)
                yield document.fault(
                    place, f"{file} doesn't describe the field {path!r}{likely or '; add it there'}"
                )
        elif compared and node.types() and not node.types() & _SCALARS:
            kinds = " or ".join(sorted(node.types() - {"null"})) or "null"
            yield document.fault(
                place, f"{file} says that {path!r} is {kinds}, which can't be compared"
            )


def _leads_into_open(root: SchemaNode, steps: tuple[str, ...]) -> bool:
    """Whether the path leads through a mapping that may have any key."""
    for length in range(len(steps)):
        node = root.at(steps[:length])
        if node is None or steps[length] in node.fields():
            continue
        if node.is_open() or node.says_nothing():
            return True
    return False


def _likely(root: SchemaNode, steps: tuple[str, ...]) -> str:
    """The field that was likely meant: one of a similar name on the same level."""
    for length in range(len(steps) - 1, -1, -1):
        node = root.at(steps[:length])
        if node is not None:
            close = difflib.get_close_matches(steps[length], list(node.fields()), n=1, cutoff=0.6)
            if not close:
                return ""
            path = ".".join((*steps[:length], close[0], *steps[length + 1 :]))
            return f"; did you mean {path!r}?"
    return ""
