"""What an answer to DELETE and a reading of the object amount to. Pure: one table and its sentences.

Nothing here sends, waits or writes. The table is printed in ``docs/erasure.md``, and a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from te_connector.contract import Status

Answer = Literal["nothing sent", "sent earlier", "accepted", "refused", "lost"]
"""What came of DELETE.

``sent earlier``: an earlier DELETE of ours, for the same subject, may have arrived: this call has sent
none, or its own was refused. ``lost``: nobody can say whether the server carried it out (a broken
connection, 408, 429, any 5xx, a 2xx that isn't the API's JSON).
"""
Reading = Literal["absent", "unproven", "unreadable", "there", "archived", "back again"]
"""What reading the object by its id shows.

``absent``: 404 or 410, twice, with a 200 of another object between them. ``unproven``: 404 or 410, but
no other object could be read, so that the path may be wrong. ``back again``: 200 after an absence.
"""
Next = Literal["read", "delete"]
"""What to do within ``retry_for`` before the status is final: read again, or send DELETE again."""

ANSWERS: tuple[Answer, ...] = ("nothing sent", "sent earlier", "accepted", "refused", "lost")
READINGS: tuple[Reading, ...] = (
    "absent",
    "unproven",
    "unreadable",
    "there",
    "archived",
    "back again",
)


@attrs.frozen
class Outcome:
    """A status, and what to try first, within ``retry_for``."""

    status: Status
    first: Next | None = None

    @property
    def verified(self) -> bool:
        """Whether the object's absence is proven."""
        return self.status in ("deleted", "already_absent")


_FAILED = Outcome("failed")
_READ_AGAIN = Outcome("failed", first="read")
TABLE: Mapping[tuple[Answer, Reading], Outcome] = {
    ("nothing sent", "absent"): Outcome("already_absent"),
    ("nothing sent", "unproven"): _FAILED,
    ("nothing sent", "unreadable"): _FAILED,
    ("sent earlier", "absent"): Outcome("deleted"),
    ("sent earlier", "unproven"): _FAILED,
    ("sent earlier", "unreadable"): _FAILED,
    ("sent earlier", "there"): _FAILED,
    ("sent earlier", "archived"): _FAILED,
    ("sent earlier", "back again"): _FAILED,
    ("accepted", "absent"): Outcome("deleted"),
    ("accepted", "unproven"): _READ_AGAIN,
    ("accepted", "unreadable"): _READ_AGAIN,
    ("accepted", "there"): _READ_AGAIN,
    ("accepted", "archived"): _FAILED,
    ("accepted", "back again"): _FAILED,
    ("refused", "absent"): Outcome("already_absent"),
    ("refused", "unproven"): _FAILED,
    ("refused", "unreadable"): _FAILED,
    ("refused", "there"): _FAILED,
    ("refused", "archived"): _FAILED,
    ("refused", "back again"): _FAILED,
    ("lost", "absent"): Outcome("deleted"),
    ("lost", "unproven"): _READ_AGAIN,
    ("lost", "unreadable"): _READ_AGAIN,
    ("lost", "there"): Outcome("failed", first="delete"),
    ("lost", "archived"): _FAILED,
    ("lost", "back again"): _FAILED,
}
"""A pair that isn't here isn't final: an object that is there before anything was sent is checked and
deleted."""


@attrs.frozen
class Facts:
    """What a reason names: the answer's and the reading's own words, and what was waited."""

    answered: str = ""
    read: str = ""
    title: str = ""
    list_empty: bool = False
    field: str = ""
    waited: float = 0.0


def reason(answer: Answer, reading: Reading, facts: Facts) -> str:
    """One sentence for people: what happened, and what to do."""
    answered = facts.answered
    if answer == "sent earlier" and answered:
        answered = f", and this one was refused ({answered})"
    came = _CAME[answer].format(answered=answered)
    proof = f"another {facts.title} can be read"
    if facts.list_empty:
        proof = f"the list has no {facts.title} any more"
    shows = _SHOWS[reading].format(
        read=facts.read, title=facts.title, field=facts.field, proof=proof
    )
    if (answer, reading) == ("nothing sent", "absent"):
        return f"it was gone before anything was sent: {shows}"
    waited = f", after {facts.waited:.0f} seconds of reading again" if facts.waited >= 1 else ""
    return f"{came}; {shows}{waited}"


_CAME: Mapping[Answer, str] = {
    "nothing sent": "DELETE was not sent",
    "sent earlier": "an earlier DELETE of ours may have reached it{answered}",
    "accepted": "DELETE was accepted ({answered})",
    "refused": "DELETE was refused ({answered})",
    "lost": "the answer to DELETE was lost ({answered})",
}
_SHOWS: Mapping[Reading, str] = {
    "absent": "reading it gives {read}, and {proof}",
    "unproven": (
        "reading it gives {read}, but no other {title} could be read by its id, so its absence isn't "
        "proven; check the base URL and try again with a new receipt_id"
    ),
    "unreadable": "it could not be read: {read}",
    "there": "it can still be read",
    "archived": "it was only archived ({field}): suppressed is not erased",
    "back again": "it was absent and can be read again",
}
