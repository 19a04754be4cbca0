"""What an officer can do with a request: one function for each form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask

from te_connector.portal.desk import choices, duplicates, identity, requests
from te_connector.portal.direct import asking, tasks, uploads
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.release import approving, packages, releases
from te_connector.portal.running import deleting, searching
from te_connector.portal.store import log


def _actor() -> Actor:
    actor: Actor = flask.g.session.user.actor
    return actor


def _number(form: Any, name: str) -> int:
    """A number from a form; 0, which is no row's, for anything else."""
    value = form.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _search(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    searching.begin(base, db, request, _actor())


def _stop_search(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    searching.stop(base, db, request, _actor())


def _objects(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    picked = set(form.getlist("chosen"))
    decided = [
        choices.Choice(int(one), one in picked, form.get(f"why-{one}", ""))
        for one in form.getlist("shown")
        if one.isdigit()
    ]
    choices.decide(base, db, request, decided, _actor())


def _all_of_type(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    connection, _, object_type = form.get("type", "").partition("/")
    chosen, why = form.get("chosen") == "yes", form.get("why", "")
    choices.decide_type(base, db, request, (connection, object_type), chosen, why, _actor())


def _fields(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    kept = set(form.getlist("kept"))
    fields = {
        field: form.get(f"why-{field}", "") for field in form.getlist("field") if field not in kept
    }
    if form.get("record", "").isdigit():
        choices.leave_out_of_record(base, db, request, int(form["record"]), fields, _actor())
    else:
        which = (form.get("connection", ""), form.get("object_type", ""))
        choices.leave_out_of_type(base, db, request, which, fields, _actor())


def _make(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    packages.make(base, db, request, flask.g.choices)


def _approve(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    user = flask.g.session.user
    digest, reason = form.get("digest", ""), form.get("reason", "")
    approving.approve(base, db, request, user.id, digest, flask.g.choices, reason)


def _back(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    requests.change_state(base, db, request, "review", _actor())


def _release(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    releases.start(base, db, request, _actor())


def _link(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    settings = flask.current_app.extensions["settings"]
    url = settings.public_url or flask.request.host_url.rstrip("/")
    mailbox = form.get("mailbox", "").strip()
    releases.make_link(base, db, settings, request, mailbox, _actor(), flask.g.choices, url)


def _revoke(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    releases.revoke(base, db, request, _number(form, "release"), _actor())


def _handed_over(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    requests.change_state(base, db, request, "done", _actor(), code="handed_over")


def _delete(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    deleting.start(base, db, request, _actor())


def _deny(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    _close(base, db, request, form, "denied")


def _stop(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    _close(base, db, request, form, "stopped")


def _close(base: Any, db: Any, request: requests.Request, form: Any, state: str) -> None:
    reason = form.get("reason", "").strip()
    if not reason:
        raise Refused("reason_missing", "Enter the reason.", "reason")
    requests.change_state(base, db, request, state, _actor(), reason=reason)


def _extend(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    requests.extend(base, db, request, form.get("reason", ""), _actor(), flask.g.choices)


def _confirmed(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    requests.confirm(base, db, request, _actor())


def _comment(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    text = form.get("text", "").strip()
    if not text:
        raise Refused("text_missing", "Enter a comment.", "text")
    log.add_note(base, db, request.id, "comment", text, flask.g.session.user.id)
    log.append(base, db, _actor().name, "commented", request_id=request.id)


def _identity(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    identity.record(base, db, request, form.get("how", ""), _actor(), flask.g.choices)


def _wait(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    identity.wait(base, db, request, form.get("reason", ""), _actor())


def _merge(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    into = requests.get(base, db, _number(form, "into"))
    duplicates.merge(base, db, request, into, _actor())


def _task(base: Any, db: Any, request: requests.Request, form: Any) -> tasks.Task:
    task = tasks.get(base, db, _number(form, "task"))
    if task.request_id != request.id:
        raise Refused("task_unknown", "There is no such task.")
    return task


def _ask_again(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    settings = flask.current_app.extensions["settings"]
    task = _task(base, db, request, form)
    asking.send_again(base, db, task, _actor(), form.get("mailbox", ""), settings)


def _end_task(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    settings = flask.current_app.extensions["settings"]
    task = _task(base, db, request, form)
    asking.end(base, db, settings, task, form.get("reason", ""), _actor())


def _bounced(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    asking.mark_bounced(base, db, _task(base, db, request, form), _actor())


def _reopen(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    asking.reopen(base, db, _task(base, db, request, form), form.get("reason", ""), _actor())


def _accept(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    asking.accept(base, db, _task(base, db, request, form), form.get("reason", ""), _actor())


def _files(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    if request.state != "review":
        raise Refused("not_in_review", "Decide while the request is in review.")
    picked = set(form.getlist("chosen"))
    for one in uploads.of_request(base, db, request.id):
        why = form.get(f"why-file-{one.id}", "")
        uploads.decide(base, db, one, chosen=str(one.id) in picked, why=why)
    log.append(base, db, _actor().name, "files_chosen", request_id=request.id)


ACTIONS: dict[str, Callable[[Any, Any, requests.Request, Any], None]] = {
    "search": _search,
    "stop-search": _stop_search,
    "objects": _objects,
    "all-of-type": _all_of_type,
    "fields": _fields,
    "package": _make,
    "approve": _approve,
    "back": _back,
    "release": _release,
    "link": _link,
    "revoke": _revoke,
    "handed-over": _handed_over,
    "delete": _delete,
    "deny": _deny,
    "stop": _stop,
    "extend": _extend,
    "confirmed": _confirmed,
    "comment": _comment,
    "identity": _identity,
    "wait": _wait,
    "merge": _merge,
    "ask-again": _ask_again,
    "end-task": _end_task,
    "bounced": _bounced,
    "reopen": _reopen,
    "accept": _accept,
    "files": _files,
}
