"""One request's page: who asks, what was found, what is decided, and what became of it."""

from __future__ import annotations

from typing import Any

import flask

from te_connector.portal import connections, dates, mail
from te_connector.portal.desk import disclosure, duplicates, findings, held, outlook, requests
from te_connector.portal.direct import tasks, uploads
from te_connector.portal.refusal import Refused
from te_connector.portal.release import approving, packages, releases
from te_connector.portal.running import deleting
from te_connector.portal.store import log
from te_connector.portal.web import records
from te_connector.portal.web.actions import ACTIONS
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import signed_in

pages = flask.Blueprint("decide", __name__, url_prefix="/requests/<int:number>")
SIZE = 50
"""Objects on one page."""
PLACES = ("after", "weak_after")
"""Where the page of strong matches, and that of the others, begins."""


@pages.get("")
@signed_in
def show(number: int) -> Any:
    """The request's page."""
    return _page(number)


@pages.post("/<action>")
@signed_in
def act(number: int, action: str) -> Any:
    """Do one thing, and show the request again."""
    if action not in ACTIONS:
        flask.abort(404)
    form, base = flask.request.form, database()
    try:
        with base.begin() as db:
            ACTIONS[action](base, db, requests.get(base, db, number), form)
    except Refused as error:
        if action == "fields" and error.field:
            return records.with_error(number, error)
        return _page(number, error)
    if action == "fields":
        return flask.redirect(records.address(number), 303)
    go, _, value = form.get("go", "").partition("=")
    given = {
        **{name: form.get(name, "") for name in PLACES},
        **({go: value} if go in PLACES else {}),
    }
    places: dict[str, Any] = {
        name: value for name, value in given.items() if value.isdigit() and value != "0"
    }
    anchor = "objects" if action in ("objects", "all-of-type") else None
    return flask.redirect(
        flask.url_for("decide.show", number=number, _anchor=anchor, **places), 303
    )


def _place(name: str) -> int:
    """Where a list's page begins: from the address, or from the form that was refused."""
    text = flask.request.form.get(name) or flask.request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _page(number: int, error: Refused | None = None) -> Any:
    base = database()
    with base.begin() as db:
        request = requests.get(base, db, number)
        digest = (
            approving.digest_to_approve(base, db, request) if request.state == "review" else None
        )
        values = {
            "request": request,
            "duplicates": duplicates.duplicates(base, db, request),
            "comments": log.comments(base, db, number),
            "timeline": log.entries(base, db, number),
            "digest": digest,
            "package": packages.current(base, db, request) if request.kind == "access" else None,
            "approvals": approving.of(db, number, digest) if digest else [],
            "needed": approving.needed(request, flask.g.choices),
            "links": releases.of_request(db, number),
            "receipts": deleting.final(db, number),
            **_people(base, db, request),
            **_found(base, db, request),
        }
    page = flask.render_template(
        "request.html",
        **values,
        error=error,
        view_args=flask.request.view_args,
        form=flask.request.form,
        size=SIZE,
        urgency=dates.urgency(request.due, flask.g.choices.today(), closed=request.is_final),
        law=dates.law_named(request.law, flask.g.choices.laws),
        confirm_by=requests.confirm_by(request, flask.g.choices.laws),
    )
    return page, 409 if error else 200


def _people(base: Any, db: Any, request: requests.Request) -> dict[str, Any]:
    """Who was asked by mail, what became of the mail, and what they sent."""
    asked = tasks.of_request(base, db, request.id)
    names = {one.name: one.title for one in connections.every(base, db, kind="processor")}
    return {
        "asked": asked,
        "titles": names,
        "mails": {one.id: mail.sent(db, f"direct:{one.id}:{one.round}:ask") for one in asked},
        "uploads": uploads.of_request(base, db, request.id),
    }


def _found(base: Any, db: Any, request: requests.Request) -> dict[str, Any]:
    """What the searches found, a page of it, and what would happen to it."""
    number = request.id
    after, weak_after = _place("after"), _place("weak_after")
    clear = findings.page(base, db, number, clear=True, after=after, count=SIZE)
    unclear = findings.page(base, db, number, clear=False, after=weak_after, count=SIZE)
    searched = findings.of_request(base, db, number)
    is_erasure = request.kind == "erasure"
    every = findings.every(base, db, number) if is_erasure else []
    is_held = held.held(base, db, every) if every and not request.is_final else {}
    return {
        "searches": searched,
        "complete": findings.is_complete(searched),
        "near": [(one.connection, miss) for one in searched for miss in one.near_misses],
        "counts": findings.counts(db, number),
        "clear": clear,
        "unclear": unclear,
        "after": after,
        "weak_after": weak_after,
        "held": is_held,
        "follows": disclosure.following(every),
        "outlook": outlook.of(every, is_held),
        "types": findings.types(db, number),
        "type_fields": findings.type_exclusions(base, db, number),
    }
