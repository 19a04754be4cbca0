"""What a deletion would do, by connection and object type, before it is approved. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from te_connector.portal.desk.disclosure import to_delete
from te_connector.portal.desk.findings import Found


@attrs.frozen
class Outlook:
    """How many objects of a type were found, and what becomes of them."""

    connection: str
    object_type: str
    found: int
    to_delete: int
    held: int
    """Chosen, and a hold keeps them: their deletion is refused."""
    not_deletable: int
    """Chosen, and the API has no way to delete them: the vendor must."""
    kept: int
    """Not chosen, or it belongs to an object that is left out."""


def of(found: Sequence[Found], held: Mapping[int, str]) -> list[Outlook]:
    """The outlook of every type, in order of appearance. ``held`` has the reasons by record id."""
    going = {one.id for one in to_delete(found)}
    types: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        types.setdefault((one.connection, one.object_type), []).append(one)
    return [_of_type(*key, group, held, going) for key, group in types.items()]


def _of_type(
    connection: str,
    object_type: str,
    group: Sequence[Found],
    held: Mapping[int, str],
    going: Collection[int],
) -> Outlook:
    chosen = [one for one in group if one.id in going]
    kept_by_hold = sum(one.id in held for one in chosen)
    stuck = sum(not one.deletable and one.id not in held for one in chosen)
    return Outlook(
        connection,
        object_type,
        found=len(group),
        to_delete=len(chosen) - kept_by_hold - stuck,
        held=kept_by_hold,
        not_deletable=stuck,
        kept=len(group) - len(chosen),
    )
