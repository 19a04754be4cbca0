"""What the gateway does with a body: a reply for each route, without HTTP."""

from __future__ import annotations

import threading
import time
from typing import Any

from te_connector import host
from te_connector.errors import ConnectorError, UsageError
from te_connector.gateway import answers, bodies, replies
from te_connector.gateway.answers import Answer, Match
from te_connector.gateway.deletions import GONE, Deletions
from te_connector.gateway.finder import Finder
from te_connector.gateway.replies import Reply, problem
from te_connector.gateway.settings import GatewaySettings
from te_connector.gateway.store import Kept, Store
from te_connector.gateway.tokens import gateway_folder

_HEALTH_SECONDS = 60.0


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
        self._finder = Finder(settings, self.store, self._parents)
        self._deletions = Deletions(
            self.store,
            lambda key, subject, options: host.delete(connection, key, subject, options),
        )
        self._health: tuple[float, Reply] | None = None
        self._health_lock = threading.Lock()

    def close(self) -> None:
        """Stop what is under way."""
        self._finder.close()
        self._deletions.close()

    def health(self) -> Reply:
        """Whether the connection works; the answer is kept for a minute, since checks cost requests."""
        with self._health_lock:
            if self._health is not None and time.monotonic() < self._health[0] + _HEALTH_SECONDS:
                return self._health[1]
            try:
                validation = host.validate(self._settings.connection)
            except ConnectorError as error:
                reply = replies.failed(error, self._settings.retry_after)
            else:
                ok = validation["ok"]
                reply = Reply(200 if ok else 503, dict(validation), None if ok else 60)
            self._health = time.monotonic(), reply
            return reply

    # Access

    def access(self, raw: bytes) -> Reply:
        """``POST /v1/access``."""
        search = self._read_search(raw)
        kept, reply = self._finder.answer(search)
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
        kept, reply = self._finder.answer(search)
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
        kept, reply = self._finder.answer(search)
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
        keys = {match.key for match in self._finder.released(answer, kept)}
        return [
            record
            for record in answer.records
            if (record["object_type"], record["id"]) in keys
            and object_type in (None, record["object_type"])
        ]

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
        released = {match.key: match for match in self._finder.released(outcome, kept)}
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
            return replies.differs()
        undecided = self._finder.undecided(kept.outcome, kept)
        if undecided:
            return replies.needs_review(undecided)
        wanted = [
            match
            for match in answers.deletion_order(
                self._finder.released(kept.outcome, kept), self._parents
            )
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
            with self._finder.waiting_place() as seconds:
                receipt = self._deletions.run(
                    kept.request, match.key, kept.identifiers, reviewed or match.digest, seconds
                )
        except UsageError as error:
            return problem(409, error.code, str(error))
        except ConnectorError as error:
            return replies.failed(error, self._settings.retry_after)
        if receipt is None:
            return replies.running("deletion", self._settings.retry_after)
        if receipt["status"] in GONE:
            return Reply(200, receipt)
        return Reply(502 if receipt["status"] == "failed" else 409, receipt)


def _finished(kept: Kept) -> Answer:
    assert kept.answer is not None, "only a finished answer is released"
    return kept.answer
