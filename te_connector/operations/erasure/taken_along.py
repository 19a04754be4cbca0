"""Whether deleting an object could take a held one along. Reads what is held and may belong to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.ids import has_shape, id_key
from te_connector.operations import ownership
from te_connector.operations.holds.cover import Cover, Holds, Key
from te_connector.operations.ownership import ReadRelative
from te_connector.text.field_paths import steps_of, values_at

IsGone = Callable[[ObjectType, str], bool]
"""Whether a 404 for this object is proof: reading another object of the type by its id works."""


def held_below(
    mine: tuple[ObjectType, str],
    held: Holds,
    manifest: Manifest,
    read: ReadRelative,
    is_gone: IsGone,
) -> Cover | None:
    """The hold on an object that the deletion of ``mine`` could take along, or None.

    The vendor doesn't say what a deletion takes along, so we assume the worst: everything that belongs
    to the object. Where we can't find out what a held object belongs to, it could be this object.
    """
    for object_type, object_id in held.below(mine[0]):
        why = _why(mine, object_type, object_id, manifest, read, is_gone)
        if why is not None:
            hold = held.on_object(object_type.name, object_id)
            reason = "" if hold is None else hold.reason
            return Cover(f"{why}: {reason}" if why else reason)
    return None


def _why(
    mine: tuple[ObjectType, str],
    object_type: ObjectType,
    object_id: str,
    manifest: Manifest,
    read: ReadRelative,
    is_gone: IsGone,
) -> str | None:
    """Why the held object stops the deletion; None if it doesn't, empty if it clearly belongs to it."""
    name = f"{object_type.name} {object_id} is held"
    unknown = "so it is not known whether it belongs to this object"
    relative = read(object_type, object_id)
    if relative.unread:
        return f"{name} and could not be read, {unknown} ({relative.unread})"
    if relative.data is None:
        return (
            None if is_gone(object_type, object_id) else f"{name} and could not be found, {unknown}"
        )
    parents = _parents(relative.data, object_type, manifest)
    if not parents:
        return f"{name} and names nothing that it belongs to, {unknown}"
    key = (mine[0].name, mine[1])
    above = ownership.lineage_of(relative, manifest, read)[1:]
    if key in parents or any((one.object_type.name, one.object_id) == key for one in above):
        return ""
    return None


def _parents(data: Mapping[str, Any], object_type: ObjectType, manifest: Manifest) -> set[Key]:
    """The objects that a held object belongs to, in any role."""
    parent = object_type.parent
    if parent is None:
        return set()
    shape = manifest.objects[parent.object].id_shape
    ids = [id_key(one) for field in parent.fields for one in values_at(data, steps_of(field))]
    return {(parent.object, one) for one in ids if one is not None and has_shape(one, shape)}
