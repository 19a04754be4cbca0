"""``validate_connection``: which step works and which doesn't, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.pages import params_of, read_page
from te_connector.api.session import Token
from te_connector.contract import Check, Validation
from te_connector.errors import (
    ConnectorError,
    CredentialsMissing,
    MissingScope,
    PastEnd,
    SettingsError,
)
from te_connector.manifest.model import Manifest, ObjectType

_NOT_TRIED = "not tried, because there is no token"


def validate(connection: Mapping[str, Any]) -> Validation:
    """The hook ``validate_connection``; see :mod:`te_connector.hookspecs`."""
    manifest = connections.manifest_of(connection)
    try:
        client = Client(connections.resolve(connection, manifest))
    except CredentialsMissing as error:
        missing = _check("credentials", False, str(error), error.code)
        return _answer([missing, *_untried(manifest)])
    with client.open():
        try:
            token = client.sign_in()
        except SettingsError:
            raise
        except ConnectorError as error:
            failed = _check("credentials", False, str(error), error.code)
            return _answer([failed, *_untried(manifest)])
        checks = [
            _check("credentials", True, f"got a token from {client.settings.host}"),
            _scopes(manifest, token),
        ]
        checks += [_object_type(client, item) for item in manifest.objects.values() if item.access]
        return _answer(checks)


def _answer(checks: list[Check]) -> Validation:
    return {"ok": all(check["ok"] for check in checks), "checks": checks}


def _check(name: str, ok: bool, detail: str, code: str | None = None) -> Check:
    return {"name": name, "ok": ok, "code": code, "detail": detail}


def _untried(manifest: Manifest) -> list[Check]:
    types = [item.name for item in manifest.objects.values() if item.access]
    return [_check(name, False, _NOT_TRIED) for name in ("scopes", *types)]


def _scopes(manifest: Manifest, token: Token) -> Check:
    requested = manifest.sign_in.scopes
    if token.granted is None:
        return _check("scopes", True, "the server does not say which scopes it granted")
    missing = [scope for scope in requested if scope not in token.granted]
    if missing:
        return _check(
            "scopes",
            False,
            f"not granted: {', '.join(missing)}; have them added to the client by Total Expert",
            MissingScope.code,
        )
    return _check("scopes", True, f"granted: {', '.join(requested)}")


def _object_type(client: Client, item: ObjectType) -> Check:
    """Read the first page of the type's list (the vendor's documented test is that GET /contacts works)."""
    try:
        page, _ = read_page(client, item, params_of(client, item, 1))
    except PastEnd:
        return _check(item.name, True, f"GET {item.path} answered: the list is empty")
    except ConnectorError as error:
        return _check(item.name, False, str(error), error.code)
    listed = "objects" if page.ids else "an empty list"
    return _check(item.name, True, f"GET {item.path} answered with {listed}")
