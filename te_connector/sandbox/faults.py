"""Answers that fail on purpose."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import Response, json

from te_connector.sandbox.misbehaviour import Misbehaviour

_GATEWAY = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def retry_after(knobs: Misbehaviour) -> dict[str, str]:
    """The ``Retry-After`` header as told, as a keyword."""
    if knobs.retry_after is None:
        return {}
    if knobs.retry_after == "date":
        moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
        return {"Retry_After": format_datetime(moment, usegmt=True)}
    return {"Retry_After": str(knobs.retry_after)}


class Faults:
    """Counts the requests that may fail and says which does."""

    def __init__(self) -> None:
        self._knobs: Misbehaviour | None = None
        self._seen = 0
        self._failed = 0
        self._lock = threading.Lock()

    def next(
        self, knobs: Misbehaviour, method: str, path: str, environ: dict[str, Any]
    ) -> Response | None:
        """The failure that this request gets, or None.

        A failure of the connection itself is left in ``environ`` for the server.
        """
        if not self._due(knobs, f"{method} {path}"):
            return None
        if knobs.fail_with == "html":
            return Response(_GATEWAY.format("Please sign in"), 200, mimetype="text/html")
        if isinstance(knobs.fail_with, int):
            return _failure(knobs.fail_with, knobs)
        environ["sandbox.broken"].append(knobs.fail_with)
        # A cut answer is the real one, so the route goes on.
        return None if knobs.fail_with == "cut" else Response()

    def _due(self, knobs: Misbehaviour, label: str) -> bool:
        if not knobs.fail_every or knobs.fail_on not in label:
            return False
        if label.endswith(" /v1/token") and "/v1/token" not in knobs.fail_on:
            return False
        with self._lock:
            if knobs is not self._knobs:
                self._knobs, self._seen, self._failed = knobs, 0, 0
            self._seen += 1
            spent = knobs.fail_times is not None and self._failed >= knobs.fail_times
            if self._seen % knobs.fail_every or spent:
                return False
            self._failed += 1
            return True


def _failure(status: int, knobs: Misbehaviour) -> Response:
    """JSON for what the API itself would say, HTML for what a gateway would."""
    phrase = HTTPStatus(status).phrase
    if status >= 500:
        response = Response(_GATEWAY.format(f"{status} {phrase}"), status, mimetype="text/html")
    else:
        body = json.dumps({"error": phrase})
        response = Response(body, status, mimetype="application/json")
    if status in (429, 503):
        for name, value in retry_after(knobs).items():
            response.headers[name.replace("_", "-")] = value
    return response
