"""``portal --demo``: the portal with a sandbox, an account, and twelve requests in different states."""

from __future__ import annotations

import datetime
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from te_connector.portal import connections
from te_connector.portal.desk import intake, requests
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.release import approving, packages, releases
from te_connector.portal.running import deleting, searching
from te_connector.portal.settings import Choices, read_choices
from te_connector.portal.signin import accounts

if TYPE_CHECKING:
    import sqlalchemy as sa

    from te_connector.portal.store.database import Database

EMAIL = "demo@example.com"
PASSWORD = "demo-portal-2026"  # noqa: S105  printed, and good for nothing but the demo
MARIA = {"email": ["maria.alvarez@example.com"], "phone": ["763-555-0123"]}
_SECONDS = 120
_CONFIRMED_DAYS = 10
"""Older requests of the demo were confirmed to the person."""
PROCESSOR = connections.Connection(
    "branch-files",
    "processor",
    "Branch files",
    "portal",
    "main",
    False,
    {"mailbox": "branch@example.com", "notes": "The folders in the blue cabinet, by last name."},
)
"""Someone who is asked by e-mail. The demo's mails are files; the settings page names the folder."""
log = logging.getLogger(__name__)


@attrs.frozen
class Story:
    """One request of the demo: who asks, since when, and how far it goes."""

    kind: str
    law: str
    days: int
    identifiers: dict[str, list[str]] = attrs.field(repr=False)
    goal: str
    name: str = ""
    identity: str = "Called back on the number on file"
    asks: bool = False
    """Whether the demo's processor is asked."""


def stories(emails: list[str]) -> list[Story]:
    """The requests, oldest first. ``emails`` are of people in the sandbox."""
    them = [{"email": [one]} for one in emails]
    return [
        Story("access", "CCPA", 52, them[0], "waiting", asks=True),
        Story("access", "GDPR", 27, MARIA, "review", "Maria Alvarez"),
        Story("erasure", "CCPA", 20, MARIA, "review", "Maria Alvarez"),
        Story("access", "CCPA", 40, them[1], "approved"),
        Story("access", "CCPA", 12, them[2], "releasing"),
        Story("access", "GDPR", 30, them[3], "done"),
        Story("erasure", "CCPA", 30, them[4], "done"),
        Story("erasure", "CCPA", 9, them[5], "waiting", identity=""),
        Story("access", "CCPA", 8, them[6], "denied"),
        Story("access", "CCPA", 6, them[7], "stopped"),
        Story("erasure", "GDPR", 2, {"email": ["nobody@example.com"]}, "review"),
        Story("access", "CCPA", 1, them[8], "received"),
    ]


def seed(database: Database, emails: list[str]) -> None:
    """Make the account and the requests, and take each to its state in the background."""
    with database.begin() as db:
        user = accounts.add(database, db, EMAIL, "Demo Officer", "admin", PASSWORD)
        connections.add(database, db, PROCESSOR, user.actor)
        choices = read_choices(database, db)
        begun = [(_begin(database, db, one, user.actor, choices), one) for one in stories(emails)]
    walk = threading.Thread(target=_walk, args=(database, begun, user, choices), daemon=True)
    walk.start()


def _begin(
    database: Database, db: sa.Connection, story: Story, actor: Actor, choices: Choices
) -> int:
    received = choices.today() - datetime.timedelta(days=story.days)
    person = requests.Person(
        identifiers=story.identifiers,
        name=story.name,
        identity_how=story.identity,
        identity_by=actor.name if story.identity else "",
        identity_on=received.isoformat() if story.identity else "",
    )
    new = intake.New(story.kind, story.law, received, person)
    request, _ = intake.create(database, db, new, actor, choices)
    if story.days > _CONFIRMED_DAYS:
        requests.confirm(database, db, request, actor)
        request = requests.get(database, db, request.id)
    # Off for all others, so that a newcomer's requests wait for nobody.
    connections.set_active(database, db, PROCESSOR.name, actor, active=story.asks)
    if story.goal != "received":
        searching.begin(database, db, request, actor)
    return request.id


def _walk(
    database: Database, begun: list[tuple[int, Story]], user: accounts.User, choices: Choices
) -> None:
    """Take each request on as soon as its search has ended."""
    left, until = dict(begun), time.monotonic() + _SECONDS
    while left and time.monotonic() < until:
        for number, story in list(left.items()):
            try:
                with database.begin() as db:
                    if _step(database, db, number, story, user, choices):
                        del left[number]
            except Refused as refusal:  # someone was faster: the request is theirs
                log.info("The demo leaves request %d alone (%s).", number, refusal.code)
                del left[number]
        time.sleep(0.3)


def _step(
    database: Database,
    db: sa.Connection,
    number: int,
    story: Story,
    user: accounts.User,
    choices: Choices,
) -> bool:
    """One step of one request. Returns whether it is where the demo wants it."""
    request = requests.get(database, db, number)
    if request.state == story.goal:
        return True
    step = _STEPS.get((request.state, story.goal))
    if step is not None:
        step(database, db, request, user, choices)
    return False


def _approve(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    user: accounts.User,
    choices: Choices,
) -> None:
    if request.kind == "access":
        packages.make(database, db, request, choices)
    digest = approving.digest_to_approve(database, db, request)
    approving.approve(database, db, request, user.id, digest or "", choices, "For the demo")


def _to(after: str, reason: str, **values: Any) -> Callable[..., None]:
    def change(
        database: Database,
        db: sa.Connection,
        request: requests.Request,
        user: accounts.User,
        _choices: Choices,
    ) -> None:
        requests.change_state(
            database, db, request, after, user.actor, reason=reason, values=values or None
        )

    return change


def _carry_out(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    user: accounts.User,
    _choices: Choices,
) -> None:
    if request.kind == "access":
        releases.start(database, db, request, user.actor)
    else:
        deleting.start(database, db, request, user.actor)


_STEPS: dict[tuple[str, str], Callable[..., None]] = {
    ("review", "approved"): _approve,
    ("review", "releasing"): _approve,
    ("review", "done"): _approve,
    ("approved", "releasing"): _carry_out,
    ("approved", "done"): _carry_out,
    ("releasing", "done"): _to("done", "Handed over at the counter"),
    ("review", "waiting"): _to("waiting", "We asked for an ID", waits_for="identity"),
    ("review", "denied"): _to("denied", "Only data that GLBA covers (Civ. Code 1798.145(e))"),
    ("review", "stopped"): _to("stopped", "The person withdrew the request"),
}
