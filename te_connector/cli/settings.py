"""The settings that every command shares: flags and environment variables as one connection.

Flags work before and after the command's name. Secrets come from the environment or from a file that
it names, never from flags, because everyone on the machine can read those.
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
_FLAGS = {
    "base_url": (("--base-url",), "URL", "The API's base URL (TE_BASE_URL)."),
    "manifest": (("--manifest",), "FILE", "The manifest to use (TE_MANIFEST)."),
    "state_dir": (("--state-dir",), "DIR", "Folder for budgets and audit trail (TE_STATE_DIR)."),
    # --name is the flag's old name. People took it for the name of the data subject.
    "name": (("--profile", "--name"), "NAME", "The stored login to use (default: default)."),
    "proxy": (("--proxy",), "URL", "The proxy to use."),
    "ca_bundle": (("--ca-bundle",), "FILE", "The certificate authorities to trust."),
}
_PATHS = ("manifest", "state_dir", "ca_bundle")
_SHARED = (*_FLAGS, "as_json", "quiet")


class Interrupted(Exception):
    """Stopped by the user, with a sentence that says what was done."""


@attrs.frozen
class Settings:
    """The settings of one call; ``flags`` are the ones that came as flags."""

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
        """The connection for a hook, with credentials from the environment if it has any."""
        from te_connector.plugin import CONNECTOR

        _refuse_password(self.proxy)
        connection: dict[str, Any] = {"connector": CONNECTOR}
        for key in _FLAGS:
            value = getattr(self, key)
            if value is not None:
                connection[key] = value
        credentials = credentials_from_environment() if sign_in else None
        if credentials is not None:
            connection["credentials"] = credentials
        return connection

    def repeated(self) -> list[str]:
        """The flags to repeat in a command that the user can copy."""
        return [part for key, value in self.flags.items() for part in (_FLAGS[key][0][0], value)]


def root_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the shared options to the group."""
    switches = (
        click.option("--quiet", is_flag=True, help="No progress and no notes."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
    )
    for switch in switches:
        function = switch(function)
    for key, (flags, metavar, text) in reversed(_FLAGS.items()):
        function = click.option(flags[0], key, metavar=metavar, help=text)(function)
        for old in flags[1:]:
            function = click.option(old, f"{key}_old", metavar=metavar, hidden=True)(function)
    return function


def with_settings(function: Callable[..., int]) -> Callable[..., int]:
    """Add the shared options to a command, and pass the settings as its first argument."""

    @root_options
    @click.pass_context
    @functools.wraps(function)
    def called(ctx: click.Context, /, **options: Any) -> int:
        shared = {name: options.pop(name) for name in _SHARED}
        for key, (flags, _, _) in _FLAGS.items():
            for _ in flags[1:]:
                old = options.pop(f"{key}_old")
                shared[key] = old if shared[key] is None else shared[key]
        try:
            return function(_settings(shared, _outer_params(ctx)), **options)
        except KeyboardInterrupt:
            raise Interrupted from None  # click would print an empty line first

    return called


def _outer_params(ctx: click.Context) -> dict[str, Any]:
    """The shared options given before this command's name, on any group above it; nearest first."""
    params: dict[str, Any] = {}
    above = ctx.parent
    while above is not None:
        params = {**above.params, **{key: value for key, value in params.items() if value}}
        above = above.parent
    return params


def _settings(own: Mapping[str, Any], root: Mapping[str, Any]) -> Settings:
    values: dict[str, Any] = {}
    flags: dict[str, str] = {}
    for key in _FLAGS:
        flag = next(
            (
                value
                for value in (own[key], root.get(key), root.get(f"{key}_old"))
                if value is not None
            ),
            None,
        )
        if flag is not None:
            flags[key] = flag
        # An empty variable counts as one that is not set.
        values[key] = flag if flag is not None else _variable(_ENVIRONMENT.get(key, "")) or None
        if key in _PATHS and values[key]:
            values[key] = str(expanded(Path(values[key])))
    for key in ("as_json", "quiet"):
        values[key] = own[key] or bool(root.get(key))
    return Settings(**values, flags=flags)


def expanded(path: Path) -> Path:
    """The path with ``~`` as the home folder, as a shell would have written it."""
    try:
        return path.expanduser()
    except RuntimeError:  # no such user
        return path


def _variable(name: str) -> str:
    """An environment variable without outer blanks, line ends, and byte order mark."""
    return os.environ.get(name, "").strip("\ufeff \t\r\n")


def credentials_from_environment() -> dict[str, str] | None:
    """The client id and secret of the environment; None if it has neither.

    :raises SettingsError: it has only one of them, or two secrets.
    """
    client_id = _variable("TE_CLIENT_ID")
    secret = _variable("TE_CLIENT_SECRET")
    file = _variable("TE_CLIENT_SECRET_FILE")
    if secret and file:
        raise SettingsError("TE_CLIENT_SECRET and TE_CLIENT_SECRET_FILE are both set. Unset one.")
    if file:
        secret = _secret_in(expanded(Path(file)))
    if not client_id and not secret:
        return None
    if not client_id:
        raise SettingsError("A client secret is set, but no client id. Set TE_CLIENT_ID too.")
    if not secret:
        raise SettingsError(
            "TE_CLIENT_ID is set, but no secret. Set TE_CLIENT_SECRET or TE_CLIENT_SECRET_FILE too."
        )
    return {"client_id": client_id, "client_secret": secret}


def _secret_in(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8").strip("\ufeff \t\r\n")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it isn't UTF-8 text"
        raise SettingsError(f"Can't read the file in TE_CLIENT_SECRET_FILE: {why}.") from None
    if not secret:
        raise SettingsError("The file in TE_CLIENT_SECRET_FILE is empty.")
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        click.echo(
            f"te-connector: Other users can read the secret in {path}. Run: chmod 600 {path}",
            err=True,
        )
    return secret


def _refuse_password(proxy: str | None) -> None:
    try:
        has_user = proxy is not None and urlsplit(proxy).username is not None
    except ValueError:
        raise SettingsError(
            "--proxy isn't a valid URL. Write it like http://proxy.example.com:3128."
        ) from None
    if has_user:
        raise SettingsError(
            "Don't put a proxy's password in a flag, where others can read it. Set HTTPS_PROXY "
            "instead."
        )


def state_of(connection: Mapping[str, Any]) -> Any:
    """The state directory of a connection."""
    from te_connector.storage.state import StateDir, default_root

    named = connection.get("state_dir")
    return StateDir(Path(named) if named is not None else default_root())


def base_url_of(connection: Mapping[str, Any]) -> str:
    """The base URL of a connection in normal form; needs no credentials."""
    from te_connector.api.connection import normal_base_url
    from te_connector.manifest import loading as manifest
    from te_connector.storage import vault

    if connection.get("base_url"):
        return normal_base_url(str(connection["base_url"]))
    if "credentials" not in connection:
        login = vault.load(state_of(connection), connection.get("name", "default"))
        if login is not None:
            return normal_base_url(login.base_url)
    packaged = manifest.load().base_url
    assert packaged is not None, "the packaged manifest has a base URL"
    return normal_base_url(packaged)


def manifest_of(connection: Mapping[str, Any]) -> Any:
    """The manifest that a connection names, or the packaged one."""
    from te_connector.manifest import loading as manifest

    named = connection.get("manifest")
    return manifest.load(Path(named) if named is not None else None)
