"""What every request to the portal goes through: headers, sessions, and forms from our own pages."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import flask

from te_connector.portal.direct import uploads
from te_connector.portal.settings import read_choices
from te_connector.portal.signin import accounts
from te_connector.portal.store import log
from te_connector.portal.store.database import Database

COOKIE = "te_portal"
DIRECT_BYTES = uploads.MOST_FILES * uploads.MOST_BYTES + 1024 * 1024
"""Of a processor's form, its files included."""
access_log = logging.getLogger("te_connector.portal.access")
_POLICY = (
    "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; img-src 'self' data:"
)
PREVIEW_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; sandbox allow-downloads"
)


def install(app: flask.Flask, database: Database, *, behind_proxy: bool) -> None:
    """Add the checks before, and the headers after, every request."""

    @app.before_request
    def _before() -> Any:
        flask.g.started, flask.g.session = time.monotonic(), None
        if behind_proxy and flask.request.scheme != "https":
            return "Use https.", 403
        if flask.request.path.startswith(("/static/", "/api/")):
            return None
        if flask.request.path == "/direct":
            flask.request.max_content_length = DIRECT_BYTES
        token = flask.request.cookies.get(COOKIE, "")
        with database.begin() as db:
            flask.g.choices = read_choices(database, db)
            if token:
                flask.g.session = accounts.session(db, token, flask.g.choices.idle_minutes * 60)
        if flask.request.method == "POST" and not _is_ours():
            with database.begin() as db:
                log.append(database, db, _who(), "form_refused")
            text = "Go back, reload the page, and send the form again."
            return flask.render_template(
                "message.html", title="This form is too old", text=text
            ), 403
        return None

    @app.after_request
    def _after(response: flask.Response) -> flask.Response:
        _set_headers(response.headers)
        rule = flask.request.url_rule
        access_log.info(
            "%s %s %d %d ms",
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            rule.rule if rule is not None else "(no route)",
            response.status_code,
            round((time.monotonic() - flask.g.get("started", time.monotonic())) * 1000),
        )
        return response


def _set_headers(headers: Any) -> None:
    headers.setdefault("Content-Security-Policy", _POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if not flask.request.path.startswith("/static/"):
        headers["Cache-Control"] = "no-store"


def _is_ours() -> bool:
    """Whether a form came from a page of ours: by the browser's word, and by the token in it."""
    site = flask.request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        return False
    origin = flask.request.headers.get("Origin")
    if site is None and origin is not None and origin != flask.request.host_url.rstrip("/"):
        return False
    session = flask.g.session
    if session is None:
        return site is not None or origin is not None
    return hmac.compare_digest(session.csrf.encode(), flask.request.form.get("csrf", "").encode())


def _who() -> str:
    session = flask.g.get("session")
    return session.user.name if session is not None else "visitor"


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only for users who are signed in; a POST only for those who may act."""

    @wraps(view)
    def checked(**values: Any) -> Any:
        session = flask.g.session
        if session is None:
            return flask.redirect(flask.url_for("entry.sign_in"))
        if flask.request.method == "POST" and not session.user.may_act:
            return refused("Your role reads only.")
        return view(**values)

    return checked


def admins(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only for admins."""

    @wraps(view)
    def checked(**values: Any) -> Any:
        session = flask.g.session
        if session is None:
            return flask.redirect(flask.url_for("entry.sign_in"))
        if not session.user.is_admin:
            return refused("Only an admin can open this page.")
        return view(**values)

    return checked


def refused(text: str) -> Any:
    """The page for what the user may not do; logged."""
    database: Database = flask.current_app.extensions["database"]
    with database.begin() as db:
        log.append(database, db, _who(), "access_denied")
    return flask.render_template("message.html", title="Not allowed", text=text), 403
