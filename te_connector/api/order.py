"""Counts the distinct objects of a list, and notices whether its order is what the promise needs.

While the order rises, an object is new exactly if it stands below the lowest or above the highest
that was counted, so the count needs the ids at those two keys alone and no memory of the rest. Once
the order is lost, ids are remembered.
"""

from __future__ import annotations

import attrs

from te_connector.api.pages import Order, Page, any_falls, falls


@attrs.define
class Census:
    """What the pages of one list show, taken in from the last page to the first."""

    rising: bool = True
    seen: int = 0
    _low: Order | None = None
    _high: Order | None = None
    _at_low: set[str] = attrs.Factory(set)
    _at_high: set[str] = attrs.Factory(set)
    _known: set[str] = attrs.Factory(set)

    def watch(self, page: Page) -> None:
        """See whether a key falls within the page."""
        if any_falls(page.keys):
            self.rising = False

    def highest_is(self, page: Page) -> bool:
        """Whether the page ends at or below the highest key that was counted."""
        return not page.keys or not falls(page.keys[-1], self._high)

    def overlaps(self, page: Page) -> bool:
        """Whether every object of the page was counted before, as if the page came a second time."""
        return bool(page.ids) and not any(map(self._is_new, page.ids, page.keys))

    def count(self, page: Page) -> None:
        """Count the objects of a page that was watched; pages come from the last to the first."""
        if (
            self.rising
            and page.keys
            and self._low is not None
            and not falls(page.keys[0], self._low)
        ):
            top, bottom = page.keys[-1], page.keys[0]
            if top is not None and top < self._low and bottom is not None:
                self.seen += len(page.ids)  # all of it is new: the usual page
                self._low = bottom
                pairs = zip(page.ids, page.keys, strict=True)
                self._at_low = {name for name, key in pairs if key == bottom}
                return
        for name, key in zip(reversed(page.ids), reversed(page.keys), strict=True):
            if self._is_new(name, key):
                self.seen += 1
            self._remember(name, key)

    def _is_new(self, name: str, key: Order | None) -> bool:
        if not self.rising or key is None:
            return not any(name in ids for ids in (self._known, self._at_low, self._at_high))
        if self._low is None or self._high is None or key < self._low or key > self._high:
            return True
        if key == self._low:
            return name not in self._at_low
        return key == self._high and name not in self._at_high

    def _remember(self, name: str, key: Order | None) -> None:
        if not self.rising or key is None:
            self._known.add(name)
            return
        if self._low is None or key < self._low:
            self._low, self._at_low = key, set()
        if self._high is None or key > self._high:
            self._high, self._at_high = key, set()
        if key == self._low:
            self._at_low.add(name)
        if key == self._high:
            self._at_high.add(name)
