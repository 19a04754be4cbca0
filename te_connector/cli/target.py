"""The file that a command writes: checked before the work, then written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO

import attrs

from te_connector.cli.settings import expanded
from te_connector.errors import SettingsError, StateError

_DRAFT = ".te-"
_DESCRIPTORS = "/proc/self/fd"


@attrs.frozen
class Target:
    """Where the output goes.

    ``through`` is True for a device or a pipe, which must not be replaced by a file. ``is_stdout`` is
    True if it is the command's own standard output.
    """

    path: Path
    replace: bool
    through: bool
    is_stdout: bool


def checked(path: Path, *, force: bool = False) -> Target:
    """The target at ``path``, checked to be writable before the work begins.

    :raises SettingsError: it is not, or a file exists there and ``force`` is False.
    """
    path = expanded(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        status = None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise SettingsError(f"{path} is a folder. Name a file.")
    if status is not None and (_is_stdout(status) or not stat.S_ISREG(status.st_mode)):
        if not os.access(path, os.W_OK):
            raise SettingsError(f"You don't have permission to write to {path}.")
        return Target(path, replace=False, through=True, is_stdout=_is_stdout(status))
    if status is not None and not force:
        raise SettingsError(f"{path} already exists. Choose another name, or add --force.")
    # A link to a file is followed, so that the link stays.
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise SettingsError(f"The folder {real.parent} doesn't exist. Create it first.")
    try:
        descriptor, trial = tempfile.mkstemp(dir=real.parent, prefix=_DRAFT)
        os.close(descriptor)
        os.unlink(trial)
    except OSError as error:
        raise _unwritable(path, error) from None
    return Target(real, replace=force, through=False, is_stdout=False)


def write(target: Target, content: bytes) -> None:
    """Write ``content``: whole or not at all to a file (mode 0600), straight to a device or pipe.

    :raises StateError: it can't be written.
    """
    try:
        if target.is_stdout:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
        elif target.through:
            with open(target.path, "wb", buffering=0) as stream:
                stream.write(content)
        else:
            _write_file(target, content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StateError(f"Can't write {target.path}: {error.strerror}.") from None


def _write_file(target: Target, content: bytes) -> None:
    folder = target.path.parent
    descriptor = _unnamed(folder)
    if descriptor is not None:
        with os.fdopen(descriptor, "wb") as file:
            _fill(file, content)
            _name_unnamed(file.fileno(), target)
        return
    descriptor, draft = tempfile.mkstemp(dir=folder, prefix=_DRAFT)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _fill(file, content)
        if target.replace:
            os.replace(draft, target.path)
        else:
            # Unlike a rename, a link fails if another process has created the file meanwhile.
            os.link(draft, target.path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(draft)


def _unnamed(folder: Path) -> int | None:
    """An open file without a name, which disappears with the process even if it is killed.

    None where the system or the file system has no such files.
    """
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir(_DESCRIPTORS):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError:
        return None


def _name_unnamed(descriptor: int, target: Target) -> None:
    here = os.open(target.path.parent, os.O_RDONLY)
    try:
        # Python follows the link to the open file only if it gets a folder's descriptor.
        source = f"{_DESCRIPTORS}/{descriptor}"
        if not target.replace:
            os.link(source, target.path, src_dir_fd=here, follow_symlinks=True)
            return
        draft = target.path.with_name(f"{_DRAFT}{secrets.token_hex(8)}")
        os.link(source, draft, src_dir_fd=here, follow_symlinks=True)
        os.replace(draft, target.path)
    finally:
        os.close(here)


def _fill(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _is_stdout(status: os.stat_result) -> bool:
    try:
        own = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return (own.st_dev, own.st_ino) == (status.st_dev, status.st_ino)


def _unwritable(path: Path, error: Exception) -> SettingsError:
    why = getattr(error, "strerror", None) or "the name isn't valid"
    return SettingsError(f"Can't write {str(path)[:60]}: {why}.")
