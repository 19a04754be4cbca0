"""Connections, accounts, and settings."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import attrs
import flask

from te_connector.portal import connections, mail
from te_connector.portal.direct import letters, processors
from te_connector.portal.refusal import Refused
from te_connector.portal.settings import LIMITS, Choices
from te_connector.portal.signin import accounts, tokens
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
        tests = {one.name: mail.last(db, f"test:{one.name}:") for one in every}
    page = flask.render_template(
        "admin.html",
        connections=every,
        people=people,
        tests=tests,
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
    if action not in _ACTIONS:
        flask.abort(404)
    try:
        link = _ACTIONS[action](flask.request.form)
    except Refused as error:
        return _page(error)
    return _page(link=link) if link else flask.redirect(flask.url_for("admin.index"), 303)


def _check(form: Any) -> None:
    connections.validate(database(), form.get("name", ""))


def _invite(form: Any) -> str:
    base, role = database(), form.get("role", "officer")
    if role not in accounts.ROLES:
        raise Refused("role_unknown", "Choose a role.", "role")
    with base.begin() as db:
        token = accounts.invite(db, role)
        log.append(base, db, flask.g.session.user.name, "invited", role=role)
    return flask.url_for("entry.join_link", token=token, _external=True)


def _account(form: Any) -> None:
    base, number = database(), form.get("user", "")
    is_active, role = form.get("active") == "yes", form.get("role", "")
    user = int(number) if number.isascii() and number.isdigit() else 0
    with base.begin() as db:
        accounts.change(base, db, user, role, is_active, flask.g.session.user)


def _connection(form: Any) -> None:
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


def _processor(form: Any) -> None:
    base, settings = database(), flask.current_app.extensions["settings"]
    name, mailbox = form.get("name", "").strip(), form.get("mailbox", "").strip()
    if "@" not in mailbox or any(mark.isspace() for mark in mailbox):
        raise Refused("mailbox_wrong", "Enter an e-mail address.", "mailbox")
    rights = [one for one in ("access", "deletion") if form.get(one)]
    if not rights:
        raise Refused("rights_missing", "Choose what the processor is asked for.", "rights")
    config: dict[str, Any] = {
        "mailbox": mailbox,
        "notes": form.get("notes", "").strip(),
        "rights": rights,
    }
    connection = form.get("for_connection", "").strip()
    types = form.get("for_types", "").replace(",", " ").split()
    if connection and types:
        config["answers_for"] = {connection: types}
    title = form.get("title", "").strip() or name
    one = connections.Connection(name, "processor", title, "portal", settings.worker, True, config)
    with base.begin() as db:
        connections.add(base, db, one, flask.g.session.user.actor)


def _test_mail(form: Any) -> None:
    base, settings = database(), flask.current_app.extensions["settings"]
    with base.begin() as db:
        one = processors.get(base, db, flask.g.choices, form.get("name", ""))
        letter = letters.test(one.mailbox, flask.g.choices.lender, one.title)
        mail.put(base, db, settings, f"test:{one.name}:{uuid.uuid4()}", letter)
        log.append(base, db, flask.g.session.user.name, "test_mail", name=one.name)


def _turn(form: Any) -> None:
    base, name = database(), form.get("name", "")
    with base.begin() as db:
        actor = flask.g.session.user.actor
        connections.set_active(base, db, name, actor, active=form.get("active") == "yes")


def _save_settings(form: Any) -> None:
    base, old = database(), flask.g.choices
    values: dict[str, Any] = attrs.asdict(old)
    for key in ("lender", "contact", "time_zone", "second_approver", "late_processor"):
        values[key] = form.get(key, values[key]).strip()
    for key, (low, high) in LIMITS.items():
        text = form.get(key, "")
        if not text.isdigit() or not low <= int(text) <= high:
            raise Refused("setting_wrong", f"Use a number from {low} to {high}.", key)
        values[key] = int(text)
    if values["late_processor"] not in ("pause", "skip"):
        raise Refused("setting_wrong", "Choose what happens when nobody answers.", "late_processor")
    if values["second_approver"] not in ("off", "erasure", "all"):
        raise Refused("setting_wrong", "Choose who approves.", "second_approver")
    if values["time_zone"] not in zoneinfo.available_timezones():
        raise Refused("setting_wrong", "Use a name like America/Chicago.", "time_zone")
    reasons = [line.strip() for line in form.get("reasons", "").splitlines() if line.strip()]
    values["reasons"] = reasons or list(Choices().reasons)
    with base.begin() as db:
        set_setting(db, "choices", values)
        log.append(base, db, flask.g.session.user.name, "settings_changed")


_ACTIONS: dict[str, Callable[[Any], str | None]] = {
    "check": _check,
    "invite": _invite,
    "account": _account,
    "connection": _connection,
    "processor": _processor,
    "test-mail": _test_mail,
    "turn": _turn,
    "settings": _save_settings,
}
