"""Lock files, held against all other threads and processes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from te_connector.errors import StateError

LOCK_TIMEOUT = 120.0
"""Seconds after which another process is taken for hanging."""

Check = Callable[[], None]
"""Called while waiting; it may raise to stop."""


class Lock:
    """A lock file: ``with lock:``."""

    def __init__(self, path: Path, check: Check | None = None) -> None:
        import filelock

        self._path = path
        self._check = check or _no_check
        self._timeout = filelock.Timeout
        self._threads = threading.Lock()
        self._file = filelock.FileLock(path, timeout=LOCK_TIMEOUT, mode=0o600, thread_local=False)

    def __enter__(self) -> None:
        """Wait for the lock.

        :raises StateError: another process holds it for two minutes, or the file system can't lock.
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
                    f"{self._path} has been locked for {LOCK_TIMEOUT:g} seconds. Another te-connector "
                    "may hang: end it and try again."
                ) from None
            if isinstance(error, (OSError, NotImplementedError)):
                why = getattr(error, "strerror", None) or "file locks aren't supported here"
                raise StateError(
                    f"{self._path} can't be locked ({why}). Use a state directory on a local disk: "
                    "TE_STATE_DIR or state_dir."
                ) from None
            raise

    def _stopped(self) -> bool:
        try:
            self._check()
        except Exception:  # noqa: BLE001  it is raised again once the library has given up
            return True
        return False

    def __exit__(self, *_exc: object) -> None:
        with contextlib.suppress(OSError):
            self._file.release()
        self._threads.release()


@contextlib.contextmanager
def locked(path: Path, check: Check | None = None) -> Iterator[None]:
    """Hold the lock file at ``path`` once. ``check`` is called while waiting; it may raise to stop."""
    with Lock(path, check):
        yield


def _no_check() -> None:
    """Never stop waiting."""
