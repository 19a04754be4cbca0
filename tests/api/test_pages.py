"""A page is taken as it is or refused; what it shows of order and links is read exactly."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import pytest

from te_connector.api.lists.order import any_out_of_order, out_of_order
from te_connector.api.pages import params_of, read_page
from te_connector.errors import OddAnswer
from te_connector.manifest import loading as manifest

MANIFEST = manifest.load()
CONTACT = MANIFEST.objects["contact"]


def page_of(body, *, object_type=CONTACT, number=1):
    """What is read of a body that answers a request for a page."""
    client = SimpleNamespace(
        settings=SimpleNamespace(manifest=MANIFEST), get=lambda path, params: body
    )
    return read_page(client, object_type, params_of(client, object_type, number))


def keys_of(*values, order_key="n"):
    """The order keys of objects that hold these values under ``n``."""
    ordered = attrs.evolve(CONTACT, order_key=order_key)
    items = [{"id": number, "n": value} for number, value in enumerate(values)]
    return page_of({"items": items}, object_type=ordered)[0].keys


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ([], "GET /contacts answered 200 with something other than an object."),
        (None, "GET /contacts answered 200 with something other than an object."),
        (
            {},
            f"GET /contacts answered 200 without a list under {' or '.join(MANIFEST.paging.items)}.",
        ),
        (
            {"items": "none"},
            f"GET /contacts answered 200 without a list under {' or '.join(MANIFEST.paging.items)}.",
        ),
        (
            {"items": [], "links": [1]},
            "GET /contacts answered 200 with page links that aren't an object.",
        ),
        (
            {"items": [], "links": "2"},
            "GET /contacts answered 200 with page links that aren't an object.",
        ),
        ({"items": [{"id": 1}, {}]}, "GET /contacts lists something without a readable id."),
        ({"items": [{"id": None}]}, "GET /contacts lists something without a readable id."),
        ({"items": [{"id": [1]}]}, "GET /contacts lists something without a readable id."),
        ({"items": ["1"]}, "GET /contacts lists something without a readable id."),
        (
            {"items": [], "links": {"last": 2}},
            "GET /contacts answered 200 with an empty page and says that others follow.",
        ),
        (
            {"items": [], "links": {"next": 2}},
            "GET /contacts answered 200 with an empty page and says that others follow.",
        ),
    ],
)
def test_what_is_no_page_is_refused_in_one_sentence(body, fault):
    """A shape that is not documented is never the end of a list."""
    assert len(MANIFEST.paging.items) > 1
    with pytest.raises(OddAnswer) as caught:
        page_of(body)
    assert str(caught.value) == fault
    assert caught.value.status == 200


@pytest.mark.parametrize(
    ("links", "last", "next_page", "goes_on", "at_end"),
    [
        ({}, None, None, False, False),
        ([], None, None, False, False),
        (None, None, None, False, False),
        ({"last": 3, "next": 4}, 3, 4, True, False),
        ({"last": 3}, 3, None, False, True),
        ({"last": "5", "next": None}, 5, None, True, False),
        ({"last": 0}, None, None, False, False),
        ({"last": -5}, None, None, False, False),
        ({"last": 2.5, "next": "four"}, None, None, False, False),
        ({"last": "9" * 18}, int("9" * 18), None, True, False),
        ({"last": "9" * 19}, None, None, False, False),
        ({"last": "٣"}, None, None, False, False),
        ({"last": True}, None, None, False, False),
        ({"next": 3, "last": 1}, 1, 3, False, True),
        ({"next": 4, "last": 1}, 1, 4, True, False),
    ],
)
def test_links_are_read_as_whole_numbers_or_not_at_all(links, last, next_page, goes_on, at_end):
    """Page 3 goes on if it names a later page, and is the end if it names itself as the last."""
    page, _ = page_of({"items": [{"id": 1}], "links": links}, number=3)
    assert (page.number, page.last, page.next) == (3, last, next_page)
    assert (page.goes_on, page.at_end) == (goes_on, at_end)


def test_a_single_object_in_the_place_of_a_list_is_a_list_of_one():
    """Documented for one endpoint."""
    page, items = page_of({"items": {"id": 7, "email": "a@example.com"}})
    assert page.ids == ("7",)
    assert items == [{"id": 7, "email": "a@example.com"}]


def test_order_keys_are_numbers_where_they_look_like_it_and_texts_else():
    """Numbers as numbers, so that 10 comes after 9, and before texts."""
    assert keys_of(9, "10", " 11 ", "2026-01-01", "b") == (
        (0, 9),
        (0, 10),
        (0, 11),
        (1, "2026-01-01"),
        (1, "b"),
    )
    assert not any_out_of_order(keys_of(9, "10", 11))
    assert keys_of(None, "", True, [], {}) == (None,) * 5
    assert keys_of("9" * 30, "9" * 31, "٣") == ((0, int("9" * 30)), (1, "9" * 31), (1, "٣"))


def test_an_order_key_may_lie_deeper():
    """A way of several steps; an object without it has no key."""
    assert keys_of({"at": 5}, {"at": "6"}, {}, None, order_key="n.at") == (
        (0, 5),
        (0, 6),
        None,
        None,
    )


def test_two_keys_fall_unless_it_is_certain_that_they_do_not():
    """A missing key, or a number beside a text, cannot be told."""
    assert not out_of_order((0, 1), (0, 1))
    assert not out_of_order((1, "a"), (1, "b"))
    assert out_of_order((0, 2), (0, 1))
    assert out_of_order(None, (0, 1))
    assert out_of_order((0, 1), None)
    assert out_of_order(None, None)
    assert out_of_order((0, 1), (1, "a"))
    assert out_of_order((1, "a"), (0, 1))


@pytest.mark.parametrize(
    ("keys", "broken"),
    [
        ([], False),
        ([(0, 1)], False),
        ([None], True),
        ([(0, 1), (0, 1), (0, 2)], False),
        ([(0, 1), (0, 3), (0, 2)], True),
        ([(0, 3), (0, 1), (0, 4)], True),
        ([(0, 1), None, (0, 2)], True),
        ([(0, 1), (1, "a")], True),
        ([(1, "a"), (0, 1)], True),
        ([(1, "a"), (0, 1), (1, "b")], True),
        ([(1, "a"), (1, "b")], False),
    ],
)
def test_the_order_is_broken_anywhere_along_the_keys_or_nowhere(keys, broken):
    """Equal keys are in order."""
    assert any_out_of_order(keys) is broken


def test_the_query_asks_for_a_page_of_a_size_and_in_an_order():
    """The size is the manifest's unless another is given; the order is asked for if one is given."""
    client = SimpleNamespace(settings=SimpleNamespace(manifest=MANIFEST))
    paging = MANIFEST.paging
    bare = {paging.number: "4", paging.size: str(CONTACT.page_size)}
    assert params_of(client, CONTACT, 4) == bare
    assert params_of(client, CONTACT, 4, size=7) == {**bare, paging.size: "7"}
    assert params_of(client, CONTACT, 4, sort="id") == {**bare, MANIFEST.sort_param: "id"}


def test_a_list_that_comes_as_an_object_is_its_values():
    """PHP writes a list with gaps that way, and an empty one as an object too."""
    page, items = page_of({"items": {"1": {"id": 7}, "3": {"id": 9}}})
    assert (page.ids, items) == (("7", "9"), [{"id": 7}, {"id": 9}])
    assert page_of({"items": {}})[1] == []
