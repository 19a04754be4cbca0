"""What every subcommand shares: settings from flags and the environment, as one connection.

Flags may stand before or after the subcommand. Secrets come from the environment or from a file that
it names, never from flags, which everybody on the machine can read.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import click

from te_connector.errors import SettingsError

_ENVIRONMENT = {
    "base_url": "TE_BASE_URL",
    "manifest": "TE_MANIFEST",
    "state_dir": "TE_STATE_DIR",
}
_CONNECTION = {
    "base_url": ("--base-url", "URL", "Where the API is (TE_BASE_URL)."),
    "manifest": ("--manifest", "FILE", "The manifest to use (TE_MANIFEST)."),
    "state_dir": ("--state-dir", "DIR", "Where budgets and audit trail are kept (TE_STATE_DIR)."),
    "name": ("--name", "NAME", "Which stored login to use (default: default)."),
    "proxy": ("--proxy", "URL", "The proxy to go through."),
    "ca_bundle": ("--ca-bundle", "FILE", "The certificate authorities to trust."),
}
_SHARED = (*_CONNECTION, "as_json", "quiet")


class Interrupted(Exception):
    """Ctrl-C, with a sentence that says what was done."""


@attrs.frozen
class Given:
    """The settings of one call; ``flags`` are those that came as flags."""

    base_url: str | None = None
    manifest: str | None = None
    state_dir: str | None = None
    name: str | None = None
    proxy: str | None = None
    ca_bundle: str | None = None
    as_json: bool = False
    quiet: bool = False
    flags: Mapping[str, str] = attrs.Factory(dict)

    def connection(self, *, sign_in: bool = True) -> dict[str, Any]:
        """The connection for a hook, with credentials from the environment if there are any."""
        from te_connector.plugin import CONNECTOR

        _refuse_password(self.proxy)
        connection: dict[str, Any] = {"connector": CONNECTOR}
        for key in _CONNECTION:
            value = getattr(self, key)
            if value is not None:
                connection[key] = value
        credentials = credentials_given() if sign_in else None
        if credentials is not None:
            connection["credentials"] = credentials
        return connection

    def repeated(self) -> list[str]:
        """The connection's flags, to be repeated in a command that is shown."""
        return [part for key, value in self.flags.items() for part in (_CONNECTION[key][0], value)]


def root_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared options to the group."""
    switches = (
        click.option("--quiet", is_flag=True, help="No progress and no notes."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
    )
    for switch in switches:
        function = switch(function)
    for flag, metavar, text in reversed(_CONNECTION.values()):
        function = click.option(flag, metavar=metavar, help=text)(function)
    return function


def with_settings(function: Callable[..., int]) -> Callable[..., int]:
    """Add the shared options to a command and hand them over as its first argument."""

    @root_options
    @click.pass_context
    @functools.wraps(function)
    def called(ctx: click.Context, /, **options: Any) -> int:
        shared = {name: options.pop(name) for name in _SHARED}
        try:
            return function(_given(shared, ctx.find_root().params), **options)
        except KeyboardInterrupt:
            raise Interrupted from None  # click would print an empty line first

    return called


def _given(own: Mapping[str, Any], root: Mapping[str, Any]) -> Given:
    values: dict[str, Any] = {}
    flags: dict[str, str] = {}
    for key in _CONNECTION:
        flag = own[key] if own[key] is not None else root.get(key)
        if flag is not None:
            flags[key] = flag
        values[key] = flag if flag is not None else os.environ.get(_ENVIRONMENT.get(key, ""))
        if values[key] == "" and flag is None:
            values[key] = None  # an empty variable is one that is not set
    for key in ("as_json", "quiet"):
        values[key] = own[key] or bool(root.get(key))
    return Given(**values, flags=flags)


def credentials_given() -> dict[str, str] | None:
    """The client id and secret of the environment; None where it has neither.

    :raises SettingsError: it has one of them alone, or two secrets.
    """
    client_id = os.environ.get("TE_CLIENT_ID") or None
    secret = os.environ.get("TE_CLIENT_SECRET") or None
    file = os.environ.get("TE_CLIENT_SECRET_FILE") or None
    if secret is not None and file is not None:
        raise SettingsError("TE_CLIENT_SECRET and TE_CLIENT_SECRET_FILE are both set; keep one.")
    if file is not None:
        secret = _secret_in(Path(file))
    if client_id is None and secret is None:
        return None
    if client_id is None:
        raise SettingsError("A client secret is set, but no client id; set TE_CLIENT_ID too.")
    if secret is None:
        raise SettingsError(
            "TE_CLIENT_ID is set, but no secret; set TE_CLIENT_SECRET or TE_CLIENT_SECRET_FILE too."
        )
    return {"client_id": client_id, "client_secret": secret}


def _secret_in(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"TE_CLIENT_SECRET_FILE cannot be read: {why}.") from None
    if not secret:
        raise SettingsError("The file that TE_CLIENT_SECRET_FILE names is empty.")
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        click.echo(
            f"te-connector: Others can read the secret in {path}; make it yours alone: chmod 600 {path}",
            err=True,
        )
    return secret


def _refuse_password(proxy: str | None) -> None:
    try:
        named = proxy is not None and urlsplit(proxy).username is not None
    except ValueError:
        raise SettingsError(
            "The proxy cannot be read; write it like http://proxy.example.com:3128."
        ) from None
    if named:
        raise SettingsError(
            "A proxy's password must not stand in a flag, where others can read it; give the proxy "
            "by the variable HTTPS_PROXY instead."
        )


def state_of(connection: Mapping[str, Any]) -> Any:
    """The state directory of a connection."""
    from te_connector.storage.state import StateDir, default_root

    named = connection.get("state_dir")
    return StateDir(Path(named) if named is not None else default_root())


def base_url_of(connection: Mapping[str, Any]) -> str:
    """The base URL that a connection leads to, in one spelling; needs no credentials."""
    from te_connector.api.connection import normal_base_url
    from te_connector.manifest import model as manifest
    from te_connector.storage import vault

    if connection.get("base_url"):
        return normal_base_url(str(connection["base_url"]))
    if "credentials" not in connection:
        login = vault.load(state_of(connection), connection.get("name", "default"))
        if login is not None:
            return normal_base_url(login.base_url)
    packaged = manifest.load().base_url
    assert packaged is not None, "the packaged manifest names its base URL"
    return normal_base_url(packaged)


def manifest_of(connection: Mapping[str, Any]) -> Any:
    """The manifest that a connection names, or the packaged one."""
    from te_connector.manifest import model as manifest

    named = connection.get("manifest")
    return manifest.load(Path(named) if named is not None else None)
