"""What time does to tasks: reminders, deadlines, mails that came back, requests that closed.

Every function takes the present time, looks at dates in the table, and writes a row and its mail in one
transaction. So a tick that comes twice, late, or after a kill does its work once.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from te_connector.portal import mail
from te_connector.portal.desk import requests
from te_connector.portal.direct import asking, letters, processors, tasks
from te_connector.portal.direct.tasks import Task
from te_connector.portal.refusal import SYSTEM, Refused
from te_connector.portal.settings import Choices, PortalSettings, read_choices
from te_connector.portal.signin import accounts
from te_connector.portal.store import states
from te_connector.portal.store.database import Database, after, now
from te_connector.portal.store.tables import outbox
from te_connector.portal.store.tables import requests as request_table
from te_connector.portal.store.tables import tasks as table

_Step = Callable[[Database, sa.Connection, PortalSettings, Choices, Task, str], None]


def tick(database: Database, settings: PortalSettings, at: str | None = None) -> None:
    """Do all that is due at a time, which is now if none is given."""
    moment = at or now()
    asked = table.c.state == "asked"
    asking.send_new(database, settings, moment)
    _each(database, settings, moment, _withdraw, table.c.state.in_(tasks.OPEN), _is_closed())
    _each(database, settings, moment, _not_delivered, asked, _has_failed())
    _each(database, settings, moment, _end_time, asked, table.c.deadline <= moment)
    _each(database, settings, moment, _remind, asked, table.c.next_at <= moment)


def _is_closed() -> sa.ColumnElement[bool]:
    final = sa.select(request_table.c.id).where(request_table.c.state.in_(states.FINAL))
    return table.c.request_id.in_(final)


def _has_failed() -> sa.ColumnElement[bool]:
    """The mail server refused the link, or a reminder of it."""
    text = sa.cast(table.c.id, sa.Text) + ":" + sa.cast(table.c.round, sa.Text)
    failed = sa.select(outbox.c.id).where(
        outbox.c.state == "failed",
        sa.or_(
            outbox.c.key == sa.literal("direct:") + text + ":ask",
            outbox.c.key.like(sa.literal("direct:") + text + ":remind:%"),
        ),
    )
    return failed.correlate(table).exists()


def _each(
    database: Database,
    settings: PortalSettings,
    at: str,
    step: _Step,
    *where: sa.ColumnElement[bool],
) -> None:
    """One transaction for each task; one that changed meanwhile waits for the next tick."""
    with database.begin() as db:
        numbers = [one.id for one in tasks.found_by(database, db, *where)]
        choices = read_choices(database, db)
    for number in numbers:
        try:
            with database.begin() as db:
                for task in tasks.found_by(database, db, table.c.id == number, *where):
                    step(database, db, settings, choices, task, at)
        except Refused:
            continue


def _withdraw(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    _choices: Choices,
    task: Task,
    _at: str,
) -> None:
    asking.close(database, db, settings, task, "stopped")


def _not_delivered(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    choices: Choices,
    task: Task,
    _at: str,
) -> None:
    asking.mark_bounced(database, db, task, SYSTEM)
    title = processors.get(database, db, choices, task.connection).title
    what = f"The mail about {title} was not delivered, so nobody was asked."
    _tell_officers(database, db, settings, choices, task, "undelivered", what)


def _end_time(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    choices: Choices,
    task: Task,
    _at: str,
) -> None:
    """The deadline passed: the link ends. The request pauses, or goes on by the lender's rule."""
    title = processors.get(database, db, choices, task.connection).title
    if choices.late_processor == "skip":
        asking.close(database, db, settings, task, "skipped")
        asking.note(database, db, task, "processor_skipped", SYSTEM, by_rule=True)
        return
    tasks.change(db, task, state="late", token_hash=None, link=None, code_hash=None)
    asking.note(database, db, task, "processor_late", SYSTEM)
    what = f"Nobody answered about {title} before the deadline, so the request waits."
    _tell_officers(database, db, settings, choices, task, "late", what)


def _remind(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    choices: Choices,
    task: Task,
    at: str,
) -> None:
    """One reminder, however many were due while nothing ran."""
    one = processors.get(database, db, choices, task.connection)
    request = requests.get(database, db, task.request_id)
    due = str(task.next_at)
    while due <= at:
        due = after(due, days=one.reminder_days)
    by = asking.answer_by(str(task.deadline), request, choices)
    label, number = requests.label(request.id), task.reminders + 1
    link = database.keys.open(db.scalar(sa.select(table.c.link).where(table.c.id == task.id)))
    letter = letters.reminder(
        task.mailbox, choices.lender, label, one.title, by, link, str(task.message_id)
    )
    key = f"direct:{task.id}:{task.round}:remind:{number}"
    message_id = mail.put(database, db, settings, key, letter, request_id=request.id)
    tasks.change(db, task, reminders=number, next_at=due)
    asking.note(
        database, db, task, "processor_reminded", SYSTEM, number=number, message_id=message_id
    )


def _tell_officers(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    choices: Choices,
    task: Task,
    event: str,
    what: str,
) -> None:
    label = requests.label(task.request_id)
    link = f"{settings.url}/requests/{task.request_id}"
    for user in accounts.everyone(db):
        if user.active and user.role in ("officer", "admin"):
            letter = letters.for_officer(user.email, choices.lender, label, what, link)
            key = f"direct:{task.id}:{task.round}:{event}:{user.id}"
            mail.put(database, db, settings, key, letter, request_id=task.request_id)
