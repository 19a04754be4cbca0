"""The receipts file: JSON Lines, each line on disk before the next object is begun.

A line that a crash tore is cut off when the file is opened to go on; its receipt comes again from the
audit trail, for it has the same receipt id.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import attrs

from te_connector.contract import Receipt
from te_connector.errors import Fault, FileFaults, OptionError, StateError
from te_connector.result import Result
from te_connector.storage.files import sync_folder

Whose = tuple[str, str, str]
"""An object's type and id, and the subject."""
_NAMESPACE = uuid.UUID("5d8d1f0e-0f0b-5a59-9a53-6a1f4c8f2b11")
_BEGINS = b'{"receipt_id":'
_TEXTS = ("receipt_id", "object_type", "id", "subject", "status", "at", "reason")


def whose(receipt: Mapping[str, Any]) -> Whose:
    """What a receipt, or a record, is about."""
    return receipt["object_type"], receipt["id"], receipt["subject"]


@attrs.frozen
class Naming:
    """Gives each deletion of one result into one file its own receipt id, the same in every run."""

    result: str
    file: str

    @classmethod
    def of(cls, result: Path, file: Path) -> Naming:
        """The naming for a result and a receipts file."""
        return cls(hashlib.sha256(result.read_bytes()).hexdigest(), str(file.absolute()))

    def receipt_id(self, about: Whose) -> str:
        """The receipt id of one object of one subject."""
        object_type, name, subject = about
        text = json.dumps([self.result, self.file, f"{object_type}:{name}", subject])
        return str(uuid.uuid5(_NAMESPACE, text))


_NO_RECEIPT = "this line is no receipt; name another file"


def read(path: Path) -> list[Receipt]:
    """The whole receipts of a file; a torn last line is left out.

    :raises FileFaults: a line is no receipt.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StateError(f"{path} cannot be read ({error.strerror}).") from None
    return _parsed(path, content)[0]


def _parsed(path: Path, content: bytes) -> tuple[list[Receipt], int]:
    """The receipts, and how many bytes they take."""
    *lines, rest = content.split(b"\n")
    found, faults = [], []
    for number, line in enumerate(lines, 1):
        receipt = _receipt(line)
        if receipt is not None:
            found.append(receipt)
        elif line.strip():
            faults.append(Fault(str(path), number, _NO_RECEIPT))
    if rest and not (rest.startswith(_BEGINS) or _BEGINS.startswith(rest)):
        faults.append(Fault(str(path), len(lines) + 1, _NO_RECEIPT))
    if faults:
        raise FileFaults(faults[:20])
    return found, len(content) - len(rest)


def _receipt(line: bytes) -> Receipt | None:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or not all(isinstance(given.get(key), str) for key in _TEXTS):
        return None
    return cast("Receipt", given)


def check_origin(path: Path, known: list[Receipt], result: Result, naming: Naming) -> None:
    """See that receipts are of this result, for an older one's would hide what is open.

    :raises OptionError: one is older than the result.
    """
    for receipt in known:
        ours = receipt["receipt_id"] == naming.receipt_id(whose(receipt))
        if not ours and _moment(receipt["at"]) < _moment(result.fetched_at):
            raise OptionError(
                f"{path} holds receipts that are older than RESULT; name another file with "
                "--receipts. Nothing was sent."
            )


def _moment(text: str | None) -> float:
    """Seconds since 1970; what tells no time is older than all that does."""
    try:
        return datetime.datetime.fromisoformat(text or "").timestamp()
    except ValueError:
        return float("-inf")


class ReceiptFile:
    """A receipts file that is being written; ``known`` are the receipts in it."""

    def __init__(self, path: Path, descriptor: int, known: list[Receipt]) -> None:
        self.path = path
        self.known = {whose(receipt): receipt for receipt in known}
        self._descriptor = descriptor

    def add(self, receipt: Receipt) -> None:
        """Add a receipt; it is on disk when this returns.

        :raises StateError: it cannot be written.
        """
        first = {"receipt_id": receipt["receipt_id"]}
        line = json.dumps({**first, **receipt}, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise StateError(
                f"{self.path} cannot be written ({error.strerror}); the audit trail has the receipt. "
                "Make room and run the same command again."
            ) from None
        self.known[whose(receipt)] = receipt


@contextlib.contextmanager
def opened(path: Path) -> Iterator[ReceiptFile]:
    """Open a receipts file to go on with it, alone.

    :raises StateError: it cannot be opened, or another command writes it.
    :raises FileFaults: it holds something else than receipts.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror}).") from None
    try:
        _claim(path, descriptor)
        known, size = _parsed(path, path.read_bytes())
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
        sync_folder(path.absolute().parent)
        yield ReceiptFile(path, descriptor, known)
    finally:
        os.close(descriptor)


def _claim(path: Path, descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # pragma: no cover  no such locks on this system
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StateError(
            f"Another te-connector is writing {path}; wait for it and run this again."
        ) from None
