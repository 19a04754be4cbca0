"""Holds that last: one chained file for all accounts of the state directory.

``STATE/holds/audit.jsonl`` is an audit trail of its own. Each entry has the actor in clear and the rest
(object, identifiers, reason) encrypted, with a key that is derived from the key of the stored
credentials. So a hold that was changed, removed or rolled back is an error, and while there is an error
nothing is deleted.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.errors import OptionError, StateError
from te_connector.operations.audit.trail import Trail
from te_connector.operations.audit.trail_file import TRAIL
from te_connector.operations.holds.cover import Key
from te_connector.storage import vault
from te_connector.storage.files import make_folder
from te_connector.storage.state import StateDir

_ACCOUNT = "holds"
_LABEL = b"te-connector holds"


@attrs.frozen
class StoredHold:
    """A hold as it was added: ``content`` is ``{"reason", "object" and/or identifiers}``."""

    id: str
    added_at: str
    actor: str
    content: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Stored:
    """All that the store says now. ``freed`` has accounts with objects that are free although close."""

    active: tuple[StoredHold, ...]
    freed: frozenset[tuple[str, Key]]


class HoldStore:
    """The holds of one state directory."""

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self._folder = state.root / "holds"
        self._key_file = state.root / "keys" / f"{_ACCOUNT}.audit"

    def load(self) -> Stored:
        """The holds that are active.

        :raises StateError: the file was altered, is missing, or can't be decrypted.
        """
        if not self._is_there():
            return Stored((), frozenset())
        active: dict[str, StoredHold] = {}
        freed: set[tuple[str, Key]] = set()
        for entry in Trail(self._folder, self._key_file).checked_entries():
            kind, hold_id = entry["kind"], str(entry.get("hold"))
            if kind == "hold_added":
                content = self._open(entry)
                active[hold_id] = StoredHold(hold_id, entry["at"], entry["actor"], content)
            elif kind == "hold_released":
                active.pop(hold_id, None)
            elif kind == "object_freed":
                object_type, _, object_id = str(self._open(entry)["object"]).partition(":")
                freed.add((str(entry["account"]), (object_type, object_id)))
        return Stored(tuple(active.values()), frozenset(freed))

    def add(self, content: Mapping[str, Any], actor: str) -> str:
        """Add a hold; it is on disk when this returns. Gives its id."""
        hold_id = f"h-{secrets.token_hex(4)}"
        self._append("hold_added", actor, content, hold=hold_id)
        return hold_id

    def release(self, hold_id: str, reason: str, actor: str) -> None:
        """End a hold.

        :raises OptionError: there is no active hold with this id.
        """
        if not any(hold.id == hold_id for hold in self.load().active):
            raise OptionError("There is no such hold. To see all, run: te-connector hold list")
        self._append("hold_released", actor, {"reason": reason}, hold=hold_id)

    def release_object(self, key: Key, account: str, reason: str, actor: str) -> list[str]:
        """Free one object of one account that only comes close, and end the holds that name it alone.

        Gives the ids of the holds that ended. A person's hold stays, and covers all other objects.
        """
        name = ":".join(key)
        ended = [
            hold.id
            for hold in self.load().active
            if hold.content.get("object") == name and set(hold.content) == {"object", "reason"}
        ]
        for hold_id in ended:
            self._append("hold_released", actor, {"reason": reason}, hold=hold_id)
        self._append("object_freed", actor, {"object": name, "reason": reason}, account=account)
        return ended

    def free_for(self, old: str, new: str, actor: str) -> None:
        """Carry what was freed for one account on to another: the same account's next client."""
        freed = self.load().freed
        for account, key in sorted(freed):
            if account == old and (new, key) not in freed:
                content = {"object": ":".join(key), "reason": "the account's client was replaced"}
                self._append("object_freed", actor, content, account=new)

    def trail(self) -> Trail | None:
        """The file as a trail, to be verified; None if there never was a hold.

        :raises StateError: its key is there, and it isn't.
        """
        return Trail(self._folder, self._key_file) if self._is_there() else None

    def _is_there(self) -> bool:
        has_key, has_trail = self._key_file.exists(), (self._folder / TRAIL).exists()
        if has_key != has_trail:
            missing = self._key_file if has_trail else self._folder / TRAIL
            raise StateError(
                f"Holds were kept here, but {missing} is missing. Restore it from a backup; until then "
                "nothing is deleted."
            )
        return has_key

    def _append(self, kind: str, actor: str, content: Mapping[str, Any], **fields: str) -> None:
        self._is_there()
        sealed = vault.seal(self._key(create=True), json.dumps(content).encode()).decode("ascii")
        self._state.keys()
        make_folder(self._folder)
        trail = Trail(self._folder, self._key_file)
        trail.append(kind, sync=True, actor=actor, sealed=sealed, **fields)

    def _open(self, entry: Mapping[str, Any]) -> Any:
        content = vault.unseal(self._key(create=False), str(entry["sealed"]).encode("ascii"))
        if content is None:
            raise StateError(
                f"The holds in {self._folder} can't be decrypted. Restore the key {vault.key_path()}; "
                "until then nothing is deleted."
            )
        return json.loads(content)

    def _key(self, *, create: bool) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        key = vault.data_key(create=create)
        if key is None:
            raise StateError(
                f"The key of the holds, {vault.key_path()}, is missing. Restore it; until then nothing "
                "is deleted."
            )
        kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL)
        return base64.urlsafe_b64encode(kdf.derive(key))


__all__ = ["HoldStore", "Stored", "StoredHold"]
