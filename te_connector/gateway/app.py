"""The routes: HTTP in, a reply out. Nothing of a body or a token gets into a log."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

import flask
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from te_connector.errors import ConnectorError
from te_connector.gateway.bodies import MAX_BYTES, BadBody
from te_connector.gateway.openapi import document
from te_connector.gateway.replies import Reply, problem
from te_connector.gateway.service import Gateway
from te_connector.gateway.tokens import Tokens

access_log = logging.getLogger("te_connector.gateway.access")
_PUBLIC = ("/v1/openapi.json",)


def create_app(gateway: Gateway, tokens: Tokens, *, behind_proxy: bool = False) -> flask.Flask:
    """The application. ``behind_proxy``: requests must come over TLS, through the trusted proxy."""
    app = flask.Flask("te_connector.gateway", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.before_request
    def _authorize() -> flask.Response | None:
        flask.g.started, flask.g.request_id = time.monotonic(), secrets.token_hex(8)
        if behind_proxy and flask.request.scheme != "https":
            return _response(
                problem(403, "tls_required", "Call the gateway through its TLS proxy.")
            )
        if flask.request.path in _PUBLIC:
            return None
        scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not tokens.accepts(token.strip()):
            refused = _response(
                problem(401, "token_refused", "Send a valid token: Authorization: Bearer TOKEN.")
            )
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        return None

    app.after_request(_finish)
    _add_routes(app, gateway)
    _add_error_handlers(app)
    return app


def _finish(response: flask.Response) -> flask.Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Request-Id"] = flask.g.get("request_id", "")
    rule = flask.request.url_rule
    access_log.info(
        "%s %s %d %d ms %s",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        rule.rule if rule is not None else "(no route)",
        response.status_code,
        round((time.monotonic() - flask.g.get("started", time.monotonic())) * 1000),
        flask.g.get("request_id", ""),
    )
    return response


def _add_routes(app: flask.Flask, gateway: Gateway) -> None:
    def body(answer: Callable[[bytes], Reply]) -> flask.Response:
        return _response(answer(flask.request.get_data(cache=False)))

    app.get("/v1/health")(lambda: _response(gateway.health()))
    app.get("/v1/openapi.json", endpoint="openapi")(
        lambda: _response(Reply(200, document(gateway.discovery)))
    )
    routes = {
        "/v1/access": gateway.access,
        "/v1/access/list": gateway.access_list,
        "/v1/delete": gateway.delete,
        "/v1/delete/shown": gateway.delete_shown,
    }
    for path, answer in routes.items():
        app.post(path, endpoint=path)(lambda answer=answer: body(answer))

    @app.post("/v1/identifiers/<kind>")
    def _identifiers(kind: str) -> flask.Response:
        return body(lambda raw: gateway.identifiers(kind, raw))


def _add_error_handlers(app: flask.Flask) -> None:
    @app.errorhandler(BadBody)
    def _bad_body(error: BadBody) -> flask.Response:
        return _response(problem(400, error.code, error.detail))

    @app.errorhandler(RequestEntityTooLarge)
    def _too_large(_error: Any) -> flask.Response:
        return _response(problem(413, "body_too_large", "The body is larger than 1 MiB."))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> flask.Response:
        codes = {404: "route_unknown", 405: "method_not_allowed"}
        status = error.code or 500
        refused = _response(
            problem(
                status, codes.get(status, "request_invalid"), f"{error.name}. See /v1/openapi.json."
            )
        )
        if status == 405 and error.get_response().headers.get("Allow"):
            refused.headers["Allow"] = error.get_response().headers["Allow"]
        return refused

    @app.errorhandler(ConnectorError)
    def _connector(error: ConnectorError) -> flask.Response:
        return _response(Reply(503, {"code": error.code, "detail": str(error)}, 60))

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> flask.Response:
        logging.getLogger(__name__).error("A route failed: %s", type(error).__name__)
        return _response(problem(500, "internal", "The gateway failed. See its log for the time."))


def _response(reply: Reply) -> flask.Response:
    response = flask.jsonify(reply.body)
    response.status_code = reply.status
    if reply.retry_after is not None:
        response.headers["Retry-After"] = str(reply.retry_after)
    return response
