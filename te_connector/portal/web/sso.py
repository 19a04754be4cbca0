"""Sign in at the lender's provider, and come back."""

from __future__ import annotations

import base64
from typing import Any

import attrs
import flask

from te_connector.errors import StateError
from te_connector.portal.refusal import Refused
from te_connector.portal.settings import PortalSettings
from te_connector.portal.signin import accounts, sso
from te_connector.portal.web.entry import database, with_session

pages = flask.Blueprint("sso", __name__, url_prefix="/sso")
_COOKIE, _SECONDS = "te_sso", 600


def _settings() -> PortalSettings:
    found: PortalSettings = flask.current_app.extensions["settings"]
    if not found.oidc.get("issuer"):
        flask.abort(404)
    return found


def _back() -> str:
    url = _settings().public_url or flask.request.host_url.rstrip("/")
    return f"{url}{flask.url_for('sso.back')}"


@pages.get("")
def go() -> Any:
    """Send the browser to the provider."""
    url, attempt = sso.begin(_settings(), _back())
    response = flask.redirect(url, 303)
    sealed = base64.urlsafe_b64encode(database().keys.seal(attrs.asdict(attempt))).decode()
    response.set_cookie(
        _COOKIE, sealed, max_age=_SECONDS, path="/sso", httponly=True, samesite="Lax",
        secure=flask.request.scheme == "https",
    )  # fmt: skip
    return response


@pages.get("/back")
def back() -> Any:
    """Begin a session for whom the provider vouches for."""
    settings, base = _settings(), database()
    try:
        sealed = base64.urlsafe_b64decode(flask.request.cookies.get(_COOKIE, ""))
        attempt = sso.Attempt(**base.keys.open(sealed))
    except (StateError, ValueError, TypeError):
        raise Refused("sso_failed", "This sign-in is over. Begin again.") from None
    query = flask.request.query_string.decode("ascii", "replace")
    identity = sso.finish(settings, _back(), f"{_back()}?{query}", attempt)
    with base.begin() as db:
        token = accounts.vouched(
            base, db, identity.email, identity.name, settings.oidc.get("role", "")
        )
    if token is None:
        raise Refused("sso_refused", "You have no account here. Ask an admin for one.")
    response = with_session(token)
    response.delete_cookie(_COOKIE, path="/sso")
    return response
