"""What an officer decides about the found objects: in or out, which fields, and why not.

What goes out then is decided in :mod:`disclosure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal.desk import findings, requests
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.store import log
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import records, type_fields

THIRD_PARTY = "About another person"


@attrs.frozen
class Choice:
    """What was decided about one object."""

    record_id: int
    chosen: bool
    why: str = attrs.field(default="", repr=False)


def decide(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    choices: Sequence[Choice],
    actor: Actor,
) -> None:
    """Keep decisions about objects. Nobody can decide while the request isn't in review.

    :raises Refused: a clear match is left out without a reason.
    """
    _check_review(request)
    for choice in choices:
        found = findings.get(database, db, request.id, choice.record_id)
        if found is None:
            raise Refused("record_unknown", "This object isn't in the request. Reload the page.")
        why = choice.why.strip()
        if not choice.chosen and found.is_clear and not why:
            raise Refused(
                "reason_missing",
                "Enter a reason for each object that you leave out.",
                f"why-{choice.record_id}",
            )
        db.execute(
            sa.update(records)
            .where(records.c.id == choice.record_id)
            .values(
                chosen=choice.chosen,
                decided=True,
                # A reason for leaving an object out has no use for one that goes in.
                why=database.keys.seal(why) if why and not choice.chosen else None,
            )
        )
    chosen = sum(one.chosen for one in choices)
    _note(database, db, request, actor, chosen=chosen, left_out=len(choices) - chosen)


def _note(
    database: Database, db: sa.Connection, request: requests.Request, actor: Actor, **detail: Any
) -> None:
    """Say in the log that objects were chosen; older pages of the request are out of date."""
    requests.update(database, db, request, {})
    log.append(database, db, actor.name, "objects_chosen", request_id=request.id, **detail)


def decide_type(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    which: tuple[str, str],
    chosen: bool,
    why: str,
    actor: Actor,
) -> None:
    """Put in, or leave out, all clear matches of a type. Weak and shared ones stay as they are.

    :raises Refused: they are left out without a reason, or the request has none.
    """
    _check_review(request)
    if not chosen and not why.strip():
        raise Refused("reason_missing", "Enter a reason to leave out all of a type.", "why-all")
    connection, object_type = which
    changed = db.execute(
        sa.update(records)
        .where(
            records.c.request_id == request.id,
            records.c.connection == connection,
            records.c.object_type == object_type,
            records.c.strength == "strong",
            records.c.shared.is_(False),
        )
        .values(
            chosen=chosen,
            decided=True,
            why=None if chosen else database.keys.seal(why.strip()),
        )
    ).rowcount
    if not changed:
        raise Refused("type_unknown", "The request has no strong match of this type.", "type")
    counts = {"chosen": changed if chosen else 0, "left_out": 0 if chosen else changed}
    _note(database, db, request, actor, object_type=object_type, **counts)


def leave_out_of_type(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    which: tuple[str, str],
    fields: Mapping[str, str],
    actor: Actor,
) -> None:
    """Leave fields out of every object of a type. ``fields`` gives each one's reason."""
    _check_review(request)
    _check_reasons(fields)
    connection, object_type = which
    db.execute(
        sa.delete(type_fields).where(
            type_fields.c.request_id == request.id,
            type_fields.c.connection == connection,
            type_fields.c.object_type == object_type,
        )
    )
    for field, why in fields.items():
        db.execute(
            sa.insert(type_fields).values(
                request_id=request.id,
                connection=connection,
                object_type=object_type,
                field=field,
                why=database.keys.seal(why.strip()),
            )
        )
    requests.update(database, db, request, {})
    log.append(
        database,
        db,
        actor.name,
        "fields_chosen",
        request_id=request.id,
        object_type=object_type,
        fields=sorted(fields),
    )


def leave_out_of_record(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    record_id: int,
    fields: Mapping[str, str],
    actor: Actor,
) -> None:
    """Leave fields out of one object."""
    _check_review(request)
    _check_reasons(fields)
    db.execute(
        sa.update(records)
        .where(records.c.id == record_id, records.c.request_id == request.id)
        .values(fields={field: why.strip() for field, why in fields.items()})
    )
    requests.update(database, db, request, {})
    log.append(
        database,
        db,
        actor.name,
        "fields_chosen",
        request_id=request.id,
        record=record_id,
        fields=sorted(fields),
    )


def _check_review(request: requests.Request) -> None:
    if request.state != "review":
        raise Refused("not_in_review", "Decide while the request is in review. Reload the page.")


def _check_reasons(fields: Mapping[str, str]) -> None:
    missing = next((field for field, why in fields.items() if not why.strip()), None)
    if missing is not None:
        raise Refused("reason_missing", "Enter a reason for each field.", f"why-{missing}")


def mark_third_party(
    database: Database,
    db: sa.Connection,
    request_id: int,
    connection: str,
    object_types: Sequence[Mapping[str, Any]],
) -> None:
    """Leave out, at first, the fields that the schema marks as being about other people."""
    exists = sa.select(sa.func.count()).where(
        type_fields.c.request_id == request_id, type_fields.c.connection == connection
    )
    if db.scalar(exists):
        return
    why = database.keys.seal(THIRD_PARTY)
    rows = [
        {
            "request_id": request_id,
            "connection": connection,
            "object_type": item["name"],
            "field": field,
            "why": why,
        }
        for item in object_types
        for field in third_party_fields(item["schema"])
    ]
    if rows:
        db.execute(sa.insert(type_fields), rows)


def third_party_fields(schema: Mapping[str, Any], above: str = "") -> list[str]:
    """The fields whose schema says ``x-concerns: third-party``."""
    found: list[str] = []
    properties = schema.get("properties")
    for key, node in properties.items() if isinstance(properties, Mapping) else ():
        path = f"{above}{key}"
        if isinstance(node, Mapping) and node.get("x-concerns") == "third-party":
            found.append(path)
        elif isinstance(node, Mapping):
            found += third_party_fields(node, f"{path}.")
    return found
