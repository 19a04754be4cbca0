"""Reads objects by the ids that were given, and proves that those that aren't there don't exist."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from te_connector.api.objects import read_object, show_path
from te_connector.errors import Forbidden, NotFound, OddAnswer, Rejected
from te_connector.manifest.model import ObjectType
from te_connector.search.collector import Collector
from te_connector.search.context import Search
from te_connector.search.outcome import Note


@attrs.frozen
class IdsRead:
    """How reading each id went."""

    read: int
    """How many objects were read."""
    notes: tuple[Note, ...]
    list_empty: bool = False
    """Whether the type's list has no objects, so that there is nothing to read."""


def read_ids(
    search: Search,
    object_type: ObjectType,
    ids: Sequence[str],
    collector: Collector,
    *,
    prove: bool = True,
) -> IdsRead:
    """Read each id and compare what comes.

    ``prove``: the outcome is to be complete, so a 404 counts only if another object of the type can
    be read by its id right after it. (A wrong path answers 404 to everything.) Without it, the ids
    are only a supplement to the list, and a failure is reported but not fatal.
    """
    read, notes, empty = 0, list[Note](), False
    for object_id in ids:
        search.client.check()
        try:
            item = read_object(search.client, object_type, object_id)
        except NotFound:
            unproven = _unproven(object_type)
            if prove and not empty and unproven not in notes:
                empty, works = _evidence(search, object_type, object_id)
                notes += [] if works or empty else [unproven]
            continue
        except (Forbidden, OddAnswer, Rejected) as error:
            detail = f"an object couldn't be read by the id that was given: {error}"
            notes.append(Note(error.code, detail, fatal=prove))
            continue
        read += 1
        collector.add([item])
        search.tell_ids(object_type, collector.found)
    return IdsRead(read, tuple(notes), empty)


def _evidence(search: Search, object_type: ObjectType, object_id: str) -> tuple[bool, bool]:
    """Whether the type's list is empty, and whether another object can be read by its id."""
    path = show_path(search.client, object_type, object_id)
    return path == "empty", path == "works"


def _unproven(object_type: ObjectType) -> Note:
    return Note(
        "absence_unproven",
        f"no {object_type.name} could be read by its id right after a 404, so it isn't proven that the "
        "ids that were given don't exist",
    )
