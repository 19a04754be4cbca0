"""The queue: requests by due date, found by number, reference, or exact identifier."""

from __future__ import annotations

import attrs
import sqlalchemy as sa

from te_connector.portal.desk.requests import (
    Request,
    from_row,
    identifier_hash,
)
from te_connector.portal.store import states
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import identifiers as hashes
from te_connector.portal.store.tables import requests


@attrs.frozen
class Page:
    """A page of the queue; ``more`` says whether there is a next one."""

    requests: tuple[Request, ...]
    more: bool


def listed(
    database: Database,
    db: sa.Connection,
    *,
    state: str = "open",
    kind: str = "",
    find: str = "",
    after: int = 0,
    count: int = 50,
) -> Page:
    """Requests by due date. ``find`` is a number, a reference, or an exact identifier."""
    query = sa.select(requests).order_by(requests.c.due, requests.c.id).offset(after)
    if state == "open":
        query = query.where(requests.c.state.in_(states.OPEN))
    elif state and state != "all":
        query = query.where(requests.c.state == state)
    if kind:
        query = query.where(requests.c.kind == kind)
    if find.strip():
        query = query.where(_found(database, find.strip()))
    rows = db.execute(query.limit(count + 1)).mappings().all()
    return Page(tuple(from_row(database, row) for row in rows[:count]), len(rows) > count)


def _found(database: Database, text: str) -> sa.ColumnElement[bool]:
    number = text.lstrip("#")
    options = [
        requests.c.reference_hash == database.keys.fingerprint("reference", text),
        requests.c.id.in_(
            sa.select(hashes.c.request_id).where(hashes.c.hash == identifier_hash(database, text))
        ),
    ]
    if number.isascii() and number.isdigit() and len(number) < 16:
        options.append(requests.c.id == int(number))
    return sa.or_(*options)


def counts(db: sa.Connection) -> dict[str, int]:
    """How many requests are in each state."""
    query = sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
    found = {row[0]: row[1] for row in db.execute(query)}
    return {state: found.get(state, 0) for state in states.STATES}
