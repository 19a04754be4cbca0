"""Letters to the person: the request came in, takes longer, or is denied. Plain text, to be sent."""

from __future__ import annotations

from te_connector.portal.desk.requests import Request, label
from te_connector.portal.settings import Choices
from te_connector.portal.store.log import Entry

KINDS = ("confirmation", "extension", "denial")
_WHAT = {"access": "to get your data", "erasure": "to delete your data"}
_REMEDY = {
    "GDPR": "You can complain to a data protection authority, and you can go to court "
    "(GDPR, article 12(4)).",
    "CCPA": "If you think that we are wrong, reply to this letter. You can also complain to the "
    "California Privacy Protection Agency.",
}


def reason_for(kind: str, timeline: list[Entry]) -> str | None:
    """The reason that a letter gives, from the log; None if the letter isn't due."""
    for entry in reversed(timeline):
        is_denial = entry.action == "state" and entry.detail.get("after") == "denied"
        if (kind == "extension" and entry.action == "extended") or (kind == "denial" and is_denial):
            return entry.reason or ""
    return "" if kind == "confirmation" else None


def write(kind: str, request: Request, reason: str, choices: Choices) -> str:
    """One letter. ``reason`` is in the officer's own words."""
    received = f"{request.received:%B} {request.received.day}, {request.received.year}"
    due = f"{request.due:%B} {request.due.day}, {request.due.year}"
    asked = f"On {received} you asked us {_WHAT[request.kind]}. Your request has the number "
    body = {
        "confirmation": [
            f"{asked}{label(request.id)}.",
            "We got your request and are working on it. We check who you are and search our systems.",
            f"We answer by {due}.",
        ],
        "extension": [
            f"{asked}{label(request.id)}.",
            f"We need more time, because: {reason}",
            f"We answer by {due}.",
        ],
        "denial": [
            f"{asked}{label(request.id)}.",
            f"We can't do what you asked, because: {reason}",
            _REMEDY.get(request.law, "If you think that we are wrong, reply to this letter."),
        ],
    }[kind]
    sender = choices.lender + (f"\n{choices.contact}" if choices.contact else "")
    name = request.person.name
    return "\n\n".join([f"Hello{f' {name}' if name else ''},", *body, sender]) + "\n"
