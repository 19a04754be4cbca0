"""The audit trail's file: append, look up, verify.

``audit.jsonl`` is the evidence. ``audit.last`` names the last entry that was synced to disk, so that a
cut shows without a receipt. ``audit.index`` makes look-ups fast (:mod:`.index`).

People's identifiers are in the trail as keyed hashes only. The object's id is there as it is, since a
trail must name what was deleted. The key is in the state directory, in a folder of its own: someone who
can write both the trail and the key can forge both (SECURITY.md says what that means).
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from te_connector.contract import AuditPlace
from te_connector.errors import StateError, TrailMissing
from te_connector.manifest.model import IdentifierKind
from te_connector.matching.subjects import Subject
from te_connector.operations.audit import verification
from te_connector.operations.audit.chain import RESUMED, Chain, Entry, Line, has_mac, is_key
from te_connector.operations.audit.index import Checkpoint, Damaged, Index, Position
from te_connector.operations.audit.verification import Verification
from te_connector.storage.files import open_private, read_private, sync_folder, write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir, account_name

TRAIL, LAST, INDEX = "audit.jsonl", "audit.last", "audit.index"
_LAST_SIZE = 256
_LAST_LABEL = "last entry"


def now() -> str:
    """The present moment, RFC 3339 in UTC."""
    return (
        datetime.datetime.now(datetime.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


@attrs.frozen
class Found:
    """A receipt that the trail has, and the trail: this account's or one that it continues."""

    line: Line
    chain: Chain


class Trail:
    """The trail of one account: one client at one base URL."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.path = folder / TRAIL
        self._lock = folder / "audit.lock"
        self._key_file = key_file
        self._threads = threading.Lock()
        self.chain = Chain(folder.name, self._load_key())
        self._index: Index | None = None

    @classmethod
    def of(cls, state: StateDir, base_url: str, client_id: str) -> Trail:
        """The account's trail; a new one if it has none."""
        folder = state.account(base_url, client_id)
        return cls(folder, state.keys() / f"{account_name(base_url, client_id)}.audit")

    @classmethod
    def existing(cls, state: StateDir, base_url: str, client_id: str) -> Trail:
        """The account's trail, and nothing is created.

        :raises TrailMissing: the account has no trail, or its key is missing or no key of ours.
        """
        name = account_name(base_url, client_id)
        folder, key_file = state.root / "accounts" / name, state.root / "keys" / f"{name}.audit"
        if not (folder / TRAIL).exists():
            raise TrailMissing(
                f"This account has no audit trail in {state.root}. Check TE_STATE_DIR, TE_BASE_URL and "
                "TE_CLIENT_ID; if they are right, restore the trail from a backup."
            )
        if not is_key((read_private(key_file) or b"").strip()):
            raise TrailMissing(
                f"The key of the audit trail, {key_file}, is missing, empty or not a key that "
                "te-connector made; restore it from a backup."
            )
        return cls(folder, key_file)

    def _load_key(self) -> bytes:
        key = read_private(self._key_file)
        if key is None:
            with _as_state_error(self._key_file), locked(self._lock):
                key = read_private(self._key_file)
                if key is None:
                    if self.path.exists():
                        raise StateError(
                            f"The audit trail {self.path} is there, but its key {self._key_file} "
                            f"isn't. Restore the key, or move {self.path.parent} away to begin a new trail."
                        )
                    key = secrets.token_hex(32).encode()
                    write_private(self._key_file, key)
        if not is_key(key):
            raise StateError(
                f"{self._key_file} isn't a key that te-connector made. Restore it from a backup."
            )
        return key

    # Appending

    def close(self, receipt: Mapping[str, Any]) -> Line:
        """Add a final receipt; it is on disk when this returns. If its id has one, return that one.

        :raises StateError: as for :meth:`append`.
        """
        with self._open() as (descriptor, index):
            receipt_id = str(receipt["receipt_id"])
            if index.receipt(receipt_id) is None:
                self._append(descriptor, index, "receipt", receipt, sync=True)
            found = index.receipt(receipt_id)
            assert found is not None, "it was just added"
            return found

    def append(self, kind: str, *, sync: bool = False, **fields: Any) -> AuditPlace:
        """Add an entry; with ``sync`` it is on disk when this returns.

        :raises StateError: the trail can't be written, or it was altered.
        """
        with self._open() as (descriptor, index):
            return self._append(descriptor, index, kind, fields, sync=sync)

    def _append(
        self, descriptor: int, index: Index, kind: str, fields: Mapping[str, Any], *, sync: bool
    ) -> AuditPlace:
        first = index.position.seq == 0
        line = self._write(descriptor, index, {"kind": kind, "at": now(), **fields})
        if sync:
            os.fsync(descriptor)
        if first:
            sync_folder(self.path.parent)
        if sync:
            self._note_last(line)
        return line.place

    def _write(
        self, descriptor: int, index: Index, fields: Mapping[str, Any], ahead: bytes = b""
    ) -> Line:
        line = self.chain.line(index.position.last, index.position.seq + 1, fields)
        whole = ahead + line.raw + b"\n"
        if os.write(descriptor, whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        index.take(line, len(line.raw) + 1)
        return line

    def _note_last(self, line: Line) -> None:
        """Name the last entry that is on disk, in place: one write of a fixed size."""
        body = json.dumps({"seq": line.place["seq"], "mac": line.place["mac"]})
        sign = self.chain.sign(_LAST_LABEL, body.encode())
        content = f"{body}\n{sign}\n".encode().ljust(_LAST_SIZE)
        path = self.path.with_name(LAST)
        descriptor = open_private(path, os.O_WRONLY | os.O_CREAT)
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def _last(self) -> AuditPlace | None:
        """The last entry that is known to have been on disk; None if nothing says.

        :raises StateError: the note was altered.
        """
        path = self.path.with_name(LAST)
        raw = read_private(path)
        if raw is None or not raw.strip(b" \0"):
            return None
        body, _, rest = raw.partition(b"\n")
        sign = rest.partition(b"\n")[0]
        if not hmac.compare_digest(sign, self.chain.sign(_LAST_LABEL, body).encode()):
            raise self._altered()
        place: AuditPlace = json.loads(body)
        return place

    # Reading

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[int, Index]]:
        """The file, locked against all others, and the index, up to date."""
        with self._threads, _as_state_error(self.path):
            try:
                with locked(self._lock):
                    # A trail that is missing and was there isn't begun anew in silence.
                    begin = 0 if self.path.with_name(LAST).exists() else os.O_CREAT
                    descriptor = open_private(self.path, os.O_RDWR | os.O_APPEND | begin)
                    try:
                        yield descriptor, self._up_to_date(descriptor)
                    finally:
                        os.close(descriptor)
            except BaseException:
                self._index = None  # what was written is read again
                raise

    def _up_to_date(self, descriptor: int) -> Index:
        """The index with every line that any process added; read anew if the checkpoint is damaged."""
        checkpoint = Checkpoint(self.path.with_name(INDEX), self.chain)
        start = Position(0, 0, self.chain.start)
        index = self._index
        last = self._last()
        try:
            if index is None:
                index = Index(checkpoint.load(descriptor) or start, checkpoint)
            self._catch_up(descriptor, index, last)
        except Damaged:
            checkpoint.discard()
            index = Index(start, checkpoint)
            self._catch_up(descriptor, index, last)
        index.save()
        self._index = index
        return index

    def _catch_up(self, descriptor: int, index: Index, last: AuditPlace | None) -> None:
        """Read what was added since; close a line that a crash left unfinished."""
        size = os.fstat(descriptor).st_size
        if size < index.position.offset:
            raise self._altered()
        added = _read_all(descriptor, size - index.position.offset, index.position.offset)
        *lines, rest = added.split(b"\n")
        unfinished = False
        for raw in lines:
            line = self.chain.read(index.position.last, raw)
            if line is not None and (not unfinished or line.entry["kind"] == RESUMED):
                unfinished = False
                if line.place["seq"] != index.position.seq + 1 or _differs(line, last):
                    raise self._altered()
                index.take(line, len(raw) + 1)
            elif line is None and not has_mac(raw):
                unfinished = True  # an entry that closes it must follow
                index.advance(len(raw) + 1, index.position.last + b"\n" + raw)
            else:
                raise self._altered()
        if rest:
            self._close_unfinished(descriptor, index, rest)
        elif unfinished:
            raise self._altered()
        if last is not None and index.position.seq < last["seq"]:
            raise self._altered()

    def _close_unfinished(self, descriptor: int, index: Index, rest: bytes) -> None:
        """End the unfinished line and say so in one write: a bare line end would look like a change."""
        whole = self.chain.read(index.position.last, rest)
        if whole is not None:
            os.write(descriptor, b"\n")
            index.take(whole, len(rest) + 1)
            return
        if has_mac(rest):
            raise self._altered()
        index.advance(len(rest) + 1, index.position.last + b"\n" + rest)
        fields = {"kind": RESUMED, "at": now(), "torn_bytes": len(rest)}
        self._write(descriptor, index, fields, b"\n")

    def _altered(self) -> StateError:
        return StateError(
            f"The audit trail {self.path} was altered. To see where, run: te-connector audit verify. "
            f"To begin a new trail, move the folder {self.path.parent} away."
        )

    def receipt(self, receipt_id: str) -> Found | None:
        """The receipt with that id, in this trail or in one that it continues."""
        found, predecessors = None, []
        if self._is_begun():
            with self._open() as (_, index):
                found, predecessors = index.receipt(receipt_id), index.predecessors
        if found is not None:
            return Found(found, self.chain)
        for trail in self._opened(predecessors):
            earlier = trail.receipt(receipt_id)
            if earlier is not None:
                return earlier
        return None

    def may_have_deleted(
        self,
        object_type: str,
        object_id: str,
        subject: Subject,
        kinds: Mapping[str, IdentifierKind],
        *,
        is_id: bool = True,
    ) -> bool:
        """Whether a DELETE of ours, for this subject, may have reached an object that was there.

        False once a receipt says that the object is gone.
        """
        predecessors: list[str] = []
        if self._is_begun():
            thing = object_type, self.chain.safe_id(object_id, is_id=is_id)
            with self._open() as (_, index):
                if index.sent(thing, self.chain.whose(subject, kinds)) > 0:
                    return True
                predecessors = index.predecessors
        return any(
            trail.may_have_deleted(object_type, object_id, subject, kinds, is_id=is_id)
            for trail in self._opened(predecessors)
        )

    def is_being_deleted(self, object_type: str, object_id: str) -> bool:
        """Whether a DELETE for anyone may be on its way to this object."""
        if not self._is_begun():
            return False
        with self._open() as (_, index):
            return index.open_intents((object_type, object_id)) > 0

    def story(self, receipt_id: str) -> list[Entry]:
        """All entries of one receipt, in order."""
        return [entry for entry in self.entries() if entry.get("receipt_id") == receipt_id]

    def entries(self) -> Iterator[Entry]:
        """All entries that can be read, unchecked."""
        for text in (read_private(self.path) or b"").splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                entry = json.loads(text)
                if isinstance(entry, dict):
                    yield entry

    def checked_entries(self) -> list[Entry]:
        """All entries, in order.

        :raises StateError: the trail was altered, cut or replaced.
        """
        with self._open():  # closes a line that a crash left unfinished
            checked = verification.check_lines(self.chain, read_private(self.path) or b"")
            last = self._last()
        cut = last is not None and list(
            verification.check_written(checked, last["seq"], last["mac"])
        )
        if checked.faults or cut:
            raise self._altered()
        return [line.entry for _, line in sorted(checked.good.items())]

    def _is_begun(self) -> bool:
        return self.path.exists() or self.path.with_name(LAST).exists()

    # Continuing another account's trail

    def accounts(self) -> list[str]:
        """This account, and those whose trails this one continues."""
        if not self._is_begun():
            return [self.chain.account]
        with self._open() as (_, index):
            predecessors = list(index.predecessors)
        names = [self.chain.account]
        for trail in self._opened(predecessors):
            names += trail.accounts()
        return names

    def continue_from(self, earlier: Trail) -> None:
        """Carry on another account's trail: its receipts and open DELETEs count here too.

        :raises StateError: that trail was altered, or this one can't be written.
        """
        if self.chain.account in earlier.accounts():
            return  # a circle would never end
        if earlier.chain.account not in self.accounts():
            self.append("continues", sync=True, account=earlier.chain.account)

    def _opened(self, accounts: Sequence[str]) -> Iterator[Trail]:
        for account in accounts:
            folder = self.path.parent.with_name(account)
            if not (folder / TRAIL).exists():
                raise StateError(
                    f"The audit trail {self.path} continues {folder / TRAIL}, which isn't there; "
                    "restore it from a backup."
                )
            yield Trail(folder, self._key_file.with_name(f"{account}.audit"))

    # Checking

    def verify(self, receipts: Sequence[Mapping[str, Any]] = ()) -> Verification:
        """Check the chain, and that each receipt is where it says. Changes nothing."""
        raw = read_private(self.path)
        checked = verification.check_lines(self.chain, raw or b"")
        faults = list(checked.faults)
        if raw is None and not receipts:
            faults.append("there is no trail")
        try:
            last = self._last()
        except StateError:
            faults.append(f"{LAST} was changed: it can't show whether the trail was cut")
        else:
            if last is not None:
                faults += verification.check_written(checked, last["seq"], last["mac"])
        entries, notes = len(checked.good), list(checked.notes)
        own = list(receipts)
        for account in _predecessors(checked):
            for trail in self._opened([account]):
                theirs = [one for one in own if trail.knows(one)]
                own = [one for one in own if one not in theirs]
                earlier = trail.verify(theirs)
                entries += earlier.entries
                faults += [f"the trail of an earlier client: {text}" for text in earlier.faults]
                notes += earlier.notes
        faults += verification.check_receipts(self.chain, own, checked)
        return Verification(entries, tuple(faults), tuple(notes))

    def knows(self, receipt: Mapping[str, Any]) -> bool:
        """Whether a receipt says that it is of this trail, or this trail has one with its id."""
        if "account" in receipt:
            return bool(receipt["account"] in self.accounts())
        return self.receipt(str(receipt.get("receipt_id"))) is not None


def _predecessors(checked: verification.CheckedLines) -> list[str]:
    return [
        str(line.entry["account"])
        for line in checked.good.values()
        if line.entry["kind"] == "continues"
    ]


def _differs(line: Line, last: AuditPlace | None) -> bool:
    """Whether a line has the number of the last one on disk, and isn't it."""
    return last is not None and line.place["seq"] == last["seq"] and line.place != last


def _read_all(descriptor: int, size: int, offset: int) -> bytes:
    """All bytes from an offset; one ``pread`` may give fewer than asked for."""
    parts: list[bytes] = []
    while size > 0:
        part = os.pread(descriptor, size, offset)
        if not part:
            break
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return b"".join(parts)


@contextlib.contextmanager
def _as_state_error(path: Path) -> Iterator[None]:
    """Give any fault of the file system as one sentence."""
    try:
        yield
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror or error}).") from None
