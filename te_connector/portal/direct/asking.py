"""Asking: the mail with the link, and what an officer does with a task. One transaction each."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from te_connector.portal import mail
from te_connector.portal.desk import requests
from te_connector.portal.direct import letters, processors, tasks
from te_connector.portal.direct.tasks import Task
from te_connector.portal.refusal import SYSTEM, Actor, Refused
from te_connector.portal.settings import Choices, PortalSettings, read_choices
from te_connector.portal.store import log
from te_connector.portal.store.crypto import hash_token
from te_connector.portal.store.database import Database, after
from te_connector.portal.store.tables import tasks as table


def plan(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    choices: Choices,
    objects: Mapping[str, Sequence[Sequence[str]]],
) -> int:
    """Make the tasks of a request. ``objects`` are what each processor is asked to delete, by name."""
    right = processors.KINDS[request.kind]
    return sum(
        tasks.plan(
            db, request.id, one.name, right,
            database.keys.seal(one.mailbox), objects.get(one.name, ()),
        )
        for one in processors.active(database, db, choices, right)
    )  # fmt: skip


def send_new(database: Database, settings: PortalSettings, at: str) -> int:
    """Mail the link of each task that has none yet. Returns how many were put into the outbox."""
    query = (table.c.state == "asked", table.c.token_hash.is_(None))
    with database.begin() as db:
        waiting = [one.id for one in tasks.found_by(database, db, *query)]
    sent = 0
    for number in waiting:
        with database.begin() as db:
            found = tasks.found_by(database, db, table.c.id == number, *query)
            if found:
                _send(database, db, settings, found[0], at)
                sent += 1
    return sent


def _send(
    database: Database, db: sa.Connection, settings: PortalSettings, task: Task, at: str
) -> None:
    choices = read_choices(database, db)
    one = processors.get(database, db, choices, task.connection)
    request = requests.get(database, db, task.request_id)
    token, number = secrets.token_urlsafe(32), task.round + 1
    deadline = after(at, days=one.deadline_days)
    link = f"{settings.url}/direct/{token}"
    by = answer_by(deadline, request, choices)
    label = requests.label(request.id)
    letter = letters.asked(task.mailbox, choices.lender, label, one.title, task.kind, by, link)
    message_id = mail.put(
        database, db, settings, f"direct:{task.id}:{number}:ask", letter, request_id=request.id
    )
    tasks.change(
        db,
        task,
        round=number,
        asked_at=at,
        deadline=deadline,
        next_at=after(at, days=one.reminder_days),
        reminders=0,
        message_id=message_id,
        token_hash=hash_token(token),
        link=database.keys.seal(link),
        opened_at=None,
    )
    note(database, db, task, "processor_asked", SYSTEM, to=task.mailbox, message_id=message_id)


def answer_by(deadline: str, request: requests.Request, choices: Choices) -> str:
    """The date that the mail names: the deadline, or the request's due date if that is earlier."""
    last = datetime.datetime.fromisoformat(deadline).astimezone(choices.zone).date()
    due = request.due if request.due >= choices.today() else last
    return min(last, due).isoformat()


def note(
    database: Database,
    db: sa.Connection,
    task: Task,
    action: str,
    actor: Actor,
    reason: str | None = None,
    **detail: Any,
) -> None:
    """An entry of the log about a task."""
    log.append(
        database, db, actor.name, action,
        request_id=task.request_id, reason=reason, user_id=actor.user_id,
        task=task.id, processor=task.connection, **detail,
    )  # fmt: skip


def send_again(
    database: Database,
    db: sa.Connection,
    task: Task,
    actor: Actor,
    mailbox: str = "",
    settings: PortalSettings | None = None,
) -> None:
    """Ask again with a new link, which ends the old one; to another mailbox if one is given.

    :raises Refused: the request is closed, the task is answered, or the mailbox can't be one.
    """
    request = requests.get(database, db, task.request_id)
    if request.is_final or not (task.is_open or task.state in ("stopped", "skipped")):
        raise Refused("task_over", "Reopen the answer first, while the request is open.")
    to = mailbox.strip() or task.mailbox
    if "@" not in to or any(mark.isspace() for mark in to):
        raise Refused("mailbox_wrong", "Enter an e-mail address.", "mailbox")
    if to != task.mailbox and task.is_open and settings is not None:
        _mail_withdrawal(database, db, settings, task)
    _ask_anew(database, db, task, to)
    note(database, db, task, "processor_asked_again", actor, to=to)


def _ask_anew(database: Database, db: sa.Connection, task: Task, mailbox: str) -> None:
    tasks.change(
        db,
        task,
        state="asked",
        mailbox=database.keys.seal(mailbox),
        token_hash=None,
        link=None,
        opened_at=None,
        answered_at=None,
        answer=None,
        accepted=False,
        code_hash=None,
    )


def reopen(database: Database, db: sa.Connection, task: Task, reason: str, actor: Actor) -> None:
    """Let a processor answer again, by a new link. The old answer stays in the log.

    :raises Refused: there is no answer, no reason, or the request is closed or decided.
    """
    request = requests.get(database, db, task.request_id)
    if task.state != "answered" or request.state not in ("searching", "review", "waiting"):
        raise Refused("task_over", "Only an answer of an open, undecided request can be reopened.")
    _need(reason)
    _ask_anew(database, db, task, task.mailbox)
    note(database, db, task, "answer_reopened", actor, reason)
    if request.state == "review":
        values = {"waits_for": tasks.PROCESSOR}
        requests.change_state(database, db, request, "waiting", actor, values=values)


def accept(database: Database, db: sa.Connection, task: Task, reason: str, actor: Actor) -> None:
    """Go on although something is left after an answer.

    :raises Refused: there is no such answer, or no reason.
    """
    if task.state != "answered" or task.is_settled:
        raise Refused("task_over", "This answer needs no decision.")
    _need(reason)
    tasks.change(db, task, accepted=True)
    note(database, db, task, "answer_accepted", actor, reason)


def end(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    task: Task,
    reason: str,
    actor: Actor,
) -> None:
    """End an open task without an answer: the package and the evidence say "not looked at".

    :raises Refused: the task isn't open, or there is no reason.
    """
    if not task.is_open:
        raise Refused("task_over", "This task is over.")
    _need(reason)
    state = "skipped" if task.state == "late" else "stopped"
    close(database, db, settings, task, state)
    note(database, db, task, f"processor_{state}", actor, reason)


def close(
    database: Database, db: sa.Connection, settings: PortalSettings, task: Task, state: str
) -> None:
    """End a task's link, and mail the person who was asked that nothing is needed any more."""
    if task.state in ("asked", "late"):
        _mail_withdrawal(database, db, settings, task)
    tasks.change(db, task, state=state, token_hash=None, link=None, code_hash=None)


def _mail_withdrawal(
    database: Database, db: sa.Connection, settings: PortalSettings, task: Task
) -> None:
    if task.message_id is None:
        return  # nobody was asked yet
    choices = read_choices(database, db)
    title = processors.get(database, db, choices, task.connection).title
    label = requests.label(task.request_id)
    letter = letters.withdrawn(task.mailbox, choices.lender, label, title, task.message_id)
    key = f"direct:{task.id}:{task.round}:withdrawn"
    mail.put(database, db, settings, key, letter, request_id=task.request_id)
    note(database, db, task, "processor_told_to_stop", SYSTEM, to=task.mailbox)


def mark_bounced(database: Database, db: sa.Connection, task: Task, actor: Actor) -> None:
    """Count a mail as not sent, since it came back. Its link ends.

    :raises Refused: the task doesn't wait for an answer.
    """
    if task.state not in ("asked", "late"):
        raise Refused("task_over", "This task doesn't wait for an answer.")
    tasks.change(db, task, state="undelivered", token_hash=None, link=None)
    note(database, db, task, "processor_not_reached", actor)


def _need(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason_missing", "Enter the reason.", "reason")
