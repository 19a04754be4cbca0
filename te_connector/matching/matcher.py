"""Whose record is this? Compares one record with all subjects at once, field by mapped field.

The vendor's filters decide nothing: whatever way a record came, it is somebody's only if a field of
it equals one of the subject's identifiers here (:mod:`te_connector.matching.identifiers` says when two are
equal). The cost of a record hardly depends on how many subjects there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from te_connector.manifest.model import IdentifierKind, Manifest, ObjectType
from te_connector.matching.identifiers import email_key, email_keys, id_key
from te_connector.matching.indexes import (
    EmailIndex,
    Evidence,
    ExternalIndex,
    Found,
    IdIndex,
    Near,
    PhoneIndex,
)
from te_connector.matching.subjects import Subject
from te_connector.text.field_paths import blocks_at, steps_of, values_at


@attrs.frozen
class Look:
    """What one look at one record brought."""

    evidence: tuple[Evidence, ...]
    near: tuple[Near, ...] = ()


@attrs.frozen
class _Probe:
    """One mapped field and the index that its values are looked up in."""

    field: str
    steps: tuple[str, ...]
    index: EmailIndex | PhoneIndex | IdIndex


@attrs.frozen
class _ExternalProbe:
    """One mapped external id, the way to it from what holds it, and the source beside it."""

    field: str
    steps: tuple[str, ...]
    source: str | None
    index: ExternalIndex


_AWRY = object()
"""Stands where a mapping should be, and is none."""


class Matcher:
    """Compares records of one object type with the subjects' identifiers.

    ``fields`` are the mapped fields that are compared, by kind; ``odd`` counts, by field, the values
    that could not be compared since they are neither text nor a whole number nor empty.
    """

    def __init__(
        self,
        object_type: ObjectType,
        kinds: Mapping[str, IdentifierKind],
        subjects: Sequence[Subject],
    ) -> None:
        self.odd: Counter[str] = Counter()
        self.fields: dict[str, list[str]] = {}
        self._probes: list[_Probe] = []
        self._flat: list[tuple[_ExternalProbe, str, set[str]]] = []
        self._listed: list[tuple[_ExternalProbe, str, str, set[str]]] = []
        indexes = _indexes(object_type, kinds, subjects)
        for mapped in object_type.mapped:
            if mapped.kind not in indexes:
                continue
            self.fields.setdefault(mapped.kind, []).append(mapped.field)
            index, steps = indexes[mapped.kind], steps_of(mapped.field)
            if isinstance(index, ExternalIndex):
                key, *rest = steps
                probe = _ExternalProbe(mapped.field, tuple(rest) or steps, mapped.source, index)
                if rest:
                    self._listed.append((probe, key, rest[0], index.parts))
                else:
                    self._flat.append((probe, key, index.parts))
            else:
                self._probes.append(_Probe(mapped.field, steps, index))
        self._simple = [
            (probe.steps[0], probe.field, probe.index.look)
            for probe in self._probes
            if len(probe.steps) == 1
        ]
        self._deep = [probe for probe in self._probes if len(probe.steps) > 1]

    def look(self, record: Mapping[str, Any]) -> Look | None:
        """Compare one record; None where nothing is equal or close."""
        found: Found = []
        get = record.get
        for key, field, look in self._simple:
            value = get(key)
            if type(value) is str:
                if value:
                    look(value, field, found)
            elif type(value) is int:
                look(str(value), field, found)
            elif value is not None:
                for text in self._texts(values_at(value, ()), field):
                    look(text, field, found)
        for probe in self._deep:
            for text in self._texts(values_at(record, probe.steps), probe.field):
                probe.index.look(text, probe.field, found)
            self._note_blocks(record, probe.steps, probe.field)
        if self._flat or self._listed:
            self._look_at_external_ids(record, found)
        return _settled(found) if found else None

    def _look_at_external_ids(self, record: Mapping[str, Any], found: Found) -> None:
        """Look closely at those that are no text, or are a text that somebody asked for."""
        for probe, key, wanted in self._flat:
            value = record.get(key)
            if value.strip() in wanted if type(value) is str else value is not None:
                self._look_closely(record, probe, found)
        for probe, key, last, wanted in self._listed:
            listed = record.get(key)
            if listed is None:
                continue
            for holder in listed if type(listed) is list else (listed,):
                value = holder.get(last) if type(holder) is dict else _AWRY
                if value.strip() in wanted if type(value) is str else value is not None:
                    self._look_closely(holder, probe, found)

    def _texts(self, values: Iterable[Any], field: str) -> list[str]:
        texts = []
        for value in values:
            text = id_key(value)
            if text is not None:
                texts.append(text)
            elif not _is_empty(value):
                self.odd[field] += 1
        return texts

    def _note_blocks(self, data: Any, steps: Sequence[str], field: str) -> None:
        for _ in blocks_at(data, steps):
            self.odd[field] += 1

    def _look_closely(self, data: Any, probe: _ExternalProbe, found: Found) -> None:
        self._note_blocks(data, probe.steps, probe.field)
        for holder in values_at(data, probe.steps[:-1]):
            if isinstance(holder, Mapping):
                source = holder.get(probe.source) if probe.source is not None else None
                for text in self._texts(values_at(holder, probe.steps[-1:]), probe.field):
                    probe.index.look(text, source, probe.field, found)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _settled(found: Found) -> Look:
    """Each reason once, the strongest of its kind; near misses of subjects that matched go."""
    best: dict[tuple[str, str, str, str | None], Evidence] = {}
    near: dict[str, Near] = {}
    for item in found:
        if isinstance(item, Near):
            near.setdefault(item.subject, item)
            continue
        key = (item.subject, item.identifier, item.field, item.number)
        if key not in best or not item.weak:
            best[key] = item
    matched = {reason.subject for reason in best.values()}
    misses = tuple(miss for miss in near.values() if miss.subject not in matched)
    return Look(tuple(best.values()), misses)


def _indexes(
    object_type: ObjectType, kinds: Mapping[str, IdentifierKind], subjects: Sequence[Subject]
) -> dict[str, EmailIndex | PhoneIndex | IdIndex | ExternalIndex]:
    """One filled index for each kind that is mapped to the type and asked by any subject."""
    made: dict[str, EmailIndex | PhoneIndex | IdIndex | ExternalIndex] = {}
    mapped_kinds = {mapped.kind for mapped in object_type.mapped}
    for subject in subjects:
        for name, values in subject.values.items():
            if name not in mapped_kinds:
                continue
            if name not in made:
                made[name] = _index(kinds[name])
            for value in values:
                made[name].add(subject.id, value)
    return made


def _index(kind: IdentifierKind) -> EmailIndex | PhoneIndex | IdIndex | ExternalIndex:
    if kind.compare == "email":
        return EmailIndex(kind.name)
    if kind.compare == "phone":
        return PhoneIndex(kind.name, kind.region)
    if kind.compare == "external_id":
        return ExternalIndex(kind.name)
    return IdIndex(kind.name)


class ChildMatcher:
    """Compares records of a child type with the parents that were found: id -> subjects.

    ``unlinked`` counts the records that do not say whose they are at all.
    """

    def __init__(self, object_type: ObjectType, parents: Mapping[str, Sequence[str]]) -> None:
        assert object_type.parent is not None
        self._parents = parents
        self._kind = object_type.parent.object
        self._field = object_type.parent.field
        self._steps = steps_of(self._field)
        self.fields = object_type.fields()
        self.odd: Counter[str] = Counter()
        self.unlinked = 0

    def look(self, record: Mapping[str, Any]) -> Look | None:
        """Compare one record; None where it belongs to none of the parents."""
        keys = []
        for value in values_at(record, self._steps):
            key = id_key(value)
            if key is not None:
                keys.append(key)
            elif value is not None and value != "":
                self.odd[self._field] += 1
        for _ in blocks_at(record, self._steps):
            self.odd[self._field] += 1
        if not keys:
            self.unlinked += 1
        evidence = [
            Evidence(subject, self._kind, self._field, parent=key)
            for key in dict.fromkeys(keys)
            for subject in self._parents.get(key, ())
        ]
        return Look(tuple(evidence)) if evidence else None


def emails_of(
    record: Mapping[str, Any], object_type: ObjectType, kinds: Mapping[str, IdentifierKind]
) -> set[str]:
    """The keys of all e-mail addresses that a record carries in mapped fields, however written."""
    keys: set[str] = set()
    for mapped in object_type.mapped:
        if kinds[mapped.kind].compare == "email":
            for value in values_at(record, steps_of(mapped.field)):
                if isinstance(value, str):
                    key = email_key(value)
                    keys.update(email_keys(value) if key is None else (key,))
    return keys


def emails_asked(subject: Subject, kinds: Mapping[str, IdentifierKind]) -> set[str]:
    """The keys of all e-mail addresses that a subject gave."""
    return {
        key
        for kind, values in subject.values.items()
        if kinds[kind].compare == "email"
        for value in values
        if (key := email_key(value)) is not None
    }


def match_one(
    record: Mapping[str, Any], object_type: ObjectType, manifest: Manifest, subject: Subject
) -> tuple[Evidence, ...]:
    """Why one record of a type without parent is one subject's; empty where it is not."""
    look = Matcher(object_type, manifest.kinds, [subject]).look(record)
    return look.evidence if look is not None else ()


__all__ = [
    "ChildMatcher",
    "Evidence",
    "Look",
    "Matcher",
    "Near",
    "emails_asked",
    "emails_of",
    "match_one",
]
