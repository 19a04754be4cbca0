"""Connections, accounts, and settings."""

from __future__ import annotations

import zoneinfo
from typing import Any

import attrs
import flask

from te_connector.portal import accounts, connections, tokens
from te_connector.portal.refusal import Refused
from te_connector.portal.settings import LIMITS, Choices
from te_connector.portal.store import log
from te_connector.portal.store.database import set_setting
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import admins

pages = flask.Blueprint("admin", __name__, url_prefix="/admin")


@pages.get("")
@admins
def index() -> Any:
    """Everything that an admin sets."""
    return _page()


def _page(error: Refused | None = None, link: str = "") -> Any:
    base = database()
    with base.begin() as db:
        every = connections.every(base, db)
        people = accounts.everyone(db)
    page = flask.render_template(
        "admin.html",
        connections=every,
        people=people,
        roles=accounts.ROLES,
        tokens=tokens.notes(base),
        limits=LIMITS,
        settings=flask.current_app.extensions["settings"],
        error=error,
        link=link,
    )
    return page, 409 if error else 200


@pages.post("/<action>")
@admins
def act(action: str) -> Any:
    """Do one thing, and show the page again."""
    form, base, link = flask.request.form, database(), ""
    actor = flask.g.session.user.actor
    try:
        if action == "check":
            connections.validate(base, form.get("name", ""))
        elif action == "invite":
            role = form.get("role", "officer")
            if role not in accounts.ROLES:
                raise Refused("role_unknown", "Choose a role.", "role")
            with base.begin() as db:
                token = accounts.invite(db, role)
                log.append(base, db, actor.name, "invited", role=role)
            link = flask.url_for("entry.join_link", token=token, _external=True)
            return _page(link=link)
        elif action == "account":
            with base.begin() as db:
                accounts.change(
                    base,
                    db,
                    int(form.get("user") or 0),
                    form.get("role", ""),
                    form.get("active") == "yes",
                    flask.g.session.user,
                )
        elif action == "connection":
            _add_connection(form)
        elif action == "settings":
            _save_settings(form)
        else:
            flask.abort(404)
    except Refused as error:
        return _page(error)
    return flask.redirect(flask.url_for("admin.index"), 303)


def _add_connection(form: Any) -> None:
    base, settings = database(), flask.current_app.extensions["settings"]
    name = form.get("name", "").strip()
    config = connections.plugin_connection(
        {
            "name": name,
            "connector": form.get("connector", "").strip() or "total-expert",
            "profile": form.get("profile", "").strip() or name,
            "base_url": form.get("base_url", "").strip(),
        },
        settings.state_dir,
    )
    one = connections.Connection(
        name,
        "connector",
        form.get("title", "").strip() or name,
        "portal",
        settings.worker,
        True,
        config,
    )
    with base.begin() as db:
        connections.add(base, db, one, flask.g.session.user.actor)


def _save_settings(form: Any) -> None:
    base, old = database(), flask.g.choices
    values: dict[str, Any] = attrs.asdict(old)
    for key in ("lender", "contact", "time_zone", "second_approver"):
        values[key] = form.get(key, values[key]).strip()
    for key, (low, high) in LIMITS.items():
        text = form.get(key, "")
        if not text.isdigit() or not low <= int(text) <= high:
            raise Refused("setting_wrong", f"Use a number from {low} to {high}.", key)
        values[key] = int(text)
    if values["second_approver"] not in ("off", "erasure", "all"):
        raise Refused("setting_wrong", "Choose who approves.", "second_approver")
    if values["time_zone"] not in zoneinfo.available_timezones():
        raise Refused("setting_wrong", "Use a name like America/Chicago.", "time_zone")
    reasons = [line.strip() for line in form.get("reasons", "").splitlines() if line.strip()]
    values["reasons"] = reasons or list(Choices().reasons)
    with base.begin() as db:
        set_setting(db, "choices", values)
        log.append(base, db, flask.g.session.user.name, "settings_changed")
