"""One message to the token endpoint, and what its answer means.

``requests_oauthlib`` writes and reads the message. Our transport sends it: it follows no redirect, reads no
``.netrc`` and keeps to the connection's host. The library refuses plain http, to loopback too, unless a
process-wide switch is set. So it gets the https spelling of the address, while the transport sends to the
address of the settings.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from te_connector.api.connection import Settings
from te_connector.api.transport import LATER, Transport
from te_connector.errors import CredentialsRefused, SignInError
from te_connector.storage.secret import Secret, hushed
from te_connector.text.answers import BadJson, moment, parse, retry_after

DEFAULT_LIFETIME = 3600.0
"""If the server doesn't say, or says nonsense (documented: 3600 seconds)."""
LONGEST_LIFETIME = 86400.0 * 14
_DENIED = frozenset(("invalid_client", "unauthorized_client", "access_denied"))


def lifetime_of(value: Any) -> float:
    """A token's life in seconds. One without a sensible life is used until it is refused."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFETIME
    return seconds if 0 < seconds <= LONGEST_LIFETIME else DEFAULT_LIFETIME


def _is_sendable(access: Any) -> bool:
    """Whether an access token is text that a header can carry."""
    return isinstance(access, str) and re.fullmatch(r"[\x21-\x7e]+", access) is not None


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a token answer that counts, without oddities that the library can't read."""
    names = ("access_token", "refresh_token", "token_type")
    plain = {name: data[name] for name in names if isinstance(data.get(name), str)}
    scope = data.get("scope")
    if isinstance(scope, list) and all(isinstance(name, str) for name in scope):
        scope = " ".join(scope)
    if isinstance(scope, str):
        plain["scope"] = scope
    # A whole number: older versions of the library take nothing else.
    return {**plain, "expires_in": max(1, int(lifetime_of(data.get("expires_in"))))}


class RefreshRefused(SignInError):
    """The refresh token is no longer accepted; ask for a new grant."""


class TokenRequest:
    """One message to the token endpoint and what its answer means."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport

    def ask(self, refresh: Secret | None) -> Mapping[str, Any]:
        """Ask for a token; with the refresh token if there is one.

        :raises CredentialsRefused: the server refused the client id and secret.
        :raises SignInError: it answered anything else but a token.
        """
        from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
        from requests.auth import HTTPBasicAuth
        from requests_oauthlib import OAuth2Session

        settings, sign_in = self._settings, self._settings.manifest.sign_in
        auth = HTTPBasicAuth(
            settings.client_id.encode("utf-8"), settings.client_secret.reveal().encode("utf-8")
        )
        url = "https://" + settings.base_url.split("://", 1)[1] + sign_in.path
        # No scope on the client: the library raises a bare Warning if the granted ones differ.
        session = OAuth2Session(client=BackendApplicationClient(settings.client_id))
        session.trust_env = False
        session.adapters.clear()
        session.mount("https://", _adapter(self._transport, sign_in.path, sign_in.body == "json"))
        session.register_compliance_hook("access_token_response", self._read)
        session.register_compliance_hook("refresh_token_response", self._read_refreshed)
        fetch: Callable[..., Any] = session.fetch_token
        try:
            with hushed():
                if refresh is not None:
                    return dict(session.refresh_token(url, refresh.reveal(), auth=auth))
                return dict(fetch(url, auth=auth, scope=" ".join(sign_in.scopes)))
        except (
            OAuth2Error,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OverflowError,
            Warning,
        ):
            raise self._odd() from None

    def _read_refreshed(self, response: Any) -> Any:
        return self._read(response, refreshing=True)

    def _read(self, response: Any, *, refreshing: bool = False) -> Any:
        """Pass a token on; raise what anything else means, before the library calls all of it one thing."""
        status = response.status_code
        try:
            data = parse(response.content)
        except BadJson:
            data = None
        data = data if isinstance(data, dict) else {}
        if status == 200 and _is_sendable(data.get("access_token")):
            response._content = json.dumps(_plain(data)).encode("ascii")
            return response
        raise refusal_of(
            status,
            data.get("error"),
            response.headers,
            host=self._settings.host,
            path=self._settings.manifest.sign_in.path,
            refreshing=refreshing,
        )

    def _odd(self) -> SignInError:
        return _no_token(self._settings.host)


def refusal_of(
    status: int,
    error: Any,
    headers: Mapping[str, str],
    *,
    host: str,
    path: str,
    refreshing: bool,
) -> SignInError:
    """What an answer without a token means.

    ``error`` is the body's OAuth error code, or None. Bad credentials are documented as 400
    ``invalid_client``, not as 401.
    """
    if status in (400, 401, 403) and error == "invalid_scope":
        return SignInError(
            "The server doesn't grant the requested scopes to this client; have them added, or "
            "take them out of sign_in.scopes in the manifest."
        )
    if refreshing and 400 <= status < 500 and status != 429:
        return RefreshRefused("The refresh token is no longer accepted.")
    if status == 403 and error not in _DENIED:
        return SignInError(
            f"Something in front of {host} refuses the sign-in (403), such as a firewall or a gateway; "
            "the client id and secret may be right. Check that this machine's address is allowed, "
            "and the proxy."
        )
    if status == 401 or error in _DENIED:
        return CredentialsRefused(
            f"{host} refuses the client id and secret; check them, and that they belong to "
            "this base URL."
        )
    return _by_status(status, headers, host, path)


def _by_status(status: int, headers: Mapping[str, str], host: str, path: str) -> SignInError:
    """What a status means that says nothing about the client."""
    now, wait = time.time(), retry_after(headers, time.time())
    if status == 429:
        when = f" before {moment(now + wait)}" if wait else " within the hour"
        return SignInError(
            f"{host} permits no more token requests from this address at present (429); "
            f"don't try again{when}."
        ).retriable(now + (wait or DEFAULT_LIFETIME))
    if status == 404:
        return SignInError(
            f"There is no sign-in at {path} below the base URL (404); check the base URL: does it end "
            "with its version, such as /v1?"
        )
    if 300 <= status < 400:
        return SignInError(
            f"{host} answers the sign-in with a redirect ({status}), which is never followed; "
            "check the base URL."
        )
    if status >= 500:
        failed = SignInError(f"The sign-in at {host} is out of order ({status}); try again later.")
        return failed.retriable(now + (wait or LATER))
    return _no_token(host, status)


def _no_token(host: str, status: int | None = None) -> SignInError:
    which = f" ({status})" if status else ""
    return SignInError(
        f"{host} didn't answer the sign-in with a token{which}; check the base URL and sign_in in the "
        "manifest."
    )


def _adapter(transport: Transport, path: str, as_json: bool) -> Any:
    """Sends the library's request with our transport, its form as JSON if the manifest says so."""
    import requests
    from requests.adapters import BaseAdapter

    class Adapter(BaseAdapter):
        def send(self, request: Any, *_args: Any, **_kwargs: Any) -> Any:
            form = request.body if isinstance(request.body, str) else request.body.decode("ascii")
            if as_json:
                kind, body = "application/json", json.dumps(dict(parse_qsl(form)))
            else:
                kind, body = "application/x-www-form-urlencoded", form
            headers = {
                "Accept": "application/json",
                "Authorization": request.headers["Authorization"],
                "Content-Type": kind,
            }
            answer = transport.send("POST", path, headers, body.encode("utf-8"))
            response = requests.Response()
            response.status_code = answer.status
            response.headers.update(answer.headers)
            response.encoding = "utf-8"
            response._content = answer.body
            response.request = request
            response.url = request.url
            return response

        def close(self) -> None:
            """There is nothing to close."""

    return Adapter()
