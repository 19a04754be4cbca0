"""Every object of a list, once, though the list moves while it is read.

Pages are offsets: page *p* is rows ``(p-1)*size .. p*size`` of the list as it is when the page is
answered. When a row in front goes, everybody behind it moves one place forward, and somebody slips
from a page that was not yet read into one that was. Tools that read page after page miss that person
without a word. This is how nobody is missed here.

**Assumption A**, on which the promise rests (told in every coverage): a key never falls along the
list, and each object that is added has a key at least as high as the highest so far, so additions go
last. Ids and creation times are such keys. The pages show whether it holds.

**One page after the other, from the last to the first.** Under A only deletions move rows, and only
forward. All unread rows stand in front of the page that was read last, and move only towards pages
that are still to be read. So every object that is there from the first request to the last is read,
whatever goes meanwhile. Reading somebody twice is no harm.

**Several at once** need more, for two pages of one burst are answered at different moments. The last
page is a *fence*: under A its first object changes if anything in front of it went, and never changes
back. The fence is read before and after a burst. If both show the same first object, nothing in front
went in between, so all pages of the burst are of one moment, and the argument above holds with the
burst in place of the page. If not, the burst is read again as smaller ones, in the end page by page,
which needs no fence.

**Against what A forbids**, as far as it can be seen, the reading is not called complete: a key that
falls within a page, of those too that are read again; an addition in front of an older object (the page
behind it is looked at); an object that stands among those of the first page and was not there at the
start; an object that stands twice in pages of one moment, the fence among them. Somebody who came in
front and went again between two answers shows on no page: there A is all that there is. The reading
goes on all the same: what is found is found.

**The end of the list** is never guessed: not from a short page, a missing list, an error, or a page
seen before. It is what ``links`` says and the last page confirms; where ``links`` names no last page,
the end is searched for, and an empty page behind it confirms it.
"""

from __future__ import annotations

import concurrent.futures
import math
from collections.abc import Callable, Sequence

import attrs

from te_connector.api.client import Client
from te_connector.api.order import Census
from te_connector.api.pages import Item, Page, any_falls, falls, params_of, read_page
from te_connector.api.transport import MAX_BODY
from te_connector.errors import AnswerError, OddAnswer, Oversized, PastEnd, Rejected
from te_connector.manifest.model import ObjectType

MAX_IN_FLIGHT = 50
"""At most so many requests at once; latency and quota decide how many are used."""
SECONDS_OF_WORK = 0.003
"""What one page costs this process: more in flight than latency divided by it gains nothing."""
WORTH_HIDING = 0.015
"""A shorter way there and back costs less than the threads that would hide it."""
LEAST_BURST = 16
"""So many pages between two fences keep fences under a tenth of the requests."""
SMALL = 2 * 1024 * 1024
"""The most bytes of a page that is read beside others, several times a usual one: fifty large ones at
once would be gigabytes. A list that has a larger one is read page by page from there on."""
MAX_HELD = 500_000
"""So many objects' ids and keys of one burst are held at once, a hundred and some bytes each."""
_MOST_CHASES = 20
_REPEATED = (
    "the same object stands on two pages though nothing changed in between, so the server does not "
    "serve the pages of one list"
)

Each = Callable[[Sequence[Item]], None]
"""Gets the objects of each page as it comes, in any thread; one object may come more than once."""
Done = Callable[[int, int], None]
"""Gets the pages read and the pages known of, in the calling thread."""


@attrs.define
class Tally:
    """What a reading amounts to; ``faults`` say why it is not complete."""

    seen: int = 0
    pages: int = 0
    sorted: bool = True
    faults: list[str] = attrs.Factory(list)

    @property
    def complete(self) -> bool:
        """Whether everybody who was there from the first request to the last was met."""
        return not self.faults

    def fault(self, text: str) -> None:
        """Note once why the reading is not complete."""
        if text not in self.faults:
            self.faults.append(text)


class Reader:
    """Reads one list whole, once."""

    def __init__(
        self, client: Client, object_type: ObjectType, each: Each, done: Done | None = None
    ) -> None:
        self._client = client
        self._type = object_type
        self._each = each
        self._done: Done = done or (lambda _read, _known: None)
        self._sort = object_type.sort is not None
        self._census = Census()
        self._tally = Tally()
        self._read = 0
        self._size = MAX_IN_FLIGHT
        self._small = True
        self._burst_before: frozenset[str]
        self._fence_before: Page

    def read(self) -> Tally:
        """Read every page.

        :raises AnswerError: a page could not be had; what came before it was handed on.
        :raises ConnectorError: the connection failed, or the reading was stopped.
        """
        first = self._first_page()
        self._tally.pages = last = self._last_number(first)
        if last > self._client.settings.manifest.paging.max_pages:
            raise OddAnswer(
                f"GET {self._type.path} claims more pages than max_pages in the manifest permits."
            )
        if last == 1 and first.at_end:
            self._census.count(first)  # one answer is one moment: no order is needed
        else:
            fence = self._fence_before = self._end(self._page(last))
            self._burst_before = frozenset(fence.ids)
            self._tally.pages = fence.number
            self._census.count(fence)
            self._downwards(first, fence)
            if not self._census.rising:
                self._tally.fault(
                    f"the list does not keep the rising order of {self._type.order_key}, so somebody "
                    "can have slipped from page to page unread while others went or came"
                )
        self._tally.seen = self._census.seen
        self._tally.sorted = self._sort
        return self._tally

    # Pages

    def _page(self, number: int) -> Page:
        """One page in this thread; one behind the end is empty."""
        page = self._fetch(number)
        self._read += 1
        self._tell()
        return page

    def _fetch(self, number: int, most: int = MAX_BODY) -> Page:
        params = params_of(self._client, self._type, number, sort=self._sort)
        try:
            page, items = read_page(self._client, self._type, params, most=most)
        except PastEnd:
            return Page(number)
        self._census.watch(page)  # a page is of one moment, whatever becomes of it
        self._each(items)
        return page

    def _tell(self) -> None:
        self._done(self._read, max(self._tally.pages, self._read))

    def _first_page(self) -> Page:
        try:
            return self._page(1)
        except Rejected:
            if not self._sort:
                raise
            self._sort = False  # sorting is documented for few lists; the pages show their order
            return self._page(1)

    def _last_number(self, first: Page) -> int:
        if first.last is not None:
            return first.last
        if not self._page(2).ids:
            return 1
        low, high = 2, 4
        while self._page(high).ids and high <= self._client.settings.manifest.paging.max_pages:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._page(middle).ids else (low, middle)
        return low

    def _end(self, page: Page) -> Page:
        """The last page, from one that was it: confirmed by its own links, or by none behind it."""
        for _ in range(_MOST_CHASES):
            if page.at_end and page.ids:
                return page
            if page.goes_on:
                page = self._page(page.onward)
                continue
            if page.ids:
                behind = self._page(page.number + 1)
                if not behind.ids:
                    return page
                page = behind
                continue
            front = self._page(1)  # everything on it went, or its number was wrong
            if not front.ids:
                return front
            page = self._page(self._last_number(front))
        raise OddAnswer(f"GET {self._type.path} has no end that holds still; its links contradict.")

    # Bursts

    def _downwards(self, start: Page, fence: Page) -> None:
        high, front = fence.number - 1, fence
        while high >= 1:
            size = self._burst_size(high)
            pages = self._burst(high - size + 1, high)
            if pages is None:
                self._small = False
                continue
            if size > 1:
                before, fence = fence, self._fence(fence)
                if _moved(before, fence):
                    self._size = size // 2
                    high = min(high, fence.number)
                    continue
                self._check_one_moment(pages, fence, front)
                self._size = size * 2
            elif high < fence.number and self._is_odd(pages[0], front):
                pages, fence = self._look_again(pages[0], fence)
            for page in pages:
                self._check_additions(page)
                self._census.count(page)
            high, front = high - size, pages[-1]
            self._size = max(self._size, 2)
        self._check_front(start, front)

    def _burst_size(self, left: int) -> int:
        """How many pages to read between two fences; one where latency is next to nothing."""
        workers = self._workers()
        if workers < 2 or self._size < 2 or not self._small:
            return 1
        most = max(workers, LEAST_BURST)
        return min(self._size, math.ceil(left / math.ceil(left / most)))

    def _workers(self) -> int:
        if self._client.latency < WORTH_HIDING:
            return 1
        return min(MAX_IN_FLIGHT, int(self._client.latency / SECONDS_OF_WORK))

    def _burst(self, low: int, high: int) -> list[Page] | None:
        """The pages from high to low, in that order, several requests at once; None: they are too large."""
        if low == high:
            return [self._page(high)]
        numbers = range(high, low - 1, -1)
        with concurrent.futures.ThreadPoolExecutor(self._workers(), "te-connector-page") as pool:
            futures = [pool.submit(self._fetch, number, SMALL) for number in numbers]
            waiting, held = set(futures), 0
            try:
                while waiting:
                    done, waiting = concurrent.futures.wait(
                        waiting, 0.2, concurrent.futures.FIRST_COMPLETED
                    )
                    for future in done:
                        held += len(future.result().ids)
                        self._read += 1
                    self._tell()
                    if held > MAX_HELD:
                        raise Oversized("Too many objects on a few pages.", status=200)
            except BaseException as error:
                for future in waiting:
                    future.cancel()
                if isinstance(error, Oversized):
                    return None
                if not isinstance(error, AnswerError):
                    self._client.stop()  # ends the requests under way, so the threads end at once
                raise
        return [future.result() for future in futures]

    def _fence(self, fence: Page) -> Page:
        """The last page as it is now; another page where that one is no longer there."""
        now = self._page(fence.number)
        if not now.ids:
            return self._end(now)
        return now

    # What the pages show

    def _check_one_moment(self, pages: Sequence[Page], fence: Page, above: Page) -> None:
        """Between equal fences nothing moves, so nobody stands on two pages of one burst or two."""
        names = [name for page in pages for name in page.ids]
        keys = [key for page in reversed(pages) for key in page.keys]
        earlier: frozenset[str] = frozenset()
        if not _moved(self._fence_before, fence):
            earlier = self._burst_before
            keys += above.keys[:1]
        if any_falls(keys):
            self._census.rising = False
        if len(set(names)) < len(names) or not earlier.isdisjoint(names):
            self._tally.fault(_REPEATED)
        self._burst_before, self._fence_before = frozenset(names), fence

    def _is_odd(self, page: Page, above: Page) -> bool:
        """Whether a page holds nothing new, or somebody who belongs above and was not there."""
        if not self._census.rising or not above.ids:
            return self._census.overlaps(page)
        floor = above.keys[0]
        if page.keys and not any_falls([*page.keys, floor]):
            return self._census.overlaps(page)  # all of it belongs in front: the usual page
        stray = any(
            name not in above.ids and key != floor and not falls(floor, key)
            for name, key in zip(page.ids, page.keys, strict=True)
        )
        return stray or self._census.overlaps(page)

    def _look_again(self, odd: Page, fence: Page) -> tuple[list[Page], Page]:
        """An odd page and the one above it once more: whether many went, or pages are not of one list."""
        self._check_additions(odd)
        before = self._fence(fence)
        above, page = self._page(odd.number + 1), self._page(odd.number)
        after = self._fence(before)
        if not _moved(before, after):
            if not set(above.ids).isdisjoint(page.ids):
                self._tally.fault(_REPEATED)
            if any_falls([*page.keys, *above.keys]):
                self._census.rising = False
        return [page], after

    def _check_additions(self, page: Page) -> None:
        """An addition at a page's end is in order only if what follows it was added too."""
        if not self._census.rising or page.at_end or self._census.highest_is(page):
            return
        behind = self._page(page.number + 1)
        came_in_front = not set(page.ids).isdisjoint(behind.ids)
        if came_in_front or (behind.ids and falls(page.keys[-1], behind.keys[0])):
            self._census.rising = False

    def _check_front(self, start: Page, now: Page) -> None:
        """Nobody new may stand among the objects that the list began with."""
        known, top = set(start.ids), start.keys[-1] if start.keys else None
        for name, key in zip(now.ids, now.keys, strict=True):
            if name not in known and key is not None and top is not None and key < top:
                self._census.rising = False


def _moved(before: Page, after: Page) -> bool:
    """Whether a fence shows that something in front of it went."""
    return before.number != after.number or before.ids[:1] != after.ids[:1]
