"""Which pages of a stream are proven, by the rule alone: without the checks that come after it."""

from __future__ import annotations

import attrs
import pytest
from streammodel import Attack

from te_connector.api.lists.stream import Stream, start
from te_connector.api.pages import Page


def test_no_row_is_missed_whatever_goes_and_whatever_is_slow() -> None:
    """Rows go at any moment, and each request is answered and arrives at any moment."""
    assert [seed for seed in range(1000) if Attack(seed).run()] == []


@attrs.frozen
class CreditsWhatArrivedLater(Stream):
    """Counts pages that arrived before the sentinel did, not before it was sent."""

    def sentinel_was_equal(self) -> tuple[Stream, tuple[Page, ...]]:
        return Stream.sentinel_was_equal(attrs.evolve(self, asked=frozenset(self.arrived)))


@attrs.frozen
class KeepsWhatIsNotContiguous(Stream):
    """Keeps proven pages behind one that isn't, when a sentinel differs (counter-example 1)."""

    def remembered(self) -> frozenset[int]:
        return self.proven

    def sentinel_differed(self, last: int) -> Stream:
        new = Stream.sentinel_differed(self, last)
        high, kept = new.high, self.remembered()
        while high in self.proven & kept:
            high -= 1
        pages = {number: self.arrived[number] for number in kept if number <= high}
        proven = self.proven & frozenset(pages)
        return attrs.evolve(new, high=high, following=high, arrived=pages, proven=proven)

    def page_sent(self) -> Stream:
        if self.following in self.arrived:
            return attrs.evolve(self, following=self.following - 1)
        return Stream.page_sent(self)


@attrs.frozen
class KeepsWhatWasReadEarlier(KeepsWhatIsNotContiguous):
    """Reads only what hadn't arrived when a sentinel differed (counter-example 2)."""

    def remembered(self) -> frozenset[int]:
        return frozenset(self.arrived)


@pytest.mark.parametrize(
    "looser", [CreditsWhatArrivedLater, KeepsWhatIsNotContiguous, KeepsWhatWasReadEarlier]
)
def test_the_attack_finds_each_looser_rule(looser: type[Stream]) -> None:
    """So it can find a wrong rule at all."""

    def begin(high: int, window: int, workers: int, size: int) -> Stream:
        stream = start(high, window, workers, size)
        return looser(**{each.name: getattr(stream, each.name) for each in attrs.fields(Stream)})

    assert any(Attack(seed, begin).run() for seed in range(3000))


def ten_rows() -> Stream:
    """Pages [1 2][3 4][5 6][7 8][9 10]; the sentinel page, 5, was read, and all others are under way."""
    stream = start(high=4, window=100, workers=16, page_size=2)
    while stream.may_send_page:
        stream = stream.page_sent()
    return stream


def test_proven_pages_below_a_slow_one_are_read_again() -> None:
    """Page 4 is slow, pages 3 and 2 are proven, then row 1 goes: row 7 is on page 3 now."""
    stream = ten_rows().page_arrived(0, Page(3, ("5", "6"))).page_arrived(0, Page(2, ("3", "4")))
    stream, kept = stream.sentinel_sent().sentinel_was_equal()
    assert (kept, stream.high) == ((), 4)
    stream = stream.page_arrived(0, Page(4, ("8", "9"))).sentinel_sent().sentinel_differed(5)
    assert (stream.high, stream.following, stream.proven) == (4, 4, frozenset())


def test_a_page_below_failed_ones_is_read_again() -> None:
    """Page 2 was read before row 1 went, and pages 4 and 3 fail: row 5 is on page 2 now."""
    stream = ten_rows().page_arrived(0, Page(2, ("3", "4"))).sentinel_sent().sentinel_differed(5)
    for page in (Page(4, ("8", "9")), Page(3, ("6", "7")), Page(2, ("4", "5"))):
        assert stream.page_arrived(0, page) == stream  # it was sent before
    sent = set()
    while stream.may_send_page:
        sent.add(stream.following)
        stream = stream.page_sent()
    assert sent == {4, 3, 2, 1}


def test_a_page_that_arrives_while_a_sentinel_is_under_way_waits_for_the_next() -> None:
    """The sentinel can have been answered before the page was."""
    stream = ten_rows().page_arrived(0, Page(4, ("7", "8"))).sentinel_sent()
    stream = stream.page_arrived(0, Page(3, ("5", "6")))
    stream, kept = stream.sentinel_was_equal()
    assert ([page.number for page in kept], stream.high) == ([4], 3)


def test_a_list_that_lost_its_last_page_goes_on_in_front_of_the_new_one() -> None:
    """The new last page is read whole by then."""
    assert ten_rows().sentinel_sent().sentinel_differed(3).high == 2
