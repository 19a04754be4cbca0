"""Intake: a request is made, once for each reference."""

from __future__ import annotations

import datetime
import json

import attrs
import sqlalchemy as sa

from te_connector.portal import dates
from te_connector.portal.desk.requests import (
    Identifiers,
    Person,
    Request,
    get,
    index,
)
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import Choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import requests

_EARLIEST = datetime.date(2018, 5, 25)
"""GDPR began to apply on this day; no request is older."""


@attrs.frozen
class New:
    """A request that is to be made."""

    kind: str
    law: str
    received: datetime.date
    person: Person = attrs.field(repr=False)


def create(
    database: Database, db: sa.Connection, new: New, actor: Actor, choices: Choices
) -> tuple[Request, bool]:
    """Make a request. Returns it and whether it is new: a reference is used once.

    :raises Refused: the day of receipt is impossible (``received_wrong``), or the reference was used
        for another request (``reference_used``).
    """
    if not _EARLIEST <= new.received <= choices.today() + datetime.timedelta(days=1):
        raise Refused("received_wrong", "The day of receipt can't be in the future.", "received")
    keys, person = database.keys, new.person
    reference_hash = keys.fingerprint("reference", person.reference) if person.reference else None
    body_hash = keys.fingerprint("body", _canonical(new))
    known = _known(db, reference_hash, body_hash)
    if known is not None:
        return get(database, db, known), False
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
            needs_approvals=choices.approvals_needed(new.kind),
            created_at=now(),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    index(database, db, key[0], person.identifiers)
    log.append(database, db, actor.name, "received", request_id=key[0], kind=new.kind, law=new.law)
    return get(database, db, key[0]), True


def _known(db: sa.Connection, reference_hash: str | None, body_hash: str) -> int | None:
    """The request that has the reference already."""
    if reference_hash is None:
        return None
    query = sa.select(requests.c.id, requests.c.body_hash).where(
        requests.c.reference_hash == reference_hash
    )
    known = db.execute(query).first()
    if known is not None and known.body_hash != body_hash:
        text = "This reference belongs to another request. Use a new one."
        raise Refused("reference_used", text, "reference")
    return None if known is None else int(known.id)


def _canonical(new: New) -> str:
    person = {**attrs.asdict(new.person), "identifiers": _sorted(new.person.identifiers)}
    return json.dumps([new.kind, new.law, new.received.isoformat(), person], sort_keys=True)


def _sorted(given: Identifiers) -> dict[str, list[str]]:
    return {kind: sorted(values) for kind, values in sorted(given.items()) if values}
