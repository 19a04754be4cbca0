"""The page of a person who is asked about a system: no account, no script, readable on a phone.

Nothing that a mail scanner does (GET, HEAD, twice, without cookies) changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flask

from te_connector.portal.desk import requests
from te_connector.portal.direct import answers, asking, processors, uploads
from te_connector.portal.direct.answers import Answer
from te_connector.portal.direct.tasks import Task
from te_connector.portal.direct.uploads import Upload
from te_connector.portal.refusal import Refused
from te_connector.portal.signin import limits
from te_connector.portal.web.entry import database, kept_apart

pages = flask.Blueprint("direct", __name__, url_prefix="/direct")
_COOKIE = "te_direct"
_WRONG, _WITHIN = 20, 600.0
"""After 20 wrong links within 600 seconds, an address has to wait."""


@pages.get("/<token>")
def link(token: str) -> Any:
    """Take the token out of the URL."""
    return kept_apart(_COOKIE, token, "/direct")


@pages.get("")
def show() -> Any:
    """What is asked, without the person; or the receipt."""
    task = _task()
    if isinstance(task, Task):
        return _page(task, step="receipt" if task.state == "answered" else "hello")
    return task


@pages.post("")
def act() -> Any:
    """Show the person, mail a code, or take the answer."""
    task = _task()
    if not isinstance(task, Task):
        return task
    if task.state == "answered":
        return _page(task, step="receipt")
    form, base = flask.request.form, database()
    try:
        if form.get("step") == "code":
            _mail_code(task)
            return _page(task, step="form", sent=True)
        if form.get("step") == "answer":
            given = _answer(task)
            with base.begin() as db:
                answers.give(base, db, task, given)
            return flask.redirect(flask.url_for("direct.show"), 303)
        with base.begin() as db:
            answers.open_task(base, db, task)
    except Refused as error:
        return _page(task, step="form", error=error)
    return _page(task, step="form")


def _task() -> Any:
    """The link's task, or the page for a link that doesn't work: the same for every cause."""
    base, address = database(), flask.request.remote_addr
    key = f"direct:{address}"
    with base.begin() as db:
        if limits.is_over(db, key, _WRONG, _WITHIN):
            return _message("Too many attempts", "Wait 15 minutes and try again.", 429)
    try:
        with base.begin() as db:
            return answers.find(base, db, flask.request.cookies.get(_COOKIE, ""))
    except Refused as error:
        with base.begin() as db:
            limits.count(db, key)
        return _message("This link doesn't work", str(error), 404)


def _message(title: str, text: str, status: int) -> Any:
    return flask.render_template("message.html", title=title, text=text), status


def _mail_code(task: Task) -> None:
    base, settings = database(), flask.current_app.extensions["settings"]
    with base.begin() as db:
        limits.limit(db, f"direct-mail:{task.id}", 5, 3600)
    with base.begin() as db:
        answers.send_code(base, db, settings, flask.g.choices, task)


def _answer(task: Task) -> Answer:
    form = flask.request.form
    if task.kind == "deletion":
        with database().begin() as db:
            limits.limit(db, f"direct-code:{task.id}", 10, 3600)
    return Answer(
        form.get("answer", ""),
        form.get("name", ""),
        form.get("email", ""),
        form.get("note", ""),
        form.get("confirmed") == "yes",
        form.get("code", ""),
        _files() if task.kind == "access" else (),
    )


def _files() -> Sequence[Upload]:
    command = flask.current_app.extensions["settings"].scan_command
    given = [one for one in flask.request.files.getlist("files") if one.filename]
    if len(given) > uploads.MOST_FILES:
        raise Refused("files_many", f"Add at most {uploads.MOST_FILES} files.", "files")
    return [
        uploads.check(one.filename or "", one.stream.read(uploads.MOST_BYTES + 1), command)
        for one in given
    ]


def _page(task: Task, *, step: str, error: Refused | None = None, sent: bool = False) -> Any:
    base, choices = database(), flask.g.choices
    with base.begin() as db:
        request = requests.get(base, db, task.request_id)
        processor = processors.get(base, db, choices, task.connection)
    page = flask.render_template(
        "direct.html",
        task=task,
        step=step,
        label=requests.label(request.id),
        person=request.person if step == "form" else None,
        processor=processor,
        by=asking.answer_by(str(task.deadline), request, choices),
        kinds=uploads.KINDS,
        most=uploads.MOST_FILES,
        error=error,
        sent=sent,
        form=flask.request.form,
    )
    return page, 422 if error else 200
