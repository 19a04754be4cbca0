"""When to try a request again, and what an answer means that isn't tried again. Nothing is sent here.

The API document names 503 as "try later", and no other status to repeat. Lenders' clients saw gateways
answer 502 and 504 under load, and public reports name 408, 425, 429, 520 to 530, 598 and 599. So all
of those and any other 5xx are tried again; a 501 of this API is documented nowhere.
"""

from __future__ import annotations

import random
import threading
import time

import attrs
import tenacity

from te_connector.api.transport import LATER, MAX_BODY, Answer
from te_connector.errors import (
    AnswerError,
    Forbidden,
    GaveUp,
    MissingScope,
    NotFound,
    OddAnswer,
    PastEnd,
    Redirected,
    Rejected,
)
from te_connector.manifest.model import Paging
from te_connector.text.answers import error_words, moment, retry_after

RETRYABLE = frozenset((408, 425, 429, *range(500, 600)))
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
NONSENSE_TRIES = 4
"""So often an answer of 200 that isn't JSON is asked for; gateways pass nonsense now and then."""


class RetryableError(Exception):
    """An attempt that can be repeated; ``error`` is what to raise when it no longer is.

    ``wait``: seconds before the next attempt, if the server or the policy says so. ``nonsense``: the
    answer was no JSON, so few attempts are enough.
    """

    def __init__(self, error: Exception, wait: float | None = None, *, nonsense: bool = False):
        super().__init__()
        self.error = error
        self.wait = wait
        self.nonsense = nonsense


@attrs.define
class Request:
    """One thing to ask for, and for how many seconds it was tried, waits for the quota not counted.

    ``unwanted``, once set, means that nobody needs the answer any more.

    ``target`` is sent; ``path``, which has no id and no query, is what logs and errors name.
    """

    method: str
    target: str
    path: str
    limit: float
    max_bytes: int = MAX_BODY
    unwanted: threading.Event | None = None
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """How logs and errors name it."""
        return f"{self.method} {self.path}"

    def seconds_left(self) -> float:
        """How long it may be tried again."""
        return self.limit - self.seconds

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        """Whether there is no further attempt."""
        if self.unwanted is not None and self.unwanted.is_set():
            return True
        error = _error_of(state)
        if error is not None and error.nonsense and state.attempt_number >= NONSENSE_TRIES:
            return True
        return state.upcoming_sleep >= self.seconds_left()


def wait_before_next(state: tenacity.RetryCallState) -> float:
    """Seconds before the next attempt."""
    error = _error_of(state)
    if error is not None and error.wait is not None:
        return error.wait
    return backoff(state.attempt_number)


def _error_of(state: tenacity.RetryCallState) -> RetryableError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, RetryableError) else None


def backoff(number: int) -> float:
    """Seconds before the next attempt: doubling, with jitter so that clients don't march in step."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(number - 1, 10))
    return random.uniform(longest / 2, longest)


def after_strain(answer: Answer, request: Request, number: int) -> GaveUp | RetryableError:
    """What to raise for an answer of a server under strain: try again, or that it asks for too long."""
    asked = retry_after(answer.headers, time.time())
    now = time.time()
    if asked is not None and asked > request.seconds_left():
        when = moment(now + asked)
        return GaveUp(
            f"{request.name} answered {answer.status} and asks to wait until {when} ({asked:g} "
            f"seconds), longer than retry_for permits; try again then.",
            status=answer.status,
        ).retriable(now + asked)
    error = GaveUp(
        f"{request.name} answered {answer.status} until the {request.limit:g} seconds of retry_for were "
        "over; try again later.",
        status=answer.status,
    ).retriable(now + max(asked or 0.0, LATER))
    # Ignore Retry-After: 0 and use backoff.
    return RetryableError(error, max(asked or 0.0, backoff(number)))


def seconds_asked(answer: Answer) -> float | None:
    """How long the server asks everybody to wait."""
    return retry_after(answer.headers, time.time())


def lacks_scope(answer: Answer) -> bool:
    """Documented: 401 with ``insufficient_scope`` in the body; the general table says 403."""
    words = error_words(answer.body)[0] + answer.headers.get("www-authenticate", "")
    return "insufficient_scope" in words


def is_cached(answer: Answer) -> bool:
    """Whether a cache gave the answer: HTTP says that it adds an ``Age`` (RFC 9111, section 5.1)."""
    age = answer.headers.get("age", "").strip()
    return age.isdigit() and int(age[:9]) > 0


def error_of(answer: Answer, name: str, paging: Paging) -> AnswerError:
    """The error that an answer amounts to, other than 200."""
    status = answer.status
    words, by_api = error_words(answer.body)
    if 300 <= status < 400:
        return Redirected(
            f"{name} answered with a redirect ({status}), which is never followed; check the "
            "base URL.",
            status=status,
        )
    if status in (401, 403):
        if lacks_scope(answer):
            return MissingScope(
                f"{name} needs a scope that the token lacks ({status}); have it added to the "
                "client, and to sign_in.scopes in the manifest.",
                status=status,
            )
        return Forbidden(
            f"{name} isn't permitted to this client ({status}); have its rights checked.",
            status=status,
        )
    if status in (404, 410):
        return NotFound(f"{name} answered {status}.", status=status, by_api=by_api)
    if status == paging.past_end_status and paging.past_end_error.lower() in words.lower():
        return PastEnd(f"{name} has no such page ({status}).", status=status)
    if 400 <= status < 500:
        return Rejected(f"{name} was refused ({status}); check the manifest.", status=status)
    return OddAnswer(f"{name} answered {status}, which the API doesn't document.", status=status)
