"""Attacks the rule of a stream alone: a list that loses rows, and requests that are slow.

The rest of a reading (the count at the end, the second reading) would hide a wrong rule, so it isn't here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from te_connector.api.lists.stream import Stream, start
from te_connector.api.pages import Page

Flight = tuple[int, int, tuple[int, ...] | None, bool]
"""Era, page number (0: the sentinel), the rows once it is answered, whether it is slow."""


class Attack:
    """One reading of a list of rows 1, 2, 3, ... down to page 1, by the rule of a stream."""

    def __init__(
        self, seed: int, begin: Callable[[int, int, int, int], Stream] | None = None
    ) -> None:
        self.rng = rng = random.Random(seed)
        self.size = rng.choice([2, 2, 3, 5])
        self.rows = list(range(1, self.size * rng.choice([4, 6, 12, 25]) + 1))
        self.rate = rng.choice([0.02, 0.05, 0.1, 0.2])
        self.slow = rng.choice([0.0, 0.2, 0.4])
        self.workers = rng.choice([2, 4, 16])
        self.flights: list[Flight] = []
        self.number = len(self.rows) // self.size
        self.sentinel = self.page(self.number)
        self.found = set(self.sentinel)
        stream = (begin or start)(self.number - 1, 1000, self.workers, self.size)
        self.stream = attrs.evolve(stream, spacing=rng.choice([1, 2, 4, 8]))

    def page(self, number: int) -> tuple[int, ...]:
        """The rows of a page now."""
        return tuple(self.rows[(number - 1) * self.size : number * self.size])

    def run(self) -> set[int]:
        """The rows that were there all the time and weren't found."""
        while self.stream.high >= 1:
            self.send()
            self.step()
        return set(self.rows) - self.found

    def send(self) -> None:
        """Send all that is due."""
        self.send_sentinel()
        while self.stream.may_send_page and len(self.flights) < self.workers + 1:
            number, self.stream = self.stream.following, self.stream.page_sent()
            if number in self.stream.under_way:
                self.put(number)

        if not self.flights:  # a looser rule may have nothing to send but a sentinel
            self.send_sentinel()

    def send_sentinel(self) -> None:
        """Send the sentinel if it is due."""
        if self.stream.sentinel_is_due:
            self.stream = self.stream.sentinel_sent()
            self.put(0)

    def put(self, number: int) -> None:
        """A request is under way."""
        self.flights.append((self.stream.era, number, None, self.rng.random() < self.slow))

    def step(self) -> None:
        """One request is answered, or one that was answered arrives; perhaps a row goes before."""
        rng = self.rng
        if rng.random() < self.rate and len(self.rows) > 2:
            self.rows.pop(rng.randrange(len(self.rows)))
        quick = [each for each in self.flights if not each[3]]
        chosen = rng.choice(quick if quick and rng.random() < 0.95 else self.flights)
        place = self.flights.index(chosen)
        era, number, rows, slow = chosen
        if rows is None:
            self.flights[place] = (era, number, self.page(number or self.number), slow)
        else:
            del self.flights[place]
            self.arrive(era, number, rows)

    def arrive(self, era: int, number: int, rows: tuple[int, ...]) -> None:
        """A page or the sentinel has arrived."""
        self.found.update(rows)
        if number:
            page = Page(number, tuple(map(str, rows)))
            self.stream = self.stream.page_arrived(era, page)
        elif rows[:1] == self.sentinel[:1]:
            self.stream, _ = self.stream.sentinel_was_equal()
        else:
            if not rows:
                self.number = max(1, -(-len(self.rows) // self.size))
                rows = self.page(self.number)
                self.found.update(rows)
            self.sentinel = rows
            self.stream = self.stream.sentinel_differed(self.number)
