"""The audit trail: what was asked, sent, answered and read again for every deletion.

One JSON object a line, appended and never changed. Each line ends with a MAC, keyed, over the raw
line before it and over itself, so a changed, removed or reordered line breaks the chain. A cut tail
breaks nothing that is left; but a receipt names its line (``audit: {seq, mac}``), so any receipt that
was handed out is a witness. A line that a crash tore is closed by an entry ``resumed``, whose MAC
covers the torn bytes and the whole line before them.

People's identifiers stand in it as keyed hashes alone; the object's id stands in it as it is, for a
trail must name what was deleted. The key is in the state directory, in a folder of its own: whoever
may write trail and key can forge both (SECURITY.md says what that means).
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from te_connector.contract import AuditPlace
from te_connector.errors import StateError
from te_connector.manifest.model import IdentifierKind
from te_connector.matching.emails import email_key
from te_connector.matching.ids import id_key
from te_connector.matching.phones import phones
from te_connector.matching.subjects import Subject
from te_connector.storage.files import open_private, read_private, sync_folder, write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir, account_name

TRAIL = "audit.jsonl"
RESUMED = "resumed"
_MAC = re.compile(rb',"mac":"([0-9a-f]{64})"\}')
_GONE = ("deleted", "already_absent")

Entry = Mapping[str, Any]


def now() -> str:
    """The present moment, RFC 3339 in UTC."""
    return (
        datetime.datetime.now(datetime.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


@attrs.frozen
class Line:
    """One line of the trail as it stands in the file."""

    raw: bytes = attrs.field(repr=False)
    entry: Entry
    place: AuditPlace


@attrs.define
class _Index:
    """What the trail says, for look-ups while it grows."""

    offset: int = 0
    last: bytes = b""
    seq: int = 0
    receipts: dict[str, Line] = attrs.Factory(dict)
    sent: dict[tuple[str, str], int] = attrs.Factory(dict)
    """How many DELETEs may have reached an object that no receipt calls gone."""

    def take(self, line: Line) -> None:
        """Take in the next line."""
        entry = line.entry
        self.last, self.seq = line.raw, line.place["seq"]
        thing = (str(entry.get("object_type")), str(entry.get("object_id")))
        if entry["kind"] == "intent":
            self.sent[thing] = self.sent.get(thing, 0) + 1
        elif entry["kind"] == "answered" and entry.get("outcome") == "refused":
            self.sent[thing] = self.sent.get(thing, 1) - 1
        elif entry["kind"] == "receipt":
            self.receipts[str(entry["receipt_id"])] = line
            if entry.get("status") in _GONE:
                self.sent.pop(thing, None)


@attrs.frozen
class Verdict:
    """What checking a trail brought: faults, and things to know that are no fault."""

    entries: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


class Trail:
    """The trail of one client at one base URL."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.path = folder / TRAIL
        self._lock = folder / "audit.lock"
        self._key_file = key_file
        self._start = f"te-connector audit trail 1 {folder.name}".encode()
        self._index = _Index(last=self._start)
        self._threads = threading.Lock()
        self._key = self._load_key()
        self._names_key = hmac.digest(self._key, b"identifiers", "sha256")

    @classmethod
    def of(cls, state: StateDir, base_url: str, client_id: str) -> Trail:
        """The trail of a client, begun where there is none."""
        folder = state.account(base_url, client_id)
        return cls(folder, state.keys() / f"{account_name(base_url, client_id)}.audit")

    def _load_key(self) -> bytes:
        with locked(self._lock):
            key = read_private(self._key_file)
            if key is None:
                if self.path.exists():
                    raise StateError(
                        f"The audit trail {self.path} is there, but its key {self._key_file} is not; "
                        "bring the key back, or move the trail away to begin a new one."
                    )
                key = secrets.token_hex(32).encode()
                write_private(self._key_file, key)
            return key

    def close(self, receipt: Mapping[str, Any]) -> Line:
        """Add a final receipt, on disk when this returns; where its id has one already, give that."""
        self.append("receipt", sync=True, **receipt)
        return self._index.receipts[str(receipt["receipt_id"])]

    def append(self, kind: str, *, sync: bool = False, **fields: Any) -> AuditPlace:
        """Add an entry; with ``sync`` it is on disk when this returns.

        :raises StateError: the trail cannot be written, or was changed by somebody.
        """
        with self._open() as descriptor:
            known = self._index.receipts.get(str(fields.get("receipt_id")))
            if kind == "receipt" and known is not None:
                return known.place
            first = self._index.seq == 0
            place = self._write(descriptor, {"kind": kind, "at": now(), **fields})
            if sync:
                os.fsync(descriptor)
            if first:
                sync_folder(self.path.parent)
            return place

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        """The file, held against all others and caught up with."""
        with self._threads, locked(self._lock):
            try:
                descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
                try:
                    self._catch_up(descriptor)
                    yield descriptor
                finally:
                    os.close(descriptor)
            except OSError as error:
                self._index = _Index(last=self._start)
                raise StateError(f"{self.path} cannot be written ({error.strerror}).") from None

    def _write(self, descriptor: int, fields: Mapping[str, Any], ahead: bytes = b"") -> AuditPlace:
        seq = self._index.seq + 1
        body = json.dumps({"seq": seq, **fields}, separators=(",", ":"), ensure_ascii=True)
        mac = self._mac(self._index.last, body[:-1].encode())
        raw = f'{body[:-1]},"mac":"{mac}"}}'.encode()
        whole = ahead + raw + b"\n"
        if os.write(descriptor, whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._index.offset += len(raw) + 1
        place: AuditPlace = {"seq": seq, "mac": mac}
        self._index.take(Line(raw, fields, place))
        return place

    def _mac(self, before: bytes, body: bytes) -> str:
        return hmac.new(self._key, before + b"\n" + body, hashlib.sha256).hexdigest()

    def refresh(self) -> None:
        """Take in what other processes have added."""
        if self.path.exists():
            with self._open():
                pass

    def _catch_up(self, descriptor: int) -> None:
        """Read what was added since; close a line that a crash tore."""
        size = os.fstat(descriptor).st_size
        if size < self._index.offset:
            raise self._changed()
        added = os.pread(descriptor, size - self._index.offset, self._index.offset)
        *lines, rest = added.split(b"\n")
        torn = False
        for raw in lines:
            line = self._read(self._index.last, raw)
            if line is not None and (not torn or line.entry["kind"] == RESUMED):
                torn = False
                self._index.take(line)
            elif line is None and _MAC.search(raw) is None:
                torn = True  # an entry that closes it must follow
                self._index.last += b"\n" + raw
            else:
                raise self._changed()
            self._index.offset += len(raw) + 1
        if rest:
            self._close_torn(descriptor, rest)
        elif torn:
            raise self._changed()

    def _changed(self) -> StateError:
        return StateError(
            f"The audit trail {self.path} was changed; look at it with: te-connector audit verify. "
            "Move it away to begin a new one."
        )

    def _close_torn(self, descriptor: int, rest: bytes) -> None:
        """End the torn line and say so, in one write: a bare line end would look like a change."""
        whole = self._read(self._index.last, rest)
        self._index.offset += len(rest) + 1
        if whole is not None:
            os.write(descriptor, b"\n")
            self._index.take(whole)
            return
        if _MAC.search(rest):
            raise self._changed()
        self._index.last += b"\n" + rest
        self._write(descriptor, {"kind": RESUMED, "at": now(), "torn_bytes": len(rest)}, b"\n")

    def _read(self, before: bytes, raw: bytes) -> Line | None:
        """A line whose MAC is right after the line before it, or None."""
        found = _MAC.search(raw, max(0, len(raw) - 80))
        if found is None or found.end() != len(raw):
            return None
        mac = found[1].decode()
        if not hmac.compare_digest(mac, self._mac(before, raw[: found.start()])):
            return None
        entry = json.loads(raw)
        return Line(raw, entry, {"seq": entry["seq"], "mac": mac})

    # Look-ups

    def receipt(self, receipt_id: str) -> Line | None:
        """The entry of a receipt."""
        self.refresh()
        return self._index.receipts.get(receipt_id)

    def may_have_deleted(self, object_type: str, object_id: str) -> bool:
        """Whether a DELETE of ours may have reached this object, and no receipt says that it is gone."""
        self.refresh()
        return self._index.sent.get((object_type, object_id), 0) > 0

    def story(self, receipt_id: str) -> list[Entry]:
        """All entries of one receipt, in order."""
        return [entry for entry in self.entries() if entry.get("receipt_id") == receipt_id]

    def entries(self) -> Iterator[Entry]:
        """All entries that can be read, unchecked."""
        for text in (read_private(self.path) or b"").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(text)
                if isinstance(entry, dict):
                    yield entry

    # Checking

    def verify(self, receipts: Sequence[Mapping[str, Any]] = ()) -> Verdict:
        """Check the chain, and that every given receipt stands where it says."""
        raw = read_private(self.path) or b""
        *lines, rest = raw.split(b"\n")
        faults: list[str] = []
        notes: list[str] = []
        good: dict[int, Line] = {}
        before, expected = self._start, 1
        for number, text in enumerate(lines, 1):
            line = self._read(before, text)
            if line is None and self._is_torn(before, text, lines[number:]):
                notes.append(f"line {number} was torn by a crash and closed afterwards")
                before += b"\n" + text
                continue
            if line is None:
                faults.append(
                    f"line {number}: changed, or the line before it was changed or removed"
                )
                expected = (_seq(text) or expected) + 1
            else:
                if line.place["seq"] != expected:
                    faults.append(f"line {number}: entry {expected} should stand here")
                good[line.place["seq"]] = line
                expected = line.place["seq"] + 1
            before = text
        faults += self._verify_rest(before, rest, good, notes)
        faults += self._verify_receipts(receipts, good, max(expected - 1, *good, 0))
        return Verdict(len(good), tuple(faults), tuple(notes))

    def _is_torn(self, before: bytes, text: bytes, following: Sequence[bytes]) -> bool:
        """Whether a line is one that a crash tore: unfinished, and closed by an entry after it."""
        for after in following:
            if _MAC.search(text) is not None:
                return False
            before += b"\n" + text
            line = self._read(before, after)
            if line is not None:
                return bool(line.entry["kind"] == RESUMED)
            text = after
        return False

    def _verify_rest(
        self, before: bytes, rest: bytes, good: dict[int, Line], notes: list[str]
    ) -> list[str]:
        if not rest:
            return []
        whole = self._read(before, rest)
        if whole is not None:
            good[whole.place["seq"]] = whole
            notes.append("the last line lacks its end, but is whole")
            return []
        if _MAC.search(rest):
            return ["the last line was changed"]
        notes.append(
            "the last line is torn, as by a crash while it was written; whether more is missing can "
            "be told by a receipt alone"
        )
        return []

    def _verify_receipts(
        self, receipts: Sequence[Mapping[str, Any]], good: Mapping[int, Line], last: int
    ) -> Iterator[str]:
        for receipt in receipts:
            name = receipt.get("receipt_id")
            place = receipt.get("audit")
            if not isinstance(place, Mapping) or not isinstance(place.get("seq"), int):
                yield f"receipt {name} names no place in the trail"
                continue
            line = good.get(place["seq"])
            if place["seq"] > last:
                yield f"receipt {name} names entry {place['seq']}, but the trail was cut after entry {last}"
            elif line is None or line.place["mac"] != place.get("mac"):
                yield f"receipt {name}: entry {place['seq']} is not the one that it names"
            elif not self._tells_the_same(receipt, line.entry):
                yield f"receipt {name} was changed: the trail tells it otherwise"

    def _tells_the_same(self, receipt: Mapping[str, Any], entry: Entry) -> bool:
        name = str(receipt.get("id"))
        if entry.get("object_id") not in (name, self.safe_id(name, is_id=False)):
            return False
        same = ("receipt_id", "object_type", "subject", "status", "verified", "reason", "at")
        return all(receipt.get(field) == entry.get(field) for field in same)

    # Hashes

    def safe_id(self, name: str, *, is_id: bool) -> str:
        """An object's id as it may stand in the trail: what is no id could be anything, so a hash."""
        return name if is_id else f"hash:{self._hash('id', name)}"

    def hashes(self, subject: Subject, kinds: Mapping[str, IdentifierKind]) -> dict[str, list[str]]:
        """A subject's identifiers as keyed hashes of their keys for equality."""
        return {
            kind: [self._hash(kind, _key(value, kinds[kind])) for value in values]
            for kind, values in subject.values.items()
        }

    def _hash(self, kind: str, key: str) -> str:
        return hmac.new(
            self._names_key, f"{kind}\0{key}".encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()[:32]


def _key(value: str, kind: IdentifierKind) -> str:
    if kind.compare == "email":
        return email_key(value) or value
    if kind.compare == "phone":
        numbers = phones(value, kind.region).numbers
        return numbers[0].e164 if numbers else value
    return id_key(value) or value


def _seq(text: bytes) -> int:
    found = re.match(rb'\{"seq":([0-9]{1,15}),', text)
    return int(found[1]) if found else 0
