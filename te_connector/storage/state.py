"""The state directory: what is kept between calls and shared between processes.

::

    STATE/hosts/HOST_PORT/    requests.window, tokens.window     the vendor counts by address
    STATE/accounts/ID/        token, audit.jsonl, …              one for each base URL and client id
    STATE/keys/               the keys of the audit trails
    STATE/logins/             stored credentials

Folders are mode 0700 and files 0600; a file that others can read is refused. Files are written
whole or not at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from te_connector.errors import StateError

LOCK_TIMEOUT = 120.0


def default_root() -> Path:
    """Where state is kept when nobody says otherwise: ``TE_STATE_DIR`` or the user's state folder."""
    named = os.environ.get("TE_STATE_DIR")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_state_dir("te-connector"))


@attrs.frozen
class StateDir:
    """One state directory."""

    root: Path

    def host(self, host: str, port: int) -> Path:
        """The folder of the budgets of one host and port."""
        return self._folder("hosts", re.sub(r"[^A-Za-z0-9.-]", "_", f"{host}_{port}"))

    def account(self, base_url: str, client_id: str) -> Path:
        """The folder of one client at one base URL."""
        return self._folder("accounts", account_name(base_url, client_id))

    def logins(self) -> Path:
        """The folder of the stored credentials."""
        return self._folder("logins")

    def keys(self) -> Path:
        """The folder of the audit trails' keys."""
        return self._folder("keys")

    def _folder(self, *names: str) -> Path:
        folder = self.root
        make_folder(folder)
        for name in names:
            folder = folder / name
            make_folder(folder)
        return folder


def account_name(base_url: str, client_id: str) -> str:
    """The folder name of one client at one base URL: a hash, for a client id can be anything."""
    return hashlib.sha256(f"{base_url}\n{client_id}".encode("utf-8", "replace")).hexdigest()[:24]


def make_folder(folder: Path) -> None:
    """Make a folder that nobody else can enter.

    :raises StateError: it cannot be made.
    """
    try:
        for missing in [each for each in reversed(folder.parents) if not each.exists()]:
            missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077 and not any(folder.iterdir()):
            # An empty one that was made for us; a filled one may be shared, and a container's volume
            # can be somebody else's. The folders inside are made by us, and shut.
            with contextlib.suppress(PermissionError):
                folder.chmod(0o700)
    except OSError as error:
        raise StateError(
            f"The state directory {folder} cannot be used ({error.strerror}); "
            "name another with TE_STATE_DIR or state_dir."
        ) from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, synced, mode 0600.

    :raises StateError: it cannot be written.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror}).") from None


def sync_folder(folder: Path) -> None:
    """Make a folder's new names last through a crash, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_private(path: Path) -> bytes | None:
    """The content of one of our files, or None where there is none.

    :raises StateError: others can read it, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            refuse_shared(path, os.fstat(file.fileno()).st_mode)
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"{path} cannot be read ({error.strerror}).") from None


def refuse_shared(path: Path, mode: int) -> None:
    """Refuse a file that others can read or write.

    :raises StateError: naming the file and the command that mends it.
    """
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise StateError(f"Others can read {path}; make it yours alone: chmod 600 {path}")


class Lock:
    """A lock file, held against all other threads and processes: ``with lock:``."""

    def __init__(self, path: Path, check: Callable[[], None] | None = None) -> None:
        import filelock

        self._path = path
        self._check = check or _no_check
        self._timeout = filelock.Timeout
        self._threads = threading.Lock()
        self._file = filelock.FileLock(path, timeout=LOCK_TIMEOUT, mode=0o600, thread_local=False)

    def __enter__(self) -> None:
        """Wait for the lock.

        :raises StateError: somebody holds it for longer than two minutes.
        """
        while not self._threads.acquire(timeout=0.1):
            self._check()
        try:
            self._file.acquire(poll_interval=0.005, cancel_check=self._stopped)
        except BaseException as error:
            self._threads.release()
            if isinstance(error, self._timeout):
                self._check()
                raise StateError(
                    f"{self._path} has been locked for {LOCK_TIMEOUT:g} seconds; another te-connector "
                    "may hang. End it and try again."
                ) from None
            raise

    def _stopped(self) -> bool:
        try:
            self._check()
        except Exception:  # noqa: BLE001  it is raised again once the library has given up
            return True
        return False

    def __exit__(self, *_exc: object) -> None:
        self._file.release()
        self._threads.release()


@contextlib.contextmanager
def locked(path: Path, check: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file at ``path`` once. ``check`` is called while waiting; it may raise to stop."""
    with Lock(path, check):
        yield


def _no_check() -> None:
    """Never stop waiting."""
