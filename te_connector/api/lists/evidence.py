"""What the pages of one reading show by themselves, and what contradicts it."""

from __future__ import annotations

import attrs

from te_connector.api.lists.order import OrderTracker
from te_connector.api.lists.tally import Contradiction
from te_connector.api.lists.ties import ENOUGH_TIES, ties_in_id_order
from te_connector.api.pages import Page


@attrs.frozen
class ListOrder:
    """What the manifest says about a list: its order, and the values of ``sort`` to ask for, in turn.

    ``unique``: no two objects have the same key.
    """

    path: str
    key: str
    unique: bool
    sorts: tuple[str, ...]
    page_size: int
    max_pages: int


class ReadAgain(Exception):
    """The pages contradict each other, and a second reading may not."""


@attrs.define
class Evidence:
    """What one reading's pages show, and what contradicts that they show a whole list.

    ``final``: there is no further reading, so contradictions are noted and the reading goes on.
    """

    final: bool
    order: ListOrder
    tracker: OrderTracker = attrs.Factory(OrderTracker)
    contradictions: list[Contradiction] = attrs.Factory(list)
    left_out: int = 0
    tie_pairs: int = 0
    ties_out_of_order: bool = False

    def contradict(self, what: Contradiction, *, lasting: bool = False) -> None:
        """Note a contradiction.

        :raises ReadAgain: a second reading can resolve it; not if it is ``lasting``.
        """
        if not (self.final or lasting):
            raise ReadAgain
        if what not in self.contradictions:
            self.contradictions.append(what)

    @property
    def unique(self) -> bool:
        """Whether no two objects have the same place in the order, as far as pages show."""
        if self.order.unique:
            return True
        return self.tie_pairs >= ENOUGH_TIES and not self.ties_out_of_order

    def note(self, page: Page) -> None:
        """Note what a page shows by itself: it is of one moment, whatever becomes of it."""
        self.tracker.check(page)
        if page.cached:
            self.contradict("cached", lasting=True)
        if len(set(page.ids)) < len(page.ids):
            self.contradict("twice")
        if not self.order.unique:
            relied_on_ties = self.unique
            rising, falling = ties_in_id_order(page)
            self.tie_pairs += rising
            self.ties_out_of_order = self.ties_out_of_order or falling > 0
            if relied_on_ties and not self.unique:
                self.contradict("ties")
