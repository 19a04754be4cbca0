"""Single sign-on with OpenID Connect: the authorization code flow with PKCE, state, and nonce.

The provider says who someone is; the role is the account's. This is the portal's only connection to
the outside, and only with ``TE_OIDC_ISSUER`` set.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Mapping
from typing import Any, Final

import attrs

from te_connector.portal.refusal import Refused
from te_connector.portal.settings import PortalSettings

_ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
_SECONDS: Final = 10
_FAILED: Final = "The sign-in didn't work. Try again, or sign in with your password."


@attrs.frozen
class Provider:
    """What the provider's discovery document says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    """Where the e-mail address is, if the ID token doesn't have it."""


@attrs.frozen
class Attempt:
    """What must come back unchanged; kept encrypted in a cookie for ten minutes."""

    state: str
    nonce: str
    verifier: str = attrs.field(repr=False)


@attrs.frozen
class Identity:
    """Whom the provider vouches for."""

    email: str
    name: str


def begin(settings: PortalSettings, back: str) -> tuple[str, Attempt]:
    """The address to send the browser to, and what must come back.

    :raises Refused: the provider can't be reached, or its settings are wrong.
    """
    attempt = Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))
    found = _provider(settings.oidc["issuer"])
    url, _ = _session(settings, back).create_authorization_url(
        found.authorization_endpoint,
        state=attempt.state,
        nonce=attempt.nonce,
        code_verifier=attempt.verifier,
    )
    return str(url), attempt


def finish(settings: PortalSettings, back: str, address: str, attempt: Attempt) -> Identity:
    """Who came back at that address.

    :raises Refused: the answer isn't the one to this attempt, or vouches for nobody.
    """
    from authlib.integrations.base_client import OAuthError
    from authlib.oauth2.base import OAuth2Error
    from requests import RequestException

    found = _provider(settings.oidc["issuer"])
    try:
        token = _session(settings, back, attempt.state).fetch_token(
            found.token_endpoint,
            authorization_response=address,
            code_verifier=attempt.verifier,
            timeout=_SECONDS,
        )
        claims = _claims(token["id_token"], found, settings.oidc["client_id"], attempt.nonce)
        claims = _with_email(claims, found, token)
    except (OAuthError, OAuth2Error, RequestException, KeyError, ValueError, TypeError):
        raise Refused("sso_failed", _FAILED) from None
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email or claims.get("email_verified") is False:
        raise Refused("sso_failed", "Your account has no checked e-mail address. Ask an admin.")
    name = claims.get("name")
    return Identity(email.strip().lower(), name if isinstance(name, str) and name else email)


def _session(settings: PortalSettings, back: str, state: str | None = None) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        settings.oidc["client_id"],
        settings.oidc.get("client_secret"),
        scope="openid email profile",
        redirect_uri=back,
        code_challenge_method="S256",
        state=state,
    )


def _claims(token: str, found: Provider, client_id: str, nonce: str) -> Mapping[str, Any]:
    """The claims of an ID token, after its signature and what it is for were checked."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        keys = KeySet.import_key_set(_json(found.jwks_uri))
        claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": found.issuer},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
        )
        registry.validate(claims)
    except JoseError as error:
        raise ValueError(type(error).__name__) from None
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise ValueError("aud")
    return claims


def _with_email(
    claims: Mapping[str, Any], found: Provider, token: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The claims, with the provider's other ones about the same subject if the address isn't there."""
    if "email" in claims or not found.userinfo_endpoint:
        return claims
    more = _json(found.userinfo_endpoint, token["access_token"])
    if more["sub"] != claims["sub"]:
        raise ValueError("sub")
    return {**more, **claims}


@functools.lru_cache(maxsize=4)
def _provider(issuer: str) -> Provider:
    """The provider's document; a failure isn't remembered."""
    from requests import RequestException

    try:
        document = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        names = [field.name for field in attrs.fields(Provider)]
        found = Provider(**{name: document[name] for name in names if name in document})
    except (RequestException, KeyError, ValueError, TypeError):
        raise Refused("sso_failed", "The single sign-on can't be reached. Try again.") from None
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        raise Refused("sso_failed", "TE_OIDC_ISSUER isn't what the provider calls itself.")
    return found


def _json(url: str, token: str = "") -> Any:
    import requests

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.get(url, headers=headers, timeout=_SECONDS, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()
