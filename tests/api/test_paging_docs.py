"""Each row of the table in docs/coverage.md about lists is as it says."""

from __future__ import annotations

import random
import re
from pathlib import Path

import attrs
import pytest
from listmodel import Server, read, rows
from test_paging import at, changed

from te_connector.api.lists.tally import rests_on

DOC = Path(__file__).parents[2] / "docs" / "coverage.md"


def switched(*on, count=57, **more):
    return Server(rows(count), 5, frozenset(on), random.Random(3), **more)


def size_changes():
    return changed(
        switched(),
        lambda number, size, honest: honest(number, size if number > 8 else min(size, 3)),
    )


def size_changes_once():
    server = switched()
    return changed(
        server,
        lambda number, size, honest: honest(
            number, size if len(server.asked) < 6 else min(size, 3)
        ),
    )


def wrong_neighbors():
    def answer(number, size, honest):
        body = honest()
        return {**body, "links": {**body["links"], "prev": number + 2}}

    return changed(switched(), answer)


def cut(number):
    def answer(asked, size, honest):
        body = honest()
        short = asked == number and size == 5
        return {**body, "items": body["items"][:1] if short else body["items"]}

    return changed(switched(), answer)


def left_out():
    def answer(number, size, honest):
        body = honest()
        return {**body, "items": [item for item in body["items"] if item["id"] % 9]}

    return changed(switched(), answer)


def restored(*, and_deleted=False):
    def restore(server):
        server.rows.insert(20, (20, 20))
        server.ever.add(20)
        if and_deleted:
            server.delete(3)

    listed = [row for row in rows(57) if row[0] != 20]
    return Server(listed, 5, change=at({8: restore}))


def last_named(off):
    server = switched("last wrong")
    server.wrong_last = off
    return server


def cached():
    server = switched()
    honest = server.body
    server.body = lambda number, size, sort: (honest(number, size, sort)[0], number == 4)
    return server


def ties():
    return Server(
        rows(57, ties=2, unique=False), 5, frozenset({"ties", "deletions"}), random.Random(5), 0.1,
        unique=False,
    )  # fmt: skip


ROWS = {
    "deletes objects anywhere, adds objects at the end": (
        True, lambda: switched("deletions", "additions", rate=0.4)),
    "caps the page size evenly": (True, lambda: switched(cap=3)),
    "changes the page size during the reading": (True, size_changes_once),
    "gives an empty last page": (True, lambda: switched("empty last page", count=55)),
    "names a last page after the real one, or none": (True, lambda: last_named(2)),
    "names a last page before the real one": (False, lambda: last_named(-2)),
    "counts pages from 0": (False, lambda: switched("from zero")),
    "gives `next` or `prev` that aren't the neighbors": (False, wrong_neighbors),
    "cuts a page short, the last one too": (True, lambda: cut(4)),
    "leaves objects out after it made the page": (True, left_out),
    "gives a list as an object (`{\"1\": {...}}`)": (True, lambda: switched("as object")),
    "can't send a page because it is too large": (True, lambda: switched("oversize")),
    "lists an object twice": (False, lambda: switched("duplicates")),
    "gives the same page for every number": (
        False, lambda: changed(switched(), lambda number, size, honest: honest(1))),
    "lists the newest objects first": (False, lambda: switched("sort ignored")),
    "refuses to sort": (True, lambda: switched("sort refused")),
    "puts objects with the same key in another order on each page": (None, ties),
    "restores an object in front of others": (True, restored),
    "restores an object while another one is deleted": (None, lambda: restored(and_deleted=True)),
    "answers from a cache (`Age` above 0)": (False, cached),
}  # fmt: skip


def documented():
    """The rows of the table: what the server does, and whether the entry is complete."""
    text = DOC.read_text().partition("| what the server does |")[2].partition("\n\n")[0]
    return {
        cells[0].strip(): cells[1].strip()
        for cells in (line.strip("|").split(" | ") for line in text.splitlines()[2:])
    }


def test_every_row_of_the_table_is_tested_and_says_what_happens():
    """The table and the tests name the same rows; the second column is the expected value."""
    table = documented()
    assert list(table) == list(ROWS)
    for name, (complete, _) in ROWS.items():
        if complete is not None:
            assert table[name].startswith("yes" if complete else "no")


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_as_it_says(name):
    """And no object is missed in any of them where the entry is complete."""
    complete, make = ROWS[name]
    server = make()
    tally, met = read(server)
    assert complete in (None, tally.complete), tally
    if tally.complete and "while another" not in name and "leaves" not in name:
        assert server.stayed <= met


def test_the_last_page_that_is_cut_is_read_in_smaller_pages_too():
    """It has 2 objects of which 1 is shown."""
    tally, met = read(cut(12))
    assert not tally.complete or len(met) == 57
    assert len(met) == 57


def test_a_size_that_keeps_changing_is_not_complete():
    """Some pages are always of another size."""
    tally, met = read(size_changes())
    assert not tally.complete or len(met) == 57


def test_the_reason_says_what_was_left_out():
    """Places of pages that stayed empty."""
    tally, _ = read(left_out())
    assert re.search(r"left \d+ places in its pages empty", rests_on(tally, "contact"))
    assert "left" not in rests_on(attrs.evolve(tally, left_out=0), "contact")
