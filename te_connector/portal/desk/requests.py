"""Requests: read, changed, and taken from one state to the next, each change with its log entry."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal import dates
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import Choices
from te_connector.portal.store import log, states
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import identifiers as hashes
from te_connector.portal.store.tables import records, requests

Identifiers = Mapping[str, Sequence[str]]
KINDS = {"access": "Access", "erasure": "Erasure"}


@attrs.frozen
class Person:
    """Who the request is about, and who asks. Encrypted at rest."""

    identifiers: Identifiers = attrs.field(factory=dict, repr=False)
    name: str = attrs.field(default="", repr=False)
    reference: str = attrs.field(default="", repr=False)
    agent: str = attrs.field(default="", repr=False)
    agent_proof: str = attrs.field(default="", repr=False)
    identity_how: str = attrs.field(default="", repr=False)
    identity_by: str = attrs.field(default="", repr=False)
    identity_on: str = attrs.field(default="", repr=False)


@attrs.frozen
class Request:
    """One request. ``person`` is empty after the purge."""

    id: int
    kind: str
    law: str
    state: str
    version: int
    received: datetime.date
    due: datetime.date
    extended: bool
    paused_days: int
    confirmed: bool
    identity_checked: bool
    needs_approvals: int
    approved_digest: str | None
    waits_for: str | None
    waits_until: str | None
    created_at: str
    closed_at: str | None
    purged_at: str | None
    merged_into: int | None
    person: Person = attrs.field(repr=False)

    @property
    def is_final(self) -> bool:
        """Whether the request is closed for good."""
        return self.state in states.FINAL


def index(database: Database, db: sa.Connection, request_id: int, given: Identifiers) -> None:
    """Let a request be found by each of its identifiers."""
    db.execute(sa.delete(hashes).where(hashes.c.request_id == request_id))
    found = {identifier_hash(database, value) for values in given.values() for value in values}
    if found:
        db.execute(
            sa.insert(hashes), [{"request_id": request_id, "hash": one} for one in sorted(found)]
        )


def identifier_hash(database: Database, value: str) -> str:
    """The keyed hash under which an identifier is found; case and spaces don't matter."""
    return database.keys.fingerprint("identifier", "".join(value.split()).casefold())


def get(database: Database, db: sa.Connection, request_id: int) -> Request:
    """One request.

    :raises Refused: there is none with that id (``request_unknown``).
    """
    query = sa.select(requests).where(requests.c.id == request_id)
    row = db.execute(query).mappings().first() if request_id < 2**53 else None
    if row is None:
        raise Refused("request_unknown", "There is no request with this number.")
    return from_row(database, row)


def from_row(database: Database, row: sa.RowMapping) -> Request:
    """The request of a row of the table."""
    person = database.keys.open(row["person"])
    fields = {
        field.name: row[field.name] for field in attrs.fields(Request) if field.name != "person"
    }
    fields["received"] = datetime.date.fromisoformat(row["received"])
    fields["due"] = datetime.date.fromisoformat(row["due"])
    return Request(**fields, person=Person(**person) if person else Person())


def change_state(
    database: Database,
    db: sa.Connection,
    request: Request,
    after: str,
    actor: Actor,
    *,
    reason: str | None = None,
    values: Mapping[str, Any] | None = None,
    **detail: Any,
) -> None:
    """Take a request to another state, if it still is what the caller read.

    :raises Refused: the change is not legal (``change_illegal``), or someone else was first
        (``changed_meanwhile``).
    """
    if not states.is_legal(request.state, after):
        raise Refused(
            "change_illegal",
            f"A request that is {states.LABELS[request.state].lower()} can't become "
            f"{states.LABELS[after].lower()}. Reload the page.",
        )
    changed = {**(values or {}), "state": after}
    if after != "waiting":
        changed |= {"waits_for": None, "waits_until": None}
    if after in states.FINAL:
        changed["closed_at"] = now()
    update(database, db, request, changed)
    log.append(
        database,
        db,
        actor.name,
        "state",
        request_id=request.id,
        reason=reason,
        user_id=actor.user_id,
        before=request.state,
        after=after,
        **detail,
    )


def update(
    database: Database,  # noqa: ARG001  the shape of every function here
    db: sa.Connection,
    request: Request,
    values: Mapping[str, Any],
) -> None:
    """Change a request's columns, if it still is what the caller read.

    :raises Refused: someone else was first (``changed_meanwhile``), or the database refused.
    """
    try:
        changed = db.execute(
            sa.update(requests)
            .where(
                requests.c.id == request.id,
                requests.c.state == request.state,
                requests.c.version == request.version,
            )
            .values(**values, version=request.version + 1)
        )
    except (sa.exc.IntegrityError, sa.exc.InternalError, sa.exc.OperationalError) as error:
        if "locked" in str(error.orig):
            raise
        raise Refused(
            "change_illegal", "The request can't be changed this way. Reload the page."
        ) from None
    if changed.rowcount != 1:
        raise Refused(
            "changed_meanwhile",
            "Someone else changed this request just now, so nothing was done. Reload the page.",
        )


def set_person(
    database: Database, db: sa.Connection, request: Request, person: Person, actor: Actor
) -> None:
    """Change who the request is about or how identity was checked."""
    checked = bool(person.identity_how)
    update(
        database,
        db,
        request,
        {"person": database.keys.seal(attrs.asdict(person)), "identity_checked": checked},
    )
    index(database, db, request.id, person.identifiers)
    log.append(database, db, actor.name, "person", request_id=request.id, identity_checked=checked)


def extend(
    database: Database,
    db: sa.Connection,
    request: Request,
    reason: str,
    actor: Actor,
    choices: Choices,
) -> None:
    """Extend the due date, once.

    :raises Refused: it was extended before, is closed, or there is no reason.
    """
    if request.extended or request.is_final:
        raise Refused("extended_before", "A due date can be extended once, before closing.")
    if not reason.strip():
        raise Refused("reason_missing", "Enter the reason for the extension.", "reason")
    due = due_of(request, choices, extended=True)
    update(database, db, request, {"extended": True, "due": due.isoformat()})
    log.append(
        database,
        db,
        actor.name,
        "extended",
        request_id=request.id,
        reason=reason,
        user_id=actor.user_id,
        due=due.isoformat(),
    )


def confirm_by(request: Request, laws: Mapping[str, Any]) -> datetime.date | None:
    """By when to confirm the request to the person; None if it was done, or the law asks for none."""
    if request.confirmed or request.is_final:
        return None
    return dates.confirm_by(dates.law_named(request.law, laws), request.received)


def confirm(database: Database, db: sa.Connection, request: Request, actor: Actor) -> None:
    """Note that the receipt of the request was confirmed to the person.

    :raises Refused: it was noted before, or the request is closed.
    """
    if request.confirmed or request.is_final:
        raise Refused("confirmed_before", "This was noted before, or the request is closed.")
    update(database, db, request, {"confirmed": True})
    log.append(database, db, actor.name, "confirmed", request_id=request.id)


def due_of(request: Request, choices: Choices, *, extended: bool | None = None) -> datetime.date:
    """The due date, always counted from the day of receipt."""
    return dates.due(
        dates.law_named(request.law, choices.laws),
        request.received,
        extended=request.extended if extended is None else extended,
        paused_days=request.paused_days,
    )


def count_of(db: sa.Connection, request_id: int, table: sa.Table = records) -> int:
    """How many records (or rows of another table) a request has."""
    query = sa.select(sa.func.count()).where(table.c.request_id == request_id)
    return int(db.scalar(query) or 0)


def label(request_id: int) -> str:
    """How a request is called in mails and letters."""
    return f"#{request_id}"


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
