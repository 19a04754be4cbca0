"""The command's groups, and how errors become one sentence and an exit status.

==== ===========================================================================
0    done, and all is well
1    done, but something is not: a check fails, a search is incomplete, an object was not deleted
2    the call, the settings, or a file is wrong
3    the host could not be reached, or it gave no token
130  stopped by Ctrl-C or another signal
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
from te_connector.cli import streams
from te_connector.cli.extras import missing
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
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


class Commands(click.Group):
    """Subcommands, each imported only when called, so that none slows down the others."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order in which you need them."""
        return list(self._modules)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self._modules:
            return None
        module, _, name = self._modules[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(f"te_connector.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The called command. The error for an unknown one does not repeat it: it can be a name."""
        if args and args[0] not in self._modules and not args[0].startswith("-"):
            close = get_close_matches(args[0], self._modules, n=1)
            meant = f"Did you mean {close[0]}?" if close else f"Use {', '.join(self._modules)}."
            ctx.fail(f"No such command. {meant}")
        return super().resolve_command(ctx, args)


def _show_help(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings=_CONTEXT,
    modules={
        "demo": "demo:demo",
        "sandbox": "commands.sandbox:sandbox",
        "validate": "commands.validate:validate",
        "discover": "commands.validate:discover",
        "fetch": "commands.fetch:fetch",
        "show": "commands.show:show",
        "package": "commands.package:package",
        "delete": "commands.delete:delete",
        "hold": "app:hold",
        "audit": "app:audit",
        "gateway": "commands.gateway:gateway",
        "portal": "commands.portal:portal",
        "worker": "commands.portal:worker",
        "manifest": "app:manifest",
        "login": "commands.login:login",
        "logout": "commands.login:logout",
        "purge": "commands.login:purge",
    },
)
@root_options
@click.version_option(__version__, "--version", message="te-connector %(version)s")
@click.pass_context
def commands(ctx: click.Context, /, **_: Any) -> None:
    """Answer access and deletion requests from the Total Expert CRM.

    To see it work without an account, run: te-connector demo
    """
    _show_help(ctx)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    modules={"verify": "commands.audit:verify", "show": "commands.audit:show"},
)
@click.pass_context
def audit(ctx: click.Context) -> None:
    """Check the audit trail, or show the history of a deletion."""
    _show_help(ctx)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    modules={
        "add": "commands.hold:add",
        "list": "commands.hold:show",
        "release": "commands.hold:release",
    },
)
@click.pass_context
def hold(ctx: click.Context) -> None:
    """Keep holds: what must not be deleted, in every account of the state directory."""
    _show_help(ctx)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    modules={
        "check": "commands.manifest:check",
        "show": "commands.manifest:show",
        "export": "commands.manifest:export",
        "enable": "commands.manifest:enable",
    },
)
@click.pass_context
def manifest(ctx: click.Context) -> None:
    """Check, show, or copy the manifest."""
    _show_help(ctx)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. It never prints a traceback."""
    with streams.signals_like_ctrl_c():
        try:
            streams.prepare()
            _start_logging()
            status = commands.main(
                None if argv is None else list(argv), "te-connector", standalone_mode=False
            )
            sys.stdout.flush()
        except BaseException as error:  # noqa: BLE001
            return _failed(error)
    return status if isinstance(status, int) else 0


def _failed(error: BaseException) -> int:
    """Say in one sentence what went wrong, and return the exit status."""
    match error:
        case FileFaults():
            click.echo(str(error), err=True)
            return WRONG
        case ConnectorError():
            _say(f"{error} [{error.code}]")
            return status_of(error)
        case click.ClickException():
            _say(_sentence(error))
            return WRONG
        case Interrupted() | KeyboardInterrupt():
            _say(str(error) or "Stopped. Nothing was left half done.")
            return STOPPED
        case click.Abort():
            _say("Stopped, because there was no answer.")
            return STOPPED
        case BrokenPipeError():
            streams.abandon_stdout()
            return 1
        case OSError() if error.filename is None:
            # Files have names in their errors, so this one is about stdout.
            streams.abandon_stdout()
            _say(f"Can't write to standard output: {error.strerror or type(error).__name__}.")
            return 1
        case Exception():
            _say(_unexpected(error))
            return WRONG if isinstance(error, ModuleNotFoundError) else 1
        case _:
            raise error


def status_of(error: ConnectorError) -> int:
    """The exit status for an error."""
    if isinstance(error, Stopped):
        return STOPPED
    if isinstance(error, UsageError):
        return WRONG
    if isinstance(error, (Unreachable, SignInError)):
        return UNREACHABLE
    return 1


def _say(sentence: str) -> None:
    click.echo(f"te-connector: {sentence}", err=True)


def _sentence(error: click.ClickException) -> str:
    """What is wrong with the call. It does not repeat arguments, which can be personal data."""
    text = error.format_message()
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "te-connector"
    if isinstance(error, click.NoSuchOption):
        close = error.possibilities or []
        text = f"No such option. Did you mean {close[0]}?" if close else "No such option."
    elif isinstance(error, click.MissingParameter):
        text = text.splitlines()[0]
    elif isinstance(error, click.BadParameter) and error.param is not None:
        kind = error.param.type
        what = f"one of {', '.join(kind.choices)}" if isinstance(kind, click.Choice) else kind.name
        text = f"{error.param.get_error_hint(ctx)} must be {what}."
    elif text.startswith("Got unexpected extra argument"):
        text = "Too many arguments. Pass identifiers as options, such as --email."
    return f"{text} See: {path} --help"


def _unexpected(error: Exception) -> str:
    """Type and place of an unforeseen error, without its text, which can be personal data."""
    for frame in traceback.extract_tb(error.__traceback__):
        log.debug("at %s:%s in %s", frame.filename, frame.lineno, frame.name)
    if isinstance(error, ModuleNotFoundError):
        sentence = missing(error.name or "")
        if sentence is not None:
            return sentence
    return (
        f"Unexpected error ({type(error).__name__}). Run the command again with TE_LOG=DEBUG, and "
        "report what it logs."
    )


def _start_logging() -> None:
    """Log to stderr if TE_LOG asks for it: only our own logger, whose messages hold no values."""
    level = os.environ.get("TE_LOG", "").strip().upper()
    if not level:
        return
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError("TE_LOG must be DEBUG, INFO, WARNING, or ERROR.")
    logger = logging.getLogger("te_connector")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_LOG_FORMAT))
        logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
