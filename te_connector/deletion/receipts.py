"""The receipts file: JSON Lines, each line on disk before its object counts as done.

The file is for people and for ``audit verify``. It never decides what is done: the audit trail does. A
line that a crash cut short is removed when the file is opened again, and its receipt comes again from
the trail, under the same receipt id.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import attrs

from te_connector.contract import Receipt
from te_connector.errors import DeletionNotRecorded, Fault, FileFaults, StateError
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
    account: str

    @classmethod
    def of(cls, result: Path, file: Path, account: str) -> Naming:
        """The naming for a result, a receipts file and an account."""
        return cls(hashlib.sha256(result.read_bytes()).hexdigest(), str(file.absolute()), account)

    def receipt_id(self, about: Whose) -> str:
        """The receipt id of one object of one subject."""
        object_type, name, subject = about
        job = [self.account, self.result, self.file]
        text = json.dumps([*job, f"{object_type}:{name}", subject])
        return str(uuid.uuid5(_NAMESPACE, text))


_NO_RECEIPT = "this line isn't a receipt; pass another --receipts file"


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


class ReceiptFile:
    """A receipts file that is being written."""

    def __init__(self, path: Path, descriptor: int, known: list[Receipt], account: str) -> None:
        self.path = path
        self._known = [dict(receipt) for receipt in known]
        self._descriptor = descriptor
        self._account = account

    def add(self, receipt: Receipt) -> None:
        """Add a receipt, unless the file has exactly this one. It is on disk when this returns.

        :raises DeletionNotRecorded: it can't be written.
        """
        content = {"receipt_id": receipt["receipt_id"], "account": self._account, **receipt}
        if content in self._known:
            return
        line = json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise DeletionNotRecorded(
                f"The audit trail has the receipt of {receipt['object_type']} {receipt['id']} "
                f"({receipt['status']}), but it can't be written to {self.path} ({error.strerror}). "
                "Make room, and run the same command again: it goes on from the trail."
            ) from None
        self._known.append(content)


@contextlib.contextmanager
def opened(path: Path, account: str) -> Iterator[ReceiptFile]:
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
        yield ReceiptFile(path, descriptor, known, account)
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
