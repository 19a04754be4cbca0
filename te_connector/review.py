"""What to look at before you act on a fetch answer. Decided by codes and ids, never by sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.contract import Coverage, Problem, Record

SECOND_LOOK = frozenset(
    ("foreign_email", "phone_shared", "record_matches_several_subjects", "near_misses_cut")
)
"""Problem codes that ask you to look at a record. The other codes say that something failed."""


NOTICES = frozenset(("field_absent",))
"""Codes that fail nothing by themselves: where they matter, the type isn't complete."""


def failures(problems: Sequence[Problem]) -> list[Problem]:
    """The problems that say that something failed."""
    return [problem for problem in problems if problem["code"] not in SECOND_LOOK | NOTICES]


def doubts(record: Record, problems: Sequence[Problem]) -> list[Problem]:
    """The problems that ask you to look at this record."""
    return [
        problem
        for problem in problems
        if problem["code"] in SECOND_LOOK
        and problem["subject"] in (None, record["subject"])
        and problem["object_type"] in (None, record["object_type"])
        and problem["id"] == record["id"]
    ]


def shared_objects(records: Sequence[Record]) -> set[tuple[str, str]]:
    """Type and id of each object that is a record of more than one subject."""
    seen: set[tuple[str, str]] = set()
    shared: set[tuple[str, str]] = set()
    for record in records:
        key = record["object_type"], record["id"]
        (shared if key in seen else seen).add(key)
    return shared


def has_no_identifier(item: Coverage) -> bool:
    """Whether a type was skipped because no given identifier can be in it."""
    return item["method"] == "skipped" and not item["fields"] and not item["complete"]


def is_whole(item: Coverage, answer: Mapping[str, Any]) -> bool:
    """Whether a type is complete, or could not hold anything because no given identifier is mapped."""
    if item["complete"]:
        return True
    if item["method"] != "skipped":
        return False
    named = {problem["object_type"] for problem in answer["problems"]}
    parents = [other for other in answer["coverage"] if other["object_type"] in item["fields"]]
    return item["object_type"] not in named and (
        not item["fields"] or (bool(parents) and all(map(has_no_identifier, parents)))
    )
