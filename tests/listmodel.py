"""A server whose list changes between any two answers, and that misbehaves as a test asks.

The connector's own code reads it: :class:`Source` gives it pages without a network. Each misbehavior is
a switch of :class:`Server`; :func:`draw` draws a run from a seed, and :func:`run` says what came of it.
"""

from __future__ import annotations

import contextlib
import random
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import attrs

from te_connector.api.lists.evidence import ListOrder
from te_connector.api.lists.reader import Reader
from te_connector.api.pages import Page, page_of
from te_connector.errors import (
    AnswerError,
    GaveUp,
    OddAnswer,
    Oversized,
    PastEnd,
    Rejected,
    Stopped,
)
from te_connector.manifest import loading as manifest

MANIFEST = manifest.load()
CONTACT = MANIFEST.objects["contact"]
RESPONSE = MANIFEST.objects["contact_survey_response"]
CLIENT = SimpleNamespace(settings=SimpleNamespace(manifest=MANIFEST))
PAGING = MANIFEST.paging

CHANGES = ("deletions", "additions")
"""What any list does. The other switches are misbehaviors."""
BREAKS = ("insertions", "moves")
"""They break what the reason says that the promise rests on."""
SWITCHES = (
    "ties", "short pages", "left out", "cached total", "cached page", "size changes", "size capped",
    "from zero", "empty last page", "last wrong", "last missing", "no links", "as object",
    "duplicates", "errors", "oversize", "sort refused", "sort ignored", *BREAKS,
)  # fmt: skip


@dataclass
class Server:
    """The rows are pairs of key and id, in the order of the list."""

    rows: list
    size: int = 10
    on: frozenset = frozenset()
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    rate: float = 0.0
    change: object = None
    unique: bool = True
    workers: int = 1
    cap: int = 10**6
    asked: list = field(default_factory=list)
    deleted: int = 0
    inserted: int = 0
    moved: int = 0

    def __post_init__(self):
        self.top = max([key for key, _ in self.rows], default=0)
        self.next_id = 10**6
        self.ever = {id_ for _, id_ in self.rows}
        self.stayed = set(self.ever)
        self.hidden = set()
        self.total_at = len(self.rows)
        rng = self.rng
        if "left out" in self.on:
            self.hidden = {id_ for id_ in self.ever if rng.random() < 0.15}
        if "size capped" in self.on:
            self.cap = max(1, self.size // rng.choice([1, 2, 2, 3]) - rng.choice([0, 0, 1]))
        self.changes_size_at = rng.randrange(2, 30) if "size changes" in self.on else 10**9
        self.cut = (
            {rng.randrange(1, 20), rng.randrange(1, 4)} if "short pages" in self.on else set()
        )
        self.cut_always = rng.random() < 0.5
        self.heavy = (
            {rng.choice(sorted(self.ever))} if "oversize" in self.on and self.ever else set()
        )
        self.twice = (
            {rng.choice(sorted(self.ever)) for _ in range(2)}
            if "duplicates" in self.on and self.ever
            else set()
        )
        self.wrong_last = rng.choice([-3, -2, -1, 1, 2, 30])
        self.zero_links = rng.random() < 0.7
        self.past = []

    # Changes

    def delete(self, place):
        if self.rows:
            _, id_ = self.rows.pop(place % len(self.rows))
            self.stayed.discard(id_)
            self.deleted += 1

    def add(self, *, key=None, at=None):
        self.next_id += 1
        if key is None:
            key = self.top + (0 if "ties" in self.on and self.rng.random() < 0.4 else 1)
        self.top = max(self.top, key)
        id_ = key if self.unique else self.next_id
        self.rows.insert(len(self.rows) if at is None else at % (len(self.rows) + 1), (key, id_))
        return id_

    def insert(self):
        """An object that was archived comes back to its place."""
        used = {key for key, _ in self.rows}
        free = [key for key in range(self.top) if key not in used]
        if free:
            key = self.rng.choice(free)
            self.add(key=key, at=sum(each < key for each, _ in self.rows))
            self.inserted += 1

    def move(self):
        """An object gets another key, and with it another place."""
        if self.rows and not self.unique:
            place = self.rng.randrange(len(self.rows))
            _, id_ = self.rows.pop(place)
            self.top += 1
            self.rows.append((self.top, id_))
            self.moved += 1

    def changes(self):
        if self.change is not None:
            self.change(self)
        rng = self.rng
        if not self.rate or rng.random() >= self.rate:
            return
        kinds = [each for each in (*CHANGES, *BREAKS) if each in self.on]
        kind = rng.choice(kinds) if kinds else None
        if kind == "deletions":
            for _ in range(rng.choice([1, 1, 1, 2, 5])):
                self.delete(rng.randrange(10**6))
        elif kind == "additions":
            self.add()
        elif kind == "insertions":
            self.insert()
            if rng.random() < 0.5:
                self.delete(rng.randrange(10**6))
        elif kind == "moves":
            self.move()

    # Answers

    def listed(self, sort):
        on, rng, rows = self.on, self.rng, list(self.rows)
        if "sort ignored" in on:
            return rows[::-1]
        if "ties" in on:
            return sorted(rows, key=lambda row: (row[0], rng.random()))
        if sort is not None:
            rows.sort(key=lambda row: row if sort.endswith("id") else row[:1])
        return rows

    def body(self, number, size, sort):
        """The answer's body, or an error of the client's."""
        on, rng = self.on, self.rng
        if self.asked:
            self.changes()
        self.asked.append(number)
        if "errors" in on and rng.random() < 0.01:
            raise GaveUp("GET /x answered 503 until retry_for was over.", status=503)
        if sort is not None and "sort refused" in on:
            raise Rejected("GET /x was refused (400).", status=400)
        if len(self.asked) == self.changes_size_at:
            self.cap = rng.choice([max(1, self.size // 2), self.size * 2, max(1, self.size - 1)])
        size = min(size, self.cap)
        if self.cap > self.size and "size changes" in on:
            size = self.cap
        rows = self.listed(sort)
        self.past.append(rows)
        if "cached page" in on and rng.random() < 0.1:
            rows, cached = rng.choice(self.past), True
        else:
            cached = False
        if "duplicates" in on:
            rows = [row for row in rows for _ in range(1 + (row[1] in self.twice))]
        try:
            return self.page(rows, number, size), cached
        except PastEnd:
            return None, cached

    def page(self, rows, number, size):
        on = self.on
        total = self.total_at if "cached total" in on else len(rows)
        empty_last = "empty last page" in on
        real_last = len(rows) // size + 1 if empty_last else max(1, -(-len(rows) // size))
        last = total // size + 1 if empty_last else max(1, -(-total // size))
        if "last wrong" in on:
            last = max(1, last + self.wrong_last)
        start = number if "from zero" in on else number - 1
        if not 0 <= start < real_last:
            if empty_last and number > 0:
                return {"items": [], "links": self.links(number, start, last, real_last)}
            raise PastEnd("GET /x has no such page (422).", status=422)
        part = rows[start * size : start * size + size]
        if any(id_ in self.heavy for _, id_ in part) and size > 1:
            raise Oversized("GET /x answered with too many bytes.", status=200)
        part = [row for row in part if row[1] not in self.hidden]
        if (
            number in self.cut
            and size == self.size
            and (self.cut_always or self.rng.random() < 0.5)
        ):
            part = part[: len(part) // 2]
        return {"items": self.items(part), "links": self.links(number, start, last, real_last)}

    def items(self, part):
        items = [{"id": id_, "internal_created_at": key} for key, id_ in part]
        if "as object" in self.on:
            return {str(index * 2): item for index, item in enumerate(items, 1)}
        return items

    def links(self, number, start, last, real_last):
        on = self.on
        if "no links" in on:
            return {}
        off = 0 if "from zero" not in on else 1
        links = {
            "first": 1 - off,
            "last": last - off,
            "next": number + 1 if start + 1 < real_last else None,
            "prev": number - 1 if start > 0 else None,
        }
        if "from zero" in on and not self.zero_links:
            del links["first"], links["prev"]
        if "last missing" in on:
            del links["last"]
        return links


@dataclass
class Source:
    """Pages of a :class:`Server`, parsed as those of a real one."""

    server: Server
    object_type: object
    met: set = field(default_factory=set)
    sorts: list = field(default_factory=list)
    stopped: bool = False
    flights: object = None

    @property
    def workers(self):
        return self.server.workers

    def page(self, request):
        """One page; of those that are under way meanwhile, any are answered before it, and any after it."""
        if self.flights is not None:
            self.flights.answer_some()
        return self.answer(request)

    def answer(self, request):
        if self.stopped:
            raise Stopped
        self.sorts.append(request.sort)
        body, cached = self.server.body(request.number, request.size, request.sort)
        if body is None:
            return Page(request.number, size=request.size, past_end=True, cached=cached)
        params = {PAGING.number: str(request.number), PAGING.size: str(request.size)}
        page, items = page_of(body, self.object_type, CLIENT, params)
        self.met.update(item["id"] for item in items)
        return attrs.evolve(page, cached=cached)

    @contextlib.contextmanager
    def stream(self):
        """As the real one: an error within it, but for an answer's, ends all requests for good."""
        self.flights = Flights(self)
        try:
            yield self.flights
        except AnswerError:
            raise
        except BaseException:
            self.stopped = True
            raise
        finally:
            self.flights = None


@dataclass
class Flights:
    """Requests under way: each is answered at any moment, and arrives at any later one.

    ``stalls``: the chance that a request is one that is answered and given late.
    """

    source: Source
    stalls: float = 0.0
    sent: list = field(default_factory=list)
    answered: list = field(default_factory=list)

    def __post_init__(self):
        self.rng = self.source.server.rng
        self.stalls = self.rng.choice([0.0, 0.05, 0.3])

    @property
    def under_way(self):
        return len(self.sent) + len(self.answered)

    def send(self, label, request):
        self.sent.append((label, request, self.rng.random() < self.stalls))

    def wait(self):
        while True:
            waiting = self.answered if self.rng.random() < 0.5 else self.sent
            if not waiting:
                continue
            place = self.rng.randrange(len(waiting))
            if waiting[place][2] and self.rng.random() < 0.95 and self.under_way > self.stalled:
                continue
            label, what, slow = waiting.pop(place)
            if waiting is self.sent:
                self.answer(label, what, slow)
            elif isinstance(what, Exception):
                raise what
            else:
                return [(label, what)]

    def answer(self, label, request, slow):
        try:
            what = self.source.answer(request)
        except AnswerError as error:
            what = error
        self.answered.append((label, what, slow))

    def answer_some(self):
        for _ in range(self.rng.choice([0, 1, len(self.sent)]) if self.sent else 0):
            self.answer(*self.sent.pop(self.rng.randrange(len(self.sent))))

    @property
    def stalled(self):
        return sum(slow for *_, slow in self.sent + self.answered)


def order_of(object_type, size, max_pages=100_000):
    return ListOrder(
        path=object_type.path,
        key=object_type.order_key,
        unique=object_type.order_key == object_type.id_field,
        sorts=object_type.sorts,
        page_size=size,
        max_pages=max_pages,
    )


def read(server, done=None, max_pages=100_000):
    """Read the server's list; gives the tally and the ids that were met."""
    object_type = CONTACT if server.unique else RESPONSE
    source = Source(server, object_type)
    tally = Reader(source, order_of(object_type, server.size, max_pages), done).read()
    return tally, source.met


def rows(count, *, ties=1, unique=True):
    """Rows in rising order of their key, ``ties`` of each."""
    return [(index // ties, index // ties if unique else index) for index in range(count)]


# Runs


@dataclass(frozen=True)
class Outcome:
    """What came of a run: ``missed`` are ids of objects that were listed all the time."""

    complete: bool
    missed: frozenset
    excused: bool
    requests: int
    contradictions: tuple
    error: str = ""

    @property
    def broken(self):
        """Whether the promise was broken: complete, and somebody missed without excuse."""
        return self.complete and bool(self.missed) and not self.excused


def draw(seed, switches):
    """A server with these switches on; all else from the seed."""
    rng = random.Random(seed)
    unique = "ties" not in switches and "moves" not in switches and rng.random() < 0.5
    size = rng.choice([2, 3, 4, 5, 6, 10] if switches - set(CHANGES) else [5, 6, 10])
    count = rng.choice([0, 1, size, size + 1, 3 * size, rng.randrange(60), rng.randrange(300)])
    ties = rng.choice([1, 2, 3, 4, 7, 40]) if "ties" in switches else 1
    if not unique and ties == 1 and rng.random() < 0.3:
        ties = 2
    listed = rows(count, ties=ties, unique=unique)
    if not unique:  # ids say nothing about the order, except within a tie
        spread = list(range(1000, 1000 + count))
        rng.shuffle(spread)
        listed = sorted((key, spread[index]) for index, (key, _) in enumerate(listed))
    if "insertions" in switches:
        listed = [row for row in listed if rng.random() < 0.8]
    return Server(
        listed,
        size=size,
        on=frozenset(switches),
        rng=rng,
        rate=rng.choice([0.0, 0.02, 0.1, 0.3, 0.9]) if switches else 0.0,
        unique=unique,
        workers=rng.choice([1, 1, 4, 16, 48]),
    )


def excuse(server, end_named):
    """Whether a run broke what the reason names.

    An object changed its key, one was restored while another was deleted, or a whole page was left out by
    a server that doesn't name its last page.
    """
    restored = server.inserted and server.deleted
    return bool(server.moved or restored or (server.hidden and not end_named))


def run(seed, switches):
    """One run with a set of switches."""
    server = draw(seed, frozenset(switches))
    source = Source(server, CONTACT if server.unique else RESPONSE)
    reader = Reader(source, order_of(source.object_type, server.size))
    complete, contradictions, error, end_named = False, (), "", True
    try:
        tally = reader.read()
        complete, contradictions = tally.complete, tally.contradictions
        end_named = tally.end_named
    except (AnswerError, OddAnswer) as fault:
        error = type(fault).__name__
    missed = frozenset(server.stayed - server.hidden - source.met)
    excused = excuse(server, end_named)
    return Outcome(complete, missed, excused, len(server.asked), contradictions, error)


def run_over_sockets(seed, switches):
    """The same run with the real client against the server on a socket."""
    import tempfile

    from vendor import Vendor
    from vendor_faults import Answer, Refusal

    from te_connector.api import connection as connections
    from te_connector.api.client import Client
    from te_connector.api.lists.reader import read_list

    server = draw(seed, frozenset(switches) - {"errors", "oversize", "cached page"})
    server.size = max(server.size, 5)
    object_type = attrs.evolve(CONTACT if server.unique else RESPONSE, page_size=server.size)
    name = "contacts" if server.unique else "contact-survey-responses"
    lock, met = threading.Lock(), set()

    class Moving(Vendor):
        def _page(self, _name, query):
            with lock:
                try:
                    body, _ = server.body(
                        int(query["page[number]"]), int(query["page[size]"]), query.get("sort")
                    )
                except Rejected:
                    raise Refusal(400, {"error": "Invalid sort"}) from None
            if body is None:
                raise Refusal(422, {"error": "Page requested is outside of result set"})
            return Answer(200, body)

    complete, contradictions, error, end_named = False, (), "", True
    with Moving() as vendor, tempfile.TemporaryDirectory() as folder:
        vendor.tables[name] = []
        vendor.latency = 0.02 if server.workers > 1 else 0.0
        client = Client(
            connections.resolve(
                {
                    "connector": "total-expert",
                    "base_url": vendor.base_url,
                    "credentials": vendor.credentials,
                    "state_dir": folder,
                }
            )
        )
        try:
            with client.open():
                tally = read_list(
                    client, object_type, lambda items: met.update(item["id"] for item in items)
                )
            complete, contradictions = tally.complete, tally.contradictions
            end_named = tally.end_named
        except AnswerError as fault:
            error = type(fault).__name__
    missed = frozenset(server.stayed - server.hidden - met)
    excused = excuse(server, end_named)
    return Outcome(complete, missed, excused, len(server.asked), contradictions, error)
