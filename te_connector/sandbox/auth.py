"""Tokens, scopes, and limits."""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping

import attrs

from te_connector.sandbox.misbehavior import Misbehavior

SCOPES = (
    "leadInteraction",
    "loanInteraction",
    "leadSurveyInteraction",
    "getUsers",
    "leadOpportunitiesSalesPipelineInteraction",
)
_REFRESH_LIFETIME = 14 * 24 * 3600


@attrs.frozen
class Limits:
    """How many requests one address may make; ``None`` lifts a limit.

    The defaults are the ones that the vendor documents.
    """

    requests: tuple[int, float] | None = (1000, 60.0)
    """Requests of any kind, and the length of the sliding window in seconds."""

    tokens: tuple[int, float] | None = (2, 3600.0)
    """Token requests, and the length of the sliding window in seconds."""


class Window:
    """Counts the requests of each address within a sliding window."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def admits(self, address: str, limit: tuple[int, float] | None) -> bool:
        """Count one request and return True, or return False if it exceeds the limit."""
        if limit is None:
            return True
        count, seconds = limit
        now = time.monotonic()
        with self._lock:
            seen = self._seen[address]
            while seen and seen[0] <= now - seconds:
                seen.popleft()
            if len(seen) >= count:
                return False
            seen.append(now)
            return True


class Refused(Exception):
    """Authentication refuses the request."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


@attrs.define
class _Grant:
    scopes: tuple[str, ...]
    ends: float
    uses: int = 0


class Authority:
    """Issues tokens and checks them."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self._client = (client_id, client_secret)
        self._access: dict[str, _Grant] = {}
        self._refresh: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    def token(
        self,
        client: tuple[str | None, str | None],
        body: Mapping[str, object],
        knobs: Misbehavior,
    ) -> dict[str, object]:
        """The answer to a token request of ``client`` (id and secret); may raise ``Refused``."""
        if client != self._client:
            raise Refused(400, "invalid_client", "The client credentials are invalid")
        offered = tuple(scope for scope in SCOPES if scope not in knobs.missing_scopes)
        grant_type = body.get("grant_type")
        with self._lock:
            if grant_type == "refresh_token":
                offered = self._spend_refresh(str(body.get("refresh_token"))).scopes
            elif grant_type != "client_credentials":
                raise Refused(400, "unsupported_grant_type", "The grant type is not supported")
            return self._issue(_narrowed(offered, body.get("scope")), knobs)

    def check(self, header: str, scope: str | None, knobs: Misbehavior) -> None:
        """Raise ``Refused`` unless the token in the Authorization header is valid for ``scope``."""
        kind, _, token = header.partition(" ")
        with self._lock:
            grant = self._access.get(token.strip()) if kind.lower() == "bearer" else None
            if grant is None:
                raise Refused(401, "invalid_token", "The access token provided is invalid")
            if grant.ends <= time.monotonic():
                raise Refused(401, "invalid_token", "The access token provided has expired")
            if knobs.token_uses is not None and grant.uses >= knobs.token_uses:
                raise Refused(401, "invalid_token", "The access token provided is invalid")
            grant.uses += 1
        if scope is not None and scope not in grant.scopes:
            text = "The request requires higher privileges than provided by the access token"
            raise Refused(knobs.scope_status, "insufficient_scope", text)

    def _spend_refresh(self, token: str) -> _Grant:
        grant = self._refresh.pop(token, None)
        if grant is None or grant.ends <= time.monotonic():
            raise Refused(400, "invalid_grant", "Invalid refresh token")
        return grant

    def _issue(self, scopes: tuple[str, ...], knobs: Misbehavior) -> dict[str, object]:
        now = time.monotonic()
        token = secrets.token_hex(20)
        self._access[token] = _Grant(scopes, now + knobs.token_lifetime)
        answer: dict[str, object] = {
            "access_token": token,
            "expires_in": knobs.token_lifetime,
            "token_type": "bearer",
            "scope": " ".join(scopes),
        }
        if knobs.refresh_tokens:
            answer["refresh_token"] = secrets.token_hex(20)
            self._refresh[str(answer["refresh_token"])] = _Grant(scopes, now + _REFRESH_LIFETIME)
        return answer


def _narrowed(offered: tuple[str, ...], requested: object) -> tuple[str, ...]:
    """The granted part of ``requested``; raises ``Refused`` if there is none."""
    if not requested:
        return offered
    names = str(requested).split()
    granted = tuple(scope for scope in offered if scope in names)
    if not granted:
        raise Refused(400, "invalid_scope", "An unsupported scope was requested")
    return granted
