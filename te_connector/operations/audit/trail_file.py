"""The audit trail's file: lines added under a lock, and an index that is kept up to date.

``audit.jsonl`` is the evidence. ``audit.last`` names the last entry that was synced to disk, so that a
cut shows without a receipt. ``audit.index`` makes look-ups fast (:mod:`.index`).
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hmac
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from te_connector.contract import AuditPlace
from te_connector.errors import StateError
from te_connector.operations.audit.chain import RESUMED, Chain, Line, has_mac
from te_connector.operations.audit.index import Checkpoint, Damaged, Index, Position
from te_connector.storage.files import open_private, read_private, sync_folder
from te_connector.storage.locks import locked

TRAIL, LAST, INDEX = "audit.jsonl", "audit.last", "audit.index"
_LAST_SIZE = 256
_LAST_LABEL = "last entry"


def now() -> str:
    """The present moment, RFC 3339 in UTC."""
    return (
        datetime.datetime.now(datetime.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


class TrailFile:
    """The file of one trail. Every process that adds to it goes through the lock."""

    def __init__(self, path: Path, lock: Path, chain: Chain) -> None:
        self.path, self.chain = path, chain
        self._lock = lock
        self._threads = threading.Lock()
        self._index: Index | None = None

    def add(
        self, descriptor: int, index: Index, kind: str, fields: Mapping[str, Any], *, sync: bool
    ) -> AuditPlace:
        """Add an entry to the open file; with ``sync`` it is on disk when this returns."""
        first = index.position.seq == 0
        line = self._write(descriptor, index, {"kind": kind, "at": now(), **fields})
        if sync:
            os.fsync(descriptor)
        if first:
            sync_folder(self.path.parent)
        if sync:
            self._note_last(line)
        return line.place

    def _write(
        self, descriptor: int, index: Index, fields: Mapping[str, Any], ahead: bytes = b""
    ) -> Line:
        line = self.chain.line(index.position.last, index.position.seq + 1, fields)
        whole = ahead + line.raw + b"\n"
        if os.write(descriptor, whole) != len(whole):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        index.take(line, len(line.raw) + 1)
        return line

    def _note_last(self, line: Line) -> None:
        """Name the last entry that is on disk, in place: one write of a fixed size."""
        body = json.dumps({"seq": line.place["seq"], "mac": line.place["mac"]})
        sign = self.chain.sign(_LAST_LABEL, body.encode())
        content = f"{body}\n{sign}\n".encode().ljust(_LAST_SIZE)
        path = self.path.with_name(LAST)
        descriptor = open_private(path, os.O_WRONLY | os.O_CREAT)
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)

    def last(self) -> AuditPlace | None:
        """The last entry that is known to have been on disk; None if nothing says.

        :raises StateError: the note was altered.
        """
        path = self.path.with_name(LAST)
        raw = read_private(path)
        if raw is None or not raw.strip(b" \0"):
            return None
        body, _, rest = raw.partition(b"\n")
        sign = rest.partition(b"\n")[0]
        if not hmac.compare_digest(sign, self.chain.sign(_LAST_LABEL, body).encode()):
            raise self.altered()
        place: AuditPlace = json.loads(body)
        return place

    @contextlib.contextmanager
    def opened(self) -> Iterator[tuple[int, Index]]:
        """The file, locked against all others, and the index, up to date."""
        with self._threads, as_state_error(self.path):
            try:
                with locked(self._lock):
                    # A trail that is missing and was there isn't begun anew in silence.
                    begin = 0 if self.path.with_name(LAST).exists() else os.O_CREAT
                    descriptor = open_private(self.path, os.O_RDWR | os.O_APPEND | begin)
                    try:
                        yield descriptor, self._up_to_date(descriptor)
                    finally:
                        os.close(descriptor)
            except BaseException:
                self._index = None  # what was written is read again
                raise

    def _up_to_date(self, descriptor: int) -> Index:
        """The index with every line that any process added; read anew if the checkpoint is damaged."""
        checkpoint = Checkpoint(self.path.with_name(INDEX), self.chain)
        start = Position(0, 0, self.chain.start)
        index = self._index
        last = self.last()
        try:
            if index is None:
                index = Index(checkpoint.load(descriptor) or start, checkpoint)
            self._catch_up(descriptor, index, last)
        except Damaged:
            checkpoint.discard()
            index = Index(start, checkpoint)
            self._catch_up(descriptor, index, last)
        index.save()
        self._index = index
        return index

    def _catch_up(self, descriptor: int, index: Index, last: AuditPlace | None) -> None:
        """Read what was added since; close a line that a crash left unfinished."""
        size = os.fstat(descriptor).st_size
        if size < index.position.offset:
            raise self.altered()
        added = _read_all(descriptor, size - index.position.offset, index.position.offset)
        *lines, rest = added.split(b"\n")
        unfinished = False
        for raw in lines:
            line = self.chain.read(index.position.last, raw)
            if line is not None and (not unfinished or line.entry["kind"] == RESUMED):
                unfinished = False
                if line.place["seq"] != index.position.seq + 1 or _differs(line, last):
                    raise self.altered()
                index.take(line, len(raw) + 1)
            elif line is None and not has_mac(raw):
                unfinished = True  # an entry that closes it must follow
                index.advance(len(raw) + 1, index.position.last + b"\n" + raw)
            else:
                raise self.altered()
        if rest:
            self._close_unfinished(descriptor, index, rest)
        elif unfinished:
            raise self.altered()
        if last is not None and index.position.seq < last["seq"]:
            raise self.altered()

    def _close_unfinished(self, descriptor: int, index: Index, rest: bytes) -> None:
        """End the unfinished line and say so in one write: a bare line end would look like a change."""
        whole = self.chain.read(index.position.last, rest)
        if whole is not None:
            os.write(descriptor, b"\n")
            index.take(whole, len(rest) + 1)
            return
        if has_mac(rest):
            raise self.altered()
        index.advance(len(rest) + 1, index.position.last + b"\n" + rest)
        fields = {"kind": RESUMED, "at": now(), "torn_bytes": len(rest)}
        self._write(descriptor, index, fields, b"\n")

    def altered(self) -> StateError:
        """What is raised when the file isn't as it was written."""
        return StateError(
            f"The audit trail {self.path} was altered. To see where, run: te-connector audit verify. "
            f"To begin a new trail, move the folder {self.path.parent} away."
        )

    def is_begun(self) -> bool:
        """Whether there is a trail, or was one."""
        return self.path.exists() or self.path.with_name(LAST).exists()


def _differs(line: Line, last: AuditPlace | None) -> bool:
    """Whether a line has the number of the last one on disk, and isn't it."""
    return last is not None and line.place["seq"] == last["seq"] and line.place != last


def _read_all(descriptor: int, size: int, offset: int) -> bytes:
    """All bytes from an offset; one ``pread`` may give fewer than asked for."""
    parts: list[bytes] = []
    while size > 0:
        part = os.pread(descriptor, size, offset)
        if not part:
            break
        parts.append(part)
        size, offset = size - len(part), offset + len(part)
    return b"".join(parts)


@contextlib.contextmanager
def as_state_error(path: Path) -> Iterator[None]:
    """Give any fault of the file system as one sentence."""
    try:
        yield
    except OSError as error:
        raise StateError(f"{path} cannot be written ({error.strerror or error}).") from None
