"""A host's ``connection`` mapping as frozen settings: where, as whom, by which manifest.

Credentials go only to the host that the connection, the stored login or the packaged manifest names;
another manifest cannot move them. Plain http is accepted to loopback addresses and nowhere else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from te_connector.errors import CredentialsMissing, SettingsError
from te_connector.manifest import loading as manifests
from te_connector.manifest.model import Manifest
from te_connector.storage import vault
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir, account_name, default_root, expanded

_KEYS = frozenset(
    ("connector", "name", "base_url", "manifest", "credentials", "state_dir", "proxy", "ca_bundle")
)


_OUTER = "\ufeff \t\r\n"
"""What editors and secret stores leave around a secret, and no secret begins or ends with."""


@attrs.frozen
class Settings:
    """What it takes to send a request."""

    base_url: str
    host: str
    port: int
    client_id: str = attrs.field(repr=False)
    client_secret: Secret
    manifest: Manifest
    state: StateDir
    proxy: str | None = attrs.field(repr=False)
    ca_bundle: str | None


def manifest_of(connection: Mapping[str, Any]) -> Manifest:
    """The manifest that the connection names, or the packaged one.

    :raises SettingsError: the connection has an unknown or unreadable key.
    :raises FileFaults: the manifest has faults.
    """
    _check_keys(connection)
    path = connection.get("manifest")
    return manifests.load(expanded(path) if path is not None else None)


def resolve(connection: Mapping[str, Any], manifest: Manifest | None = None) -> Settings:
    """The settings of a connection, with stored credentials where it brings none.

    ``manifest`` is the connection's, if the caller has read it already.

    :raises SettingsError: keys or addresses that cannot be used.
    :raises CredentialsMissing: no credentials were given or stored.
    """
    manifest = manifest if manifest is not None else manifest_of(connection)
    state = StateDir(
        expanded(connection["state_dir"]) if "state_dir" in connection else default_root()
    )
    given, login = _given_credentials(connection), None
    if given is None:
        login = vault.load(state, connection.get("name", "default"))
        if login is None:
            raise CredentialsMissing(
                "There are no credentials: give client_id and client_secret, "
                "or store them once with: te-connector login"
            )
    base_url = _base_url(connection.get("base_url"), login, manifest)
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if login is not None and not login.bound_to(base_url):
        raise SettingsError(
            "The stored credentials belong to another host than the base URL names; "
            "store others with: te-connector login --base-url URL"
        )
    client_id, secret = (login.client_id, login.client_secret) if login else cast("Any", given)
    return Settings(
        base_url=base_url,
        host=host,
        port=parts.port or (443 if parts.scheme == "https" else 80),
        client_id=client_id,
        client_secret=secret,
        manifest=manifest,
        state=state,
        proxy=connection.get("proxy"),
        ca_bundle=_ca_bundle(connection.get("ca_bundle")),
    )


def account_of(settings: Settings) -> str:
    """The account's fingerprint: a hash of base URL and client id.

    One base URL serves all customers of the vendor, so the base URL alone names no account.
    """
    return account_name(settings.base_url, settings.client_id)


def _ca_bundle(path: str | Path | None) -> str | None:
    return None if path is None else str(expanded(path))


def _check_keys(connection: Mapping[str, Any]) -> None:
    for key in connection:
        if key not in _KEYS:
            known = ", ".join(sorted(_KEYS))
            raise SettingsError(f"The connection has an unknown key. The keys are {known}.")
    for key in _KEYS - {"credentials"}:
        value = connection.get(key, "")
        if key in connection and not (isinstance(value, (str, Path)) and str(value)):
            raise SettingsError(f"The connection's {key!r} must be text and not empty.")


def _given_credentials(connection: Mapping[str, Any]) -> tuple[str, Secret] | None:
    given = connection.get("credentials")
    if given is None:
        return None
    fields = ("client_id", "client_secret")
    if not isinstance(given, Mapping) or set(given) != set(fields):
        raise SettingsError("The connection's credentials must have client_id and client_secret.")
    if not all(isinstance(given[field], str) and given[field] for field in fields):
        raise SettingsError("client_id and client_secret must be text and not empty.")
    if any("\ud800" <= char <= "\udfff" for field in fields for char in given[field]):
        raise SettingsError("client_id and client_secret aren't valid UTF-8. Save them as UTF-8.")
    client_id, secret = (given[field].strip(_OUTER) for field in fields)
    if not client_id or not secret:
        raise SettingsError("client_id and client_secret must be text and not empty.")
    return client_id, Secret(secret)


def _base_url(given: str | None, login: vault.Login | None, manifest: Manifest) -> str:
    if given is not None:
        return normal_base_url(str(given))
    if login is not None:
        return login.base_url
    packaged = manifest if manifest.packaged else manifests.load()
    assert packaged.base_url is not None, "the packaged manifest names its base URL"
    trusted = normal_base_url(packaged.base_url)
    if manifest.base_url is not None and normal_base_url(manifest.base_url) != trusted:
        raise SettingsError(
            "The manifest names another base URL than the packaged one, and a manifest cannot move "
            "credentials; confirm it with base_url, TE_BASE_URL or --base-url."
        )
    return trusted


def normal_base_url(text: str) -> str:
    """The base URL in one spelling: lower-case scheme and host, no slash at the end.

    :raises SettingsError: it is no http(s) address, has a user, query or fragment in it, or is plain
        http to something else than this machine.
    """
    advice = "write it like https://public.totalexpert.net/v1"
    parts, port = _split(text)
    if parts is None:
        raise SettingsError(f"The base URL isn't valid; {advice}.")
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"The base URL must be an http(s) address; {advice}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(f"The base URL can't have a user, query, or fragment; {advice}.")
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.hostname):
        raise SettingsError(f"The base URL's host has invalid characters; {advice}.")
    if not re.fullmatch(r"(/[A-Za-z0-9_.~-]+)*/?", parts.path) or ".." in parts.path:
        raise SettingsError(f"The base URL's path has invalid characters; {advice}.")
    scheme, host = parts.scheme.lower(), parts.hostname.lower()
    if scheme == "http" and not is_loopback(host):
        raise SettingsError(
            "Plain http is accepted to this machine alone, since it would show the token to everyone "
            "on the way; use https."
        )
    if ":" in host:
        host = f"[{host}]"
    default = {"http": 80, "https": 443}[scheme]
    where = host if port in (None, default) else f"{host}:{port}"
    return f"{scheme}://{where}{parts.path.rstrip('/')}"


def _split(text: str) -> tuple[SplitResult | None, int | None]:
    """An address's parts and port; None where it cannot be read."""
    try:
        parts = urlsplit(text.strip())
        return parts, parts.port
    except ValueError:
        return None, None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine (127.0.0.0/8, ::1 or localhost)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
