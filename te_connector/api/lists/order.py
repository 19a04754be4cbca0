"""The order of a list: whether it rises as the proof needs, and how many different objects we met.

While the order rises, an object is new exactly if its key is below the lowest that was counted. So
the count needs the ids at the lowest and the highest key only, and no memory of the others. Once the
order is lost, the ids are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from te_connector.api.pages import OrderKey, Page


def out_of_order(before: OrderKey | None, after: OrderKey | None) -> bool:
    """Whether the order is broken between two neighbors. Keys that can't be compared break it."""
    if before is None or after is None or before[0] != after[0]:
        return True
    return after < before


def any_out_of_order(keys: Sequence[OrderKey | None]) -> bool:
    """Whether the order is broken anywhere along the keys."""
    if not keys:
        return False
    if None in keys:
        return True
    known = [key for key in keys if key is not None]
    return known[0][0] != known[-1][0] or known != sorted(known)


@attrs.define
class OrderTracker:
    """What the pages of one list show, added from the last page to the first.

    The first page that is added is the last of the list: its highest key is the highest at the
    start. Objects above it were added during the reading and are counted apart, as ``late``.
    """

    rising: bool = True
    pages_out_of_order: int = 0
    old: int = 0
    _low: OrderKey | None = None
    _high: OrderKey | None = None
    _at_low: set[str] = attrs.Factory(set)
    _at_high: set[str] = attrs.Factory(set)
    _late: set[str] = attrs.Factory(set)
    _known: set[str] = attrs.Factory(set)

    @property
    def seen(self) -> int:
        """How many different objects were added."""
        return self.old + len(self._late)

    def check(self, page: Page) -> None:
        """Note whether the order is broken within the page. A page is one moment, so this counts
        whatever becomes of the page.
        """
        if any_out_of_order(page.keys):
            self.rising = False
            self.pages_out_of_order += 1

    def is_old(self, key: OrderKey | None) -> bool:
        """Whether an object with this key can have been there at the start."""
        return self._high is None or key is None or not key > self._high

    def add(self, page: Page) -> None:
        """Count the objects of a page that was checked."""
        if self.rising and self._low is not None and page.keys:
            top, bottom = page.keys[-1], page.keys[0]
            if top is not None and bottom is not None and top < self._low:
                self.old += len(page.ids)  # the usual page: all of it is new
                self._low = bottom
                pairs = zip(page.ids, page.keys, strict=True)
                self._at_low = {object_id for object_id, key in pairs if key == bottom}
                return
        for object_id, key in zip(reversed(page.ids), reversed(page.keys), strict=True):
            self._add_one(object_id, key)

    def _add_one(self, object_id: str, key: OrderKey | None) -> None:
        if not self.rising or key is None:
            groups = (self._known, self._at_low, self._at_high, self._late)
            if not any(object_id in ids for ids in groups):
                self._known.add(object_id)
                self.old += 1
        elif self._low is None or self._high is None:
            self._low = self._high = key
            self._at_low, self._at_high = {object_id}, {object_id}
            self.old += 1
        elif key > self._high:
            self._late.add(object_id)
        elif key < self._low:
            self._low, self._at_low = key, {object_id}
            self.old += 1
        else:
            self._add_tie(object_id, key)

    def _add_tie(self, object_id: str, key: OrderKey) -> None:
        """An object whose key is the lowest or the highest so far; any other was counted before."""
        groups = []
        if key == self._low:
            groups.append(self._at_low)
        if key == self._high:
            groups.append(self._at_high)
        if groups and not any(object_id in ids for ids in groups):
            self.old += 1
        for ids in groups:
            ids.add(object_id)
