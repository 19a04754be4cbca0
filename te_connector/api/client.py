"""One request, answered with JSON or with one typed error.

Here is the whole policy of trying again. 429, 500, 502, 503, 504 and connections that broke are
tried again with exponential backoff until ``retry_for``; ``Retry-After`` is honoured in both its
forms and holds everybody back at once, and one beyond ``retry_for`` is an error straight away. An
answer of 200 that is not JSON of the documented shape is tried a few times, since gateways pass
nonsense now and then, and is an error after that. A redirect is never followed. A 401 renews a token
that is still the current one, once; a missing scope never does. ``DELETE`` is sent once: whether to
send it again is for erasure to decide, after it has read.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs
import tenacity

from te_connector.api.connection import Settings
from te_connector.api.quota import Slot, Window
from te_connector.api.session import Token, TokenKeeper
from te_connector.api.transport import ANSWER_SECONDS, MAX_BODY, Answer, Transport
from te_connector.errors import (
    ConnectorError,
    DeadlineReached,
    Forbidden,
    GaveUp,
    MissingScope,
    NotFound,
    OddAnswer,
    PastEnd,
    Redirected,
    Rejected,
    Stopped,
    Unreachable,
)
from te_connector.text.answers import BadJson, error_words, moment, parse, retry_after

log = logging.getLogger(__name__)

STRAINED = frozenset((429, 500, 502, 503, 504))
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_NONSENSE_TRIES = 4

Notice = Callable[[Mapping[str, Any]], None]


def _silent(_event: Mapping[str, Any]) -> None:
    """Tell nobody."""


class _Again(Exception):
    """An attempt that may be repeated; ``error`` is what is raised when it no longer is."""

    def __init__(self, error: Exception, wait: float | None = None, *, nonsense: bool = False):
        super().__init__()
        self.error = error
        self.wait = wait
        self.nonsense = nonsense


@attrs.frozen
class Deletion:
    """What a DELETE brought: ``accepted``, ``refused`` with its error, or ``lost``.

    ``lost`` is any answer after which nobody can say whether the object was deleted: a broken
    connection, a server error, an answer that is not the API's.
    """

    outcome: Literal["accepted", "refused", "lost"]
    told: str
    wait: float | None = None


class Client:
    """Sends requests for one connection; used by many threads at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transport = Transport(settings)
        self.keeper = TokenKeeper(settings, self.transport, self._admission, check=self.check)
        hosts = settings.state.host(settings.host, settings.port)
        self.window = Window(hosts / "requests.window", settings.manifest.requests, ANSWER_SECONDS)
        self.notice: Notice = _silent
        self._stop = threading.Event()
        self._reason: type[Stopped | DeadlineReached] = Stopped
        self._lock = threading.Lock()
        self._answered = False
        self._refused: set[str] = set()
        self.paths_that_work: set[str] = set()
        """Paths of the object types of which this client read an object by its id."""
        self._sent = 0
        self._fastest: float | None = None

    @contextmanager
    def open(self, notice: Notice | None = None) -> Iterator[Client]:
        """Within it requests may be sent. Leaving it ends every connection and thread."""
        self.notice = notice or _silent
        self._stop.clear()
        self._answered = False
        with self.transport.open():
            yield self

    def stop(self, reason: ConnectorError | None = None) -> None:
        """End all waiting and all requests under way, in every thread, by raising the reason there.

        Without a reason it is Stopped. The first reason stays.
        """
        if not self._stop.is_set():
            self._reason = DeadlineReached if isinstance(reason, DeadlineReached) else Stopped
        self._stop.set()
        self.transport.stop(self._reason)

    def check(self) -> None:
        """Raise the reason if this client was stopped."""
        if self._stop.is_set():
            raise self._reason()

    @property
    def reached(self) -> bool:
        """Whether anything answered since :meth:`open`."""
        return self._answered or self.keeper.renewed

    @property
    def sent(self) -> int:
        """How many requests were sent to objects' paths (token requests are not counted)."""
        return self._sent

    @property
    def latency(self) -> float:
        """The fewest seconds from sending a request to its whole answer: the way there and back.

        The mean would take a busy machine for a long way, and answer it with more threads.
        """
        return self._fastest if self._fastest is not None else 0.0

    def sign_in(self) -> Token:
        """Have a token, or raise what keeps us from it."""
        return self.keeper.current()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        template: str | None = None,
        most: int = MAX_BODY,
    ) -> Any:
        """The JSON value at a path below the base URL.

        ``template`` names the path in logs and errors where the path itself holds an id; ``most`` is
        the most bytes that an answer may have.

        :raises Oversized: the answer has more.
        :raises AnswerError: anything else came back.
        :raises Unreachable: the connection broke until ``retry_for`` was over.
        :raises SignInError: no token could be had.
        """
        target = path + ("?" + urlencode(params) if params else "")
        errand = _Errand("GET", target, template or path, self.settings.manifest.retry_for, most)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=_wait,
            stop=errand.over,
            sleep=lambda seconds: self._sleep(seconds, errand),
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    number = attempt.retry_state.attempt_number
                    return self._get_once(errand, number)
        except _Again as last:
            raise last.error from None
        raise AssertionError("tenacity ends with a result or an exception")

    def _get_once(self, errand: _Errand, number: int) -> Any:
        answer = self._signed(errand, number)
        if answer.status == 200:
            try:
                return parse(answer.body)
            except BadJson as fault:
                error = OddAnswer(f"{errand.name} answered 200, but {fault}.", status=200)
                raise _Again(error, nonsense=True) from None
        raise self._failure(answer, errand.name)

    def delete(self, path: str, *, template: str) -> Deletion:
        """Send one DELETE, once.

        :raises GaveUp: the server asks to wait for longer than is permitted.
        :raises AnswerError: the answer is larger than any that the API gives.
        """
        errand = _Errand("DELETE", path, template, self.settings.manifest.retry_for)
        try:
            token = self.keeper.current()
            answer = self._send(errand, 1, token)
            new = errand.name not in self._refused
            if answer.status == 401 and not _lacks_scope(answer) and new:
                self._refused.add(errand.name)  # a second 401 is not the token's
                self.keeper.rejected(token)
                return Deletion("lost", "it answered 401; there is a new token", 0.0)
        except _Again as lost:
            wait = lost.wait if isinstance(lost.error, GaveUp) else None
            return Deletion("lost", str(lost.error), wait)
        if 200 <= answer.status < 300:
            if answer.body.strip() and not error_words(answer.body)[1]:
                return Deletion(
                    "lost", f"it answered {answer.status} with what is not the API's JSON"
                )
            return Deletion("accepted", f"it answered {answer.status}")
        return Deletion("refused", f"it answered {answer.status}")

    def rest(self, seconds: float) -> None:
        """Wait before trying something again.

        :raises Stopped: :meth:`stop` was called meanwhile.
        """
        if seconds >= 1.0:
            self.notice({"event": "waiting", "why": "retry", "seconds": round(seconds, 1)})
        if self._stop.wait(seconds):
            self.check()

    def _signed(self, errand: _Errand, number: int) -> Answer:
        """One answer to a GET with a good token; a token that is refused is renewed once."""
        token = self.keeper.current()
        answer = self._send(errand, number, token)
        if answer.status != 401 or _lacks_scope(answer):
            return answer
        if errand.name in self._refused:
            return answer  # a new token was refused here too: it is not the token
        token = self.keeper.rejected(token)
        answer = self._send(errand, number, token)
        if answer.status == 401:
            self._refused.add(errand.name)
        return answer

    def _send(self, errand: _Errand, number: int, token: Token) -> Answer:
        slot = self._slot()
        started = time.monotonic()
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {token.access.reveal()}",
        }
        strained = False
        try:
            answer = self.transport.send(errand.method, errand.target, headers, most=errand.most)
            strained = answer.status in STRAINED
            self._answered = True
        except Unreachable as error:
            log.info("%s attempt=%d broke", errand.name, number)
            if not error.sent and not self._answered:
                raise  # nothing ever answered here: there is nothing to be patient with
            raise _Again(error) from None
        finally:
            took = time.monotonic() - started
            errand.seconds += took
            self.window.answered(slot, strained=strained)
            with self._lock:
                self._sent += 1
                self._fastest = took if self._fastest is None else min(took, self._fastest)
        log.info("%s status=%d attempt=%d took=%.3f", errand.name, answer.status, number, took)
        if strained:
            raise self._again_later(answer, errand, number)
        return answer

    def _again_later(self, answer: Answer, errand: _Errand, number: int) -> Exception:
        """A server under strain: hold everybody back for as long as it asks, or say that it is too long."""
        asked = retry_after(answer.headers, time.time())
        if asked is not None and asked > errand.left():
            when = moment(time.time() + asked)
            return GaveUp(
                f"{errand.name} answered {answer.status} and asks to wait until {when} ({asked:g} "
                f"seconds), longer than retry_for permits; try again then.",
                status=answer.status,
            )
        if asked is not None:
            self.window.pause(asked)
        error = GaveUp(
            f"{errand.name} answered {answer.status} until the {errand.limit:g} seconds of retry_for were "
            "over; try again later.",
            status=answer.status,
        )
        wait = max(asked or 0.0, backoff(number))  # a wait of none, asked again and again, is none
        if answer.status == 429:
            self.window.pause(wait)
        return _Again(error, wait)

    def _failure(self, answer: Answer, name: str) -> Exception:
        status = answer.status
        words, by_api = error_words(answer.body)
        paging = self.settings.manifest.paging
        if 300 <= status < 400:
            return Redirected(
                f"{name} answered with a redirect ({status}), which is never followed; check the "
                "base URL.",
                status=status,
            )
        if status in (401, 403):
            if _lacks_scope(answer):
                return MissingScope(
                    f"{name} needs a scope that the token lacks ({status}); have it added to the "
                    "client, and to sign_in.scopes in the manifest.",
                    status=status,
                )
            return Forbidden(
                f"{name} is not permitted to this client ({status}); have its rights checked.",
                status=status,
            )
        if status in (404, 410):
            return NotFound(f"{name} answered {status}.", status=status, by_api=by_api)
        if status == paging.past_end_status and paging.past_end_error.lower() in words.lower():
            return PastEnd(f"{name} has no such page ({status}).", status=status)
        if 400 <= status < 500:
            return Rejected(f"{name} was refused ({status}); check the manifest.", status=status)
        return OddAnswer(
            f"{name} answered {status}, which the API does not document.", status=status
        )

    @contextmanager
    def _admission(self) -> Iterator[None]:
        """A slot of the requests' window, for a token request: the limit is on all endpoints."""
        slot = self._slot()
        try:
            yield
        finally:
            self.window.answered(slot)

    def _slot(self) -> Slot:
        told = 0.0
        while True:
            self.check()
            slot = self.window.take()
            if isinstance(slot, Slot):
                return slot
            if slot > 1.0 and time.monotonic() - told > 5.0:
                told = time.monotonic()
                self.notice({"event": "waiting", "why": "quota", "seconds": round(slot, 1)})
            if self._stop.wait(min(slot, 1.0)):
                self.check()

    def _sleep(self, seconds: float, errand: _Errand) -> None:
        log.info("%s again in %.1f seconds", errand.name, seconds)
        errand.seconds += seconds
        self.rest(seconds)


@attrs.define
class _Errand:
    """One thing to ask for, and for how many seconds it was tried without its waits for the quota.

    ``target`` is sent; ``path``, which holds no id and no query, is what logs and errors name.
    """

    method: str
    target: str
    path: str
    limit: float
    most: int = MAX_BODY
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def left(self) -> float:
        return self.limit - self.seconds

    def over(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Again) and error.nonsense and state.attempt_number >= _NONSENSE_TRIES:
            return True
        return state.upcoming_sleep >= self.left()


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Again) and error.wait is not None:
        return error.wait
    return backoff(state.attempt_number)


def backoff(number: int) -> float:
    """Seconds before the next attempt: doubling, with jitter so that clients do not march in step."""
    longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(number - 1, 10))
    return random.uniform(longest / 2, longest)


def _lacks_scope(answer: Answer) -> bool:
    """Documented: 401 with ``insufficient_scope`` in the body; the general table says 403."""
    words = error_words(answer.body)[0] + answer.headers.get("www-authenticate", "")
    return "insufficient_scope" in words


def object_path(path: str, object_id: str) -> str:
    """The path of one object; the id is quoted whole, so that none can name another path."""
    return f"{path}/{quote(object_id, safe='')}"
