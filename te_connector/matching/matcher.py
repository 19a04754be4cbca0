"""Whose record is this? Compares one record with all subjects at once, field by mapped field.

The vendor's filters decide nothing: however a record was found, it is a subject's only if a field of
it equals one of the subject's identifiers here (:mod:`te_connector.matching.emails`, ``phones`` and
``ids`` say when two are equal). The cost of a record hardly depends on the number of subjects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from te_connector.manifest.model import IdentifierKind, Manifest, ObjectType
from te_connector.matching.evidence import Evidence, Found, Near
from te_connector.matching.ids import MAX_LENGTH, id_key
from te_connector.matching.indexes import EmailIndex, ExternalIndex, IdIndex
from te_connector.matching.phone_index import PhoneIndex
from te_connector.matching.subjects import Subject
from te_connector.text.field_paths import blocks_at, listed, steps_of, values_at

Wants = Callable[[str], bool]
"""Whether an external id needs a closer look."""
Index = EmailIndex | PhoneIndex | IdIndex | ExternalIndex


@attrs.frozen
class Match:
    """What the comparison of one record showed."""

    evidence: tuple[Evidence, ...]
    near: tuple[Near, ...] = ()


@attrs.frozen
class _Probe:
    """One mapped field, its path, and the index that its values are compared with."""

    field: str
    steps: tuple[str, ...]
    index: EmailIndex | PhoneIndex | IdIndex


@attrs.frozen
class _ExternalProbe:
    """One mapped external id, its path in the object that holds it, and the source beside it."""

    field: str
    steps: tuple[str, ...]
    source: str | None
    index: ExternalIndex


FitsNobody = Callable[[Sequence[str]], bool]
_PLAIN = {str, int, type(None)}
_NO_OBJECT = object()
"""Marks an entry of a list that should be an object and is none."""


class Matcher:
    """Compares records of one object type with the subjects' identifiers.

    ``fields`` are the mapped fields that are compared, by kind. ``odd`` counts, by field, the values
    that could not be compared because they are neither text nor a whole number nor empty. ``absent``
    are the fields whose first key no record had so far, whatever its value.
    """

    def __init__(
        self,
        object_type: ObjectType,
        kinds: Mapping[str, IdentifierKind],
        subjects: Sequence[Subject],
    ) -> None:
        self.odd: Counter[str] = Counter()
        self.fields: dict[str, list[str]] = {}
        self._unseen: dict[str, list[str]] = {}
        self._probes: list[_Probe] = []
        self._flat: list[tuple[_ExternalProbe, str, Wants]] = []
        self._listed: list[tuple[_ExternalProbe, str, str, Wants]] = []
        indexes = _indexes(object_type, kinds, subjects)
        for mapped in object_type.mapped:
            if mapped.kind not in indexes:
                continue
            self.fields.setdefault(mapped.kind, []).append(mapped.field)
            index, steps = indexes[mapped.kind], steps_of(mapped.field)
            self._unseen.setdefault(steps[0], []).append(mapped.field)
            if isinstance(index, ExternalIndex):
                key, *rest = steps
                probe = _ExternalProbe(mapped.field, tuple(rest) or steps, mapped.source, index)
                if rest:
                    self._listed.append((probe, key, rest[0], index.wants))
                else:
                    self._flat.append((probe, key, index.wants))
            else:
                self._probes.append(_Probe(mapped.field, steps, index))
        self._simple = [
            (probe.steps[0], probe.field, probe.index.match)
            for probe in self._probes
            if len(probe.steps) == 1
        ]
        self._deep = [probe for probe in self._probes if len(probe.steps) > 1]
        self._columns = (
            []
            if self._deep or self._flat or self._listed
            else [(probe.steps[0], probe.index.fits_nobody) for probe in self._probes]
        )

    @property
    def absent(self) -> list[str]:
        """The mapped fields that are in no record compared so far."""
        return [field for fields in self._unseen.values() for field in fields]

    def matches(
        self, records: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Mapping[str, Any], Match]]:
        """The records that match, with what :meth:`match` says of each."""
        for record in records if self._unseen else ():
            self._note_seen(record)
        if self._columns and all(self._fit_nobody(records, *column) for column in self._columns):
            return []
        compared = [(record, self.match(record)) for record in records]
        return [(record, match) for record, match in compared if match is not None]

    def _fit_nobody(
        self, records: Sequence[Mapping[str, Any]], key: str, fits_nobody: FitsNobody
    ) -> bool:
        """Whether one field of all records surely holds nothing that is equal, close, or odd."""
        values = [record.get(key) for record in records]
        kinds = set(map(type, values))
        if not kinds <= _PLAIN:
            return False
        texts = list(filter(None, values))
        if int in kinds:
            texts = [str(value) for value in values if value is not None and value != ""]
        return not texts or (max(map(len, texts)) <= MAX_LENGTH and fits_nobody(texts))

    def match(self, record: Mapping[str, Any]) -> Match | None:
        """Compare one record. None: nothing is equal or close."""
        found: Found = []
        get = record.get
        if self._unseen:  # empty after the first records
            self._note_seen(record)
        for key, field, compare in self._simple:
            value = get(key)
            if type(value) is str:
                if value:
                    compare(value, field, found)
                    if len(value) > MAX_LENGTH:  # too long to be compared whole
                        self.odd[field] += 1
            elif type(value) is int:
                compare(str(value), field, found)
            elif value is not None:
                for text in self._texts(values_at(value, ()), field):
                    compare(text, field, found)
        if self._deep:
            self._match_deep_fields(record, found)
        self._match_external_ids(record, found)
        return _settled(found) if found else None

    def _match_deep_fields(self, record: Mapping[str, Any], found: Found) -> None:
        for probe in self._deep:
            for text in self._texts(values_at(record, probe.steps), probe.field):
                probe.index.match(text, probe.field, found)
            self._note_blocks(record, probe.steps, probe.field)

    def _note_seen(self, record: Mapping[str, Any]) -> None:
        for key in [key for key in self._unseen if key in record]:
            self._unseen.pop(key, None)  # another thread may have been faster

    def _match_external_ids(self, record: Mapping[str, Any], found: Found) -> None:
        """Compare closely what is no text, or a text that a subject's id may be equal or close to."""
        for probe, key, wants in self._flat:
            value = record.get(key)
            if wants(value) if type(value) is str else value is not None:
                self._match_closely(record, probe, found)
        for probe, key, last, wants in self._listed:
            holders = record.get(key)
            if holders is None:
                continue
            for holder in holders if type(holders) is list else listed(holders):
                value = holder.get(last) if type(holder) is dict else _NO_OBJECT
                if wants(value) if type(value) is str else value is not None:
                    self._match_closely(holder, probe, found)

    def _texts(self, values: Iterable[Any], field: str) -> list[str]:
        texts = []
        for value in values:
            text = id_key(value)
            if text is not None:
                texts.append(text)
                if len(text) > MAX_LENGTH:
                    self.odd[field] += 1
            elif not _is_empty(value):
                self.odd[field] += 1
        return texts

    def _note_blocks(self, data: Any, steps: Sequence[str], field: str) -> None:
        for _ in blocks_at(data, steps):
            self.odd[field] += 1

    def _match_closely(self, data: Any, probe: _ExternalProbe, found: Found) -> None:
        self._note_blocks(data, probe.steps, probe.field)
        for holder in values_at(data, probe.steps[:-1]):
            if isinstance(holder, Mapping):
                source = holder.get(probe.source) if probe.source is not None else None
                for text in self._texts(values_at(holder, probe.steps[-1:]), probe.field):
                    probe.index.match(text, source, probe.field, found)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _settled(found: Found) -> Match:
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
    return Match(tuple(best.values()), misses)


def _indexes(
    object_type: ObjectType, kinds: Mapping[str, IdentifierKind], subjects: Sequence[Subject]
) -> dict[str, Index]:
    """One filled index for each kind that is mapped to the type and given by any subject."""
    made: dict[str, Index] = {}
    mapped_kinds = {mapping.kind for mapping in object_type.mapped}
    for subject in subjects:
        for name in mapped_kinds & set(subject.values):
            if kinds[name].compare == "id" and not subject.ids_in(name, object_type.name):
                continue  # all its ids name other types
            if name not in made:
                made[name] = _index(kinds[name], object_type)
            _fill(made[name], subject, name)
    return made


def _index(kind: IdentifierKind, object_type: ObjectType) -> Index:
    if kind.compare == "email":
        return EmailIndex(kind.name)
    if kind.compare == "phone":
        return PhoneIndex(kind.name, kind.region, alone_strong=kind.alone == "strong")
    if kind.compare == "external_id":
        return ExternalIndex(kind.name)
    return IdIndex(kind.name, object_type.name)


def _fill(index: Index, subject: Subject, kind: str) -> None:
    if isinstance(index, IdIndex):
        for given in subject.ids(kind):
            index.add(subject.id, given)
        return
    for value in subject.values[kind]:
        index.add(subject.id, value)


def match_one(
    record: Mapping[str, Any], object_type: ObjectType, manifest: Manifest, subject: Subject
) -> tuple[Evidence, ...]:
    """Why one record of a type without parent is one subject's; empty if it is not."""
    match = Matcher(object_type, manifest.kinds, [subject]).match(record)
    return match.evidence if match is not None else ()


__all__ = [
    "Evidence",
    "Match",
    "Matcher",
    "Near",
    "match_one",
]
