"""What the gateway keeps on disk: requests, their answers and deletions, encrypted.

One SQLite file in the state directory. A request is found by a keyed hash of its id, and everything
about a person (identifiers, records, receipts) is encrypted with a key that is kept elsewhere (the
vault's data key), so the file alone shows no personal data.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector.errors import StateError
from te_connector.gateway.answers import Answer, Decision, Key, Match
from te_connector.storage import vault

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
  key TEXT PRIMARY KEY, created REAL NOT NULL, sealed BLOB NOT NULL,
  searches INTEGER NOT NULL DEFAULT 0, searched REAL, outcome BLOB,
  answered REAL, answer BLOB, decisions BLOB
);
CREATE TABLE IF NOT EXISTS deletions (
  key TEXT NOT NULL, object TEXT NOT NULL, attempt INTEGER NOT NULL,
  receipt_id TEXT NOT NULL, receipt BLOB, PRIMARY KEY (key, object, attempt)
);
"""


@attrs.frozen
class Kept:
    """What is kept of one request. ``outcome`` is its latest search without data, ``answer`` all of it.

    ``searches`` counts incomplete searches; ``searched`` is when the latest ended (seconds).
    """

    request: str = attrs.field(repr=False)
    identifiers: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)
    created: float
    searches: int = 0
    searched: float | None = None
    outcome: Answer | None = None
    answer: Answer | None = None
    decisions: Mapping[Key, Decision] = attrs.Factory(dict)


class Store:
    """The gateway's file. Safe to use from several threads and processes."""

    def __init__(
        self,
        folder: Path,
        *,
        answer_seconds: float,
        identifier_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        key = vault.data_key(create=True)
        if key is None:
            raise StateError(
                f"No key for the gateway's file: set TE_KEY_FILE ({vault.key_path()})."
            )
        self._hash_key = _derived(key, b"te-connector gateway requests")
        self._seal_key = base64.urlsafe_b64encode(_derived(key, b"te-connector gateway"))
        self._answer_seconds, self._identifier_seconds = answer_seconds, identifier_seconds
        self._clock = clock
        self._path = folder / "gateway.sqlite"
        self._local = threading.local()
        old = os.umask(0o077)  # SQLite makes its files with the process's umask
        try:
            with self._transaction() as db:
                db.executescript(_SCHEMA)
        finally:
            os.umask(old)

    def key_of(self, request: str) -> str:
        """The key under which a request is kept."""
        return hmac.new(self._hash_key, request.encode(), hashlib.sha256).hexdigest()

    def add(self, request: str, identifiers: Mapping[str, tuple[str, ...]]) -> Kept:
        """Keep a request's identifiers if it is new. Returns what is kept, which may be older."""
        key = self.key_of(request)
        sealed = self._seal({"request": request, "identifiers": identifiers})
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO requests (key, created, sealed) VALUES (?, ?, ?)",
                (key, self._clock(), sealed),
            )
        kept = self.get(request)
        assert kept is not None, "it was added just now"
        return kept

    def get(self, request: str) -> Kept | None:
        """What is kept of a request, or None."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT * FROM requests WHERE key = ?", (self.key_of(request),)
            ).fetchone()
        if row is None or row["created"] < self._clock() - self._identifier_seconds:
            return None
        return self._kept(row)

    def all(self) -> list[Kept]:
        """Every request that is kept, oldest first."""
        with self._transaction() as db:
            rows = db.execute("SELECT * FROM requests ORDER BY created").fetchall()
        return [self._kept(row) for row in rows]

    def _kept(self, row: sqlite3.Row) -> Kept:
        about = self._unseal(row["sealed"])
        fresh = row["answered"] is not None and (
            row["answered"] >= self._clock() - self._answer_seconds
        )
        return Kept(
            request=about["request"],
            identifiers={kind: tuple(values) for kind, values in about["identifiers"].items()},
            created=row["created"],
            searches=row["searches"],
            searched=row["searched"],
            outcome=_answer(self._unseal(row["outcome"])),
            answer=_answer(self._unseal(row["answer"])) if fresh else None,
            decisions={
                (object_type, object_id): decision
                for object_type, object_id, decision in self._unseal(row["decisions"]) or []
            },
        )

    def finish(self, request: str, answer: Answer) -> None:
        """Keep a search that has ended. Only a complete one is kept as the request's answer."""
        now, key = self._clock(), self.key_of(request)
        outcome = self._seal(attrs.asdict(attrs.evolve(answer, records=[])))
        with self._transaction() as db:
            if answer.complete:
                db.execute(
                    "UPDATE requests SET searches = 0, searched = ?, outcome = ?, answered = ?,"
                    " answer = ? WHERE key = ? AND (answer IS NULL OR answered < ?)",
                    (now, outcome, now, self._seal(attrs.asdict(answer)), key,
                     now - self._answer_seconds),
                )  # fmt: skip
            else:
                db.execute(
                    "UPDATE requests SET searches = searches + 1, searched = ?, outcome = ?"
                    " WHERE key = ?",
                    (now, outcome, key),
                )

    def forget_searches(self, request: str) -> None:
        """Start counting incomplete searches anew."""
        with self._transaction() as db:
            db.execute("UPDATE requests SET searches = 0 WHERE key = ?", (self.key_of(request),))

    def decide(self, request: str, key: Key, decision: Decision) -> None:
        """Keep a person's decision about one match."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT decisions FROM requests WHERE key = ?", (self.key_of(request),)
            ).fetchone()
            kept = {(item[0], item[1]): item[2] for item in self._unseal(row["decisions"]) or []}
            kept[key] = decision
            sealed = self._seal([[*each, value] for each, value in kept.items()])
            db.execute(
                "UPDATE requests SET decisions = ? WHERE key = ?", (sealed, self.key_of(request))
            )

    def latest_attempt(self, request: str, key: Key) -> tuple[int, str, dict[str, Any] | None]:
        """An object's latest deletion: its number (0: none), receipt id, and receipt if it ended."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT * FROM deletions WHERE key = ? AND object = ? ORDER BY attempt DESC LIMIT 1",
                (self.key_of(request), self._object(key)),
            ).fetchone()
        if row is None:
            return 0, "", None
        return row["attempt"], row["receipt_id"], self._unseal(row["receipt"])

    def begin_attempt(self, request: str, key: Key, attempt: int, receipt_id: str) -> None:
        """Keep a receipt id before the deletion begins, so a killed one is never done twice."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO deletions (key, object, attempt, receipt_id) VALUES (?, ?, ?, ?)",
                (self.key_of(request), self._object(key), attempt, receipt_id),
            )

    def finish_attempt(
        self, request: str, key: Key, attempt: int, receipt: Mapping[str, Any]
    ) -> None:
        """Keep the receipt of a deletion that has ended."""
        with self._transaction() as db:
            db.execute(
                "UPDATE deletions SET receipt = ? WHERE key = ? AND object = ? AND attempt = ?",
                (self._seal(receipt), self.key_of(request), self._object(key), attempt),
            )

    def expire(self) -> None:
        """Remove answers and requests whose time is over, for good."""
        now = self._clock()
        with self._transaction() as db:
            db.execute(
                "UPDATE requests SET answer = NULL WHERE answered < ?",
                (now - self._answer_seconds,),
            )
            old = now - self._identifier_seconds
            db.execute(
                "DELETE FROM deletions WHERE key IN (SELECT key FROM requests WHERE created < ?)",
                (old,),
            )
            db.execute("DELETE FROM requests WHERE created < ?", (old,))

    def _object(self, key: Key) -> str:
        return hmac.new(self._hash_key, "\0".join(key).encode(), hashlib.sha256).hexdigest()

    def _seal(self, value: Any) -> bytes:
        return vault.seal(self._seal_key, json.dumps(value).encode())

    def _unseal(self, sealed: bytes | None) -> Any:
        if sealed is None:
            return None
        opened = vault.unseal(self._seal_key, sealed)
        if opened is None:
            raise StateError(
                f"{self._path} was written with another key. Restore the key file "
                f"({vault.key_path()}) or remove the gateway's file."
            )
        return json.loads(opened)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One committed transaction; each thread has a connection of its own."""
        try:
            db = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = sqlite3.connect(self._path, timeout=30)
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
            with db:
                db.execute("BEGIN IMMEDIATE")
                yield db
        except (sqlite3.Error, OSError):
            raise StateError(
                f"{self._path} cannot be used. Check the disk, or remove the file to start anew."
            ) from None


def _answer(kept: Mapping[str, Any] | None) -> Answer | None:
    if kept is None:
        return None
    matches = tuple(
        Match(**{**item, "parents": tuple((one[0], one[1]) for one in item["parents"])})
        for item in kept["matches"]
    )
    return Answer(kept["records"], kept["coverage"], kept["problems"], matches)


def _derived(key: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)
