"""``gateway``: serve the connector to platforms over REST, and manage its tokens and open matches."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector.cli.output import Renderer, note, number_of, print_json
from te_connector.cli.settings import Settings, state_of, with_settings
from te_connector.errors import OptionError, SettingsError

if TYPE_CHECKING:
    from te_connector.gateway.settings import GatewaySettings
    from te_connector.gateway.store import Kept, Store


@click.group(short_help="Serve privacy platforms over REST.", invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True)
@with_settings
def gateway(settings: Settings, *, host: str, port: int) -> int:
    """Serve the connection over REST, until interrupted.

    Make a token first: te-connector gateway token new
    """
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return 0
    from te_connector.gateway.serve import serve
    from te_connector.gateway.tokens import Tokens

    served = _settings(settings, host, port)
    logging.getLogger("waitress").setLevel(logging.ERROR)
    _log_access()
    if not Tokens(served.state_dir).notes():
        note(
            "There is no token yet. Make one: te-connector gateway token new", quiet=settings.quiet
        )

    def announce(bound_host: str, bound_port: int) -> None:
        click.echo(f"http://{bound_host}:{bound_port}/v1")
        sys.stdout.flush()
        note("The gateway runs until you press Ctrl-C.", quiet=settings.quiet)

    try:
        serve(served, announce)
    except KeyboardInterrupt:
        return 0
    return 0


def _settings(settings: Settings, host: str = "127.0.0.1", port: int = 0) -> GatewaySettings:
    from te_connector.gateway.settings import read_settings

    connection = settings.connection()
    state = state_of(connection).root
    return read_settings(
        os.environ, {**connection, "state_dir": str(state)}, state, host=host, port=port
    )


def _log_access() -> None:
    """One line a request on stderr: time, route, status, milliseconds, id. Nothing else."""
    logger = logging.getLogger("te_connector.gateway.access")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


@gateway.group()
def token() -> None:
    """Make, list, or revoke the tokens that platforms send."""


@token.command("new")
@with_settings
def token_new(settings: Settings) -> int:
    """Make a token. It is shown only this once."""
    from te_connector.gateway.tokens import Tokens

    name, secret = Tokens(_state_dir(settings)).new()
    if settings.as_json:
        print_json({"name": name, "token": secret})
    else:
        click.echo(secret)
        note(f"Token {name}. Store it now; it isn't shown again.", quiet=settings.quiet)
    return 0


@token.command("list")
@with_settings
def token_list(settings: Settings) -> int:
    """List the tokens by name, with the time each was made."""
    from te_connector.gateway.tokens import Tokens

    notes = Tokens(_state_dir(settings)).notes()
    if settings.as_json:
        print_json([{"name": item.name, "created": item.created} for item in notes])
    elif not notes:
        click.echo("There is no token. Make one: te-connector gateway token new")
    else:
        Renderer().table(("Name", "Made"), [(item.name, item.created) for item in notes])
    return 0


@token.command("revoke")
@click.argument("token_name", metavar="NAME")
@with_settings
def token_revoke(settings: Settings, *, token_name: str) -> int:
    """Revoke a token by its name. The gateway refuses it from now on."""
    from te_connector.gateway.tokens import Tokens

    if not Tokens(_state_dir(settings)).revoke(token_name):
        raise OptionError("There is no token of that name. See: te-connector gateway token list")
    click.echo(f"Token {token_name} is revoked.")
    return 0


@gateway.group()
def review() -> None:
    """Decide about matches that are not certain."""


@review.command("list")
@with_settings
def review_list(settings: Settings) -> int:
    """List the matches that wait for a decision, with the request that each belongs to."""
    rows = [
        {"request": kept.request, "object_type": match.object_type, "id": match.object_id,
         "why": "fits several people" if match.shared else "weak match"}
        for kept in _store(settings).all()
        for match in _open(settings, kept)
    ]  # fmt: skip
    if settings.as_json:
        print_json(rows)
    elif not rows:
        click.echo("No match waits for a decision.")
    else:
        Renderer().table(
            ("Request", "Object", "Why"),
            [(row["request"], f"{row['object_type']}:{row['id']}", row["why"]) for row in rows],
        )
        note(
            f"{number_of(len(rows), 'match', 'matches')} to decide: te-connector gateway review "
            "include|exclude REQUEST TYPE:ID",
            quiet=settings.quiet,
        )
    return 0


@review.command("include")
@click.argument("request")
@click.argument("object_", metavar="TYPE:ID")
@with_settings
def review_include(settings: Settings, *, request: str, object_: str) -> int:
    """Include a match: it is this person's, so the platform gets it."""
    return _decide(settings, request, object_, "include")


@review.command("exclude")
@click.argument("request")
@click.argument("object_", metavar="TYPE:ID")
@with_settings
def review_exclude(settings: Settings, *, request: str, object_: str) -> int:
    """Exclude a match: it isn't this person's, so the platform doesn't get it."""
    return _decide(settings, request, object_, "exclude")


def _decide(settings: Settings, request: str, text: str, decision: Any) -> int:
    store = _store(settings)
    kept = store.get(request)
    if kept is None or kept.outcome is None:
        raise OptionError("Nothing is kept for that request. See: te-connector gateway review list")
    object_type, _, object_id = text.partition(":")
    key = object_type, object_id
    if key not in {match.key for match in kept.outcome.matches}:
        raise OptionError("That object is not a match of the request; write it as TYPE:ID.")
    store.decide(request, key, decision)
    left = _open(settings, store.get(request) or kept)
    click.echo(
        f"{decision.capitalize()}d. {number_of(len(left), 'match', 'matches')} left to decide."
    )
    return 0


def _open(settings: Settings, kept: Kept) -> list[Any]:
    from te_connector.gateway.answers import undecided

    if kept.outcome is None:
        return []
    weak = _settings(settings).weak == "platform"
    return undecided(kept.outcome.matches, kept.decisions, weak_to_platform=weak)


def _store(settings: Settings) -> Store:
    from te_connector.gateway.store import Store
    from te_connector.gateway.tokens import gateway_folder

    served = _settings(settings)
    return Store(
        gateway_folder(served.state_dir),
        answer_seconds=served.answer_hours * 3600,
        identifier_seconds=served.identifier_days * 86400,
    )


def _state_dir(settings: Settings) -> Path:
    root: Path = state_of(settings.connection(sign_in=False)).root
    return root


@gateway.command("fides-template")
@click.option("--output", required=True, type=click.Path(path_type=Path), metavar="FILE.zip")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@with_settings
def fides_template(settings: Settings, *, output: Path, force: bool) -> int:
    """Write the integration template for Fides, made from the manifest."""
    from te_connector import host
    from te_connector.gateway.platforms.fides import template

    made = template(host.discover(settings.connection(sign_in=False)))
    try:
        with output.open("wb" if force else "xb") as file:
            file.write(made)
    except FileExistsError:
        raise SettingsError("The output file exists. Add --force to replace it.") from None
    except OSError as error:
        raise SettingsError(f"The output file cannot be written ({error.strerror}).") from None
    click.echo(f"Wrote {output}. Upload it in Fides under Integrations > Add > Upload.")
    return 0


@gateway.command("datagrail-settings")
@click.option("--url", default="https://GATEWAY_HOST", help="Where the agent reaches the gateway.")
@click.option("--credentials-location", default="CREDENTIALS_LOCATION")
@with_settings
def datagrail_settings(settings: Settings, *, url: str, credentials_location: str) -> int:
    """Print what to enter in DataGrail's connection form, and JSON for older agents."""
    from te_connector.gateway.platforms.datagrail import agent_json, form_values

    print_json({"form": form_values(url), "agent": agent_json(url, credentials_location)})
    note(
        "form: for DataGrail's connection form. agent: for agents up to 0.14.", quiet=settings.quiet
    )
    return 0
