"""What a search amounts to: the records of one request, and what still needs a decision. Pure.

A platform passes on what it gets, so an answer carries strong matches only. A weak match, or one that
fits several people, waits for a decision (``te-connector gateway review``); until then the answer
is 409, never 200 with less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

Decision = Literal["include", "exclude"]
Key = tuple[str, str]
"""An object's type and id."""


@attrs.frozen
class Match:
    """One object that was found: enough to decide and delete, without its data."""

    object_type: str
    object_id: str
    digest: str
    strength: str
    deletable: bool
    shared: bool
    parents: tuple[Key, ...] = ()

    @property
    def key(self) -> Key:
        """The object's type and id."""
        return self.object_type, self.object_id


@attrs.frozen
class Answer:
    """The finished search of one request, as kept on disk."""

    records: list[dict[str, Any]] = attrs.field(repr=False)
    coverage: list[dict[str, Any]]
    problems: list[dict[str, Any]] = attrs.field(repr=False)
    matches: tuple[Match, ...]

    @property
    def complete(self) -> bool:
        """Whether the search of every searchable type finished.

        A ``skipped`` type (users, for a phone) has no field to compare. If every type is skipped,
        nothing was compared at all, and the search says nothing about the person.
        """
        searched = [entry for entry in self.coverage if entry["method"] != "skipped"]
        return bool(searched) and all(entry["complete"] for entry in searched)


def answer_for(
    subject_id: str, found: Mapping[str, Any], parent_types: Mapping[str, str | None]
) -> Answer:
    """One subject's part of a sweep. ``parent_types`` is each object type's parent, from discover.

    Nothing of another subject of the same sweep gets in: neither a record nor a problem.
    """
    problems = [problem for problem in found["problems"] if problem["subject"] == subject_id]
    general = [problem for problem in found["problems"] if problem["subject"] is None]
    shared = {
        (problem["object_type"], problem.get("id"))
        for problem in problems
        if problem["code"] == "record_matches_several_subjects"
    }
    records, matches = [], []
    for record in found["records"]:
        if record["subject"] != subject_id:
            continue
        key = record["object_type"], record["id"]
        records.append(_shown(record))
        matches.append(
            Match(
                *key,
                digest=record["digest"],
                strength=record["strength"],
                deletable=record["deletable"],
                shared=key in shared,
                parents=tuple(_parents(record, parent_types)),
            )
        )
    return Answer(
        records=records,
        coverage=[dict(entry) for entry in found["coverage"]],
        problems=[_without_subject(problem) for problem in (*general, *problems)],
        matches=tuple(matches),
    )


def _shown(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "object_type": record["object_type"],
        "te_digest": record["digest"],
        "te_strength": record["strength"],
        "deletable": record["deletable"],
        "data": record["data"],
    }


def _without_subject(problem: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in problem.items() if key != "subject"}


def _parents(record: Mapping[str, Any], types: Mapping[str, str | None]) -> Iterator[Key]:
    parent_type = types.get(record["object_type"])
    for reason in record["matched_by"]:
        if parent_type is not None and "id" in reason:
            yield parent_type, reason["id"]


def released(
    answer: Answer, decisions: Mapping[Key, Decision], *, weak_to_platform: bool
) -> list[Match]:
    """The matches that the platform gets: the strong ones, and those that were included."""
    return [
        match
        for match in answer.matches
        if _verdict(match, decisions, weak_to_platform=weak_to_platform) == "include"
    ]


def undecided(
    matches: Sequence[Match], decisions: Mapping[Key, Decision], *, weak_to_platform: bool
) -> list[Match]:
    """The matches that wait for a person's decision."""
    return [
        match
        for match in matches
        if _verdict(match, decisions, weak_to_platform=weak_to_platform) is None
    ]


def _verdict(
    match: Match, decisions: Mapping[Key, Decision], *, weak_to_platform: bool
) -> Decision | None:
    """A match's own decision, else that of the object it belongs to, else what its strength allows."""
    own = decisions.get(match.key)
    if own is not None:
        return own
    if not match.shared and (match.strength == "strong" or weak_to_platform):
        return "include"
    inherited = {decisions.get(parent) for parent in match.parents}
    if "include" in inherited:
        return "include"
    if inherited == {"exclude"}:
        return "exclude"
    return None


def counts(matches: Sequence[Match]) -> dict[str, int]:
    """How many matches of each object type."""
    return dict(Counter(match.object_type for match in matches))


def deletion_order(matches: Sequence[Match], parent_types: Mapping[str, str | None]) -> list[Match]:
    """Deletable children before their parents; what the API cannot delete last.

    An object that the API cannot delete may still go when its parent does.
    """

    def depth(object_type: str) -> int:
        parent = parent_types.get(object_type)
        return 0 if parent is None else 1 + depth(parent)

    return sorted(matches, key=lambda match: (not match.deletable, -depth(match.object_type)))


def values_of(record: Mapping[str, Any], fields: Sequence[str]) -> Iterator[str]:
    """The texts that a record holds in these fields (``email``, ``external_ids[].external_id``)."""
    for field in fields:
        waiting: list[Any] = [record["data"]]
        for step in field.replace("[]", "").split("."):
            waiting = [
                item[step]
                for item in _flattened(waiting)
                if isinstance(item, Mapping) and step in item
            ]
        for value in _flattened(waiting):
            if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
                yield str(value).strip()


def _flattened(items: Sequence[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flattened(item)
        else:
            yield item
