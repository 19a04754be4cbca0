"""Failures on purpose."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import Response, json

from te_connector.sandbox.misbehavior import Misbehavior

_GATEWAY = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def retry_after(misbehavior: Misbehavior) -> dict[str, str]:
    """The ``Retry-After`` header as a keyword argument, if there is one."""
    if misbehavior.retry_after is None:
        return {}
    if misbehavior.retry_after == "date":
        moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
        return {"Retry_After": format_datetime(moment, usegmt=True)}
    return {"Retry_After": str(misbehavior.retry_after)}


class Faults:
    """Counts the requests that can fail and decides which do."""

    def __init__(self) -> None:
        self._misbehavior: Misbehavior | None = None
        self._seen = 0
        self._failed = 0
        self._lock = threading.Lock()

    def next(
        self, misbehavior: Misbehavior, method: str, path: str, environ: dict[str, Any]
    ) -> Response | None:
        """The failure for this request, or None.

        A failure of the connection itself goes into ``environ`` for the server.
        """
        if not self._due(misbehavior, f"{method} {path}"):
            return None
        if misbehavior.fail_with == "html":
            return Response(_GATEWAY.format("Please sign in"), 200, mimetype="text/html")
        if isinstance(misbehavior.fail_with, int):
            return _failure(misbehavior.fail_with, misbehavior)
        environ["sandbox.broken"].append(misbehavior.fail_with)
        # A cut answer is the first half of the real one, so the route runs.
        return None if misbehavior.fail_with == "cut" else Response()

    def _due(self, misbehavior: Misbehavior, label: str) -> bool:
        if not misbehavior.fail_every or misbehavior.fail_on not in label:
            return False
        if label.endswith(" /v1/token") and "/v1/token" not in misbehavior.fail_on:
            return False
        with self._lock:
            if misbehavior is not self._misbehavior:
                self._misbehavior, self._seen, self._failed = misbehavior, 0, 0
            self._seen += 1
            spent = misbehavior.fail_times is not None and self._failed >= misbehavior.fail_times
            if self._seen % misbehavior.fail_every or spent:
                return False
            self._failed += 1
            return True


def _failure(status: int, misbehavior: Misbehavior) -> Response:
    """JSON as from the API itself, or HTML as from a gateway."""
    phrase = HTTPStatus(status).phrase
    if status >= 500:
        response = Response(_GATEWAY.format(f"{status} {phrase}"), status, mimetype="text/html")
    else:
        body = json.dumps({"error": phrase})
        response = Response(body, status, mimetype="application/json")
    if status in (429, 503):
        for name, value in retry_after(misbehavior).items():
            response.headers[name.replace("_", "-")] = value
    return response
