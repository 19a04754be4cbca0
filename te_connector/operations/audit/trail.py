"""The audit trail of one account: append, look up, verify.

People's identifiers are in the trail as keyed hashes only. The object's id is there as it is, since a
trail must name what was deleted. The key is in the state directory, in a folder of its own: someone who
can write both the trail and the key can forge both (SECURITY.md says what that means).
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from te_connector.contract import AuditPlace
from te_connector.errors import StateError, TrailMissing
from te_connector.manifest.model import IdentifierKind
from te_connector.matching.subjects import Subject
from te_connector.operations.audit import verification
from te_connector.operations.audit.chain import Chain, Entry, Line, is_key
from te_connector.operations.audit.trail_file import LAST, TRAIL, TrailFile, as_state_error
from te_connector.operations.audit.verification import Verification
from te_connector.storage.files import read_private, write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir, account_name


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
        self.chain = Chain(folder.name, self._load_key())
        self._file = TrailFile(self.path, self._lock, self.chain)

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
            with as_state_error(self._key_file), locked(self._lock):
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
        with self._file.opened() as (descriptor, index):
            receipt_id = str(receipt["receipt_id"])
            if index.receipt(receipt_id) is None:
                self._file.add(descriptor, index, "receipt", receipt, sync=True)
            found = index.receipt(receipt_id)
            assert found is not None, "it was just added"
            return found

    def append(self, kind: str, *, sync: bool = False, **fields: Any) -> AuditPlace:
        """Add an entry; with ``sync`` it is on disk when this returns.

        :raises StateError: the trail can't be written, or it was altered.
        """
        with self._file.opened() as (descriptor, index):
            return self._file.add(descriptor, index, kind, fields, sync=sync)

    # Reading

    def receipt(self, receipt_id: str) -> Found | None:
        """The receipt with that id, in this trail or in one that it continues."""
        found, predecessors = None, []
        if self._file.is_begun():
            with self._file.opened() as (_, index):
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
        if self._file.is_begun():
            thing = object_type, self.chain.safe_id(object_id, is_id=is_id)
            with self._file.opened() as (_, index):
                if index.sent(thing, self.chain.whose(subject, kinds)) > 0:
                    return True
                predecessors = index.predecessors
        return any(
            trail.may_have_deleted(object_type, object_id, subject, kinds, is_id=is_id)
            for trail in self._opened(predecessors)
        )

    def is_being_deleted(self, object_type: str, object_id: str) -> bool:
        """Whether a DELETE for anyone may be on its way to this object."""
        if not self._file.is_begun():
            return False
        with self._file.opened() as (_, index):
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
        with self._file.opened():  # closes a line that a crash left unfinished
            checked = verification.check_lines(self.chain, read_private(self.path) or b"")
            last = self._file.last()
        cut = last is not None and list(
            verification.check_written(checked, last["seq"], last["mac"])
        )
        if checked.faults or cut:
            raise self._file.altered()
        return [line.entry for _, line in sorted(checked.good.items())]

    # Continuing another account's trail

    def accounts(self) -> list[str]:
        """This account, and those whose trails this one continues."""
        if not self._file.is_begun():
            return [self.chain.account]
        with self._file.opened() as (_, index):
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
            last = self._file.last()
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
