"""From outcomes to records: whose each object is, how sure that is, and what needs a second look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from te_connector.contract import (
    MatchedBy,
    NearMiss,
    Problem,
    ProblemCode,
    Record,
    SchemaIssue,
    Strength,
)
from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.child_matcher import ChildMatcher
from te_connector.matching.evidence import Evidence
from te_connector.matching.matcher import Matcher
from te_connector.matching.strength import has_foreign_email, strength
from te_connector.matching.subjects import Subject
from te_connector.search.collector import Collector
from te_connector.search.outcome import Match, MatchKey, Outcome
from te_connector.search.strategy import named_ids

SHARED: ProblemCode = "record_matches_several_subjects"
ObjectKey = tuple[str, str]
"""An object's type and id."""


@attrs.frozen
class Classified:
    """The records of a search, and what needs a second look."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]
    near_misses: tuple[NearMiss, ...]


@attrs.frozen
class _People:
    """The subjects of a call, and whether they affect each other."""

    manifest: Manifest
    subjects: Mapping[str, Subject]
    independent: bool


def classify(
    manifest: Manifest,
    subjects: Sequence[Subject],
    outcomes: Mapping[str, Outcome],
    requested: Iterable[str],
    *,
    independent: bool = False,
) -> Classified:
    """The records of the requested types. ``outcomes`` has parents before their children."""
    people = _People(manifest, {subject.id: subject for subject in subjects}, independent)
    strengths = _strengths(people, outcomes)
    wanted = [name for name in outcomes if name in set(requested)]
    records: list[Record] = []
    problems: list[Problem] = []
    sharing = _sharing(outcomes)
    facts = _Facts(manifest)
    for name in wanted:
        outcome = outcomes[name]
        owners = _owners(people, outcome, strengths[name])
        for (subject, object_id), match in outcome.compared.matches.items():
            if subject in owners[object_id]:
                key = subject, object_id
                records.append(_record(facts, outcome, key, match, strengths[name][key]))
                problems += _doubts(people, outcome, key, match, sharing)
        if not independent:
            problems += _shared(outcome, owners)
        problems += _cut(outcome)
    place = {subject.id: number for number, subject in enumerate(subjects)}
    records.sort(key=lambda record: place[record["subject"]])
    near = tuple(miss for name in wanted for miss in _near_misses(outcomes[name]))
    return Classified(tuple(records), tuple(problems), near)


def _strengths(
    people: _People, outcomes: Mapping[str, Outcome]
) -> dict[str, dict[MatchKey, Strength]]:
    strengths: dict[str, dict[MatchKey, Strength]] = {}
    for name, outcome in outcomes.items():
        parent = outcome.object_type.parent
        above = strengths.get(parent.object, {}) if parent is not None else {}
        strengths[name] = {
            key: _strength(people, outcome.object_type, key, match, above)
            for key, match in outcome.compared.matches.items()
        }
    return strengths


def _strength(
    people: _People,
    object_type: ObjectType,
    key: MatchKey,
    match: Match,
    above: Mapping[MatchKey, Strength],
) -> Strength:
    """A child is as strong as its strongest parent; anything else is so by its own evidence."""
    subject, kinds = people.subjects[key[0]], people.manifest.kinds
    if object_type.parent is not None:
        parent = people.manifest.objects[object_type.parent.object]
        named = named_ids(subject, parent, people.manifest)
        ids = [reason.parent or "" for reason in match.evidence if not reason.weak]
        strong = any(each in named or above.get((key[0], each)) == "strong" for each in ids)
        return "strong" if strong else "weak"
    return strength(match.evidence, match.data, subject, object_type, kinds)


def _owners(
    people: _People, outcome: Outcome, strengths: Mapping[MatchKey, Strength]
) -> dict[str, list[str]]:
    """Whose each object is: those it's strong for, or, if there are none, those it's weak for."""
    owners = outcome.compared.owners()
    if people.independent:
        return owners
    strong = {
        object_id: [each for each in subjects if strengths[each, object_id] == "strong"]
        for object_id, subjects in owners.items()
    }
    return {object_id: strong[object_id] or subjects for object_id, subjects in owners.items()}


class _Facts:
    """What depends on an object's data alone: computed once, however many subjects it matches."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._known: dict[int, tuple[str, list[SchemaIssue]]] = {}

    def of(self, object_type: ObjectType, data: dict[str, Any]) -> tuple[str, list[SchemaIssue]]:
        """The digest and the schema issues. The matches keep the data, so its identity is unique."""
        known = self._known.get(id(data))
        if known is None:
            issues = schemas.issues(self._manifest.schema_file(object_type), data)
            known = self._known[id(data)] = schemas.digest(data), issues
        return known[0], list(known[1])


def _record(
    facts: _Facts, outcome: Outcome, key: MatchKey, match: Match, strength: Strength
) -> Record:
    object_type = outcome.object_type
    digest, issues = facts.of(object_type, match.data)
    return {
        "subject": key[0],
        "object_type": object_type.name,
        "id": key[1],
        "data": match.data,
        "digest": digest,
        "matched_by": _matched_by(match.evidence),
        "strength": strength,
        "deletable": object_type.deletable,
        "schema_issues": issues,
    }


def _matched_by(evidence: Iterable[Evidence]) -> list[MatchedBy]:
    """Every identifier and field once, even where two numbers in one field are the subject's."""
    listed: list[MatchedBy] = []
    for reason in evidence:
        matched: MatchedBy = {"identifier": reason.identifier, "field": reason.field}
        if reason.parent is not None:
            matched["id"] = reason.parent
        if matched not in listed:
            listed.append(matched)
    return listed


def _sharing(outcomes: Mapping[str, Outcome]) -> Mapping[tuple[str, str], set[ObjectKey]]:
    """The objects that each subject's phone numbers are in."""
    sharing: dict[tuple[str, str], set[ObjectKey]] = defaultdict(set)
    for name, outcome in outcomes.items():
        for (subject, object_id), match in outcome.compared.matches.items():
            for reason in match.evidence:
                if reason.number is not None:
                    sharing[subject, reason.number].add((name, object_id))
    return sharing


def _doubts(
    people: _People,
    outcome: Outcome,
    key: MatchKey,
    match: Match,
    sharing: Mapping[tuple[str, str], set[ObjectKey]],
) -> Iterator[Problem]:
    """Why a match by nothing but a phone may be somebody else's."""
    numbers = [reason.number for reason in match.evidence if reason.number is not None]
    if len(numbers) < len(match.evidence):
        return
    object_type, subject = outcome.object_type, people.subjects[key[0]]
    if has_foreign_email(match.data, subject, object_type, people.manifest.kinds):
        detail = "matches by phone alone, and has an e-mail address that isn't the subject's"
        yield _about("foreign_email", object_type, key, detail)
    count = max(len(sharing[key[0], number]) for number in numbers) - 1
    if count > 0:
        others = "another record has" if count == 1 else f"{count} other records have"
        detail = f"matches by a phone number that {others} too"
        yield _about("phone_shared", object_type, key, detail)


def _shared(outcome: Outcome, owners: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for object_id, subjects in owners.items():
        for subject in subjects if len(subjects) > 1 else ():
            detail = f"matches {len(subjects)} subjects; find out whose it is"
            yield _about(SHARED, outcome.object_type, (subject, object_id), detail)


def _about(code: ProblemCode, object_type: ObjectType, key: MatchKey, detail: str) -> Problem:
    return {
        "code": code,
        "object_type": object_type.name,
        "subject": key[0],
        "id": key[1],
        "detail": detail,
    }


def _cut(outcome: Outcome) -> Iterator[Problem]:
    for subject, count in outcome.compared.unlisted.items():
        yield {
            "code": "near_misses_cut",
            "object_type": outcome.object_type.name,
            "subject": subject,
            "id": None,
            "detail": f"{count} more near misses are not listed",
        }


def _near_misses(outcome: Outcome) -> Iterator[NearMiss]:
    for (subject, object_id), why in outcome.compared.near.items():
        yield {
            "subject": subject,
            "object_type": outcome.object_type.name,
            "id": object_id,
            "why": why,
        }


def classify_records(
    manifest: Manifest,
    subjects: Sequence[Subject],
    objects: Iterable[tuple[str, str, dict[str, Any]]],
) -> Classified:
    """Classify objects that are at hand: type, id and data of each, parents and children alike.

    Nothing that was computed earlier is used. An object that matches nobody is left out.
    """
    listed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for object_type, _, data in objects:
        listed[object_type].append(data)
    outcomes: dict[str, Outcome] = {}
    for item in manifest.parents_first():
        if item.name in listed or any(
            child.parent is not None and child.parent.object == item.name and child.name in listed
            for child in manifest.objects.values()
        ):
            outcomes[item.name] = _compare(manifest, subjects, item, listed[item.name], outcomes)
    return classify(manifest, subjects, outcomes, list(outcomes))


def _compare(
    manifest: Manifest,
    subjects: Sequence[Subject],
    item: ObjectType,
    objects: Sequence[dict[str, Any]],
    outcomes: Mapping[str, Outcome],
) -> Outcome:
    matcher: Matcher | ChildMatcher
    if item.parent is None:
        matcher = Matcher(item, manifest.kinds, subjects)
    else:
        parents = outcomes[item.parent.object].compared.owners()
        above = manifest.objects[item.parent.object]
        for subject in subjects:
            for object_id in named_ids(subject, above, manifest):
                parents.setdefault(object_id, []).append(subject.id)
        parents = {object_id: list(dict.fromkeys(owners)) for object_id, owners in parents.items()}
        matcher = ChildMatcher(item, parents)
    collector = Collector(item, matcher)
    collector.add(objects)
    return Outcome(item, "lookup", compared=collector.compared(len(objects)))
