"""What the trail says, ready to look up, without reading the trail whole on each call.

An :class:`Index` takes the lines in, one by one. A :class:`Checkpoint` keeps it in a file beside the
trail (``audit.index``): how far the trail was read, the last line's hash, and in 1,024 buckets the
receipts and the DELETEs that may have arrived. So appending costs the same at 100 and at 100,000 lines.

Everything in the checkpoint has a keyed MAC. Whatever is wrong with it (changed, cut, of another
trail), it is thrown away and made again from the trail. It is never evidence.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs

from te_connector.operations.audit.chain import Chain, Line

BUCKETS = 1024
EVERY = 256
"""Lines that may be read again on each call before the checkpoint moves on."""
_GONE = ("deleted", "already_absent")
_LABEL = "checkpoint"

Thing = tuple[str, str]
"""An object's type and id, as the trail shows them."""
Bucket = dict[str, dict[str, Any]]


class Damaged(Exception):
    """The checkpoint can't be used. Make it again from the trail."""


@attrs.frozen
class Position:
    """How far a trail was read. ``last`` is what the next line's MAC covers before its own line."""

    offset: int
    seq: int
    last: bytes = attrs.field(repr=False)


class Index:
    """What the lines so far say: receipts, and DELETEs that may have arrived, by object and subject."""

    def __init__(self, position: Position, checkpoint: Checkpoint | None = None) -> None:
        self.position = position
        self.since_checkpoint = 0
        self.predecessors: list[str] = list(checkpoint.predecessors) if checkpoint else []
        self._checkpoint = checkpoint
        self._changed: dict[int, Bucket] = {}

    def take(self, line: Line, length: int) -> None:
        """Take in the next line; ``length`` is how many bytes it has in the file."""
        entry = line.entry
        self.advance(length, line.raw)
        self.position = attrs.evolve(self.position, seq=line.place["seq"])
        self.since_checkpoint += 1
        thing = (str(entry.get("object_type")), str(entry.get("object_id")))
        whose = str(entry.get("whose", ""))
        if entry["kind"] == "intent":
            self._count(thing, whose, 1)
        elif entry["kind"] == "answered" and entry.get("outcome") == "refused":
            self._count(thing, whose, -1)
        elif entry["kind"] == "receipt":
            receipt_id = str(entry["receipt_id"])
            kept = {"entry": dict(entry), "place": dict(line.place)}
            self._bucket(receipt_id, change=True)["receipts"][receipt_id] = kept
            if entry.get("status") in _GONE:
                self._bucket(*thing, change=True)["sent"].pop("\0".join(thing), None)
        elif entry["kind"] == "continues":
            self.predecessors.append(str(entry["account"]))

    def advance(self, length: int, last: bytes) -> None:
        """Go on by some bytes; ``last`` is what the next MAC covers."""
        position = self.position
        self.position = Position(position.offset + length, position.seq, last)

    def receipt(self, receipt_id: str) -> Line | None:
        """The receipt with that id."""
        kept = self._bucket(receipt_id)["receipts"].get(receipt_id)
        return None if kept is None else Line(b"", kept["entry"], kept["place"])

    def sent(self, thing: Thing, whose: str) -> int:
        """How many DELETEs for this subject may have reached an object that no receipt calls gone."""
        return int(self._bucket(*thing)["sent"].get("\0".join(thing), {}).get(whose, 0))

    def open_intents(self, thing: Thing) -> int:
        """The same, for all subjects."""
        return sum(self._bucket(*thing)["sent"].get("\0".join(thing), {}).values())

    def save(self) -> None:
        """Write the checkpoint, if enough lines came since the last one."""
        if self._checkpoint is not None and self.since_checkpoint >= EVERY:
            self._checkpoint.save(self.position, self._changed, self.predecessors)
            self.since_checkpoint = 0
            self._changed = {}

    def _count(self, thing: Thing, whose: str, change: int) -> None:
        sent = self._bucket(*thing, change=True)["sent"].setdefault("\0".join(thing), {})
        sent[whose] = max(0, sent.get(whose, 0) + change)

    def _bucket(self, *key: str, change: bool = False) -> Bucket:
        digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).digest()
        number = int.from_bytes(digest[:4]) % BUCKETS
        if number in self._changed:
            return self._changed[number]
        bucket = self._checkpoint.bucket(number) if self._checkpoint is not None else empty()
        if change:
            self._changed[number] = bucket
        return bucket


def empty() -> Bucket:
    """A bucket with nothing in it."""
    return {"receipts": {}, "sent": {}}


class Checkpoint:
    """The index in a file: SQLite, so that a write that is cut short leaves the old one."""

    def __init__(self, path: Path, chain: Chain) -> None:
        self.path = path
        self.predecessors: tuple[str, ...] = ()
        self._chain = chain
        self._there = False

    def load(self, trail: int) -> Position | None:
        """How far the trail was read; None if there is no checkpoint. ``trail`` is the open trail.

        :raises Damaged: it can't be used, or it isn't this trail's.
        """
        self._there, self.predecessors = False, ()
        if not self.path.exists():
            return None
        state = self._rows("SELECT body, mac FROM state", "state")
        if state is None:
            raise Damaged
        offset, start = state["offset"], state["start"]
        last = os.pread(trail, offset - 1 - start, start)
        end = os.pread(trail, 1, offset - 1)
        if hashlib.sha256(last).hexdigest() != state["last"] or end != b"\n":
            raise Damaged
        self._there, self.predecessors = True, tuple(state["predecessors"])
        return Position(offset, state["seq"], last)

    def bucket(self, number: int) -> Bucket:
        """One bucket.

        :raises Damaged: it can't be used.
        """
        if not self._there:
            return empty()
        found = self._rows("SELECT body, mac FROM bucket WHERE id = ?", f"bucket {number}", number)
        if not isinstance(found, dict):
            raise Damaged
        bucket: Bucket = found
        return bucket

    def save(
        self, position: Position, changed: Mapping[int, Bucket], predecessors: Iterable[str]
    ) -> None:
        """Write what changed. If that fails there is no checkpoint, which costs time and nothing else."""
        import sqlite3

        state = {
            "offset": position.offset,
            "seq": position.seq,
            "start": position.offset - 1 - len(position.last),
            "last": hashlib.sha256(position.last).hexdigest(),
            "predecessors": list(predecessors),
        }
        buckets = changed if self._there else {n: empty() for n in range(BUCKETS)} | dict(changed)
        try:
            if not self._there:
                self.discard()
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            connection = self._connect()
            try:
                with connection:
                    if not self._there:
                        connection.execute("CREATE TABLE state (id INTEGER PRIMARY KEY, body, mac)")
                        connection.execute(
                            "CREATE TABLE bucket (id INTEGER PRIMARY KEY, body, mac)"
                        )
                    for number, bucket in buckets.items():
                        row = (number, *self._signed(f"bucket {number}", bucket))
                        connection.execute("REPLACE INTO bucket VALUES (?, ?, ?)", row)
                    row = (0, *self._signed("state", state))
                    connection.execute("REPLACE INTO state VALUES (?, ?, ?)", row)
            finally:
                connection.close()
            self._there = True
        except (sqlite3.Error, OSError):
            self.discard()

    def discard(self) -> None:
        """Remove the checkpoint, if it can be removed."""
        self._there, self.predecessors = False, ()
        for path in (self.path, Path(f"{self.path}-journal")):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return

    def _connect(self) -> Any:
        import sqlite3

        where = f"file:{quote(str(self.path.absolute()))}?mode=rw"
        connection = sqlite3.connect(where, uri=True, timeout=5)
        # Losing a checkpoint in a power cut costs time alone, so it needs no sync.
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    def _signed(self, what: str, value: Any) -> tuple[str, str]:
        body = json.dumps(value, separators=(",", ":"))
        return body, self._chain.sign(_LABEL, f"{what}\n{body}".encode())

    def _rows(self, query: str, what: str, *values: int) -> Any:
        """The one row's value, or None if there is none."""
        import sqlite3

        try:
            connection = self._connect()
            try:
                rows = connection.execute(query, values).fetchall()
            finally:
                connection.close()
            if not rows:
                return None
            ((body, mac),) = rows
            if not hmac.compare_digest(
                str(mac), self._chain.sign(_LABEL, f"{what}\n{body}".encode())
            ):
                raise Damaged
            return json.loads(body)
        except (sqlite3.Error, OSError, ValueError, UnicodeError):
            raise Damaged from None
