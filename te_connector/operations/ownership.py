"""Whose an object is, what it belongs to, and whether it is still what was reviewed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import attrs

from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.ids import has_shape, id_key
from te_connector.matching.subjects import Subject
from te_connector.search.classification import classify_records
from te_connector.text.field_paths import steps_of, values_at


@attrs.frozen
class Relative:
    """The object itself, or one that it belongs to.

    ``data`` is None if it is gone, and ``unread`` says why if it could not be read.
    """

    object_type: ObjectType
    object_id: str
    data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    unread: str = ""


Lineage = tuple[Relative, ...]
"""The object, and everything that it belongs to, upwards."""
ReadRelative = Callable[[ObjectType, str], Relative]


def lineage_of(relative: Relative, manifest: Manifest, read: ReadRelative) -> Lineage:
    """The object and all that it belongs to. Costs one request for each parent."""
    found: list[Relative] = [relative]
    for child in found:  # grows while it is read
        parent = child.object_type.parent
        if parent is None or child.data is None:
            continue
        above = manifest.objects[parent.object]
        for value in values_at(child.data, steps_of(parent.field)):
            object_id = id_key(value)
            known = any(one.object_type == above and one.object_id == object_id for one in found)
            if object_id is not None and has_shape(object_id, above.id_shape) and not known:
                found.append(read(above, object_id))
    return tuple(found)


Match = Literal["strong", "weak", "none"]


def match_of(lineage: Lineage, manifest: Manifest, subject: Subject) -> Match:
    """How sure it is that the object is the subject's.

    A parent that is gone counts by its id alone: it may be among the subject's service ids.
    """
    items = [
        (
            one.object_type.name,
            one.object_id,
            dict(one.data or {one.object_type.id_field: one.object_id}),
        )
        for one in lineage
    ]
    mine = lineage[0]
    for record in classify_records(manifest, [subject], items).records:
        if (record["object_type"], record["id"]) == (mine.object_type.name, mine.object_id):
            return record["strength"]
    return "none"


def mismatch(lineage: Lineage, subject: Subject) -> str:
    """Why an object isn't known to be the subject's, for people."""
    mine, *above = lineage
    if mine.object_type.parent is None:
        compared = [
            field
            for kind, fields in mine.object_type.fields().items()
            if kind in subject.values
            for field in fields
        ]
        names = ", ".join(compared) or "nothing"
        return f"no identifier of the subject matches it (compared: {names})"
    title = mine.object_type.parent.object
    if not above or all(one.data is None for one in above):
        return f"the {title} that it belongs to could not be found, so it is not known whose it is"
    return f"no identifier of the subject matches the {title} that it belongs to"


def changed_fields(
    data: Mapping[str, Any], reviewed_fields: Mapping[str, str] | None
) -> Iterator[str]:
    """The names of the fields that differ from what was reviewed, never their values."""
    if reviewed_fields is None:
        return
    for field in sorted(set(reviewed_fields) | set(data)):
        if field not in data or reviewed_fields.get(field) != schemas.digest(data[field]):
            yield field
