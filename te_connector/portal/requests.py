"""Requests: made, found, and taken from one state to the next, each change with its log entry."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal import dates, log, states
from te_connector.portal.database import Database, now
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import Choices
from te_connector.portal.tables import identifiers as hashes
from te_connector.portal.tables import notes, records, requests

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
class New:
    """A request that is to be made."""

    kind: str
    law: str
    received: datetime.date
    person: Person = attrs.field(repr=False)


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


def create(
    database: Database, db: sa.Connection, new: New, actor: Actor, choices: Choices
) -> tuple[Request, bool]:
    """Make a request. Returns it and whether it is new: a reference is used once.

    :raises Refused: the reference was used for another request (``reference_used``).
    """
    keys, person = database.keys, new.person
    reference_hash = keys.fingerprint("reference", person.reference) if person.reference else None
    body_hash = keys.fingerprint("body", _canonical(new))
    if reference_hash is not None:
        known = db.execute(
            sa.select(requests.c.id, requests.c.body_hash).where(
                requests.c.reference_hash == reference_hash
            )
        ).first()
        if known is not None and known.body_hash != body_hash:
            raise Refused(
                "reference_used",
                "This reference belongs to another request. Use a new one.",
                "reference",
            )
        if known is not None:
            return get(database, db, known.id), False
    law = dates.law_named(new.law, choices.laws)
    made = db.execute(
        sa.insert(requests).values(
            kind=new.kind,
            law=new.law,
            state="received",
            received=new.received.isoformat(),
            due=dates.due(law, new.received).isoformat(),
            reference_hash=reference_hash,
            body_hash=body_hash,
            person=keys.seal(attrs.asdict(person)),
            identity_checked=bool(person.identity_how),
            needs_approvals=_approvals_needed(new.kind, choices),
            created_at=now(),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    _index(database, db, key[0], person.identifiers)
    log.append(database, db, actor.name, "received", request_id=key[0], kind=new.kind, law=new.law)
    return get(database, db, key[0]), True


def _approvals_needed(kind: str, choices: Choices) -> int:
    wanted = choices.second_approver
    return 2 if wanted == "all" or (wanted == "erasure" and kind == "erasure") else 1


def _canonical(new: New) -> str:
    person = {**attrs.asdict(new.person), "identifiers": _sorted(new.person.identifiers)}
    return json.dumps([new.kind, new.law, new.received.isoformat(), person], sort_keys=True)


def _sorted(given: Identifiers) -> dict[str, list[str]]:
    return {kind: sorted(values) for kind, values in sorted(given.items()) if values}


def _index(database: Database, db: sa.Connection, request_id: int, given: Identifiers) -> None:
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
    row = db.execute(sa.select(requests).where(requests.c.id == request_id)).mappings().first()
    if row is None:
        raise Refused("request_unknown", "There is no request with this number.")
    return _request(database, row)


def _request(database: Database, row: sa.RowMapping) -> Request:
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
    _index(database, db, request.id, person.identifiers)
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


def due_of(request: Request, choices: Choices, *, extended: bool | None = None) -> datetime.date:
    """The due date, always counted from the day of receipt."""
    return dates.due(
        dates.law_named(request.law, choices.laws),
        request.received,
        extended=request.extended if extended is None else extended,
        paused_days=request.paused_days,
    )


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
    return Page(tuple(_request(database, row) for row in rows[:count]), len(rows) > count)


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
    return [_request(database, row) for row in db.execute(query).mappings()]


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


def count_of(db: sa.Connection, request_id: int, table: sa.Table = records) -> int:
    """How many records (or rows of another table) a request has."""
    query = sa.select(sa.func.count()).where(table.c.request_id == request_id)
    return int(db.scalar(query) or 0)


@attrs.frozen
class Comment:
    """What an officer wrote on a request."""

    at: str
    user_id: int | None
    text: str = attrs.field(repr=False)


def comments(database: Database, db: sa.Connection, request_id: int) -> list[Comment]:
    """A request's comments, oldest first."""
    query = (
        sa.select(notes)
        .where(notes.c.request_id == request_id, notes.c.kind == "comment")
        .order_by(notes.c.id)
    )
    return [Comment(row.at, row.user_id, database.keys.open(row.text)) for row in db.execute(query)]


def label(request_id: int) -> str:
    """How a request is called in mails and letters."""
    return f"#{request_id}"


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
