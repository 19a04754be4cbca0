"""Stored credentials and the token, encrypted at rest.

Credentials are kept in the system's keyring where one works, else in a file that is encrypted with a
key kept apart from it (``TE_KEY_FILE``, or the user's configuration folder). The token file is
encrypted with a key that is derived from the client secret, so nobody without the secret can read
it. The cipher is Fernet of the ``cryptography`` package.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from te_connector.errors import SettingsError, StateError
from te_connector.storage import system_keyring
from te_connector.storage.files import make_folder, read_private, write_private
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir, expanded


@attrs.frozen
class Login:
    """Stored credentials, bound to the host of their base URL."""

    name: str
    base_url: str
    client_id: str = attrs.field(repr=False)
    client_secret: Secret

    def bound_to(self, base_url: str) -> bool:
        """Whether the base URL is on the host and port that these credentials belong to."""
        return _origin(base_url) == _origin(self.base_url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _file(state: StateDir, name: str) -> Path:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise SettingsError(
            "A login's name can have only letters, digits, dots, dashes, and underscores."
        )
    return state.root / "logins" / f"{name}.json"


def _user(path: Path) -> str:
    """The name under which the keyring keeps what belongs to a login's file."""
    return str(path.absolute())


def save(state: StateDir, login: Login) -> str:
    """Store credentials and return where: ``keyring`` or ``file``."""
    path = _file(state, login.name)
    secret = json.dumps(
        {
            "base_url": login.base_url,  # sealed too: editing the file can't send the secret elsewhere
            "id": login.client_id,
            "secret": login.client_secret.reveal(),
        }
    )
    note: dict[str, Any] = {"base_url": login.base_url}
    if system_keyring.save(_user(path), secret):
        note["kept_in"] = "keyring"
    else:
        system_keyring.forget(_user(path))
        note["kept_in"] = "file"
        note["sealed"] = seal(_file_key(create=True) or b"", secret.encode()).decode("ascii")
    state.logins()
    write_private(path, json.dumps(note).encode())
    return str(note["kept_in"])


def load(state: StateDir, name: str) -> Login | None:
    """The stored credentials of that name, or None.

    :raises StateError: they are there but cannot be opened.
    """
    path = _file(state, name)
    raw = read_private(path)
    if raw is None:
        return None
    closed = StateError(
        f"The stored credentials in {path} cannot be opened; store them again: te-connector login"
    )
    try:
        note = json.loads(raw)
        secret = (
            system_keyring.load(_user(path))
            if note["kept_in"] == "keyring"
            else unseal(_file_key(create=False), note["sealed"].encode("ascii"))
        )
        opened = json.loads(secret) if secret is not None else None
        if opened is None:
            raise closed
        if note["base_url"] != opened["base_url"]:
            raise closed
        return Login(
            name, str(opened["base_url"]), str(opened["id"]), Secret(str(opened["secret"]))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise closed from None


def forget(state: StateDir, name: str) -> bool:
    """Remove stored credentials and return whether there were any."""
    path = _file(state, name)
    raw = read_private(path)
    if raw is None:
        return False
    if _is_in_keyring(raw):
        system_keyring.forget(
            _user(path)
        )  # raises before the login goes, so that you can try again
    path.unlink()
    return True


def _is_in_keyring(raw: bytes) -> bool:
    try:
        return bool(json.loads(raw)["kept_in"] == "keyring")
    except (ValueError, KeyError, TypeError):
        return False


def seal(key: bytes, content: bytes) -> bytes:
    """Encrypt under a key of :func:`token_key` or of the key file."""
    from cryptography.fernet import Fernet

    return Fernet(key).encrypt(content)


def unseal(key: bytes | None, sealed: bytes) -> bytes | None:
    """Decrypt, or None where the key is another or the content was changed."""
    from cryptography.fernet import Fernet, InvalidToken

    if key is None:
        return None
    try:
        return Fernet(key).decrypt(sealed)
    except InvalidToken:
        return None


def token_key(client_secret: Secret) -> bytes:
    """The key of the token file, derived from the client secret."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"te-connector token file")
    return base64.urlsafe_b64encode(kdf.derive(client_secret.reveal().encode("utf-8")))


def key_path() -> Path:
    """Where the key of stored credentials is: ``TE_KEY_FILE``, or the user's configuration folder."""
    named = os.environ.get("TE_KEY_FILE")
    if named:
        return expanded(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("te-connector")) / "key"


def data_key(*, create: bool) -> bytes | None:
    """The key of what is kept encrypted on this machine; None if there is none and none is made."""
    return _file_key(create=create)


def _file_key(*, create: bool) -> bytes | None:
    from cryptography.fernet import Fernet

    path = key_path()
    key = read_private(path)
    if key is None and create:
        make_folder(path.parent)
        key = Fernet.generate_key()
        write_private(path, key)
    if key is None:
        return None
    try:
        Fernet(key.strip())
    except ValueError:
        raise StateError(f"{path} has no key that te-connector can use. Remove it.") from None
    return key.strip()
