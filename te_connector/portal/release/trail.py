"""The part of the audit trail that is about a request's deletions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from te_connector.errors import ConnectorError
from te_connector.operations.audit import Trail
from te_connector.portal import connections
from te_connector.portal.client import client_of, manifest_of
from te_connector.portal.running import deleting
from te_connector.portal.store.database import Database
from te_connector.storage.state import StateDir

Entries = list[Mapping[str, Any]]


def part(
    database: Database, db: sa.Connection, request_id: int
) -> tuple[dict[str, Entries], dict[str, str]]:
    """The entries by connection, and why a connection has none. The trail is checked before.

    The trail is on the machine of the connection's worker, and no entry holds an identifier.
    """
    ids: dict[str, set[str]] = {}
    for one in deleting.every(db, request_id):
        ids.setdefault(one.connection, set()).add(one.receipt_id)
    found: dict[str, Entries] = {}
    missing: dict[str, str] = {}
    for name, wanted in ids.items():
        config = connections.get(database, db, name).config
        try:
            found[name] = _entries(config, wanted)
        except ConnectorError as error:
            missing[name] = str(error)
            continue
        if not found[name]:
            missing[name] = (
                "This machine's audit trail has no entry of these receipts. The trail is on the "
                "machine of the connection's worker."
            )
    return found, missing


def _entries(config: Mapping[str, Any], wanted: Collection[str]) -> Entries:
    manifest = manifest_of(config)
    if manifest is None:
        return []  # another plugin: its trail is its own
    state = StateDir(Path(config["state_dir"]))
    account = client_of(config, manifest, state)
    if account is None:
        return []
    trail = Trail.existing(state, *account)
    return [one for one in trail.checked_entries() if one.get("receipt_id") in wanted]
