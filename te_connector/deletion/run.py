"""Runs a job: one hook call after the other, each receipt on disk before the next object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from te_connector.contract import Cancel, Receipt, Record
from te_connector.deletion.job import Job
from te_connector.deletion.receipts import ReceiptFile, opened, whose
from te_connector.manifest import schemas
from te_connector.operations.holds import Cover
from te_connector.result import Key, key_of, parents_of

GONE = ("deleted", "already_absent")
Tell = Callable[[Mapping[str, Any]], None]


class Delete(Protocol):
    """The hook ``delete_object`` of whatever host; ``key`` is the object's type and id."""

    def __call__(
        self,
        connection: Mapping[str, Any],
        key: tuple[str, str],
        subject: Mapping[str, Any],
        options: Mapping[str, Any],
        /,
    ) -> Receipt:
        """Delete one object."""
        ...


@attrs.frozen
class Done:
    """The receipts of what was chosen, and of the records below it that may have gone with it."""

    receipts: list[Receipt] = attrs.Factory(list)
    children: list[Receipt] = attrs.Factory(list)


def run(job: Job, delete: Delete, tell: Tell, done: Done, cancel: Cancel | None = None) -> None:
    """Delete what was chosen, then read what may have gone along; ``done`` grows as it goes.

    :raises DeletionNotRecorded: a DELETE was sent, and what came of it could not be written down.
    :raises ConnectorError: it could not go on; what has a receipt stays done.
    """
    with opened(job.file, job.account) as file:
        caller = _Caller(job, delete, tell, file, cancel)
        for number, preview in enumerate(job.previews):
            tell(_event("Deleting", number, len(job.previews)))
            done.receipts.append(caller.call(preview.record, held=preview.held))
        gone = {
            key_of(record)
            for record, receipt in zip(job.chosen, done.receipts, strict=True)
            if receipt["status"] in GONE
        }
        below = [child for child in job.children if _belongs(child, gone)]
        for number, record in enumerate(below):
            tell(_event("Reading what belonged to them again", number, len(below)))
            done.children.append(caller.call(record, again=True))


def _event(name: str, done: int, of: int) -> dict[str, Any]:
    return {"event": "deletions", "name": name, "done": done, "of": of}


def _belongs(child: Record, gone: set[Key]) -> bool:
    return any(key in gone for key in parents_of(child))


@attrs.frozen
class _Caller:
    """Calls the hook for one record and writes its receipt down."""

    job: Job
    delete: Delete
    tell: Tell
    file: ReceiptFile
    cancel: Cancel | None

    def call(self, record: Record, *, held: Cover | None = None, again: bool = False) -> Receipt:
        """One receipt. The hook gives an earlier one from the trail and sends nothing then."""
        options: dict[str, Any] = {
            "receipt_id": self.job.naming().receipt_id(whose(record)),
            "progress": self.tell,
        }
        if self.cancel is not None:
            options["cancel"] = self.cancel
        if self.job.actor is not None:
            options["actor"] = self.job.actor
        if self.job.more_holds:
            options["holds"] = list(self.job.more_holds)
        if held is not None:
            options["hold"] = held.reason
        if not again:
            options["reviewed"] = record["digest"]
            options["reviewed_fields"] = field_digests(record["data"])
        subject = next(one for one in self.job.result.subjects if one["id"] == record["subject"])
        person = {"id": subject["id"], "identifiers": subject["identifiers"]}
        receipt = self.delete(self.job.connection, key_of(record), person, options)
        self.file.add(receipt)
        return receipt


def field_digests(data: Mapping[str, Any]) -> dict[str, str]:
    """Each field's SHA-256, so that a refusal can name the fields that differ."""
    return {field: schemas.digest(value) for field, value in data.items()}
