"""The sandbox's data."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import attrs

Json = dict[str, Any]
Order = Callable[[Json], Any]


def newest_first(item: Json) -> tuple[str, Any]:
    """Order by creation; for a reversed sort."""
    return str(item.get("internal_created_at")), item["id"]


class Table:
    """Objects of one type by id, in their natural order; safe to use from several threads."""

    def __init__(self, items: Iterable[Json], order: Order) -> None:
        self._items: dict[str, Json] = {str(item["id"]): item for item in items}
        self._order = order
        self._archived: set[str] = set()
        self._gone: set[str] = set()
        self._sorted: dict[str, list[Json]] = {}
        self._lock = threading.RLock()

    def get(self, object_id: str) -> Json | None:
        """The object, with a flag if it is archived, or None."""
        with self._lock:
            item = self._items.get(object_id)
            if item is not None and object_id in self._archived:
                return {**item, "archived": True}
            return item

    def was_deleted(self, object_id: str) -> bool:
        """Whether an object with this id was deleted."""
        return object_id in self._gone

    def all(self) -> list[Json]:
        """All objects, archived ones too, in natural order."""
        with self._lock:
            return sorted(self._items.values(), key=self._order)

    def put(self, item: Json) -> None:
        """Add or replace an object."""
        with self._lock:
            self._items[str(item["id"])] = item
            self._gone.discard(str(item["id"]))
            self._sorted.clear()

    def remove(self, object_id: str) -> None:
        """Delete an object; does nothing if there is none with this id."""
        with self._lock:
            if self._items.pop(object_id, None) is not None:
                self._gone.add(object_id)
            self._archived.discard(object_id)
            self._sorted.clear()

    def archive(self, object_id: str) -> None:
        """Remove an object from the list but keep it readable."""
        with self._lock:
            self._archived.add(object_id)
            self._sorted.clear()

    def listed(self, sort: str = "", *, archived: bool = False) -> list[Json]:
        """The objects (or the archived ones) by ``sort``, such as ``last_name,-id``."""
        key = f"{sort}|{archived}"
        with self._lock:
            if key not in self._sorted:
                chosen = [
                    item for item in self.all() if (str(item["id"]) in self._archived) is archived
                ]
                self._sorted[key] = _arranged(chosen, sort)
            return self._sorted[key]

    def newest(self) -> list[Json]:
        """The objects, newest first."""
        with self._lock:
            if "newest" not in self._sorted:
                self._sorted["newest"] = sorted(self.listed(), key=newest_first, reverse=True)
            return self._sorted["newest"]

    def is_scalar(self, name: str) -> bool:
        """Whether the API can sort by the attribute ``name``."""
        with self._lock:
            first = next(iter(self._items.values()), {name: None})
        return name in first and not isinstance(first[name], dict | list)


@attrs.frozen
class Tables:
    """All data of the CRM."""

    contacts: Table
    users: Table
    responses: Table
    notes: Table
    activity: Table
    insights: Table
    campaign_activity: Table
    loans: Table
    accounts: Table
    opportunities: Table
    unsubscribes: Table
    recruits: Table

    def named(self, name: str) -> Table:
        """The table of that name."""
        table: Table = getattr(self, name)
        return table

    def delete(self, name: str, object_id: int | str, *, cascade: bool = False) -> None:
        """Delete an object; with ``cascade``, what belongs to a contact goes with it."""
        self.named(name).remove(str(object_id))
        if name != "contacts" or not cascade:
            return
        belonging = (
            self.responses,
            self.notes,
            self.activity,
            self.insights,
            self.campaign_activity,
        )
        for table in belonging:
            for item in table.all():
                contact = item.get("contact") or {"id": item.get("contact_id")}
                if str(contact["id"]) == str(object_id):
                    table.remove(str(item["id"]))


def without_time(item: Json) -> Json:
    """The object with the time of day of its creation set to midnight."""
    if "internal_created_at" not in item:
        return item
    return {**item, "internal_created_at": f"{str(item['internal_created_at'])[:10]} 00:00:00"}


def shuffled_days(items: list[Json], dice: random.Random) -> list[Json]:
    """Objects in order of creation, with the objects of each day in random order.

    A database that sorts by a value with duplicates may return the duplicates in any order.
    """
    found: list[Json] = []
    for _, group in groupby(items, key=lambda item: str(item["internal_created_at"])[:10]):
        rows = list(group)
        dice.shuffle(rows)
        found += rows
    return found


def _arranged(items: list[Json], sort: str) -> list[Json]:
    # Python's sort is stable, so the last field goes first.
    for part in reversed([part for part in sort.split(",") if part]):
        name = part.removeprefix("-")
        items = sorted(items, key=lambda item: _rank(item.get(name)), reverse=part.startswith("-"))
    return items


def _rank(value: object) -> tuple[bool, float, str]:
    if isinstance(value, int | float):
        return True, float(value), ""
    return value is not None, 0.0, str(value or "").casefold()
