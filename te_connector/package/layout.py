"""An object type's schema as a page needs it: titles, order, and what is a date or a flag."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from te_connector.manifest import schemas

MAX_DEPTH = 8  # a schema may refer to itself
SENSITIVE = "sensitive-number"
"""Value of ``x-concerns`` for numbers that the law forbids to send, such as account numbers."""


@attrs.frozen
class Layout:
    """One field, or a whole object type: its ``fields`` in the schema's order.

    A list is looked through: the fields of its entries are its fields. ``anything`` says that the
    schema doesn't describe what is inside.
    """

    title: str
    description: str
    kind: Literal["date", "flag", "plain"]
    concerns: str
    fields: Mapping[str, Layout]
    anything: bool

    def marked(self, *concerns: str) -> Iterator[tuple[str, ...]]:
        """The paths of the fields whose ``x-concerns`` is one of these, outermost only."""
        for key, field in self.fields.items():
            if field.concerns in concerns:
                yield (key,)
            else:
                yield from ((key, *inner) for inner in field.marked(*concerns))


def layout_of(file: Path) -> Layout:
    """The layout of the object type whose schema is that file."""
    return _layout_of(file, file.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _layout_of(file: Path, _stamp: int) -> Layout:
    schema = schemas.load(file)
    return _layout("", schema, schema, 0)


def _layout(name: str, node: Any, root: Mapping[str, Any], depth: int) -> Layout:
    parts = list(_parts(node, root, 0))
    fields: dict[str, Layout] = {}
    if depth < MAX_DEPTH:
        for part in _with_items(parts, root):
            for key, inner in part.get("properties", {}).items():
                if key not in fields:
                    fields[key] = _layout(key, inner, root, depth + 1)
    return Layout(
        title=_first(parts, "title") or name,
        description=_first(parts, "description"),
        kind=_kind(parts),
        concerns=_first(parts, "x-concerns"),
        fields=fields,
        anything=not fields and not _is_scalar(parts),
    )


def _parts(node: Any, root: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """The node and all that it is composed of; what the node says itself comes first."""
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return
    yield node
    if isinstance(node.get("$ref"), str):
        yield from _parts(_target(node["$ref"], root), root, depth + 1)
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in node.get(key, []):
            yield from _parts(inner, root, depth + 1)


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    node: Any = root
    for step in reference.lstrip("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _with_items(
    parts: list[Mapping[str, Any]], root: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        yield part
        if "items" in part:
            yield from _with_items(list(_parts(part["items"], root, 0)), root)


def _first(parts: list[Mapping[str, Any]], key: str) -> str:
    return next((part[key] for part in parts if isinstance(part.get(key), str)), "")


def _kind(parts: list[Mapping[str, Any]]) -> Literal["date", "flag", "plain"]:
    if _first(parts, "format") in ("te-date", "date", "date-time"):
        return "date"
    for part in parts:
        values = part.get("enum", [])
        if part.get("type") == "boolean" or any(value is True for value in values):
            return "flag"
    return "plain"


def _is_scalar(parts: list[Mapping[str, Any]]) -> bool:
    kinds = {
        kind
        for part in parts
        for kind in ([part["type"]] if isinstance(part.get("type"), str) else part.get("type", []))
    }
    return bool(kinds) and not kinds & {"object", "array"}
