"""Passwords: Argon2id hashes, and what a password must have."""

from __future__ import annotations

import secrets
from typing import Any, Final

from te_connector.portal.refusal import Refused

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 1024


def hash_password(password: str) -> str:
    """The PHC string of a password (Argon2id; RFC 9106's second recommended parameters)."""
    kdf = _argon(secrets.token_bytes(16))
    return str(kdf.derive_phc_encoded(password.encode("utf-8", "surrogatepass")))


def _argon(salt: bytes) -> Any:
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    return Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)


def password_is(password: str, phc: str) -> bool:
    """Whether the password is the one."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(password.encode("utf-8", "surrogatepass"), phc)
    except (InvalidKey, ValueError):
        return False
    return True


def check_password(password: str) -> None:
    """:raises Refused: the password is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Refused("password_weak", f"Use {MIN_PASSWORD} characters or more.", "password")


class Dummy:
    """A password's hash for accounts that don't exist: both cases take the same time."""

    _phc = ""

    def get(self) -> str:
        """The hash."""
        if not self._phc:
            self._phc = hash_password(secrets.token_urlsafe(16))
        return self._phc


DUMMY = Dummy()
