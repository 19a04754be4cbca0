"""Accept the pages of a window: check them against each other, and count their objects.

Requests are sent only for what is rare: a last page that is named too early, and groups of equal keys
that may be torn.
"""

from __future__ import annotations

from collections.abc import Sequence

from te_connector.api.lists.evidence import Evidence
from te_connector.api.lists.page_reader import PageReader
from te_connector.api.lists.proof import (
    Window,
    movement,
    serial_contradictions,
    snapshot_contradictions,
)
from te_connector.api.lists.sizes import page_around
from te_connector.api.lists.ties import (
    next_place,
    shows_whole_group,
    shows_whole_group_together,
    torn_ties,
)
from te_connector.api.pages import OrderKey, Page

_MOST_PAGES_OF_GROUP = 50
_TRIES = 6
_PROOFS = 3


class Acceptance:
    """Accepts the windows of one reading, from the last page to the first."""

    def __init__(self, pages: PageReader, evidence: Evidence) -> None:
        self._pages = pages
        self._evidence = evidence

    def accept(self, window: Window, *, snapshot: bool) -> None:
        """Check the pages of a window against each other and count their objects."""
        evidence, tracker = self._evidence, self._evidence.tracker
        if tracker.rising:
            find = snapshot_contradictions if snapshot else serial_contradictions
            for what in find(window):
                evidence.contradict(what)
                tracker.rising = tracker.rising and what != "order"
        if not tracker.rising:
            evidence.contradict("order", lasting=tracker.pages_out_of_order > 1)
        if not (snapshot or evidence.unique) and any(page.tied_inside for page in window.pages):
            evidence.contradict("ties")
        torn = {} if evidence.unique else torn_ties(window, snapshot=snapshot)
        for page in window.pages:
            if window.before is not window.after and window.before.number == window.after.number:
                self._check_last(page, window.after)
            if page.number in torn and tracker.rising:
                self._read_group(torn[page.number], page.number, window.after)
            tracker.add(page)

    def _check_last(self, page: Page, sentinel: Page) -> None:
        """No page names a last page in front of the sentinel page, which has objects."""
        named_before = "last" in self._evidence.contradictions
        if named_before or page.last is None or page.last >= sentinel.number:
            return
        for _ in range(_PROOFS):  # the list can have been shorter for a moment
            again = self._pages.page(page.number)
            if again.last is None or again.last >= self._pages.now(sentinel).number:
                return
        self._evidence.contradict("last", lasting=True)

    def _read_group(self, key: OrderKey, number: int, sentinel: Page) -> None:
        """Read all rows with this key at one moment; they are on page ``number`` and the one after it.

        The best is one page with other keys on both sides. Otherwise several pages of a snapshot.
        """
        size = self._pages.size
        low, high = number * size - 2, number * size + 2
        for _ in range(_TRIES):
            place = page_around(low, high, size) or page_around(low, high - 1, size)
            if place is None:
                break
            page = self._pages.answer(*place)
            if shows_whole_group(page, key):
                return self._add_group([page], key)
            low, high = next_place(page, key, low, high)
        for _ in range(_TRIES):
            sentinel = before = self._pages.now(sentinel)
            pages = self._pages_of_group(key, min(number, before.number))
            after = self._pages.now(before)
            still = movement(before, after, unique=self._evidence.unique) == "none"
            if still and shows_whole_group_together(pages, key):
                return self._add_group(pages, key)
        return self._evidence.contradict("ties")

    def _pages_of_group(self, key: OrderKey, number: int) -> list[Page]:
        """The pages that have rows with this key, the last one first, and others on both sides."""
        above, below = [self._pages.page(number + 1)], [self._pages.page(number)]
        for _ in range(_MOST_PAGES_OF_GROUP):
            if above[-1].goes_on and above[-1].ids and above[-1].keys[-1] == key:
                above.append(self._pages.page(above[-1].number + 1))
            elif below[-1].number > 1 and below[-1].ids and below[-1].keys[0] == key:
                below.append(self._pages.page(below[-1].number - 1))
            else:
                break
        pages = [page for page in (*reversed(above), *below) if page.ids]
        return pages or below

    def _add_group(self, pages: Sequence[Page], key: OrderKey) -> None:
        for page in pages:
            ids = [id_ for id_, its in zip(page.ids, page.keys, strict=True) if its == key]
            self._evidence.tracker.add(Page(page.number, tuple(ids), (key,) * len(ids)))
