"""``audit verify`` and ``audit show``: whether the trail is intact, and one deletion's history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector.cli.output import Renderer, clean, number_of, print_json
from te_connector.cli.settings import Settings, base_url_of, expanded, state_of, with_settings
from te_connector.errors import CredentialsMissing, OptionError

if TYPE_CHECKING:
    from te_connector.operations.audit import Trail, Verification

_SENTENCES = {
    "asked": "The deletion was requested",
    "read": "The object was read by its id",
    "intent": "About to send DELETE",
    "answered": "DELETE was answered",
    "read_again": "The object was read by its id again",
    "receipt": "The receipt was given",
    "continues": "This trail continues an earlier client's",
}
_LEFT_OUT = (
    "kind",
    "at",
    "seq",
    "mac",
    "receipt_id",
    "object_type",
    "object_id",
    "identifiers",
    "whose",
)


@click.command()
@click.argument("receipts", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--public-key",
    type=click.Path(path_type=Path),
    help="Check the portal's evidence files with this key alone, without a trail.",
)
@with_settings
def verify(settings: Settings, *, receipts: tuple[Path, ...], public_key: Path | None) -> int:
    """Check that no line of the audit trail was changed, and that it has each receipt of RECEIPTS.

    RECEIPTS are receipts files, and evidence files (.zip) of the portal. Needs no secret and no
    network, and creates nothing. With --public-key it needs no trail either.
    """
    known: list[Any] = []
    faults: list[str] = []
    for path in map(expanded, receipts):
        found, wrong = _receipts_of(path, public_key)
        known += found
        faults += [f"{path.name}: {text}" for text in wrong]
    if public_key is not None:
        verification = _no_trail()
    else:
        verification = trail_of(settings).verify(known)
        faults += verification.faults
        faults += [f"holds: {text}" for text in _verified_holds(settings).faults]
    if settings.as_json:
        print_json(
            {
                "ok": not faults,
                "entries": verification.entries,
                "receipts": len(known),
                "faults": faults,
                "notes": list(verification.notes),
            }
        )
    else:
        _show(Renderer(), verification, len(known), faults)
    return 1 if faults else 0


def _receipts_of(path: Path, public_key: Path | None) -> tuple[Sequence[Any], Sequence[str]]:
    """The receipts of a file, and what is wrong with an evidence file."""
    from te_connector.deletion import evidence
    from te_connector.deletion.receipts import read

    if not path.is_file():
        raise OptionError(f"There is no file {path}.")
    if path.suffix != ".zip" and public_key is None:
        return read(path), ()
    key = None
    if public_key is not None:
        if not expanded(public_key).is_file():
            raise OptionError(f"There is no file {public_key}.")
        key = expanded(public_key).read_bytes()
    found = evidence.read(path.read_bytes(), key)
    return found.receipts, found.faults


def _no_trail() -> Verification:
    from te_connector.operations.audit import Verification

    return Verification(0, (), ())


def _show(renderer: Renderer, verification: Verification, receipts: int, faults: list[str]) -> None:
    for fault in faults:
        renderer.item(clean(fault), "!", "red")
    for text in verification.notes:
        renderer.item(clean(text))
    checked = f"{number_of(verification.entries, 'entry', 'entries')} and {number_of(receipts, 'receipt')}"
    if faults:
        renderer.line(f"Checked {checked}: {number_of(len(faults), 'fault')}.", "red")
    else:
        renderer.line(f"Checked {checked}: nothing was changed.", "green")


def _verified_holds(settings: Settings) -> Verification:
    """The check of the holds' own trail; without one there is nothing to check."""
    from te_connector.operations.audit import Verification
    from te_connector.operations.holds import HoldStore

    trail = HoldStore(state_of(settings.connection(sign_in=False))).trail()
    return trail.verify() if trail is not None else Verification(0, (), ())


@click.command()
@click.argument("receipt_id")
@with_settings
def show(settings: Settings, *, receipt_id: str) -> int:
    """Show one deletion's history, from the request to the receipt."""
    story = trail_of(settings).story(receipt_id)
    if not story:
        raise OptionError("This account's audit trail has no such receipt.")
    if settings.as_json:
        print_json({"receipt_id": receipt_id, "entries": story})
        return 0
    renderer = Renderer()
    first = story[0]
    renderer.line(
        f"{first['object_type']} {clean(first['object_id'])}, receipt {receipt_id}", "bold"
    )
    rows = [
        (
            clean(entry["at"]),
            "\n".join([_SENTENCES.get(entry["kind"], clean(entry["kind"])), *_details(entry)]),
        )
        for entry in story
    ]
    renderer.table(("When", "What"), rows)
    return 0


def _details(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if key not in _LEFT_OUT and value not in ("", None):
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else clean(value)
            yield f"  {key}: {shown}"


def trail_of(settings: Settings) -> Trail:
    """The trail of the account that the settings name. It needs no secret, and nothing is created.

    :raises CredentialsMissing: no account is selected.
    :raises TrailMissing: the account has no trail.
    """
    from te_connector.operations.audit import Trail

    base_url, client_id = account_selected(settings)
    return Trail.existing(state_of(settings.connection(sign_in=False)), base_url, client_id)


def account_selected(settings: Settings) -> tuple[str, str]:
    """The base URL and client id of the account that the settings name.

    :raises CredentialsMissing: no account is selected.
    """
    import os

    from te_connector.storage import vault

    connection = settings.connection(sign_in=False)
    client_id = os.environ.get("TE_CLIENT_ID", "").strip("\ufeff \t\r\n")
    if client_id:
        return base_url_of({**connection, "credentials": None}), client_id
    login = vault.load(state_of(connection), settings.name or "default")
    if login is None:
        raise CredentialsMissing(
            "No account selected. Set TE_CLIENT_ID, or store credentials with: te-connector login"
        )
    return base_url_of(connection), login.client_id
