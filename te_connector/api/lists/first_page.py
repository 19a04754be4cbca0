"""Read page 1, and find out the order and the page size that the server really uses.

It sets ``sort`` and ``size`` of the :class:`~te_connector.api.lists.page_reader.PageReader`.
"""

from __future__ import annotations

import attrs

from te_connector.api.lists.evidence import Evidence
from te_connector.api.lists.page_reader import PageReader
from te_connector.api.pages import Page
from te_connector.errors import AnswerError, GaveUp, Oversized, Rejected


def first_page(pages: PageReader, evidence: Evidence) -> Page:
    """Page 1, in the best order that the server accepts and of a size that it can send."""
    first = _in_order(pages, evidence)
    if first.first is None or not first.ids:
        _check_page_zero(pages, evidence, first)
    if first.ids and first.goes_on and len(first.ids) != pages.size:
        return _in_the_servers_size(pages, first)
    return first


def _in_order(pages: PageReader, evidence: Evidence) -> Page:
    # Sorting is documented for few lists. The promise rests on what pages show, not on this.
    for sort in evidence.order.sorts:
        pages.sort = sort
        try:
            return pages.checked(_of_a_size_that_fits(pages, evidence))
        except Rejected:
            pages.arrived(1)
    pages.sort = None
    return pages.checked(_of_a_size_that_fits(pages, evidence))


def _of_a_size_that_fits(pages: PageReader, evidence: Evidence) -> Page:
    while True:
        try:
            page = pages.source.page(pages.request(1))
        except Oversized:
            pages.arrived(1)
            if pages.size == 1:
                raise
            pages.size //= 2
            continue
        pages.arrived(1)
        evidence.note(page)
        return page


def _check_page_zero(pages: PageReader, evidence: Evidence, first: Page) -> None:
    """If no link says that pages count from 1, or page 1 is empty, look whether there is a page 0."""
    try:
        zero = pages.source.page(pages.request(0))
        from_zero = not set(zero.ids) <= set(first.ids)
    except (Oversized, GaveUp):
        from_zero = True  # something is there, or we can't know
    except AnswerError:
        from_zero = False  # refused, as it should be
    pages.arrived(1)
    if from_zero:
        evidence.contradict("from_zero", lasting=True)


def _in_the_servers_size(pages: PageReader, first: Page) -> Page:
    """Page 1 in the size that the server really uses, if it isn't the one that we asked for.

    A server may cap the size. Then page 2 is the same, in whichever of the two sizes we ask.
    """
    size = len(first.ids)
    ours, servers = pages.answer(2), pages.answer(2, size)
    if not ours.ids or ours.ids != servers.ids:
        return first
    pages.size = size
    return attrs.evolve(first, size=size)
