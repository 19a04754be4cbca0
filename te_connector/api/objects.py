"""Read one object by its id, and check that reading by id works at all.

The API document doesn't say how an object that doesn't exist is answered. A 404 is proof of absence
only if the same path gives other objects at the same time: a wrong base URL, or a gateway that lost its
server, answers 404 to everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

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


Path = Literal["works", "empty", "busy", "unknown"]
"""What shows that a 404 means absence: another object was read, or the type's list is empty.

``busy``: a deletion may be under way for all others that there are, so that none of them can show it.
"""
MOST_OTHERS = 3


def show_path(
    client: Client,
    object_type: ObjectType,
    object_id: str,
    *,
    may_go: Callable[[str], bool] = lambda _object_id: False,
) -> Path:
    """Whether reading by id gives objects at this moment. Never remembered; call it after each 404.

    Takes another object than ``object_id`` from the list and reads it by its id: two requests as a rule.
    ``may_go`` says of which objects a deletion may be under way, so that their absence proves nothing.
    """
    try:
        page, items = read_page(client, object_type, params_of(client, object_type, 1))
    except PastEnd:
        return "empty"
    except NotFound:
        return "unknown"
    others = [id_key(item.get(object_type.id_field)) for item in items]
    going: list[str] = []
    missing = 0
    for other in others:
        if other in (None, object_id) or not has_shape(other, object_type.id_shape):
            continue
        if not may_go(other) and _is_there(client, object_type, other):
            return "works"
        if may_go(other):
            going.append(other)  # perhaps only since it was read
            continue
        missing += 1
        if missing == MOST_OTHERS:
            break
    # That one is there shows it too, even if it is being deleted; that it is gone shows nothing.
    if any(_is_there(client, object_type, other) for other in going[:MOST_OTHERS]):
        return "works"
    if going and not missing:
        return "busy"
    return "unknown" if page.ids or page.goes_on or items else "empty"


def _is_there(client: Client, object_type: ObjectType, object_id: str) -> bool:
    try:
        read_object(client, object_type, object_id)
    except NotFound:
        return False
    return True
