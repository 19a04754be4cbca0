"""Read every object of a list although the list changes: :func:`read_list`.

:mod:`~te_connector.api.lists.proof` says why no object is missed, and decides what pages prove. Here the
pages are asked for, from the last to the first. If they contradict each other, everything is read again,
once. If they still do, the list is read to its end all the same, and the result says why it isn't complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from te_connector.api.client import Client
from te_connector.api.lists.evidence import Evidence, ListOrder, ReadAgain
from te_connector.api.lists.page_reader import PageReader, PageSource
from te_connector.api.lists.proof import (
    Window,
    is_weak_sentinel,
    length_at_end,
    movement,
    next_place,
    serial_contradictions,
    shows_whole_group,
    shows_whole_group_together,
    snapshot_contradictions,
    torn_ties,
    was_inserted_in_front,
)
from te_connector.api.lists.sizes import page_around, window_size
from te_connector.api.lists.tally import Tally
from te_connector.api.pages import ClientPages, Item, OrderKey, Page
from te_connector.errors import Oversized
from te_connector.manifest.model import ObjectType

FIRST_WINDOW = 50
"""The number of pages that are read before the sentinel page is read for the first time."""
LEAST_BATCH = 4
"""If fewer pages than this can be read at once without a change, read them one by one."""
SERIAL_WINDOW = 8
"""So many are then read one by one before several at once are tried again."""
SMALL = 2 * 1024 * 1024
"""The most bytes of a page that is read at the same time as others: fifty large ones would be
gigabytes. A list with a larger page is read one by one from there on."""
_READINGS = 2
_TRIES = 6
_PROOFS = 3

Done = Callable[[int, int], None]
"""Gets the pages read and the pages known of, in the calling thread."""


def read_list(
    client: Client,
    object_type: ObjectType,
    each: Callable[[Sequence[Item]], None],
    done: Done | None = None,
) -> Tally:
    """Read every page of a type's list.

    ``each`` gets the objects of each page, in any thread; an object can come more than once.

    :raises AnswerError: a page couldn't be read; what came before it was passed on.
    :raises ConnectorError: the connection failed, or the reading was stopped.
    """
    order = ListOrder(
        path=object_type.path,
        key=object_type.order_key,
        unique=object_type.order_key == object_type.id_field,
        sorts=object_type.sorts,
        page_size=object_type.page_size,
        max_pages=client.settings.manifest.paging.max_pages,
    )
    return Reader(ClientPages(client, object_type, each), order, done).read()


class Reader:
    """Reads one list from a source of pages."""

    def __init__(self, source: PageSource, order: ListOrder, done: Done | None = None) -> None:
        self._source = source
        self._order = order
        self._done: Done = done or (lambda _read, _known: None)
        self._read = 0

    def read(self) -> Tally:
        """Read the list; once more if the pages contradict each other."""
        for reading in range(1, _READINGS):
            try:
                return self._once(Evidence(reading == _READINGS, self._order))
            except ReadAgain:
                continue
        return self._once(Evidence(True, self._order))

    def _once(self, evidence: Evidence) -> Tally:
        return _Reading(PageReader(self._source, evidence, self._tell), evidence).run()

    def _tell(self, read: int, known: int) -> None:
        self._read += read
        self._done(self._read, max(known, self._read))


class _Reading:
    """One reading of a list from its last page to its first."""

    def __init__(self, pages: PageReader, evidence: Evidence) -> None:
        self._pages = pages
        self._evidence = evidence
        self._tracker = evidence.tracker
        self._small = True
        self._moved = False
        self._sentinel = self._last = Page(1)

    def run(self) -> Tally:
        first = self._pages.first_page()
        last = self._last = self._sentinel = self._pages.last_page(first)
        self._tracker.add(last)
        if last.number > 1:
            lowest = self._read_down()
            self._check_front(first, lowest)
            self._check_length()
        elif len(last.ids) >= last.size and not self._tracker.rising:
            # One answer is one moment and needs no order, but a full page 1 needed two.
            self._evidence.contradict("order")
        evidence = self._evidence
        return Tally(
            seen=self._tracker.seen,
            pages=last.number,
            key=evidence.order.key,
            sort=self._pages.sort,
            contradictions=tuple(evidence.contradictions),
            left_out=evidence.left_out,
            end_named=last.last is not None,
            ties_sorted=evidence.unique and not evidence.order.unique,
        )

    def _read_down(self) -> Page:
        """Read all pages in front of the last one; gives the lowest."""
        above, joined, wanted = self._sentinel, True, FIRST_WINDOW
        high = self._last.number - 1
        if is_weak_sentinel(self._last, unique=self._evidence.unique):
            above, high = self._use_a_lower_sentinel(above), high - 1
        while high >= 1:
            batch = self._workers > 1 and wanted >= LEAST_BATCH
            size = self._size_of_window(high, wanted, batch=batch)
            pages = self._read_window(high, size, batch=batch)
            if pages is None:
                self._small = False
                continue
            before, after = self._sentinel, self._read_sentinel()
            how = movement(before, after, unique=self._evidence.unique)
            if how == "backward" and self._tracker.rising:
                self._evidence.contradict("inserted")
            window = Window(tuple(pages), above, before, after, joined)
            self._moved = self._moved or how != "none"
            joined = how == "none"
            wanted = size * 2 if joined else size // 2
            if joined or not batch:
                self._accept(window, snapshot=joined)
                above, high, wanted = pages[-1], high - size, max(LEAST_BATCH, wanted)
            if after.number <= high:  # the list became shorter than what is left of it
                self._tracker.add(after)
                above, joined, high = after, True, after.number - 1
        return above

    def _use_a_lower_sentinel(self, last: Page) -> Page:
        """Take the page in front of the last one as the sentinel page, since all rows of that are tied."""
        page = self._pages.whole(self._pages.page(last.number - 1))
        self._accept(Window((page,), last, last, last, joined=False), snapshot=False)
        self._sentinel = page if page.ids else last
        return page

    @property
    def _workers(self) -> int:
        return self._pages.source.workers if self._small else 1

    def _size_of_window(self, left: int, wanted: int, *, batch: bool) -> int:
        if self._workers > 1 and not batch:
            wanted = SERIAL_WINDOW
        return window_size(left, wanted, self._workers, self._pages.size)

    def _read_window(self, high: int, size: int, *, batch: bool) -> list[Page] | None:
        """The pages from ``high`` down; None if they are too large to be read at the same time."""
        reader, numbers = self._pages, range(high, high - size, -1)
        if not batch:
            return [reader.whole(reader.page(number)) for number in numbers]
        requests = [reader.request(number, max_bytes=SMALL) for number in numbers]
        try:
            pages = reader.source.pages(requests, reader.arrived)
        except Oversized:
            return None
        for page in pages:
            self._evidence.note(page)
        return [reader.whole(reader.checked(page)) for page in pages]

    def _read_sentinel(self) -> Page:
        """The sentinel page as it is now; the last page if there is no such page any more."""
        now = self._pages.page(self._sentinel.number)
        if not now.ids:
            now = self._last = self._pages.last_page(self._pages.page(1))
        self._sentinel = now
        return now

    # What the pages show

    def _accept(self, window: Window, *, snapshot: bool) -> None:
        """Check the pages of a window against each other and count their objects."""
        evidence = self._evidence
        if self._tracker.rising:
            find = snapshot_contradictions if snapshot else serial_contradictions
            for what in find(window):
                evidence.contradict(what)
                self._tracker.rising = self._tracker.rising and what != "order"
        if not self._tracker.rising:
            evidence.contradict("order", lasting=self._tracker.pages_out_of_order > 1)
        if not (snapshot or evidence.unique) and any(page.tied_inside for page in window.pages):
            evidence.contradict("ties")
        torn = {} if evidence.unique else torn_ties(window, snapshot=snapshot)
        for page in window.pages:
            if window.before is not window.after and window.before.number == window.after.number:
                self._check_last(page, window.after)
            if page.number in torn and self._tracker.rising:
                self._read_group(torn[page.number], page.number)
            self._tracker.add(page)

    def _check_last(self, page: Page, sentinel: Page) -> None:
        """No page names a last page in front of the sentinel page, which has objects."""
        named_before = "last" in self._evidence.contradictions
        if named_before or page.last is None or page.last >= sentinel.number:
            return
        for _ in range(_PROOFS):  # the list can have been shorter for a moment
            again = self._pages.page(page.number)
            if again.last is None or again.last >= self._read_sentinel().number:
                return
        self._evidence.contradict("last", lasting=True)

    def _read_group(self, key: OrderKey, number: int) -> None:
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
            before = self._read_sentinel()
            pages = self._pages_of_group(key, min(number, before.number))
            after = self._read_sentinel()
            still = movement(before, after, unique=self._evidence.unique) == "none"
            if still and shows_whole_group_together(pages, key):
                return self._add_group(pages, key)
        return self._evidence.contradict("ties")

    def _pages_of_group(self, key: OrderKey, number: int) -> list[Page]:
        """The pages that have rows with this key, the last one first, and others on both sides."""
        above, below = [self._pages.page(number + 1)], [self._pages.page(number)]
        for _ in range(FIRST_WINDOW):
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
            self._tracker.add(Page(page.number, tuple(ids), (key,) * len(ids)))

    def _check_front(self, start: Page, now: Page) -> None:
        """There is nothing new among the objects that the list began with."""
        if self._tracker.rising and was_inserted_in_front(start, now):
            self._evidence.contradict("inserted")

    def _last_page_now(self) -> Page:
        """The last page, checked again for what it lacks if the list moved since that was done."""
        last = self._sentinel
        if last.number < self._last.number:
            behind = self._pages.page(last.number + 1)
            last = behind if behind.ids else last
        lacked = frozenset[str]()
        for _ in range(_TRIES if self._moved else 0):
            missing = self._pages.lacking(last)
            again = self._pages.page(last.number)
            if set(last.ids) <= set(again.ids):
                if not missing:
                    break
                if missing & lacked:
                    self._evidence.contradict("short")
                    break
            lacked = missing - set(again.ids)
            last = again if again.ids else self._pages.last_page(self._pages.page(1))
        return last

    def _check_length(self) -> None:
        """We met at least as many objects of the start as the list has at the end."""
        last = self._last_page_now()
        self._tracker.add(last)
        if not self._tracker.rising or (self._moved and self._evidence.left_out):
            return  # left-out places move too, so they can't be distinguished from missed objects
        while last.number > 1 and not any(map(self._tracker.is_old, last.keys)):
            last = self._pages.page(last.number - 1)  # full of objects that were added meanwhile
            self._tracker.add(last)
        length = length_at_end(last, self._tracker.is_old)
        if self._tracker.old + self._evidence.left_out < length:
            self._evidence.contradict("count")
