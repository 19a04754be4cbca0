"""Files and folders that are ours alone: never through a link, never another user's, whole or not at all.

Every fault of the file system is a :class:`~te_connector.errors.StateError` that names the path and the
next step.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from te_connector.errors import StateError

# Not to wait for a writer where a pipe is in a file's place; regular files ignore it.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | _NO_WAIT


def make_folder(folder: Path) -> None:
    """Make a folder that nobody else can enter, or check that an existing one is ours.

    :raises StateError: it can't be made, belongs to another user, or others can write to it.
    """
    with explained(folder, "used", "Name another with TE_STATE_DIR or state_dir."):
        for missing in [each for each in reversed(folder.parents) if not each.exists()]:
            missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
        if not _ours(found) and os.name == "posix":
            raise StateError(
                f"The folder {folder} belongs to another user. Name one of your own with TE_STATE_DIR "
                "or state_dir."
            )
        if stat.S_IMODE(found.st_mode) & 0o077 and not any(folder.iterdir()):
            folder.chmod(0o700)  # an empty one that was made for us
        elif os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o022:
            raise StateError(
                f"Others can write to the folder {folder}, so what is in it can't be trusted. Make it "
                f"yours alone: chmod 700 {folder}"
            )


def open_private(path: Path, flags: int) -> int:
    """Open one of our files, mode 0600 if it is made. Returns the descriptor.

    :raises FileNotFoundError: there is none, and the flags don't make one.
    :raises StateError: it is a link, no regular file, another user's, or open to others.
    """
    with explained(path, "used"):
        descriptor = os.open(path, flags | _NO_LINKS, 0o600)
        try:
            refuse_shared(path, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def refuse_shared(path: Path, found: os.stat_result) -> None:
    """Refuse a file that isn't a regular one of ours alone.

    :raises StateError: naming the file and the command that mends it.
    """
    if os.name != "posix":
        return
    if not stat.S_ISREG(found.st_mode):
        raise StateError(
            f"{path} isn't a regular file. Remove it, or name another state directory."
        )
    if not _ours(found):
        raise StateError(f"{path} belongs to another user. Name a state directory of your own.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StateError(f"Others can read {path}. Make it yours alone: chmod 600 {path}")


def _ours(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def read_private(path: Path) -> bytes | None:
    """The content of one of our files, or None if there is none.

    :raises StateError: it is a link, another user's, open to others, or can't be read.
    """
    try:
        descriptor = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with explained(path, "read"), os.fdopen(descriptor, "rb") as file:
        return file.read()


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, synced, mode 0600. A link in its place is replaced.

    :raises StateError: it can't be written.
    """
    with Draft(path) as draft:
        draft.commit(content)


class Draft:
    """A file to be: its place on the disk is taken before the content is known.

    ``with Draft(path, size=4096) as draft: ...; draft.commit(content)``. Without a commit nothing is
    left behind.

    :raises StateError: it can't be written, or the disk is full.
    """

    def __init__(self, path: Path, *, size: int = 0) -> None:
        self._path = path
        self._temporary: Path | None = None
        with explained(path, "written"):
            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            self._temporary = Path(name)
            try:
                self._file = os.fdopen(descriptor, "r+b")
            except BaseException:
                os.close(descriptor)
                self._temporary.unlink()
                raise
            try:
                if size:
                    self._file.write(b"\0" * size)
                    self._file.flush()
                    os.fsync(self._file.fileno())
            except BaseException:
                self._discard()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._discard()

    def commit(self, content: bytes) -> None:
        """Write the content and put the file in its place."""
        assert self._temporary is not None, "a draft is committed once"
        with explained(self._path, "written"):
            self._file.seek(0)
            self._file.write(content)
            self._file.truncate()
            self._file.flush()
            os.fsync(self._file.fileno())
            os.replace(self._temporary, self._path)
            self._temporary = None
            sync_folder(self._path.parent)

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink()
            self._temporary = None


def sync_folder(folder: Path) -> None:
    """Make a folder's new names last through a crash, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def explained(path: Path, what: str, advice: str = "") -> Iterator[None]:
    """Turn a fault of the file system into a StateError: ``PATH can't be WHAT (why). ADVICE``."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename == str(path):
            raise  # for callers to whom a missing file is an answer
        raise StateError(f"{path} can't be {what} ({_why(error)}). {advice}".rstrip()) from None
    except OSError as error:
        raise StateError(f"{path} can't be {what} ({_why(error)}). {advice}".rstrip()) from None


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
