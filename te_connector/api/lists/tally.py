"""What a reading of a list amounts to, and how that is said."""

from __future__ import annotations

import math
from typing import Literal

import attrs

Contradiction = Literal[
    "order", "twice", "inserted", "short", "size", "from_zero", "links", "last", "count", "ties",
    "repeated", "cached",
]  # fmt: skip
"""What can be wrong with a list, so that it isn't complete. See :data:`WHY`."""

WHY: dict[Contradiction, str] = {
    "order": "the list isn't in rising order of {key}, so an object can be missed when others are "
    "added or deleted while we read it",
    "twice": "the server listed the same object twice although the list didn't change in between, so "
    "another one may be missing",
    "inserted": "an object was inserted in front of others while we read the list, so another one "
    "can be missing",
    "short": "a page had fewer objects than it should have, and smaller pages didn't agree with it",
    "size": "the server changed the page size while we read the list",
    "from_zero": "the server counts pages from 0, or may do so, and the API document says from 1",
    "links": "the page numbers that the server gives (first, prev, next) contradict each other",
    "last": "the server names a last page, but the list goes on after it",
    "count": "the list has more objects at the end than we read",
    "ties": "several objects have the same {key}, and we couldn't read all of them at one moment",
    "repeated": "the server gives the same objects for different page numbers",
    "cached": "an answer came from a cache, so it may be old",
}
LEAST_WINDOW = 16
"""Pages between two readings of the sentinel page. It keeps those under a tenth of the requests."""
_CHECKS = 3
"""Besides its pages: page 1 again, the page after the last, and what comes after the last object."""


@attrs.frozen
class Tally:
    """The result of a reading. ``contradictions`` say why it isn't complete.

    ``left_out``: how many places in pages were empty, because the server leaves objects out.
    ``end_named``: the pages say which one is the last. ``ties_sorted``: objects with equal keys came
    in the order of their ids, and the result rests on it.
    """

    seen: int
    pages: int
    key: str
    sort: str | None
    contradictions: tuple[Contradiction, ...]
    left_out: int
    end_named: bool
    ties_sorted: bool

    @property
    def complete(self) -> bool:
        """Whether every object that was there from the first request to the last was read."""
        return not self.contradictions

    @property
    def faults(self) -> dict[Contradiction, str]:
        """Why the reading isn't complete, in words."""
        return {each: WHY[each].format(key=self.key) for each in self.contradictions}


def rests_on(tally: Tally, title: str) -> str:
    """What a complete reading rests on, and what the list may leave out, for an officer to read."""
    parts: list[str] = []
    if tally.pages > 1:
        parts.append(
            f"Every page that we read was in rising order of {tally.key}; we rely on the server to put "
            f"each new {title} last and never to change its {tally.key}"
        )
        parts.append(
            f"A {title} that is restored (un-archived, for example) while another one is deleted can be "
            "missed, since no page shows it"
        )
    if tally.ties_sorted:
        parts.append(f"Where the {tally.key} is the same, we rely on the order of the ids")
    if not tally.end_named:
        parts.append("The server doesn't name the last page, so the first empty page is the end")
    if tally.left_out:
        parts.append(f"The server left {tally.left_out} places in its pages empty")
    parts.append("The list may leave out what is archived or hidden from this client")
    return ". ".join(parts)


def requests_for(pages: int) -> int:
    """About how many requests a list with this many pages takes while it doesn't change."""
    windows = math.ceil(pages / (2 * LEAST_WINDOW)) if pages > 1 else 0
    return pages + _CHECKS + windows
