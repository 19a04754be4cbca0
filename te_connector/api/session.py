"""The token: one for all threads, hooks and processes that share a state directory.

Client credentials with HTTP Basic, renewed by refresh token where the server gave one and else by a
new grant (documented responses to this grant carry none; one source says there is one). The
vendor permits two token requests an hour for each address, so every request that may have arrived is
counted in a window on disk, and none is ever repeated blindly.

``requests_oauthlib`` writes and reads the token messages. Its requests are sent by our transport:
it follows no redirect, reads no ``.netrc`` and obeys the connection's host binding. The library
refuses plain http, loopback included, unless a process-wide switch is set; it is given the https
spelling of the address instead, while the transport sends to the address of the settings.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs

from te_connector.api.connection import Settings
from te_connector.api.quota import Slot, Window
from te_connector.api.transport import ANSWER_SECONDS, Transport
from te_connector.errors import (
    ConnectorError,
    CredentialsRefused,
    SignInError,
    StateError,
    TokenBudgetSpent,
    Unreachable,
)
from te_connector.storage.files import Draft, read_private
from te_connector.storage.locks import locked
from te_connector.storage.secret import Secret, hushed
from te_connector.storage.vault import seal, token_key, unseal
from te_connector.text.answers import BadJson, moment, parse, retry_after

log = logging.getLogger(__name__)

DEFAULT_LIFETIME = 3600.0
"""Where the server does not say, or says nonsense (documented: 3600 seconds)."""
_LEEWAY = 60.0
_TOKEN_FILE_BYTES = 16 * 1024
_DENIED = frozenset(("invalid_client", "unauthorized_client", "access_denied"))


@attrs.frozen
class Token:
    """An access token, what came with it, and until when it is used (seconds since 1970)."""

    access: Secret
    refresh: Secret | None
    expires_at: float
    granted: tuple[str, ...] | None
    requested: tuple[str, ...]


class TokenProvider:
    """Keeps the current token; gets a new one at most when needed, one thread and process at a time.

    ``renewed`` tells whether it got one from the server. Within an ``admission`` a request may be sent:
    the vendor's limit on all requests counts token requests too.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        admission: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.time,
        *,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._admission = admission
        self._check = check
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._folder = settings.state.account(settings.base_url, settings.client_id)
        hosts = settings.state.host(settings.host, settings.port)
        self._budget = Window(
            hosts / "tokens.window", settings.manifest.tokens, ANSWER_SECONDS, clock
        )
        self._lock = threading.Lock()
        self._token: Token | None = None
        self.renewed = False

    @property
    def _file(self) -> Path:
        return self._folder / "token"

    def current(self) -> Token:
        """The token to use now.

        :raises SignInError: none could be had.
        :raises Unreachable: the host cannot be reached.
        """
        with self._lock:
            if self._token is not None and self._usable(self._token):
                return self._token
            with locked(self._folder / "token.lock", self._check):
                stored = self._load()
                if stored is None or not self._usable(stored):
                    stored = self._renew(stored)
                self._token = stored
                return stored

    def refresh_after_401(self, token: Token) -> Token:
        """Another token in place of one that the server refused: somebody's newer one, or a new one."""
        with self._lock, locked(self._folder / "token.lock", self._check):
            stored = self._load()
            if stored is None or stored.access == token.access or not self._usable(stored):
                stored = self._renew(stored)
            self._token = stored
            return stored

    def forget(self) -> bool:
        """Remove the stored token; tells whether there was one."""
        with self._lock, locked(self._folder / "token.lock", self._check):
            self._token = None
            there = self._file.exists()
            self._file.unlink(missing_ok=True)
            return there

    def _usable(self, token: Token) -> bool:
        wanted = self._settings.manifest.sign_in.scopes
        return token.expires_at > self._clock() and token.requested == wanted

    def _load(self) -> Token | None:
        raw = read_private(self._file)
        content = unseal(token_key(self._settings.client_secret), raw) if raw else None
        if content is None:
            return None
        try:
            kept = json.loads(content)
            return Token(
                access=Secret(kept["access"]),
                refresh=Secret(kept["refresh"]) if kept["refresh"] else None,
                expires_at=float(kept["expires_at"]),
                granted=None if kept["granted"] is None else tuple(kept["granted"]),
                requested=tuple(kept["requested"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _store(self, token: Token, draft: Draft) -> None:
        content = {
            "access": token.access.reveal(),
            "refresh": token.refresh.reveal() if token.refresh else None,
            "expires_at": token.expires_at,
            "granted": token.granted,
            "requested": token.requested,
        }
        sealed = seal(token_key(self._settings.client_secret), json.dumps(content).encode())
        try:
            draft.commit(sealed)
        except StateError as error:  # it serves this call; the next one needs a token of its own
            log.warning("the token can't be kept: %s", error)

    def _renew(self, old: Token | None) -> Token:
        scopes = self._settings.manifest.sign_in.scopes
        if old is not None and old.refresh is not None and old.requested == scopes:
            try:
                return self._grant(old.refresh)
            except RefreshRefused:
                log.info("the refresh token was refused; asking for a new grant")
        return self._grant(None)

    def _grant(self, refresh: Secret | None) -> Token:
        # Its place on the disk is taken first: a full disk must not burn one of two token requests.
        with Draft(self._file, size=_TOKEN_FILE_BYTES) as draft:
            return self._request(refresh, draft)

    def _request(self, refresh: Secret | None, draft: Draft) -> Token:
        slot = self._budget.take()
        if not isinstance(slot, Slot):
            allowed = self._clock() + slot
            limit = self._budget.limit
            raise TokenBudgetSpent(
                datetime.datetime.fromtimestamp(allowed, datetime.UTC), limit.count, limit.seconds
            )
        asked = self._clock()
        try:
            with self._admission():
                answer = _TokenRequest(self._settings, self._transport).ask(refresh)
        except Unreachable as error:
            self._budget.answered(slot) if error.sent else self._budget.refund(slot)
            raise
        except ConnectorError:
            self._budget.answered(slot)
            raise
        self._budget.answered(slot)
        token = _token(answer, asked, self._settings.manifest.sign_in.scopes, refresh)
        self._store(token, draft)
        self.renewed = True
        log.info("signed in; the token is used for %d seconds", token.expires_at - asked)
        return token


def _token(
    answer: Mapping[str, Any], asked: float, requested: tuple[str, ...], refresh: Secret | None
) -> Token:
    lifetime = _lifetime(answer.get("expires_in"))
    scope = answer.get("scope")
    renewed = answer.get("refresh_token")
    return Token(
        access=Secret(answer["access_token"]),
        refresh=Secret(renewed) if isinstance(renewed, str) and renewed else refresh,
        expires_at=asked + lifetime - min(_LEEWAY, lifetime / 10),
        granted=tuple(filter(None, scope)) if isinstance(scope, list) else None,
        requested=requested,
    )


def _lifetime(value: Any) -> float:
    """The token's life in seconds. One that lives no time is tried until it is refused."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_LIFETIME
    return seconds if 0 < seconds <= 86400 * 14 else DEFAULT_LIFETIME


def _sendable(access: Any) -> bool:
    """Whether an access token is text that a header can carry."""
    return isinstance(access, str) and re.fullmatch(r"[\x21-\x7e]+", access) is not None


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of a token answer counts, without the oddities over which the library breaks."""
    names = ("access_token", "refresh_token", "token_type")
    plain = {name: data[name] for name in names if isinstance(data.get(name), str)}
    scope = data.get("scope")
    if isinstance(scope, list) and all(isinstance(name, str) for name in scope):
        scope = " ".join(scope)
    if isinstance(scope, str):
        plain["scope"] = scope
    # A whole number: older versions of the library take nothing else.
    return {**plain, "expires_in": max(1, int(_lifetime(data.get("expires_in"))))}


class RefreshRefused(SignInError):
    """The refresh token is no longer accepted; a new grant is the answer to it."""


class _TokenRequest:
    """One message to the token endpoint and what its answer means."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport

    def ask(self, refresh: Secret | None) -> Mapping[str, Any]:
        """Ask for a token, by refresh token where one is given.

        :raises CredentialsRefused: the server refused them.
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
        # No scope on the client: the library raises a bare Warning where the granted ones differ.
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
        """Pass a token on; tell anything else apart before the library calls all of it one thing."""
        status = response.status_code
        try:
            data = parse(response.content)
        except BadJson:
            data = None
        data = data if isinstance(data, dict) else {}
        if status == 200 and _sendable(data.get("access_token")):
            response._content = json.dumps(_plain(data)).encode("ascii")
            return response
        raise self._refusal(status, data.get("error"), response.headers, refreshing)

    def _refusal(
        self, status: int, error: Any, headers: Mapping[str, str], refreshing: bool
    ) -> SignInError:
        """What an answer without a token means."""
        host = self._settings.host
        if status in (400, 401, 403) and error == "invalid_scope":
            return SignInError(
                "The server does not grant the requested scopes to this client; have them added, or "
                "take them out of sign_in.scopes in the manifest."
            )
        if refreshing and 400 <= status < 500 and status != 429:
            return RefreshRefused("The refresh token is no longer accepted.")
        if status in (401, 403) or error in _DENIED:
            return CredentialsRefused(
                f"{host} refuses the client id and secret; check them, and that they belong to "
                "this base URL."
            )
        if status == 429:
            wait = retry_after(headers, time.time())
            when = f" before {moment(time.time() + wait)}" if wait else " within the hour"
            return SignInError(
                f"{host} permits no more token requests from this address at present (429); "
                f"do not try again{when}."
            )
        if status == 404:
            return SignInError(
                f"There is no sign-in at {self._settings.manifest.sign_in.path} below the base URL "
                "(404); check the base URL: does it end with its version, such as /v1?"
            )
        if 300 <= status < 400:
            return SignInError(
                f"{host} answers the sign-in with a redirect ({status}), which is never followed; "
                "check the base URL."
            )
        if status >= 500:
            return SignInError(
                f"The sign-in at {host} is out of order ({status}); try again later."
            )
        return self._odd(status)

    def _odd(self, status: int | None = None) -> SignInError:
        told = f" ({status})" if status else ""
        return SignInError(
            f"{self._settings.host} did not answer the sign-in with a token{told}; check the base "
            "URL and sign_in in the manifest."
        )


def _adapter(transport: Transport, path: str, as_json: bool) -> Any:
    """Sends the library's request through our transport, its form spelled as JSON where wanted."""
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
            """Nothing is held here."""

    return Adapter()
