"""No object is missed, though the list changes while it is read and the server misbehaves."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listmodel import (
    BREAKS,
    CHANGES,
    CONTACT,
    RESPONSE,
    SWITCHES,
    Server,
    read,
    rows,
    run,
    run_over_sockets,
)
from vendor import Hang, Status, Vendor, contact

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.lists.reader import read_list
from te_connector.api.lists.tally import requests_for, rests_on
from te_connector.errors import AnswerError, GaveUp, OddAnswer, Oversized, Rejected, Stopped


def ids_of(server):
    return {id_ for _, id_ in server.rows}


def at(moments):
    """A change right before the answers of these numbers: ``{3: lambda server: ...}``."""

    def change(server):
        moments.get(len(server.asked) + 1, lambda _server: None)(server)

    return change


# The model: a server with switches


PAIRS = [frozenset(pair) for pair in itertools.combinations(SWITCHES, 2)]


def broken_runs(seeds, *, pairs=PAIRS):
    """The runs in which the promise was broken, over single switches, pairs, and lists that change."""
    found = []
    for seed in seeds:
        rng = random.Random(seed)
        switches = set(rng.choice(pairs)) | {each for each in CHANGES if rng.random() < 0.7}
        if run(seed, switches).broken:
            found.append((seed, sorted(switches)))
    return found


@pytest.mark.slow
def test_complete_is_never_said_when_an_object_was_missed():
    """Over seeded runs with every pair of misbehaviors, each with deletions and additions."""
    assert broken_runs(range(750)) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_complete_is_never_said_when_an_object_was_missed_in_many_runs(part):
    """The same with more seeds; ``benchmarks/list_runs.py`` runs ten times as many."""
    assert broken_runs(range(10_000 + part * 500, 10_500 + part * 500)) == []


def test_a_list_that_only_changes_as_expected_is_complete():
    """No misbehavior, deletions anywhere and additions at the end, up to one for nearly each answer."""
    runs = [run(seed, CHANGES) for seed in range(600)]
    assert not any(each.missed for each in runs if each.complete)
    assert sum(each.complete for each in runs) >= 0.99 * len(runs)


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_misbehavior_is_a_thing_that_happens(switch):
    """A switch that changes no answer would prove nothing."""

    def answers(switches):
        server = Server(
            rows(60, ties=3, unique=False), size=5, on=frozenset(switches), rng=random.Random(4),
            rate=0.5, unique=False,
        )  # fmt: skip
        given = []
        for number in (1, 2, 3, 12, 13, 2, 3, 40):
            for sort in ("internal_created_at,id", None):
                try:
                    given.append(server.body(number, 5, sort))
                except Exception as error:
                    given.append(type(error))
        return given

    more = {"cached total": {"deletions"}, "cached page": {"deletions"}}.get(switch, set())
    if switch == "errors":
        assert any(run(seed, {"errors"}).error == "GaveUp" for seed in range(200))
    else:
        assert answers({switch, *more}) != answers(more)


@pytest.mark.slow
def test_complete_is_never_said_when_an_object_was_missed_over_sockets():
    """The same model behind a real socket, read by the real client."""
    for seed in range(25):
        rng = random.Random(seed)
        switches = set(rng.choice(PAIRS)) | set(CHANGES)
        assert not run_over_sockets(seed, switches).broken, (seed, switches)


@pytest.mark.parametrize(
    ("seed", "switches"),
    [
        (6816, "deletions, short pages, sort refused"),
        (11531, "additions, size capped, sort ignored"),
        (13397, "deletions, left out, short pages"),
        (102697, "deletions, left out, short pages"),
        (211108, "deletions, short pages"),
        (612921, "additions, short pages, sort ignored"),
        (615766, "additions, deletions, short pages, sort refused"),
        (912167, "additions, deletions, short pages, sort refused"),
        (3012412, "additions, deletions, insertions, oversize"),
        (5006552, "additions, deletions, no links, ties"),
        (
            3018774,
            "additions, deletions, last wrong, moves, no links, short pages, sort ignored, sort refused",
        ),
    ],
)
def test_runs_that_once_broke_the_promise_keep_it(seed, switches):
    """Each was found by the runs of benchmarks/list_runs.py."""
    assert not run(seed, switches.split(", ")).broken


# Pages, one by one


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    count=st.integers(0, 120),
    size=st.integers(3, 10),
    workers=st.integers(1, 20),
    links=st.sampled_from([(), (), ("last missing",), ("no links",)]),
    changes=st.lists(
        st.tuples(st.sampled_from(["delete", "delete", "add"]), st.integers(0, 10**6)), max_size=30
    ),
    every=st.integers(1, 3),
)
def test_in_a_rising_list_nobody_is_missed_and_it_is_known(
    count, size, workers, links, changes, every
):
    """While keys rise and additions go last, everybody who stayed is met."""
    left = list(changes)

    def change(server):
        for _ in range(every):
            if left:
                what, place = left.pop()
                server.delete(place) if what == "delete" else server.add()

    server = Server(rows(count), size, frozenset(links), change=change, workers=workers)
    tally, met = read(server)
    assert tally.complete, tally.contradictions
    assert server.stayed <= met
    assert len(server.stayed) <= tally.seen


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    count=st.integers(0, 120),
    size=st.integers(2, 10),
    workers=st.integers(1, 20),
    where=st.sampled_from(["front", "anywhere"]),
    chance=st.floats(0.0, 0.9),
    seed=st.integers(0, 10**6),
)
def test_insertions_that_break_the_order_never_hide_anybody_from_a_complete_reading(
    count, size, workers, where, chance, seed
):
    """New objects with the highest key come in front or anywhere."""
    rng = random.Random(seed)

    def change(server):
        if rng.random() < chance:
            server.add(at=0 if where == "front" else rng.randrange(10**6))
        elif rng.random() < chance:
            server.delete(rng.randrange(10**6))

    server = Server(rows(count), size, change=change, workers=workers)
    tally, met = read(server)
    assert not tally.complete or server.stayed <= met


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 8, 48])
@pytest.mark.parametrize("pages", [1, 2, 3, 40, 100, 400])
@pytest.mark.parametrize("partial", [0, 3])
def test_a_list_that_does_not_change_costs_at_most_a_tenth_and_four_more_than_its_pages(
    pages, workers, partial
):
    """Whatever is checked besides."""
    server = Server(rows(pages * 10 - partial), 10, workers=workers)
    tally, met = read(server)
    assert (tally.complete, len(met), tally.seen) == (True, len(server.rows), len(server.rows))
    assert len(server.asked) <= 1.1 * pages + 4
    assert abs(len(server.asked) - requests_for(pages)) <= 3 + pages / 20


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 8, 48])
@pytest.mark.parametrize("deletions", [1, 2, 5])
def test_a_deletion_costs_at_most_a_window_more(workers, deletions):
    """For each deletion at most a window more, whenever it comes and in whatever order pages arrive."""
    still = Server(rows(1000), 10, workers=workers)
    read(still)
    window = 3 * max(workers, 16) + 12 if workers > 1 else 4
    for seed in range(20):
        rng = random.Random(seed)
        moments = {moment: lambda server, rng=rng: server.delete(rng.randrange(500))
                   for moment in rng.sample(range(2, 95), deletions)}  # fmt: skip
        server = Server(rows(1000), 10, change=at(moments), workers=workers, rng=rng)
        tally, _ = read(server)
        assert tally.complete
        assert len(server.asked) <= len(still.asked) + deletions * min(window, 112)
        assert len(server.asked) < 2.5 * len(still.asked)


@pytest.mark.parametrize("workers", [1, 16])
def test_a_page_too_large_to_be_read_is_never_taken_for_the_end(workers):
    """The server makes pages of twenty whatever is asked, so the smaller pages asked for instead are empty."""
    server = Server(rows(34), 10, on=frozenset({"oversize", "size changes"}), workers=workers)
    server.cap, server.changes_size_at, server.heavy = 20, 10**9, {25}
    tally, met = read(server)
    assert len(met) < 34
    assert not tally.complete


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_a_list_that_loses_somebody_at_every_answer_is_read_in_the_end(workers):
    """Batches shrink until pages are read one by one, so the reading goes on whatever goes."""
    server = Server(rows(2000), 10, change=lambda server: server.delete(0), workers=workers)
    tally, _ = read(server)
    assert tally.complete
    assert len(server.asked) < 1100


@pytest.mark.parametrize(
    ("count", "on", "asked"),
    [
        (0, (), "1 0 2 1 1"),
        (1, (), "1 2 2 1"),
        (2, (), "1 2 1"),
        (3, (), "1 2 3 4 1 2"),
        (9, (), "1 5 6 10 4 3 2 1 5"),
        (9, ("empty last page",), "1 5 6 10 4 3 2 1 5"),
        (10, ("empty last page",), "1 6 5 11 4 3 2 1 5"),
        (9, ("last missing",), "1 2 3 4 5 6 10 4 3 2 1 5"),
        (9, ("no links",), "1 0 2 4 8 6 5 10 4 3 2 1 5"),
    ],
)
def test_the_pages_asked_for_are_these_and_no_more(count, on, asked):
    """The end is found and confirmed, then all is read from the last page to the first, once."""
    server = Server(rows(count), 2, frozenset(on))
    tally, met = read(server)
    assert " ".join(map(str, server.asked)) == asked
    assert (tally.complete, len(met)) == (True, count)


# What pages show


@pytest.mark.parametrize("workers", [1, 16])
def test_newest_first_is_read_whole_but_not_called_complete(workers):
    """A falling order proves nothing over several pages, and the reason says so."""
    server = Server(rows(95), 10, frozenset({"sort ignored"}), workers=workers)
    tally, met = read(server)
    assert len(met) == 95
    assert "rising order of id" in tally.faults["order"]


def test_a_list_in_one_answer_is_complete_in_any_order():
    """One answer is one moment."""
    tally, met = read(Server(list(reversed(rows(8))), 10))
    assert (tally.complete, len(met)) == (True, 8)


def changed(server, answer):
    """Let ``answer(number, size, honest)`` say what the server answers; honest bodies are given to it."""
    asked = server.body

    def body(number, size, sort):
        def honest(number=number, size=size):
            return asked(number, size, sort)[0] or {"items": [], "links": {"first": 1}}

        return (answer(number, size, honest) if number else None), False

    server.body = body
    return server


@pytest.mark.parametrize("workers", [1, 16])
def test_a_server_that_repeats_one_page_is_found_out(workers):
    """Every page number gives the same objects: never complete."""

    def answer(number, size, honest):
        return {"items": honest(1)["items"], "links": {"last": 30}}

    tally, met = read(changed(Server(rows(10), 10, workers=workers), answer))
    assert ("repeated" in tally.contradictions, len(met)) == (True, 10)


@pytest.mark.parametrize("workers", [1, 8])
def test_a_server_that_gives_one_page_twice_is_found_out(workers):
    """Page 5 comes in the place of page 4, whose objects nobody has met."""

    def answer(number, size, honest):
        body = honest()
        return {**body, "items": honest(5)["items"]} if number == 4 else body

    tally, met = read(changed(Server(rows(30), 3, workers=workers), answer))
    assert (len(met), tally.complete) == (27, False)
    assert "twice" in tally.contradictions


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("page", [1, 3, 7, 19])
@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_page_that_comes_cut_is_read_in_smaller_pages(workers, page, kept):
    """Something between cuts the page, whatever its number, the last one too."""

    def answer(number, size, honest):
        body = honest()
        if number == page and size == 4:
            body["items"] = body["items"][:kept]
        return body

    server = changed(Server(rows(76), 4, workers=workers), answer)
    tally, met = read(server)
    assert not tally.complete or len(met) == 76
    assert len(met) >= 72


def test_objects_that_the_server_leaves_out_of_its_pages_are_named():
    """Small pages show the same: these objects aren't listed to us."""

    def answer(number, size, honest):
        body = honest()
        body["items"] = [item for item in body["items"] if item["id"] % 7 != 3]
        return body

    tally, met = read(changed(Server(rows(60), 6), answer))
    assert (tally.complete, tally.left_out) == (True, 8)  # what the last page lacks shows nowhere
    assert met == {number for number in range(60) if number % 7 != 3}
    assert "left 8 places in its pages empty" in rests_on(tally, "contact")


@pytest.mark.parametrize("moment", [4, 9, 14, 20])
@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("cap", [5, 7, 13])
def test_a_page_size_that_changes_is_found_out(moment, workers, cap):
    """From then on the page numbers mean other rows."""

    def answer(number, size, honest):
        if len(server.asked) >= moment:
            return honest(number, cap if cap > size else min(size, cap))
        return honest()

    server = changed(Server(rows(200), 10, workers=workers), answer)
    tally, met = read(server)
    assert not tally.complete or len(met) == 200


@pytest.mark.parametrize("cap", [1, 3, 5, 9])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 57])
def test_a_page_size_that_the_server_caps_evenly_is_no_fault(cap, count):
    """Every page has as many objects; they are what the page numbers mean."""
    tally, met = read(Server(rows(count), 10, cap=cap))
    assert (tally.complete, len(met)) == (True, count)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 57])
@pytest.mark.parametrize("links", [True, False])
def test_pages_that_count_from_zero_are_a_contradiction(count, links):
    """Whether the links say so or nothing does."""
    server = Server(rows(count), 10, frozenset({"from zero"}))
    server.zero_links = links
    tally, met = read(server)
    assert not tally.complete or len(met) == count
    assert "from_zero" in tally.contradictions


@pytest.mark.parametrize("off", [-3, -1, 1, 2, 30])
def test_a_last_page_that_is_named_wrongly_hides_nobody(off):
    """The page after the last must be past the end, whatever the links say."""
    server = Server(rows(57), 10, frozenset({"last wrong"}))
    server.wrong_last = off
    tally, met = read(server)
    assert len(met) == 57
    assert tally.complete is (off > 0)


@pytest.mark.parametrize("heavy", [0, 33, 56])
@pytest.mark.parametrize("workers", [1, 16])
def test_a_page_that_is_too_large_is_asked_for_in_smaller_pages(heavy, workers):
    """One object makes every page of more than one too large."""
    server = Server(rows(57), 10, workers=workers, on=frozenset({"oversize"}))
    server.heavy = {heavy}
    tally, met = read(server)
    assert (tally.complete, len(met)) == (True, 57)


def test_a_list_that_comes_as_an_object_is_read_by_its_values():
    """PHP writes a list with gaps that way."""
    tally, met = read(Server(rows(57), 10, frozenset({"as object"})))
    assert (tally.complete, len(met)) == (True, 57)


def test_the_length_at_the_end_shows_a_page_that_lost_an_object():
    """Page 3 always has another object in the place of one of its own."""

    def answer(number, size, honest):
        body = honest()
        for item in body["items"]:
            if item["id"] == 24:
                item.update(id=23)
        return body

    tally, _ = read(changed(Server(rows(57), 10), answer))
    assert not tally.complete


# Ties


def torn(seed, *, ties, size=5, count=60, rate=0.3, workers=1):
    rng = random.Random(seed)
    server = Server(
        rows(count, ties=ties, unique=False), size, frozenset({"ties", "deletions"}), rng, rate,
        unique=False, workers=workers,
    )  # fmt: skip
    return (*read(server), server)


@pytest.mark.slow
@pytest.mark.parametrize("ties", [2, 3, 7, 60])
def test_ties_that_come_in_another_order_on_each_page_hide_nobody(ties):
    """With deletions in between; where a group can't be seen at one moment, it isn't complete."""
    complete = 0
    for seed in range(60):
        tally, met, server = torn(seed, ties=ties, workers=1 + 15 * (seed % 2))
        assert not tally.complete or server.stayed <= met
        complete += tally.complete
    assert complete or ties > 2


def test_ties_that_the_server_sorts_by_id_are_a_total_order():
    """A whole list with one creation time, as after an import, while it changes."""
    for seed in range(20):
        rng = random.Random(seed)
        server = Server(
            sorted((7, number) for number in rng.sample(range(10**5), 300)), 10,
            frozenset({"deletions"}), rng, 0.1, unique=False, workers=16,
        )  # fmt: skip
        tally, met = read(server)
        assert (tally.complete, tally.ties_sorted) == (True, True)
        assert server.stayed <= met


# What the assumption forbids


def test_somebody_restored_in_front_counts_like_somebody_gone():
    """The sentinel page moves backward: all is read again."""
    listed = [(key, key) for key in range(100) if key != 50]

    def restore(server):
        server.rows.insert(50, (50, 50))

    for moment in range(2, 16):
        for workers in (1, 16):
            server = Server(list(listed), 10, change=at({moment: restore}), workers=workers)
            tally, met = read(server)
            assert not tally.complete or server.stayed <= met


def test_the_reason_names_what_no_page_shows():
    """A restored object and a deleted one between two answers."""
    tally, _ = read(Server(rows(30), 10))
    reason = rests_on(tally, "contact")
    assert "rely on the server to put each new contact last and never to change its id" in reason
    assert "restored" in reason
    assert set(BREAKS) == {"insertions", "moves"}  # what the model excuses is what the reason names


# Sorting and limits


SORTED = attrs.evolve(RESPONSE, sorts=("internal_created_at,id", "internal_created_at"))


@pytest.mark.parametrize("accepted", [0, 1, 2])
def test_the_best_order_that_the_server_accepts_is_asked_for(accepted):
    """First by two keys, then by one, then none; the pages show their order."""
    orders = []
    server = Server(rows(9), 2, unique=False)
    honest = server.body

    def body(number, size, sort):
        orders.append(sort)
        if sort in RESPONSE.sorts[:accepted]:
            raise Rejected("GET was refused (400).", status=400)
        return honest(number, size, sort)

    server.body = body
    tally, met = read(server)
    assert RESPONSE.sorts == SORTED.sorts
    wanted = (*RESPONSE.sorts, None)[accepted]
    assert orders[:accepted] == list(RESPONSE.sorts[:accepted])
    assert set(orders[accepted:]) == {wanted}
    assert (tally.sort, tally.complete, len(met)) == (wanted, True, 9)


def test_a_list_that_refuses_even_without_an_order_is_refused():
    """There is nothing that could be left out of the query."""
    server = Server(rows(9), 2)

    def body(number, size, sort):
        raise Rejected("GET was refused (400).", status=400)

    server.body = body
    with pytest.raises(Rejected):
        read(server)


@pytest.mark.parametrize("links", [(), ("no links",)])
def test_as_many_pages_as_the_manifest_permits_are_read_and_no_more(links):
    """Whether the links name the last page or it is searched for."""
    for count, fine in ((8, True), (9, False), (20, False)):
        server = Server(rows(count), 2, frozenset(links))
        if fine:
            assert len(read(server, max_pages=4)[1]) == count
        else:
            with pytest.raises(OddAnswer, match="more pages than max_pages in the manifest"):
                read(server, max_pages=4)


def test_an_end_that_keeps_moving_away_is_a_fault():
    """A list whose last page always names another one isn't read without end."""

    def answer(number, size, honest):
        return {**honest(number % 10 + 1), "links": {"last": number + 7, "next": number + 1}}

    with pytest.raises(OddAnswer, match="has no end"):
        read(changed(Server(rows(100), 10), answer))


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_progress_counts_every_request_and_knows_of_all_pages(workers):
    """The pages read rise by one, to the number of requests; the pages known of are never fewer."""
    server, seen = Server(rows(300), 10, workers=workers), []
    read(server, done=lambda *counts: seen.append(counts))
    assert [count for count, _ in seen] == list(range(1, len(server.asked) + 1))
    assert all(known >= count for count, known in seen)
    assert {known for count, known in seen[4:] if count <= 30} == {30}


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("workers", [1, 6])
def test_distinct_objects_are_counted_with_ties_and_in_lost_order(unique, workers):
    """``seen`` counts each object once."""
    for listed in (rows(57, ties=1 if unique else 7, unique=unique), rows(57)[::-1]):
        tally, met = read(Server(list(listed), 5, unique=unique, workers=workers))
        assert tally.seen == len(met) == 57


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


def met_of(client, object_type=CONTACT, done=None):
    """The result of reading a list with a client, and the ids that were met."""
    met = set()
    with client.open():
        tally = read_list(
            client, object_type, lambda items: met.update(item["id"] for item in items), done
        )
    return tally, met


def test_several_requests_are_in_flight_where_there_is_latency(vendor, client):
    """Latency is hidden by parallel requests, and every contact is met."""
    vendor.latency = 0.05
    tally, met = met_of(client)
    assert (tally.complete, met) == (True, set(range(1, 901)))
    assert vendor.peak >= 4


def arrivals_of(vendor):
    """When each page was asked for first."""
    first = {}
    for seen in vendor.requests("GET", "/contacts"):
        first.setdefault(int(seen.query["page[number]"]), seen.at)
    return first


def test_pages_in_front_are_asked_for_while_the_end_is_still_looked_at(vendor, client):
    """Page 9 says that it is the last one; whether page 10 exists is asked beside the others."""
    vendor.latency = 0.2
    tally, met = met_of(client)
    assert (tally.complete, met) == (True, set(range(1, 901)))
    at = arrivals_of(vendor)
    assert at[9] + 0.2 <= at[10]
    assert all(at[page] < at[10] + 0.15 for page in range(2, 9)), at
    assert vendor.count("GET", "/contacts") == 12  # 10 pages, and pages 1 and 9 again


@pytest.mark.parametrize("added", [1, 100, 250])
def test_a_list_that_ends_elsewhere_than_page_1_said_is_read_from_its_real_end(
    vendor, client, added
):
    """Rows are added just before page 10 is asked for: pages that were under way prove nothing."""
    vendor.latency = 0.05
    more = []

    def grow(server, seen):
        if seen.query.get("page[number]") == "10" and not more:
            more.extend(range(901, 901 + added))
            server.tables["contacts"].extend(contact(number) for number in more)

    vendor.before = grow
    tally, met = met_of(client)
    assert (tally.complete, met) == (True, set(range(1, 901 + added)))
    assert len(vendor.requests("GET", "/contacts", {"page[number]": "3"})) == 2


@pytest.mark.parametrize("workers", [1, 4])
def test_an_object_too_large_to_read_right_behind_the_named_last_page_is_an_error(workers):
    """It is added just before that place is looked at, and pages that are under way don't hide the error."""

    class Heavy(Server):
        def page(self, rows, number, size):
            if any(row[1] in self.heavy for row in rows[number * size - size : number * size]):
                raise Oversized("GET /x answered with too many bytes.", status=200)
            return super().page(rows, number, size)

    def grow(server):
        if len(server.asked) == 2:
            server.heavy = {server.add()}

    server = Heavy(rows(100), size=10, workers=workers, change=grow)
    with pytest.raises(Oversized, match="too large to read"):
        read(server)


def test_an_error_at_the_end_does_not_wait_for_pages_that_are_tried_again(vendor, client):
    """The page after the last one is refused, and the pages in front of it answer 503."""
    vendor.latency = 0.05
    vendor.always("GET", "/contacts", Status(503), {"page[number]": "5"})
    vendor.always("GET", "/contacts", Status(403), {"page[number]": "10"})
    started = time.monotonic()
    with pytest.raises(AnswerError) as caught:
        met_of(client)
    assert caught.value.status == 403
    assert time.monotonic() - started < 15  # of the 120 seconds of retry_for


def test_links_that_all_name_the_wrong_last_page_hide_nobody(vendor, client):
    """Pages 1 and 4 say that page 4 is the last one, and pages 5 to 9 are there."""
    vendor.latency = 0.05
    for number, following in ((1, 2), (4, None)):
        links = {"first": 1, "last": 4, "next": following, "prev": number - 1 or None}
        body = {
            "items": vendor.tables["contacts"][number * 100 - 100 : number * 100],
            "links": links,
        }
        page = Status(200, json.dumps(body).encode())
        vendor.always("GET", "/contacts", page, {"page[number]": str(number)})
    _, met = met_of(client)
    assert met == set(range(1, 901))


def test_pages_under_way_that_contradict_each_other_are_read_again(vendor, client):
    """One page has an object twice, once. The second reading works, and the list is complete."""
    vendor.latency = 0.05
    small, twice = attrs.evolve(CONTACT, page_size=10), []

    def once(server, seen):
        rows = server.tables["contacts"]
        if seen.query.get("page[number]") == "40":
            if not twice:
                twice.append(rows[391])
                rows[391] = rows[390]
            else:
                rows[391] = twice[0]

    vendor.before, met = once, set()
    with client.open():
        tally = read_list(client, small, lambda items: met.update(item["id"] for item in items))
    assert (tally.complete, tally.seen) == (True, 900)
    assert met == set(range(1, 901))
    assert vendor.count("GET", "/contacts") > 100


def test_a_batch_asks_for_each_page_once_in_threads_that_bear_our_name(vendor, client):
    """Ninety pages, and the last one again after each batch; as many at once as the way is long."""
    vendor.latency = 0.08
    small, names, seen = attrs.evolve(CONTACT, page_size=10), set(), []
    with client.open():
        tally = read_list(
            client,
            small,
            lambda items: names.add(threading.current_thread().name),
            lambda read, known: seen.append((read, known)),
        )
    asked = [int(one.query["page[number]"]) for one in vendor.requests("GET", "/contacts")]
    assert sorted(asked) == sorted([1, *range(1, 90), *[90] * asked.count(90), 91])
    assert (tally.complete, tally.seen, 3 <= asked.count(90) <= 8) == (True, 900, True)
    assert 10 <= vendor.peak <= 50
    assert {name[:17] for name in names} == {"MainThread", "te-connector-page"}
    assert seen[-1] == (len(asked), len(asked))
    reads = [read for read, _ in seen]
    assert reads == sorted(reads)
    assert len(set(reads)) >= 12  # not one leap for each batch


def test_pages_too_large_to_be_read_next_to_others_are_read_one_by_one(vendor, client, monkeypatch):
    """The list is read whole all the same."""
    vendor.latency = 0.03
    monkeypatch.setattr("te_connector.api.lists.descent.SMALL", 5_000)
    tally, met = met_of(client)
    assert (tally.complete, met) == (True, set(range(1, 901)))
    asked = [int(seen.query["page[number]"]) for seen in vendor.requests("GET", "/contacts")]
    assert asked[-9:] == [8, 7, 6, 5, 4, 3, 2, 1, 9]


def test_where_there_is_no_latency_one_request_is_under_way_at_a_time(vendor, client, monkeypatch):
    """Threads would cost more than they hide."""
    monkeypatch.setattr("te_connector.api.pages.WORTH_HIDING", 0.5)  # on a busy machine too
    tally, _ = met_of(client)
    assert (tally.complete, vendor.peak) == (True, 1)


def test_progress_is_reported_while_no_page_comes(vendor, client):
    """So a host that wants to stop is heard, though every answer of a batch is late."""
    vendor.latency = 0.05
    silent = []

    def done(read, _known):
        silent.append(read)
        if silent.count(read) > 5:
            raise RuntimeError("enough")

    for page in range(2, 9):
        vendor.always("GET", "/contacts", Hang(30), query={"page[number]": str(page)})
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="enough"):
        met_of(client, done=done)
    ours = [t for t in set(threading.enumerate()) - before if t.name.startswith("te-connector")]
    assert ours == []


def test_deletions_between_answers_of_parallel_requests_hide_nobody(vendor, client):
    """A living row isn't lost when another is deleted while pages are under way."""
    vendor.latency = 0.03
    gone = []

    def before(vendor, seen):
        if seen.path == "/contacts" and len(vendor.log) % 4 == 0 and len(gone) < 12:
            row = vendor.tables["contacts"].pop(len(vendor.log) * 37 % 300)
            gone.append(row["id"])

    vendor.before = before
    tally, met = met_of(client)
    assert gone
    assert tally.complete
    assert set(range(1, 901)) - set(gone) <= met


def test_a_stopped_client_sends_nothing_more(client, vendor):
    """After a stop every request ends at once."""
    with client.open():
        client.stop()
        with pytest.raises(Stopped):
            read_list(client, CONTACT, lambda items: None)


def test_one_failed_page_fails_the_reading(vendor, client):
    """A page that can't be had is never taken for the end."""
    vendor.latency = 0.02
    vendor.always(
        "GET", "/contacts", Status(503, headers={"Retry-After": "999"}), query={"page[number]": "5"}
    )
    with pytest.raises(GaveUp, match="longer than retry_for"):
        met_of(client)


def test_the_order_key_of_survey_responses_is_their_creation():
    """Ids of responses are random, so creation time orders them."""
    assert RESPONSE.order_key == "internal_created_at"
