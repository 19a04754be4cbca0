"""Follows field paths through a JSON Schema: which fields it describes, and how.

References are resolved with the library ``referencing``. A schema can refer to itself, so every walk
is bounded in depth.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

MAX_DEPTH = 20
MAX_PARTS = 200
_COMPOSED = ("allOf", "anyOf", "oneOf")


@attrs.frozen
class SchemaNode:
    """The description of one value: the schemas that apply to it, its own words first."""

    parts: tuple[Mapping[str, Any], ...]
    _resolver: Any = attrs.field(repr=False, eq=False)

    def word(self, keyword: str) -> Any:
        """The value of a keyword, from the first part that has it; None if none has."""
        return next((part[keyword] for part in self.parts if keyword in part), None)

    def types(self) -> frozenset[str]:
        """The JSON types that the value may have; empty if the schema doesn't say."""
        found: set[str] = set()
        for part in self.parts:
            given = part.get("type", ())
            found.update([given] if isinstance(given, str) else given)
        return frozenset(found)

    def fields(self) -> dict[str, SchemaNode]:
        """The described fields of a mapping."""
        described: dict[str, list[Any]] = {}
        for part in self.parts:
            named = part.get("properties")
            for key, below in named.items() if isinstance(named, Mapping) else ():
                described.setdefault(key, []).append(below)
        return {key: self._node(below) for key, below in described.items()}

    def items(self) -> SchemaNode | None:
        """The description of a list's items; None if the schema has none."""
        found = [part["items"] for part in self.parts if isinstance(part.get("items"), Mapping)]
        return self._node(found) if found else None

    def is_open(self) -> bool:
        """Whether any key may be in the mapping, each described in the same way."""
        return any(isinstance(part.get("additionalProperties"), Mapping) for part in self.parts)

    def says_nothing(self) -> bool:
        """Whether it's a mapping, as far as known, of which no field is described at all."""
        return not self.fields() and (not self.types() or "object" in self.types())

    def at(self, steps: Sequence[str]) -> SchemaNode | None:
        """The description at the end of a field path, through lists; None if there is none."""
        node: SchemaNode | None = self.through_lists()
        for step in steps:
            node = node.fields().get(step) if node is not None else None
            node = node.through_lists() if node is not None else None
        return node

    def through_lists(self) -> SchemaNode:
        """This description, with those of the items where the value may be a list."""
        parts, node = list(self.parts), self.items()
        for _ in range(MAX_DEPTH):
            if node is None:
                break
            parts.extend(node.parts)
            node = node.items()
        return SchemaNode(tuple(parts), self._resolver)

    def _node(self, schemas: Sequence[Any]) -> SchemaNode:
        return _node_of(schemas, self._resolver)


def node_of(schema: Mapping[str, Any]) -> SchemaNode:
    """The description of a whole record."""
    resource: Any = DRAFT202012.create_resource(schema)
    registry: Any = Registry()
    return _node_of([schema], registry.with_resource("", resource).resolver())


def _node_of(schemas: Sequence[Any], resolver: Any) -> SchemaNode:
    parts: dict[int, Mapping[str, Any]] = {}
    for schema in schemas:
        _add_parts(schema, resolver, parts)
    return SchemaNode(tuple(parts.values()), resolver)


def _add_parts(schema: Any, resolver: Any, parts: dict[int, Mapping[str, Any]]) -> None:
    """Add the schema, and those that it refers to or is composed of, each once."""
    if not isinstance(schema, Mapping) or id(schema) in parts or len(parts) >= MAX_PARTS:
        return
    parts[id(schema)] = schema
    if isinstance(schema.get("$ref"), str):
        with contextlib.suppress(
            Unresolvable
        ):  # a fault of the schema, reported where it's checked
            _add_parts(resolver.lookup(schema["$ref"]).contents, resolver, parts)
    for word in _COMPOSED:
        listed = schema.get(word)
        for below in listed if isinstance(listed, Sequence) else ():
            _add_parts(below, resolver, parts)
