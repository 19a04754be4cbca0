"""Waiting for the identity check. It pauses the clock of GDPR alone (Art. 12(6); 11 CCR 7021)."""

from __future__ import annotations

import datetime

import attrs
import sqlalchemy as sa

from te_connector.portal.desk import requests
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import Choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import searches

IDENTITY = "identity"


def wait(
    database: Database, db: sa.Connection, request: requests.Request, reason: str, actor: Actor
) -> None:
    """Let a request wait until identity is checked.

    :raises Refused: there is no reason, a search runs, or identity was checked.
    """
    if request.identity_checked:
        raise Refused("identity_checked", "The identity was checked before.")
    if request.state not in ("received", "review"):
        raise Refused("change_illegal", "Wait for identity before a decision, when no search runs.")
    if not reason.strip():
        raise Refused("reason_missing", "Enter what you asked the person for.", "reason")
    requests.change_state(
        database, db, request, "waiting", actor, reason=reason, values={"waits_for": IDENTITY}
    )


def record(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    how: str,
    actor: Actor,
    choices: Choices,
) -> None:
    """Record how identity was checked; a request that waited for it goes on.

    :raises Refused: the request is closed, or ``how`` is empty.
    """
    if request.is_final:
        raise Refused("request_closed", "This request is closed.")
    if not how.strip():
        raise Refused("how_missing", "Enter how identity was checked.", "how")
    today = choices.today()
    person = attrs.evolve(
        request.person,
        identity_how=how.strip(),
        identity_by=actor.name,
        identity_on=today.isoformat(),
    )
    requests.set_person(database, db, request, person, actor)
    if request.state != "waiting" or request.waits_for != IDENTITY:
        return
    request = requests.get(database, db, request.id)
    paused = request.paused_days + _days_waited(database, db, request.id, choices)
    due = requests.due_of(attrs.evolve(request, paused_days=paused), choices)
    was_searched = db.scalar(
        sa.select(searches.c.request_id).where(searches.c.request_id == request.id)
    )
    requests.change_state(
        database,
        db,
        request,
        "review" if was_searched is not None else "received",
        actor,
        values={"paused_days": paused, "due": due.isoformat()},
        paused_days=paused,
    )


def _days_waited(database: Database, db: sa.Connection, request_id: int, choices: Choices) -> int:
    """The days since the request began to wait, by the log."""
    begun = [
        entry.at
        for entry in log.entries(database, db, request_id)
        if entry.action == "state" and entry.detail.get("after") == "waiting"
    ]
    if not begun:
        return 0
    first = datetime.datetime.fromisoformat(begun[-1]).astimezone(choices.zone).date()
    return max(0, (choices.today() - first).days)
