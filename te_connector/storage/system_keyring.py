"""The system's keyring, each use of it bounded in time.

A locked keyring waits for someone to unlock it, and on a server nobody will. So each use runs in a
thread of its own and ends, for the caller, after :data:`WAIT_SECONDS`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from te_connector.errors import StateError
from te_connector.storage.secret import hushed

WAIT_SECONDS = 10.0
"""Long enough to answer a dialog that is open already, short enough for a scheduled run."""
_SERVICE = "te-connector"
T = TypeVar("T")


def save(user: str, secret: str) -> bool:
    """Keep a secret; False if there is no keyring that works.

    :raises StateError: the keyring doesn't answer.
    """

    def work() -> bool:
        backend = _backend()
        if backend is None:
            return False
        backend.set_password(_SERVICE, user, secret)
        return bool(backend.get_password(_SERVICE, user) == secret)

    return bool(_bounded(work))


def load(user: str) -> str | None:
    """The secret that was kept; None if it's gone, or the keyring is locked or gone.

    :raises StateError: the keyring doesn't answer.
    """

    def work() -> str | None:
        backend = _backend()
        return None if backend is None else backend.get_password(_SERVICE, user)

    return _bounded(work)


def forget(user: str) -> None:
    """Remove a secret if it's there.

    :raises StateError: the keyring doesn't answer.
    """

    def work() -> None:
        backend = _backend()
        if backend is not None:
            backend.delete_password(_SERVICE, user)

    _bounded(work)


def _backend() -> Any | None:
    """The system's keyring if one works (a headless machine has none)."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, (fail.Keyring, null.Keyring)) or backend.priority < 1:
        return None  # below 1 are those that their makers don't recommend: they keep plain text
    return backend


def _bounded(work: Callable[[], T]) -> T | None:
    """What the work returns, or None if the keyring fails; backends raise what they like."""
    returned: list[T] = []

    def run() -> None:
        try:
            with hushed():
                returned.append(work())
        except Exception:  # noqa: BLE001, S110  no keyring that works: a file keeps the secret
            pass

    # A daemon thread doesn't hold up the end of the process if the keyring never answers.
    thread = threading.Thread(target=run, name="te-connector-keyring", daemon=True)
    thread.start()
    thread.join(WAIT_SECONDS)
    if thread.is_alive():
        raise StateError(
            f"The system's keyring didn't answer within {WAIT_SECONDS:g} seconds. Unlock it and try "
            "again. Or go around it: set TE_CLIENT_ID and TE_CLIENT_SECRET, or set "
            "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring and store the credentials in an "
            "encrypted file with: te-connector login"
        )
    return returned[0] if returned else None
