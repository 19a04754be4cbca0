"""Read single pages of a list so that each is whole, and find the last one.

A page that is too large, or has fewer objects than it should, is read again in smaller pages.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs

from te_connector.api.lists.evidence import Evidence
from te_connector.api.lists.last_page import find_last_page
from te_connector.api.lists.proof import (
    is_out_of_order_behind,
    is_weak_sentinel,
    lacking,
    link_contradiction,
    may_go_on,
)
from te_connector.api.lists.sizes import parts_of
from te_connector.api.lists.source import PageSource
from te_connector.api.pages import Page, PageRequest
from te_connector.api.transport import MAX_BODY
from te_connector.errors import Oversized

_TRIES = 6
"""So often something is looked at again while the list changes under it."""
_PROOFS = 3


class PageReader:
    """Reads pages for one reading of a list."""

    def __init__(
        self, source: PageSource, evidence: Evidence, tell: Callable[[int, int], None]
    ) -> None:
        self.source = source
        self.size = evidence.order.page_size
        self.known_pages = 1
        self._evidence = evidence
        self._order = evidence.order
        self._tell = tell
        self.sort: str | None = None
        self._refuses_past_end: bool | None = None

    def request(self, number: int, size: int = 0, max_bytes: int = MAX_BODY) -> PageRequest:
        """The request for a page in the size and the order of this reading."""
        return PageRequest(number, size or self.size, self.sort, max_bytes)

    def arrived(self, count: int) -> None:
        """Report that pages came."""
        self._tell(count, self.known_pages)

    def page(self, number: int) -> Page:
        """One page with links that don't contradict each other, if there is one."""
        return self.checked(self.answer(number))

    def answer(self, number: int, size: int = 0) -> Page:
        """One page as the server gives it; put together from smaller ones if it is too large."""
        try:
            page = self.source.page(self.request(number, size))
        except Oversized:
            self.arrived(1)
            page = self._from_parts(number, size or self.size)
            if not page.ids:
                self._evidence.contradict("size")  # what was too large isn't nothing
            return page
        self.arrived(1)
        self._evidence.note(page)
        return page

    def checked(self, page: Page) -> Page:
        """The page, or what comes when it is read again because its links contradict."""
        what = link_contradiction(page)
        if what is None or what in self._evidence.contradictions:
            return page
        page = self.answer(page.number, page.size)
        what = link_contradiction(page)
        if what is not None:
            self._evidence.contradict(what, lasting=True)
        return page

    def _from_parts(self, number: int, size: int) -> Page:
        """A page put together from smaller ones, the last one first.

        :raises Oversized: even a page of one object is too large.
        """
        parts = parts_of(number, size)
        if parts is None:
            raise Oversized(
                f"GET {self._order.path} has an object that is too large to read.", status=200
            )
        numbers, part_size = parts
        pages = [self.answer(part, part_size) for part in numbers]
        pages.reverse()
        return Page(
            number=number,
            ids=tuple(object_id for page in pages for object_id in page.ids),
            keys=tuple(key for page in pages for key in page.keys),
            first=pages[0].first,
            next=number + 1 if pages[-1].goes_on else None,
            size=size,
            past_end=all(page.past_end for page in pages),
            tied_inside=any(
                lower.keys[-1:] == upper.keys[:1] != ()
                for lower, upper in itertools.pairwise(pages)
            ),
        )

    def whole(self, page: Page) -> Page:
        """An inner page, checked for having all of its objects.

        If it has too few, smaller pages show why. The same objects: the server leaves some out after
        it made the page. All of the objects: something between cut the page. Anything else is a
        contradiction, for example because the server now makes pages of another size.
        """
        parts = page
        for _ in range(_PROOFS):
            if len(page.ids) == page.size or page.past_end or page.at_end:
                return page
            if len(page.ids) > page.size or page.size == 1:
                break
            parts = self._from_parts(page.number, page.size)
            if len(set(parts.ids)) < len(parts.ids):
                continue  # something moved between the parts
            if parts.ids == page.ids:
                if not page.nothing_here:
                    self._evidence.left_out += page.size - len(page.ids)
                return page
            if len(parts.ids) == page.size and set(page.ids) <= set(parts.ids):
                return parts
            page = self.page(page.number)
        self._evidence.contradict("size" if len(page.ids) > page.size else "short")
        return page if len(page.ids) >= len(parts.ids) else parts

    # The last page

    def named_last_page(self, first: Page) -> Page | None:
        """The page that page 1 names as the last one, if it says so too and can be a sentinel page.

        None: it doesn't, or there is no use in knowing, because pages aren't read at the same time.
        """
        number = first.last or 1
        if self.source.workers < 2 or not 1 < number <= self._order.max_pages:
            return None
        page = self.page(number)
        is_last = page.ids and page.at_end
        weak = is_weak_sentinel(page, unique=self._evidence.unique)
        return page if is_last and not weak else None

    def last_page(self, first: Page, named: Page | None = None) -> Page:
        """The last page that has objects. What comes right after its last object was looked at.

        ``named``: the page that :meth:`named_last_page` gave; it is returned if it is the last one.
        """
        if first.past_end:
            return first
        (last, after), lacked, before = self._find_last(named or first), frozenset[str](), first
        for _ in range(_TRIES):
            number, more = last.number, self.lacking(last, after)
            surely_full = len(last.ids) >= last.size and after.past_end
            if surely_full and number == 1 and not self._keeps_rows(before, last):
                before = last
                last, after = self._find_last(before)
                continue
            if not more and (number > 1 or surely_full):
                break
            again = self.page(number)
            if not more and set(last.ids) <= set(again.ids):
                break
            last = again
            if len(last.ids) >= last.size or not last.ids:
                last, after = self._find_last(first)
            missing = more - set(last.ids) if last.number <= number else frozenset[str]()
            if missing & lacked:  # once, it can have been deleted in between
                self._evidence.contradict("short")
                break
            lacked = missing
        else:
            if not self._evidence.tracker.rising:
                # Without an order nothing else shows what it lacks.
                self._evidence.contradict("order")
        return last

    def _keeps_rows(self, before: Page, last: Page) -> bool:
        """Whether a full page 1 that is the last one surely has all rows.

        Tied rows can change places across its end, and new ones push them behind it. They didn't if it
        shows the rows that it had before the page after it was read.
        """
        return self._evidence.unique or set(before.ids) <= set(last.ids)

    def now(self, page: Page) -> Page:
        """The page as it is now; the last page if there is no such page any more."""
        again = self.page(page.number)
        return again if again.ids else self.last_page(self.page(1))

    def lacking(self, last: Page, after: Page | None = None) -> frozenset[str]:
        """The ids of objects that the last page should have, and hasn't."""
        behind = self._behind(last, after or Page(last.number + 1, past_end=True))
        if is_out_of_order_behind(last, behind):
            self._evidence.contradict("order")
        return lacking(last, behind, unique=self._evidence.unique)

    def _find_last(self, first: Page) -> tuple[Page, Page]:
        order = self._order
        last, after = find_last_page(
            self.page, self._is_past_end, first, order.max_pages, order.path
        )
        self.known_pages = max(self.known_pages, last.number)
        if after.ids and after is not last:
            self._evidence.contradict("repeated", lasting=True)
        if last.number == 1 and len(last.ids) >= last.size:
            last = self.page(1)  # an object can have moved onto it before page 2 was read
        if last.last is not None and last.last < last.number and last.ids:
            last = self.page(last.number)
            if last.last is not None and last.last < last.number:
                self._evidence.contradict("last", lasting=True)
        return last, after

    def _is_past_end(self, page: Page) -> bool:
        """Whether the list has no objects on this page or after it.

        The document says 422 for one list, and nothing for others. An empty page without links is past
        the end unless this server refuses a page that is far past it.
        """
        if page.ids or page.goes_on or page.past_end or page.last is not None:
            return page.nothing_here
        if self._refuses_past_end is None:
            self._refuses_past_end = self.page(self._order.max_pages).past_end
        return not self._refuses_past_end

    def _behind(self, last: Page, after: Page) -> Page:
        """What comes after the last object: a smaller page that has that place in it.

        If others may follow that one, they are read too.
        """
        if len(last.ids) >= last.size and after.past_end:
            return after
        parts = parts_of(last.number, last.size)
        if parts is None:
            return after
        offset = (last.number - 1) * last.size + len(last.ids)
        pages = [self.answer(offset // parts[1] + 1, parts[1])]
        # An empty page after it can be cut too, so the place of that one is looked at as well.
        end = max(parts[0]) + (0 if after.past_end else len(parts[0]))
        while may_go_on(pages[-1]) and pages[-1].number < end:
            pages.append(self.answer(pages[-1].number + 1, parts[1]))
        return attrs.evolve(
            pages[0],
            ids=tuple(object_id for page in pages for object_id in page.ids),
            keys=tuple(key for page in pages for key in page.keys),
        )
