"""``portal`` and ``worker``: where a privacy officer decides, in a browser."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from te_connector.cli.output import Renderer, note, number_of, print_json
from te_connector.cli.settings import Settings, state_of, with_settings
from te_connector.errors import OptionError
from te_connector.storage.state import expanded

if TYPE_CHECKING:
    from te_connector.portal.settings import PortalSettings

_DEMO_CONTACTS = 40


def _settings(
    settings: Settings, host: str = "127.0.0.1", port: int = 0, worker: str | None = None
) -> PortalSettings:
    from te_connector.portal.settings import read_settings

    connection = settings.connection()
    root = state_of(connection).root
    return read_settings(
        os.environ,
        {**connection, "state_dir": str(root)},
        root,
        host=host,
        port=port,
        worker=worker,
    )


@click.group(short_help="Decide requests in a browser.", invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--demo", is_flag=True, help="With a sandbox and twelve requests.")
@with_settings
def portal(settings: Settings, *, host: str, port: int, demo: bool) -> int:
    """Serve the portal, until interrupted.

    --demo needs no account: it starts a sandbox, and fills a new folder with
    twelve requests in different states. Nothing in it is kept in your state directory.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return 0
    if demo:
        return _demo(host, port)
    from te_connector.portal.serve import serve

    def announce(url: str, first: str | None) -> None:
        click.echo(url)
        if first is not None:
            click.echo(f"Make the first account: {first}")
        sys.stdout.flush()
        note("The portal runs until you press Ctrl-C.", quiet=settings.quiet)

    try:
        serve(_settings(settings, host, port), announce)
    except KeyboardInterrupt:
        return 0
    return 0


def _demo(host: str, port: int) -> int:
    """The portal on a sandbox, in a new folder."""
    from te_connector.cli.demo.command import new_folder
    from te_connector.cli.demo.portal import EMAIL, PASSWORD, seed
    from te_connector.cli.demo.run import connection_to
    from te_connector.portal.serve import serve
    from te_connector.portal.settings import read_settings
    from te_connector.sandbox import Sandbox

    folder = new_folder(Path.cwd())
    # Another database, mail server, or key has no place in a demo.
    for name in [name for name in os.environ if name.startswith("TE_")]:
        del os.environ[name]
    os.environ["TE_KEY_FILE"] = str(folder / "key")
    with Sandbox(_DEMO_CONTACTS) as sandbox:
        connection = connection_to(sandbox, folder / "state")
        settings = read_settings({}, connection, folder / "state", host=host, port=port)
        emails = [str(one["email"]) for one in sandbox.contacts.values() if one.get("email")]

        def announce(url: str, _first: str | None) -> None:
            click.echo(url)
            click.echo(f"Sign in as {EMAIL} with the password {PASSWORD}")
            click.echo(f"Its files are in {folder}; remove it when you are done.")
            sys.stdout.flush()

        try:
            serve(settings, announce, lambda database: seed(database, emails[-9:]))
        except KeyboardInterrupt:
            return 0
    return 0


@click.command(short_help="Search and delete for a portal, on this machine.")
@click.option("--worker", "worker_name", metavar="NAME", help="The worker's name (TE_WORKER).")
@with_settings
def worker(settings: Settings, *, worker_name: str | None) -> int:
    """Run the searches and deletions of the connections that name this worker."""
    from te_connector.portal.serve import opened, working

    portal_settings = _settings(settings, worker=worker_name)
    database = opened(portal_settings)
    try:
        with working(database, portal_settings) as work:
            click.echo(
                f"Worker {portal_settings.worker}: {'active' if work.active else 'stand-by'}"
            )
            sys.stdout.flush()
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        return 0
    finally:
        database.close()


@portal.command("check")
@with_settings
def check_settings(settings: Settings) -> int:
    """Show what is missing in the settings."""
    from te_connector.portal.check import check

    found = check(_settings(settings))
    if settings.as_json:
        print_json([{"name": one.name, "ok": one.ok, "detail": one.detail} for one in found])
    else:
        rows = [(one.name, "ok" if one.ok else "missing", one.detail) for one in found]
        Renderer().table(("Check", "Result", "Detail"), rows)
    return 0 if all(one.ok for one in found) else 1


@portal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@with_settings
def backup(settings: Settings, *, file: Path, force: bool) -> int:
    """Write the portal's database and the state directory to FILE. The portal may run meanwhile.

    The key isn't in it: keep a copy of the key file in another place.
    """
    from te_connector.portal.backup import backup as write
    from te_connector.portal.backup import digest
    from te_connector.portal.serve import opened
    from te_connector.storage import vault

    path = expanded(file)
    if path.exists() and not force:
        raise OptionError(f"{file} exists. Use another name, or --force.")
    portal_settings = _settings(settings)
    database = opened(portal_settings)
    try:
        counts = write(portal_settings, database, path)
    finally:
        database.close()
    click.echo(f"{number_of(counts['requests'], 'request')}. SHA-256 {digest(path)}")
    note(
        f"The key isn't in it. Keep a copy of {vault.key_path()} in another place.",
        quiet=settings.quiet,
    )
    return 0


@portal.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_settings
def restore(settings: Settings, *, file: Path) -> int:
    """Restore a backup from FILE into an empty database and state directory.

    It needs the key that the backup was made with: set TE_KEY_FILE to a copy of it.
    """
    from te_connector.portal.backup import restore as read

    counts = read(_settings(settings), expanded(file))
    click.echo(f"{number_of(counts['requests'], 'request')} restored.")
    return 0


@portal.group()
def token() -> None:
    """Make, list, or revoke the tokens of the intake API."""


@token.command("new")
@with_settings
def token_new(settings: Settings) -> int:
    """Make a token. It is shown only this once."""
    from te_connector.portal.serve import opened
    from te_connector.portal.signin import tokens

    name, secret = tokens.new(opened(_settings(settings)))
    if settings.as_json:
        print_json({"name": name, "token": secret})
    else:
        click.echo(secret)
        note(f"Token {name}. Store it now; it isn't shown again.", quiet=settings.quiet)
    return 0


@token.command("list")
@with_settings
def token_list(settings: Settings) -> int:
    """List the tokens by name."""
    from te_connector.portal.serve import opened
    from te_connector.portal.signin import tokens

    notes = tokens.notes(opened(_settings(settings)))
    if settings.as_json:
        print_json(
            [
                {"name": one.name, "created": one.created_at, "revoked": one.revoked_at}
                for one in notes
            ]
        )
    else:
        rows = [(one.name, one.created_at, one.revoked_at or "") for one in notes]
        Renderer().table(("Name", "Made", "Revoked"), rows)
    return 0


@token.command("revoke")
@click.argument("token_name", metavar="NAME")
@with_settings
def token_revoke(settings: Settings, *, token_name: str) -> int:
    """Revoke a token by its name."""
    from te_connector.portal.serve import opened
    from te_connector.portal.signin import tokens

    revoked = tokens.revoke(opened(_settings(settings)), token_name)
    click.echo("Revoked." if revoked else "There is no such token.")
    return 0 if revoked else 1
