"""How each object type will be searched: decided once, before anything is sent.

``plan_only`` shows these strategies, and the search carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from te_connector.contract import CoverageMode, Method
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.ids import has_shape
from te_connector.matching.subjects import Subject

How = Literal["scan", "ids", "filters", "children_by_scan", "children_by_filter", "skip"]
_METHODS: dict[How, Method] = {
    "scan": "scan",
    "ids": "lookup",
    "filters": "lookup",
    "children_by_scan": "scan",
    "children_by_filter": "lookup",
    "skip": "skipped",
}


@attrs.frozen
class Strategy:
    """How one object type will be searched."""

    object_type: ObjectType
    how: How
    subjects: tuple[Subject, ...]
    """Everyone that the call is about."""
    fields: Mapping[str, list[str]] = attrs.Factory(dict)
    """The fields to compare, by identifier kind."""
    ids: tuple[str, ...] = ()
    """The ids to read one by one."""
    named: Mapping[str, tuple[str, ...]] = attrs.Factory(dict)
    """The ids that were given for exactly this type, each with its subjects."""
    reason: str = ""
    """Why the type isn't searched."""

    @property
    def method(self) -> Method:
        """The method that coverage and plans report."""
        return _METHODS[self.how]


def strategies(
    manifest: Manifest,
    subjects: Sequence[Subject],
    requested: Sequence[str],
    modes: Mapping[str, CoverageMode],
) -> tuple[Strategy, ...]:
    """One strategy for each requested type and for the types that they belong to, parents first.

    ``modes`` has the coverage of each type; the others are searched exhaustively.
    """
    needed = {
        item.name
        for name in requested
        for item in (manifest.objects[name], *manifest.ancestors(manifest.objects[name]))
    }
    return tuple(
        _strategy(manifest, item, subjects, modes.get(item.name, "exhaustive"))
        for item in manifest.parents_first()
        if item.name in needed
    )


def _strategy(
    manifest: Manifest, item: ObjectType, subjects: Sequence[Subject], mode: CoverageMode
) -> Strategy:
    mine = tuple(subjects)
    if not item.access:
        return Strategy(item, "skip", mine, reason=_off(item))
    if item.parent is not None:
        if mode == "quick" and item.parent.filter is None:
            reason = f"{item.parent.field} wasn't compared: the API has no filter for it"
            return Strategy(item, "skip", mine, reason=reason)
        quick: How = "children_by_filter"
        return Strategy(
            item, quick if mode == "quick" else "children_by_scan", mine, fields=item.fields()
        )
    fields = {
        kind: named
        for kind, named in item.fields().items()
        if any(_values(manifest, subject, kind, item) for subject in mine)
    }
    if not fields:
        return Strategy(
            item, "skip", mine, reason="no identifier that was given can be in this type"
        )
    by_id = {mapping.kind for mapping in item.mapped if mapping.by_id}
    ids = tuple(
        dict.fromkeys(
            value
            for subject in mine
            for kind in by_id
            for value in subject.ids_in(kind, item.name)
            if has_shape(value, item.id_shape)  # no object can have another
        )
    )
    how: How = "ids" if set(fields) <= by_id else "filters" if mode == "quick" else "scan"
    return Strategy(item, how, mine, fields, ids, _named(manifest, item, subjects))


def _values(manifest: Manifest, subject: Subject, kind: str, item: ObjectType) -> Sequence[str]:
    """A subject's values that can be in objects of this type."""
    if manifest.kinds[kind].compare == "id":
        return subject.ids_in(kind, item.name)
    return subject.values.get(kind, ())


def named_ids(subject: Subject, item: ObjectType, manifest: Manifest) -> frozenset[str]:
    """The ids by which a subject names objects of exactly this type: a match by one is strong."""
    return frozenset(
        given.object_id
        for kind in {mapping.kind for mapping in item.mapped}
        if manifest.kinds[kind].compare == "id"
        for given in subject.ids(kind)
        if (given.object_type or manifest.kinds[kind].default or item.name) == item.name
    )


def _off(item: ObjectType) -> str:
    return f"turned off in the manifest{f': {item.why}' if item.why else ''}"


def _named(
    manifest: Manifest, item: ObjectType, subjects: Sequence[Subject]
) -> dict[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for subject in subjects:
        for object_id in sorted(named_ids(subject, item, manifest)):
            owners[object_id] = (*owners.get(object_id, ()), subject.id)
    return owners
