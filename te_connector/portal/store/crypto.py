"""People's data at rest: encrypted with a key that is kept apart from the database.

One key file (``storage.vault``) serves the machine. The keys here are derived from it, one for each
purpose, so that no purpose can stand in for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from te_connector.errors import StateError
from te_connector.storage import vault


class Keys:
    """The portal's keys. ``repr`` shows none."""

    def __init__(self, master: bytes) -> None:
        self._seal = base64.urlsafe_b64encode(_derived(master, b"te-connector portal"))
        self._hash = _derived(master, b"te-connector portal hashes")
        self._sign = _derived(master, b"te-connector portal evidence")

    @classmethod
    def load(cls) -> Keys:
        """The keys of this machine; the key file is made if there is none."""
        master = vault.data_key(create=True)
        if master is None:  # pragma: no cover  create=True gives one or raises
            raise StateError("There is no key. Set TE_KEY_FILE.")
        return cls(master)

    def seal(self, value: Any) -> bytes:
        """Encrypt a JSON value."""
        text = json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return vault.seal(self._seal, text)

    def open(self, sealed: bytes | None) -> Any:
        """Decrypt what :meth:`seal` made; None stays None.

        :raises StateError: it was encrypted with another key.
        """
        content = self.open_bytes(sealed)
        return None if content is None else json.loads(content)

    def seal_bytes(self, content: bytes) -> bytes:
        """Encrypt the content of a file."""
        return vault.seal(self._seal, content)

    def open_bytes(self, sealed: bytes | None) -> bytes | None:
        """Decrypt the content of a file; None stays None."""
        if sealed is None:
            return None
        opened = vault.unseal(self._seal, bytes(sealed))
        if opened is None:
            raise StateError(
                f"The data was encrypted with another key. Restore the key file {vault.key_path()}."
            )
        return opened

    def fingerprint(self, *parts: str) -> str:
        """A keyed hash: equal values can be found, and nobody without the key can guess one."""
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._hash, text, hashlib.sha256).hexdigest()

    def signing_key(self) -> Any:
        """The Ed25519 private key that signs evidence."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._sign)


def hash_token(token: str) -> str:
    """How a random token is stored: it has 256 bits, so a plain SHA-256 can't be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _derived(master: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(master)
