"""The application: one blueprint for each family of pages."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from te_connector.errors import ConnectorError
from te_connector.portal import api
from te_connector.portal.direct.tasks import ANSWERS
from te_connector.portal.refusal import Refused
from te_connector.portal.settings import PortalSettings
from te_connector.portal.store import states
from te_connector.portal.store.database import Database
from te_connector.portal.web import (
    admin,
    decide,
    direct,
    entry,
    files,
    guard,
    queue,
    records,
    sso,
    words,
)

_PAGES = (
    entry.pages,
    queue.pages,
    decide.pages,
    records.pages,
    files.pages,
    direct.pages,
    sso.pages,
    admin.pages,
    api.routes,
)
_MAX_BODY = 2 * 1024 * 1024


def create_app(database: Database, settings: PortalSettings) -> flask.Flask:
    """The portal as a WSGI application."""
    app = flask.Flask(__name__, static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY
    app.config["MAX_FORM_PARTS"] = 5000
    app.extensions["database"], app.extensions["settings"] = database, settings
    app.jinja_env.filters |= {
        "plain": words.plain,
        "value": words.value,
        "size": words.size,
        "event": words.event,
        "moment": lambda text: words.moment(text, flask.g.choices.zone),
    }
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    guard.install(app, database, behind_proxy=settings.trusted_proxy is not None)
    for blueprint in _PAGES:
        app.register_blueprint(blueprint)

    @app.context_processor
    def _shared() -> dict[str, Any]:
        session = flask.g.get("session")
        return {
            "session": session,
            "user": session.user if session is not None else None,
            "labels": states.LABELS,
            "identifiers": words.IDENTIFIERS,
            "statuses": words.RECEIPTS,
            "answers": words.ANSWERS,
            "kind_answers": ANSWERS,
            "task_states": words.TASKS,
            "mail_states": words.MAILS,
            "choices": flask.g.get("choices"),
            "has_sso": bool(settings.oidc.get("issuer")),
        }

    _handle_errors(app)
    return app


def _handle_errors(app: flask.Flask) -> None:
    """A page, or the API's error, for everything that goes wrong."""

    @app.errorhandler(Refused)
    def _refused(error: Refused) -> Any:
        status = 404 if error.code.endswith("_unknown") else 409
        return _problem(error.code, str(error), status, "This was not done")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
        code = error.code or 500
        text = "Check the address, or go back to the queue." if code == 404 else error.name
        return _problem(codes.get(code, "request_invalid"), text, code, error.name)

    @app.errorhandler(ConnectorError)
    def _connector(error: ConnectorError) -> Any:
        return _problem(error.code, str(error), 503, "This did not work")

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Any:
        place = traceback.extract_tb(error.__traceback__)[-1]  # a line of code, without values
        logging.getLogger(__name__).error(
            "A page failed: %s in %s, line %d", type(error).__name__, place.filename, place.lineno
        )
        return _problem("internal", "The portal failed. Try again.", 500, "This did not work")


def _problem(code: str, text: str, status: int, title: str) -> Any:
    if flask.request.path.startswith("/api/"):
        return flask.jsonify({"code": code, "detail": text}), status
    flask.g.setdefault("session", None)
    return flask.render_template("message.html", title=title, text=text), status
