"""What the gateway does with a body: a reply for each route, without HTTP."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from te_connector import host
from te_connector.contract import Subject
from te_connector.errors import ConnectorError, SubjectError, UsageError
from te_connector.gateway import answers, bodies
from te_connector.gateway.answers import Answer, Match
from te_connector.gateway.deletions import GONE, Deletions
from te_connector.gateway.searches import Searches
from te_connector.gateway.settings import MAX_RETRY_AFTER, GatewaySettings
from te_connector.gateway.store import Kept, Store
from te_connector.gateway.tokens import gateway_folder

_MAX_SEARCHES = 3
_BLOCKED_SECONDS = 3600.0
_HEALTH_SECONDS = 60.0
_MAX_WAITERS = 100
"""More requests than this wait without a thread of their own: they are told to ask again."""


@attrs.frozen
class Reply:
    """A status, a JSON body, and when to ask again (seconds) where that is worth it."""

    status: int
    body: Any = attrs.field(repr=False)
    retry_after: int | None = None


def problem(status: int, code: str, detail: str, **more: Any) -> Reply:
    """An error: a stable code, one sentence with the next step, and never a value of the body."""
    return Reply(status, {"code": code, "detail": detail, **more})


class Gateway:
    """One connection, served. Every method can be called from several threads."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        connection = settings.connection
        discovery = host.discover(connection)
        self._types = {item["name"]: item for item in discovery["object_types"] if item["access"]}
        self._parents: dict[str, str | None] = {
            name: item["parent"] for name, item in self._types.items()
        }
        self._kinds = {kind for item in self._types.values() for kind in item["identifiers"]}
        self.discovery = discovery
        self.store = Store(
            gateway_folder(settings.state_dir),
            answer_seconds=settings.answer_hours * 3600,
            identifier_seconds=settings.identifier_days * 86400,
        )
        self._searches = Searches(
            lambda subjects, options: host.fetch(connection, subjects, options),
            self.store.finish,
            self._parents,
        )
        self._deletions = Deletions(
            self.store,
            lambda key, subject, options: host.delete(connection, key, subject, options),
        )
        self._waiters = threading.BoundedSemaphore(_MAX_WAITERS)
        self._health: tuple[float, Reply] | None = None
        self._health_lock = threading.Lock()
        self._errors: dict[str, tuple[float, Reply]] = {}

    def close(self) -> None:
        """Stop what is under way."""
        self._searches.close()
        self._deletions.close()

    def health(self) -> Reply:
        """Whether the connection works; the answer is kept for a minute, since checks cost requests."""
        with self._health_lock:
            if self._health is not None and time.monotonic() < self._health[0] + _HEALTH_SECONDS:
                return self._health[1]
            try:
                validation = host.validate(self._settings.connection)
            except ConnectorError as error:
                reply = _failed(error, self._settings.retry_after)
            else:
                ok = validation["ok"]
                reply = Reply(200 if ok else 503, dict(validation), None if ok else 60)
            self._health = time.monotonic(), reply
            return reply

    # Access

    def access(self, raw: bytes) -> Reply:
        """``POST /v1/access``."""
        search = self._read_search(raw)
        kept, reply = self._answer(search)
        if reply is not None:
            return reply
        answer = _finished(kept)
        records = self._records(kept, search.object_type)
        wanted = (None, search.object_type)
        return Reply(
            200,
            {
                "records": records,
                "coverage": [
                    entry
                    for entry in answer.coverage
                    if search.object_type in (None, entry["object_type"])
                ],
                "problems": [
                    item
                    for item in answer.problems
                    if search.object_type is None or item["object_type"] in wanted
                ],
            },
        )

    def access_list(self, raw: bytes) -> Reply:
        """``POST /v1/access/list``: each record's data, with its type and id, as a plain array."""
        search = self._read_search(raw)
        kept, reply = self._answer(search)
        if reply is not None:
            return reply
        return Reply(
            200,
            [
                {**record["data"], "object_type": record["object_type"], "id": record["id"]}
                for record in self._records(kept, search.object_type)
            ],
        )

    def identifiers(self, kind: str, raw: bytes) -> Reply:
        """``POST /v1/identifiers/{kind}``: what else the strong matches say of the person."""
        if kind not in self._kinds:
            return problem(404, "identifier_unknown", f"Known: {', '.join(sorted(self._kinds))}.")
        search = self._read_search(raw)
        kept, reply = self._answer(search)
        if reply is not None:
            return reply
        values = dict.fromkeys(
            value
            for record in self._records(kept, search.object_type)
            for value in answers.values_of(
                record, self._types[record["object_type"]]["identifiers"].get(kind, [])
            )
        )
        return Reply(200, [{kind: value} for value in values])

    def _read_search(self, raw: bytes) -> bodies.Search:
        return bodies.read_search(raw, self._kinds, list(self._types))

    def _records(self, kept: Kept, object_type: str | None) -> list[dict[str, Any]]:
        answer = _finished(kept)
        keys = {match.key for match in self._released(answer, kept)}
        return [
            record
            for record in answer.records
            if (record["object_type"], record["id"]) in keys
            and object_type in (None, record["object_type"])
        ]

    def _released(self, answer: Answer, kept: Kept) -> list[Match]:
        return answers.released(
            answer, kept.decisions, weak_to_platform=self._settings.weak == "platform"
        )

    def _undecided(self, answer: Answer, kept: Kept) -> list[Match]:
        return answers.undecided(
            answer.matches, kept.decisions, weak_to_platform=self._settings.weak == "platform"
        )

    def _answer(self, search: bodies.Search) -> tuple[Kept, Reply | None]:
        """The finished answer of a request, or the reply that says why there is none yet."""
        kept = self.store.get(search.request)
        if kept is None:
            refused = self._refused(search)
            if refused is not None:
                return _nothing(search), refused
            kept = self.store.add(search.request, search.identifiers)
        if kept.identifiers != search.identifiers:
            return kept, _differs()
        if kept.answer is None:
            reply = self._search(kept)
            if reply is not None:
                return kept, reply
            kept = self.store.get(search.request) or kept
        if kept.answer is None:
            return kept, self._incomplete(kept)
        undecided = self._undecided(kept.answer, kept)
        return kept, _needs_review(undecided) if undecided else None

    def _refused(self, search: bodies.Search) -> Reply | None:
        """Check the identifiers with the hook before anything is kept or sent."""
        subject: Subject = {
            "id": "request",
            "identifiers": {kind: list(values) for kind, values in search.identifiers.items()},
        }
        try:
            host.fetch(self._settings.connection, [subject], {"check_only": True})
        except SubjectError as error:
            return problem(400, error.code, str(error))
        except ConnectorError as error:
            return _failed(error, self._settings.retry_after)
        return None

    def _search(self, kept: Kept) -> Reply | None:
        """Search, or say why not now. None: a search has ended; look at what is kept."""
        now = time.time()
        since = now - kept.searched if kept.searched is not None else float("inf")
        if not self._searches.busy(kept.request):
            if kept.searches >= _MAX_SEARCHES:
                if since < _BLOCKED_SECONDS:
                    return self._incomplete(kept)
                self.store.forget_searches(kept.request)
            elif kept.searches and since < self._settings.retry_seconds:
                return self._incomplete(kept)
            error = self._errors.get(kept.request)
            if error is not None and now < error[0]:
                return error[1]
        try:
            with self._waiting_place() as seconds:
                ended = self._searches.run(kept.request, kept.identifiers, seconds)
        except ConnectorError as error:
            reply = _failed(error, self._settings.retry_after)
            self._remember(kept.request, reply)
            return reply
        return None if ended else self._running()

    def _remember(self, request: str, reply: Reply) -> None:
        """A failed sweep is not repeated for each call: at most one a minute for a request."""
        now = time.time()
        self._errors = {key: item for key, item in self._errors.items() if item[0] > now}
        self._errors[request] = now + self._settings.retry_seconds, reply

    @contextlib.contextmanager
    def _waiting_place(self) -> Iterator[float]:
        """How many seconds this call may wait: none if too many are waiting already."""
        if not self._waiters.acquire(blocking=False):
            yield 0.0
            return
        try:
            yield self._settings.wait_seconds
        finally:
            self._waiters.release()

    def _running(self) -> Reply:
        return Reply(
            503,
            {"code": "running", "detail": "The search is still running. Ask again."},
            self._settings.retry_after,
        )

    def _incomplete(self, kept: Kept) -> Reply:
        outcome = kept.outcome
        if outcome is None:
            return self._running()
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
        return problem(
            409,
            "incomplete",
            f"{_MAX_SEARCHES} searches in a row were not complete. See coverage for the reason; the "
            "next search is possible in an hour.",
            coverage=outcome.coverage,
        )

    # Deletion

    def delete(self, raw: bytes) -> Reply:
        """``POST /v1/delete``: one object that an answer of this request showed."""
        asked = bodies.read_deletion(raw, list(self._types))
        kept = self.store.get(asked.request)
        if kept is None:
            return problem(
                409,
                "request_unknown",
                "Nothing is kept for this request. Call /v1/access for it first.",
            )
        key = asked.object_type, asked.object_id
        outcome = kept.outcome
        if outcome is None or not outcome.complete:
            return problem(409, "needs_review", "This request has no finished search yet.")
        released = {match.key: match for match in self._released(outcome, kept)}
        if key not in released:
            return problem(
                409,
                "needs_review",
                "The answer to this request does not include this object. Decide first: "
                "te-connector gateway review list",
            )
        return self._delete(kept, released[key], asked.reviewed)

    def delete_shown(self, raw: bytes) -> Reply:
        """``POST /v1/delete/shown``: all that ``/v1/access`` showed for these identifiers."""
        search = self._read_search(raw)
        kept = self.store.get(search.request)
        if kept is None or kept.outcome is None or not kept.outcome.complete:
            return problem(
                409, "request_unknown", "Nothing was shown for this request. Call /v1/access first."
            )
        if kept.identifiers != search.identifiers:
            return _differs()
        undecided = self._undecided(kept.outcome, kept)
        if undecided:
            return _needs_review(undecided)
        wanted = [
            match
            for match in answers.deletion_order(self._released(kept.outcome, kept), self._parents)
            if search.object_type in (None, match.object_type)
        ]
        return self._delete_all(kept, wanted)

    def _delete_all(self, kept: Kept, wanted: list[Match]) -> Reply:
        gone: list[Any] = []
        left: list[Any] = []
        for match in wanted:
            reply = self._delete(kept, match, None)
            if reply.status == 503:
                return reply
            (gone if reply.status == 200 else left).append(reply.body)
        if left:
            return problem(409, "left", "Not everything is gone. See left.", left=left, gone=gone)
        return Reply(200, {"receipts": gone})

    def _delete(self, kept: Kept, match: Match, reviewed: str | None) -> Reply:
        try:
            with self._waiting_place() as seconds:
                receipt = self._deletions.run(
                    kept.request, match.key, kept.identifiers, reviewed or match.digest, seconds
                )
        except UsageError as error:
            return problem(409, error.code, str(error))
        except ConnectorError as error:
            return _failed(error, self._settings.retry_after)
        if receipt is None:
            return Reply(
                503,
                {"code": "running", "detail": "The deletion is still running. Ask again."},
                self._settings.retry_after,
            )
        if receipt["status"] in GONE:
            return Reply(200, receipt)
        return Reply(502 if receipt["status"] == "failed" else 409, receipt)


def _finished(kept: Kept) -> Answer:
    assert kept.answer is not None, "only a finished answer is released"
    return kept.answer


def _nothing(search: bodies.Search) -> Kept:
    return Kept(search.request, search.identifiers, time.time())


def _differs() -> Reply:
    return problem(
        409,
        "request_differs",
        "This request id was used with other identifiers. Use a new request id.",
    )


def _needs_review(undecided: list[Match]) -> Reply:
    return problem(
        409,
        "needs_review",
        "Some matches are not certain. Decide each one: te-connector gateway review list",
        undecided=answers.counts(undecided),
    )


def _failed(error: ConnectorError, retry_after: int) -> Reply:
    """The connector could not work: never 200, and 503 so that the platform asks again."""
    body: Mapping[str, Any] = {"code": error.code, "detail": str(error)}
    return Reply(503, body, min(MAX_RETRY_AFTER, retry_after))
