"""What a search found for a request: records, coverage, problems, near misses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import records, searches, type_fields

Key = tuple[str, str]
"""An object's type and id."""
_TELLING = re.compile(r"(^|_)(name|email|title|question|answer|subject)($|_)")
_WORDS, _LENGTH = 3, 120


@attrs.frozen
class Found:
    """One record, with what was decided about it."""

    id: int
    connection: str
    object_type: str
    object_id: str
    digest: str
    strength: str
    shared: bool
    deletable: bool
    parents: tuple[Key, ...]
    reasons: Sequence[Mapping[str, Any]]
    chosen: bool
    decided: bool
    why: str | None = attrs.field(repr=False)
    fields: Mapping[str, str]
    data: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def key(self) -> Key:
        """The object's type and id."""
        return self.object_type, self.object_id

    @property
    def words(self) -> str:
        """A few values by which an officer knows the object: names and addresses, as far as it has any."""
        texts = [
            value
            for key, value in self.data.items()
            if isinstance(value, str) and value.strip() and _TELLING.search(key)
        ]
        return ", ".join(dict.fromkeys(texts[:_WORDS]))[:_LENGTH]

    @property
    def is_clear(self) -> bool:
        """Whether the match needs no second look."""
        return self.strength == "strong" and not self.shared


@attrs.frozen
class Search:
    """How one connection was searched for a request."""

    connection: str
    state: str
    progress: Mapping[str, Any] | None
    code: str | None
    message: str | None
    retry_at: str | None
    coverage: Sequence[Mapping[str, Any]]
    problems: Sequence[Mapping[str, Any]] = attrs.field(repr=False)
    near_misses: Sequence[Mapping[str, Any]] = attrs.field(repr=False)
    finished_at: str | None

    @property
    def is_complete(self) -> bool:
        """Whether the search of every type that can be searched is complete."""
        looked = [entry for entry in self.coverage if entry["method"] != "skipped"]
        return self.state == "done" and bool(looked) and all(one["complete"] for one in looked)


def store(
    database: Database,
    db: sa.Connection,
    request_id: int,
    connection: str,
    found: Mapping[str, Any],
) -> None:
    """Keep a search's answer for one request. Decisions about unchanged records are kept."""
    keys, subject = database.keys, str(request_id)
    _store_records(database, db, request_id, connection, found)
    mine = [one for one in found["problems"] if one["subject"] in (None, subject)]
    near = [one for one in found["near_misses"] if one["subject"] == subject]
    db.execute(
        sa.update(searches)
        .where(searches.c.request_id == request_id, searches.c.connection == connection)
        .values(
            state="done",
            coverage=list(found["coverage"]),
            problems=keys.seal(mine),
            near_misses=keys.seal(near),
            finished_at=now(),
            code=None,
            message=None,
        )
    )


def _store_records(
    database: Database,
    db: sa.Connection,
    request_id: int,
    connection: str,
    found: Mapping[str, Any],
) -> None:
    before = {
        (row.object_type, row.object_id): row for row in db.execute(_own(request_id, connection))
    }
    db.execute(
        sa.delete(records).where(
            records.c.request_id == request_id, records.c.connection == connection
        )
    )
    shared = {
        (one["object_type"], one["id"])
        for one in found["problems"]
        if one["code"] == "record_matches_several_subjects"
    }
    rows = [
        _row(database, request_id, connection, record, shared, before)
        for record in found["records"]
        if record["subject"] == str(request_id)
    ]
    if rows:
        db.execute(sa.insert(records), rows)


def _own(request_id: int, connection: str) -> sa.Select[Any]:
    return sa.select(records).where(
        records.c.request_id == request_id, records.c.connection == connection
    )


def _row(
    database: Database,
    request_id: int,
    connection: str,
    record: Mapping[str, Any],
    shared: set[Key],
    before: Mapping[Key, Any],
) -> dict[str, Any]:
    key = record["object_type"], record["id"]
    known = before.get(key)
    kept = known if known and known.digest == record["digest"] and known.decided else None
    clear = record["strength"] == "strong" and key not in shared
    parents = [[one["identifier"], one["id"]] for one in record["matched_by"] if "id" in one]
    return {
        "request_id": request_id,
        "connection": connection,
        "object_type": key[0],
        "object_id": key[1],
        "digest": record["digest"],
        "strength": record["strength"],
        "shared": key in shared,
        "deletable": record["deletable"],
        "parents": parents,
        "reasons": [dict(one) for one in record["matched_by"]],
        # Weak and shared matches stay out until an officer puts them in.
        "chosen": kept.chosen if kept else clear,
        "decided": bool(kept),
        "why": kept.why if kept else None,
        "fields": kept.fields if kept else {},
        "data": database.keys.seal(record["data"]),
    }


def page(
    database: Database,
    db: sa.Connection,
    request_id: int,
    *,
    clear: bool,
    after: int = 0,
    count: int = 50,
) -> list[Found]:
    """A page of the records: the clear ones, or those that need a second look."""
    is_clear = sa.and_(records.c.strength == "strong", records.c.shared.is_(False))
    query = (
        sa.select(records)
        .where(records.c.request_id == request_id, is_clear if clear else sa.not_(is_clear))
        .order_by(records.c.connection, records.c.object_type, records.c.id)
        .offset(after)
        .limit(count)
    )
    return [_found(database, row) for row in db.execute(query).mappings()]


def every(database: Database, db: sa.Connection, request_id: int) -> list[Found]:
    """All records of a request."""
    query = sa.select(records).where(records.c.request_id == request_id).order_by(records.c.id)
    return [_found(database, row) for row in db.execute(query).mappings()]


def get(database: Database, db: sa.Connection, request_id: int, record_id: int) -> Found | None:
    """One record of a request."""
    query = sa.select(records).where(records.c.request_id == request_id, records.c.id == record_id)
    row = db.execute(query).mappings().first()
    return None if row is None else _found(database, row)


def _found(database: Database, row: sa.RowMapping) -> Found:
    values = {field.name: row[field.name] for field in attrs.fields(Found)}
    values["data"] = database.keys.open(row["data"])
    values["why"] = database.keys.open(row["why"])
    values["parents"] = tuple((one[0], one[1]) for one in row["parents"])
    return Found(**values)


def counts(db: sa.Connection, request_id: int) -> dict[str, int]:
    """How many records are clear, need a second look, and are chosen."""
    is_clear = sa.and_(records.c.strength == "strong", records.c.shared.is_(False))
    row = db.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((is_clear, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((records.c.chosen, 1), else_=0)), 0),
        ).where(records.c.request_id == request_id)
    ).one()
    return {"all": row[0], "clear": row[1], "unclear": row[0] - row[1], "chosen": row[2]}


def types(db: sa.Connection, request_id: int) -> dict[tuple[str, str], tuple[int, int]]:
    """How many records were found and how many are chosen, by connection and type."""
    query = (
        sa.select(
            records.c.connection,
            records.c.object_type,
            sa.func.count(),
            sa.func.sum(sa.case((records.c.chosen, 1), else_=0)),
        )
        .where(records.c.request_id == request_id)
        .group_by(records.c.connection, records.c.object_type)
        .order_by(records.c.connection, records.c.object_type)
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in db.execute(query)}


def neighbors(db: sa.Connection, request_id: int, one: Found) -> tuple[int | None, int | None]:
    """The records before and after one, in the order of the pages."""
    order = records.c.connection, records.c.object_type, records.c.id
    own = sa.select(records.c.id).where(records.c.request_id == request_id)
    place = sa.tuple_(*order)
    here = sa.tuple_(*(sa.literal(value) for value in (one.connection, one.object_type, one.id)))
    before = own.where(place < here).order_by(*(column.desc() for column in order)).limit(1)
    return db.scalar(before), db.scalar(own.where(place > here).order_by(*order).limit(1))


def of_request(database: Database, db: sa.Connection, request_id: int) -> list[Search]:
    """How each connection was searched."""
    query = (
        sa.select(searches)
        .where(searches.c.request_id == request_id)
        .order_by(searches.c.connection)
    )
    keys = database.keys
    return [
        Search(
            connection=row.connection,
            state=row.state,
            progress=row.progress,
            code=row.code,
            message=row.message,
            retry_at=row.retry_at,
            coverage=row.coverage or [],
            problems=keys.open(row.problems) or [],
            near_misses=keys.open(row.near_misses) or [],
            finished_at=row.finished_at,
        )
        for row in db.execute(query)
    ]


def is_complete(found: Sequence[Search]) -> bool:
    """Whether the search of every connection is complete."""
    return bool(found) and all(one.is_complete for one in found)


def type_exclusions(
    database: Database, db: sa.Connection, request_id: int
) -> dict[tuple[str, str], dict[str, str]]:
    """The fields that go out of no object of a type, with reasons, by connection and type."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    query = sa.select(type_fields).where(type_fields.c.request_id == request_id)
    for row in db.execute(query):
        reason = str(database.keys.open(row.why))
        found.setdefault((row.connection, row.object_type), {})[row.field] = reason
    return found
