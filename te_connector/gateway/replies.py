"""Replies: a status, a JSON body, and when to ask again. They never repeat a value of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from te_connector.errors import ConnectorError
from te_connector.gateway.answers import Match, counts
from te_connector.gateway.settings import MAX_RETRY_AFTER


@attrs.frozen
class Reply:
    """A status, a JSON body, and after how many seconds it is worth asking again (None: it isn't)."""

    status: int
    body: Any = attrs.field(repr=False)
    retry_after: int | None = None


def problem(status: int, code: str, detail: str, **more: Any) -> Reply:
    """An error: a stable code, and one sentence with the next step."""
    return Reply(status, {"code": code, "detail": detail, **more})


def running(what: str, retry_after: int) -> Reply:
    """The search or deletion isn't over yet."""
    body = {"code": "running", "detail": f"The {what} is still running. Ask again."}
    return Reply(503, body, retry_after)


def failed(error: ConnectorError, retry_after: int) -> Reply:
    """The connector could not work. Never 200; 503, so that the platform asks again."""
    body = {"code": error.code, "detail": str(error)}
    return Reply(503, body, min(MAX_RETRY_AFTER, retry_after))


def differs() -> Reply:
    """The request id belongs to another person's search."""
    return problem(
        409,
        "request_differs",
        "This request id was used with other identifiers. Use a new request id.",
    )


def needs_review(undecided: Sequence[Match]) -> Reply:
    """Someone has to decide about matches first."""
    return problem(
        409,
        "needs_review",
        "Some matches are not certain. Decide each one: te-connector gateway review list",
        undecided=counts(undecided),
    )
