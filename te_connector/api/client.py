"""Send one request, and give its JSON or one typed error.

:mod:`te_connector.api.retry` says what is tried again. ``Retry-After`` is honored in both of its forms and
holds back all threads and processes; one beyond ``retry_for`` is an error at once. A redirect is never
followed. A 401 renews a token that is still the current one, once; a missing scope never does. An answer
from a cache is asked for once more. ``DELETE`` is sent once: whether to send it again is for the
deletion to decide, after it has read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import tenacity

from te_connector.api.connection import Settings
from te_connector.api.deletion_answer import Deletion, outcome_of
from te_connector.api.limiter import RESERVED_SECONDS, Limiter, Notice
from te_connector.api.quota import Window
from te_connector.api.retry import (
    RETRYABLE,
    Request,
    RetryableError,
    after_strain,
    error_of,
    is_cached,
    lacks_scope,
    seconds_asked,
    wait_before_next,
)
from te_connector.api.session import Token, TokenProvider
from te_connector.api.transport import ANSWER_SECONDS, MAX_BODY, Answer, Transport
from te_connector.errors import (
    CachedAnswer,
    ConnectorError,
    GaveUp,
    OddAnswer,
    StateError,
    Unreachable,
)
from te_connector.text.answers import value_or_fault

log = logging.getLogger(__name__)

_HEADERS = {"Accept": "application/json", "Cache-Control": "no-cache"}


class Client:
    """Sends requests for one connection; used by many threads at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        hosts = settings.state.host(settings.host, settings.port)
        self.window = Window(
            hosts / "requests.window", settings.manifest.requests, ANSWER_SECONDS + RESERVED_SECONDS
        )
        self.limiter = Limiter(self.window)
        self.transport = Transport(settings)
        self.tokens = TokenProvider(
            settings, self.transport, self.limiter.admission, lock_check=self.limiter.lock_check
        )
        self._parser: ThreadPoolExecutor
        self.paths_that_work: set[str] = set()
        """Paths of the object types of which this client read an object by its id."""
        self._lock = threading.Lock()
        self._answered = False
        self._refused: set[str] = set()
        self._sent = 0
        self._fastest: float | None = None

    @contextmanager
    def open(self, notice: Notice | None = None) -> Iterator[Client]:
        """Within it requests may be sent. Leaving it ends every connection and thread."""
        self.limiter.start(notice)
        self._answered = False
        try:
            # One thread parses: several aren't faster, delay those that send, and each keeps its memory.
            with ThreadPoolExecutor(1, "te-connector-parse") as self._parser, self.transport.open():
                yield self
        finally:
            self._settle_window()

    def _settle_window(self) -> None:
        try:
            self.limiter.give_back()
            self.window.flush()
        except StateError as error:  # slots stay taken for longer; what was done is done
            log.warning("the request window can't be written: %s", error)

    def stop(self, reason: ConnectorError | None = None) -> None:
        """End all waiting and all requests under way, in every thread, by raising the reason there.

        Without a reason it is Stopped. The first reason stays.
        """
        self.transport.stop(self.limiter.stop(reason))

    def check(self) -> None:
        """Raise the reason if this client was stopped."""
        self.limiter.check()

    @property
    def reached(self) -> bool:
        """Whether anything answered since :meth:`open`."""
        return self._answered or self.tokens.renewed

    @property
    def sent(self) -> int:
        """How many requests were sent to objects' paths (token requests aren't counted)."""
        return self._sent

    @property
    def latency(self) -> float:
        """The fewest seconds from sending a request to its whole answer: the way there and back.

        The mean would take a busy machine for a long way, and answer it with more threads.
        """
        return self._fastest if self._fastest is not None else 0.0

    def sign_in(self) -> Token:
        """Have a token, or raise what keeps us from it."""
        return self.tokens.current()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        template: str | None = None,
        max_bytes: int = MAX_BODY,
    ) -> Any:
        """The JSON value at a path below the base URL.

        ``template`` names the path in logs and errors if the path itself has an id in it.

        :raises Oversized: the answer has more bytes than ``max_bytes``.
        :raises CachedAnswer: a cache answered, twice.
        :raises AnswerError: anything else came back.
        :raises Unreachable: the connection broke until ``retry_for`` was over.
        :raises SignInError: there is no token.
        """
        value, cached = self.get_even_cached(path, params, template=template, max_bytes=max_bytes)
        if cached:
            raise _cached(f"GET {template or path}", 200)
        return value

    def get_even_cached(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        template: str | None = None,
        max_bytes: int = MAX_BODY,
        unwanted: threading.Event | None = None,
    ) -> tuple[Any, bool]:
        """As :meth:`get`, and whether a cache answered. Not tried again once ``unwanted`` is set."""
        target = path + ("?" + urlencode(params) if params else "")
        retry_for = self.settings.manifest.retry_for
        request = Request("GET", target, template or path, retry_for, max_bytes, unwanted)
        failure: Exception = AssertionError("tenacity ends with a result or an exception")
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            wait=wait_before_next,
            stop=request.is_over,
            sleep=lambda seconds: self._sleep_before(request, seconds),
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    return self._get_once(request, attempt.retry_state.attempt_number)
        except RetryableError as last:
            failure = last.error
        raise failure  # here, so that it has no context: that would hold the answer

    def _get_once(self, request: Request, number: int) -> tuple[Any, bool]:
        answer = self._signed(request, number)
        if is_cached(answer):
            answer = self._signed(request, number)
        cached = is_cached(answer)
        if answer.status == 200:
            value, fault = self._parser.submit(value_or_fault, answer.body).result()
            if not fault:
                return value, cached
            error = OddAnswer(f"{request.name} answered 200, but {fault}.", status=200)
            raise RetryableError(error, nonsense=True)
        if cached:
            raise _cached(request.name, answer.status)
        raise error_of(answer, request.name, self.settings.manifest.paging)

    def delete(self, path: str, *, template: str) -> Deletion:
        """Send one DELETE, once.

        :raises GaveUp: the server asks to wait for longer than is permitted.
        :raises AnswerError: the answer is larger than any that the API gives.
        """
        request = Request("DELETE", path, template, self.settings.manifest.retry_for)
        try:
            token = self.tokens.current()
            answer = self._send(request, 1, token)
            first_refusal = request.name not in self._refused
            if answer.status == 401 and not lacks_scope(answer) and first_refusal:
                self._refused.add(request.name)  # a second 401 isn't the token's
                self.tokens.refresh_after_401(token)
                return Deletion("lost", "it answered 401; there is a new token", 0.0, 401)
        except RetryableError as lost:
            wait = lost.wait if isinstance(lost.error, GaveUp) else None
            status = getattr(lost.error, "status", None)
            words = str(lost.error) if status is None else f"it answered {status}"
            return Deletion("lost", words, wait, status)
        return outcome_of(answer)

    def rest(self, seconds: float) -> None:
        """Wait before trying something again.

        :raises Stopped: :meth:`stop` was called meanwhile.
        """
        if seconds >= 1.0:
            self.limiter.notice({"event": "waiting", "why": "retry", "seconds": round(seconds, 1)})
        self.limiter.sleep(seconds)

    def _sleep_before(self, request: Request, seconds: float) -> None:
        log.info("%s again in %.1f seconds", request.name, seconds)
        request.seconds += seconds
        self.rest(seconds)

    def _signed(self, request: Request, number: int) -> Answer:
        """One answer to a GET with a good token; a token that is refused is renewed once."""
        token = self.tokens.current()
        answer = self._send(request, number, token)
        if answer.status != 401 or lacks_scope(answer):
            return answer
        if request.name in self._refused:
            return answer  # a new token was refused here too: it isn't the token
        token = self.tokens.refresh_after_401(token)
        answer = self._send(request, number, token)
        if answer.status == 401:
            self._refused.add(request.name)
        return answer

    def _send(self, request: Request, number: int, token: Token) -> Answer:
        slot = self.limiter.acquire()
        started = time.monotonic()
        headers = {**_HEADERS, "Authorization": f"Bearer {token.access.reveal()}"}
        strained = False
        try:
            answer = self.transport.send(
                request.method, request.target, headers, max_bytes=request.max_bytes
            )
            strained = answer.status in RETRYABLE
            self._answered = True
        except Unreachable as error:
            log.info("%s attempt=%d broke", request.name, number)
            if not error.sent and not self._answered:
                raise  # nothing ever answered here: there is nothing to be patient with
            raise RetryableError(error) from None
        finally:
            took = time.monotonic() - started
            request.seconds += took
            if strained:
                self.window.answered(slot, strained=True)
            else:
                self.window.note_answered(slot)
            with self._lock:
                self._sent += 1
                self._fastest = took if self._fastest is None else min(took, self._fastest)
        log.info("%s status=%d attempt=%d took=%.3f", request.name, answer.status, number, took)
        if strained:
            raise self._after_strain(answer, request, number)
        return answer

    def _after_strain(self, answer: Answer, request: Request, number: int) -> Exception:
        """Hold back all threads and processes for as long as the server asks."""
        error = after_strain(answer, request, number)
        if isinstance(error, RetryableError):
            asked = seconds_asked(answer)
            if answer.status == 429:
                self.window.pause(error.wait or 0.0)
            elif asked is not None:
                self.window.pause(asked)
        return error


def _cached(name: str, status: int) -> CachedAnswer:
    return CachedAnswer(
        f"{name} was answered by a cache, twice; have caching turned off for this host.",
        status=status,
    )


def object_path(path: str, object_id: str) -> str:
    """The path of one object; the id is quoted whole, so that none can name another path."""
    return f"{path}/{quote(object_id, safe='')}"
