"""One request: who asks, what was found, what is decided, and what became of it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import flask

from te_connector.portal import (
    approving,
    choices,
    dates,
    deleting,
    evidence,
    findings,
    held,
    identity,
    log,
    packages,
    releases,
    requests,
    searching,
)
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import PREVIEW_POLICY, signed_in

pages = flask.Blueprint("decide", __name__, url_prefix="/requests/<int:number>")
_PAGE = 50


def _actor() -> Actor:
    actor: Actor = flask.g.session.user.actor
    return actor


@pages.get("")
@signed_in
def show(number: int) -> Any:
    """The request's page."""
    return _page(number)


def _page(number: int, error: Refused | None = None) -> Any:
    base = database()
    after = max(0, flask.request.args.get("after", 0, type=int))
    with base.begin() as db:
        request = requests.get(base, db, number)
        searched = findings.of_request(base, db, number)
        clear = findings.page(base, db, number, clear=True, after=after, count=_PAGE)
        unclear = findings.page(base, db, number, clear=False, count=200)
        digest = (
            approving.digest_to_approve(base, db, request) if request.state == "review" else None
        )
        values = {
            "request": request,
            "searches": searched,
            "complete": findings.is_complete(searched),
            "counts": findings.counts(db, number),
            "clear": clear,
            "unclear": unclear,
            "near": [(one.connection, miss) for one in searched for miss in one.near_misses],
            "duplicates": requests.duplicates(base, db, request),
            "comments": requests.comments(base, db, number),
            "timeline": log.entries(base, db, number),
            "digest": digest,
            "approvals": approving.of(db, number, digest) if digest else [],
            "links": releases.of_request(db, number),
            "receipts": deleting.every(db, number),
            "type_fields": findings.type_exclusions(base, db, number),
            "types": _types(clear + unclear),
            "held": held.held(base, db, clear + unclear) if request.kind == "erasure" else {},
        }
    page = flask.render_template(
        "request.html",
        **values,
        error=error,
        after=after,
        size=_PAGE,
        urgency=dates.urgency(request.due, flask.g.choices.today(), closed=request.is_final),
        law=dates.law_named(request.law, flask.g.choices.laws),
    )
    return page, 409 if error else 200


def _types(found: list[findings.Found]) -> dict[tuple[str, str], list[str]]:
    types: dict[tuple[str, str], list[findings.Found]] = {}
    for one in found:
        types.setdefault((one.connection, one.object_type), []).append(one)
    return {key: choices.field_paths(one.data for one in group) for key, group in types.items()}


@pages.post("/<action>")
@signed_in
def act(number: int, action: str) -> Any:
    """Do one thing, and show the request again."""
    if action not in _ACTIONS:
        flask.abort(404)
    try:
        base = database()
        with base.begin() as db:
            request = requests.get(base, db, number)
            _ACTIONS[action](base, db, request, flask.request.form)
    except Refused as error:
        return _page(number, error)
    anchor = flask.request.form.get("anchor", "")
    after = flask.request.form.get("after", "")
    query: dict[str, Any] = {"after": after} if after.isdigit() else {}
    return flask.redirect(
        flask.url_for("decide.show", number=number, _anchor=anchor or None, **query), 303
    )


def _search(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    searching.begin(base, db, request, _actor())


def _stop_search(base: Any, db: Any, request: requests.Request, _form: Any) -> None:
    searching.stop(base, db, request, _actor())


def _objects(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    shown = [int(value) for value in form.getlist("shown") if value.isdigit()]
    picked = set(form.getlist("chosen"))
    decided = [
        choices.Choice(
            one, str(one) in picked, form.get(f"why-{one}", "") or form.get("why_all", "")
        )
        for one in shown
    ]
    choices.decide(base, db, request, decided, _actor())


def _fields(base: Any, db: Any, request: requests.Request, form: Any) -> None:
    fields = {field: form.get(f"why-{field}", "") for field in form.getlist("field")}
    if form.get("record", "").isdigit():
        record = int(form["record"])
        choices.leave_out_of_record(base, db, request, record, fields, _actor())
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
    releases.revoke(base, db, request, int(form.get("release") or 0), _actor())


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
    into = requests.get(base, db, int(form.get("into") or 0))
    requests.merge(base, db, request, into, _actor())


_ACTIONS: dict[str, Any] = {
    "search": _search,
    "stop-search": _stop_search,
    "objects": _objects,
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
    "comment": _comment,
    "identity": _identity,
    "wait": _wait,
    "merge": _merge,
}


@pages.get("/preview")
@pages.get("/preview/<path:name>")
@signed_in
def preview(number: int, name: str = "index.html") -> Any:
    """The package's page exactly as the person will see it, with nothing that could run."""
    with zipfile.ZipFile(io.BytesIO(_package(number))) as archive:
        if name not in archive.namelist():
            flask.abort(404)
        content = archive.read(name)
    response = flask.Response(
        content, content_type="text/html; charset=utf-8" if name.endswith(".html") else "text/plain"
    )
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return response


def _package(number: int) -> bytes:
    base = database()
    with base.begin() as db:
        made = packages.current(base, db, requests.get(base, db, number))
        if made is None:
            flask.abort(404)
        return packages.content_of(base, db, made.file_id)


@pages.get("/package.zip")
@signed_in
def package_zip(number: int) -> Any:
    """The approved package."""
    with database().begin() as db:
        request = requests.get(database(), db, number)
        if request.state not in ("releasing", "done"):
            raise Refused("not_released", "Approve and release the package first.")
        log.append(database(), db, _actor().name, "zip_downloaded", request_id=number)
    return flask.send_file(
        io.BytesIO(_package(number)),
        "application/zip",
        as_attachment=True,
        download_name=f"request-{number}.zip",
    )


@pages.get("/evidence.zip")
@signed_in
def evidence_zip(number: int) -> Any:
    """The signed evidence."""
    base = database()
    with base.begin() as db:
        content = evidence.make(base, db, requests.get(base, db, number))
    return flask.send_file(
        io.BytesIO(content),
        "application/zip",
        as_attachment=True,
        download_name=f"evidence-{number}.zip",
    )
