"""Tasks: what a processor is asked for one request, and how far it is.

A task is ``asked``; it becomes ``answered``, ``undelivered`` (the mail came back), or ``late`` (the
deadline passed). An officer ends it as ``stopped`` or ``skipped``; then the answer is "not looked at".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
import sqlalchemy as sa

from te_connector.portal.refusal import Refused
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import tasks

OPEN: Final = ("asked", "undelivered", "late")
ANSWERS: Final = {
    "access": ("files", "nothing"),
    "deletion": ("deleted", "no_records", "partly", "cannot", "not_ours"),
}
NEEDS_OFFICER: Final = ("partly", "cannot")
"""Answers after which something is left, so an officer decides what is done about it."""
PROCESSOR, OFFICER = "processor", "officer"
WAITS: Final = (PROCESSOR, OFFICER)
"""What a request waits for because of its tasks."""


@attrs.frozen
class Task:
    """One task. Times are RFC 3339 in UTC."""

    id: int
    request_id: int
    connection: str
    kind: str
    state: str
    round: int
    asked_at: str | None
    deadline: str | None
    next_at: str | None
    reminders: int
    message_id: str | None
    opened_at: str | None
    answered_at: str | None
    answer: str | None
    accepted: bool
    objects: Sequence[Sequence[str]]
    receipts: Sequence[Mapping[str, Any]]
    mailbox: str = attrs.field(repr=False)
    private: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether an answer may still come."""
        return self.state in OPEN

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to do anything about it any more."""
        if self.state == "answered":
            return self.accepted or self.answer not in NEEDS_OFFICER
        return self.state in ("skipped", "stopped")

    @property
    def was_looked_at(self) -> bool:
        """Whether a person answered."""
        return self.state == "answered"


def waits_for(found: Iterable[Task]) -> str | None:
    """Whom a request with these tasks waits for; None if they are settled. Pure."""
    states = [one.state for one in found if not one.is_settled]
    if not states:
        return None
    return PROCESSOR if "asked" in states else OFFICER


def waits_until(found: Iterable[Task]) -> str | None:
    """The last deadline of the tasks that may still be answered in time."""
    return max(
        (one.deadline for one in found if one.state == "asked" and one.deadline), default=None
    )


def plan(
    db: sa.Connection,
    request_id: int,
    connection: str,
    kind: str,
    mailbox: bytes,
    objects: Sequence[Sequence[str]] = (),
) -> bool:
    """Make a task, once for each request, processor, and kind. The mail follows within a second."""
    known = db.scalar(
        sa.select(tasks.c.id).where(
            tasks.c.request_id == request_id,
            tasks.c.connection == connection,
            tasks.c.kind == kind,
        )
    )
    if known is not None:
        return False
    db.execute(
        sa.insert(tasks).values(
            request_id=request_id,
            connection=connection,
            kind=kind,
            state="asked",
            mailbox=mailbox,
            objects=[list(one) for one in objects],
            receipts=[],
        )
    )
    return True


def of_request(database: Database, db: sa.Connection, request_id: int) -> list[Task]:
    """A request's tasks."""
    query = sa.select(tasks).where(tasks.c.request_id == request_id).order_by(tasks.c.id)
    return [_task(database, row) for row in db.execute(query).mappings()]


def get(database: Database, db: sa.Connection, task_id: int) -> Task:
    """One task.

    :raises Refused: there is none with that id.
    """
    row = db.execute(sa.select(tasks).where(tasks.c.id == task_id)).mappings().first()
    if row is None:
        raise Refused("task_unknown", "There is no such task.")
    return _task(database, row)


def found_by(database: Database, db: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Task]:
    """The tasks that a condition on the table holds for, oldest first."""
    query = sa.select(tasks).where(*where).order_by(tasks.c.id)
    return [_task(database, row) for row in db.execute(query).mappings()]


def _task(database: Database, row: sa.RowMapping) -> Task:
    values = {field.name: row[field.name] for field in attrs.fields(Task)}
    values["mailbox"] = database.keys.open(row["mailbox"]) or ""
    values["private"] = database.keys.open(row["private"]) or {}
    return Task(**values)


def change(db: sa.Connection, task: Task, **values: Any) -> None:
    """Change a task, if it still is what the caller read.

    :raises Refused: someone else was first.
    """
    changed = db.execute(
        sa.update(tasks)
        .where(
            tasks.c.id == task.id,
            tasks.c.state == task.state,
            tasks.c.round == task.round,
            tasks.c.reminders == task.reminders,
        )
        .values(**values)
    )
    if changed.rowcount != 1:
        raise Refused(
            "changed_meanwhile",
            "This task changed just now, so nothing was done. Reload the page.",
        )
