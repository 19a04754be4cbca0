"""Connections: of a plugin, or a processor who is asked by e-mail. From a YAML file, or the portal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector import host
from te_connector.errors import ConnectorError
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import PortalSettings
from te_connector.portal.store import log
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import connections

_KEYS = ("connector", "profile", "base_url", "manifest", "proxy", "ca_bundle", "state_dir")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@attrs.frozen
class Connection:
    """One connection. ``config`` is a plugin's connection, or what a processor's needs."""

    name: str
    kind: str
    title: str
    source: str
    worker: str
    active: bool
    config: Mapping[str, Any] = attrs.field(repr=False)
    checked_at: str | None = None
    check: Mapping[str, Any] | None = None


def sync(database: Database, settings: PortalSettings) -> None:
    """Bring the connections of the file, or else of the environment, into the database.

    :raises FileFaults: the file has faults, all of them with lines.
    """
    if settings.connections_file is not None:
        found = _read(settings.connections_file, settings)
        source = "file"
    else:
        config = dict(settings.connection)
        found = [
            Connection(
                "default", "connector", "Total Expert", "environment", settings.worker, True, config
            )
        ]
        source = "environment"
    with database.begin() as db:
        names = [one.name for one in found]
        db.execute(
            sa.update(connections)
            .where(connections.c.source.in_(("file", "environment")))
            .where(connections.c.name.not_in(names))
            .values(active=False)
        )
        for one in found:
            store(database, db, attrs.evolve(one, source=source))


def _read(path: Path, settings: PortalSettings) -> list[Connection]:
    from te_connector.text.check import check
    from te_connector.text.document import fail, read, read_json

    document = read(path)
    schema = read_json(Path(__file__).parent / "connections.schema.json")
    fail(check(document, schema, quote=False))
    return [_connection(one, settings) for one in document.data["connections"]]


def _connection(entry: Mapping[str, Any], settings: PortalSettings) -> Connection:
    if "mailbox" in entry:
        keys = ("mailbox", "notes", "rights", "answers_for", "reminder_days", "deadline_days")
        config = {key: entry[key] for key in keys if key in entry}
        kind = "processor"
    else:
        config = plugin_connection(entry, settings.state_dir)
        kind = "connector"
    return Connection(
        entry["name"],
        kind,
        entry.get("title", entry["name"]),
        "file",
        entry.get("worker", settings.worker),
        True,
        config,
    )


def plugin_connection(entry: Mapping[str, Any], state_dir: Path) -> dict[str, Any]:
    """What the hooks get: credentials are the stored ones of the profile."""
    config = {key: entry[key] for key in _KEYS if entry.get(key)}
    config["name"] = config.pop("profile", entry.get("name", "default"))
    config.setdefault("state_dir", str(state_dir))
    return config


def store(database: Database, db: sa.Connection, one: Connection) -> None:
    """Add a connection, or change the one of that name."""
    values = {
        "kind": one.kind,
        "title": one.title,
        "source": one.source,
        "worker": one.worker,
        "active": one.active,
        "config": database.keys.seal(dict(one.config)),
    }
    changed = db.execute(
        sa.update(connections).where(connections.c.name == one.name).values(**values)
    )
    if not changed.rowcount:
        db.execute(sa.insert(connections).values(name=one.name, **values))


def add(database: Database, db: sa.Connection, one: Connection, actor: Actor) -> None:
    """Add a connection in the portal.

    :raises Refused: its name is used or can't be used.
    """
    if not _NAME.fullmatch(one.name):
        raise Refused("name_wrong", "Use letters, digits, dots, dashes and underscores.", "name")
    if one.name in {known.name for known in every(database, db)}:
        raise Refused("name_used", "There is a connection with this name.", "name")
    store(database, db, attrs.evolve(one, source="portal"))
    log.append(database, db, actor.name, "connection", name=one.name, kind=one.kind)


def set_active(
    database: Database, db: sa.Connection, name: str, actor: Actor, *, active: bool
) -> None:
    """Turn a connection on or off."""
    db.execute(sa.update(connections).where(connections.c.name == name).values(active=active))
    log.append(database, db, actor.name, "connection", name=name, active=active)


def every(
    database: Database, db: sa.Connection, *, active: bool = False, kind: str = ""
) -> list[Connection]:
    """All connections, or the active ones, or those of a kind."""
    query = sa.select(connections).order_by(connections.c.name)
    if active:
        query = query.where(connections.c.active)
    if kind:
        query = query.where(connections.c.kind == kind)
    return [_row(database, row) for row in db.execute(query).mappings()]


def get(database: Database, db: sa.Connection, name: str) -> Connection:
    """The connection of that name.

    :raises Refused: there is none.
    """
    row = db.execute(sa.select(connections).where(connections.c.name == name)).mappings().first()
    if row is None:
        raise Refused("connection_unknown", "There is no such connection.")
    return _row(database, row)


def _row(database: Database, row: sa.RowMapping) -> Connection:
    fields = {field.name: row[field.name] for field in attrs.fields(Connection)}
    return Connection(**{**fields, "config": database.keys.open(row["config"])})


def validate(database: Database, name: str) -> Mapping[str, Any]:
    """Ask the plugin whether a connection works, and keep the answer."""
    with database.begin() as db:
        one = get(database, db, name)
    try:
        answer: Mapping[str, Any] = dict(host.validate(one.config))
    except ConnectorError as error:
        check = {"name": "connection", "ok": False, "code": error.code, "detail": str(error)}
        answer = {"ok": False, "checks": [check]}
    with database.begin() as db:
        db.execute(
            sa.update(connections)
            .where(connections.c.name == name)
            .values(checked_at=now(), check=answer)
        )
    return answer


def identifier_kinds(one: Connection) -> list[str]:
    """The identifier kinds that a connection's plugin compares, in its order."""
    found = host.discover(one.config)
    types = {item["name"] for item in found["object_types"]}
    kinds = [kind for item in found["object_types"] for kind in item["identifiers"]]
    return [kind for kind in dict.fromkeys(kinds) if kind not in types]


def check_identifiers(
    database: Database, db: sa.Connection, identifiers: Mapping[str, Any]
) -> None:
    """Let every plugin check the identifiers; nothing is sent.

    :raises Refused: a value can't be an identifier of its kind, or no connection knows the kind.
    """
    known: set[str] = set()
    for one in every(database, db, active=True, kind="connector"):
        kinds = identifier_kinds(one)
        known.update(kinds)
        own = {kind: list(values) for kind, values in identifiers.items() if kind in kinds}
        if not own:
            continue
        try:
            host.fetch(
                one.config, [{"id": "this request", "identifiers": own}], {"check_only": True}
            )
        except ConnectorError as error:
            raise Refused(error.code, str(error), "identifiers") from None
    unknown = sorted(set(identifiers) - known)
    if unknown and known:
        raise Refused(
            "identifier_kind_unknown",
            f"Use these kinds of identifiers: {', '.join(sorted(known))}.",
            "identifiers",
        )
