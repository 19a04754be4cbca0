"""Runs the deletions that were chosen, one receipt after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector import host
from te_connector.contract import Receipt, Record
from te_connector.deletion.receipts import Naming, ReceiptFile, check_origin, opened, read, whose
from te_connector.deletion.selection import children_of
from te_connector.manifest import schemas
from te_connector.result import Result, key_of

GONE = ("deleted", "already_absent")
Tell = Callable[[Mapping[str, Any]], None]


@attrs.frozen
class Job:
    """What is to be deleted, of what result, and where the receipts go; ``held`` by object."""

    connection: Mapping[str, Any] = attrs.field(repr=False)
    result: Result
    chosen: tuple[Record, ...] = attrs.field(repr=False)
    held: Mapping[tuple[str, str], str]
    file: Path
    actor: str | None = None

    def known(self) -> dict[tuple[str, str, str], Receipt]:
        """The receipts that the file has already.

        :raises OptionError: they are of an older result.
        """
        known = read(self.file)
        check_origin(self.file, known, self.result, self.naming())
        return {whose(receipt): receipt for receipt in known}

    def naming(self) -> Naming:
        """How receipts are named."""
        return Naming.of(self.result.path, self.file)


@attrs.frozen
class Done:
    """The receipts of what was chosen, and of the records below it that may have gone with it."""

    receipts: list[Receipt] = attrs.Factory(list)
    children: list[Receipt] = attrs.Factory(list)


def run(job: Job, tell: Tell, done: Done) -> None:
    """Delete, then look at what may have gone along; ``done`` grows as it goes.

    :raises ConnectorError: it could not go on; what has a receipt stays done.
    """
    job.known()
    with opened(job.file) as file:
        naming = job.naming()
        for number, record in enumerate(job.chosen):
            _tell(tell, "Deleting", number, len(job.chosen))
            held = job.held.get(key_of(record))
            done.receipts.append(_one(job, file, naming, record, tell, held=held))
        taken = {key_of(record) for record in job.chosen}
        below: list[Record] = []
        for record, receipt in zip(job.chosen, done.receipts, strict=True):
            if receipt["status"] in GONE:
                below += children_of(job.result, record, taken)
                taken.update(map(key_of, below))
        for number, record in enumerate(below):
            _tell(tell, "Reading what belonged to them again", number, len(below))
            done.children.append(_one(job, file, naming, record, tell, again=True))


def _tell(tell: Tell, name: str, done: int, of: int) -> None:
    tell({"event": "deletions", "name": name, "done": done, "of": of})


def _one(
    job: Job,
    file: ReceiptFile,
    naming: Naming,
    record: Record,
    tell: Tell,
    *,
    held: str | None = None,
    again: bool = False,
) -> Receipt:
    """One receipt: the file's own where it has one, else the hook's."""
    about = whose(record)
    if about in file.known:
        return file.known[about]
    options: dict[str, Any] = {"receipt_id": naming.receipt_id(about), "progress": tell}
    if job.actor is not None:
        options["actor"] = job.actor
    if held is not None:
        options["hold"] = held
    if not again:
        options["reviewed"] = record["digest"]
        options["reviewed_fields"] = field_digests(record["data"])
    subject = next(item for item in job.result.subjects if item["id"] == record["subject"])
    person = {"id": subject["id"], "identifiers": subject["identifiers"]}
    receipt = host.delete(job.connection, key_of(record), person, options)
    file.add(receipt)
    return receipt


def field_digests(data: Mapping[str, Any]) -> dict[str, str]:
    """Each field's SHA-256, so that a refusal can name the fields that differ."""
    return {field: schemas.digest(value) for field, value in data.items()}
