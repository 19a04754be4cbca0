"""What one DELETE brought."""

from __future__ import annotations

from typing import Literal

import attrs

from te_connector.api.transport import Answer
from te_connector.text.answers import error_words


@attrs.frozen
class Deletion:
    """What a DELETE brought: ``accepted``, ``refused`` with its error, or ``lost``.

    ``lost`` is any answer after which it isn't known whether the object was deleted: a broken
    connection, a gateway's or server's error, an answer that isn't the API's. ``status`` is the answer's,
    if there was one.
    """

    outcome: Literal["accepted", "refused", "lost"]
    told: str
    wait: float | None = None
    status: int | None = None


def outcome_of(answer: Answer) -> Deletion:
    """What an answer says. Only the API's own 2xx is an acceptance."""
    status = answer.status
    if 200 <= status < 300:
        if answer.body.strip() and not error_words(answer.body)[1]:
            words = f"it answered {status} with what is not the API's JSON"
            return Deletion("lost", words, status=status)
        return Deletion("accepted", f"it answered {status}", status=status)
    if status == 408 or status >= 500:
        # A gateway gave up on its server (RFC 9110, 15.5.9 and 15.6), which may have deleted.
        return Deletion("lost", f"it answered {status}", status=status)
    return Deletion("refused", f"it answered {status}", status=status)
