"""A list that changes between any two answers, and a reader whose bursts are answered in any order."""

from __future__ import annotations

import random
from types import SimpleNamespace

from te_connector.api.paging import Reader
from te_connector.errors import PastEnd
from te_connector.manifest import loading as manifest

RESPONSE = manifest.load().objects["contact_survey_response"]


class MovingList:
    """Rows of (key, id); ``change(self)`` runs before each answer."""

    def __init__(self, rows, size, change, *, links="normal"):
        self.rows = list(rows)
        self.size = size
        self.change = change
        self.links = links
        self.asked = []
        self.deletions = 0
        self.ever = {name for _, name in self.rows}
        self.top = max([key for key, _ in self.rows], default=0)
        self.next_id = 10**6
        # What the reader needs of a client.
        self.settings = SimpleNamespace(manifest=manifest.load())
        self.latency = 0.0

    def stop(self):
        """Nothing is under way."""

    @property
    def requests(self):
        return len(self.asked)

    # Changes

    def delete(self, place):
        if self.rows:
            del self.rows[place % len(self.rows)]
            self.deletions += 1

    def add(self, *, at=None, key=None):
        self.next_id += 1
        if key is None:
            self.top += 1
            key = self.top
        self.rows.insert(
            len(self.rows) if at is None else at % (len(self.rows) + 1), (key, self.next_id)
        )
        return self.next_id

    # What a client does

    def get(self, path, params, template=None, most=0):
        if self.requests:
            self.change(self)
        number = int(params["page[number]"])
        self.asked.append(number)
        last = max(1, -(-len(self.rows) // self.size))
        if number > last:
            raise PastEnd("no such page")
        part = self.rows[(number - 1) * self.size : number * self.size]
        links = {"first": 1, "last": last, "next": number + 1 if number < last else None}
        if self.links == "no last":
            del links["last"]
        if self.links == "none":
            links = {}
        return {"items": [self.item(key, name) for key, name in part], "links": links}

    def item(self, key, name):
        return {"id": name, "internal_created_at": f"2026-01-01 {key + 10**8:012}"}


class AnyOrder(Reader):
    """A reader whose bursts are answered one at a time in an order that the test draws."""

    def __init__(self, *args, rng, workers, **kwargs):
        super().__init__(*args, **kwargs)
        self.rng = rng
        self.workers = workers

    def _workers(self):
        return self.workers

    def _burst(self, low, high):
        order = list(range(low, high + 1))
        self.rng.shuffle(order)
        pages = {number: self._page(number) for number in order}
        return [pages[number] for number in range(high, low - 1, -1)]


def read(moving, rng, workers, object_type=RESPONSE, done=None):
    """Read the list; gives the tally and the ids that were met."""
    met = set()
    reader = AnyOrder(
        moving,
        object_type,
        lambda items: met.update(item["id"] for item in items),
        done,
        rng=rng,
        workers=workers,
    )
    return reader.read(), met


def rows(count, *, ties=1):
    """Rows in rising order of their key, ``ties`` of each."""
    return [(index // ties, index) for index in range(count)]


def rng_of(seed):
    return random.Random(seed)
