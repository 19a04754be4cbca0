"""What a processor uploads: checked by name and first bytes, scanned, encrypted, never unpacked.

A file is kept in the database, encrypted, under a number. It is served as an attachment only.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import sqlalchemy as sa

from te_connector.portal.refusal import Refused
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import files

MOST_FILES: Final = 5
MOST_BYTES: Final = 10 * 1024 * 1024
_SCAN_SECONDS = 60
_STARTS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "pdf": (b"%PDF-",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "xlsx": (b"PK\x03\x04",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
}
_TEXTS: Final = ("csv", "json", "txt")
KINDS: Final = (*_TEXTS, *_STARTS)
_MARKUP = re.compile(rb"<\s*(!doctype|html|svg|script|\?xml|head|body|iframe)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@attrs.frozen
class Upload:
    """A file that was checked, before it is kept."""

    name: str
    content: bytes = attrs.field(repr=False)
    scan: str
    """``clean``, or why it wasn't scanned."""


@attrs.frozen
class Kept:
    """A kept file. ``chosen`` is None until an officer decides."""

    id: int
    task_id: int
    name: str
    size: int
    digest: str
    scan: str
    chosen: bool | None
    why: str = attrs.field(repr=False)


def plain_name(given: str) -> str:
    """The file's own name: no folders, no control characters, at most 100 characters."""
    name = re.split(r"[\\/]", given)[-1]
    name = "".join(mark for mark in name if mark.isprintable()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 99 - len(ending)]}{dot}{ending}" if dot else name[:100]


def check(given: str, content: bytes, scan_command: str = "") -> Upload:
    """Check a file.

    :raises Refused: its ending isn't allowed, its content is another kind of file, it is too large or
        empty, or the scanner found something.
    """
    name = plain_name(given)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = "jpg" if ending == "jpeg" else ending
    if kind not in KINDS:
        raise Refused("file_kind", f"{name or 'A file'}: use {', '.join(KINDS)}.", "files")
    if not content or len(content) > MOST_BYTES:
        raise Refused("file_size", f"{name}: a file has 1 byte to 10 MB.", "files")
    if not _is_kind(kind, content):
        raise Refused("file_content", f"{name}: the content isn't a {kind} file.", "files")
    return Upload(name, content, _scanned(name, content, scan_command))


def _is_kind(kind: str, content: bytes) -> bool:
    if kind in _STARTS:
        is_sheet = kind != "xlsx" or b"[Content_Types].xml" in content
        return content.startswith(_STARTS[kind]) and is_sheet
    if content.startswith(_UTF16):
        content = content.decode("utf-16", "replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    starts = tuple(one for group in _STARTS.values() for one in group)
    return not (
        content.startswith((*starts, b"MZ", b"\x7fELF"))
        or _CONTROL.search(content)
        or _MARKUP.match(content.lstrip())
    )


def _scanned(name: str, content: bytes, command: str) -> str:
    if not command:
        return "not scanned: no scanner is set up"
    try:
        done = subprocess.run(  # noqa: S603  the lender's own command, without a shell
            shlex.split(command),
            input=content,
            capture_output=True,
            timeout=_SCAN_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return "not scanned: the scanner can't be run"
    if done.returncode == 1:  # clamscan, clamdscan: 1 is a find, 2 an error
        raise Refused("file_infected", f"{name}: the scanner found a virus.", "files")
    return "clean" if done.returncode == 0 else "not scanned: the scanner failed"


def keep(
    database: Database, db: sa.Connection, request_id: int, task_id: int, upload: Upload
) -> str:
    """Keep a file, encrypted. Returns its SHA-256."""
    digest = hashlib.sha256(upload.content).hexdigest()
    db.execute(
        sa.insert(files).values(
            request_id=request_id,
            kind="upload",
            task_id=task_id,
            chosen=None,
            digest=digest,
            size=len(upload.content),
            made_at=now(),
            content=database.keys.seal_bytes(upload.content),
            about=database.keys.seal({"name": upload.name, "scan": upload.scan, "why": ""}),
        )
    )
    return digest


def of_request(database: Database, db: sa.Connection, request_id: int) -> list[Kept]:
    """A request's uploads, without their contents."""
    columns = (
        files.c.id, files.c.task_id, files.c.size, files.c.digest, files.c.chosen, files.c.about
    )  # fmt: skip
    query = sa.select(*columns).where(files.c.request_id == request_id, files.c.kind == "upload")
    found = []
    for row in db.execute(query.order_by(files.c.id)):
        about: dict[str, Any] = database.keys.open(row.about)
        found.append(
            Kept(
                row.id,
                row.task_id,
                about["name"],
                row.size,
                row.digest,
                about["scan"],
                row.chosen,
                about["why"],
            )
        )
    return found


def content(
    database: Database, db: sa.Connection, request_id: int, number: int
) -> tuple[Kept, bytes]:
    """One upload with its content.

    :raises Refused: the request has no such upload.
    """
    kept = {one.id: one for one in of_request(database, db, request_id)}.get(number)
    if kept is None:
        raise Refused("file_unknown", "There is no such file.")
    sealed = db.scalar(sa.select(files.c.content).where(files.c.id == number))
    return kept, database.keys.open_bytes(sealed) or b""


def decide(database: Database, db: sa.Connection, kept: Kept, *, chosen: bool, why: str) -> None:
    """Let a file go out, or not.

    :raises Refused: it is left out without a reason.
    """
    if not chosen and not why.strip():
        raise Refused("reason_missing", "Enter why the file is left out.", f"why-file-{kept.id}")
    about = {"name": kept.name, "scan": kept.scan, "why": "" if chosen else why.strip()}
    db.execute(
        sa.update(files)
        .where(files.c.id == kept.id)
        .values(chosen=chosen, about=database.keys.seal(about))
    )


def forget(db: sa.Connection, task_id: int) -> None:
    """Remove a task's uploads, when it is answered anew."""
    db.execute(sa.delete(files).where(files.c.task_id == task_id, files.c.kind == "upload"))


def undecided(found: Sequence[Kept]) -> int:
    """How many files nobody decided about."""
    return sum(one.chosen is None for one in found)
