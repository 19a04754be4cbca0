"""Processors: people who are asked by e-mail about a system that no connector reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import sqlalchemy as sa

from te_connector.portal import connections
from te_connector.portal.settings import Choices
from te_connector.portal.store.database import Database

KINDS = {"access": "access", "erasure": "deletion"}
"""Which right a processor must serve for a kind of request."""


@attrs.frozen
class Processor:
    """One processor: a system with a mailbox, and how long its people have."""

    name: str
    title: str
    mailbox: str = attrs.field(repr=False)
    notes: str
    rights: tuple[str, ...]
    answers_for: Mapping[str, Sequence[str]]
    """Object types, by connection, that the API can't delete and that this processor can."""
    reminder_days: int
    deadline_days: int


def of(one: connections.Connection, choices: Choices) -> Processor:
    """The processor of a connection; the lender's days where it names none of its own."""
    config = one.config
    return Processor(
        one.name,
        one.title,
        str(config["mailbox"]),
        str(config.get("notes", "")),
        tuple(config.get("rights") or ("access", "deletion")),
        dict(config.get("answers_for") or {}),
        int(config.get("reminder_days") or choices.reminder_days),
        int(config.get("deadline_days") or choices.deadline_days),
    )


def active(database: Database, db: sa.Connection, choices: Choices, right: str) -> list[Processor]:
    """The processors who serve a right."""
    every = connections.every(database, db, active=True, kind="processor")
    return [one for one in (of(item, choices) for item in every) if right in one.rights]


def get(database: Database, db: sa.Connection, choices: Choices, name: str) -> Processor:
    """The processor of that name.

    :raises Refused: there is none.
    """
    return of(connections.get(database, db, name), choices)
