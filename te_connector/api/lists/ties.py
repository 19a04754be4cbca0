"""Objects with equal keys: which groups of them may be torn, and when one was seen whole.

:mod:`~te_connector.api.lists.proof` says why such a group must be seen whole in one moment. Pure functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from te_connector.api.lists.order import any_out_of_order
from te_connector.api.lists.proof import Window
from te_connector.api.pages import OrderKey, Page

ENOUGH_TIES = 20
"""So many neighbors with equal keys, all in the order of their ids, show that the server sorts by id
too: by chance it is one in a million."""


def torn_ties(window: Window, *, snapshot: bool) -> dict[int, OrderKey]:
    """Groups of equal keys that may be torn: the number of the page that each one ends, and its key.

    Inside a snapshot no group is torn. Between pages of different moments, one that reaches over the
    boundary can be.
    """
    torn: dict[int, OrderKey] = {}
    for upper, lower in window.neighbors():
        one_moment = snapshot and (window.joined or upper is not window.above)
        if one_moment or not upper.ids or not lower.ids:
            continue
        key = upper.keys[0]
        if key is not None and lower.keys[-1] == key:
            torn[lower.number] = key
    return torn


def shows_whole_group(page: Page, key: OrderKey) -> bool:
    """Whether a page has all rows with this key: other keys, or the list's ends, are on both sides."""
    if any_out_of_order(page.keys) or key not in page.keys:
        return False
    from_its_start = page.number == 1 or page.keys[0] != key
    is_last = not page.goes_on and (page.at_end or len(page.ids) < page.size)
    return from_its_start and (page.keys[-1] != key or is_last)


def shows_whole_group_together(pages: Sequence[Page], key: OrderKey) -> bool:
    """Whether pages of one snapshot, the last one first, have all rows with this key."""
    ids = [object_id for page in pages for object_id in page.ids]
    if not all(page.ids for page in pages) or len(set(ids)) < len(ids):
        return False
    top, bottom = pages[0], pages[-1]
    from_its_start = bottom.number == 1 or bottom.keys[0] != key
    return from_its_start and (top.keys[-1] != key or not top.goes_on)


def next_place(page: Page, key: OrderKey, low: int, high: int) -> tuple[int, int]:
    """Where to look next for the rows with this key: from ``low`` to before ``high``."""
    width = high - low
    if not page.keys or (page.keys[0] is not None and page.keys[0] > key):
        return low - width, low  # they moved forward
    last = page.keys[-1]
    if last is not None and last < key:
        return high, high + width
    return (
        low - width if page.keys[0] == key else low,
        high + width if last == key else high,
    )


def ties_in_id_order(page: Page) -> tuple[int, int]:
    """How many neighbors with equal keys are in the order of their ids, and how many aren't."""
    rising = falling = 0
    rows = list(zip(page.keys, page.ids, strict=True))
    for (key, object_id), (next_key, next_id) in itertools.pairwise(rows):
        if key == next_key:
            if _id_order(object_id) < _id_order(next_id):
                rising += 1
            else:
                falling += 1
    return rising, falling


def _id_order(object_id: str) -> tuple[int, int, str]:
    if object_id.isascii() and object_id.isdigit() and len(object_id) <= 30:
        return (0, int(object_id), "")
    return (1, 0, object_id.casefold())
