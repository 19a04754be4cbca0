"""Sign in, sign out, join by a link; and the person's page for a released package."""

from __future__ import annotations

import io
from typing import Any

import flask

from te_connector.portal.refusal import Refused
from te_connector.portal.release import releases
from te_connector.portal.signin import accounts, limits
from te_connector.portal.store.database import Database
from te_connector.portal.web.guard import COOKIE, signed_in

pages = flask.Blueprint("entry", __name__)
_JOIN, _GET = "te_join", "te_get"


def database() -> Database:
    """The portal's database."""
    found: Database = flask.current_app.extensions["database"]
    return found


@pages.get("/sign-in")
def sign_in() -> Any:
    """The sign-in form."""
    return flask.render_template("sign_in.html", error=None, email="")


@pages.post("/sign-in")
def do_sign_in() -> Any:
    """Check the password and begin a session."""
    form = flask.request.form
    try:
        token = accounts.sign_in(
            database(),
            form.get("email", ""),
            form.get("password", ""),
            flask.request.remote_addr or "",
        )
    except Refused as error:
        page = flask.render_template("sign_in.html", error=error, email=form.get("email", ""))
        return page, 429 if error.code == "too_many" else 401
    return with_session(token)


def with_session(token: str) -> Any:
    """The queue, with the session's cookie."""
    response = flask.redirect(flask.url_for("queue.index"), 303)
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="Lax", secure=flask.request.scheme == "https"
    )
    return response


@pages.post("/sign-out")
def sign_out() -> Any:
    """End the session."""
    with database().begin() as db:
        accounts.end_session(db, flask.request.cookies.get(COOKIE, ""))
    response = flask.redirect(flask.url_for("entry.sign_in"), 303)
    response.delete_cookie(COOKIE)
    return response


@pages.get("/join/<token>")
def join_link(token: str) -> Any:
    """Take the token out of the URL. Changes nothing, however often a scanner opens it."""
    return kept_apart(_JOIN, token, "/join")


def kept_apart(cookie: str, token: str, path: str) -> Any:
    """Move a token from the URL to a cookie of its page. Changes nothing, so a scanner may do it."""
    response = flask.redirect(path, 303)
    secure = flask.request.scheme == "https"
    response.set_cookie(cookie, token, path=path, httponly=True, samesite="Lax", secure=secure)
    return response


@pages.route("/join", methods=["GET", "POST"])
def join() -> Any:
    """Make the account that an invitation is for."""
    token, form = flask.request.cookies.get(_JOIN, ""), flask.request.form
    error = None
    if flask.request.method == "POST":
        try:
            with database().begin() as db:
                values = (form.get(key, "") for key in ("email", "name", "password"))
                user = accounts.join(database(), db, token, *values)
                session = accounts.begin_session(db, user.id)
            return with_session(session)
        except Refused as refused:
            error = refused
    with database().begin() as db:
        role = accounts.invited_role(db, token)
    status = 404 if role is None else (422 if error else 200)
    return flask.render_template("join.html", role=role, error=error, form=form), status


@pages.get("/get/<token>")
def get_link(token: str) -> Any:
    """Take the token out of the URL."""
    return kept_apart(_GET, token, "/get")


@pages.route("/get", methods=["GET", "POST"])
def get_package() -> Any:
    """The person's page: ask for a code, then download."""
    token, form = flask.request.cookies.get(_GET, ""), flask.request.form
    error, sent = None, False
    try:
        with database().begin() as db:
            limits.limit(db, f"get:{flask.request.remote_addr}", 60, 600)
        with database().begin() as db:
            release = releases.find(db, token)
            if form.get("step") == "code":
                settings = flask.current_app.extensions["settings"]
                releases.send_code(database(), db, settings, token)
                sent = True
        if form.get("step") == "download":
            with database().begin() as db:
                limits.limit(db, f"download:{release.id}", 10, 3600)
            with database().begin() as db:
                content = releases.download(database(), db, token, form.get("code", ""))
            return flask.send_file(
                io.BytesIO(content), "application/zip", as_attachment=True, download_name="data.zip"
            )
    except Refused as refused:
        if refused.code == "link_over":
            title = "This link doesn't work"
            return flask.render_template("message.html", title=title, text=str(refused)), 404
        error = refused
    return flask.render_template("get.html", error=error, sent=sent)


__all__ = ["database", "pages", "signed_in"]
