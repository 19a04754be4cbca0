"""Compares a few real pages with the schemas, to find out what the vendor changed.

The result has the names of fields and the kinds of JSON values, never a value. A name that doesn't look
like a field's could be data, so it isn't shown either.
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
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.manifest.schema_walk import MAX_DEPTH, SchemaNode, node_of

_A_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")
_INDEX = re.compile(r"\[[0-9]+\]")
UNKNOWN = "the schema doesn't describe this field"


class Difference(TypedDict):
    """Where records differ from their schema, how, and in how many of them."""

    path: str
    what: str
    records: int


class Seen(TypedDict):
    """How the objects of one type compare; ``error`` says why nothing could be read."""

    object_type: str
    records: int
    differences: list[Difference]
    error: str


def look(connection: Mapping[str, Any]) -> list[Seen]:
    """Read the first, the middle and the last page of every object type and compare them.

    :raises SignInError: no token could be had.
    :raises Unreachable: the host cannot be reached.
    """
    manifest = connections.manifest_of(connection)
    client = Client(connections.resolve(connection, manifest))
    with client.open():
        client.sign_in()
        return [_look(client, manifest, item) for item in manifest.objects.values() if item.access]


def _look(client: Client, manifest: Manifest, object_type: ObjectType) -> Seen:
    seen: Seen = {"object_type": object_type.name, "records": 0, "differences": [], "error": ""}
    try:
        items = list(_sample(client, object_type))
    except AnswerError as error:
        seen["error"] = str(error)
        return seen
    file = manifest.schema_file(object_type)
    schema = schemas.load(file)
    counts: Counter[tuple[str, str]] = Counter()
    for item in items:
        found = {(path, UNKNOWN) for path in unknown_fields(schema, item)}
        for issue in schemas.issues(file, dict(item)):
            path = _INDEX.sub("[]", issue["path"])
            found.add((_shown(path), _difference(issue["rule"])))
        counts.update(found)
    seen["records"] = len(items)
    seen["differences"] = [
        {"path": path, "what": what, "records": count}
        for (path, what), count in sorted(counts.items())
    ]
    return seen


def _sample(client: Client, object_type: ObjectType) -> Iterator[Item]:
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


def _difference(rule: str) -> str:
    if rule == "type":
        return "isn't of the type that the schema says"
    return f"breaks the schema's rule {rule!r}"


def _shown(path: str) -> str:
    """A JSON path without names that could be data, which the library writes in brackets and quotes."""
    return re.sub(r"\[['\"].*\]", ".(an odd name)", path)


def unknown_fields(schema: Mapping[str, Any], data: Any) -> set[str]:
    """The paths of fields that the schema doesn't describe; positions in lists are left out."""
    return set(_unknown(node_of(schema), data, "$", 0))


def _unknown(node: SchemaNode, data: Any, path: str, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    if isinstance(data, list):
        items = node.items()
        if items is not None:
            for entry in data:
                yield from _unknown(items, entry, f"{path}[]", depth + 1)
    elif isinstance(data, Mapping) and not node.is_open():  # the keys of an open one are free
        described = node.fields()
        for key, value in data.items() if described else ():
            name = key if _A_NAME.fullmatch(key) else "(an odd name)"
            if key in described:
                yield from _unknown(described[key], value, f"{path}.{name}", depth + 1)
            else:
                yield f"{path}.{name}"
