"""Compares a few real pages with the schemas, so that a manifest's owner learns of vendor changes.

It tells the names of fields and the kinds of JSON values, never a value. A field's name that does
not look like one could be data, and is not shown either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.pages import Item, params_of, read_page
from te_connector.errors import AnswerError, PastEnd
from te_connector.manifest import schemas
from te_connector.manifest.model import ObjectType

_A_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_INDEX = re.compile(r"\[[0-9]+\]")
_DEEPEST = 20
UNKNOWN = "no schema knows this field"


class Difference(TypedDict):
    """Where records differ from their schema, how, and in how many of them."""

    path: str
    what: str
    records: int


class Seen(TypedDict):
    """What the pages of one object type showed; ``error`` says why nothing could be read."""

    object_type: str
    records: int
    differences: list[Difference]
    error: str


def look(connection: Mapping[str, Any]) -> list[Seen]:
    """Read the first, the middle and the last page of every object type and compare them.

    :raises SignInError: no token could be had.
    :raises Unreachable: the host cannot be reached.
    """
    client = Client(connections.resolve(connection))
    with client.open():
        client.sign_in()
        types = client.settings.manifest.objects.values()
        return [_look(client, item) for item in types if item.access]


def _look(client: Client, object_type: ObjectType) -> Seen:
    seen: Seen = {"object_type": object_type.name, "records": 0, "differences": [], "error": ""}
    try:
        items = list(_some(client, object_type))
    except AnswerError as error:
        seen["error"] = str(error)
        return seen
    file = client.settings.manifest.schemas_folder / object_type.schema
    schema = schemas.load(file)
    counts: Counter[tuple[str, str]] = Counter()
    for item in items:
        found = {(path, UNKNOWN) for path in unknown_fields(schema, item)}
        for issue in schemas.issues(file, dict(item)):
            path = _INDEX.sub("[]", issue["path"])
            found.add((_shown(path), _told(issue["rule"])))
        counts.update(found)
    seen["records"] = len(items)
    seen["differences"] = [
        {"path": path, "what": what, "records": count}
        for (path, what), count in sorted(counts.items())
    ]
    return seen


def _some(client: Client, object_type: ObjectType) -> Iterator[Item]:
    """The objects of the first, the middle and the last page."""
    try:
        first, items = read_page(client, object_type, params_of(client, object_type, 1))
    except PastEnd:
        return
    yield from items
    last = max(first.last or 1, first.next or 1)
    for number in sorted({(last + 1) // 2, last} - {1}):
        try:
            yield from read_page(client, object_type, params_of(client, object_type, number))[1]
        except PastEnd:
            continue


def _told(rule: str) -> str:
    if rule == "type":
        return "another type than the schema says"
    return f"the schema's rule {rule!r} is broken"


def _shown(path: str) -> str:
    """A JSON path without odd names, which the library writes in brackets and quotes."""
    return re.sub(r"\[['\"].*\]", ".(an odd name)", path)


def unknown_fields(schema: Mapping[str, Any], data: Any) -> set[str]:
    """The ways to fields that the schema does not describe; list positions do not count."""
    return set(_unknown(schema, schema, data, "$", 0))


def _unknown(root: Mapping[str, Any], node: Any, data: Any, path: str, depth: int) -> Iterator[str]:
    parts = list(_parts(root, node))
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        items = [part["items"] for part in parts if "items" in part]
        for entry in data if items else ():
            yield from _unknown(root, {"allOf": items}, entry, f"{path}[]", depth + 1)
    elif isinstance(data, Mapping):
        if any(isinstance(part.get("additionalProperties"), Mapping) for part in parts):
            return  # its keys are described as free
        described: dict[str, list[Any]] = {}
        for part in parts:
            for key, below in part.get("properties", {}).items():
                described.setdefault(key, []).append(below)
        for key, value in data.items() if described else ():
            name = key if _A_NAME.fullmatch(key) else "(an odd name)"
            if key in described:
                here = f"{path}.{name}"
                yield from _unknown(root, {"allOf": described[key]}, value, here, depth + 1)
            else:
                yield f"{path}.{name}"


def _parts(root: Mapping[str, Any], node: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The schema itself and those that it refers to or is put together from."""
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return
    yield node
    if isinstance(node.get("$ref"), str):
        yield from _parts(root, _target(root, node["$ref"]), depth + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for below in node.get(word, ()):
            yield from _parts(root, below, depth + 1)


def _target(root: Mapping[str, Any], reference: str) -> Any:
    node: Any = root
    for step in reference.lstrip("#").strip("/").split("/"):
        if step and isinstance(node, Mapping):
            node = node.get(step.replace("~1", "/").replace("~0", "~"))
    return node
