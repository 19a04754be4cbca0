"""The log: who did what, when, and why. Append-only, hash-chained, without people's data.

A free reason can name people, so it is a note (encrypted, purged); the log keeps its id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import log, notes, users

_LOCK = 7_311_400_016
_START = hashlib.sha256(b"te-connector portal log 1").hexdigest()


@attrs.frozen
class Entry:
    """One line of the log, with its reason as long as that is kept."""

    seq: int
    at: str
    actor: str
    request_id: int | None
    action: str
    detail: Mapping[str, Any]
    reason: str | None = attrs.field(repr=False)


def append(
    database: Database,
    db: sa.Connection,
    actor: str,
    action: str,
    *,
    request_id: int | None = None,
    reason: str | None = None,
    user_id: int | None = None,
    **detail: Any,
) -> None:
    """Add an entry in the caller's transaction. ``detail`` holds ids, codes, counts, digests."""
    if database.is_postgres:  # SQLite's transactions are serial already
        db.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    at = now()
    note_id = None
    if reason and request_id is not None:
        note_id = add_note(database, db, request_id, "reason", reason, user_id)
    last = db.execute(sa.select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)).first()
    seq, before = (last.seq + 1, last.hash) if last is not None else (1, _START)
    row = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "request_id": request_id,
        "action": action,
        "detail": detail,
        "note_id": note_id,
        "before": before,
    }
    db.execute(sa.insert(log).values(**row, hash=_hash(row)))


def add_note(
    database: Database,
    db: sa.Connection,
    request_id: int,
    kind: str,
    text: str,
    user_id: int | None,
) -> int:
    """Keep what someone typed, encrypted. Returns its id."""
    made = db.execute(
        sa.insert(notes).values(
            request_id=request_id,
            kind=kind,
            user_id=user_id,
            at=now(),
            text=database.keys.seal(text),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


@attrs.frozen
class Comment:
    """What an officer wrote on a request."""

    at: str
    name: str
    text: str = attrs.field(repr=False)


def comments(database: Database, db: sa.Connection, request_id: int) -> list[Comment]:
    """A request's comments, oldest first."""
    query = (
        sa.select(notes, users.c.name)
        .outerjoin(users, users.c.id == notes.c.user_id)
        .where(notes.c.request_id == request_id, notes.c.kind == "comment")
        .order_by(notes.c.id)
    )
    return [
        Comment(row.at, row.name or "", database.keys.open(row.text)) for row in db.execute(query)
    ]


def entries(database: Database, db: sa.Connection, request_id: int) -> list[Entry]:
    """A request's timeline, oldest first."""
    query = (
        sa.select(log, notes.c.text)
        .outerjoin(notes, notes.c.id == log.c.note_id)
        .where(log.c.request_id == request_id)
        .order_by(log.c.seq)
    )
    return [
        Entry(
            row.seq,
            row.at,
            row.actor,
            row.request_id,
            row.action,
            row.detail,
            database.keys.open(row.text),
        )
        for row in db.execute(query)
    ]


def verify(db: sa.Connection) -> Iterator[int]:
    """The numbers of entries that don't follow from the one before."""
    before: str | None = None
    for row in db.execute(sa.select(log).order_by(log.c.seq)).mappings():
        # Old entries may be deleted from the beginning, so the first one left starts the chain.
        known = {key: value for key, value in row.items() if key != "hash"}
        if (before is not None and row["before"] != before) or _hash(known) != row["hash"]:
            yield int(row["seq"])
        before = row["hash"]


def rows(db: sa.Connection, request_id: int) -> list[dict[str, Any]]:
    """A request's entries as they are in the table, for evidence."""
    query = sa.select(log).where(log.c.request_id == request_id).order_by(log.c.seq)
    return [dict(row) for row in db.execute(query).mappings()]


def _hash(row: Mapping[str, Any]) -> str:
    text = json.dumps(dict(row), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
