"""The letter to a vendor's support about chosen objects that its API can't delete."""

from __future__ import annotations

import sqlalchemy as sa

from te_connector.deletion.letter import letter_about
from te_connector.portal import connections
from te_connector.portal.client import manifest_of
from te_connector.portal.desk import disclosure, findings, requests
from te_connector.portal.running import deleting
from te_connector.portal.store.database import Database


def make(database: Database, db: sa.Connection, request: requests.Request) -> str:
    """The letters of all connections, as plain text; empty if nothing is left to ask for."""
    gone = {one.record_id for one in deleting.final(db, request.id) if one.status in deleting.GONE}
    stuck = [
        one
        for one in disclosure.to_delete(findings.every(database, db, request.id))
        if request.kind == "erasure" and not one.deletable and one.id not in gone
    ]
    found_at = {
        one.connection: one.finished_at for one in findings.of_request(database, db, request.id)
    }
    letters = []
    for name in dict.fromkeys(one.connection for one in stuck):
        config = connections.get(database, db, name).config
        manifest = manifest_of(config)
        types = manifest.objects if manifest is not None else {}
        base_url = config.get("base_url") or (manifest.base_url if manifest is not None else "")
        letters.append(
            letter_about(
                [one.key for one in stuck if one.connection == name],
                {key: f"{one.title} ({one.path})" for key, one in types.items()},
                str(base_url or ""),
                found_at.get(name),
            )
        )
    return "\n\n".join(letters)
