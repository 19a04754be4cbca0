"""Finds the answer of one request: the one that is kept, or a search, or the reply that says why not."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from te_connector import host
from te_connector.contract import Subject
from te_connector.errors import ConnectorError, SubjectError
from te_connector.gateway import answers, replies
from te_connector.gateway.answers import Answer, Match
from te_connector.gateway.bodies import Search
from te_connector.gateway.replies import Reply
from te_connector.gateway.searches import Searches
from te_connector.gateway.settings import GatewaySettings
from te_connector.gateway.store import Kept, Store

_MAX_SEARCHES = 3
_BLOCKED_SECONDS = 3600.0
_MAX_WAITERS = 100
"""More calls than this get 503 at once: each waiting call holds a thread."""


class Finder:
    """Answers of requests. Every method can be called from several threads."""

    def __init__(
        self, settings: GatewaySettings, store: Store, parents: Mapping[str, str | None]
    ) -> None:
        self._settings, self._store = settings, store
        self._searches = Searches(self._fetch, store.finish, parents)
        self._waiters = threading.BoundedSemaphore(_MAX_WAITERS)
        self._errors: dict[str, tuple[float, Reply]] = {}

    def close(self) -> None:
        """Stop the search under way."""
        self._searches.close()

    def _fetch(self, subjects: list[Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        return host.fetch(self._settings.connection, subjects, options)

    def answer(self, search: Search) -> tuple[Kept, Reply | None]:
        """The finished answer of a request, or the reply that says why there is none yet."""
        kept = self._store.get(search.request)
        if kept is None:
            refused = self._refused(search)
            if refused is not None:
                return Kept(search.request, search.identifiers, time.time()), refused
            kept = self._store.add(search.request, search.identifiers)
        if kept.identifiers != search.identifiers:
            return kept, replies.differs()
        if kept.answer is None:
            reply = self._search(kept)
            if reply is not None:
                return kept, reply
            kept = self._store.get(search.request) or kept
        if kept.answer is None:
            return kept, self._incomplete(kept)
        undecided = self.undecided(kept.answer, kept)
        return kept, replies.needs_review(undecided) if undecided else None

    def released(self, answer: Answer, kept: Kept) -> list[Match]:
        """The matches that the platform gets."""
        return answers.released(
            answer, kept.decisions, weak_to_platform=self._settings.weak == "platform"
        )

    def undecided(self, answer: Answer, kept: Kept) -> list[Match]:
        """The matches that wait for a person's decision."""
        return answers.undecided(
            answer.matches, kept.decisions, weak_to_platform=self._settings.weak == "platform"
        )

    @contextlib.contextmanager
    def waiting_place(self) -> Iterator[float]:
        """How many seconds this call may wait: none if too many are waiting already."""
        if not self._waiters.acquire(blocking=False):
            yield 0.0
            return
        try:
            yield self._settings.wait_seconds
        finally:
            self._waiters.release()

    def _refused(self, search: Search) -> Reply | None:
        """Check the identifiers with the hook before anything is kept or sent."""
        subject: Subject = {
            "id": "request",
            "identifiers": {kind: list(values) for kind, values in search.identifiers.items()},
        }
        try:
            host.fetch(self._settings.connection, [subject], {"check_only": True})
        except SubjectError as error:
            return replies.problem(400, error.code, str(error))
        except ConnectorError as error:
            return replies.failed(error, self._settings.retry_after)
        return None

    def _search(self, kept: Kept) -> Reply | None:
        """Search, or say why not now. None: a search has ended; look at what is kept."""
        now = time.time()
        since = now - kept.searched if kept.searched is not None else float("inf")
        if not self._searches.busy(kept.request):
            if kept.searches >= _MAX_SEARCHES:
                if since < _BLOCKED_SECONDS:
                    return self._incomplete(kept)
                self._store.forget_searches(kept.request)
            elif kept.searches and since < self._settings.retry_seconds:
                return self._incomplete(kept)
            error = self._errors.get(kept.request)
            if error is not None and now < error[0]:
                return error[1]
        try:
            with self.waiting_place() as seconds:
                ended = self._searches.run(kept.request, kept.identifiers, seconds)
        except ConnectorError as error:
            reply = replies.failed(error, self._settings.retry_after)
            self._remember(kept.request, reply)
            return reply
        return None if ended else replies.running("search", self._settings.retry_after)

    def _remember(self, request: str, reply: Reply) -> None:
        """A failed sweep is not repeated for each call: at most one a minute for a request."""
        now = time.time()
        self._errors = {key: item for key, item in self._errors.items() if item[0] > now}
        self._errors[request] = now + self._settings.retry_seconds, reply

    def _incomplete(self, kept: Kept) -> Reply:
        outcome = kept.outcome
        if outcome is None:
            return replies.running("search", self._settings.retry_after)
        if kept.searches < _MAX_SEARCHES:
            return Reply(
                503,
                {
                    "code": "incomplete",
                    "detail": "The search was not complete. Ask again: it is repeated.",
                    "coverage": outcome.coverage,
                },
                self._settings.retry_after,
            )
        return replies.problem(
            409,
            "incomplete",
            f"{_MAX_SEARCHES} searches in a row were not complete. See coverage for the reason; the "
            "next search is possible in an hour.",
            coverage=outcome.coverage,
        )
