"""What pages prove about a list that changes while it is read. Pure functions; nothing is sent here.

Pages are offsets: page *p* is the rows ``(p-1)*size .. p*size`` of the list as it is when the server
answers. If a row in front goes away, all rows behind it move one place forward, and one of them can
move from a page that we haven't read to a page that we have. Tools that read page after page miss
that object without notice.

**The assumption.** At every moment the keys never fall along the list, an object keeps its key, and
each new object has a key at least as high as the highest so far, so it goes last. Ids and creation
times are such keys. The coverage's reason states the assumption, and the pages show if it is broken.

**From the last page to the first, one by one.** Under the assumption only deletions move rows, and only
forward. Let all rows at offsets from ``p*size`` on be read at the time page *p+1* is answered. When
page *p* is answered later, each row at those offsets was there before at the same offset or a higher
one, so it is read. Page *p* itself adds the offsets from ``(p-1)*size`` on. So every object that is
there from the first request to the last is read, whatever is deleted in between.

This needs a *total* order. Rows with equal keys may be ordered differently in each answer. Then a row
can change places with another of its group, across the boundary between two pages, while it is at a
page that we read before or read later. This happens only if the group has rows on both sides of the
boundary, so only if the last key of page *p* equals the first key of page *p+1*. Such a group must be
seen whole in one moment: in one page with other keys on both sides, or in pages of one snapshot.

**Several pages at once** are answered at different moments. A *sentinel page* near the end of the list
is read before and after them. If it shows the same rows, nothing in front of it was deleted in between,
so all pages in between are of one moment: a *snapshot*. (With unique keys it is enough that the first
row is the same: it never comes back once it moved. With ties all rows of the page must be the same, and
the page must have at least two different keys.) The pages of a snapshot can't share an object. That
also settles ties inside a snapshot: if each group's rows are on pages of one snapshot and no object
is there twice, then as many different rows as the group has were read. If the sentinel page moved
forward, what isn't proven is read again, with fewer pages at once, in the end page by page. If it moved
backward, something came in front, which the assumption forbids. Requests and sentinels don't wait for
each other: :mod:`~te_connector.api.lists.stream` has the rule for that, and why it holds.

**While the last page is looked for.** The page that page 1 names as the last one can be the sentinel page
as soon as it is read. So pages in front of it are asked for before the page after it shows that the list
ends there. None is accepted before that. It doesn't matter that they are answered earlier: between two
equal readings of the sentinel page they are of one moment, whenever in between they are answered. If the
list ends elsewhere, they are all forgotten.

**At the end** the list's length is known from the last page: all rows before it plus its own. We must
have met at least that many objects, not counting those above the highest key at the start.

**What no page shows.** If an object comes in front of others (because it is un-archived, say) and
another one in front is deleted before the next answer, no row on a later page moves. The reason
says so. The same is true of an object that is missing from a single answer, and of an answer that is older
than the one before it, from a replica that lags behind without a header that says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import attrs

from te_connector.api.lists.order import any_out_of_order, out_of_order
from te_connector.api.lists.tally import Contradiction
from te_connector.api.pages import OrderKey, Page

Movement = Literal["none", "forward", "backward"]


# Page by page


def link_contradiction(page: Page) -> Contradiction | None:
    """What is wrong with the page numbers that a page gives; a number that it doesn't give is fine.

    ``last`` is compared with the sentinel page, not here.
    """
    if not page.ids:
        return None  # how an empty list names its pages is documented nowhere
    if page.first == 0 or (page.number == 1 and page.prev == 0):
        return "from_zero"
    before = None if page.number == 1 else page.number - 1
    if page.first not in (None, 1) or page.prev not in (None, before):
        return "links"
    if page.next not in (None, page.number + 1):
        return "links"
    return None


def is_weak_sentinel(page: Page, *, unique: bool) -> bool:
    """Whether the page can't show that rows in front of it moved, since its rows are all tied."""
    return not unique and len(set(page.keys)) < 2


def movement(before: Page, after: Page, *, unique: bool) -> Movement:
    """How the rows of the sentinel page moved between two readings of it.

    ``unique``: no two objects have the same key, so the first row alone shows it.
    """
    if after.number != before.number or not (before.ids and after.ids):
        return "forward"
    if unique:
        if before.ids[0] == after.ids[0]:
            return "none"
    elif _has_the_same_rows(before, after):
        return "none"
    backward = out_of_order(before.keys[0], after.keys[0]) or before.ids[0] in after.ids[1:]
    return "backward" if backward and unique else _movement_of_ties(before, after)


def _has_the_same_rows(before: Page, after: Page) -> bool:
    if is_weak_sentinel(before, unique=False) or not set(before.ids) <= set(after.ids):
        return False
    added = [key for id_, key in zip(after.ids, after.keys, strict=True) if id_ not in before.ids]
    return not any(out_of_order(before.keys[-1], key) for key in added)


def _movement_of_ties(before: Page, after: Page) -> Movement:
    first, now = before.keys[0], after.keys[0]
    return "backward" if out_of_order(first, now) else "forward"


def rows_moved(before: Page, after: Page) -> int | None:
    """By how many places the rows of the sentinel page moved forward; None if it doesn't show."""
    if after.number == before.number and after.ids and after.ids[0] in before.ids:
        return before.ids.index(after.ids[0])
    return None


# Windows: pages between two readings of the sentinel page, from the last to the first


@attrs.frozen
class Window:
    """Pages that were read between two readings of the sentinel page.

    ``above`` is the page that was read before the first of them. ``joined``: it belongs to the same
    snapshot, because the sentinel page hasn't moved since before it was read.
    """

    pages: tuple[Page, ...]
    above: Page
    before: Page
    after: Page
    joined: bool

    def neighbors(self) -> list[tuple[Page, Page]]:
        """Each page with the page above it, which was read before."""
        return list(zip((self.above, *self.pages), self.pages, strict=False))


def snapshot_contradictions(window: Window) -> list[Contradiction]:
    """What is wrong with pages of one moment: they can't share an object, and their keys rise."""
    found: list[Contradiction] = []
    ids = [object_id for page in window.pages for object_id in page.ids]
    keys: list[OrderKey | None] = [key for page in reversed(window.pages) for key in page.keys]
    others = set(window.after.ids)
    if window.joined:
        others.update(window.above.ids)
        keys += window.above.keys[:1]
    if any_out_of_order(keys):
        found.append("order")
    if len(set(ids)) < len(ids) or not others.isdisjoint(ids):
        found.append("twice")
    return found


def serial_contradictions(window: Window) -> list[Contradiction]:
    """What is wrong with pages that were read one by one while rows moved forward.

    A row that belongs on the page above, and wasn't there, was inserted. Each row that is on two pages
    of the window moved by one place, so there can't be more of them than the sentinel page moved.
    """
    found: list[Contradiction] = []
    if any(_has_inserted_rows(upper, lower) for upper, lower in window.neighbors()):
        found.append("inserted")
    moved = rows_moved(window.before, window.after)
    shared = sum(
        len(set(upper.ids).intersection(lower.ids))
        for upper, lower in itertools.pairwise(window.pages)
    )
    if moved is not None and shared > moved:
        found.append("twice")
    return found


def _has_inserted_rows(upper: Page, lower: Page) -> bool:
    """Whether a row of the lower page belongs on the upper one, and wasn't there when it was read."""
    if not upper.ids or not lower.ids:
        return False
    floor, top, known = upper.keys[0], upper.keys[-1], set(upper.ids)
    # Rows from beyond the upper page come right after its last row, if that many rows moved.
    passed = upper.ids[-1] in lower.ids
    for object_id, key in zip(lower.ids, lower.keys, strict=True):
        above = key != floor and not out_of_order(floor, key)
        beyond = not out_of_order(top, key) and key != top
        if object_id not in known and above and not (beyond and passed):
            return True
    return False


def was_inserted_in_front(start: Page, now: Page) -> bool:
    """Whether page 1 has a row that belongs among those of the start and wasn't there."""
    known, top = set(start.ids), start.keys[-1] if start.keys else None
    return any(
        object_id not in known and key is not None and top is not None and key < top
        for object_id, key in zip(now.ids, now.keys, strict=True)
    )


def lacking(last: Page, behind: Page, *, unique: bool) -> frozenset[str]:
    """The ids of objects that the last page should have had, by what comes behind its last object.

    With ties, a row that changed places with one that we know shows only in the number of rows.
    """
    known, top = set(last.ids), last.keys[-1] if last.keys else None
    if not unique and top is not None and top in behind.keys:
        end = (last.number - 1) * last.size + len(last.ids)
        if len(behind.ids) > max(0, end - (behind.number - 1) * behind.size):
            return frozenset(behind.ids)
    return frozenset(
        object_id
        for object_id, key in zip(behind.ids, behind.keys, strict=True)
        if object_id not in known and (key is None or top is None or key >= top)
    )


def is_out_of_order_behind(last: Page, behind: Page) -> bool:
    """Whether an object that we don't know comes behind the last page and belongs in front of its end."""
    known, top = set(last.ids), last.keys[-1] if last.keys else None
    return top is not None and any(
        object_id not in known and key is not None and key < top
        for object_id, key in zip(behind.ids, behind.keys, strict=True)
    )


def may_go_on(page: Page) -> bool:
    """Whether others can follow a page: it says so, or it is full and doesn't name the last one."""
    return page.goes_on or (page.last is None and len(page.ids) == page.size > 0)


# The end


def length_at_end(last: Page, is_old: Callable[[OrderKey | None], bool]) -> int:
    """How many objects of the start the list has at the end, from its last page that has one of them."""
    return (last.number - 1) * last.size + sum(map(is_old, last.keys))
