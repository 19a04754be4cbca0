"""The mails of Direct Contact. No mail names the person; each says what it is for and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from te_connector.portal.mail import Mail
from te_connector.portal.template import render

WORK = {
    "access": "find what you hold about a person",
    "deletion": "delete what you hold about a person",
}


def asked(to: str, lender: str, reference: str, system: str, kind: str, by: str, link: str) -> Mail:
    """The first mail, with the link."""
    lines = (
        f"{lender} got a privacy request and needs your help with {system}.",
        f"Please {WORK[kind]}, and answer by {by}.",
        "Open this page to see who the person is and what to do. You need no account.",
    )
    return _mail(to, f"Please answer by {by}: {reference}, {system}", lines, lender, link)


def reminder(
    to: str, lender: str, reference: str, system: str, by: str, link: str, first: str
) -> Mail:
    """A reminder, in the thread of the first mail."""
    lines = (f"We are still waiting for your answer about {system}. It is due by {by}.",)
    headers = {"In-Reply-To": first, "References": first}
    return _mail(to, f"Reminder: {reference}, {system}", lines, lender, link, headers)


def withdrawn(to: str, lender: str, reference: str, system: str, first: str) -> Mail:
    """What ends an open link."""
    lines = (
        f"You don't need to answer any more: {reference} about {system} was withdrawn.",
        "Please don't delete or send anything for it. The link in our first mail no longer works.",
    )
    headers = {"In-Reply-To": first, "References": first}
    return _mail(to, f"Withdrawn: {reference}, {system}", lines, lender, headers=headers)


def code(to: str, lender: str, reference: str, number: str, first: str) -> Mail:
    """The code that confirms a deletion."""
    lines = (
        f"Your code is {number}. It works for 15 minutes.",
        "Enter it on the page where you answer. If you didn't ask for it, do nothing.",
    )
    headers = {"In-Reply-To": first, "References": first}
    return _mail(to, f"Your code for {reference}", lines, lender, headers=headers)


def for_officer(to: str, lender: str, reference: str, what: str, link: str) -> Mail:
    """What an officer must decide."""
    lines = (what, "Open the request and decide how it goes on.")
    return _mail(to, f"Your decision is needed: {reference}", lines, lender, link)


def test(to: str, lender: str, system: str) -> Mail:
    """A test of the mailbox."""
    lines = (
        f"This is a test. {lender} will write to this address about {system}.",
        "You don't need to do anything.",
    )
    return _mail(to, f"Test mail: {system}", lines, lender)


def _mail(
    to: str,
    subject: str,
    lines: Sequence[str],
    lender: str,
    link: str = "",
    headers: Mapping[str, str] | None = None,
) -> Mail:
    text = "\n\n".join([*lines, *([link] if link else []), lender]) + "\n"
    html = render("mail.html.j2", subject=subject, lines=lines, link=link, lender=lender)
    return Mail(to, subject, text, headers or {}, html)
