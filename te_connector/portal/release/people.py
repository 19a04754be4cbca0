"""What people answered, as it goes into the package: their files, and what they said."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import attrs
import sqlalchemy as sa

from te_connector.portal.desk import requests
from te_connector.portal.direct import processors, tasks, uploads
from te_connector.portal.direct.tasks import Task
from te_connector.portal.direct.uploads import Kept
from te_connector.portal.settings import Choices
from te_connector.portal.store.database import Database


@attrs.frozen
class Heard:
    """What the person reads about one system that a processor looked in."""

    title: str
    text: str
    files: tuple[str, ...]
    """Paths in the package."""
    left_out: int


def parts(
    database: Database, db: sa.Connection, request: requests.Request, choices: Choices
) -> tuple[list[Heard], dict[str, bytes]]:
    """What was heard, and the files that go out, by their paths."""
    heard: list[Heard] = []
    contents: dict[str, bytes] = {}
    kept = uploads.of_request(database, db, request.id)
    for task in tasks.of_request(database, db, request.id):
        title = processors.get(database, db, choices, task.connection).title
        own = [one for one in kept if one.task_id == task.id]
        paths = _paths(task, [one for one in own if one.chosen])
        for path, one in paths.items():
            contents[path] = uploads.content(database, db, request.id, one.id)[1]
        left_out = sum(not one.chosen for one in own)
        heard.append(Heard(title, sentence(task, choices.zone), tuple(paths), left_out))
    return heard, contents


def _paths(task: Task, chosen: Sequence[Kept]) -> dict[str, Kept]:
    folder = "from-" + re.sub(r"[^A-Za-z0-9._-]", "_", task.connection)
    found: dict[str, Kept] = {}
    for one in chosen:
        path, number = f"{folder}/{one.name}", 2
        while path in found:
            path, number = f"{folder}/{number}-{one.name}", number + 1
        found[path] = one
    return found


def sentence(task: Task, zone: datetime.tzinfo) -> str:
    """What a task's answer is, in words for the person."""
    if not task.was_looked_at:
        return "Not looked at: nobody answered us about this system."
    at = datetime.datetime.fromisoformat(str(task.answered_at)).astimezone(zone)
    said = {
        "files": "The files below are what we hold about you there.",
        "nothing": "We hold nothing about you there.",
    }.get(str(task.answer), "")
    return f"Answered by a person on {at:%B} {at.day}, {at.year}. {said}".strip()


def basis(database: Database, db: sa.Connection, request_id: int) -> list[object]:
    """Everything about the answers that decides what goes out."""
    found = tasks.of_request(database, db, request_id)
    kept = uploads.of_request(database, db, request_id)
    return [
        [
            [one.id, one.round, one.state, one.answer, one.answered_at, one.accepted]
            for one in found
        ],
        [[one.id, one.digest, one.chosen] for one in kept],
    ]
