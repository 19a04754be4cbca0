"""Backup and restore: one file with the portal's tables and the state directory, without the key.

The tables are written as JSON lines, so a backup of SQLite can be restored to Postgres, and the other way.
People's data stays encrypted in it. Names and addresses of officers, and the log, are readable.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import sqlalchemy as sa

from te_connector.errors import StateError
from te_connector.portal.settings import PortalSettings
from te_connector.portal.store import guards
from te_connector.portal.store.crypto import Keys
from te_connector.portal.store.database import MIGRATIONS, Database, now, set_setting
from te_connector.portal.store.tables import metadata, searches, transitions
from te_connector.storage.files import make_folder, write_private

FORMAT: Final = 1
_HEAD, _STATE = "backup.json", "state"
_MOST = 20 * 1024**3
"""Bytes that a backup may unpack to."""


def backup(settings: PortalSettings, database: Database, path: Path) -> dict[str, int]:
    """Write a backup. The portal may run meanwhile. Returns how many rows each table has.

    :raises StateError: the file can't be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            counts = _write_tables(database, archive)
            for one in _state_files(settings.state_dir):
                archive.write(one, f"{_STATE}/{one.relative_to(settings.state_dir).as_posix()}")
            head = {
                "format": FORMAT,
                "made_at": now(),
                "schema": len(MIGRATIONS),
                "key_check": database.keys.fingerprint("key check"),
                "rows": counts,
            }
            archive.writestr(_HEAD, json.dumps(head, indent=1))
            file.flush()
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StateError(f"The backup can't be written to {path} ({error.strerror}).") from None
    return counts


def _write_tables(database: Database, archive: zipfile.ZipFile) -> dict[str, int]:
    """All tables as they were at one moment."""
    options = {"isolation_level": "REPEATABLE READ"} if database.is_postgres else {}
    counts: dict[str, int] = {}
    with database.engine.connect().execution_options(**options) as db, db.begin():
        for table in _tables():
            counts[table.name] = 0
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
                for row in db.execute(sa.select(table)).mappings():
                    lines.write((json.dumps(dict(row), default=_packed) + "\n").encode())
                    counts[table.name] += 1
    return counts


def _tables() -> list[sa.Table]:
    """The tables in the order of their references. The legal changes come from the program."""
    return [one for one in metadata.sorted_tables if one is not transitions]


def _packed(value: Any) -> Any:
    return {"$bytes": base64.b64encode(bytes(value)).decode()}


def _unpacked(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bytes"]) if set(value) == {"$bytes"} else value


def _state_files(root: Path) -> Iterator[Path]:
    """The state directory's files, but for the portal's own databases and locks."""
    for one in sorted(root.rglob("*")):
        is_portal = one.relative_to(root).parts[0] == "portal"
        if one.is_file() and not one.is_symlink() and not is_portal and one.suffix != ".lock":
            yield one


def restore(settings: PortalSettings, path: Path) -> dict[str, int]:
    """Restore a backup into an empty database and state directory. Returns the rows of each table.

    :raises StateError: the file isn't a backup, is of a newer version or of another key, or there is
        something that would be overwritten. Nothing was changed then.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(one.file_size for one in archive.infolist()) > _MOST:
                raise StateError(f"{path} is too large for a backup.")
            head = json.loads(archive.read(_HEAD))
            keys = Keys.load()
            _check(head, keys, path)
            files = _files(archive, settings.state_dir)
            make_folder(settings.folder)
            database = Database(settings.database, keys)
            counts = _read_tables(database, archive, head)
            for target, name in files.items():
                make_folder(target.parent)
                write_private(target, archive.read(name))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError):
        raise StateError(f"{path} can't be read, or isn't a backup of the portal.") from None
    database.close()
    return counts


def _check(head: Any, keys: Keys, path: Path) -> None:
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise StateError(f"{path} isn't a backup of the portal.")
    if head["schema"] > len(MIGRATIONS):
        raise StateError(f"{path} was made by a newer version. Update te-connector.")
    if head["schema"] < len(MIGRATIONS):
        raise StateError(
            f"{path} is of an older version. Restore it with that version, and update."
        )
    if head["key_check"] != keys.fingerprint("key check"):
        raise StateError(f"{path} was made with another key. Set TE_KEY_FILE to that key.")


def _files(archive: zipfile.ZipFile, root: Path) -> dict[Path, str]:
    """The state directory's files in the backup, by where they go."""
    found: dict[Path, str] = {}
    for name in archive.namelist():
        parts = PurePosixPath(name).parts
        if parts[:1] != (_STATE,) or len(parts) < 2:
            continue
        if ".." in parts or name.startswith("/") or "\\" in name or parts[1] == "portal":
            raise StateError("The backup has a file outside the state directory.")
        found[root.joinpath(*parts[1:])] = name
    existing = [str(one) for one in found if one.exists()]
    if existing:
        raise StateError(f"{existing[0]} is there already. Restore to an empty state directory.")
    return found


def _read_tables(database: Database, archive: zipfile.ZipFile, head: Any) -> dict[str, int]:
    """Fill the empty tables, and only then add the rules that rows would break on their way in."""
    counts: dict[str, int] = {}
    with database.begin() as db:
        if sa.inspect(db).has_table(metadata.sorted_tables[0].name):
            raise StateError(
                "The database isn't empty. Restore to a new one: another TE_STATE_DIR, or another "
                "database in TE_DATABASE_URL."
            )
        metadata.create_all(db)
        for table in _tables():
            content = archive.read(f"tables/{table.name}.jsonl")
            rows = [json.loads(line, object_hook=_unpacked) for line in io.BytesIO(content)]
            for start in range(0, len(rows), 500):
                db.execute(sa.insert(table), rows[start : start + 500])
            counts[table.name] = len(rows)
            if database.is_postgres:
                _set_sequence(db, table)
        if counts != head["rows"]:
            raise StateError("The backup has lost rows. Use another one.")
        guards.create(db)
        set_setting(db, "schema", len(MIGRATIONS))
        # A sweep that was under way begins anew.
        running = searches.c.state == "running"
        db.execute(sa.update(searches).where(running).values(state="waiting", sweep=None))
    return counts


def _set_sequence(db: sa.Connection, table: sa.Table) -> None:
    """Postgres counts on from the highest id."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = db.scalar(
        sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
        {"table": table.name, "column": column.name},
    )
    if sequence is not None:
        highest = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        db.execute(sa.select(sa.func.setval(sequence, highest, False)))


def digest(path: Path) -> str:
    """The file's SHA-256, to be kept apart from it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
