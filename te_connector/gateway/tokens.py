"""Bearer tokens of the platforms: made once, kept as hashes, two at a time so they can be rotated."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
from pathlib import Path

import attrs

from te_connector.errors import SettingsError, StateError
from te_connector.storage.files import make_folder, read_private, write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir

MAX_TOKENS = 2
_SIZE = 32


@attrs.frozen
class TokenNote:
    """What is kept of a token: a name to revoke it by, when it was made, and its SHA-256."""

    name: str
    created: str
    digest: str = attrs.field(repr=False)


class Tokens:
    """The tokens of one state directory. A running gateway sees a change at once."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = gateway_folder(state_dir)
        self._path = self._folder / "tokens.json"

    def new(self) -> tuple[str, str]:
        """Make a token. Returns its name and the token itself, which is shown only this once.

        :raises SettingsError: two tokens exist; revoke one first.
        """
        with locked(self._folder / "tokens.lock"):
            notes = self.notes()
            if len(notes) >= MAX_TOKENS:
                raise SettingsError(
                    f"There are {MAX_TOKENS} tokens. Revoke one first: "
                    f"te-connector gateway token revoke {notes[0].name}"
                )
            token = secrets.token_urlsafe(_SIZE)
            name = secrets.token_hex(4)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            self._write([*notes, TokenNote(name, now, _digest(token))])
        return name, token

    def revoke(self, name: str) -> bool:
        """Revoke a token by its name. Returns whether there was one."""
        with locked(self._folder / "tokens.lock"):
            notes = self.notes()
            kept = [note for note in notes if note.name != name]
            if len(kept) == len(notes):
                return False
            self._write(kept)
        return True

    def notes(self) -> list[TokenNote]:
        """What is kept of each token, oldest first.

        :raises StateError: the file cannot be read.
        """
        raw = read_private(self._path)
        if raw is None:
            return []
        try:
            return [
                TokenNote(str(item["name"]), str(item["created"]), str(item["digest"]))
                for item in json.loads(raw)
            ]
        except (ValueError, KeyError, TypeError):
            raise StateError(
                f"{self._path} is damaged. Remove it and make new tokens: "
                "te-connector gateway token new"
            ) from None

    def accepts(self, token: str) -> bool:
        """Whether a request with this token is allowed. Takes the same time for any token."""
        digest = _digest(token)
        matches = [hmac.compare_digest(note.digest, digest) for note in self.notes()]
        return any(matches)

    def _write(self, notes: list[TokenNote]) -> None:
        write_private(self._path, json.dumps([attrs.asdict(note) for note in notes]).encode())


def gateway_folder(state_dir: Path) -> Path:
    """The gateway's own folder in a state directory; made if it is missing."""
    folder = StateDir(state_dir).root / "gateway"
    make_folder(folder)
    return folder


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
