"""Many pages under way at once, sentinels among them: what is proven and what to ask for next.

Pure: a frozen :class:`Stream` and its events. The thread that sends and waits is in
:mod:`~te_connector.api.lists.descent`.

**The rule.** Let the sentinel page be the one that :mod:`~te_connector.api.lists.proof` describes. A page
is proven if it was sent after one reading of the sentinel page arrived, and arrived before a later,
equal one was sent, with no different one in between. When a sentinel differs, let *h* be the highest
page that isn't proven. All pages from 1 to *h* are forgotten, whether proven or under way, and that
sentinel, since it has arrived, starts a new era. The reading goes on from *h*. Objects that were
found stay found. If the sentinel page is gone, the new last page *N* is read whole, and the reading
goes on from the lower of *h* and *N* - 1.

**Why.** Nothing in front of the sentinel page went between two equal readings of it. So the proven pages
of an era are of one moment, a snapshot, though no request waited for another. The pages of an era that
are kept are those above *h*, without a gap. So when the era ends, each row at an offset from ``h*size``
on is read. Rows only move forward, so the argument in ``proof`` goes on from page *h* as it does from
page to page.

**What looser rules miss.** Pages [1 2][3 4][5 6][7 8][9 10], the sentinel page is [9 10].

1. Page 4 is slow; pages 3 and 2 arrive, and the sentinel is still [9 10]. Then row 1 goes. Page 4
   arrives as [8 9], and the sentinel as [10]. Keep the proven pages 3 and 2, read 4 and 1 again: row 7
   is now on page 3 and is missed. Hence "without a gap".
2. Page 2 = [3 4] was read before row 1 went, pages 4 and 3 failed. Read only those again, as [8 9] and
   [6 7]: row 5 is now on page 2 and is missed. Hence "all pages from 1 to *h*".

At most one sentinel is under way at a time, so their order is known. "Sent" is noted before a request
is really sent and "arrived" after it has arrived, so what the stream knows is never more than what is so.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from te_connector.api.lists.sizes import MAX_HELD
from te_connector.api.lists.tally import LEAST_WINDOW
from te_connector.api.pages import Page

_GROWTH = 8
"""The window grows by one for this many pages that an equal sentinel proves, and for a rest of them."""
_SMALL = 5
"""The window after a sentinel that differed. If not even a small one is proven, pages are read one by one
for a while. With a deletion every 25 requests this takes twice the requests of a quiet list, and less time
than page by page (benchmarks/scan.py)."""


@attrs.frozen
class Stream:
    """What is known of the pages from ``high`` down; all pages above it are read and kept.

    ``following``: the next page to send. ``window``: how many pages may be sent and not proven.
    ``asked``: the pages that had arrived when the sentinel that is under way was sent; None if none is.
    ``kept``: a page was proven and kept since a sentinel differed last.
    """

    high: int
    following: int
    window: int
    spacing: int
    most: int
    era: int = 0
    under_way: frozenset[int] = frozenset()
    arrived: Mapping[int, Page] = attrs.field(factory=dict)
    proven: frozenset[int] = frozenset()
    asked: frozenset[int] | None = None
    kept: bool = False

    @property
    def unproven(self) -> int:
        """How many pages have arrived and aren't proven."""
        return len(self.arrived) - len(self.proven)

    @property
    def may_send_page(self) -> bool:
        """Whether there is a page to send, and the window permits it."""
        return self.following >= 1 and self.high - self.following < self.window

    @property
    def sentinel_is_due(self) -> bool:
        """Whether a sentinel is worth its request: many pages wait for it, or nothing else is to do."""
        if self.asked is not None or not self.unproven:
            return False
        return self.unproven >= self.spacing or not (self.may_send_page or self.under_way)

    def page_sent(self) -> Stream:
        """The page ``following`` is about to be sent."""
        sent = self.under_way | {self.following}
        return attrs.evolve(self, under_way=sent, following=self.following - 1)

    def page_arrived(self, era: int, page: Page) -> Stream:
        """A page that was sent in ``era`` has arrived; one of an earlier era is forgotten."""
        if era != self.era:
            return self
        return attrs.evolve(
            self,
            under_way=self.under_way - {page.number},
            arrived={**self.arrived, page.number: page},
        )

    def sentinel_sent(self) -> Stream:
        """A sentinel is about to be sent."""
        return attrs.evolve(self, asked=frozenset(self.arrived))

    def sentinel_was_equal(self) -> tuple[Stream, tuple[Page, ...]]:
        """The sentinel has arrived and is equal; gives the pages to keep, from ``high`` down, too."""
        proven = self.proven | (self.asked or frozenset())
        high, kept = self.high, list[Page]()
        while high in proven:
            kept.append(self.arrived[high])
            high -= 1
        return attrs.evolve(
            self,
            high=high,
            window=min(self.most, self.window + -(-len(kept) // _GROWTH)),
            arrived={number: page for number, page in self.arrived.items() if number <= high},
            proven=frozenset(number for number in proven if number <= high),
            asked=None,
            kept=self.kept or bool(kept),
        ), tuple(kept)

    def sentinel_differed(self, last: int) -> Stream:
        """The sentinel has arrived and differs; ``last`` is the number of its page now."""
        high = min(self.high, last - 1)
        return attrs.evolve(
            self,
            high=high,
            following=high,
            window=_SMALL if self.kept or self.window > _SMALL else 1,
            era=self.era + 1,
            under_way=frozenset(),
            arrived={},
            proven=frozenset(),
            asked=None,
            kept=False,
        )


def start(high: int, window: int, workers: int, page_size: int) -> Stream:
    """A stream from page ``high`` down. The latest reading of the sentinel page has arrived.

    The window has room for the pages under way, those that wait for a sentinel, and those that arrive
    while it is under way. So a list that doesn't change is read without a pause.
    """
    spacing = max(LEAST_WINDOW, workers)
    most = max(1, min(3 * spacing, MAX_HELD // max(1, page_size)))
    return Stream(high=high, following=high, window=min(window, most), spacing=spacing, most=most)
