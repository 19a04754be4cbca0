"""``audit verify`` and ``audit show``: whether the trail holds, and one deletion's story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector.cli.output import Paper, clean, number_of, print_json
from te_connector.cli.settings import Given, base_url_of, state_of, with_settings
from te_connector.errors import CredentialsMissing, OptionError

if TYPE_CHECKING:
    from te_connector.operations.audit import Trail

_SENTENCES = {
    "asked": "The deletion was asked for",
    "read": "The object was read by its id",
    "intent": "About to send DELETE",
    "answered": "DELETE was answered",
    "read_again": "The object was read by its id again",
    "receipt": "The receipt was given",
}
_LEFT_OUT = ("kind", "at", "seq", "mac", "receipt_id", "object_type", "object_id", "identifiers")


@click.command()
@click.argument("receipts", nargs=-1, type=click.Path(path_type=Path))
@with_settings
def verify(given: Given, *, receipts: tuple[Path, ...]) -> int:
    """Check that no line of the audit trail was changed, and each receipt of RECEIPTS stands in it."""
    from te_connector.deletion.receipts import read

    known: list[Any] = []
    for path in receipts:
        if not path.exists():
            raise OptionError(f"There is no file {path}.")
        known += read(path)
    verdict = trail_of(given).verify(known)
    if given.as_json:
        print_json(
            {
                "ok": not verdict.faults,
                "entries": verdict.entries,
                "receipts": len(known),
                "faults": list(verdict.faults),
                "notes": list(verdict.notes),
            }
        )
    else:
        paper = Paper()
        for fault in verdict.faults:
            paper.item(clean(fault), "!", "red")
        for text in verdict.notes:
            paper.item(clean(text))
        told = f"{number_of(verdict.entries, 'entry', 'entries')} and {number_of(len(known), 'receipt')}"
        if verdict.faults:
            paper.line(f"Checked {told}: {number_of(len(verdict.faults), 'fault')}.", "red")
        else:
            paper.line(f"Checked {told}: all as written.", "green")
    return 1 if verdict.faults else 0


@click.command()
@click.argument("receipt_id")
@with_settings
def show(given: Given, *, receipt_id: str) -> int:
    """Tell one deletion's story, from the request to the receipt."""
    story = trail_of(given).story(receipt_id)
    if not story:
        raise OptionError("The audit trail of this account has no such receipt.")
    if given.as_json:
        print_json({"receipt_id": receipt_id, "entries": story})
        return 0
    paper = Paper()
    first = story[0]
    paper.line(f"{first['object_type']} {clean(first['object_id'])}, receipt {receipt_id}", "bold")
    rows = [
        (
            clean(entry["at"]),
            "\n".join([_SENTENCES.get(entry["kind"], clean(entry["kind"])), *_details(entry)]),
        )
        for entry in story
    ]
    paper.table(("When", "What"), rows)
    return 0


def _details(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if key not in _LEFT_OUT and value not in ("", None):
            told = {True: "yes", False: "no"}[value] if isinstance(value, bool) else clean(value)
            yield f"  {key}: {told}"


def trail_of(given: Given) -> Trail:
    """The trail of the account that the settings name; a secret is not needed for it.

    :raises CredentialsMissing: nobody says whose trail it is.
    """
    import os

    from te_connector.operations.audit import Trail
    from te_connector.storage import vault

    connection = given.connection(sign_in=False)
    state = state_of(connection)
    client_id = os.environ.get("TE_CLIENT_ID") or None
    if client_id is None:
        login = vault.load(state, given.name or "default")
        client_id = login.client_id if login is not None else None
        base_url = base_url_of(connection)
    else:
        base_url = base_url_of({**connection, "credentials": None})
    if client_id is None:
        raise CredentialsMissing(
            "Nobody says whose audit trail it is; set TE_CLIENT_ID, or store credentials with: "
            "te-connector login"
        )
    return Trail.of(state, base_url, client_id)
