"""``discover``: what the manifest amounts to, as plain data; no network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api.connection import manifest_of
from te_connector.contract import CONTRACT, Discovery, NotSearched
from te_connector.contract import ObjectType as ObjectTypeAnswer
from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest, ObjectType


def discover(connection: Mapping[str, Any]) -> Discovery:
    """The hook ``discover``; see :mod:`te_connector.hookspecs`."""
    manifest = manifest_of(connection)
    return {
        "contract": CONTRACT,
        "connector": manifest.connector,
        "api_version": manifest.api_version,
        "object_types": [_object_type(manifest, item) for item in manifest.objects.values()],
        "not_searched": [
            *(_turned_off(item) for item in manifest.objects.values() if not item.access),
            *(NotSearched(what=item.what, why=item.why) for item in manifest.not_searched),
        ],
    }


def _turned_off(item: ObjectType) -> NotSearched:
    why = item.why or "The manifest turns it off."
    return {"what": f"{item.title} ({item.name}, {item.path})", "why": why}


def _object_type(manifest: Manifest, item: ObjectType) -> ObjectTypeAnswer:
    return {
        "name": item.name,
        "title": item.title,
        "path": item.path,
        "schema": schemas.load(manifest.schemas_folder / item.schema),
        "identifiers": item.fields(),
        "parent": item.parent.object if item.parent is not None else None,
        "scopes": [item.scope] if item.scope is not None else [],
        "access": item.access,
        "deletable": item.deletable,
    }
