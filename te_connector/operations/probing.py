"""Asks for one page of each object type that is turned off: what could be turned on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.pages import params_of, read_page
from te_connector.errors import AnswerError, PastEnd
from te_connector.manifest.model import ObjectType


class Probed(TypedDict):
    """Whether an object type that is turned off can be read."""

    object_type: str
    readable: bool
    code: str | None
    """The code of the error, or None."""
    objects: int | None
    """About how many objects the list has; None if it can't be known."""
    scope: str | None
    """The scope that reading needs; None if it isn't documented."""
    detail: str
    """For people: what was seen."""


def probe(connection: Mapping[str, Any]) -> list[Probed]:
    """Read one page of each object type that the manifest turns off.

    :raises SignInError: no token could be had.
    :raises Unreachable: the host can't be reached.
    """
    manifest = connections.manifest_of(connection)
    client = Client(connections.resolve(connection, manifest))
    with client.open():
        client.sign_in()
        return [_probe(client, item) for item in manifest.objects.values() if not item.access]


def _probe(client: Client, item: ObjectType) -> Probed:
    code, objects = None, None
    try:
        page, items = read_page(client, item, params_of(client, item, 1))
    except PastEnd:
        objects, detail = 0, f"GET {item.path} answered: the list is empty"
    except AnswerError as error:
        code, detail = error.code, str(error)
    else:
        if page.goes_on:
            objects = page.onward * len(items)
            detail = f"GET {item.path} answered: about {objects:,} objects"
        else:
            objects = len(items)
            noun = "object" if objects == 1 else "objects"
            detail = f"GET {item.path} answered: {objects} {noun} in all"
    return {
        "object_type": item.name,
        "readable": code is None,
        "code": code,
        "objects": objects,
        "scope": item.scope,
        "detail": detail,
    }
