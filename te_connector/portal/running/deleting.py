"""Deleting what was approved: receipts are planned before, so a kill can't make one twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector import host
from te_connector.errors import ConnectorError
from te_connector.portal import connections
from te_connector.portal.desk import disclosure, findings, requests
from te_connector.portal.desk.findings import Found
from te_connector.portal.direct import asking, processors, tasks
from te_connector.portal.refusal import SYSTEM, Actor, Refused
from te_connector.portal.settings import Choices, read_choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import receipts
from te_connector.portal.store.tables import requests as request_table

GONE = ("deleted", "already_absent")
_LOOK_AGAIN = ("refused", "failed")


@attrs.frozen
class Receipt:
    """One planned or final receipt."""

    receipt_id: str
    record_id: int
    connection: str
    object_type: str
    object_id: str
    digest: str
    attempt: int
    kind: str
    status: str | None
    interrupted: bool
    receipt: dict[str, Any] | None


def order(chosen: Sequence[Found]) -> list[Found]:
    """Children before parents; what the API can't delete comes last, to see whether it is gone."""
    parents = {parent for one in chosen for parent in one.parents}
    return sorted(chosen, key=lambda one: (not one.deletable, one.key in parents))


def start(database: Database, db: sa.Connection, request: requests.Request, actor: Actor) -> None:
    """Plan a receipt for each chosen object, and take the request to ``deleting``.

    :raises Refused: the request isn't approved, or nothing is chosen.
    """
    if request.kind != "erasure":
        raise Refused("kind_wrong", "Only an erasure request deletes.")
    chosen = disclosure.to_delete(findings.every(database, db, request.id))
    known = {one.record_id: one for one in every(db, request.id)}  # the latest attempt wins
    attempt = max((one.attempt for one in known.values()), default=0) + 1
    db.execute(
        sa.update(receipts).where(receipts.c.request_id == request.id).values(interrupted=False)
    )
    for position, one in enumerate(order(chosen)):
        last = known.get(one.id)
        if last is not None and (last.status is None or last.status in GONE):
            continue
        db.execute(
            sa.insert(receipts).values(
                receipt_id=str(uuid.uuid4()),
                request_id=request.id,
                record_id=one.id,
                connection=one.connection,
                object_type=one.object_type,
                object_id=one.object_id,
                digest=one.digest,
                attempt=attempt,
                position=position,
                kind="proven",
            )
        )
    requests.change_state(
        database, db, request, "deleting", actor, attempt=attempt, objects=len(chosen)
    )
    choices = read_choices(database, db)
    asking.plan(database, db, request, choices, _handed_over(database, db, choices, chosen))


def _handed_over(
    database: Database, db: sa.Connection, choices: Choices, chosen: Sequence[Found]
) -> dict[str, list[list[str]]]:
    """The objects that the API can't delete and that a processor can, by the processor's name."""
    return {
        one.name: [
            [item.connection, *item.key]
            for item in chosen
            if not item.deletable and item.object_type in one.answers_for.get(item.connection, ())
        ]
        for one in processors.active(database, db, choices, "deletion")
    }


def every(db: sa.Connection, request_id: int) -> list[Receipt]:
    """All receipts of a request, planned ones too, in the order of their work."""
    query = (
        sa.select(receipts)
        .where(receipts.c.request_id == request_id)
        .order_by(receipts.c.attempt, receipts.c.position)
    )
    fields = [field.name for field in attrs.fields(Receipt)]
    return [Receipt(**{name: row[name] for name in fields}) for row in db.execute(query).mappings()]


def final(db: sa.Connection, request_id: int) -> list[Receipt]:
    """The last receipt of each object."""
    return list({one.record_id: one for one in every(db, request_id)}.values())


def waiting(database: Database, db: sa.Connection) -> list[tuple[int, str, int, str]]:
    """Deletions to be begun: request, connection, version, worker."""
    query = (
        sa.select(receipts.c.request_id, receipts.c.connection, request_table.c.version)
        .join(request_table, request_table.c.id == receipts.c.request_id)
        .where(request_table.c.state == "deleting")
        .distinct()
    )
    workers = {one.name: one.worker for one in connections.every(database, db)}
    return [
        (int(row.request_id), row.connection, int(row.version), workers[row.connection])
        for row in db.execute(query)
    ]


def pending(database: Database, request_id: int, connection: str) -> list[str]:
    """The receipt ids of a connection whose deletion isn't done."""
    with database.begin() as db:
        return [
            one.receipt_id
            for one in every(db, request_id)
            if one.status is None and one.connection == connection
        ]


def delete(database: Database, receipt_id: str) -> str:
    """Delete one object through the hook. Returns the status, or nothing if it can't be reached."""
    with database.begin() as db:
        row = db.execute(sa.select(receipts).where(receipts.c.receipt_id == receipt_id)).one()
        if row.status is not None:
            return str(row.status)
        request = requests.get(database, db, row.request_id)
        one = connections.get(database, db, row.connection)
    options = {
        "receipt_id": receipt_id,
        "reviewed": row.digest,
        "actor": f"portal request {request.id}",
    }
    subject = {"id": str(request.id), "identifiers": _identifiers(request, one)}
    try:
        given = host.delete(one.config, (row.object_type, row.object_id), subject, options)
    except ConnectorError as error:
        _interrupt(database, request.id, one.name, error)
        return ""
    _keep(database, row, given)
    return str(given["status"])


def _identifiers(request: requests.Request, one: connections.Connection) -> dict[str, list[str]]:
    kinds = connections.identifier_kinds(one)
    return {
        kind: list(values)
        for kind, values in request.person.identifiers.items()
        if kind in kinds and values
    }


def _interrupt(database: Database, request_id: int, connection: str, error: ConnectorError) -> None:
    """The system can't be reached now: what isn't deleted waits for another attempt."""
    with database.begin() as db:
        db.execute(
            sa.update(receipts)
            .where(
                receipts.c.request_id == request_id,
                receipts.c.connection == connection,
                receipts.c.status.is_(None),
            )
            .values(interrupted=True)
        )
        log.append(
            database,
            db,
            SYSTEM.name,
            "deletion_interrupted",
            request_id=request_id,
            code=error.code,
            message=str(error),
        )


def _keep(database: Database, row: sa.Row[Any], given: Mapping[str, Any]) -> None:
    """Keep a receipt, once."""
    with database.begin() as db:
        db.execute(
            sa.update(receipts)
            .where(receipts.c.receipt_id == row.receipt_id, receipts.c.status.is_(None))
            .values(status=given["status"], receipt=dict(given))
        )
        log.append(
            database,
            db,
            SYSTEM.name,
            "receipt",
            request_id=row.request_id,
            receipt_id=row.receipt_id,
            object=f"{row.object_type}:{row.object_id}",
            status=given["status"],
        )


def settle(database: Database) -> int:
    """Finish deletions that have nothing left to do. Returns how many requests went on."""
    with database.begin() as db:
        query = sa.select(request_table.c.id).where(request_table.c.state == "deleting")
        numbers = list(db.scalars(query))
    return sum(finish(database, number) != "deleting" for number in numbers)


def finish(database: Database, request_id: int) -> str:
    """Close the request if everything is settled, or take it back to review. Returns its state."""
    with database.begin() as db:
        request = requests.get(database, db, request_id)
        if request.state != "deleting":
            return request.state
        found = final(db, request_id)
        left = [one for one in found if one.status is None]
        if any(not one.interrupted for one in left):
            return request.state  # another connection's deletion is under way
        again = [one for one in found if one.status in _LOOK_AGAIN]
        asked = tasks.of_request(database, db, request_id)
        waits = None if left or again else tasks.waits_for(asked)
        after = "review" if left or again else "waiting" if waits else "done"
        requests.change_state(
            database,
            db,
            request,
            after,
            SYSTEM,
            values={"waits_for": waits, "waits_until": tasks.waits_until(asked)},
            deleted=sum(one.status in GONE for one in found),
            look_again=len(again),
            not_begun=len(left),
        )
        return after
