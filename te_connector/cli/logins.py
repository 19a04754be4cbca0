"""``login``, ``logout`` and ``purge``: what is kept on this machine, and how it goes away."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from te_connector.cli.output import clean, note, number_of, print_json
from te_connector.cli.settings import Given, base_url_of, credentials_given, state_of, with_settings
from te_connector.errors import CredentialsMissing, SettingsError, StateError

_ABOUT_PEOPLE = "audit*"


@click.command(short_help="Keep client id and secret, encrypted.")
@with_settings
def login(given: Given) -> int:
    """Keep client id and secret, encrypted, for the base URL's host alone.

    They are asked for without echo, or taken from TE_CLIENT_ID and TE_CLIENT_SECRET (or
    TE_CLIENT_SECRET_FILE) where there is no terminal.
    """
    from te_connector.storage import vault
    from te_connector.storage.secret import Secret

    connection = given.connection(sign_in=False)
    # A stored login must not decide where the next one belongs.
    base_url = base_url_of({**connection, "credentials": None})
    client_id, secret = _asked() if sys.stdin.isatty() else _from_environment()
    name = given.name or "default"
    kept = vault.save(state_of(connection), vault.Login(name, base_url, client_id, Secret(secret)))
    where = "the system's keyring" if kept == "keyring" else "an encrypted file"
    if given.as_json:
        print_json({"name": name, "base_url": base_url, "kept_in": kept})
    else:
        click.echo(f"Kept in {where} as {name!r}, for {base_url} alone.")
    note("Check that it works: te-connector validate", quiet=given.quiet)
    return 0


def _asked() -> tuple[str, str]:
    client_id = click.prompt("Client id (not shown)", hide_input=True, err=True)
    return client_id, click.prompt("Client secret (not shown)", hide_input=True, err=True)


def _from_environment() -> tuple[str, str]:
    credentials = credentials_given()
    if credentials is None:
        raise CredentialsMissing(
            "There is no terminal to ask in; set TE_CLIENT_ID and TE_CLIENT_SECRET."
        )
    return credentials["client_id"], credentials["client_secret"]


@click.command(short_help="Remove stored credentials and tokens.")
@with_settings
def logout(given: Given) -> int:
    """Remove stored credentials and tokens; budgets and the audit trail stay."""
    from te_connector.storage import vault

    connection = given.connection(sign_in=False)
    state, name = state_of(connection), given.name or "default"
    try:
        stored = vault.load(state, name)
        account = state.account(stored.base_url, stored.client_id) if stored else None
        folders = [account] if account else []
    except StateError:  # nobody can say whose tokens they are: all of them go
        folders = list((state.root / "accounts").glob("*"))
    there = vault.forget(state, name)
    tokens = [path for folder in folders for path in folder.glob("token") if _remove(path)]
    if given.as_json:
        print_json({"name": name, "credentials": there, "tokens": len(tokens)})
    elif there:
        click.echo(f"Removed the credentials {name!r} and {number_of(len(tokens), 'token')}.")
    else:
        click.echo(f"There are no stored credentials {name!r}.")
    return 0


@click.command(short_help="Remove the audit trails from this machine.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def purge(given: Given, *, yes: bool) -> int:
    """Remove what the state directory holds about people: the audit trails.

    With them goes the proof of past deletions; keep copies of them and the receipts if you need it.
    """
    state = state_of(given.connection(sign_in=False))
    paths = _about_people(state.root)
    if paths and not yes and not _confirmed(paths, state.root):
        note("Nothing was removed.", quiet=given.quiet)
        return 0
    removed = [str(path.relative_to(state.root)) for path in paths if _remove(path)]
    if given.as_json:
        print_json({"state_dir": str(state.root), "removed": removed})
    elif removed:
        click.echo(f"Removed from {clean(state.root)}:")
        click.echo("\n".join(f"  {name}" for name in removed))
    else:
        click.echo(f"{clean(state.root)} holds nothing about people.")
    return 0


def _about_people(root: Path) -> list[Path]:
    """The audit trails: they name the objects of people. Nothing else in the directory does."""
    return sorted(path for path in root.glob(f"accounts/*/{_ABOUT_PEOPLE}") if path.is_file())


def _confirmed(paths: list[Path], root: Path) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError("This removes the audit trail for good; add --yes to do it.")
    for path in paths:
        click.echo(f"  {path.relative_to(root)}", err=True)
    return click.confirm("Remove these for good?", err=True)


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StateError(f"{path} cannot be removed ({error.strerror}).") from None
    return True
