"""Searching: requests that wait share one sweep of a connection, as subjects of one ``fetch``.

Each function here is one repeatable step: run again after a kill, it does the same work once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from te_connector import host
from te_connector.errors import ConnectorError, Stopped
from te_connector.portal import connections
from te_connector.portal.desk import choices as officer
from te_connector.portal.desk import findings, requests
from te_connector.portal.direct import asking, processors, tasks
from te_connector.portal.refusal import SYSTEM, Actor, Refused
from te_connector.portal.settings import read_choices
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import requests as request_table
from te_connector.portal.store.tables import searches

_PROGRESS_SECONDS = 2.0
MAX_SUBJECTS = 200


def begin(
    database: Database, db: sa.Connection, request: requests.Request, actor: Actor
) -> list[str]:
    """Let a request wait for a search of every connection. Returns their names.

    :raises Refused: there is nothing to search, or nothing to search for.
    """
    if not any(request.person.identifiers.values()):
        raise Refused("identifiers_missing", "Add an identifier first.", "identifiers")
    names = [one.name for one in connections.every(database, db, active=True, kind="connector")]
    choices = read_choices(database, db)
    right = processors.KINDS[request.kind]
    if not names and not processors.active(database, db, choices, right):
        raise Refused("connections_missing", "Add a connection first, under Connections.")
    requests.change_state(database, db, request, "searching", actor)
    if request.kind == "access":
        asking.plan(database, db, request, choices, {})
    for name in names:
        values = {"state": "waiting", "sweep": None, "progress": None, "code": None}
        changed = db.execute(
            sa.update(searches)
            .where(searches.c.request_id == request.id, searches.c.connection == name)
            .values(**values, message=None)
        )
        if not changed.rowcount:
            db.execute(sa.insert(searches).values(request_id=request.id, connection=name, **values))
    return names


def stop(database: Database, db: sa.Connection, request: requests.Request, actor: Actor) -> None:
    """Stop a request's search. A sweep that others share goes on for them."""
    db.execute(
        sa.update(searches)
        .where(searches.c.request_id == request.id, searches.c.state.in_(("waiting", "running")))
        .values(state="stopped")
    )
    requests.change_state(database, db, request, "received", actor)


def waiting_connections(db: sa.Connection) -> list[str]:
    """The connections that a request waits for."""
    query = sa.select(searches.c.connection).where(searches.c.state == "waiting").distinct()
    return list(db.scalars(query))


def claim(database: Database, connection: str, sweep: str) -> int:
    """Take all requests that wait for a connection into a sweep. Returns how many are in it."""
    with database.begin() as db:
        taken = _count(db, sweep)
        if taken:
            return taken  # the step is repeated after a kill
        waiting = (
            sa.select(searches.c.request_id)
            .where(searches.c.connection == connection, searches.c.state == "waiting")
            .order_by(searches.c.request_id)
            .limit(MAX_SUBJECTS)
        )
        db.execute(
            sa.update(searches)
            .where(
                searches.c.connection == connection,
                searches.c.state == "waiting",
                searches.c.request_id.in_(waiting),
            )
            .values(state="running", sweep=sweep, progress={"started": now()})
        )
        return _count(db, sweep)


def _count(db: sa.Connection, sweep: str) -> int:
    query = sa.select(sa.func.count()).where(
        searches.c.sweep == sweep, searches.c.state == "running"
    )
    return int(db.scalar(query) or 0)


class _Watch:
    """Writes a sweep's progress every two seconds, and stops it when nobody waits for it."""

    def __init__(self, database: Database, sweep: str) -> None:
        self._database, self._sweep = database, sweep
        self._last = 0.0
        self.cancel = threading.Event()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if time.monotonic() - self._last < _PROGRESS_SECONDS:
            return
        self._last = time.monotonic()
        keys = ("event", "object_type", "read", "known", "found", "sent", "why", "seconds")
        shown = {key: event[key] for key in (*keys, "seconds_left") if key in event}
        with self._database.begin() as db:
            changed = db.execute(
                sa.update(searches)
                .where(searches.c.sweep == self._sweep, searches.c.state == "running")
                .values(progress={**shown, "at": now()})
            )
        if not changed.rowcount:
            self.cancel.set()


def sweep(database: Database, connection: str, name: str) -> int:
    """Search a connection for all requests of a sweep, and keep what was found."""
    with database.begin() as db:
        subjects = _subjects(database, db, connection, name)
        one = connections.get(database, db, connection)
    if not subjects:
        return 0
    watch = _Watch(database, name)
    options = {"independent": True, "progress": watch, "cancel": watch.cancel}
    try:
        found = host.fetch(one.config, subjects, options)
    except Stopped:
        return 0
    except ConnectorError as error:
        _failed(database, name, error)
        return 0
    object_types = host.discover(one.config)["object_types"]
    with database.begin() as db:
        for subject in subjects:
            request_id = int(subject["id"])
            if _is_running(db, request_id, name):
                findings.store(database, db, request_id, connection, found)
                officer.mark_third_party(database, db, request_id, connection, object_types)
    return len(subjects)


def _subjects(database: Database, db: sa.Connection, connection: str, name: str) -> list[Any]:
    """The sweep's subjects; a request that a connection has no identifier kind for is done."""
    kinds = connections.identifier_kinds(connections.get(database, db, connection))
    subjects: list[Any] = []
    query = sa.select(searches.c.request_id).where(
        searches.c.sweep == name, searches.c.state == "running"
    )
    for request_id in db.scalars(query.order_by(searches.c.request_id)).all():
        person = requests.get(database, db, request_id).person
        own = {
            kind: list(values)
            for kind, values in person.identifiers.items()
            if kind in kinds and values
        }
        if own:
            subjects.append({"id": str(request_id), "identifiers": own})
        else:
            db.execute(
                sa.update(searches)
                .where(searches.c.sweep == name, searches.c.request_id == request_id)
                .values(
                    state="failed",
                    code="identifiers_missing",
                    message="This system compares none of the request's identifiers. Add another.",
                )
            )
    return subjects


def _is_running(db: sa.Connection, request_id: int, name: str) -> bool:
    query = sa.select(searches.c.state).where(
        searches.c.request_id == request_id, searches.c.sweep == name
    )
    return bool(db.scalar(query) == "running")


def _failed(database: Database, name: str, error: ConnectorError) -> None:
    with database.begin() as db:
        db.execute(
            sa.update(searches)
            .where(searches.c.sweep == name, searches.c.state == "running")
            .values(
                state="failed",
                code=error.code,
                message=str(error),
                retry_at=getattr(error, "retry_at", None),
                finished_at=now(),
            )
        )


def settle(database: Database) -> int:
    """Take every request whose searches are all over to review. Returns how many."""
    with database.begin() as db:
        busy = sa.select(searches.c.request_id).where(searches.c.state.in_(("waiting", "running")))
        query = sa.select(request_table.c.id).where(
            request_table.c.state == "searching", request_table.c.id.not_in(busy)
        )
        over = list(db.scalars(query))
    settled = 0
    for request_id in over:
        with database.begin() as db:
            request = requests.get(database, db, request_id)
            if request.state != "searching":
                continue
            found = findings.of_request(database, db, request_id)
            asked = tasks.of_request(database, db, request_id)
            waits = tasks.waits_for(asked)
            requests.change_state(
                database,
                db,
                request,
                "waiting" if waits else "review",
                SYSTEM,
                values={"waits_for": waits, "waits_until": tasks.waits_until(asked)},
                records=requests.count_of(db, request_id),
                complete=findings.is_complete(found),
            )
            settled += 1
    return settled
