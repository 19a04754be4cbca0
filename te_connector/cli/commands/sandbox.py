"""``sandbox``: a look-alike of Total Expert to try the connector on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from difflib import get_close_matches

import click

from te_connector.cli.output import note
from te_connector.cli.settings import Settings, with_settings
from te_connector.errors import SettingsError, UsageError


@click.command(short_help="Run a look-alike of Total Expert to try it on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port (default: any free one)."
)
@click.option(
    "--contacts",
    type=click.IntRange(0, 1_000_000),
    default=40,
    show_default=True,
    help="Number of invented contacts.",
)
@click.option("--no-token-limit", is_flag=True, help="Lift the limit of two tokens an hour.")
@click.option(
    "--misbehave",
    "names",
    metavar="NAME",
    multiple=True,
    help="Break a rule of the API; repeatable. --misbehave list shows the names.",
)
@with_settings
def sandbox(
    settings: Settings, *, port: int, contacts: int, no_token_limit: bool, names: tuple[str, ...]
) -> int:
    """Run a look-alike of Total Expert, with invented people, until interrupted.

    Prints the settings to use as "export NAME=value" lines. It keeps the
    limits that Total Expert documents.
    """
    from te_connector.sandbox import PRESETS, Limits, Sandbox, combined, serve

    if "list" in names:
        for name, (what, _) in PRESETS.items():
            click.echo(f"{name:24}{what}")
        return 0
    _check(names, PRESETS)
    limits = Limits(tokens=None) if no_token_limit else Limits()

    def announce(variables: Mapping[str, str]) -> None:
        for name, value in variables.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        note("The sandbox is running. Press Ctrl-C to stop it.", quiet=settings.quiet)

    try:
        serve(Sandbox(contacts, port, limits=limits, misbehavior=combined(names)), announce)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        why = error.strerror or "it is in use"
        raise SettingsError(f"Can't use port {port} ({why}). Choose another one.") from None
    return 0


def _check(names: tuple[str, ...], known: Mapping[str, object]) -> None:
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise UsageError(
                f"--misbehave has no {name!r}.{meant} See: te-connector sandbox --misbehave list"
            )
