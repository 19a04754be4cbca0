"""``login``, ``logout``, and ``purge``: what this machine stores, and how to remove it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from te_connector.cli.output import clean, note, number_of, print_json
from te_connector.cli.settings import (
    Settings,
    base_url_of,
    credentials_from_environment,
    state_of,
    with_settings,
)
from te_connector.errors import CredentialsMissing, SettingsError, StateError

if TYPE_CHECKING:
    from te_connector.storage.state import StateDir

_ABOUT_PEOPLE = "audit*"
_KEYS = ".audit"


@click.command(short_help="Store client id and secret, encrypted.")
@click.option(
    "--replaces",
    metavar="OLD_CLIENT_ID",
    help="Carry this client's audit trail and holds on to the new client.",
)
@with_settings
def login(settings: Settings, *, replaces: str | None) -> int:
    """Store client id and secret, encrypted, for the base URL's host only.

    In a terminal you are asked for them, without echo. Otherwise they come
    from TE_CLIENT_ID and TE_CLIENT_SECRET (or TE_CLIENT_SECRET_FILE).
    """
    from te_connector.storage import vault
    from te_connector.storage.secret import Secret

    connection = settings.connection(sign_in=False)
    # The stored login must not decide which host the new one is for.
    base_url = base_url_of({**connection, "credentials": None})
    client_id, secret = _from_prompt() if sys.stdin.isatty() else _from_environment()
    name = settings.name or "default"
    if replaces is not None:
        _carry_on(state_of(connection), base_url, replaces, client_id)
    kept = vault.save(state_of(connection), vault.Login(name, base_url, client_id, Secret(secret)))
    where = "the system's keyring" if kept == "keyring" else "an encrypted file"
    if settings.as_json:
        print_json({"name": name, "base_url": base_url, "kept_in": kept})
    else:
        click.echo(f"Stored in {where} as {name!r}, for {base_url} only.")
    note("Check that it works: te-connector validate", quiet=settings.quiet)
    return 0


def _carry_on(state: StateDir, base_url: str, old: str, new: str) -> None:
    """Let the new client's audit trail continue the old one's, and free for it what was freed."""
    from te_connector.operations.audit import Trail
    from te_connector.operations.holds import HoldStore
    from te_connector.storage.state import account_name

    if old == new:
        raise SettingsError("--replaces names the new client itself. Pass the old client id.")
    earlier = Trail.existing(state, base_url, old)
    Trail.of(state, base_url, new).continue_from(earlier)
    HoldStore(state).free_for(account_name(base_url, old), account_name(base_url, new), "login")


def _from_prompt() -> tuple[str, str]:
    client_id = click.prompt("Client id (not shown)", hide_input=True, err=True)
    return client_id, click.prompt("Client secret (not shown)", hide_input=True, err=True)


def _from_environment() -> tuple[str, str]:
    credentials = credentials_from_environment()
    if credentials is None:
        raise CredentialsMissing(
            "There is no terminal to ask in. Set TE_CLIENT_ID and TE_CLIENT_SECRET."
        )
    return credentials["client_id"], credentials["client_secret"]


@click.command(short_help="Remove stored credentials and tokens.")
@with_settings
def logout(settings: Settings) -> int:
    """Remove stored credentials and tokens. Budgets and the audit trail stay."""
    from te_connector.storage import vault

    connection = settings.connection(sign_in=False)
    state, name = state_of(connection), settings.name or "default"
    try:
        stored = vault.load(state, name)
        account = state.account(stored.base_url, stored.client_id) if stored else None
        folders = [account] if account else []
    except StateError:  # the account of the tokens is unknown, so remove all of them
        folders = list((state.root / "accounts").glob("*"))
    there = vault.forget(state, name)
    tokens = [path for folder in folders for path in folder.glob("token") if _remove(path)]
    if settings.as_json:
        print_json({"name": name, "credentials": there, "tokens": len(tokens)})
    elif there:
        click.echo(f"Removed the credentials {name!r} and {number_of(len(tokens), 'token')}.")
    else:
        click.echo(f"No credentials are stored as {name!r}.")
    return 0


@click.command(short_help="Remove the audit trails from this machine.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_settings
def purge(settings: Settings, *, yes: bool) -> int:
    """Remove what the state directory holds about people: the audit trails and their keys.

    They prove past deletions. If you need the proof, first copy them and the
    receipts. Active holds stay: to end one, use te-connector hold release.
    """
    state = state_of(settings.connection(sign_in=False))
    paths = _about_people(state.root)
    if paths and not yes and not _confirmed(paths, state.root):
        note("Nothing was removed.", quiet=settings.quiet)
        return 0
    removed = [str(path.relative_to(state.root)) for path in paths if _remove(path)]
    if settings.as_json:
        print_json({"state_dir": str(state.root), "removed": removed})
    elif removed:
        click.echo(f"Removed from {clean(state.root)}:")
        click.echo("\n".join(f"  {name}" for name in removed))
    else:
        click.echo(f"{clean(state.root)} has nothing about people.")
    return 0


def _about_people(root: Path) -> list[Path]:
    """The audit trails, which have ids of people's objects, and their keys; holds if none is active."""
    from te_connector.operations.holds import HoldStore
    from te_connector.storage.state import StateDir

    patterns = [f"accounts/*/{_ABOUT_PEOPLE}", f"keys/*{_KEYS}"]
    paths = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    holds = {path for path in root.glob(f"holds/{_ABOUT_PEOPLE}") if path.is_file()}
    holds_key = root / "keys" / f"holds{_KEYS}"
    if HoldStore(StateDir(root)).load().active:
        return sorted(paths - {holds_key})
    return sorted(paths | holds)


def _confirmed(paths: list[Path], root: Path) -> bool:
    if not sys.stdin.isatty():
        raise SettingsError("This permanently removes the audit trail. Add --yes to do it.")
    for path in paths:
        click.echo(f"  {path.relative_to(root)}", err=True)
    return click.confirm("Permanently remove these files?", err=True)


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StateError(f"Can't remove {path}: {error.strerror}.") from None
    return True
