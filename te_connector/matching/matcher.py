"""Whose record is this? Compares one record with all subjects at once, mapped field by mapped field.

The vendor's filters decide nothing: however a record was found, it is someone's only if one of its
fields equals one of the subject's identifiers here. :mod:`~te_connector.matching.emails`,
:mod:`~te_connector.matching.phones`, and :mod:`~te_connector.matching.ids` say when two are equal. The
cost of a record hardly depends on the number of subjects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from te_connector.manifest.model import FieldMapping, IdentifierKind, Manifest, ObjectType
from te_connector.matching.evidence import Evidence, Found, Match, settle
from te_connector.matching.ids import id_key
from te_connector.matching.indexes import EmailIndex, ExternalIndex, IdIndex
from te_connector.matching.phone_index import PhoneIndex
from te_connector.matching.subjects import Subject
from te_connector.text.field_paths import blocks_at, items_of, steps_of, values_at

Index = EmailIndex | PhoneIndex | IdIndex | ExternalIndex
Compare = Callable[[str, str, Found], None]
"""Compares a text of a field: an index's ``match``."""


@attrs.frozen
class _ExternalField:
    """A mapped external id: where it is below what holds it, and the source beside it."""

    field: str
    steps: tuple[str, ...]
    source: str | None
    index: ExternalIndex


class Matcher:
    """Compares records of one object type with the subjects' identifiers.

    ``fields`` are the mapped fields that are compared, by kind. ``odd`` counts, by field, the values
    that could not be compared because they are neither text, nor a whole number, nor empty.
    """

    def __init__(
        self,
        object_type: ObjectType,
        kinds: Mapping[str, IdentifierKind],
        subjects: Sequence[Subject],
    ) -> None:
        self.odd: Counter[str] = Counter()
        self.fields: dict[str, list[str]] = {}
        self._flat: list[tuple[str, Compare]] = []
        self._nested: list[tuple[str, tuple[str, ...], Compare]] = []
        self._external_flat: list[tuple[_ExternalField, str, Callable[[str], bool]]] = []
        self._external_listed: list[tuple[_ExternalField, str, str, Callable[[str], bool]]] = []
        indexes = _indexes(object_type, kinds, subjects)
        for mapping in object_type.mapped:
            index = indexes.get(mapping.kind)
            if index is not None:
                self.fields.setdefault(mapping.kind, []).append(mapping.field)
                self._add(mapping, index)

    def _add(self, mapping: FieldMapping, index: Index) -> None:
        steps = steps_of(mapping.field)
        if isinstance(index, ExternalIndex):
            below = steps[1:] or steps
            external = _ExternalField(mapping.field, below, mapping.source, index)
            if len(steps) == 1:
                self._external_flat.append((external, steps[0], index.wants))
            else:
                self._external_listed.append((external, steps[0], steps[1], index.wants))
        elif len(steps) == 1:
            self._flat.append((mapping.field, index.match))
        else:
            self._nested.append((mapping.field, steps, index.match))

    def match(self, record: Mapping[str, Any]) -> Match | None:
        """Compare one record; None if nothing is equal or close.

        Nearly every record of a scan is a stranger's, so the ways that plain values take are short.
        """
        found: Found = []
        get = record.get
        for field, compare in self._flat:
            value = get(field)
            if type(value) is str:
                if value:
                    compare(value, field, found)
            elif type(value) is int:
                compare(str(value), field, found)
            elif value is not None:
                self._compare_each(values_at(value, ()), field, compare, found)
        for field, steps, compare in self._nested:
            self._compare_each(values_at(record, steps), field, compare, found)
            self._count_blocks(record, steps, field)
        for external, key, wants in self._external_flat:
            value = get(key)
            if wants(value) if type(value) is str else value is not None:
                self._match_external(record, external, found)
        for external, key, last, wants in self._external_listed:
            self._match_listed(get(key), external, last, wants, found)
        return settle(found) if found else None

    def _match_listed(
        self,
        listed: Any,
        external: _ExternalField,
        last: str,
        wants: Callable[[str], bool],
        found: Found,
    ) -> None:
        """Look closely at what holds an external id that is not a text, or may be a subject's."""
        if listed is None:
            return
        holders = listed if type(listed) is list else items_of(listed)
        for holder in (listed,) if holders is None else holders:
            value = holder.get(last) if type(holder) is dict else _NO_OBJECT
            if wants(value) if type(value) is str else value is not None:
                self._match_external(holder, external, found)

    def _match_external(self, data: Any, external: _ExternalField, found: Found) -> None:
        self._count_blocks(data, external.steps, external.field)
        for holder in values_at(data, external.steps[:-1]):
            if isinstance(holder, Mapping):
                source = holder.get(external.source) if external.source is not None else None
                for text in self._texts(values_at(holder, external.steps[-1:]), external.field):
                    external.index.match_with_source(text, source, external.field, found)

    def _compare_each(
        self, values: Iterable[Any], field: str, compare: Compare, found: Found
    ) -> None:
        for text in self._texts(values, field):
            compare(text, field, found)

    def _texts(self, values: Iterable[Any], field: str) -> list[str]:
        """The values that can be compared, as text; the others are counted as odd."""
        texts = []
        for value in values:
            text = id_key(value)
            if text is not None:
                texts.append(text)
            elif not _is_empty(value):
                self.odd[field] += 1
        return texts

    def _count_blocks(self, data: Any, steps: Sequence[str], field: str) -> None:
        for _ in blocks_at(data, steps):
            self.odd[field] += 1


_NO_OBJECT = object()
"""In place of the id of something that should be an object and is not."""


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _indexes(
    object_type: ObjectType, kinds: Mapping[str, IdentifierKind], subjects: Sequence[Subject]
) -> dict[str, Index]:
    """A filled index for each kind that is mapped to the type and requested by any subject."""
    indexes: dict[str, Index] = {}
    mapped_kinds = {mapping.kind for mapping in object_type.mapped}
    for subject in subjects:
        for name, values in subject.values.items():
            if name not in mapped_kinds:
                continue
            if name not in indexes:
                indexes[name] = _index(kinds[name], object_type)
            index = indexes[name]
            if isinstance(index, IdIndex):
                for requested in subject.ids(name):
                    index.add(subject.id, requested)
            else:
                for value in values:
                    index.add(subject.id, value)
    return indexes


def _index(kind: IdentifierKind, object_type: ObjectType) -> Index:
    if kind.compare == "email":
        return EmailIndex(kind.name)
    if kind.compare == "phone":
        return PhoneIndex(kind.name, kind.region, alone_strong=kind.alone == "strong")
    if kind.compare == "external_id":
        return ExternalIndex(kind.name)
    return IdIndex(kind.name, object_type.name)


class ChildMatcher:
    """Compares records of a child type with the parents that were found: id -> subjects.

    ``unlinked`` counts the records that name no parent at all.
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

    def match(self, record: Mapping[str, Any]) -> Match | None:
        """Compare one record; None if it belongs to none of the parents."""
        keys = []
        for value in values_at(record, self._steps):
            key = id_key(value)
            if key is not None:
                keys.append(key)
            elif not _is_empty(value):
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
        return Match(tuple(evidence)) if evidence else None


def match_one(
    record: Mapping[str, Any], object_type: ObjectType, manifest: Manifest, subject: Subject
) -> tuple[Evidence, ...]:
    """Why one record of a type without a parent is one subject's; empty if it isn't."""
    match = Matcher(object_type, manifest.kinds, [subject]).match(record)
    return match.evidence if match is not None else ()


__all__ = ["ChildMatcher", "Evidence", "Match", "Matcher", "match_one"]
