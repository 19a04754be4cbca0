"""The command's group, and how errors become one sentence and an exit status.

==== ===========================================================================
0    done, and all is well
1    done, but something is not: a check fails, a search is incomplete, an object was not deleted
2    the call, the settings or a file is wrong
3    the host could not be reached, or it gave no token
130  stopped by Ctrl-C
==== ===========================================================================
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import click

from te_connector import __version__
from te_connector.cli import LACKING
from te_connector.cli.settings import Interrupted, root_options
from te_connector.errors import (
    ConnectorError,
    FileFaults,
    SettingsError,
    SignInError,
    Stopped,
    Unreachable,
    UsageError,
)

log = logging.getLogger(__name__)

WRONG, UNREACHABLE, STOPPED = 2, 3, 130
_OPTIONAL = ("faker", "flask", "jinja2", "werkzeug")
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


class Commands(click.Group):
    """Subcommands that are imported when they are called, so that none slows the others."""

    def __init__(self, *args: Any, places: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order in which people need them."""
        return list(self._places)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(f"te_connector.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; an unknown one is not repeated, for it could be anything."""
        if args and args[0] not in self._places and not args[0].startswith("-"):
            close = get_close_matches(args[0], self._places, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else f": {', '.join(self._places)}."
            ctx.fail(f"There is no such command{meant}")
        return super().resolve_command(ctx, args)


def _help_alone(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings=_CONTEXT,
    places={
        "demo": "demo:demo",
        "sandbox": "sandbox:sandbox",
        "validate": "checking:validate",
        "discover": "checking:discover",
        "fetch": "fetching:fetch",
        "delete": "deleting:delete",
        "package": "packaging:package",
        "audit": "app:audit",
        "manifest": "app:manifest",
        "login": "logins:login",
        "logout": "logins:logout",
        "purge": "logins:purge",
    },
)
@root_options
@click.version_option(__version__, "--version", message="te-connector %(version)s")
@click.pass_context
def commands(ctx: click.Context, /, **_: Any) -> None:
    """Answer access and erasure requests from the Total Expert CRM.

    See it work without an account: te-connector demo
    """
    _help_alone(ctx)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    places={"verify": "auditing:verify", "show": "auditing:show"},
)
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Check the audit trail; tell one deletion's story."""
    _help_alone(ctx)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    places={
        "check": "manifests:check",
        "show": "manifests:show",
        "export": "manifests:export",
    },
)
@click.pass_context
def manifest(ctx: click.Context) -> None:
    """Check, show or copy the manifest."""
    _help_alone(ctx)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command; never a traceback."""
    _prepare_streams()
    try:
        _start_logging()
        status = commands.main(
            None if argv is None else list(argv), "te-connector", standalone_mode=False
        )
        sys.stdout.flush()
    except FileFaults as faults:
        click.echo(str(faults), err=True)
        return WRONG
    except ConnectorError as error:
        _tell(f"{error} [{error.code}]")
        return status_of(error)
    except click.ClickException as error:
        _tell(_sentence(error))
        return WRONG
    except (Interrupted, KeyboardInterrupt) as stop:
        _tell(str(stop) or "Stopped; nothing was left half done.")
        return STOPPED
    except click.Abort:
        _tell("Stopped, since no answer came.")
        return STOPPED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except Exception as error:  # noqa: BLE001  the last resort: its text could hold anything
        _tell(_unexpected(error))
        return 1
    return status if isinstance(status, int) else 0


def status_of(error: ConnectorError) -> int:
    """The exit status that an error stands for."""
    if isinstance(error, Stopped):
        return STOPPED
    if isinstance(error, UsageError):
        return WRONG
    if isinstance(error, (Unreachable, SignInError)):
        return UNREACHABLE
    return 1


def _tell(sentence: str) -> None:
    click.echo(f"te-connector: {sentence}", err=True)


def _sentence(error: click.ClickException) -> str:
    """What is wrong with the call, without repeating arguments: they can be a person's."""
    text = error.format_message()
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "te-connector"
    if isinstance(error, click.NoSuchOption):
        close = error.possibilities or []
        text = "There is no such option" + (f"; did you mean {close[0]}?" if close else ".")
    elif isinstance(error, click.MissingParameter):
        text = text.splitlines()[0]
    elif isinstance(error, click.BadParameter) and error.param is not None:
        kind = error.param.type
        what = f"one of {', '.join(kind.choices)}" if isinstance(kind, click.Choice) else kind.name
        text = f"{error.param.get_error_hint(ctx)} must be {what}."
    elif text.startswith("Got unexpected extra argument"):
        text = "There is an argument too many; identifiers are given by options, such as --email."
    return f"{text} See: {path} --help"


def _unexpected(error: Exception) -> str:
    """The kind and place of an error that nobody foresaw, and none of its text."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        log.debug("at %s:%s in %s", frame.filename, frame.lineno, frame.name)
    if isinstance(error, ModuleNotFoundError) and error.name in _OPTIONAL:
        return f"{error.name} is not installed. {LACKING}"
    return (
        f"Something unexpected went wrong ({type(error).__name__}); set TE_LOG=DEBUG, run it again "
        "and report what it logs."
    )


def _start_logging() -> None:
    """Log to stderr where TE_LOG says so: our own logger alone, whose messages hold no values."""
    level = os.environ.get("TE_LOG", "").strip().upper()
    if not level:
        return
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError("TE_LOG must be DEBUG, INFO, WARNING or ERROR.")
    logger = logging.getLogger("te_connector")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_LOG_FORMAT))
        logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False


def _prepare_streams() -> None:
    """Let no character that the terminal cannot show end the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _forget_stdout() -> None:
    """Keep Python from complaining at its end that nobody reads what is left."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
