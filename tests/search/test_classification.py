"""How sure a match is, and what a human must look at: through hooks and a real socket."""

from __future__ import annotations

from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from vendor import Vendor

from te_connector.search.outcome import MOST_NEAR

ADA = "ada@example.com"
PHONE = "+1 763 555 0123"
CONTACTS = {"object_types": ["contact"]}


def strengths(answer: Any, object_type: str = "contact") -> dict[str, str]:
    """How strong each record of a type is."""
    return {
        one["id"]: one["strength"] for one in answer["records"] if one["object_type"] == object_type
    }


def told(answer: Any) -> set[tuple[str, str | None, str | None]]:
    """The problems: code, type, and subject."""
    return {(one["code"], one["object_type"], one["subject"]) for one in answer["problems"]}


def fetched(
    host: Host, connection: Any, vendor: Vendor, contacts: list[Any], *asked: Any, **options: Any
) -> Any:
    """An answer about these contacts alone."""
    vendor.tables["contacts"] = contacts
    return host.fetch(connection, list(asked), {**CONTACTS, **options})


@pytest.mark.parametrize(
    ("fields", "strength", "codes"),
    [
        ({"email": ADA}, "strong", set()),
        ({"email_work": "ADA@example.com"}, "strong", set()),
        ({"phone_cell": "763-555-0123"}, "weak", set()),
        ({"phone_cell": "763-555-0123", "email": "n/a"}, "weak", {"foreign_email"}),
        ({"phone_cell": "763-555-0123", "email": ADA}, "strong", set()),
        ({"phone_cell": "763-555-0123", "email": f"Ada <{ADA}>"}, "weak", {"foreign_email"}),
        ({"phone_cell": "763-555-0123", "email": "eve@example.com"}, "weak", {"foreign_email"}),
        ({"phone_cell": "763-555-0123", "email_work": "eve@example.com"}, "weak", {"foreign_email"}),
        ({"phone_cell": "763-555-0123", "email": ADA, "email_work": "e@x.com"}, "strong", set()),
        ({"phone_cell": "763-555-0123", "email": f"{ADA}; e@x.com"}, "weak", {"foreign_email"}),
        ({"phone_cell": "763-555-0123 x5"}, "weak", set()),
        ({"phone_cell": "763-555-0123 x5", "phone_home": "7635550123"}, "weak", set()),
        ({"phone_cell": "763-555-0123 x5", "email": ADA}, "strong", set()),
        ({"source": "LOS", "external_id": "A-1"}, "strong", set()),
        ({"source": "LOS", "external_id": "B-2"}, "weak", set()),
        ({"source": "LOS", "external_id": "B-2", "phone_cell": "7635550123"}, "weak", set()),
        ({"source": "LOS", "external_id": "B-2", "phone_cell": "7635550123 x1"}, "weak", set()),
        ({"source": "LOS", "external_id": "A-1", "phone_cell": "7635550123 x1"}, "strong", set()),
        ({"source": "LOS", "external_id": "A-1", "email": "eve@example.com"}, "strong", set()),
    ],
)  # fmt: skip
def test_strength_follows_the_contract(
    host: Host, connection: Any, vendor: Vendor, fields: Any, strength: str, codes: set[str]
) -> None:
    """Strong: an e-mail address, or an id with its source. A phone alone is weak."""
    asked = subject(email=ADA, phone=PHONE, external_id=["LOS:A-1", "B-2"])
    answer = fetched(host, connection, vendor, [v.contact(5, **fields), *v.many(3)], asked)
    assert strengths(answer) == {"5": strength}
    assert told(answer) == {(code, "contact", "req-1") for code in codes}


def test_a_phone_that_other_records_share_makes_a_match_by_it_alone_weak_and_is_reported(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """A couple's telephone: the spouse's record is not sure; the one with the address is."""
    contacts = [
        v.contact(5, email=ADA, phone_home="(763) 555-0123"),
        v.contact(6, phone_cell="763.555.0123"),
        v.contact(7, phone_cell="763-555-0124"),
    ]
    answer = fetched(host, connection, vendor, contacts, subject(email=ADA, phone=PHONE))
    assert strengths(answer) == {"5": "strong", "6": "weak"}
    (problem,) = answer["problems"]
    assert (problem["code"], problem["subject"]) == ("phone_shared", "req-1")
    assert problem["id"] == "6"
    assert "another record has" in problem["detail"]


def test_a_phone_is_shared_by_either_of_two_numbers_in_a_field(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """The first one is not the only one."""
    contacts = [
        v.contact(5, phone_home="763-555-0123 / 612-555-0199"),
        v.contact(6, email=ADA, phone_cell="612-555-0199"),
    ]
    asked = subject(email=ADA, phone=[PHONE, "612-555-0199"])
    answer = fetched(host, connection, vendor, contacts, asked)
    assert strengths(answer) == {"5": "weak", "6": "strong"}
    (five,) = [one for one in answer["records"] if one["id"] == "5"]
    assert five["matched_by"] == [{"identifier": "phone", "field": "phone_home"}]


def test_a_phone_is_shared_across_object_types_too(
    host: Host, connection: Any, vendor: Vendor, edited: Edit
) -> None:
    """A user with the same number may be another person."""
    path = edited({"objects.user.identifiers.phone": [{"field": "info.phone_cell"}]})
    vendor.tables["contacts"] = [v.contact(5, phone_cell="763-555-0123")]
    vendor.tables["users"] = [v.user(9, email=None, info={"phone_cell": "763 555 0123"})]
    answer = host.fetch(
        {**connection, "manifest": path},
        [subject(phone=PHONE)],
        {"object_types": ["contact", "user"]},
    )
    assert strengths(answer) == {"5": "weak"}
    assert strengths(answer, "user") == {"9": "weak"}
    assert told(answer) == {
        ("phone_shared", "contact", "req-1"), ("phone_shared", "user", "req-1")
    }  # fmt: skip


def test_a_switchboard_is_many_people(host: Host, connection: Any, vendor: Vendor) -> None:
    """Hundreds of records by one number: each weak, each told, and none twice."""
    contacts = [v.contact(at + 1, phone_office="763-555-0123") for at in range(250)]
    answer = fetched(host, connection, vendor, contacts, subject(phone=PHONE))
    assert set(strengths(answer).values()) == {"weak"}
    assert len(answer["records"]) == len(answer["problems"]) == 250
    assert all("249 other records have" in one["detail"] for one in answer["problems"])


def test_a_record_that_matches_two_subjects_is_reported_to_both(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """Each gets it, with the reasons that are theirs alone."""
    contacts = [v.contact(5, email=ADA, email_work="bob@example.com"), v.contact(6, email=ADA)]
    one, two = subject("one", email=ADA), subject("two", email="bob@example.com")
    answer = fetched(host, connection, vendor, contacts, one, two)
    assert [(r["subject"], r["id"], r["matched_by"]) for r in answer["records"]] == [
        ("one", "5", [{"identifier": "email", "field": "email"}]),
        ("one", "6", [{"identifier": "email", "field": "email"}]),
        ("two", "5", [{"identifier": "email", "field": "email_work"}]),
    ]
    assert told(answer) == {
        ("record_matches_several_subjects", "contact", "one"),
        ("record_matches_several_subjects", "contact", "two"),
    }


def test_a_child_is_as_strong_as_its_contact_and_names_it(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """And strong where one of several contacts is."""
    vendor.tables["contacts"] = [
        v.contact(5, email=ADA),
        v.contact(6, phone_cell="763-555-0123", email="eve@example.com"),
    ]
    both = v.response(3, 6)
    both["contact"] = [{"id": 6}, {"id": "5"}]
    vendor.tables["contact-survey-responses"] = [v.response(1, 5), v.response(2, 6), both]
    answer = host.fetch(connection, [subject(email=ADA, phone=PHONE)])
    responses = strengths(answer, "contact_survey_response")
    assert list(responses.values()) == ["strong", "weak", "strong"]
    matched = [
        one["matched_by"]
        for one in answer["records"]
        if one["object_type"] == "contact_survey_response"
    ]
    five, six = ({"identifier": "contact", "field": "contact.id", "id": name} for name in "56")
    assert matched == [[five], [six], [six, five]]
    assert not any(one["deletable"] for one in answer["records"][2:])


def test_a_childs_strength_is_its_contacts_where_contacts_are_not_asked_for(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """They are looked at all the same."""
    vendor.tables["contacts"] = [v.contact(6, phone_cell="763-555-0123 x5")]
    vendor.tables["contact-survey-responses"] = [v.response(2, 6)]
    options = {"object_types": ["contact_survey_response"]}
    answer = host.fetch(connection, [subject(phone=PHONE)], options)
    assert [(one["object_type"], one["strength"]) for one in answer["records"]] == [
        ("contact_survey_response", "weak")
    ]


def test_near_misses_are_listed_apart_and_are_never_records(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """A tag apart, the same seven digits elsewhere, a national number of another region, two addresses."""
    contacts = [
        v.contact(1, email="ada+crm@example.com"),
        v.contact(2, phone_cell="612-555-0123"),
        v.contact(3, phone_cell="020 7946 0958"),
        v.contact(4, email=f"{ADA}, bob@example.com"),
        v.contact(5, phone_home="555-0123"),
        v.contact(6, email=ADA, email_work="ada+crm@example.com"),
        *v.many(5),
    ]
    asked = subject(email=ADA, phone=[PHONE, "+44 20 7946 0958"])
    answer = fetched(host, connection, vendor, contacts, asked)
    assert ids_of(answer, "contact") == ["6"]
    assert [(one["id"], one["subject"], one["object_type"]) for one in answer["near_misses"]] == [
        (name, "req-1", "contact") for name in "12345"
    ]
    assert coverage_of(answer, "contact")["complete"]


def test_of_many_near_misses_a_hundred_are_listed_and_the_rest_is_counted_once(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """Though the last page is read more than once."""
    contacts = [v.contact(at + 1, phone_cell="612-555-0123") for at in range(350)]
    answer = fetched(
        host, connection, vendor, contacts, subject("a", phone=PHONE), subject("b", email=ADA)
    )
    assert len(answer["near_misses"]) == MOST_NEAR
    (problem,) = answer["problems"]
    assert (problem["code"], problem["subject"]) == ("near_misses_cut", "a")
    assert problem["detail"].startswith("250 more")


@pytest.mark.parametrize("value", [1.5, True, {"x": ADA}, [7.5]])
def test_a_value_that_cannot_be_compared_makes_the_coverage_incomplete(
    host: Host, connection: Any, vendor: Vendor, value: Any
) -> None:
    """The field is named, and what was found is found."""
    contacts = [v.contact(1, email_work=value), v.contact(2, email=ADA)]
    answer = fetched(host, connection, vendor, contacts, subject(email=ADA))
    assert ids_of(answer, "contact") == ["2"]
    entry = coverage_of(answer, "contact")
    assert not entry["complete"]
    assert (
        "email_work holds something in some objects that is neither text nor a whole number"
        in entry["reason"]
    )
    assert told(answer) == {("field_odd", "contact", None)}
    answer = fetched(host, connection, vendor, contacts, subject(phone=PHONE))
    assert coverage_of(answer, "contact")["complete"]


def test_a_list_of_texts_is_compared(host: Host, connection: Any, vendor: Vendor) -> None:
    """And is no fault."""
    contacts = [v.contact(1, email=["eve@example.com", "ADA@example.com"])]
    answer = fetched(host, connection, vendor, contacts, subject(email=ADA))
    assert ids_of(answer, "contact") == ["1"]
    assert coverage_of(answer, "contact")["complete"]
    assert "list" not in str(told(answer))


@pytest.mark.parametrize("held", [None, {}, {"id": None}])
def test_a_response_that_names_no_contact_makes_the_coverage_incomplete(
    host: Host, connection: Any, vendor: Vendor, held: Any
) -> None:
    """It may be the subject's."""
    vendor.tables["contacts"] = [v.contact(5, email=ADA)]
    vendor.tables["contact-survey-responses"] = [
        v.response(1, 5),
        {**v.response(2, 5), "contact": held},
    ]
    answer = host.fetch(connection, [subject(email=ADA)])
    assert len(ids_of(answer, "contact_survey_response")) == 1
    entry = coverage_of(answer, "contact_survey_response")
    assert not entry["complete"]
    assert "don't say which contact they belong to" in entry["reason"]
    assert told(answer) == {("parent_missing", "contact_survey_response", None)}


def test_problems_and_near_misses_show_no_personal_data(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """They name fields and ids; hosts may log them."""
    contacts = [
        v.contact(5, phone_cell="763-555-0123", email="eve@example.com"),
        v.contact(6, phone_cell="763-555-0123"),
        v.contact(7, phone_cell="612-555-0123", email="ada+x@example.com"),
    ]
    answer = fetched(host, connection, vendor, contacts, subject(email=ADA, phone=PHONE))
    text = str([answer["problems"], answer["near_misses"], answer["coverage"]])
    assert answer["problems"]
    assert answer["near_misses"]
    for value in ("eve", "ada", "5550123", "555-0123", "example.com"):
        assert value not in text


def test_an_object_that_is_strong_for_one_subject_is_not_returned_for_one_it_is_weak_for(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """Its survey response goes with it; with independent subjects both get it."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA, phone_cell=PHONE), *v.many(3)]
    vendor.tables["contact-survey-responses"] = [v.response("aa" * 8, 1)]
    asked = [subject("ada", email=ADA), subject("bob", phone=PHONE, email="bob@example.com")]
    answer = host.fetch(connection, asked)
    assert {(one["subject"], one["object_type"]) for one in answer["records"]} == {
        ("ada", "contact"),
        ("ada", "contact_survey_response"),
    }
    assert answer["problems"] == []
    answer = host.fetch(connection, asked, {"independent": True})
    assert sorted(one["subject"] for one in answer["records"]) == ["ada", "ada", "bob", "bob"]


def test_independent_subjects_that_share_an_object_are_each_answered_without_a_word_of_it(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    vendor.tables["contacts"] = [v.contact(1, email=ADA), *v.many(3)]
    asked = [subject("one", email=ADA), subject("two", email=ADA)]
    together = host.fetch(connection, asked, {**CONTACTS, "independent": True})
    assert [one["subject"] for one in together["records"]] == ["one", "two"]
    assert together["problems"] == []
    for person in asked:
        alone = host.fetch(connection, [person], CONTACTS)
        mine = [one for one in together["records"] if one["subject"] == person["id"]]
        assert alone["records"] == mine
