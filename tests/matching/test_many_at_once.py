"""A page of records compared at once gives what comparing each record alone gives."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from te_connector.manifest import loading
from te_connector.matching import subjects
from te_connector.matching.matcher import Matcher

MANIFEST = loading.load()
CONTACT, USER = MANIFEST.objects["contact"], MANIFEST.objects["user"]
PERSON = {
    "id": "s",
    "identifiers": {
        "email": ["ada.b+c@example.com", "k@gmail.com"],
        "phone": ["612-555-0133", "+44 20 7946 0958"],
        "service_id": ["contact:2317", "user:12"],
    },
}
FIELDS = ("email", "email_work", "phone_cell", "phone_home", "phone_office", "id", "username")
ADDRESSES = (
    "ada.b+c@example.com", "ADA.B+C@EXAMPLE.COM", "adab+c@example.com", "ada.b@example.com",
    " ada.b+c@example.com", "k@gmail.com", "\u212a@gmail.com", "k.@googlemail.com", "K@GoogleMail.com",
    "mailto:k@gmail.com", "x@example.com,k@gmail.com", "x@y.com\nk@gmail.com", "\nk@gmail.com", "k@gmail.com\n",
    "a@b@gmail.com", "k", "@", ".", "x@example.org", "_x@example.org", "x@example.org-", "x+y@example.org",
    "k at gmail.com", "k\u200b@gmail.com", "\uff4b@gmail.com", "a" * 1001 + "@example.com",
)  # fmt: skip
NUMBERS = (
    "612-555-0133", "(612) 555-0133", "+1 612 555 0133", "1 612 555 0133", "6125550133", "5550133",
    "+44 20 7946 0958", "020 7946 0958", "+442079460958", "+1+6125550133", "612 555 0133 x12", "\t612.555.0133",
    "612\n5550133", "763-555-0100", "+1 763 555 0100", "+49 30 901820", "1" * 40, "---", "+", "+1",
    "\u0666\u0661\u0662\u0665\u0665\u0665\u0660\u0661\u0663\u0663", "001 612 555 0133",
)  # fmt: skip
IDS = ("2317", " 2317", "02317", "12", "1\u00a02", "9", "2\u200b317")
VALUES = st.one_of(
    st.sampled_from((*ADDRESSES, *NUMBERS, *IDS)),
    st.sampled_from((None, "", " ", 0, 12, 2317, 6125550133, True, 1.5, [], ["k@gmail.com"], {})),
    st.text(max_size=12),
    st.from_regex(r"[a-z0-9._+@-]{1,12}@[a-z0-9.]{1,8}", fullmatch=True),
    st.from_regex(r"[0-9 ().+-]{1,14}", fullmatch=True),
)
ORDINARY = st.sampled_from((None, "", "x@example.org", "someone.else@example.net"))
PAGES = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, st.one_of(ORDINARY, VALUES))),
    max_size=8,
)
KINDS = st.lists(st.sampled_from(("email", "phone", "service_id")), min_size=1, unique=True)


def _matcher(object_type, kinds) -> Matcher:
    chosen = {kind: PERSON["identifiers"][kind] for kind in kinds}
    people = subjects.read([{"id": "s", "identifiers": chosen}], MANIFEST)
    return Matcher(object_type, MANIFEST.kinds, people)


@given(pages=st.lists(PAGES, max_size=3), kinds=KINDS, of_users=st.booleans())
@example(pages=[[{"email": "\u212a@gmail.com"}]], kinds=["email"], of_users=False)
@example(pages=[[{"email": "x@y.com\nk@gmail.com"}]], kinds=["email"], of_users=False)
@example(pages=[[{"email": "_k@gmail.com"}]], kinds=["email"], of_users=False)
@example(pages=[[{"email": "x@k@gmail.com"}]], kinds=["email"], of_users=False)
@example(pages=[[{"email": "a@example.org"}, {"email": "k"}]], kinds=["email"], of_users=False)
@example(pages=[[{"phone_cell": "+1+6125550133"}]], kinds=["phone"], of_users=False)
@example(pages=[[{"phone_cell": "+442079460958"}]], kinds=["phone"], of_users=False)
@example(
    pages=[[{"phone_cell": "763-555-0100"}, {"phone_cell": "-"}]], kinds=["phone"], of_users=False
)
@example(pages=[[{"id": 2317}, {"id": 9}]], kinds=["service_id"], of_users=False)
def test_pages_compared_at_once_give_what_each_record_gives(pages, kinds, of_users):
    object_type = USER if of_users else CONTACT
    at_once, alone = _matcher(object_type, kinds), _matcher(object_type, kinds)
    for page in pages:
        given_at_once = at_once.matches(page)
        each = [(record, alone.match(record)) for record in page]
        assert given_at_once == [(record, match) for record, match in each if match is not None]
    assert at_once.odd == alone.odd
    assert at_once.absent == alone.absent


PIECES = {
    "phone": ("6125550133", "612", "555", "0133", "5550133", "+1", "+44", "+", "-", " ", "(", ")", "\t", "20",
              "2079460958", "7946", "0958", "0", "1", "00", "x", "\n", "\u0663", "9", ".", "44"),
    "email": ("ada.b+c", "ada.b", "adab", "ada", "@", "example.com", "Example.COM", "k", "gmail.com", ".",
              "googlemail.com", "+", "+c", "_", "-", " ", "\n", "<", ">", "\u212a", "\u200b", ",", "x",
              "mailto:", "%40", " at "),
    "service_id": ("2317", "12", "0", " ", "\u00a0", "\u200b", "a", "-", "9", "\n"),
}  # fmt: skip
FIELD = {"phone": "phone_cell", "email": "email", "service_id": "id"}


@pytest.mark.parametrize("kind", PIECES)
def test_no_spelling_made_of_pieces_is_overlooked(kind):
    rng = random.Random(kind)
    at_once, alone = _matcher(CONTACT, [kind]), _matcher(CONTACT, [kind])
    for _ in range(5000):
        page = [
            {FIELD[kind]: "".join(rng.choices(PIECES[kind], k=rng.randrange(7)))}
            for _ in range(rng.choice([1, 1, 2, 3]))
        ]
        each = [(record, alone.match(record)) for record in page]
        assert at_once.matches(page) == [(one, match) for one, match in each if match is not None]


def test_a_page_of_strangers_is_not_compared_record_by_record(monkeypatch):
    matcher = _matcher(CONTACT, ["email", "phone"])
    monkeypatch.setattr(matcher, "match", None)
    strangers = [
        {"id": n, "email": f"person{n}@example.org", "phone_cell": f"(763) 555-{n:04}"}
        for n in range(100)
    ]
    assert matcher.matches(strangers) == []
