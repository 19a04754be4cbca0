"""Decides, object by object and field by field, what a data subject's folder will hold.

Everything goes out but weak and shared matches, and what the officer's policy withholds. An object
of a child type follows its parent: it stays when the parent stays, and goes when the parent goes.
What is withheld leaves the data here, before anything is written, so no later step can leak it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from te_connector.contract import MatchedBy, Record, Subject
from te_connector.errors import Fault
from te_connector.manifest.model import Manifest
from te_connector.package.policy import Named, Policy, Rule, Withhold
from te_connector.package.withholding import hides, released
from te_connector.result import Key, Result, key_of, parents_of
from te_connector.text.document import fail
from te_connector.text.field_paths import steps_of

WEAK = "It is a weak match: check that it is this person's, then name it under include."
SHARED = "It matches several subjects: name it under include with the subject whose it is."
NO_POLICY = Policy(file="", rules={}, include=(), exclude=(), controller=None)


@attrs.frozen
class Kept:
    """An object that goes out: its data without what is withheld."""

    object_type: str
    id: str | None
    data: dict[str, Any] = attrs.field(repr=False)
    matched_by: tuple[MatchedBy, ...]


@attrs.frozen
class Withheld:
    """A whole object (``field`` is empty) or one field of an object that goes out otherwise."""

    subject: str
    object_type: str
    id: str
    field: str
    why: str


@attrs.frozen
class Choice:
    """What goes to one subject, and what does not."""

    subject: Subject = attrs.field(repr=False)
    kept: tuple[Kept, ...]
    withheld: tuple[Withheld, ...]


def choose(result: Result, manifest: Manifest, policy: Policy | None) -> Iterator[Choice]:
    """What goes out, subject by subject.

    :raises FileFaults: the policy names objects that the result does not have, or that cannot go
        out as it says; before the first choice is given.
    """
    policy = policy if policy is not None else NO_POLICY
    chooser = _Chooser(result, manifest, policy)
    fail(list(chooser.faults()))
    return map(chooser.choice, result.subjects)


class _Chooser:
    """The rules of one policy, applied to the records of one result."""

    def __init__(self, result: Result, manifest: Manifest, policy: Policy) -> None:
        self.result, self.manifest, self.policy = result, manifest, policy
        self._records = result.by_subject()
        self._shared = result.shared()
        self._mine = {
            subject: {key_of(record): record for record in records}
            for subject, records in self._records.items()
        }
        self._include, self._exclude = _index(policy.include), _index(policy.exclude)
        self._rules = {name: _rule_of(manifest, policy, name) for name in manifest.objects}

    def choice(self, subject: Subject) -> Choice:
        kept: list[Kept] = []
        withheld: list[Withheld] = []
        for record in self._records[subject["id"]]:
            why = self.why_not(subject["id"], record)
            if why is not None:
                name = record["object_type"], record["id"]
                withheld.append(Withheld(subject["id"], *name, "", why))
            else:
                kept.append(self._kept(record, withheld))
        return Choice(subject, tuple(kept), tuple(withheld))

    def _kept(self, record: Record, withheld: list[Withheld]) -> Kept:
        name = record["object_type"]
        rule = self._rules.get(name, Rule())
        data, gone = released(record["data"], rule)
        withheld.extend(
            Withheld(record["subject"], name, record["id"], field, why) for field, why in gone
        )
        return Kept(
            object_type=name,
            id=None if hides(rule, (_id(self.manifest, name),)) else record["id"],
            data=data,
            matched_by=tuple(_reasons(record, rule)),
        )

    def why_not(self, subject: str, record: Record) -> str | None:
        """Why a record does not go out; None if it does."""
        key = key_of(record)
        if (named := _named(self._exclude, key, subject)) is not None:
            return named.why
        follows = False
        for parent in parents_of(record):
            if self._is_out(subject, parent):
                return f"It goes with {parent[0]}:{parent[1]}, which is withheld."
            follows = follows or parent in self._mine[subject]
        if _named(self._include, key, subject) is not None:
            return None
        rule = self.policy.rule(key[0])
        if not rule.release:
            return rule.why
        if not follows and key in self._shared:
            return SHARED
        if not follows and record["strength"] == "weak":
            return WEAK
        return None

    def _is_out(self, subject: str, parent: Key) -> bool:
        if _named(self._exclude, parent, subject) is not None:
            return True
        record = self._mine[subject].get(parent)
        return record is not None and self.why_not(subject, record) is not None

    def faults(self) -> Iterator[Fault]:
        """Where the policy names what is not there, or what cannot go out as it says."""
        if not self.policy.include and not self.policy.exclude:
            return
        holders: dict[Key, set[str]] = {}
        parents: dict[Key, set[str]] = {}
        for record in self.result.records:
            holders.setdefault(key_of(record), set()).add(record["subject"])
            for parent in parents_of(record):
                parents.setdefault(parent, set()).add(record["subject"])
        for named in self.policy.exclude:
            key = named.object_type, named.id
            if message := _absent(named, holders.get(key, set()) | parents.get(key, set())):
                yield Fault(self.policy.file, named.line, f"{named} {message}")
        for named in self.policy.include:
            have = holders.get((named.object_type, named.id), set())
            if message := _absent(named, have) or self._stays(named, have):
                yield Fault(self.policy.file, named.line, f"{named} {message}")

    def _stays(self, named: Named, have: set[str]) -> str:
        """Why an object that was put in cannot go out."""
        key = named.object_type, named.id
        if named.subject is None and key in self._shared:
            return "is a shared match; name the subject that it belongs to with 'subject'"
        for subject in have if named.subject is None else {named.subject}:
            for parent in parents_of(self._mine[subject][key]):
                if self._is_out(subject, parent):
                    return f"goes out only with {parent[0]}:{parent[1]}; include that too"
        return ""


def _absent(named: Named, have: set[str]) -> str:
    if not have:
        return "is not in the result; correct it or drop it"
    if named.subject is not None and named.subject not in have:
        return "was not matched for this subject; correct the subject or drop the entry"
    return ""


def _index(named: Sequence[Named]) -> dict[Key, list[Named]]:
    index: dict[Key, list[Named]] = {}
    for one in named:
        index.setdefault((one.object_type, one.id), []).append(one)
    return index


def _named(index: Mapping[Key, list[Named]], key: Key, subject: str) -> Named | None:
    return next((one for one in index.get(key, ()) if one.subject in (None, subject)), None)


def _rule_of(manifest: Manifest, policy: Policy, name: str) -> Rule:
    """The type's rule; where the parent's id is withheld, the child may not tell it either."""
    rule, parent = policy.rule(name), manifest.objects[name].parent
    if parent is None or not hides(policy.rule(parent.object), (_id(manifest, parent.object),)):
        return rule
    why = f"It names the {parent.object}, whose id is withheld."
    if rule.only is not None:
        field = steps_of(parent.field)
        kept = tuple(steps for steps in rule.only if steps[: len(field)] != field)
        return attrs.evolve(rule, only=kept)
    return attrs.evolve(rule, withhold=(*rule.withhold, Withhold(steps_of(parent.field), why)))


def _id(manifest: Manifest, name: str) -> str:
    return manifest.objects[name].id_field if name in manifest.objects else "id"


def _reasons(record: Record, rule: Rule) -> Iterator[MatchedBy]:
    """Why the record was matched, saying nothing of a withheld field."""
    for reason in record["matched_by"]:
        if hides(rule, steps_of(reason["field"])):
            yield {"identifier": reason["identifier"], "field": ""}
        else:
            yield reason
