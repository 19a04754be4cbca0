"""The token: one for all threads, hook calls and processes that share a state directory.

Client credentials with HTTP Basic, renewed with the refresh token if the server gave one, and otherwise
with a new grant. (Documented answers to this grant have no refresh token; one source says that there is
one.) The vendor permits two token requests an hour for each address. So every request that may have
arrived is counted in a window on disk, and none is repeated blindly.
"""

from __future__ import annotations

import datetime
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import attrs

from te_connector.api.connection import Settings
from te_connector.api.quota import Slot, Window
from te_connector.api.token_request import RefreshRefused, TokenRequest, lifetime_of
from te_connector.api.transport import ANSWER_SECONDS, Transport
from te_connector.errors import (
    ConnectorError,
    CredentialsRefused,
    StateError,
    TokenBudgetSpent,
    Unreachable,
)
from te_connector.storage.files import Draft, read_private
from te_connector.storage.locks import Check, locked
from te_connector.storage.secret import Secret
from te_connector.storage.vault import seal, token_key, unseal

log = logging.getLogger(__name__)

_LEEWAY = 60.0
_TOKEN_FILE_BYTES = 16 * 1024


@attrs.frozen
class Token:
    """An access token, what came with it, and until when it is used (seconds since 1970)."""

    access: Secret
    refresh: Secret | None
    expires_at: float
    granted: tuple[str, ...] | None
    requested: tuple[str, ...]


class TokenProvider:
    """Provides the current token; asks for a new one only if needed, one thread and process at a time.

    ``renewed``: it got one from the server. Within an ``admission`` a request may be sent: the vendor's
    limit on all requests counts token requests too.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        admission: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.time,
        *,
        lock_check: Callable[[], Check | None] = lambda: None,
    ) -> None:
        self._admission = admission
        self._lock_check = lock_check
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

        :raises SignInError: there is none.
        :raises Unreachable: the host can't be reached.
        """
        with self._lock:
            if self._token is not None and self._usable(self._token):
                return self._token
            with locked(self._folder / "token.lock", self._lock_check()):
                stored = self._load()
                if stored is None or not self._usable(stored):
                    stored = self._renew(stored)
                self._token = stored
                return stored

    def refresh_after_401(self, token: Token) -> Token:
        """Another token, since the server refused this one: a newer one that is stored, or a new one."""
        with self._lock, locked(self._folder / "token.lock", self._lock_check()):
            stored = self._load()
            if stored is None or stored.access == token.access or not self._usable(stored):
                stored = self._renew(stored)
            self._token = stored
            return stored

    def forget(self) -> bool:
        """Remove the stored token. Gives whether there was one."""
        with self._lock, locked(self._folder / "token.lock", self._lock_check()):
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
                answer = TokenRequest(self._settings, self._transport).ask(refresh)
        except Unreachable as error:
            self._budget.answered(slot) if error.sent else self._budget.refund(slot)
            raise
        except CredentialsRefused as error:
            self._budget.answered(slot)
            raise self._before_the_last(error) from None
        except ConnectorError:
            self._budget.answered(slot)
            raise
        self._budget.answered(slot)
        token = token_of(answer, asked, self._settings.manifest.sign_in.scopes, refresh)
        self._store(token, draft)
        self.renewed = True
        log.info("signed in; the token is used for %d seconds", token.expires_at - asked)
        return token

    def _before_the_last(self, refused: CredentialsRefused) -> CredentialsRefused:
        """The refusal, with a warning if one token request is left: the same secret would waste it."""
        limit = self._budget.limit
        if limit.count == 1 or self._budget.left() != 1:
            return refused
        return CredentialsRefused(
            f"{refused} Correct them before you try again: this address has one token request left of "
            f"the {limit.count} that are permitted in {limit.seconds:g} seconds."
        )


def token_of(
    answer: Mapping[str, Any], asked: float, requested: tuple[str, ...], refresh: Secret | None
) -> Token:
    """The token of an answer that was asked for at ``asked`` (seconds since 1970)."""
    lifetime = lifetime_of(answer.get("expires_in"))
    scope = answer.get("scope")
    renewed = answer.get("refresh_token")
    return Token(
        access=Secret(answer["access_token"]),
        refresh=Secret(renewed) if isinstance(renewed, str) and renewed else refresh,
        expires_at=asked + lifetime - min(_LEEWAY, lifetime / 10),
        granted=tuple(filter(None, scope)) if isinstance(scope, list) else None,
        requested=requested,
    )
