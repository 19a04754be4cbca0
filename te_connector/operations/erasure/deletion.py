"""One deletion of one object: the shell that reads, sends and writes. It decides by tables.

The order makes it safe. The object is read right before it is deleted; it must match the subject, be what
was reviewed, and be under no hold. That DELETE is about to go out is on disk before it goes out. What
came of it is found out by reading, never by believing the answer. DELETE is never sent again before a
read has shown the object still there.

Whether ``DELETE /contacts/{id}`` erases or archives is not documented (docs/erasure.md has the sources),
so an object that can still be read is never called deleted.
"""

from __future__ import annotations

import math
import time

from te_connector.api.client import Client, object_path
from te_connector.api.deletion_answer import Deletion as Sent
from te_connector.api.retry import backoff
from te_connector.contract import Receipt
from te_connector.errors import (
    AnswerError,
    DeadlineReached,
    DeletionNotRecorded,
    GaveUp,
    SignInError,
    StateError,
    Unreachable,
)
from te_connector.manifest.model import Manifest
from te_connector.operations.audit.trail import Trail
from te_connector.operations.erasure.object_reader import ObjectReader, Read
from te_connector.operations.erasure.options import Options
from te_connector.operations.erasure.outcomes import TABLE, Answer, Facts, Outcome, reason
from te_connector.operations.erasure.record import Record, Target
from te_connector.operations.erasure.refusal import refusal
from te_connector.operations.erasure.taken_along import held_below
from te_connector.operations.holds import Holds
from te_connector.operations.ownership import Lineage

_DEADLINE = "the deadline passed before DELETE was sent; try again with a new receipt_id"


class Deletion:
    """One deletion. Call :meth:`earlier` first, then :meth:`run`, once."""

    def __init__(
        self, client: Client, trail: Trail, held: Holds, target: Target, options: Options
    ) -> None:
        self._client = client
        self._trail = trail
        self._held = held
        self._type, self._id = target.object_type, target.object_id
        self._subject = target.subject
        self._is_id = target.is_id
        self._options = options
        self._record = Record(trail, self._manifest.kinds, target, options)
        self._reader = ObjectReader(client, trail, self._type, self._id)

    @property
    def _manifest(self) -> Manifest:
        return self._client.settings.manifest

    def earlier(self) -> Receipt | None:
        """The receipt that the trail already has under this receipt id.

        :raises OptionError: it is another object's or subject's.
        """
        return self._record.earlier()

    def run(self) -> Receipt:
        """Delete the object.

        :raises DeletionNotRecorded: DELETE was sent, and the trail can't be written any more.
        :raises ConnectorError: nothing was sent that could delete.
        """
        self._record.asked()
        if not self._is_id:
            return self._record.refuse(f"the id is not exactly an id of the type {self._type.name}")
        if self._options.hold is not None:
            return self._record.refuse(f"held: {self._options.hold or 'no reason given'}")
        cover = self._held.on_object(self._type.name, self._id)
        if cover is not None:
            return self._record.refuse(cover.sentence)
        try:
            return self._checked()
        except DeadlineReached:
            return self._record.finish(Outcome("failed"), _DEADLINE)

    def _checked(self) -> Receipt:
        """Read the object, check it, and delete it."""
        event = {"event": "deleting", "object_type": self._type.name, "id": self._id}
        self._options.call.begin(event)
        self._client.sign_in()
        self._options.call.tell(event)
        answer: Answer = "sent earlier" if self._sent_earlier() else "nothing sent"
        first = self._read("read", answer)
        if first.data is None:
            return self._conclude(answer, first)
        lineage = self._reader.lineage(first.data)
        why = refusal(lineage, self._manifest, self._subject, self._options) or self._held_back(
            lineage
        )
        if why:
            return self._record.refuse(why)
        if not self._type.deletable:
            return self._record.finish(
                Outcome("not_deletable"), f"it is still there. {self._type.instead}"
            )
        self._options.call.lift_deadline()  # what became of a sent DELETE is always found out
        self._client.check()
        self._reader.was_absent = False
        try:
            return self._delete()
        except StateError as error:
            if not self._reader.was_sent:
                raise
            raise DeletionNotRecorded(
                f"DELETE was sent for {self._record.shown()}, and what came of it could not be "
                f"written down: {error} Then run the same command again: it finds out by reading."
            ) from None

    def _read(self, kind: str, answer: Answer) -> Read:
        """Read the object, and note in the trail what it shows."""
        read = self._reader.read(answer)
        self._record.note(kind, result=read.told, reading=read.reading)
        return read

    def _sent_earlier(self) -> bool:
        """Whether another DELETE of ours than this call's last may have deleted it."""
        return self._trail.may_have_deleted(
            self._type.name,
            self._id,
            self._subject,
            self._manifest.kinds,
            is_id=self._record.traced,
        )

    def _held_back(self, lineage: Lineage) -> str:
        """Why a hold forbids it; empty if none does."""
        cover = self._held.on_lineage(lineage)
        if cover is None and self._type.deletable:
            cover = held_below(
                (self._type, self._id),
                self._held,
                self._manifest,
                self._reader.relative,
                self._reader.is_gone,
            )
        return "" if cover is None else cover.sentence

    # Deleting

    def _delete(self) -> Receipt:
        """Send DELETE and read; look again, or send it again, as the table says."""
        started, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            self._record.note("intent", attempt=attempt, whose=self._record.whose(), sync=True)
            sent = self._send_delete()
            due = time.monotonic() + (backoff(attempt) if sent.wait is None else sent.wait)
            self._record.note(
                "answered", outcome=sent.outcome, told=sent.told, whose=self._record.whose()
            )
            answer: Answer = sent.outcome
            if answer == "refused" and self._sent_earlier():
                answer = "sent earlier"
            read, waited = self._look(answer)
            outcome = TABLE[answer, read.reading]
            if outcome.first != "delete":
                return self._conclude(answer, read, sent, waited)
            stop = self._why_not_again(read, due, started)
            if stop:
                facts = self._facts(read, sent, waited)
                return self._record.finish(
                    outcome, f"{reason(answer, read.reading, facts)}; {stop}"
                )
            self._client.rest(max(0.0, due - time.monotonic()))

    def _look(self, answer: Answer) -> tuple[Read, float]:
        """Read the object, again and again as long as the table says so and ``retry_for`` allows."""
        began, number = time.monotonic(), 0
        until = began + self._manifest.retry_for
        while True:
            number += 1
            read = self._read("read_again", answer)
            wait = backoff(number)
            now = time.monotonic()
            if TABLE[answer, read.reading].first != "read" or now + wait >= until:
                return read, now - began if number > 1 else 0.0
            self._client.rest(wait)

    def _send_delete(self) -> Sent:
        path = object_path(self._type.path, self._id)
        was_sent, self._reader.was_sent = self._reader.was_sent, True
        try:
            return self._client.delete(path, template=f"{self._type.path}/{{id}}")
        except GaveUp as error:  # asked to wait for longer than is permitted
            return Sent("lost", str(error), math.inf)
        except AnswerError as error:
            return Sent("lost", str(error))
        except (SignInError, Unreachable) as error:
            told = f"it was not sent: {error.code}"
            if was_sent:
                return Sent("refused", told)
            self._record.note("answered", outcome="refused", told=told, whose=self._record.whose())
            raise

    def _why_not_again(self, read: Read, due: float, started: float) -> str:
        """Why DELETE isn't sent again though its answer was lost and the object is there."""
        lineage = self._reader.lineage(read.data or {})
        why = refusal(lineage, self._manifest, self._subject, self._options) or self._held_back(
            lineage
        )
        if why:
            return f"DELETE was not sent again: {why}"
        if due >= started + self._manifest.retry_for:
            return (
                f"DELETE was not sent again: retry_for allows {self._manifest.retry_for:g} seconds"
            )
        return ""

    # Recording

    def _conclude(
        self, answer: Answer, read: Read, sent: Sent | None = None, waited: float = 0.0
    ) -> Receipt:
        outcome = TABLE[answer, read.reading]
        return self._record.finish(
            outcome, reason(answer, read.reading, self._facts(read, sent, waited))
        )

    def _facts(self, read: Read, sent: Sent | None, waited: float) -> Facts:
        archived = self._type.archived
        return Facts(
            answered=sent.told if sent is not None else "",
            read=read.told,
            title=self._type.name,
            list_empty=read.list_empty,
            field=archived.field if archived is not None else "",
            waited=waited,
        )
