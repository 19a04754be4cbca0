"""A processor's answer: the link, the code, the form, and the receipt of what was said."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from te_connector.portal import mail
from te_connector.portal.desk import requests
from te_connector.portal.direct import asking, letters, tasks, uploads
from te_connector.portal.direct.tasks import Task
from te_connector.portal.direct.uploads import Upload
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.settings import Choices, PortalSettings
from te_connector.portal.store.crypto import hash_token
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import tasks as table

OVER: Final = (
    "This link isn't valid. It may be wrong, over, or withdrawn. Open it from the newest mail, and "
    "allow cookies for this page."
)
_CODE_SECONDS = 15 * 60
_LONGEST = 5000


@attrs.frozen
class Answer:
    """What the form says."""

    answer: str
    name: str
    email: str
    note: str = attrs.field(repr=False)
    confirmed: bool
    code: str = attrs.field(default="", repr=False)
    files: Sequence[Upload] = ()


def find(database: Database, db: sa.Connection, token: str, at: str | None = None) -> Task:
    """The task of a link that may be used now, or that was answered.

    :raises Refused: the link doesn't work (``link_over``); the same for every cause.
    """
    found = tasks.found_by(database, db, table.c.token_hash == hash_token(token))
    if not found or requests.get(database, db, found[0].request_id).is_final:
        raise Refused("link_over", OVER)
    task = found[0]
    in_time = task.state == "asked" and str(task.deadline) > (at or now())
    if not in_time and task.state != "answered":
        raise Refused("link_over", OVER)
    return task


def open_task(database: Database, db: sa.Connection, task: Task) -> None:
    """Record that the person was shown, the first time."""
    if task.opened_at is None and task.state == "asked":
        tasks.change(db, task, opened_at=now())
        asking.note(database, db, task, "processor_opened", _actor(task))


def _actor(task: Task) -> Actor:
    return Actor(f"processor {task.connection}", None, "processor")


def send_code(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    choices: Choices,
    task: Task,
) -> None:
    """Mail a code to the mailbox that was asked. It works for 15 minutes."""
    number = f"{secrets.randbelow(10**6):06d}"
    tasks.change(
        db,
        task,
        code_hash=_code_hash(database, task, number),
        code_until=time.time() + _CODE_SECONDS,
    )
    label = requests.label(task.request_id)
    letter = letters.code(task.mailbox, choices.lender, label, number, str(task.message_id))
    key = f"direct:{task.id}:{task.round}:code:{uuid.uuid4()}"
    mail.put(database, db, settings, key, letter, request_id=task.request_id)


def _code_hash(database: Database, task: Task, number: str) -> str:
    return database.keys.fingerprint("direct code", str(task.id), str(task.round), number)


def give(database: Database, db: sa.Connection, task: Task, given: Answer) -> None:
    """Keep an answer.

    :raises Refused: something is missing, the code is wrong or over, or it was answered before.
    """
    if task.state != "asked":
        raise Refused("answered_before", "This was answered before. An officer can reopen it.")
    _check(task, given)
    if task.kind == "deletion":
        _check_code(database, db, task, given.code)
    uploads.forget(db, task.id)
    digests = [uploads.keep(database, db, task.request_id, task.id, one) for one in given.files]
    if given.note.strip() and task.kind == "access":
        text = Upload("note.txt", given.note.strip().encode(), "typed on the page")
        uploads.keep(database, db, task.request_id, task.id, text)
    at = now()
    receipts = list(task.receipts)
    if task.kind == "deletion":
        receipts.append(_receipt(task, given, at))
    said = {"name": given.name.strip(), "email": given.email.strip(), "note": given.note.strip()}
    tasks.change(
        db,
        task,
        state="answered",
        answer=given.answer,
        answered_at=at,
        receipts=receipts,
        private=database.keys.seal(said),
        code_hash=None,
    )
    detail = {"answer": given.answer, "name": said["name"], "email": said["email"]}
    reason = given.note.strip() or None
    asking.note(
        database, db, task, "processor_answered", _actor(task), reason, files=digests, **detail
    )


def _receipt(task: Task, given: Answer, at: str) -> dict[str, object]:
    """An attested receipt: a person says so. Nothing here was proven by reading a system."""
    return {
        "receipt_id": str(uuid.uuid4()),
        "kind": "attested",
        "processor": task.connection,
        "answer": given.answer,
        "answered_at": at,
        "by": {"name": given.name.strip(), "email": given.email.strip()},
        "asked_at": task.asked_at,
        "message_id": task.message_id,
        "reminders": task.reminders,
        "objects": [list(one) for one in task.objects],
    }


def _check(task: Task, given: Answer) -> None:
    if given.answer not in tasks.ANSWERS[task.kind]:
        raise Refused("answer_missing", "Choose an answer.", "answer")
    if given.answer == "files" and not given.files:
        raise Refused("files_missing", "Add the files, or choose another answer.", "files")
    if given.answer != "files" and given.files:
        raise Refused("files_left", "Choose the answer with files, or remove them.", "answer")
    if len(given.files) > uploads.MOST_FILES:
        raise Refused("files_many", f"Add at most {uploads.MOST_FILES} files.", "files")
    if given.answer in tasks.NEEDS_OFFICER and not given.note.strip():
        raise Refused("note_missing", "Say what is left, and why.", "note")
    if not given.name.strip():
        raise Refused("name_missing", "Enter your name.", "name")
    if "@" not in given.email:
        raise Refused("email_missing", "Enter your e-mail address.", "email")
    if max(map(len, (given.name, given.email, given.note))) > _LONGEST:
        raise Refused("text_long", "Use at most 5,000 characters.", "note")
    if not given.confirmed:
        raise Refused("unconfirmed", "Confirm that your answer is true and complete.", "confirmed")


def _check_code(database: Database, db: sa.Connection, task: Task, code: str) -> None:
    row = db.execute(sa.select(table).where(table.c.id == task.id)).one()
    given = _code_hash(database, task, "".join(code.split()))
    fits = row.code_hash is not None and secrets.compare_digest(row.code_hash, given)
    if not fits or (row.code_until or 0) < time.time():
        raise Refused("code_wrong", "This code is wrong or over. Mail yourself a new one.", "code")
