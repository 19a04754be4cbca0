"""Whose record is this? The indexes find exactly what reading everything would, and say why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_identifiers import BLANKS, FORMATS, NUMBERS, addresses, respelled

from te_connector.manifest import loading as manifest
from te_connector.manifest.model import FieldMapping, IdentifierKind
from te_connector.matching import subjects
from te_connector.matching.child_matcher import ChildMatcher
from te_connector.matching.emails import email_key, email_keys, neighborhood
from te_connector.matching.evidence import Evidence, Near
from te_connector.matching.indexes import EmailIndex, ExternalIndex
from te_connector.matching.matcher import Matcher, match_one
from te_connector.matching.phone_index import PhoneIndex
from te_connector.matching.phones import phones
from te_connector.matching.strength import has_foreign_email, strength
from te_connector.text.field_paths import blocks_at, steps_of, values_at

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PACKAGED = manifest.load()
CONTACT = PACKAGED.objects["contact"]
KINDS = {**PACKAGED.kinds, "phone": attrs.evolve(PACKAGED.kinds["phone"], alone="strong")}
"""As a manifest may say it, so that what makes a phone weak by itself shows."""


def matched(index: Any, *value: Any) -> list[Any]:
    found: list[Any] = []
    index.match(*value, "field", found)
    return found


def matcher(*asked: dict[str, Any], object_type: Any = CONTACT) -> Matcher:
    read = subjects.read(
        [{"id": f"s{at}", "identifiers": given} for at, given in enumerate(asked)], PACKAGED
    )
    return Matcher(object_type, KINDS, read)


def seen(record: dict[str, Any], *asked: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What a look brought: (subject, identifier, field, weak) and (subject, why)."""
    brought = matcher(*asked).match(record)
    if brought is None:
        return [], []
    return (
        [(one.subject, one.identifier, one.field, one.weak) for one in brought.evidence],
        [(one.subject, one.why) for one in brought.near],
    )


# The fast ways agree with the slow ones.

ODD_TEXT = st.text("aAbB@..+-_,;< >x'\u200b\u00a0éÉİß\u212a\n0", max_size=14)


@pytest.mark.slow
@given(st.data(), st.lists(addresses() | st.just("ab@x.a"), min_size=1, max_size=3))
@example(None, ["k@x.de"])
def test_the_email_index_finds_what_comparing_all_keys_would(data, asked):
    """For any text in the field, the fast path of the index agrees with the key."""
    if data is None:
        value = "\u212a@x.de"
    else:
        value = data.draw(
            st.sampled_from(asked).flatmap(respelled)
            | st.sampled_from(asked).flatmap(
                lambda one: st.tuples(ODD_TEXT, st.just(one)).map("".join)
            )
            | ODD_TEXT
            | addresses()
        )
    index = EmailIndex("email")
    for at, one in enumerate(asked):
        index.add(f"s{at}", one)
    found = matched(index, value)
    key = email_key(value)
    equal = {f"s{at}" for at, one in enumerate(asked) if key is not None and email_key(one) == key}
    assert {one.subject for one in found if isinstance(one, Evidence)} == equal
    near = {one.subject for one in found if isinstance(one, Near)} - equal
    around = {
        f"s{at}"
        for at, one in enumerate(asked)
        if key is not None and neighborhood(email_key(one)) == neighborhood(key)
    }
    spelled = {neighborhood(word) for word in (*email_keys(value), *([key] if key else []))}
    loosely = {
        f"s{at}"
        for at, one in enumerate(asked)
        if spelled & {neighborhood(word) for word in (email_key(one), *email_keys(one))}
    }
    assert around - equal <= near <= loosely - equal


PLACES = [
    "US",
    "GB",
    "DE",
    "AR",
    "IT",
    "SM",
    "JE",
    "NF",
    "AG",
    "BR",
    "MX",
    "JP",
    "NO",
    "AU",
    "CI",
    "AD",
]
SOME = [pair for pair in NUMBERS if pair[0] in PLACES]
JOINTS = st.sampled_from(
    [
        " ",
        ", ",
        ",",
        ";",
        "/",
        " / ",
        "\n",
        " or ",
        " x",
        " ext. ",
        "",
        "-",
        " (h) ",
        " c: ",
        "#",
        "+",
    ]
)
CRUMBS = st.sampled_from(
    ["5", "12", "0", "+", "011", "15", "1", "Bob", "FLOWERS", "n/a", "(0)", "x5", ""]
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A number as somebody writes it, with more or fewer digits at times."""
    _, number = draw(st.sampled_from(SOME))
    text = phonenumbers.format_number(number, draw(st.sampled_from(FORMATS)))
    if draw(st.booleans()):
        text = "".join(char for char in text if char.isdigit() or char == "+")
    how = draw(st.integers(0, 9))
    if how == 1:
        text = text[draw(st.integers(0, 4)) :]
    if how == 2:
        text = text[: -draw(st.integers(1, 4))]
    if how == 3:
        text = f"0{text}"
    return text


@pytest.mark.slow
@settings(max_examples=600)
@given(st.data(), st.sampled_from(PLACES))
@example(None, "US")
def test_the_phone_index_finds_what_reading_every_number_would(data, region):
    """The look at digits alone never hides a number that reading the whole text brings."""
    if data is None:
        asked, text = ["612-555-0123"], "612-555-0123 763-555-0199"
    else:
        asked = data.draw(st.lists(written(), min_size=1, max_size=3))
        pieces = st.one_of(st.sampled_from(asked), written(), CRUMBS)
        text = data.draw(pieces)
        for _ in range(data.draw(st.integers(0, 3))):
            text += data.draw(JOINTS) + data.draw(pieces)
        if data.draw(st.booleans()):
            text = data.draw(BLANKS) + text
    index = PhoneIndex("phone", region, alone_strong=True)
    for at, one in enumerate(asked):
        index.add(f"s{at}", one)
    found = {
        (one.subject, one.number, one.weak)
        for one in matched(index, text)
        if isinstance(one, Evidence)
    }
    assert found == {
        (f"s{at}", there.e164, there.beside or here.beside)
        for at, one in enumerate(asked)
        for here in phones(one, region).numbers
        for there in phones(text, region).numbers
        if here.e164 == there.e164
    }


@pytest.mark.parametrize(
    "text",
    ["612-555-0123 5", "612-555-0123 763-555-0199", "6125550123 7635550199", "+16125550123 9",
     "763-555-0199 612-555-0123 1", "+44 20 7946 0958 / 612 555 0123",
     "612-555-0123+442079460958", "+1 612-555-0123+1 763-555-0199", "(612) 555-0123 x99999"],
)  # fmt: skip
def test_a_number_is_found_wherever_it_is_in_a_field(text):
    """Digits behind it do not hide it."""
    index = PhoneIndex("phone", "US")
    index.add("s0", "612 555 0123")
    assert [one.subject for one in matched(index, text) if isinstance(one, Evidence)] == ["s0"]


def test_numbers_of_few_digits_are_found_next_to_usual_ones():
    """Niue's have four."""
    index = PhoneIndex("phone", "US")
    index.add("long", "612 555 0123")
    index.add("short", "+683 4002")
    alone = PhoneIndex("phone", "US")
    alone.add("short", "+683 4002")
    assert [one.subject for one in matched(alone, "+683 4002")] == ["short"]
    for text, subject in [
        ("+683 4002", "short"),
        ("011 683 4002", "short"),
        ("tel +683 4002, 612-555-0199", "short"),
        ("(612) 555-0123", "long"),
        ("c: 612-555-0123", "long"),
    ]:
        assert [one.subject for one in matched(index, text) if isinstance(one, Evidence)] == [
            subject
        ]


# E-mail.


def test_matched_by_names_every_identifier_and_every_field():
    """All of them, once each."""
    record = {"id": 7, "email": "a@x.com", "email_work": "A@x.com", "phone_cell": "612-555-0123",
              "phone_home": "612.555.0123", "source": "LOS", "external_id": "A-1",
              "external_ids": [{"source": "LOS", "external_id": "A-1"}]}  # fmt: skip
    asked = {"email": ["a@x.com"], "phone": ["6125550123"], "service_id": ["7"],
             "external_id": ["LOS:A-1"]}  # fmt: skip
    equal, near = seen(record, asked)
    assert near == []
    assert sorted(equal) == sorted(
        ("s0", kind, field, False)
        for kind, field in [
            ("email", "email"),
            ("email", "email_work"),
            ("phone", "phone_cell"),
            ("phone", "phone_home"),
            ("service_id", "id"),
            ("external_id", "external_id"),
            ("external_id", "external_ids[].external_id"),
        ]
    )


def test_nothing_equal_and_nothing_close_is_nothing():
    """Which is what nearly every look brings."""
    assert matcher({"email": ["a@x.com"]}).match({"id": 1, "email": "b@x.com"}) is None
    assert matcher({"email": ["a@x.com"]}).match({"id": 1}) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a.da@x.com", "email is nearly the same address"),
        ("ada+crm@x.com", "email is nearly the same address"),
        ("ADA+crm@x.com ", "email is nearly the same address"),
        (
            "ada@x.com, bob@x.com",
            "email holds the address among other text, or in another spelling",
        ),
        ("ada@x.com,bob@x.com", "email holds the address among other text, or in another spelling"),
        ("bob@x.com;ada@x.com", "email holds the address among other text, or in another spelling"),
        ("Ada <ada@x.com>", "email holds the address among other text, or in another spelling"),
        ("mailto:ada@x.com", "email holds the address among other text, or in another spelling"),
        (
            "ada@x.com\nbob@x.com",
            "email holds the address among other text, or in another spelling",
        ),
    ],
)
def test_an_address_that_is_close_is_a_near_miss_and_no_match(value, why):
    """A tag or a dot apart, or one among others in a field."""
    assert seen({"email": value}, {"email": ["ada@x.com"]}) == ([], [("s0", why)])


@pytest.mark.parametrize(
    "value",
    [
        "adam@x.com",
        "ada@x.org",
        "xada@x.com",
        "ada@x.com.br",
        "ada",
        "@x.com",
        "x.com",
        "n/a",
        "",
        " ",
    ],
)
def test_an_address_that_is_another_is_nothing_at_all(value):
    """Never a part of one."""
    assert seen({"email": value}, {"email": ["ada@x.com"]}) == ([], [])


def test_a_subject_with_a_tag_is_close_to_the_address_without():
    """It goes both ways, and the equal one of two subjects is no near miss of itself."""
    asked = [{"email": ["ada+a@x.com"]}, {"email": ["ada@x.com"]}]
    why = "email is nearly the same address"
    assert seen({"email": "ada@x.com"}, *asked) == (
        [("s1", "email", "email", False)],
        [("s0", why)],
    )
    assert seen({"email": "A.D.A@x.com"}, *asked) == ([], [("s0", why), ("s1", why)])


# Phones.


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("763-555-0123", "ends in the same seven digits, under another area code or country"),
        ("+44 161 555 0123", "ends in the same seven digits, under another area code or country"),
        ("555-0123", "holds the same seven digits without an area code"),
        ("0555-0123", "holds the same seven digits, but no valid number"),
        ("000 555-0123 99", "holds the same seven digits, but no valid number"),
        ("02079 555 0123", "holds the same seven digits, but no valid number"),
    ],
)
def test_a_number_that_is_close_is_a_near_miss_and_no_match(value, why):
    """The same seven digits, with another area code or with none."""
    asked = {"phone": ["612-555-0123"]}
    assert seen({"phone_cell": value}, asked) == ([], [("s0", f"phone_cell {why}")])


def test_a_national_number_of_another_region_is_a_near_miss():
    """London's, written without its country, is no number here."""
    asked = {"phone": ["+44 20 7946 0958"]}
    equal, near = seen({"phone_cell": "020 7946 0958"}, asked)
    assert equal == []
    assert near == [("s0", "phone_cell holds the same seven digits, but no valid number")]


@pytest.mark.parametrize("asked", ["555-0123", "000-000-0000", "123-456-7890", "0000000"])
def test_a_phone_that_is_possible_but_not_valid_never_matches(asked):
    """Not even the very same text; it is close, for a person to look at."""
    equal, near = seen({"phone_cell": asked}, {"phone": [asked]})
    assert equal == []
    assert [subject for subject, _ in near] == ["s0"]


def test_a_phone_of_fewer_than_seven_digits_is_not_even_close():
    """Too many numbers hold them."""
    index = PhoneIndex("phone", "US")
    index.add("s0", "551234")
    assert matched(index, "612-555-1234") == matched(index, "551234") == matched(index, "") == []


def test_a_long_number_that_is_not_valid_is_close_by_its_last_seven_digits():
    """However many stand before them."""
    index = PhoneIndex("phone", "US")
    index.add("s0", "0000000005550123")
    assert [one.subject for one in matched(index, "555-0123")] == ["s0"]
    assert [one.subject for one in matched(index, "612-555-0123")] == ["s0"]


@pytest.mark.parametrize("value", ["n/a", "", "none", "0", "555", "612-555", "x", "000-0000"])
def test_a_field_without_a_number_is_nothing(value):
    """Neither a match nor close."""
    assert seen({"phone_cell": value}, {"phone": ["612-555-0123"]}) == ([], [])


def test_a_number_with_an_extension_matches_weakly_on_either_side():
    """A switchboard is many people."""
    plain, extended = {"phone": ["612-555-0123"]}, {"phone": ["612-555-0123 x5"]}
    for value, asked, weak in [
        ("612-555-0123", plain, False),
        ("612-555-0123 x9", plain, True),
        ("612-555-0123", extended, True),
        ("612-555-0123 x9", extended, True),
        ("612-555-0123 x9, 6125550123", plain, False),
    ]:
        assert seen({"phone_cell": value}, asked) == ([("s0", "phone", "phone_cell", weak)], [])


def test_the_strongest_reason_of_a_field_counts():
    """The same number with and without extension is asked for without."""
    asked = {"phone": ["612-555-0123 x5", "612-555-0123", "612-555-0123 x6"]}
    assert seen({"phone_cell": "612-555-0123"}, asked)[0] == [("s0", "phone", "phone_cell", False)]


def test_two_numbers_of_one_subject_in_one_field_are_two_reasons():
    """Each may be shared by other records."""
    brought = matcher({"phone": ["612-555-0123", "763-555-0199"]}).match(
        {"phone_cell": "612-555-0123 / 763-555-0199"}
    )
    assert [one.number for one in brought.evidence] == ["+16125550123", "+17635550199"]


# Ids.


def test_a_service_id_is_compared_as_text_with_the_objects_own_id_alone():
    """A number and a text are one id; nothing else is an id of it."""
    for record_id in (2317, "2317", " 2317 "):
        for asked in ("2317", 2317, " 2317"):
            equal, _ = seen({"id": record_id, "owner": {"id": 1}}, {"service_id": [asked]})
            assert equal == [("s0", "service_id", "id", False)]
    assert seen(
        {"id": 12317, "external_id": 2317, "owner": {"id": 2317}}, {"service_id": ["2317"]}
    ) == ([], [])
    assert seen({"id": "02317"}, {"service_id": ["2317"]}) == ([], [])


@pytest.mark.parametrize(
    ("asked", "strength"),
    [("LOS:A-1", "strong"), ("A-1", "weak"), ("CORE:A-1", "near"), ("LOS:A-2", None), ("A", None),
     ("los:A-1", "near"), ("LOS:a-1", None), ("LOS:", None), (":A-1", "near"), ("LOS", None)],
)  # fmt: skip
def test_an_external_id_matches_with_its_source_and_weakly_without(asked, strength):
    """Another source makes it a near miss; letters count as they are."""
    for record, field in [
        ({"source": "LOS", "external_id": "A-1"}, "external_id"),
        (
            {"external_ids": [{"source": "LOS", "external_id": " A-1 "}]},
            "external_ids[].external_id",
        ),
        ({"external_ids": {"source": "LOS", "external_id": ["A-1"]}}, "external_ids[].external_id"),
    ]:
        equal, near = seen(record, {"external_id": [asked]})
        assert equal == {
            "strong": [("s0", "external_id", field, False)],
            "weak": [("s0", "external_id", field, True)],
        }.get(strength, [])
        why = f"{field} is the same id of another source, or of none"
        assert near == ([("s0", why)] if strength == "near" else [])


def test_an_external_id_that_is_a_number_is_compared_as_text():
    """Zero too."""
    for value in (0, 77):
        equal, _ = seen({"source": "LOS", "external_id": value}, {"external_id": [f"LOS:{value}"]})
        assert equal == [("s0", "external_id", "external_id", False)]
        equal, _ = seen(
            {"external_ids": [{"source": 5, "external_id": value}]}, {"external_id": [f"5:{value}"]}
        )
        assert len(equal) == 1


def test_a_colon_may_stand_in_the_source_or_in_the_id():
    """SOURCE:ID is compared as a whole; an id with a colon is itself, weakly."""
    asked = {"external_id": ["A:B:C"]}
    assert seen({"source": "A:B", "external_id": "C"}, asked)[0][0][3] is False
    assert seen({"source": "A", "external_id": "B:C"}, asked)[0][0][3] is False
    assert seen({"source": "X", "external_id": "A:B:C"}, asked)[0][0][3] is True
    long = {"external_id": ["A:B:C:D"]}
    assert seen({"source": "A:B", "external_id": "C:D"}, long)[0][0][3] is False
    assert seen({"source": "X", "external_id": "B:C"}, asked) == (
        [],
        [("s0", "external_id is the same id of another source, or of none")],
    )


@pytest.mark.parametrize("other", ["XXXX", "None", "None:A-1", ":", "", " "])
def test_without_a_source_an_external_id_is_equal_to_itself_alone(other):
    """What no record says is no source."""
    asked = {"external_id": ["A-1", *([other] if other.strip() else [])]}
    for source in (None, "", " "):
        equal, _ = seen({"source": source, "external_id": "A-1"}, asked)
        assert equal == [("s0", "external_id", "external_id", True)]


def test_the_strong_reason_of_two_asked_ids_counts():
    """With the source and without."""
    asked = {"external_id": ["A-1", "LOS:A-1"]}
    equal, near = seen({"source": "LOS", "external_id": "A-1"}, asked)
    assert (equal, near) == ([("s0", "external_id", "external_id", False)], [])


# Values that are neither text nor number.


@pytest.mark.parametrize("value", [1.5, True, False, {"x": 1}, [1.5], [["a", {}]], ["b", True]])
@pytest.mark.parametrize("field", ["email", "phone_cell", "external_id"])
def test_an_odd_value_is_counted_by_its_field(field, value):
    """It could not be compared, and the answer says so."""
    kind = {"phone_cell": "phone", "external_id": "external_id"}.get(field, "email")
    asked = {"email": "a@x.com", "phone": "612-555-0123", "external_id": "LOS:A"}[kind]
    made = matcher({kind: [asked]})
    assert made.match({"id": 1, field: value}) is None
    assert set(made.odd) == {field}
    assert made.odd[field] == 1
    made.match({"id": 1, field: value})
    assert made.odd[field] == 2


@pytest.mark.parametrize("value", [None, "", " ", [], [None, ""], [[]], 7, "7", ["7", 7]])
@pytest.mark.parametrize("field", ["email", "phone_cell", "external_id", "external_ids"])
def test_an_empty_value_a_number_and_a_list_of_texts_are_not_odd(field, value):
    """They were compared."""
    made = matcher({"email": ["a@x.com"], "phone": ["612-555-0123"], "external_id": ["LOS:A"]})
    record = {field: value}
    if field == "external_ids":
        record = {field: [{"external_id": value}]}
    assert made.match(record) is None
    assert not made.odd


@pytest.mark.parametrize("value", ["ada@x.com " * 101, ["ada@x.com " * 101]], ids=["text", "list"])
@pytest.mark.parametrize("field", ["email", "phone_cell"])
def test_a_text_that_is_too_long_to_be_compared_is_odd(field, value):
    """Nobody's address or number is that long, but a whole list of them may be."""
    made = matcher({"email": ["b@x.com"], "phone": ["612-555-0123"]})
    assert made.match({"id": 1, field: value}) is None
    assert made.odd == {field: 1}


def test_every_text_of_a_list_is_compared():
    """The vendor shows an object where a list is documented, and the other way round."""
    asked = {"email": ["a@x.com"], "phone": ["6125550123"], "external_id": ["LOS:A-1"]}
    assert seen({"email": ["b@x.com", ["A@x.com"]]}, asked)[0] == [("s0", "email", "email", False)]
    assert seen({"phone_cell": [6125550123]}, asked)[0] == [("s0", "phone", "phone_cell", False)]
    assert seen({"phone_cell": 6125550123}, asked)[0] == [("s0", "phone", "phone_cell", False)]
    nested = [[{"source": "LOS", "external_id": "A-1"}], None]
    assert seen({"external_ids": nested}, asked)[0] == [
        ("s0", "external_id", "external_ids[].external_id", False)
    ]
    listed = {"source": "LOS", "external_id": ["B", "A-1"]}
    assert seen(listed, asked)[0] == [("s0", "external_id", "external_id", False)]


@pytest.mark.parametrize(
    "value",
    ["A-1", 7, True, ["A-1"], [7], [[True]], [{"external_id": 1.5}], [{"external_id": {"x": 1}}]],
)
def test_an_external_id_that_cannot_be_reached_is_odd(value):
    """A text where an object is documented has no source, so it is not guessed at."""
    made = matcher({"external_id": ["LOS:A-1", "A-1"]})
    assert made.match({"id": 1, "external_ids": value}) is None
    assert set(made.odd) == {"external_ids[].external_id"}


def deep(*ways: str, kind: str = "email", source: str | None = None) -> Any:
    mapped = tuple(FieldMapping(kind, way, source, None, False) for way in ways)
    return SimpleNamespace(mapped=mapped, name="deep")


def test_fields_below_others_are_compared_through_lists_and_objects():
    """However deep a manifest's field lies."""
    made = matcher({"email": ["a@x.com"]}, object_type=deep("info.email", "people[].mail.work"))
    for record in [
        {"info": {"email": "A@x.com"}},
        {"info": [{"email": "b@x.com"}, {"email": ["a@x.com"]}]},
        {"people": [{"mail": {"work": "a@x.com"}}]},
        {"people": {"mail": [{"work": "a@x.com"}, None]}},
    ]:
        brought = made.match(record)
        assert brought is not None
        assert [one.field for one in brought.evidence] == [
            next(iter(record)) + ("[].mail.work" if "people" in record else ".email")
        ]
    assert not made.odd
    assert (
        made.match({"info": {}, "people": [{}, {"mail": {}}, {"mail": None}, {"mail": ""}]}) is None
    )
    assert not made.odd


@pytest.mark.parametrize(
    "record", [{"info": "a@x.com"}, {"info": ["a@x.com"]}, {"info": 7}, {"info": {"email": 1.5}}]
)
def test_a_field_below_something_that_has_no_fields_is_odd(record):
    """The way to it could not be followed."""
    made = matcher({"email": ["a@x.com"]}, object_type=deep("info.email"))
    assert made.match(record) is None
    assert made.match(record) is None
    assert made.odd == {"info.email": 2}


@pytest.mark.parametrize("record", [
    {"loan": {"ids": [{"origin": "LOS", "value": "A-1"}]}},
    {"loan": [{"ids": {"origin": "LOS", "value": "A-1"}}]},
])  # fmt: skip
def test_external_ids_may_lie_deep_and_have_their_source_next_to_them(record):
    """By whatever names the manifest gives."""
    of_type = deep("loan.ids[].value", kind="external_id", source="origin")
    made = matcher({"external_id": ["LOS:A-1"]}, object_type=of_type)
    brought = made.match(record)
    assert [one.weak for one in brought.evidence] == [False]
    assert made.match({"loan": {"ids": "A-1"}}) is None
    assert set(made.odd) == {"loan.ids[].value"}


def test_several_lists_of_external_ids_are_each_looked_at():
    """One that is missing does not hide the next."""
    of_type = deep("old[].id", "new[].id", kind="external_id", source="source")
    made = matcher({"external_id": ["LOS:A-1"]}, object_type=of_type)
    brought = made.match({"new": [{"source": "LOS", "id": "A-1"}]})
    assert [one.field for one in brought.evidence] == ["new[].id"]


def test_nearly_all_stored_values_are_distinguished_without_being_read(monkeypatch):
    """Which is what makes a scan cheap: the slow ways are for the few that come close."""
    made = matcher({"email": ["ada@x.com"], "phone": ["612-555-0123", "000-000-0000"],
                    "external_id": ["LOS:A-1"]})  # fmt: skip
    read = []
    monkeypatch.setattr("te_connector.matching.indexes.email_key", read.append)
    monkeypatch.setattr(
        "te_connector.matching.phone_index.phones", lambda text, region: read.append(text)
    )
    monkeypatch.setattr(ExternalIndex, "match", lambda *given: read.append(given))
    for email, phone, external in [
        ("bob@x.com", "(763) 555-0199", "B-1"),
        ("Bob.B-c_d+e@X.com", "+1 763.555.0199", 77),
        ("b0b@x-y.com", "1-763-555-0199", ""),
        ("", "7635550199 x5", " "),
        ("nobody", "n/a", None),
        ("b@x.com", "7635550199, 763-555-0198", "A"),
        ("b@x.com", "+44 20 7946 0958", "a-1"),
    ]:
        record = {"id": 5, "email": email, "phone_cell": phone, "external_id": external,
                  "external_ids": [{"source": "LOS", "external_id": str(external)}]}  # fmt: skip
        if not isinstance(external, str):
            del record["external_id"]
        assert made.match(record) is None
    assert read == []


@pytest.mark.parametrize("region", ["US", "AR"])
def test_a_number_of_another_country_may_end_early_in_a_field(region):
    """Germany has some of seven digits; more digits behind it do not hide it."""
    index = PhoneIndex("phone", region, alone_strong=True)
    index.add("s0", "+49 30 12345")
    for text in ("+49 30 12345", "+49 30 12345, 5", "+49 30 12345\n99"):
        assert [one.subject for one in matched(index, text) if isinstance(one, Evidence)] == ["s0"]


def test_an_external_id_without_a_named_source_matches_weakly_alone():
    """There is nothing to compare a source with."""
    of_type = deep("number", kind="external_id")
    weak = matcher({"external_id": ["A-1"]}, object_type=of_type).match(
        {"number": "A-1", "source": "LOS"}
    )
    assert [one.weak for one in weak.evidence] == [True]
    near = matcher({"external_id": ["LOS:A-1"]}, object_type=of_type).match({"number": "A-1"})
    assert [one.subject for one in near.near] == ["s0"]


@pytest.mark.parametrize(
    ("way", "data", "values", "blocks"),
    [
        ("a", {"a": 1}, [1], []),
        ("a", {"b": 1}, [], []),
        ("a", [{"a": 1}, {"a": [2, None]}], [1, 2, None], []),
        ("a[].b", {"a": [{"b": 1}, {"b": ""}]}, [1, ""], []),
        ("a[].b", {"a": {"b": 1}}, [1], []),
        ("a.b", {"a": [[{"b": 1}]]}, [1], []),
        ("a.b", {"a": "x"}, [], ["x"]),
        ("a.b", {"a": [1, None, "", {"b": 2}]}, [2], [1]),
        ("a.b", {"a": None}, [], []),
        ("a.b.c", {"a": {"b": False}}, [], [False]),
        ("a", 5, [], [5]),
    ],
)
def test_a_way_leads_to_all_its_values_and_shows_what_blocks_it(way, data, values, blocks):
    """Lists are walked through wherever they stand."""
    assert list(values_at(data, steps_of(way))) == values
    assert list(blocks_at(data, steps_of(way))) == blocks


# Children.

RESPONSE = PACKAGED.objects["contact_survey_response"]


def test_a_child_is_its_parents_subjects():
    """Through the parent's id, as number or text."""
    made = ChildMatcher(RESPONSE, {"7": ["s0", "s1"], "8": ["s1"]})
    for name in (7, "7"):
        brought = made.match({"id": "ff", "contact": {"id": name}})
        assert [
            (one.subject, one.identifier, one.field, one.parent) for one in brought.evidence
        ] == [
            ("s0", "contact", "contact.id", "7"),
            ("s1", "contact", "contact.id", "7"),
        ]
    both = made.match({"id": "ff", "contact": [{"id": 8}, {"id": 7}, {"id": 8}]})
    assert [(one.subject, one.parent) for one in both.evidence] == [
        ("s1", "8"), ("s0", "7"), ("s1", "7"),
    ]  # fmt: skip
    assert made.match({"id": "ff", "contact": {"id": 9}}) is None
    assert made.unlinked == 0
    assert not made.odd
    assert made.fields == {"contact": ["contact.id"]}


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"contact": None},
        {"contact": {}},
        {"contact": {"id": None}},
        {"contact": {"id": ""}},
        {"contact": []},
    ],
)
def test_a_child_that_names_no_parent_is_counted(held):
    """Nobody can say whose it is."""
    made = ChildMatcher(RESPONSE, {"7": ["s0"]})
    for count in (1, 2):
        assert made.match({"id": "ff", **held}) is None
        assert made.unlinked == count
    assert not made.odd


@pytest.mark.parametrize(
    "held", [7, "7", [7], {"id": 1.5}, {"id": True}, [{"id": 9}, {"id": {}}], [{"id": 9}, 7]]
)
def test_a_child_whose_parent_cannot_be_read_is_odd(held):
    """It was not compared."""
    made = ChildMatcher(RESPONSE, {"7": ["s0"]})
    for count in (1, 2):
        assert made.match({"id": "ff", "contact": held}) is None
        assert made.odd == {"contact.id": count}


# Several subjects, and what is asked.


def test_two_subjects_share_a_record_and_neither_sees_what_is_the_others():
    """Each reason names whose it is."""
    record = {"id": 7, "email": "a@x.com", "phone_cell": "612-555-0123"}
    equal, near = seen(
        record, {"email": ["a@x.com"]}, {"phone": ["6125550123"]}, {"email": ["b@x.com"]}
    )
    assert equal == [("s0", "email", "email", False), ("s1", "phone", "phone_cell", False)]
    assert near == []


def test_only_kinds_that_somebody_asked_for_are_compared():
    """And their fields are what coverage names."""
    made = matcher({"email": ["a@x.com"]}, {"service_id": ["7"]})
    assert made.fields == {"email": ["email", "email_work"], "service_id": ["id"]}
    made.match({"phone_cell": True, "external_ids": True})
    assert not made.odd
    user = PACKAGED.objects["user"]
    both = matcher({"phone": ["612-555-0123"], "email": ["a@x.com"]}, object_type=user)
    assert both.fields == {"email": ["email"]}
    phone = matcher({"phone": ["612-555-0123"]}, object_type=user)
    assert phone.fields == {}
    assert phone.match({"email": "a@x.com"}) is None


def test_the_same_value_twice_is_one_reason():
    """In one subject, in other spellings."""
    equal, _ = seen(
        {"email": "a@x.com", "phone_cell": "6125550123"},
        {"email": ["a@x.com", "A@X.com"], "phone": ["6125550123", "612-555-0123"]},
    )
    assert len(equal) == 2


def test_a_value_that_is_no_key_is_indexed_nowhere():
    for index in (EmailIndex("email"), ExternalIndex("external")):
        index.add("s0", " ")
    assert matched(EmailIndex("email"), "") == []


def person(**identifiers):
    (one,) = subjects.read([{"id": "s0", "identifiers": identifiers}], PACKAGED)
    return one


@pytest.mark.parametrize(
    ("record", "foreign"),
    [
        ({}, False),
        ({"email": None, "email_work": " "}, False),
        ({"email": "A@x.com", "email_work": "a@x.com"}, False),
        ({"email": "b@x.com"}, True),
        ({"email": "a@x.com", "email_work": "b@x.com"}, True),
        ({"email": "a@x.com; b@x.com"}, True),
        ({"email": "see notes"}, True),
        ({"email": True}, True),
        ({"email": ["a@x.com", "b@x.com"]}, True),
        ({"email": {"0": "b@x.com"}}, True),
        ({"notes": "b@x.com"}, False),
    ],
)
def test_an_email_field_that_is_filled_but_is_not_the_subjects_is_foreign(record, foreign):
    asked = person(email=["a@x.com"], phone=["612-555-0123"])
    assert has_foreign_email(record, asked, CONTACT, PACKAGED.kinds) is foreign


@pytest.mark.parametrize(
    ("record", "packaged", "alone_strong"),
    [
        ({"phone_cell": "612-555-0123"}, "weak", "strong"),
        ({"phone_cell": "612-555-0123", "email": "b@x.com"}, "weak", "weak"),
        ({"phone_cell": "612-555-0123", "email": "see notes"}, "weak", "weak"),
        ({"phone_cell": "612-555-0123", "email": "a@x.com"}, "strong", "strong"),
        ({"phone_cell": "612-555-0123 x5"}, "weak", "weak"),
        ({"phone_cell": "612-555-0123 5", "phone_home": "612-555-0123"}, "weak", "strong"),
        ({"email": "a@x.com", "email_work": "b@x.com"}, "strong", "strong"),
    ],
)
def test_a_phone_alone_is_weak_unless_the_manifest_says_otherwise(record, packaged, alone_strong):
    asked = person(email=["a@x.com"], phone=["612-555-0123"])
    for kinds, expected in ((PACKAGED.kinds, packaged), (KINDS, alone_strong)):
        evidence = Matcher(CONTACT, kinds, [asked]).match(record).evidence
        assert strength(evidence, record, asked, CONTACT, kinds) == expected


@pytest.mark.parametrize(
    ("given", "object_type", "weak"),
    [
        ("contact:7", "contact", False),
        ("7", "contact", False),
        ("7", "user", True),
        ("user:7", "user", False),
        ("user:7", "contact", None),
        ("contact:7", "user", None),
    ],
)
def test_a_service_id_means_the_type_that_it_names_or_else_contacts(given, object_type, weak):
    of_type = PACKAGED.objects[object_type]
    match = Matcher(of_type, PACKAGED.kinds, [person(service_id=[given])]).match({"id": 7})
    assert (None if match is None else match.evidence[0].weak) == weak


def test_what_no_searched_type_can_be_compared_with_is_named_by_position():
    asked = [
        person(phone=["612-555-0123", "555-0123"], service_id=["user:5", "7"], email=["a@x.com"])
    ]
    assert list(
        subjects.uncompared(asked, PACKAGED, {"contact": ["phone", "service_id", "email"]})
    ) == [
        ("s0", "phone", 2),
        ("s0", "service_id", 1),
    ]
    assert list(subjects.uncompared(asked, PACKAGED, {"user": ["service_id", "email"]})) == [
        ("s0", "phone", 1),
        ("s0", "phone", 2),
    ]


def test_one_record_is_matched_with_one_subject():
    """As a deletion does it."""
    (subject,) = subjects.read([{"id": "s", "identifiers": {"email": ["a@x.com"]}}], PACKAGED)
    assert match_one({"email": "b@x.com"}, CONTACT, PACKAGED, subject) == ()
    assert match_one({"email": "a.@x.com"}, CONTACT, PACKAGED, subject) == ()
    (reason,) = match_one({"email": "a@x.com"}, CONTACT, PACKAGED, subject)
    assert (reason.subject, reason.field) == ("s", "email")


def test_evidence_and_subjects_show_no_value_when_printed():
    """Numbers and addresses stay out of tracebacks and logs."""
    brought = matcher({"phone": ["612-555-0123"]}).match({"phone_cell": "612-555-0123"})
    (subject,) = subjects.read([{"id": "s", "identifiers": {"email": ["a@x.com"]}}], PACKAGED)
    assert "5550123" not in repr(brought)
    assert "a@x.com" not in repr(subject)


def test_kinds_of_other_regions_read_numbers_as_theirs():
    """The manifest says which."""
    kinds = {
        **PACKAGED.kinds,
        "phone": IdentifierKind("phone", "Phone", "phone", region="GB", alone="strong"),
    }
    (subject,) = subjects.read(
        [{"id": "s", "identifiers": {"phone": ["020 7946 0958"]}}],
        SimpleNamespace(kinds=kinds),
    )
    made = Matcher(CONTACT, kinds, [subject])
    assert made.match({"phone_cell": "+44 20 7946 0958"}).evidence[0].weak is False


# The documentation.

DOC = Path(__file__).resolve().parents[2] / "docs" / "matching.md"


def doc_rows() -> Iterator[Any]:
    """Each example of docs/matching.md: kind, what the subject gives, what the record has, the result."""
    for section in DOC.read_text(encoding="utf-8").split("\n## "):
        title = section.partition("\n")[0]
        for line in section.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if not line.startswith("| ") or len(cells) < 4 or "`" not in line:
                continue
            kind = {"E-mail addresses": "email", "Phone numbers": "phone"}.get(title)
            if kind is None:
                kind = cells.pop(0).replace(" ", "_")
            given, held = (re.findall("`([^`]*)`", cell) for cell in cells[:2])
            yield pytest.param(
                kind, given, held, cells[2], id=f"{kind}-{line.split('`')[1]}-{cells[2]}"
            )


def plain(text: str) -> str:
    """A text of the documentation with its escapes read."""
    text = text.replace("\\n", "\n")
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def test_the_documentation_has_examples_of_every_kind():
    """So that the next test is not about nothing."""
    kinds = [row.values[0] for row in doc_rows()]
    assert {kind: kinds.count(kind) >= 2 for kind in PACKAGED.kinds} == dict.fromkeys(
        PACKAGED.kinds, True
    )
    assert len(kinds) >= 40


@pytest.mark.parametrize(("kind", "given", "held", "result"), list(doc_rows()))
def test_the_documentations_examples_are_true(kind, given, held, result):
    """Each row of docs/matching.md."""
    (given,), held = given, [plain(text) for text in held]
    record = {"email": {"email": held[0]}, "phone": {"phone_home": held[0]}}.get(kind)
    if kind == "service_id":
        record = {"id": held[0]}
    elif record is None:
        record = {"source": held[0], "external_id": held[1]}
    equal, near = seen(record, {kind: [plain(given)]})
    told = "nothing"
    if equal:
        told = "weak" if equal[0][3] else "equal"
    elif near:
        told = "near"
    assert told == result
