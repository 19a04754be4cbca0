"""The queue, and a new request."""

from __future__ import annotations

import datetime
import io
from typing import Any

import flask

from te_connector.portal import connections, dates
from te_connector.portal.desk import figures as figure_list
from te_connector.portal.desk import intake, listing, requests
from te_connector.portal.refusal import Refused
from te_connector.portal.running import searching
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import signed_in

pages = flask.Blueprint("queue", __name__)
KINDS = {
    "email": "E-mail addresses",
    "phone": "Phone numbers",
    "service_id": "Ids in the system",
    "external_id": "Ids of your own systems",
}
PERSON_FIELDS = ("name", "reference", "agent", "agent_proof", "identity_how", "identity_by")


@pages.get("/")
@signed_in
def index() -> Any:
    """Requests by due date. A search by identifier is a POST, so that it is in no URL."""
    return _shown(flask.request.args.get("state", "open"), "")


@pages.get("/figures")
@signed_in
def figures() -> Any:
    """How many requests there were, how they ended, and how long they took."""
    with database().begin() as db:
        found = figure_list.every(db, flask.g.choices.zone)
    return flask.render_template("figures.html", figures=found, headings=figure_list.HEADINGS)


@pages.get("/figures.csv")
@signed_in
def figures_csv() -> Any:
    """The same for a spreadsheet."""
    with database().begin() as db:
        text = figure_list.as_csv(figure_list.every(db, flask.g.choices.zone))
    return flask.send_file(
        io.BytesIO(text.encode()), "text/csv", as_attachment=True, download_name="figures.csv"
    )


@pages.post("/find")
@signed_in
def find() -> Any:
    """Requests with a number, a reference, or an exact identifier."""
    return _shown("all", flask.request.form.get("find", ""))


def _shown(state: str, find_text: str) -> Any:
    after = max(0, flask.request.args.get("after", 0, type=int))
    with database().begin() as db:
        page = listing.listed(database(), db, state=state, find=find_text, after=after)
        counts = listing.counts(db)
    today = flask.g.choices.today()
    laws = flask.g.choices.laws
    rows = [
        (one, dates.urgency(one.due, today, closed=one.is_final), requests.confirm_by(one, laws))
        for one in page.requests
    ]
    return flask.render_template(
        "queue.html",
        rows=rows,
        more=page.more,
        after=after,
        state=state,
        counts=counts,
        find=find_text,
        today=today,
    )


@pages.route("/new", methods=["GET", "POST"])
@signed_in
def new() -> Any:
    """Make a request, and search at once."""
    form, error = flask.request.form, None
    today = flask.g.choices.today()
    if flask.request.method == "POST":
        try:
            return flask.redirect(flask.url_for("decide.show", number=_make(form, today)), 303)
        except Refused as refused:
            error = refused
    laws = [*dates.BUILT_IN, *flask.g.choices.laws]
    page = flask.render_template(
        "new.html", form=form, error=error, kinds=KINDS, laws=laws, today=today
    )
    return page, 422 if error else 200


def _make(form: Any, today: datetime.date) -> int:
    identifiers = {
        kind: values
        for kind in KINDS
        if (values := [line.strip() for line in form.get(kind, "").splitlines() if line.strip()])
    }
    if not identifiers:
        raise Refused("identifiers_missing", "Enter at least one identifier.", "identifiers")
    try:
        received = datetime.date.fromisoformat(form.get("received", ""))
    except ValueError:
        raise Refused("received_wrong", "Enter the day of receipt.", "received") from None
    if received > today:
        raise Refused("received_wrong", "The day of receipt can't be in the future.", "received")
    if form.get("kind") not in requests.KINDS:
        raise Refused("kind_wrong", "Choose access or erasure.", "kind")
    person = requests.Person(
        identifiers=identifiers,
        identity_on=today.isoformat() if form.get("identity_how", "").strip() else "",
        **{key: form.get(key, "").strip() for key in PERSON_FIELDS},
    )
    made = intake.New(form["kind"], form.get("law") or "CCPA", received, person)
    actor = flask.g.session.user.actor
    with database().begin() as db:
        connections.check_identifiers(database(), db, identifiers)
        request, fresh = intake.create(database(), db, made, actor, flask.g.choices)
        if fresh:
            searching.begin(database(), db, request, actor)
    return request.id
