"""``sandbox``: a Total Expert look-alike to try the connector on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from typing import Any

import click

from te_connector.cli.output import note
from te_connector.cli.settings import Given, with_settings
from te_connector.errors import SettingsError


@click.command(short_help="Run a Total Expert look-alike to try it on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where (default: any).")
@click.option(
    "--contacts",
    type=click.IntRange(0, 1_000_000),
    default=40,
    show_default=True,
    help="How many invented contacts it holds.",
)
@click.option("--no-token-limit", is_flag=True, help="Lift the limit of two tokens an hour.")
@with_settings
def sandbox(given: Given, *, port: int, contacts: int, no_token_limit: bool) -> int:
    """Run a Total Expert look-alike with invented people until interrupted.

    Prints the settings to use as NAME=value lines. The documented limits hold.
    """
    from te_connector.sandbox import Limits, Sandbox, serve

    limits = Limits(tokens=None) if no_token_limit else Limits()
    signal.signal(signal.SIGTERM, _interrupt)

    def announce(settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            click.echo(f"{name}={value}")
        sys.stdout.flush()
        note("The sandbox runs until interrupted (Ctrl-C).", quiet=given.quiet)

    try:
        serve(Sandbox(contacts, port, limits=limits), announce)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        why = error.strerror or "it is in use"
        raise SettingsError(f"Port {port} cannot be used ({why}); choose another.") from None
    return 0


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
