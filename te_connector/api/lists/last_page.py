"""Find the last page of a list: the one after it is past the end.

The end is never taken from a short page, a missing list, an error or a link alone. Links are hints:
they may be missing, or come from a cached count.
"""

from __future__ import annotations

from collections.abc import Callable

from te_connector.api.pages import Page
from te_connector.errors import OddAnswer

_MOST_STEPS = 64


def find_last_page(
    read: Callable[[int], Page],
    is_past_end: Callable[[Page], bool],
    first: Page,
    max_pages: int,
    path: str,
) -> tuple[Page, Page]:
    """The last page that has objects, or an empty page 1; and the page that was read past the end.

    If the server gives the same objects for two pages, it gives them back as both.

    :raises OddAnswer: the list claims more pages than permitted, or its end keeps moving away.
    """
    low, beyond, step = first, first, 1
    for _ in range(_MOST_STEPS):
        if low.number > max_pages or (low.goes_on and low.onward > max_pages):
            raise OddAnswer(f"GET {path} claims more pages than max_pages in the manifest permits.")
        found = beyond.number if beyond is not first else 0
        if found and low.number >= found - 1:
            # It may be empty, though it says that others follow: then the objects end before it.
            while not low.ids and low.number > 1:
                beyond, low = low, read(low.number - 1)
            return low, beyond
        target, step = _next_target(low, found, step)
        page = read(min(target, max_pages + 1))
        if is_past_end(page):
            beyond = page
        elif page.ids and page.ids == low.ids:
            return low, page  # the server gives this page for every number
        else:
            low = page
    raise OddAnswer(f"GET {path} has no end that stays in place; its page links contradict.")


def _next_target(low: Page, beyond: int, step: int) -> tuple[int, int]:
    """Which page to read next, and by how many pages to go on if it isn't past the end."""
    if low.goes_on and (not beyond or low.onward < beyond):
        return low.onward, 1
    if not beyond:
        return low.number + step, step * 2
    if step == 1:  # a link named an empty page: the last one is probably right before it
        return beyond - 1, 0
    return (low.number + beyond) // 2, 0
