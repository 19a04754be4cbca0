"""Intake by program: a form on the lender's site, or a ticket system. No personal data comes back."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import flask

from te_connector.portal import connections
from te_connector.portal.desk import intake, listing, requests
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.running import deleting, searching
from te_connector.portal.settings import read_choices
from te_connector.portal.signin import tokens
from te_connector.portal.store import states
from te_connector.portal.store.database import Database

routes = flask.Blueprint("api", __name__, url_prefix="/api/v1")
_KEYS = frozenset(("kind", "law", "received", "identifiers", "name", "reference"))
_PAGE = 100


def _base() -> Database:
    base: Database = flask.current_app.extensions["database"]
    return base


def _problem(status: int, code: str, detail: str) -> Any:
    return flask.jsonify({"code": code, "detail": detail}), status


@routes.before_request
def _authorize() -> Any:
    if flask.request.path == "/api/v1/openapi.json":
        return None
    scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    name = tokens.name_of(_base(), token.strip()) if scheme.lower() == "bearer" else None
    if name is None:
        refused = flask.jsonify(
            {"code": "token_refused", "detail": "Send a valid token: Authorization: Bearer TOKEN."}
        )
        refused.status_code = 401
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    flask.g.token = name
    return None


@routes.post("/requests")
def make() -> Any:
    """Make a request, and search at once."""
    base = _base()
    try:
        new = _read(flask.request.get_data(cache=False))
        with base.begin() as db:
            connections.check_identifiers(base, db, new.person.identifiers)
            actor = Actor(f"token {flask.g.token}")
            request, fresh = intake.create(base, db, new, actor, read_choices(base, db))
            if fresh:
                searching.begin(base, db, request, actor)
                request = requests.get(base, db, request.id)
    except Refused as error:
        status = {"reference_used": 409, "connections_missing": 409}.get(error.code, 400)
        return _problem(status, error.code, str(error))
    body = {"id": request.id, "state": request.state, "due": request.due.isoformat()}
    return flask.jsonify(body), 201 if fresh else 200


def _read(raw: bytes) -> intake.New:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Refused("body_invalid", "Give each key once.")
        return dict(pairs)

    try:
        body = json.loads(raw, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise Refused("body_invalid", "Send a JSON object.") from None
    if not isinstance(body, dict):
        raise Refused("body_invalid", "Send a JSON object.")
    if not set(body) <= _KEYS:
        raise Refused("key_unknown", f"Use these keys: {', '.join(sorted(_KEYS))}.")
    if not isinstance(body.get("kind"), str) or body["kind"] not in requests.KINDS:
        raise Refused("kind_wrong", "kind must be access or erasure.")
    texts = {key: body.get(key, "") for key in ("law", "received", "name", "reference")}
    if not all(isinstance(value, str) and len(value) <= 300 for value in texts.values()):
        raise Refused("value_wrong", "law, received, name, and reference must be text.")
    if not texts["law"].strip() or not texts["law"].isprintable():
        raise Refused("law_missing", "law must be GDPR, CCPA, or the name of your own.")
    try:
        received = datetime.datetime.strptime(texts["received"], "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise Refused("received_wrong", "received must be a date like 2026-11-30.") from None
    person = requests.Person(
        _identifiers(body.get("identifiers")), name=texts["name"], reference=texts["reference"]
    )
    return intake.New(body["kind"], texts["law"], received, person)


def _identifiers(given: Any) -> dict[str, list[str]]:
    if not isinstance(given, dict) or not given:
        raise Refused("identifiers_missing", "identifiers must have at least one value.")
    found: dict[str, list[str]] = {}
    for kind, values in given.items():
        listed = [values] if isinstance(values, str) else values
        sound = isinstance(listed, list) and 0 < len(listed) <= 50
        if not sound or not all(isinstance(one, str) and one.strip() for one in listed):
            raise Refused("identifiers_wrong", "Give each kind of identifier a list of texts.")
        found[kind] = listed
    return found


@routes.get("/requests/<int:number>")
def one(number: int) -> Any:
    """A request's state."""
    with _base().begin() as db:
        return flask.jsonify(_shown(_base(), db, requests.get(_base(), db, number)))


@routes.get("/requests")
def several() -> Any:
    """Requests by due date, 100 at a time."""
    state, cursor = flask.request.args.get("state", "all"), flask.request.args.get("cursor", "0")
    if state not in (*states.STATES, "all", "open"):
        return _problem(400, "state_unknown", f"state must be one of {', '.join(states.STATES)}.")
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 9:
        return _problem(400, "cursor_wrong", "Use the cursor that next gave.")
    base = _base()
    with base.begin() as db:
        page = listing.listed(base, db, state=state, after=int(cursor), count=_PAGE)
        shown = [_shown(base, db, request) for request in page.requests]
    following = str(int(cursor) + _PAGE) if page.more else None
    return flask.jsonify({"requests": shown, "next": following})


def _shown(base: Database, db: Any, request: requests.Request) -> dict[str, Any]:
    del base
    return {
        "id": request.id,
        "kind": request.kind,
        "state": request.state,
        "due": request.due.isoformat(),
        "waits_for": request.waits_for,
        "records": requests.count_of(db, request.id),
        "receipts": sum(one.status is not None for one in deleting.final(db, request.id)),
    }


@routes.get("/openapi.json")
def openapi() -> Any:
    """The OpenAPI document."""
    return flask.send_file(Path(__file__).parent / "api.openapi.json", "application/json")
