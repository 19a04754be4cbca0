"""What is due, each minute: mails, releases that ran out, the purge. Late ticks catch up."""

from __future__ import annotations

import datetime
import time

import sqlalchemy as sa

from te_connector.portal import mail
from te_connector.portal.desk import requests
from te_connector.portal.direct import reminding
from te_connector.portal.refusal import SYSTEM, Refused
from te_connector.portal.release import evidence
from te_connector.portal.settings import PortalSettings, read_choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import (
    approvals,
    files,
    identifiers,
    notes,
    outbox,
    records,
    releases,
    searches,
    sessions,
    tasks,
    type_fields,
)
from te_connector.portal.store.tables import log as log_table
from te_connector.portal.store.tables import requests as request_table


def tick(database: Database, settings: PortalSettings) -> None:
    """Do all that is due. Safe to run twice, or in two processes at once."""
    expire_links(database)
    purge(database)
    reminding.tick(database, settings)
    mail.send_waiting(database, settings)


def expire_links(database: Database) -> None:
    """Take a request back to review when its link ran out unused."""
    with database.begin() as db:
        query = (
            sa.select(releases.c.request_id)
            .join(request_table, request_table.c.id == releases.c.request_id)
            .where(request_table.c.state == "releasing")
            .group_by(releases.c.request_id)
            .having(
                sa.func.max(sa.case((releases.c.revoked, 0.0), else_=releases.c.expires))
                < time.time()
            )
        )
        over = list(db.scalars(query))
    for request_id in over:
        with database.begin() as db:
            request = requests.get(database, db, request_id)
            if request.state == "releasing":
                requests.change_state(database, db, request, "review", SYSTEM, code="link_expired")


def purge(database: Database) -> int:
    """Remove people's data of requests that were closed long enough ago. Returns how many."""
    with database.begin() as db:
        choices = read_choices(database, db)
        limit = _days_ago(choices.purge_days)
        query = sa.select(request_table.c.id).where(
            request_table.c.closed_at < limit, request_table.c.purged_at.is_(None)
        )
        due = list(db.scalars(query.limit(500)))
        db.execute(sa.delete(sessions).where(sessions.c.seen < time.time() - 86400))
        db.execute(
            sa.delete(log_table).where(log_table.c.at < _days_ago(choices.log_months * 31 + 1))
        )
    for request_id in due:
        with database.begin() as db:
            purge_one(database, db, request_id)
    return len(due)


def purge_one(database: Database, db: sa.Connection, request_id: int) -> None:
    """Remove one closed request's personal data. Dates, counts, receipts, and the log stay.

    :raises Refused: the request is open.
    """
    request = requests.get(database, db, request_id)
    if not request.is_final:
        raise Refused("request_open", "Close the request first.")
    if request.purged_at is not None:
        return
    evidence.keep(database, db, request, read_choices(database, db))
    db.execute(sa.delete(releases).where(releases.c.request_id == request_id))
    for table in (records, type_fields, identifiers, notes, approvals):
        db.execute(sa.delete(table).where(table.c.request_id == request_id))
    db.execute(sa.delete(files).where(files.c.request_id == request_id, files.c.kind != "evidence"))
    db.execute(sa.update(outbox).where(outbox.c.request_id == request_id).values(message=None))
    db.execute(
        sa.update(tasks).where(tasks.c.request_id == request_id).values(private=None, link=None)
    )
    db.execute(
        sa.update(searches)
        .where(searches.c.request_id == request_id)
        .values(problems=None, near_misses=None)
    )
    requests.update(database, db, request, {"person": None, "purged_at": now()})
    log.append(database, db, SYSTEM.name, "purged", request_id=request_id)


def _days_ago(days: int) -> str:
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
