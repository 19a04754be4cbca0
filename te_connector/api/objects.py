"""One object, read by its id, and whether that way of reading is known to be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api.client import Client, object_path
from te_connector.api.pages import Item, params_of, read_page
from te_connector.errors import NotFound, OddAnswer, PastEnd
from te_connector.manifest.model import ObjectType
from te_connector.matching.identifiers import has_shape, id_key
from te_connector.text.answers import too_deep

_MOST_SHOWN = 1000
_shown: set[tuple[str, str, str]] = set()
"""By-id paths that gave an object, by base URL, client id and path: a fact about the path alone."""


def read_object(client: Client, object_type: ObjectType, name: str) -> dict[str, Any]:
    """The object with that id.

    :raises NotFound: 404 or 410.
    :raises OddAnswer: 200 with something else than this object.
    :raises AnswerError: any other answer.
    """
    template = f"{object_type.path}/{{id}}"
    body = client.get(object_path(object_type.path, name), template=template)
    items = (
        body
        if isinstance(body, Mapping) and object_type.id_field in body
        else _single(client, body)
    )
    if items is None or id_key(items.get(object_type.id_field)) != name:
        raise OddAnswer(
            f"GET {template} answered 200 with something else than that object.", status=200
        )
    if too_deep(items):
        raise OddAnswer(
            f"GET {template} answered 200 with an object nested too deeply.", status=200
        )
    _note_shown(client, object_type)
    return dict(items)


def _single(client: Client, body: Any) -> Item | None:
    """The one object of an envelope: documented for one endpoint, so accepted of all."""
    if not isinstance(body, Mapping):
        return None
    for key in client.settings.manifest.paging.items:
        items = body.get(key)
        if isinstance(items, list) and len(items) == 1:
            items = items[0]
        if isinstance(items, Mapping):
            return items
    return None


def _place(client: Client, object_type: ObjectType) -> tuple[str, str, str]:
    return client.settings.base_url, client.settings.client_id, object_type.path


def _note_shown(client: Client, object_type: ObjectType) -> None:
    if len(_shown) < _MOST_SHOWN:
        _shown.add(_place(client, object_type))


def path_is_shown(
    client: Client, object_type: ObjectType, name: str, *, anew: bool = False
) -> bool:
    """Whether reading by id is known to give objects, so that a 404 means what it says.

    Where it is not known yet (or is to be shown ``anew``), another object than ``name`` is taken
    from the list and read by its id: two requests.
    """
    if not anew and _place(client, object_type) in _shown:
        return True
    try:
        _, items = read_page(client, object_type, params_of(client, object_type, 1))
        for item in items:
            other = id_key(item.get(object_type.id_field))
            if other is not None and other != name and has_shape(other, object_type.id_shape):
                read_object(client, object_type, other)
                return True
    except PastEnd:
        return False
    except NotFound:
        return False
    return False


def is_listed_empty(client: Client, object_type: ObjectType) -> bool:
    """Whether the type's list holds nothing at all."""
    try:
        page, _ = read_page(client, object_type, params_of(client, object_type, 1))
    except PastEnd:
        return True
    return not page.ids and not page.goes_on
