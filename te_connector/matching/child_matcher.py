"""Compares records of a child type with the parents that were found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.manifest.model import ObjectType
from te_connector.matching.evidence import Evidence
from te_connector.matching.ids import id_key
from te_connector.matching.matcher import Match
from te_connector.text.field_paths import blocks_at, steps_of, values_at


class ChildMatcher:
    """Compares records with the parents: id -> subjects.

    A record can name several parents, each in another role. By any role but the main one, it's a weak
    match: the record is about somebody else in the first place.

    ``unlinked`` counts the records that name no parent at all.
    """

    absent: tuple[str, ...] = ()

    def __init__(self, object_type: ObjectType, parents: Mapping[str, Sequence[str]]) -> None:
        assert object_type.parent is not None
        self._parents = parents
        self._kind = object_type.parent.object
        self._paths = [(field, steps_of(field)) for field in object_type.parent.fields]
        self._main = object_type.parent.field
        self.fields = object_type.fields()
        self.odd: Counter[str] = Counter()
        self.unlinked = 0

    def matches(
        self, records: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Mapping[str, Any], Match]]:
        """The records that match, with what :meth:`match` says of each."""
        compared = [(record, self.match(record)) for record in records]
        return [(record, match) for record, match in compared if match is not None]

    def match(self, record: Mapping[str, Any]) -> Match | None:
        """Compare one record. None: it belongs to none of the parents."""
        evidence: list[Evidence] = []
        linked = False
        for field, steps in self._paths:
            keys = self._keys(record, field, steps)
            linked = linked or bool(keys)
            evidence += [
                Evidence(subject, self._kind, field, weak=field != self._main, parent=key)
                for key in keys
                for subject in self._parents.get(key, ())
            ]
        if not linked:
            self.unlinked += 1
        return Match(tuple(evidence)) if evidence else None

    def _keys(self, record: Mapping[str, Any], field: str, steps: Sequence[str]) -> list[str]:
        """The parents' ids that a field holds, each once."""
        keys: dict[str, None] = {}
        for value in values_at(record, steps):
            key = id_key(value)
            if key is not None:
                keys[key] = None
            elif value is not None and value != "":
                self.odd[field] += 1
        for _ in blocks_at(record, steps):
            self.odd[field] += 1
        return list(keys)
