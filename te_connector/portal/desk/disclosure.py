"""What goes out of the found objects, and what doesn't, by the officer's choices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from te_connector.portal.desk.findings import Found, Key

FOLLOWS = "It belongs to an object that is left out."
NOT_CONFIRMED = "A weak match that nobody confirmed."
_GONE: Any = object()


@attrs.frozen
class Released:
    """An object as it goes out, and what of it does not."""

    found: Found = attrs.field(repr=False)
    data: Mapping[str, Any] = attrs.field(repr=False)
    left_out: Mapping[str, str]


@attrs.frozen
class Withheld:
    """An object that does not go out."""

    found: Found = attrs.field(repr=False)
    why: str


def outcome(
    found: Sequence[Found], type_exclusions: Mapping[tuple[str, str], Mapping[str, str]]
) -> tuple[list[Released], list[Withheld]]:
    """What goes out and what does not. Pure. A child of a left-out object stays out with it."""
    chosen = {(one.connection, one.key): one.chosen for one in found}

    def is_out(one: Found) -> bool:
        parents: Iterable[tuple[str, Key]] = ((one.connection, parent) for parent in one.parents)
        return any(chosen.get(parent) is False for parent in parents)

    released: list[Released] = []
    withheld: list[Withheld] = []
    for one in found:
        if not one.chosen:
            withheld.append(Withheld(one, one.why or NOT_CONFIRMED))
        elif is_out(one):
            withheld.append(Withheld(one, FOLLOWS))
        else:
            fields = {**type_exclusions.get((one.connection, one.object_type), {}), **one.fields}
            data, gone = without_fields(one.data, fields)
            released.append(Released(one, data, gone))
    return released, withheld


def to_delete(found: Sequence[Found]) -> list[Found]:
    """What a deletion is about: what is chosen, without what follows a left-out object. Pure."""
    out = following(found)
    return [one for one in found if one.chosen and one.id not in out]


def following(found: Sequence[Found]) -> frozenset[int]:
    """The records that stay because what they belong to is left out, such as a contact's notes."""
    left_out = {(one.connection, one.key) for one in found if not one.chosen}
    return frozenset(
        one.id
        for one in found
        if one.chosen and any((one.connection, parent) in left_out for parent in one.parents)
    )


def without_fields(
    data: Mapping[str, Any], fields: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The data without some fields, and those that were there to leave out. Changes nothing."""
    kept: Any = dict(data)
    gone: dict[str, str] = {}
    for field, why in fields.items():
        left = _without(kept, field.split("."))
        if left != kept:
            gone[field] = why
        kept = left
    return kept, gone


def _without(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [left for item in value if (left := _without(item, path)) is not _GONE]
    if not isinstance(value, dict):
        # Text where an object was expected may be the very thing to leave out.
        return value if value is None or value == "" else _GONE
    if path[0] not in value:
        return value
    left = _without(value[path[0]], path[1:]) if len(path) > 1 else _GONE
    rest = {key: inner for key, inner in value.items() if key != path[0]}
    return rest if left is _GONE else {**value, path[0]: left}


def field_paths(data: Iterable[Mapping[str, Any]]) -> list[str]:
    """The fields that objects have: keys, and keys inside them, in order of appearance."""
    paths: dict[str, None] = {}
    for one in data:
        for key, value in one.items():
            paths[key] = None
            inner = value if isinstance(value, list) else [value]
            for item in inner:
                if isinstance(item, Mapping):
                    paths.update({f"{key}.{name}": None for name in item})
    return list(paths)
