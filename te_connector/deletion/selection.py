"""Which records of a result to delete: named one by one, or all that are beyond doubt."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from te_connector.contract import Record
from te_connector.errors import OptionError
from te_connector.manifest.model import Manifest
from te_connector.result import Key, Result, key_of, parents_of


@attrs.frozen
class Choice:
    """What an officer chose: objects as ``TYPE:ID``, or every strong match; for which subjects."""

    select: Sequence[str] = ()
    every: bool = False
    subjects: Sequence[str] = ()


def choose(result: Result, manifest: Manifest, choice: Choice) -> list[Record]:
    """The chosen records, in the order in which to delete them.

    :raises OptionError: nothing, something unknown or something ambiguous is chosen.
    """
    if not choice.select and not choice.every:
        raise OptionError(
            "Say what to delete: --select TYPE:ID for each object, or --all for the strong matches. "
            "Nothing was sent."
        )
    if any(subject not in result.by_subject() for subject in choice.subjects):
        raise OptionError("--subject isn't a subject of RESULT. Nothing was sent.")
    chosen = _strong(result, manifest, choice) if choice.every else []
    for number, text in enumerate(choice.select, 1):
        record = _named(result, text, number, choice.subjects)
        if record not in chosen:
            chosen.append(record)
    for record in chosen:
        manifest.object_type(record["object_type"])
    return sorted(chosen, key=lambda record: _turn(record, manifest))


def _strong(result: Result, manifest: Manifest, choice: Choice) -> list[Record]:
    """The strong matches of types whose coverage is complete: what is beyond doubt."""
    if len(result.subjects) > 1 and not choice.subjects:
        raise OptionError(
            "RESULT has several subjects. Say whose records --all means: --subject ID, once for each. "
            "Nothing was sent."
        )
    complete = {item["object_type"] for item in result.coverage if item["complete"]}
    shared = result.shared()
    return [
        record
        for record in result.records
        if record["object_type"] in manifest.objects
        and manifest.objects[record["object_type"]].deletable
        and record["strength"] == "strong"
        and record["object_type"] in complete
        and key_of(record) not in shared
        and (not choice.subjects or record["subject"] in choice.subjects)
    ]


def _named(result: Result, text: str, number: int, subjects: Sequence[str]) -> Record:
    object_type, colon, name = text.partition(":")
    if not colon or not object_type or not name:
        raise OptionError(
            f"--select number {number} isn't TYPE:ID, such as contact:2317. Nothing was sent."
        )
    found = result.by_key().get((object_type, name), [])
    if subjects:
        found = [record for record in found if record["subject"] in subjects]
    if not found:
        whose = " for that subject" if subjects else ""
        raise OptionError(f"--select number {number} isn't in RESULT{whose}. Nothing was sent.")
    if len(found) > 1:
        raise OptionError(
            f"--select number {number} is a record of {len(found)} subjects. Say whose request it is "
            "with --subject. Nothing was sent."
        )
    return found[0]


def _turn(record: Record, manifest: Manifest) -> tuple[bool, int]:
    """Children before parents; what can't be deleted is read when all else is done."""
    depth, item = 0, manifest.objects[record["object_type"]]
    deletable = item.deletable
    while item.parent is not None:
        depth, item = depth + 1, manifest.objects[item.parent.object]
    return not deletable, -depth


def children_of(result: Result, parent: Record, taken: set[Key]) -> list[Record]:
    """The records that belong to one object, can't be deleted by the API, and may go with it."""
    return [
        record
        for record in result.records
        if record["subject"] == parent["subject"]
        and not record["deletable"]
        and key_of(parent) in parents_of(record)
        and key_of(record) not in taken
    ]
