"""Which of the found objects a hold keeps from being deleted. The deletion itself decides it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from te_connector.errors import ConnectorError
from te_connector.manifest.model import Manifest
from te_connector.operations.holds import active
from te_connector.operations.ownership import Lineage, Relative
from te_connector.portal import connections
from te_connector.portal.client import manifest_of
from te_connector.portal.desk.findings import Found
from te_connector.portal.store.database import Database
from te_connector.result import account_of
from te_connector.storage.state import StateDir


def held(database: Database, db: sa.Connection, found: Sequence[Found]) -> dict[int, str]:
    """The reasons by record id. A state directory that can't be read holds everything of it."""
    reasons: dict[int, str] = {}
    for name in {one.connection for one in found}:
        own = [one for one in found if one.connection == name]
        config = connections.get(database, db, name).config
        try:
            reasons |= _of_connection(config, own)
        except ConnectorError as error:
            reasons |= {one.id: f"The holds can't be read. {error}" for one in own}
    return reasons


def _of_connection(config: Mapping[str, Any], found: Sequence[Found]) -> dict[int, str]:
    manifest = manifest_of(config)
    if manifest is None:
        return {}  # another plugin: its holds are its own
    holds = active(StateDir(Path(config["state_dir"])), manifest, account_of(config))
    by_key = {one.key: one for one in found}
    lineages = {one.id: _lineage(one, by_key, manifest) for one in found}
    covers = {number: holds.on_chosen(own, lineages.values()) for number, own in lineages.items()}
    return {number: cover.sentence for number, cover in covers.items() if cover is not None}


def _lineage(one: Found, by_key: Mapping[tuple[str, str], Found], manifest: Manifest) -> Lineage:
    """The object, and what it belongs to among the found ones."""
    keys = [one.key, *one.parents]
    return tuple(
        Relative(manifest.objects[name], object_id, by_key[name, object_id].data)
        if (name, object_id) in by_key
        else Relative(manifest.objects[name], object_id)
        for name, object_id in keys
        if name in manifest.objects
    )
