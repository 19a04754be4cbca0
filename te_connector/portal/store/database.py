"""The portal's database: SQLite in the state directory, or Postgres by URL. Numbered migrations."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from te_connector.errors import SettingsError, StateError
from te_connector.portal.store import guards
from te_connector.portal.store.crypto import Keys
from te_connector.portal.store.tables import metadata, settings

_LOCK = int.from_bytes(hashlib.sha256(b"te-connector portal").digest()[:7], "big")
_BUSY_SECONDS = 30


def _first(db: sa.Connection) -> None:
    metadata.create_all(db)
    guards.create(db)


MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (_first,)
"""Each takes the schema from its number to the next. Add to the end; never edit a released one."""


class Database:
    """One engine, with the keys that encrypt its values."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.url, self.keys = url, keys
        self.is_postgres = url.startswith("postgresql")
        try:
            self.engine = sa.create_engine(driver_url(url), **self._options())
        except (sa.exc.ArgumentError, ImportError, ValueError):
            raise SettingsError(
                "TE_DATABASE_URL must be a URL like postgresql://user:password@host/database."
            ) from None
        if not self.is_postgres:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_immediate)

    def _options(self) -> dict[str, Any]:
        if self.is_postgres:
            return {"pool_pre_ping": True, "pool_size": 10}
        return {"connect_args": {"timeout": _BUSY_SECONDS}}

    def migrate(self) -> None:
        """Create or update the schema; safe to run from several processes at once.

        :raises StateError: the database can't be used, is newer, or belongs to another key.
        """
        try:
            with self.engine.begin() as db:
                if self.is_postgres:
                    db.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                version = _version(db)
                if version > len(MIGRATIONS):
                    raise StateError(
                        "The portal's database is newer than this version. Update te-connector."
                    )
                for number, migration in enumerate(MIGRATIONS[version:], version + 1):
                    migration(db)
                    self._set(db, "schema", number)
                self._check_key(db)
        except sa.exc.SQLAlchemyError as error:
            raise StateError(
                f"The portal's database can't be used ({type(error).__name__}). Check "
                "TE_DATABASE_URL, or the state directory's disk and permissions."
            ) from None

    def _check_key(self, db: sa.Connection) -> None:
        mark = self.keys.fingerprint("key check")
        known = db.scalar(sa.select(settings.c.value).where(settings.c.key == "key_check"))
        if known is None:
            self._set(db, "key_check", mark)
        elif known != mark:
            raise StateError(
                "The portal's database was encrypted with another key. Restore the key file, or "
                "set TE_KEY_FILE to it."
            )

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end, rolled back on an error."""
        with self.engine.begin() as db:
            yield db

    def setting(self, db: sa.Connection, key: str, default: Any = None) -> Any:
        """A setting that an admin changed in the portal."""
        value = db.scalar(sa.select(settings.c.value).where(settings.c.key == key))
        return default if value is None else value

    def _set(self, db: sa.Connection, key: str, value: Any) -> None:
        set_setting(db, key, value)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def set_setting(db: sa.Connection, key: str, value: Any) -> None:
    """Store a setting."""
    db.execute(sa.delete(settings).where(settings.c.key == key))
    db.execute(sa.insert(settings).values(key=key, value=value))


def sqlite_url(folder: Path) -> str:
    """The URL of the embedded database."""
    return f"sqlite:///{folder / 'portal.sqlite'}"


def driver_url(url: str) -> str:
    """The URL with the driver that is installed (psycopg 3)."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return f"postgresql+psycopg://{url.removeprefix(prefix)}"
    return url


def now() -> str:
    """The present time, RFC 3339 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def after(text: str, *, days: int) -> str:
    """The time that many days after another one, both as :func:`now` writes them."""
    moment = datetime.datetime.fromisoformat(text) + datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _version(db: sa.Connection) -> int:
    if not sa.inspect(db).has_table("settings"):
        return 0
    return int(db.scalar(sa.select(settings.c.value).where(settings.c.key == "schema")) or 0)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event begins, see below
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute("PRAGMA secure_delete = ON")  # a purge leaves nothing in the file
    cursor.close()


def _begin_immediate(db: sa.Connection) -> None:
    """Writers queue up from the start, instead of failing when they upgrade from reading."""
    db.exec_driver_sql("BEGIN IMMEDIATE")
