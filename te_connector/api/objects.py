"""Read one object by its id, and check that reading by id works at all.

The API document doesn't say how an object that doesn't exist is answered. A 404 is proof of absence
only if the same path gives other objects: a wrong base URL answers 404 to everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api.client import Client, object_path
from te_connector.api.pages import Item, params_of, read_page
from te_connector.errors import NotFound, OddAnswer, PastEnd
from te_connector.manifest.model import ObjectType
from te_connector.matching.ids import has_shape, id_key
from te_connector.text.answers import too_deep


def read_object(client: Client, object_type: ObjectType, object_id: str) -> dict[str, Any]:
    """Read the object with this id.

    :raises NotFound: 404 or 410.
    :raises OddAnswer: 200 with anything but this object.
    :raises AnswerError: any other answer.
    """
    template = f"{object_type.path}/{{id}}"
    body = client.get(object_path(object_type.path, object_id), template=template)
    item = (
        body
        if isinstance(body, Mapping) and object_type.id_field in body
        else _item_in_envelope(client, body)
    )
    if item is None or id_key(item.get(object_type.id_field)) != object_id:
        raise OddAnswer(
            f"GET {template} answered 200 with something other than that object.", status=200
        )
    if too_deep(item):
        raise OddAnswer(
            f"GET {template} answered 200 with an object nested too deeply.", status=200
        )
    client.paths_that_work.add(object_type.path)
    return dict(item)


def _item_in_envelope(client: Client, body: Any) -> Item | None:
    """The only object of a list envelope. One endpoint is documented that way; accept it from all."""
    if not isinstance(body, Mapping):
        return None
    for key in client.settings.manifest.paging.items:
        items = body.get(key)
        if isinstance(items, list) and len(items) == 1:
            items = items[0]
        if isinstance(items, Mapping):
            return items
    return None


def reading_by_id_works(
    client: Client, object_type: ObjectType, other_than: str, *, recheck: bool = False
) -> bool:
    """Whether reading by id gives objects, so that a 404 means that the object doesn't exist.

    Costs nothing if this client already read an object of the type by id. Otherwise, or with
    ``recheck``, it takes an object other than ``other_than`` from the list and reads it: two requests.
    """
    if not recheck and object_type.path in client.paths_that_work:
        return True
    try:
        _, items = read_page(client, object_type, params_of(client, object_type, 1))
        for item in items:
            listed = id_key(item.get(object_type.id_field))
            if listed not in (None, other_than) and has_shape(listed, object_type.id_shape):
                read_object(client, object_type, listed)
                return True
    except (PastEnd, NotFound):
        return False
    return False


def is_listed_empty(client: Client, object_type: ObjectType) -> bool:
    """Whether the type's list has no objects."""
    try:
        page, _ = read_page(client, object_type, params_of(client, object_type, 1))
    except PastEnd:
        return True
    return not page.ids and not page.goes_on
