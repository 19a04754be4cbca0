"""Read all pages in front of the last one: many at once where there is latency, else one by one.

What to ask for and what is proven, :mod:`~te_connector.api.lists.stream` decides; here it is sent.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from te_connector.api.lists.acceptance import Acceptance
from te_connector.api.lists.evidence import Evidence, ReadAgain
from te_connector.api.lists.page_reader import PageReader
from te_connector.api.lists.proof import Window, is_weak_sentinel, movement
from te_connector.api.lists.sizes import window_size
from te_connector.api.lists.source import PageStream
from te_connector.api.lists.stream import Stream, start
from te_connector.api.pages import Page, PageRequest
from te_connector.errors import Oversized

_FIRST_WINDOW = 50
"""Pages that are read before the sentinel page is read for the first time, one by one."""
_LARGEST = 1_000_000
_LEAST_WINDOW = 4
"""If fewer pages than this can be read at once without a change, read them one by one."""
_SERIAL_WINDOW = 24
"""So many are then read one by one before several at once are tried again."""
_SENTINEL = 0
SMALL = 2 * 1024 * 1024
"""The most bytes of a page that is read at the same time as others: fifty large ones would be
gigabytes. A list with a larger page is read one by one from there on."""


class Descent:
    """One reading of the pages in front of the last one.

    ``sentinel`` is the sentinel page as it was read last, ``last`` the last page as it was found last,
    ``above`` the lowest page that was accepted. ``moved``: the sentinel page differed at least once.
    """

    def __init__(self, pages: PageReader, evidence: Evidence, last: Page) -> None:
        self.sentinel = self.last = self.above = last
        self.moved = False
        self._pages = pages
        self._evidence = evidence
        self._accept = Acceptance(pages, evidence).accept
        self._high = last.number - 1
        self._joined = True
        self._small = True

    @property
    def _workers(self) -> int:
        return self._pages.source.workers if self._small else 1

    def read(self) -> None:
        """Read all pages in front of the last one."""
        if is_weak_sentinel(self.last, unique=self._evidence.unique):
            self._use_a_lower_sentinel()
        self._read_on(_LARGEST if self._workers > 1 else _FIRST_WINDOW)

    def read_ahead(self, confirm: Callable[[], Page]) -> bool:
        """As :meth:`read`, while ``confirm`` still finds out whether the last page is the last one.

        Nothing is accepted before that. False: it isn't, so this reading proves nothing. ``last`` must be
        a sentinel page that isn't weak.
        """
        window = self._read_at_once(_LARGEST, confirm)
        if window:
            self._read_on(window)
        return window > 0

    def _read_on(self, window: int) -> None:
        while self._high >= 1:
            if self._workers > 1 and window >= _LEAST_WINDOW:
                window = self._read_at_once(window)
            else:
                window = self._read_one_by_one(window)

    def _use_a_lower_sentinel(self) -> None:
        """Take the page in front of the last one as the sentinel page, since all rows of that are tied."""
        last = self.last
        page = self._pages.whole(self._pages.page(last.number - 1))
        self._accept(Window((page,), last, last, last, joined=False), snapshot=False)
        self.sentinel = page if page.ids else last
        self._high -= 1

    # One by one

    def _read_one_by_one(self, wanted: int) -> int:
        """Read one window of pages; gives the size of the next one."""
        workers, reader, before = self._workers, self._pages, self.sentinel
        wanted = _SERIAL_WINDOW if workers > 1 else wanted
        size = window_size(self._high, wanted, reader.size)
        pages = [reader.whole(reader.page(self._high - step)) for step in range(size)]
        moved = self._compare(reader.now(before))
        window = Window(tuple(pages), self.above, before, self.sentinel, self._joined)
        self._joined = not moved
        self._accept(window, snapshot=not moved)
        self.above, self._high = pages[-1], self._high - size
        self._shorten()
        if workers > 1:
            return _LEAST_WINDOW if moved else size
        return max(_LEAST_WINDOW, size // 2 if moved else size * 2)

    # Many at once

    def _read_at_once(self, window: int, confirm: Callable[[], Page] | None = None) -> int:
        """Read pages until a smaller window is needed than is worth it; gives the window's size.

        0: ``confirm`` gave another last page.
        """
        stream = start(self._high, window, self._workers, self._pages.size)
        failure: ReadAgain | Oversized | None = None
        try:
            with self._pages.source.stream() as flights:
                try:
                    if confirm is not None:
                        stream = self._send(stream, flights)
                        try:
                            confirmed = confirm() is self.last
                        except Oversized as found:  # it isn't one of the pages under way
                            failure, confirmed = found, False
                        if not confirmed:
                            stream = attrs.evolve(stream, high=0, window=0)
                    while stream.high >= 1 and stream.window >= _LEAST_WINDOW:
                        stream = self._arrive(self._send(stream, flights), flights)
                    while flights.under_way:  # forgotten pages: what they hold was passed on
                        self._pages.arrived(len(flights.wait()))
                except ReadAgain as found:
                    failure = found  # raised within the stream it would end every request
        except Oversized:
            self._small = False
        if failure is not None:
            raise failure
        return stream.window

    def _send(self, stream: Stream, flights: PageStream) -> Stream:
        """Send what is due."""
        reader = self._pages
        if stream.sentinel_is_due:
            stream = stream.sentinel_sent()
            flights.send((stream.era, _SENTINEL), reader.request(self.sentinel.number))
        while stream.may_send_page and flights.under_way < self._workers:
            number, stream = stream.following, stream.page_sent()
            request: PageRequest = reader.request(number, max_bytes=SMALL)
            flights.send((stream.era, number), request)
        return stream

    def _arrive(self, stream: Stream, flights: PageStream) -> Stream:
        """Take what has arrived."""
        arrivals = flights.wait()
        self._pages.arrived(len(arrivals))
        for (era, number), page in arrivals:
            self._evidence.note(page)
            if era != stream.era:
                continue
            if number == _SENTINEL:
                stream = self._sentinel_arrived(stream, self._pages.checked(page))
            else:
                # Reading it again here is late enough: it only arrives when it is whole.
                whole = self._pages.whole(self._pages.checked(page))
                stream = stream.page_arrived(era, whole)
        return stream

    def _sentinel_arrived(self, stream: Stream, page: Page) -> Stream:
        reader, before = self._pages, self.sentinel
        if self._compare(page if page.ids else reader.last_page(reader.page(1))):
            self._joined = False
            self._shorten()
            stream = stream.sentinel_differed(self.sentinel.number)
        else:
            stream, kept = stream.sentinel_was_equal()
            if kept:
                window = Window(kept, self.above, before, self.sentinel, self._joined)
                self._accept(window, snapshot=True)
                self.above, self._joined = kept[-1], True
        self._high = stream.high
        return stream

    # The sentinel page

    def _compare(self, now: Page) -> bool:
        """Whether the sentinel page moved since it was read last; ``now`` takes its place."""
        how = movement(self.sentinel, now, unique=self._evidence.unique)
        if how == "backward" and self._evidence.tracker.rising:
            self._evidence.contradict("inserted")
        if now.number != self.sentinel.number:
            self.last = now
        self.sentinel = now
        self.moved = self.moved or how != "none"
        return how != "none"

    def _shorten(self) -> None:
        """If the list became shorter than what is left of it, go on in front of its last page."""
        if self.sentinel.number <= self._high:
            self._evidence.tracker.add(self.sentinel)
            self.above, self._joined = self.sentinel, True
            self._high = self.sentinel.number - 1
