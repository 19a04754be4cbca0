"""Which records of a result are to be deleted: named one by one, or all that are beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence

from te_connector.contract import Record
from te_connector.errors import OptionError
from te_connector.manifest.model import Manifest
from te_connector.result import Key, Result, key_of, parents_of


def choose(
    result: Result, manifest: Manifest, select: Sequence[str], subject: str | None, *, every: bool
) -> list[Record]:
    """The records that are chosen, in the order in which they are to be deleted.

    :raises OptionError: nothing, something unknown or something ambiguous is chosen.
    """
    if not select and not every:
        raise OptionError(
            "Say what to delete: --select TYPE:ID for each object, or --all for the strong matches. "
            "Nothing was sent."
        )
    if subject is not None and subject not in result.by_subject():
        raise OptionError("--subject names nobody in RESULT; nothing was sent.")
    chosen = _strong(result) if every else []
    for number, text in enumerate(select, 1):
        record = _named(result, text, number, subject)
        if record not in chosen:
            chosen.append(record)
    for record in chosen:
        manifest.object_type(record["object_type"])
    return sorted(chosen, key=lambda record: _turn(record, manifest))


def _strong(result: Result) -> list[Record]:
    if len(result.subjects) > 1:
        raise OptionError(
            "--all works for a RESULT of one subject; name each object with --select. "
            "Nothing was sent."
        )
    shared = result.shared()
    return [
        record
        for record in result.records
        if record["deletable"] and record["strength"] == "strong" and key_of(record) not in shared
    ]


def _named(result: Result, text: str, number: int, subject: str | None) -> Record:
    object_type, colon, name = text.partition(":")
    if not colon or not object_type or not name:
        raise OptionError(
            f"--select number {number} is not TYPE:ID, such as contact:2317; nothing was sent."
        )
    found = result.by_key().get((object_type, name), [])
    if subject is not None:
        found = [record for record in found if record["subject"] == subject]
    if not found:
        whose = " for that subject" if subject is not None else ""
        raise OptionError(
            f"--select number {number} names an object that RESULT does not hold{whose}; "
            "nothing was sent."
        )
    if len(found) > 1:
        raise OptionError(
            f"--select number {number} names an object of {len(found)} subjects; say whose request "
            "it is with --subject. Nothing was sent."
        )
    return found[0]


def _turn(record: Record, manifest: Manifest) -> tuple[bool, int]:
    """Children come before parents; what cannot be deleted is looked at when all else is done."""
    depth, item = 0, manifest.objects[record["object_type"]]
    while item.parent is not None:
        depth, item = depth + 1, manifest.objects[item.parent.object]
    return not record["deletable"], -depth


def children_of(result: Result, parent: Record, taken: set[Key]) -> list[Record]:
    """The records of one object that the API cannot delete, but that may go with it."""
    return [
        record
        for record in result.records
        if record["subject"] == parent["subject"]
        and not record["deletable"]
        and key_of(parent) in parents_of(record)
        and key_of(record) not in taken
    ]
