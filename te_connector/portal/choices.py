"""What an officer decides about the found objects: in or out, which fields, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.portal import findings, log, requests
from te_connector.portal.database import Database
from te_connector.portal.findings import Found, Key
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.tables import records, type_fields

FOLLOWS = "It belongs to an object that is left out."
NOT_CONFIRMED = "A weak match that nobody confirmed."
_GONE: Any = object()


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
        if not choice.chosen and found.is_clear and not choice.why.strip():
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
                why=database.keys.seal(choice.why.strip()) if choice.why.strip() else None,
            )
        )
    requests.update(database, db, request, {})
    log.append(
        database,
        db,
        actor.name,
        "objects_chosen",
        request_id=request.id,
        chosen=sum(one.chosen for one in choices),
        left_out=sum(not one.chosen for one in choices),
    )


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
    """Leave out, at first, the fields that the schema marks as telling about other people."""
    exists = sa.select(sa.func.count()).where(
        type_fields.c.request_id == request_id, type_fields.c.connection == connection
    )
    if db.scalar(exists):
        return
    why = database.keys.seal("Tells about another person")
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


@attrs.frozen
class Released:
    """An object as it goes out, and what of it does not."""

    found: Found = attrs.field(repr=False)
    data: Mapping[str, Any] = attrs.field(repr=False)
    left_out: Mapping[str, str]


@attrs.frozen
class Withheld:
    """An object that does not go out."""

    found: Found = attrs.field(repr=False)
    why: str


def outcome(
    found: Sequence[Found], type_exclusions: Mapping[tuple[str, str], Mapping[str, str]]
) -> tuple[list[Released], list[Withheld]]:
    """What goes out and what does not. Pure. A child of a left-out object stays out with it."""
    chosen = {(one.connection, one.key): one.chosen for one in found}

    def is_out(one: Found) -> bool:
        parents: Iterable[tuple[str, Key]] = ((one.connection, parent) for parent in one.parents)
        return any(chosen.get(parent) is False for parent in parents)

    released: list[Released] = []
    withheld: list[Withheld] = []
    for one in found:
        if not one.chosen:
            withheld.append(Withheld(one, one.why or NOT_CONFIRMED))
        elif is_out(one):
            withheld.append(Withheld(one, FOLLOWS))
        else:
            fields = {**type_exclusions.get((one.connection, one.object_type), {}), **one.fields}
            data, gone = without_fields(one.data, fields)
            released.append(Released(one, data, gone))
    return released, withheld


def without_fields(
    data: Mapping[str, Any], fields: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The data without some fields, and those that were there to leave out. Changes nothing."""
    kept: Any = dict(data)
    gone: dict[str, str] = {}
    for field, why in fields.items():
        left = _without(kept, field.split("."))
        if left != kept:
            gone[field] = why
        kept = left
    return kept, gone


def _without(value: Any, path: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [left for item in value if (left := _without(item, path)) is not _GONE]
    if not isinstance(value, dict):
        # Text where an object was expected may be the very thing to leave out.
        return value if value is None or value == "" else _GONE
    if path[0] not in value:
        return value
    left = _without(value[path[0]], path[1:]) if len(path) > 1 else _GONE
    rest = {key: inner for key, inner in value.items() if key != path[0]}
    return rest if left is _GONE else {**value, path[0]: left}


def field_paths(data: Iterable[Mapping[str, Any]]) -> list[str]:
    """The fields that objects have: keys, and keys inside them, in order of appearance."""
    paths: dict[str, None] = {}
    for one in data:
        for key, value in one.items():
            paths[key] = None
            inner = value if isinstance(value, list) else [value]
            for item in inner:
                if isinstance(item, Mapping):
                    paths.update({f"{key}.{name}": None for name in item})
    return list(paths)
