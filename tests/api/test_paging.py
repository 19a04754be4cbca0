"""Nobody is missed, though the list moves while it is read."""

from __future__ import annotations

import random
import threading
import time

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listmodel import RESPONSE, MovingList, read, rows
from vendor import Hang, Status, Vendor, contact

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.order import Census
from te_connector.api.pages import Page
from te_connector.api.paging import Reader
from te_connector.errors import GaveUp, OddAnswer, Rejected, Stopped
from te_connector.manifest import loading as manifest

CONTACT = manifest.load().objects["contact"]


def nothing(_moving):
    """The list holds still."""


def survivors(before, moving):
    return before & {name for _, name in moving.rows}


def names_of(moving):
    return {name for _, name in moving.rows}


CHANGES = st.lists(
    st.tuples(st.sampled_from(["delete", "delete", "add", "tie"]), st.integers(0, 10**6)),
    max_size=60,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    count=st.integers(0, 120),
    size=st.integers(2, 10),
    workers=st.integers(1, 20),
    ties=st.integers(1, 4),
    links=st.sampled_from(["normal", "normal", "no last", "none"]),
    changes=CHANGES,
    every=st.integers(1, 4),
    seed=st.integers(0, 10**6),
)
def test_in_a_rising_list_nobody_is_missed_and_it_is_known(
    count, size, workers, ties, links, changes, every, seed
):
    """While keys rise and additions go last, the reading is complete and everybody is met."""
    left = list(changes)

    def change(moving):
        for _ in range(every):
            if left:
                what, place = left.pop()
                if what == "delete":
                    moving.delete(place)
                else:
                    moving.add(key=moving.top if what == "tie" else None)

    moving = MovingList(rows(count, ties=ties), size, change, links=links)
    before = names_of(moving)
    tally, met = read(moving, random.Random(seed), workers)
    assert tally.complete, tally.faults
    stayed = survivors(before, moving)
    assert stayed <= met
    assert len(stayed) <= tally.seen <= len(met)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    count=st.integers(0, 120),
    size=st.integers(2, 10),
    workers=st.integers(1, 20),
    where=st.sampled_from(["front", "anywhere"]),
    paired=st.booleans(),
    chance=st.floats(0.0, 0.9),
    seed=st.integers(0, 10**6),
)
def test_insertions_in_front_never_hide_anybody_from_a_complete_reading(
    count, size, workers, where, paired, chance, seed
):
    """Where new objects come in front or anywhere, complete is only said when nobody was missed."""
    rng = random.Random(seed)

    def change(moving):
        if rng.random() < chance:
            moving.add(at=0 if where == "front" else rng.randrange(10**6))
            if paired:
                moving.delete(rng.randrange(10**6))
        elif rng.random() < chance:
            moving.delete(rng.randrange(10**6))

    moving = MovingList(rows(count), size, change)
    before = names_of(moving)
    tally, met = read(moving, random.Random(seed), workers)
    stayed = survivors(before, moving)
    assert not tally.complete or stayed <= met
    assert not tally.complete or len(stayed) <= tally.seen <= len(met)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_two_hundred_seeded_runs_with_deletions_and_additions(seed):
    """Nobody is missed whenever complete is true, and it is true where additions go last."""
    rng = random.Random(seed)
    size, workers, kind = (
        rng.choice([3, 10, 25]),
        rng.choice([1, 4, 16, 48]),
        rng.choice(["last", "last", "front", "anywhere", "front, lowest"]),
    )

    def change(moving):
        if rng.random() < 0.2:
            moving.delete(rng.randrange(10**6))
        if rng.random() < 0.1:
            at = {"last": None, "anywhere": rng.randrange(10**6)}.get(kind, 0)
            moving.add(at=at, key=-moving.requests if kind == "front, lowest" else None)

    moving = MovingList(rows(rng.randint(0, 600)), size, change)
    before = names_of(moving)
    tally, met = read(moving, rng, workers)
    missed = survivors(before, moving) - met
    assert not (tally.complete and missed)
    assert tally.complete or kind != "last"


@pytest.mark.parametrize("workers", [1, 2, 8, 48])
@pytest.mark.parametrize("pages", [40, 100, 400])
def test_a_list_that_holds_still_costs_at_most_a_tenth_more_than_its_pages(pages, workers):
    """While nothing changes: at most 10 % more requests than pages."""
    moving = MovingList(rows(pages * 10), 10, nothing)
    tally, met = read(moving, random.Random(1), workers)
    assert (tally.complete, len(met), tally.seen) == (True, pages * 10, pages * 10)
    assert moving.requests <= 1.1 * pages


@pytest.mark.parametrize("workers", [1, 8, 48])
@pytest.mark.parametrize("deletions", [1, 2, 5])
def test_a_deletion_costs_at_most_a_burst_more_and_never_a_second_pass(workers, deletions):
    """For each deletion at most a burst more, whenever it comes."""
    still = MovingList(rows(1000), 10, nothing)
    read(still, random.Random(1), workers)
    burst = max(workers, 16) + 4 if workers > 1 else 1
    for seed in range(30):
        rng = random.Random(seed)
        moments = set(rng.sample(range(2, 95), deletions))

        def change(moving, rng=rng, moments=moments):
            if moving.requests in moments:
                moving.delete(rng.randrange(500))

        moving = MovingList(rows(1000), 10, change)
        tally, _ = read(moving, rng, workers)
        assert tally.complete
        assert moving.requests <= still.requests + deletions * burst * 2
        assert moving.requests < 2 * still.requests


@pytest.mark.parametrize("workers", [1, 16])
def test_newest_first_is_read_whole_but_not_called_complete(workers):
    """A falling order proves nothing over several pages, and the reason says so."""
    moving = MovingList(list(reversed(rows(95))), 10, nothing)
    tally, met = read(moving, random.Random(1), workers)
    assert len(met) == 95
    assert not tally.complete
    assert "rising order" in tally.faults[0]


def test_a_list_in_one_answer_is_complete_in_any_order():
    """One answer is one moment."""
    moving = MovingList(list(reversed(rows(8))), 10, nothing)
    tally, met = read(moving, random.Random(1), 4)
    assert tally.complete
    assert len(met) == 8
    assert moving.requests == 1


@pytest.mark.parametrize("workers", [1, 16])
def test_a_server_that_repeats_one_page_is_found_out(workers):
    """Every page number gives the same objects: never complete."""
    moving = MovingList(rows(10), 10, nothing)
    honest = moving.get

    def get(path, params, template=None, most=0):
        body = honest(path, {**params, "page[number]": "1"})
        number = int(params["page[number]"])
        body["links"] = {"last": 30, "next": number + 1 if number < 30 else None}
        return body

    moving.get = get
    tally, _ = read(moving, random.Random(1), workers)
    assert not tally.complete


def test_an_end_that_keeps_moving_away_is_a_fault():
    """A list whose last page always names another one is not read for ever."""
    moving = MovingList(rows(100), 10, nothing)
    honest = moving.get

    def get(path, params, template=None, most=0):
        number = int(params["page[number]"])
        body = honest(path, {**params, "page[number]": str(min(number, 10))})
        body["links"] = {"last": number + 7, "next": number + 1}
        return body

    moving.get = get
    with pytest.raises(OddAnswer, match="has no end"):
        read(moving, random.Random(1), 1)


def test_more_pages_than_the_manifest_permits_are_a_fault():
    """An absurd number of pages is refused before it is read."""
    moving = MovingList(rows(100), 10, nothing)
    honest = moving.get
    moving.get = lambda path, params, template=None, most=0: {
        **honest(path, params),
        "links": {"last": 10**12},
    }
    with pytest.raises(OddAnswer, match="max_pages"):
        read(moving, random.Random(1), 1)
    assert moving.requests == 1


@pytest.mark.parametrize("workers", [1, 5])
def test_objects_without_a_key_lose_the_order(workers):
    """A missing order key cannot be compared, so nothing is promised."""
    moving = MovingList(rows(40), 10, nothing)
    honest = moving.get

    def get(path, params, template=None, most=0):
        body = honest(path, params)
        for item in body["items"]:
            item.pop("internal_created_at")
        return body

    moving.get = get
    tally, met = read(moving, random.Random(1), workers)
    assert (tally.complete, tally.seen, len(met)) == (False, 40, 40)


@settings(max_examples=300, deadline=None)
@given(
    ties=st.lists(st.integers(1, 4), max_size=12),
    size=st.integers(1, 5),
    moves=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 50)), max_size=20),
)
def test_a_census_without_memory_counts_as_one_that_remembers_everybody(ties, size, moves):
    """Pages of a rising list, from its end to its front, while some go."""
    listed = [(key, f"{key}-{tie}") for key, count in enumerate(ties) for tie in range(count)]
    census, met, highest = Census(), set(), 0
    changes = iter(moves)
    for number in range(-(-len(listed) // size), 0, -1):
        part = listed[(number - 1) * size : number * size]
        page = Page(number, tuple(name for _, name in part), tuple((0, key) for key, _ in part))
        assert census.overlaps(page) == (bool(part) and met.issuperset(page.ids))
        if met:
            assert census.highest_is(page) == (not part or part[-1][0] <= highest)
        census.watch(page)
        census.count(page)
        met.update(page.ids)
        highest = max([highest, *(key for key, _ in part)])
        assert census.seen == len(met)
        gone, place = next(changes, (0, 0))
        for _ in range(gone):
            if listed:
                del listed[place % len(listed)]
    assert census.rising


def test_once_the_order_is_lost_a_census_remembers_names():
    """Everybody of the pages from there on counts once, whatever their keys."""
    census = Census()
    for ids, keys in [
        (("e", "f"), ((0, 5), (0, 6))),
        (("d", "c"), ((0, 4), (0, 3))),
        (("c", "f", "e", "d"), ((0, 3), (0, 6), (0, 5), (0, 4))),
        (("b", "a"), (None, None)),
        (("a", "b"), (None, (1, "x"))),
    ]:
        page = Page(1, ids, keys)
        census.watch(page)
        census.count(page)
    assert not census.rising
    assert census.seen == 6


def test_distinct_objects_are_counted_with_ties_and_overlaps():
    """``seen`` counts each object once, in rising and in lost order."""
    for listed in (rows(57, ties=7), list(reversed(rows(57, ties=7)))):
        for workers in (1, 6):
            moving = MovingList(listed, 5, nothing)
            tally, met = read(moving, random.Random(3), workers)
            assert tally.seen == len(met) == 57


def at(moments):
    """A list that changes right before the answers of these numbers: ``{3: lambda moving: ...}``."""

    def change(moving):
        moments.get(moving.requests + 1, nothing)(moving)

    return change


def test_a_fall_on_a_page_that_is_looked_at_again_is_not_forgotten():
    """What stood in front while somebody slipped past was seen, though it went before the second look."""
    changes = {3: lambda moving: moving.add(at=0), 6: lambda moving: moving.delete(0)}
    moving = MovingList(rows(8), 2, at(changes))
    tally, met = read(moving, random.Random(1), 1)
    assert 5 not in met
    assert not tally.complete


@pytest.mark.parametrize("size", [2, 3, 5])
def test_somebody_new_in_the_middle_is_not_forgotten_when_gone_at_the_second_look(size):
    """An addition at a page's end has to be followed by additions, whatever becomes of it."""
    place = 2 * size - 1
    changes = {3: lambda moving: moving.add(at=place), 7: lambda moving: moving.delete(place)}
    moving = MovingList(rows(5 * size), size, at(changes))
    tally, met = read(moving, random.Random(1), 1)
    assert 4 * size - 1 not in met
    assert not tally.complete


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("page", [2, 3, 9, 10, 16, 19])
@pytest.mark.parametrize("layout", ["turned", "swapped"])
def test_a_fall_between_two_pages_is_seen(workers, page, layout):
    """No page shows it by itself, whether both are of one burst (1 to 9, 10 to 19), of two, or single."""
    listed, place = rows(60), page * 3
    if layout == "turned":
        listed = listed[place:] + listed[:place]
    else:
        before, after = listed[place - 3 : place], listed[place : place + 3]
        listed[place - 3 : place + 3] = after + before
    moving = MovingList(listed, 3, nothing)
    tally, met = read(moving, random.Random(page), workers)
    assert len(met) == 60
    assert tally.faults == [
        (
            "the list does not keep the rising order of internal_created_at, so somebody can have "
            "slipped from page to page unread while others went or came"
        )
    ]


SORTED = attrs.evolve(RESPONSE, sort="internal_created_at")


def with_sorting(moving, *, refuses):
    """Let the list refuse to be sorted, or not; gives the order that each request asked for."""
    honest, orders = moving.get, []

    def get(path, params, template=None, most=0):
        orders.append(params.get(moving.settings.manifest.sort_param))
        if refuses and orders[-1] is not None:
            raise Rejected("GET was refused (400).", status=400)
        return honest(path, params)

    moving.get = get
    return orders


def test_every_page_is_asked_for_in_the_types_order():
    """All pages are of one order, and the tally says that it was asked for."""
    moving = MovingList(rows(9), 2, nothing)
    orders = with_sorting(moving, refuses=False)
    tally, met = read(moving, random.Random(1), 1, object_type=SORTED)
    assert orders == ["internal_created_at"] * 6
    assert (tally.sorted, tally.complete, len(met)) == (True, True, 9)


def test_a_list_that_refuses_to_be_sorted_is_read_as_it_comes():
    """The first page is asked for again, and no other with an order; the pages show theirs."""
    moving = MovingList(rows(9), 2, nothing)
    orders = with_sorting(moving, refuses=True)
    tally, met = read(moving, random.Random(1), 1, object_type=SORTED)
    assert orders == ["internal_created_at", *[None] * 6]
    assert moving.asked == [1, 5, 4, 3, 2, 1]
    assert (tally.sorted, tally.complete, len(met)) == (False, True, 9)


def test_a_list_that_is_not_to_be_sorted_and_refuses_is_refused():
    """There is nothing that could be left out of the query."""
    moving = MovingList(rows(9), 2, nothing)

    def get(path, params, template=None, most=0):
        moving.asked.append(int(params["page[number]"]))
        raise Rejected("GET was refused (400).", status=400)

    moving.get = get
    with pytest.raises(Rejected):
        read(moving, random.Random(1), 1, object_type=attrs.evolve(RESPONSE, sort=None))
    assert moving.asked == [1]


@pytest.mark.parametrize("links", ["normal", "none"])
def test_as_many_pages_as_the_manifest_permits_are_read_and_no_more(links):
    """Whether the links name the last page or it is searched for."""
    for count, fine in ((8, True), (9, False), (20, False)):
        moving = MovingList(rows(count), 2, nothing, links=links)
        whole = moving.settings.manifest
        moving.settings.manifest = attrs.evolve(
            whole, paging=attrs.evolve(whole.paging, max_pages=4)
        )
        if fine:
            assert len(read(moving, random.Random(1), 1)[1]) == count
        else:
            with pytest.raises(OddAnswer, match="more pages than max_pages in the manifest"):
                read(moving, random.Random(1), 1)


def with_pages(moving, shown):
    """Let the list show other rows under some page numbers: ``shown(number)`` gives their range."""

    def get(path, params, template=None, most=0):
        number = int(params["page[number]"])
        moving.asked.append(number)
        first, end = shown(number)
        last = -(-len(moving.rows) // moving.size)
        links = {"last": last, "next": number + 1 if number < last else None}
        return {"items": [moving.item(*row) for row in moving.rows[first:end]], "links": links}

    moving.get = get
    return moving


@pytest.mark.parametrize("workers", [1, 8])
def test_a_server_that_gives_one_page_twice_is_found_out(workers):
    """Page 5 comes in the place of page 4, whose people nobody has met."""
    moving = MovingList(rows(30), 3, nothing)
    with_pages(moving, lambda number: (12, 15) if number == 4 else (number * 3 - 3, number * 3))
    tally, met = read(moving, random.Random(1), workers)
    assert len(met) == 27
    assert "the same object stands on two pages" in tally.faults[0]


@pytest.mark.parametrize("place", [5, 9, 15])
def test_pages_of_one_moment_that_share_somebody_are_not_of_one_list(place):
    """Nothing moved, yet somebody stands on two pages, of one burst (1 to 9, 10 to 19) or of two."""
    moving = MovingList(rows(60), 3, nothing)
    with_pages(moving, lambda number: (number * 3 - 3, number * 3 + (number == place)))
    tally, _ = read(moving, random.Random(1), 16)
    assert ["the same object stands on two pages" in fault for fault in tally.faults] == [True]


def test_several_deletions_between_two_answers_need_no_second_look():
    """Who moved to the next page to be read was on the last one: the pages explain each other."""

    def change(moving):
        for _ in range(3):
            moving.delete(0)

    moving = MovingList(rows(1000), 10, change)
    tally, _ = read(moving, random.Random(1), 1)
    assert tally.complete
    assert moving.requests <= 101


def test_pages_that_are_gone_when_their_turn_comes_are_passed_over():
    """Half of the list goes at once; who stayed is met, and the reading is complete."""

    def change(moving):
        if moving.requests == 2:
            del moving.rows[5:25]

    moving = MovingList(rows(40), 2, change)
    tally, met = read(moving, random.Random(1), 1)
    assert tally.complete
    assert names_of(moving) <= met


def shrink(first, end):
    """A change: the rows from ``first`` to before ``end`` go."""
    return lambda moving: moving.rows.__delitem__(slice(first, end))


def replace_by_additions(first, end, count):
    """A change: rows go, and others come at the end."""

    def change(moving):
        del moving.rows[first:end]
        for _ in range(count):
            moving.add()

    return change


@pytest.mark.parametrize(
    ("count", "links", "changes", "asked"),
    [
        (0, "normal", {}, "1"),
        (2, "normal", {}, "1"),
        (3, "normal", {}, "1 2 1"),
        (9, "normal", {}, "1 5 4 3 2 1"),
        (0, "none", {}, "1 2 1 1"),
        (2, "none", {}, "1 2 1 2"),
        (3, "none", {}, "1 2 4 3 2 3 1"),
        (9, "none", {}, "1 2 4 8 6 5 5 6 4 3 2 1"),
        (9, "no last", {}, "1 2 4 8 6 5 5 6 4 3 2 1"),
        (20, "normal", {2: shrink(3, 18)}, "1 10 1 3 2 1"),
        (20, "normal", {2: shrink(1, 20)}, "1 10 1 1"),
        (20, "normal", {2: shrink(0, 20)}, "1 10 1"),
        (20, "none", {2: shrink(3, 18)}, "1 2 4 3 3 4 2 1"),
        (8, "normal", {2: replace_by_additions(0, 0, 1)}, "1 4 5 4 3 2 1"),
        (8, "none", {7: replace_by_additions(0, 0, 1)}, "1 2 4 8 6 5 4 5 6 4 3 2 1"),
        (6, "normal", {3: replace_by_additions(1, 4, 1)}, "1 3 2 3 1 2 3 2 2 1"),
    ],
)
def test_the_pages_asked_for_are_these_and_no_more(count, links, changes, asked):
    """The end is found and confirmed, then all is read from the last page to the first, once."""
    moving = MovingList(rows(count), 2, at(changes), links=links)
    before = names_of(moving)
    tally, met = read(moving, random.Random(1), 1)
    assert " ".join(map(str, moving.asked)) == asked
    assert tally.complete
    assert survivors(before, moving) <= met


@pytest.mark.parametrize("workers", [2, 16])
def test_a_list_that_loses_somebody_at_every_answer_is_read_in_the_end(workers):
    """Bursts shrink until one page is read alone, so the reading goes on whatever goes."""
    moving = MovingList(rows(2000), 10, lambda moving: moving.delete(0))
    tally, _ = read(moving, random.Random(1), workers)
    assert tally.complete
    assert moving.requests < 1100


def test_somebody_who_moves_backwards_between_two_looks_was_pushed_from_in_front():
    """The last of one page stands first on the next: something came in front, whatever became of it."""
    changes = {
        3: replace_by_additions(2, 6, 4),
        4: lambda moving: moving.add(at=0, key=-1),
        5: lambda moving: moving.delete(0),
    }
    moving = MovingList(rows(6), 2, at(changes))
    tally, _ = read(moving, random.Random(1), 1)
    assert not tally.complete


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_progress_counts_every_request_and_knows_of_all_pages(workers):
    """The pages read rise by one, to the number of requests; the pages known of are never fewer."""
    moving, told = MovingList(rows(300), 10, nothing), []
    read(moving, random.Random(1), workers, done=lambda *counts: told.append(counts))
    assert [count for count, _ in told] == list(range(1, moving.requests + 1))
    assert told[0] == (1, 1)
    assert {known for count, known in told[1:] if count <= 30} == {30}
    assert all(known == count for count, known in told if count > 30)


def test_somebody_on_a_page_of_a_burst_and_on_an_equal_fence_is_not_of_one_moment():
    """One went and another came in front meanwhile: the fence is as it was, and its first is seen twice."""
    changes = {4: lambda moving: moving.delete(1), 5: lambda moving: moving.add(at=0)}
    found_out = 0
    for seed in range(20):  # the two pages are answered in either order
        moving = MovingList(rows(9), 3, at(changes))
        before = names_of(moving)
        tally, met = read(moving, random.Random(seed), 5)
        assert not tally.complete or survivors(before, moving) <= met
        found_out += 3 not in met
    assert found_out


@pytest.mark.parametrize("links", ["none", "no last"])
def test_an_end_that_links_do_not_name_is_confirmed_by_an_empty_page_behind(links):
    """Somebody pushed behind the end while it was searched for is met."""
    changes = {6: lambda moving: moving.add(at=9, key=9)}
    moving = MovingList(rows(10), 2, at(changes), links=links)
    tally, met = read(moving, random.Random(1), 1)
    assert names_of(moving) == met


# On a real socket


@pytest.fixture(name="vendor")
def _vendor():
    with Vendor() as vendor:
        vendor.tables["contacts"] = [
            contact(number, email=f"p{number}@example.com") for number in range(1, 901)
        ]
        yield vendor


@pytest.fixture(name="client")
def _client(vendor, tmp_path):
    settings = connections.resolve(
        {
            "connector": "total-expert",
            "base_url": vendor.base_url,
            "credentials": vendor.credentials,
            "state_dir": str(tmp_path / "state"),
        }
    )
    return Client(settings)


def test_several_requests_are_in_flight_where_there_is_latency(vendor, client):
    """Latency is hidden by parallel requests, and every contact is met."""
    vendor.latency = 0.05
    met = set()
    with client.open():
        tally = Reader(client, CONTACT, lambda items: met.update(i["id"] for i in items)).read()
    assert tally.complete
    assert met == set(range(1, 901))
    assert vendor.peak >= 4


def test_a_burst_asks_for_each_page_once_in_threads_that_bear_our_name(vendor, client):
    """Ninety pages, and the last one again after each burst; as many at once as the way is long."""
    vendor.latency = 0.08
    small, names, told = attrs.evolve(CONTACT, page_size=10), set(), []
    with client.open():
        tally = Reader(
            client,
            small,
            lambda items: names.add(threading.current_thread().name),
            lambda read, known: told.append((read, known)),
        ).read()
    asked = [int(seen.query["page[number]"]) for seen in vendor.requests("GET", "/contacts")]
    assert sorted(asked) == sorted([1, *range(1, 90), *[90] * (asked.count(90))])
    assert (tally.complete, tally.seen, 3 <= asked.count(90) <= 8) == (True, 900, True)
    assert 10 <= vendor.peak <= 50
    assert {name[:17] for name in names} == {"MainThread", "te-connector-page"}
    assert told[-1] == (len(asked), len(asked))
    reads = [read for read, _ in told]
    assert reads == sorted(reads)
    assert len(set(reads)) >= 12  # not one leap for each burst


@pytest.mark.parametrize("limit", ["SMALL", "MAX_HELD"])
def test_pages_too_large_to_be_read_beside_others_are_read_one_by_one(
    vendor, client, limit, monkeypatch
):
    """Large by bytes, or by what their objects' ids take: the list is read whole all the same."""
    vendor.latency = 0.03
    monkeypatch.setattr(f"te_connector.api.paging.{limit}", 150 if limit == "MAX_HELD" else 5_000)
    met = set()
    with client.open():
        tally = Reader(client, CONTACT, lambda items: met.update(i["id"] for i in items)).read()
    assert tally.complete
    assert met == set(range(1, 901))
    assert vendor.peak > 1
    asked = [int(seen.query["page[number]"]) for seen in vendor.requests("GET", "/contacts")]
    assert asked[-8:] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_where_there_is_no_latency_one_request_is_under_way_at_a_time(vendor, client):
    """Threads would cost more than they hide."""
    vendor.latency = 0.01
    client._fastest = 0.0001
    with client.open():
        tally = Reader(client, CONTACT, lambda items: None).read()
    assert tally.complete
    assert vendor.peak == 1


def test_progress_is_told_while_no_page_comes(vendor, client):
    """So a host that wants to stop is heard, though every answer of a burst is late."""
    vendor.latency = 0.05
    silent = []

    def done(read, _known):
        silent.append(read)
        if silent.count(read) > 5:
            raise RuntimeError("enough")

    for page in range(2, 9):
        vendor.always("GET", "/contacts", Hang(5), query={"page[number]": str(page)})
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"), client.open():
        Reader(client, CONTACT, lambda items: None, done).read()
    assert time.monotonic() - started < 4


def test_deletions_between_answers_of_parallel_requests_hide_nobody(vendor, client):
    """A living row is not lost when another is deleted while pages are under way."""
    vendor.latency = 0.03
    gone = []

    def before(vendor, seen):
        if seen.path == "/contacts" and len(vendor.log) % 4 == 0 and len(gone) < 12:
            row = vendor.tables["contacts"].pop(len(vendor.log) * 37 % 300)
            gone.append(row["id"])

    vendor.before = before
    met = set()
    with client.open():
        tally = Reader(client, CONTACT, lambda items: met.update(i["id"] for i in items)).read()
    assert gone
    assert tally.complete
    assert set(range(1, 901)) - set(gone) <= met


def test_an_exception_in_progress_ends_parallel_requests_within_a_second(vendor, client):
    """A stop leaves no thread and no connection behind."""
    vendor.latency = 0.2
    calls = []

    def done(read, known):
        calls.append(read)
        if len(calls) > 2:
            raise RuntimeError("enough")

    vendor.always("GET", "/contacts", Hang(30), query={"page[number]": "4"})
    before = set(threading.enumerate())
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"), client.open():
        try:
            Reader(client, CONTACT, lambda items: None, done).read()
        except BaseException:
            client.stop()
            raise
    assert time.monotonic() - started < 5
    ours = [t for t in set(threading.enumerate()) - before if t.name.startswith("te-connector")]
    assert ours == []


def test_a_stopped_client_sends_nothing_more(client, vendor):
    """After a stop every request ends at once."""
    with client.open():
        client.stop()
        with pytest.raises(Stopped):
            Reader(client, CONTACT, lambda items: None).read()


def test_one_failed_page_fails_the_reading(vendor, client):
    """A page that cannot be had is never taken for the end."""
    vendor.latency = 0.02
    vendor.always(
        "GET", "/contacts", Status(503, headers={"Retry-After": "999"}), query={"page[number]": "5"}
    )
    with client.open(), pytest.raises(GaveUp, match="longer than retry_for"):
        Reader(client, CONTACT, lambda items: None).read()


def test_the_order_key_of_survey_responses_is_their_creation():
    """Ids of responses are random, so creation time orders them."""
    assert RESPONSE.order_key == "internal_created_at"
