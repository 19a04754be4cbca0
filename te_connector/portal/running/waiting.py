"""Requests that wait for a processor go on when every answer is there, or an officer ended the wait."""

from __future__ import annotations

import sqlalchemy as sa

from te_connector.portal.desk import requests
from te_connector.portal.direct import tasks
from te_connector.portal.refusal import SYSTEM, Refused
from te_connector.portal.running import deleting
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import requests as table


def resume(database: Database) -> int:
    """Take on each request whose tasks are settled. Returns how many went on."""
    with database.begin() as db:
        query = sa.select(table.c.id).where(
            table.c.state == "waiting", table.c.waits_for.in_(tasks.WAITS)
        )
        numbers = list(db.scalars(query))
    gone_on = 0
    for number in numbers:
        try:
            gone_on += _resume(database, number)
        except Refused:
            continue  # someone changed it just now; the next tick looks again
    return gone_on


def _resume(database: Database, number: int) -> bool:
    with database.begin() as db:
        request = requests.get(database, db, number)
        if request.state != "waiting" or request.waits_for not in tasks.WAITS:
            return False
        asked = tasks.of_request(database, db, number)
        values = {"waits_for": tasks.waits_for(asked), "waits_until": tasks.waits_until(asked)}
        if values["waits_for"] is not None:
            if values != {"waits_for": request.waits_for, "waits_until": request.waits_until}:
                requests.update(database, db, request, values)
            return False
        after = "review" if request.kind == "access" else "deleting"
        requests.change_state(database, db, request, after, SYSTEM, code="answered")
    if after == "deleting":
        deleting.finish(database, number)
    return True
