"""Duplicates: requests that share an identifier, and how two become one."""

from __future__ import annotations

import attrs
import sqlalchemy as sa

from te_connector.portal.desk.requests import (
    Request,
    change_state,
    from_row,
    set_person,
)
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import identifiers as hashes
from te_connector.portal.store.tables import requests


def duplicates(database: Database, db: sa.Connection, request: Request) -> list[Request]:
    """Other requests of the same kind that share an identifier, newest first."""
    own = sa.select(hashes.c.hash).where(hashes.c.request_id == request.id)
    others = sa.select(hashes.c.request_id).where(
        hashes.c.hash.in_(own), hashes.c.request_id != request.id
    )
    query = (
        sa.select(requests)
        .where(
            requests.c.id.in_(others),
            requests.c.kind == request.kind,
            requests.c.merged_into.is_(None),
        )
        .order_by(requests.c.id.desc())
        .limit(10)
    )
    return [from_row(database, row) for row in db.execute(query).mappings()]


def merge(
    database: Database, db: sa.Connection, request: Request, into: Request, actor: Actor
) -> None:
    """Close a duplicate. The other request goes on, with the identifiers of both.

    :raises Refused: one of the two is closed, or they are one request or of two kinds.
    """
    if request.id == into.id or request.kind != into.kind or into.is_final:
        raise Refused("merge_impossible", "Merge with another open request of the same kind.")
    both: dict[str, list[str]] = {}
    for given in (into.person.identifiers, request.person.identifiers):
        for kind, values in given.items():
            both[kind] = list(dict.fromkeys([*both.get(kind, []), *values]))
    change_state(
        database,
        db,
        request,
        "stopped",
        actor,
        values={"merged_into": into.id},
        merged_into=into.id,
    )
    set_person(database, db, into, attrs.evolve(into.person, identifiers=both), actor)
