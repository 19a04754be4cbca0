"""Decides, object by object and field by field, what a data subject's folder has.

Everything is released except what the policy withholds. A weak or shared match needs a decision: the
policy includes or excludes it, and until then its subject gets no package. An object of a child type
follows its parent. Withheld values leave the data here, before anything is written, so no later step
can leak them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from te_connector.contract import MatchedBy, Record, Subject
from te_connector.errors import Fault, OptionError
from te_connector.manifest.model import Manifest, Parent
from te_connector.package.layout import SENSITIVE, layout_of
from te_connector.package.policy import Policy
from te_connector.package.redaction import hides, redacted
from te_connector.package.rules import Named, Rule, Withhold
from te_connector.result import Key, Result, key_of, parents_of
from te_connector.text.document import fail
from te_connector.text.field_paths import steps_of

WEAK = "It is a weak match without a decision."
OTHERS = "It is another person's data."
HELD_NUMBER = "The law says not to send numbers of this kind. We hold one."
SHARED = "It matches several subjects, without a decision whose it is."
NO_POLICY = Policy(file="", rules={}, include=(), exclude=(), controller=None)


@attrs.frozen
class Reason:
    """Why an object is withheld; ``undecided`` says that the officer still has to decide."""

    text: str
    undecided: Literal["", "weak", "shared"] = ""


@attrs.frozen
class Released:
    """An object that is released: its data without the withheld fields."""

    object_type: str
    id: str | None
    data: dict[str, Any] = attrs.field(repr=False)
    matched_by: tuple[MatchedBy, ...]


@attrs.frozen
class Withheld:
    """A whole object (``field`` is empty) or one field of a released object.

    ``undecided`` is ``weak`` or ``shared`` if the officer still has to decide on the object.
    """

    subject: str
    object_type: str
    id: str
    field: str
    why: str
    undecided: Literal["", "weak", "shared"] = ""
    sensitive: bool = False
    """Whether it is a number that the law forbids to send; the page says that we hold it."""


@attrs.frozen
class Disclosure:
    """What one subject gets, and what is withheld."""

    subject: Subject = attrs.field(repr=False)
    released: tuple[Released, ...]
    withheld: tuple[Withheld, ...]

    @property
    def undecided(self) -> tuple[Withheld, ...]:
        """The objects that need a decision before the subject gets a package."""
        return tuple(one for one in self.withheld if one.undecided)


def choose(result: Result, manifest: Manifest, policy: Policy | None) -> Iterator[Disclosure]:
    """What is released, subject by subject.

    :raises FileFaults: the policy names objects that the result doesn't have, or that can't be
        released as it says; raised before the first disclosure.
    :raises OptionError: the same about ``--include`` or ``--exclude``.
    """
    policy = policy if policy is not None else NO_POLICY
    chooser = _Chooser(result, manifest, policy)
    faults = list(chooser.faults())
    fail([fault for fault in faults if fault.line])
    if faults:
        raise OptionError(" ".join(f"{fault.message}." for fault in faults))
    return map(chooser.disclosure, result.subjects)


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
        self._numbers = {
            name: _sensitive_numbers(manifest, policy, name) for name in manifest.objects
        }

    def disclosure(self, subject: Subject) -> Disclosure:
        chosen: list[Released] = []
        withheld: list[Withheld] = []
        for record in self._records[subject["id"]]:
            why = self.why_not(subject["id"], record)
            if why is not None:
                name = record["object_type"], record["id"]
                withheld.append(Withheld(subject["id"], *name, "", why.text, why.undecided))
            else:
                chosen.append(self._released(record, withheld))
        return Disclosure(subject, tuple(chosen), tuple(withheld))

    def _released(self, record: Record, withheld: list[Withheld]) -> Released:
        name = record["object_type"]
        rule = self._without_others(record, self._rules.get(name, Rule()))
        data, gone = redacted(record["data"], rule)
        data, numbers = redacted(data, self._numbers.get(name, Rule()))
        withheld.extend(
            Withheld(record["subject"], name, record["id"], field, why, sensitive=found is numbers)
            for found in (gone, numbers)
            for field, why in found
        )
        return Released(
            object_type=name,
            id=None if hides(rule, (_id(self.manifest, name),)) else record["id"],
            data=data,
            matched_by=tuple(_reasons(record, rule)),
        )

    def _without_others(self, record: Record, rule: Rule) -> Rule:
        """The rule, with the people in a record's other roles withheld: a loan's co-borrower, say."""
        parent = self._parent(record)
        if parent is None or len(parent.fields) < 2 or rule.only is not None:
            return rule
        mine = {steps_of(reason["field"])[0] for reason in record["matched_by"]}
        others = [steps_of(field)[:1] for field in parent.fields]
        added = tuple(
            Withhold(steps, OTHERS)
            for steps in others
            if steps[0] not in mine and record["data"].get(steps[0])
        )
        return attrs.evolve(rule, withhold=(*rule.withhold, *added))

    def _parent(self, record: Record) -> Parent | None:
        item = self.manifest.objects.get(record["object_type"])
        return item.parent if item is not None else None

    def _is_about_another(self, record: Record) -> bool:
        """Whether the person only has a side role in the record, such as a loan's agent."""
        parent = self._parent(record)
        return parent is not None and all(
            reason["field"] != parent.field for reason in record["matched_by"]
        )

    def why_not(self, subject: str, record: Record) -> Reason | None:
        """Why a record is not released; None if it is."""
        key = key_of(record)
        if (named := _named(self._exclude, key, subject)) is not None:
            return Reason(named.why)
        follows = False
        for parent in parents_of(record):
            if self._is_out(subject, parent):
                return Reason(f"It belongs to {parent[0]}:{parent[1]}, which is withheld.")
            follows = follows or parent in self._mine[subject]
        if _named(self._include, key, subject) is not None:
            return None
        rule = self.policy.rule(key[0])
        if not rule.release:
            return Reason(rule.why)
        if not follows and key in self._shared:
            return Reason(SHARED, "shared")
        if record["strength"] == "weak" and (not follows or self._is_about_another(record)):
            return Reason(WEAK, "weak")
        return None

    def _is_out(self, subject: str, parent: Key) -> bool:
        if _named(self._exclude, parent, subject) is not None:
            return True
        record = self._mine[subject].get(parent)
        return record is not None and self.why_not(subject, record) is not None

    def faults(self) -> Iterator[Fault]:
        """Decisions on objects that the result doesn't have, or that can't be released."""
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
        """Why an included object can't be released."""
        key = named.object_type, named.id
        if named.subject is None and key in self._shared:
            return (
                "matches several subjects; say whose it is with 'subject' (flag: TYPE:ID=SUBJECT)"
            )
        for subject in have if named.subject is None else {named.subject}:
            for parent in parents_of(self._mine[subject][key]):
                if self._is_out(subject, parent):
                    return f"belongs to {parent[0]}:{parent[1]}; include that too"
        return ""


def _absent(named: Named, have: set[str]) -> str:
    if not have:
        return "isn't in the result; correct or remove it"
    if named.subject is not None and named.subject not in have:
        return "doesn't match this subject; correct the subject or remove the entry"
    return ""


def _index(named: Sequence[Named]) -> dict[Key, list[Named]]:
    index: dict[Key, list[Named]] = {}
    for one in named:
        index.setdefault((one.object_type, one.id), []).append(one)
    return index


def _named(index: Mapping[Key, list[Named]], key: Key, subject: str) -> Named | None:
    return next((one for one in index.get(key, ()) if one.subject in (None, subject)), None)


def _rule_of(manifest: Manifest, policy: Policy, name: str) -> Rule:
    """The type's rule; if the parent's id is withheld, the child's reference to it is too."""
    rule, parent = policy.rule(name), manifest.objects[name].parent
    if parent is None or not hides(policy.rule(parent.object), (_id(manifest, parent.object),)):
        return rule
    why = f"It refers to the {parent.object}, whose id is withheld."
    if rule.only is not None:
        field = steps_of(parent.field)
        kept = tuple(steps for steps in rule.only if steps[: len(field)] != field)
        return attrs.evolve(rule, only=kept)
    return attrs.evolve(rule, withhold=(*rule.withhold, Withhold(steps_of(parent.field), why)))


def _sensitive_numbers(manifest: Manifest, policy: Policy, name: str) -> Rule:
    """Under CCPA: social security, account and like numbers are named as held, and never sent.

    11 CCR section 7024(d). A schema marks them with ``"x-concerns": "sensitive-number"``.
    """
    if policy.page.law != "CCPA":
        return Rule()
    layout = layout_of(manifest.schemas_folder / manifest.objects[name].schema)
    return Rule(withhold=tuple(Withhold(steps, HELD_NUMBER) for steps in layout.marked(SENSITIVE)))


def _id(manifest: Manifest, name: str) -> str:
    return manifest.objects[name].id_field if name in manifest.objects else "id"


def _reasons(record: Record, rule: Rule) -> Iterator[MatchedBy]:
    """Why the record matches, without the names of withheld fields."""
    for reason in record["matched_by"]:
        if hides(rule, steps_of(reason["field"])):
            yield {"identifier": reason["identifier"], "field": ""}
        else:
            yield reason
