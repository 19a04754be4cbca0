"""The API's routes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import attrs
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from te_connector.sandbox import query
from te_connector.sandbox.auth import Refused
from te_connector.sandbox.crm import Crm
from te_connector.sandbox.faults import Faults, retry_after
from te_connector.sandbox.misbehavior import Misbehavior
from te_connector.sandbox.store import Json, Table, shuffled_days, without_time

_TOKEN = "/v1/token"
_OPEN = (_TOKEN, "/v1/heartbeat")


@attrs.frozen
class Resource:
    """What the API offers for one type of object."""

    path: str
    table: str
    scope: str
    filters: Mapping[str, query.Filter]
    sortable: bool = False
    deletable: bool = False


RESOURCES = (
    Resource(
        "contacts",
        "contacts",
        "leadInteraction",
        query.CONTACT_FILTERS,
        sortable=True,
        deletable=True,
    ),
    Resource("users", "users", "getUsers", query.USER_FILTERS),
    Resource("contact-survey-responses", "responses", "leadSurveyInteraction", {}),
    # The vendor does not document which scopes these need, except loans and opportunities.
    Resource("contact-notes", "notes", "leadInteraction", query.NOTE_FILTERS, deletable=True),
    Resource("activity", "activity", "leadInteraction", query.ACTIVITY_FILTERS),
    Resource("insights", "insights", "leadInteraction", query.OF_CONTACT_FILTERS),
    Resource("campaign-activity", "campaign_activity", "leadInteraction", query.OF_CONTACT_FILTERS),
    Resource("loans", "loans", "loanInteraction", query.LOAN_FILTERS),
    Resource("accounts", "accounts", "leadInteraction", query.ACCOUNT_FILTERS),
    Resource(
        "lead-opportunities",
        "opportunities",
        "leadOpportunitiesSalesPipelineInteraction",
        query.OPPORTUNITY_FILTERS,
        sortable=True,
    ),
    Resource("email-unsubscribes", "unsubscribes", "leadInteraction", query.UNSUBSCRIBE_FILTERS),
    Resource("contact-recruits", "recruits", "leadInteraction", {}),
)


def answer(data: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    response = Response(json.dumps(data), status, mimetype="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def create_app(crm: Crm) -> Flask:
    """The Flask application that answers for ``crm``."""
    app = Flask("te_connector_sandbox", static_folder=None)
    api = _Api(crm)
    app.before_request(api.admit)
    app.after_request(api.finish)
    app.register_error_handler(HTTPException, _refusal)
    app.add_url_rule(_TOKEN, "token", api.token, methods=["POST"])
    app.add_url_rule("/v1/heartbeat", "heartbeat", _heartbeat)
    app.add_url_rule("/v1/teapot", "teapot", _teapot)
    for resource in RESOURCES:
        path, one = f"/v1/{resource.path}", f"/v1/{resource.path}/<object_id>"
        app.add_url_rule(path, f"{path} list", partial(api.listing, resource))
        app.add_url_rule(one, f"{path} read", partial(api.read, resource))
        if resource.deletable:
            view = partial(api.delete, resource)
            app.add_url_rule(one, f"{path} delete", view, methods=["DELETE"])
    return app


class _Api:
    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._faults = Faults()
        self._dice = random.Random(1)

    def admit(self) -> Response | None:
        """Before every route: write the journal, then check limits, faults, and the token."""
        crm, misbehavior = self._crm, self._crm.misbehavior
        rule = str(request.url_rule or request.path).replace("<object_id>", "{id}")
        crm.journal.request(request.method, request.environ["REQUEST_URI"], rule)
        if crm.latency:
            time.sleep(crm.latency)
        if not crm.request_window.admits(str(request.remote_addr), crm.limits.requests):
            return answer({"error": "Too many requests"}, 429, **retry_after(misbehavior))
        fault = self._faults.next(misbehavior, request.method, request.path, request.environ)
        if fault is not None or request.path in _OPEN:
            return fault
        try:
            crm.authority.check(request.headers.get("Authorization", ""), _scope(), misbehavior)
        except Refused as refused:
            return answer(refused.body, refused.status)
        return None

    def finish(self, response: Response) -> Response:
        """After every answer: write the journal and let rows come and go."""
        dropped = "drop" in request.environ["sandbox.broken"]
        self._crm.journal.status(0 if dropped else response.status_code)
        between = self._crm.misbehavior.between
        if between is not None and request.path != _TOKEN:
            between(self._crm.tables)
        return response

    def token(self) -> Response:
        """``POST /token``."""
        crm, misbehavior = self._crm, self._crm.misbehavior
        if not crm.token_window.admits(str(request.remote_addr), crm.limits.tokens):
            return answer({"error": "Too many token requests"}, 429, **retry_after(misbehavior))
        login = request.authorization
        client = (login.username, login.password) if login else (None, None)
        try:
            return answer(crm.authority.token(client, _token_body(), misbehavior))
        except Refused as refused:
            return answer(refused.body, refused.status)

    def listing(self, resource: Resource) -> Response:
        """``GET`` of a list: filtered, sorted, and cut to one page."""
        misbehavior = self._crm.misbehavior
        try:
            items, links = query.page(self._chosen(resource), request.args, misbehavior)
        except query.BadQueryError as error:
            return answer({"error": error.text}, error.status)
        rows = [_shaped(item, misbehavior) for item in items]
        return answer({misbehavior.envelope: rows, "links": links})

    def _chosen(self, resource: Resource) -> list[Json]:
        """All rows that the query selects, in order."""
        misbehavior = self._crm.misbehavior
        known, text = resource.filters, request.args.get("filter", "")
        if resource.table == "responses" and misbehavior.survey_filter:
            known = query.SURVEY_FILTERS
        if text and known and misbehavior.filters == "refused":
            raise query.BadQueryError(400, f"Invalid filter expression: {text}")
        filtered = bool(known) and misbehavior.filters != "ignored"
        asked = query.conditions(text, known) if filtered else {}
        archived = asked.get("archieved", "").lower() in ("1", "true")
        items = query.matching(self._listed(resource, archived), asked, known, misbehavior)
        if misbehavior.ties and self._order(resource) == "internal_created_at":
            return shuffled_days(items, self._dice)
        return items

    def _order(self, resource: Resource) -> str:
        """The field that decides the order of a list."""
        if resource.table == "responses":
            return "internal_created_at"
        if not resource.sortable:
            return "id"
        if self._crm.misbehavior.sort_ignored:
            return "internal_created_at"
        return request.args.get("sort", "id").partition(",")[0].removeprefix("-")

    def _listed(self, resource: Resource, archived: bool) -> list[Json]:
        table = self._table(resource)
        if resource.sortable and self._crm.misbehavior.sort_ignored and not archived:
            return table.newest()
        return table.listed(_sort(table) if resource.sortable else "", archived=archived)

    def read(self, resource: Resource, object_id: str) -> Response:
        """``GET`` of one object."""
        misbehavior = self._crm.misbehavior
        table = self._table(resource)
        item = table.get(object_id)
        if item is None:
            status = misbehavior.read_after_delete if table.was_deleted(object_id) else 404
            return _absent(object_id, status)
        return answer(_shaped(item, misbehavior))

    def delete(self, resource: Resource, object_id: str) -> Response:
        """``DELETE`` of one object, the way ``Misbehavior.delete`` says."""
        manner = self._crm.misbehavior.delete
        if self._table(resource).get(object_id) is None:
            return _absent(object_id, 404)
        if manner == "redirect":
            return answer([], 302, Location=self._crm.misbehavior.redirect_to)
        if isinstance(manner, int) and manner >= 300:
            return answer({"error": "The object cannot be deleted"}, manner)
        if manner != "lies":
            self._remove(resource, object_id, archive=manner == "soft")
        if manner == "lost":
            request.environ["sandbox.broken"].append("drop")
        return answer([], manner) if isinstance(manner, int) else answer([])

    def _remove(self, resource: Resource, object_id: str, *, archive: bool) -> None:
        if archive:
            self._table(resource).archive(object_id)
        else:
            cascade = self._crm.misbehavior.cascade
            self._crm.tables.delete(resource.table, object_id, cascade=cascade)

    def _table(self, resource: Resource) -> Table:
        return self._crm.tables.named(resource.table)


def _heartbeat() -> Response:
    return answer({"running_item": "Total Expert External API"})


def _teapot() -> Response:
    return answer({"code": "418 I'm a teapot", "status": "short and stout"}, 418)


def _scope() -> str | None:
    """The scope that the requested path needs."""
    name = request.path.removeprefix("/v1/").partition("/")[0]
    return next((item.scope for item in RESOURCES if item.path == name), None)


def _sort(table: Table) -> str:
    sort = request.args.get("sort", "")
    for part in filter(None, sort.split(",")):
        if not table.is_scalar(part.removeprefix("-")):
            raise query.BadQueryError(400, f"Invalid sort expression: {part}")
    return sort


def _token_body() -> Mapping[str, object]:
    """The body of a token request, JSON or a form."""
    if request.mimetype == "application/x-www-form-urlencoded":
        return request.form
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "invalid_request", "The body could not be read")
    return body


def _absent(object_id: str, status: int) -> Response:
    return answer({"message": f"Object with id '{object_id}' not found"}, status)


def _refusal(error: HTTPException) -> Response:
    """Flask's own 404 and 405 as JSON."""
    response = answer({"error": error.name}, error.code or 500)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _shaped(item: Json, misbehavior: Misbehavior) -> Json:
    """An object as the API sends it."""
    if misbehavior.ties:
        item = without_time(item)
    return cast("Json", _nested_as_text(item)) if misbehavior.nested_ids_as_text else item


def _nested_as_text(value: Any, depth: int = 0) -> Any:
    """A copy in which the ids of nested objects are text."""
    if isinstance(value, list):
        return [_nested_as_text(entry, depth) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        key: str(entry) if depth and key == "id" else _nested_as_text(entry, depth + 1)
        for key, entry in value.items()
    }
