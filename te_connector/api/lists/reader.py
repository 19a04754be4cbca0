"""Read every object of a list although the list changes: :func:`read_list`.

:mod:`~te_connector.api.lists.proof` says why no object is missed, and decides what pages prove. Here the
pages are asked for, from the last to the first. If they contradict each other, everything is read again,
once. If they still do, the list is read to its end all the same, and the result says why it isn't complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from te_connector.api.client import Client
from te_connector.api.lists.descent import Descent
from te_connector.api.lists.evidence import Evidence, ListOrder, ReadAgain
from te_connector.api.lists.first_page import first_page
from te_connector.api.lists.page_reader import PageReader
from te_connector.api.lists.proof import length_at_end, was_inserted_in_front
from te_connector.api.lists.source import PageSource
from te_connector.api.lists.tally import Tally
from te_connector.api.pages import ClientPages, Item, Page
from te_connector.manifest.model import ObjectType

_READINGS = 2
_TRIES = 6

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

    def run(self) -> Tally:
        first = first_page(self._pages, self._evidence)
        descent = self._read_all(first)
        last = self._last
        if last.number > 1:
            self._check_front(first, descent.above)
            self._check_length(descent)
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

    def _read_all(self, first: Page) -> Descent:
        """Find the last page, and read all pages in front of it."""
        named = self._pages.named_last_page(first)
        if named is not None and self._pages.source.workers > 1:
            descent = Descent(self._pages, self._evidence, named)
            if descent.read_ahead(lambda: self._find_end(first, named)):
                return descent
        else:
            self._find_end(first, named)
        descent = Descent(self._pages, self._evidence, self._last)
        if self._last.number > 1:
            descent.read()
        return descent

    def _find_end(self, first: Page, named: Page | None = None) -> Page:
        self._last = self._pages.last_page(first, named)
        self._tracker.add(self._last)
        return self._last

    def _check_front(self, start: Page, now: Page) -> None:
        """There is nothing new among the objects that the list began with."""
        if self._tracker.rising and was_inserted_in_front(start, now):
            self._evidence.contradict("inserted")

    def _last_page_now(self, descent: Descent) -> Page:
        """The last page, checked again for what it lacks if the list moved since that was done."""
        last, moved = descent.sentinel, descent.moved
        if last.number < descent.last.number:
            behind = self._pages.page(last.number + 1)
            moved = moved or not behind.ids
            last = behind if behind.ids else last
        lacked = frozenset[str]()
        for _ in range(_TRIES if moved else 0):
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

    def _check_length(self, descent: Descent) -> None:
        """We met at least as many objects of the start as the list has at the end."""
        last = self._last_page_now(descent)
        self._tracker.add(last)
        if not self._tracker.rising or (descent.moved and self._evidence.left_out):
            return  # left-out places move too, so they can't be distinguished from missed objects
        while last.number > 1 and not any(map(self._tracker.is_old, last.keys)):
            last = self._pages.page(last.number - 1)  # full of objects that were added meanwhile
            self._tracker.add(last)
        length = length_at_end(last, self._tracker.is_old)
        if self._tracker.old + self._evidence.left_out < length:
            self._evidence.contradict("count")
