"""Filters on trial: what is sent, what is relied upon, and what is done with what comes back."""

from __future__ import annotations

from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from vendor import Refusal, Vendor, digits, exact, honest, ignored, refused, substring

pytestmark = pytest.mark.slow

ADA = "ada@example.com"
PHONE = "+1 763 555 0123"
QUICK = {"coverage": "quick", "object_types": ["contact"]}
PHONES = ("phone_cell", "phone_home", "phone_office")


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    """A page of strangers with everything that a trial needs; others behind it."""
    sample = {
        "email": "Sample@Example.org",
        "phone_cell": "(612) 555-0100",
        "phone_home": "612.555.0101",
        "phone_office": "+16125550102",
        "external_id": "L-0",
        "source": "LOS",
    }
    vendor.tables["contacts"] = [v.contact(1, **sample), *v.many(120)]
    for name in PHONES:
        vendor.filters["contacts"][name] = digits(name)
    return vendor


def sent(vendor: Vendor, path: str = "/contacts") -> list[str]:
    """The filters that were sent."""
    return [
        seen.query["filter"] for seen in vendor.log if "filter" in seen.query and seen.path == path
    ]


def reason_for(entry: Any, field: str) -> str:
    """Why a field wasn't compared; empty where it was."""
    for text in entry["reason"].split("; "):
        if text.startswith(f"{field} wasn't compared: "):
            return str(text.partition(": ")[2])
    return ""


def quick(host: Host, connection: Any, *asked: Any) -> Any:
    return host.fetch(connection, list(asked), QUICK)


def test_a_trial_asks_for_what_cannot_be_and_for_a_sample_in_two_spellings(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Then one request for each value that was asked."""
    answer = quick(host, connection, subject(email=[ADA, "Bob@Example.com"]))
    impossible, sample, swapped, *asked = sent(filled)
    assert impossible.startswith("email=te-connector-")
    assert impossible.endswith("@nobody.invalid")
    assert (sample, swapped) == ("email=Sample@Example.org", "email=sAMPLE@eXAMPLE.ORG")
    assert asked == ["email=ada@example.com", "email=bob@example.com"]
    entry = coverage_of(answer, "contact")
    assert (entry["requests"], entry["fields"]) == (6, {"email": ["email"]})


def test_a_phone_filter_must_find_its_sample_in_other_spellings(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """With and without the country; then each number is asked for once."""
    answer = quick(
        host, connection, subject(phone=["763-555-0123 / 763 555 0124", "+49 30 123456"])
    )
    of_cell = [one.partition("=")[2] for one in sent(filled) if one.startswith("phone_cell=")]
    assert of_cell[0].startswith("0000000")
    assert len(of_cell[0]) == 16
    assert of_cell[1:4] == ["(612) 555-0100", "6 1 2 5 5 5 0 1 0 0", "+16125550100"]
    assert of_cell[4:] == ["+17635550123", "+17635550124", "+4930123456"]
    of_office = [one.partition("=")[2] for one in sent(filled) if one.startswith("phone_office=")]
    assert of_office[1:4] == ["+16125550102", "1 6 1 2 5 5 5 0 1 0 2", "6125550102"]
    assert coverage_of(answer, "contact")["fields"] == {"phone": list(PHONES)}


@pytest.mark.parametrize(
    "stored", ["763-555-0123", "+1 (763) 555 0123", "7635550123", "1.763.555.0123"]
)
@pytest.mark.parametrize("asked", ["(763) 555-0123", "+17635550123"])
def test_a_number_is_found_in_any_spelling_where_the_filter_compares_digits(
    host: Host, connection: dict[str, Any], filled: Vendor, stored: str, asked: str
) -> None:
    """As it is in an exhaustive search."""
    filled.insert("contacts", v.contact(900_000, phone_home=stored))
    assert ids_of(quick(host, connection, subject(phone=asked)), "contact") == ["900000"]


@pytest.mark.parametrize("stored", ["763-555-0123", "+1 763 555 0123", "1 (763) 555-0123"])
@pytest.mark.parametrize("asked", ["763-555-0123", "+1 763 555 0123"])
def test_where_the_country_makes_a_difference_a_number_is_asked_for_with_it_and_without(
    host: Host, connection: dict[str, Any], filled: Vendor, stored: str, asked: str
) -> None:
    """A filter that compares all digits does not find the one by the other."""

    def all_digits(value: str, record: v.Record) -> bool:
        stored = record["phone_cell"] or ""
        return [char for char in value if char.isdigit()] == [c for c in stored if c.isdigit()]

    filled.filters["contacts"]["phone_cell"] = all_digits
    filled.insert("contacts", v.contact(900_000, phone_cell=stored))
    answer = quick(host, connection, subject(phone=asked))
    of_cell = [one.partition("=")[2] for one in sent(filled) if one.startswith("phone_cell=")]
    assert of_cell[4:] == ["+17635550123", "7635550123"]
    assert "phone_cell" in coverage_of(answer, "contact")["fields"]["phone"]
    assert ids_of(answer, "contact") == ["900000"]


def test_zeros_that_people_fill_in_do_not_fail_a_phone_filter(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """The value that no object can have is none of those."""
    for name in PHONES:
        filled.insert("contacts", v.contact(900_000, **{name: "000-000-0000"}), at=1)
    answer = quick(host, connection, subject(phone=PHONE))
    assert coverage_of(answer, "contact")["fields"] == {"phone": list(PHONES)}


def wide_but_for_samples(value: str, record: v.Record) -> bool:
    """A filter that stands every trial, and then returns everybody."""
    if "nobody" in value:
        return False
    return "sample" not in value.lower() or honest("email")(value, record)


@pytest.mark.parametrize(
    ("comparer", "why"),
    [
        (ignored, "its filter returns objects for an impossible value"),
        (refused, "the server refuses its filter"),
        (exact("email"), "its filter compares the exact text"),
        (exact("email_work"), "its filter misses an object that has the value"),
        (wide_but_for_samples, "its filter returns more objects than it should"),
    ],
)  # fmt: skip
def test_a_field_whose_filter_failed_was_not_looked_at(
    host: Host, connection: dict[str, Any], filled: Vendor, comparer: Any, why: str
) -> None:
    """The result is never a stranger's, and the reason is given."""
    filled.filters["contacts"]["email"] = comparer
    filled.tables["contacts"] += v.many(500, start=500_000)
    filled.tables["contacts"][1]["email"] = "sample@example.org"
    filled.insert("contacts", v.contact(900_000, email=ADA))
    answer = quick(host, connection, subject(email=ADA))
    entry = coverage_of(answer, "contact")
    assert (entry["fields"], entry["complete"], entry["method"]) == ({}, False, "lookup")
    assert entry["requests"] <= (2 if comparer is ignored else 11)
    assert reason_for(entry, "email") == why
    assert ids_of(answer, "contact") in ([], ["900000"])
    assert {one["code"] for one in answer["problems"]} <= {"identifier_not_compared"}


def test_a_filter_that_finds_parts_shows_no_stranger(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """What it returns is compared here."""
    filled.filters["contacts"]["email"] = substring("email")
    for at, email in enumerate([ADA, f"x{ADA}", f"{ADA}.br", "ada+x@example.com"]):
        filled.insert("contacts", v.contact(900_000 + at, email=email))
    answer = quick(host, connection, subject(email=ADA))
    assert ids_of(answer, "contact") == ["900000"]
    assert coverage_of(answer, "contact")["fields"] == {"email": ["email"]}


def test_a_filter_that_refuses_one_value_fails_its_field_alone(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """The other fields are looked at all the same."""

    def moody(value: str, record: Any) -> bool:
        if value == ADA:
            raise Refusal(400, {"error": "Invalid filter expression"})
        return honest("email")(value, record)

    filled.filters["contacts"]["email"] = moody
    filled.insert("contacts", v.contact(900_000, phone_cell="763-555-0123"))
    answer = quick(host, connection, subject(email=ADA, phone=PHONE))
    entry = coverage_of(answer, "contact")
    assert ids_of(answer, "contact") == ["900000"]
    assert entry["fields"] == {"phone": list(PHONES)}
    assert "refuses" in reason_for(entry, "email")


def test_a_sample_with_a_comma_or_an_equals_sign_is_passed_over(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Nothing of the kind is ever sent, not even in a check."""
    value = "a=b@example.com"
    filled.tables["contacts"][0]["email"] = value
    filled.tables["contacts"][1]["email"] = "1@2.3"  # has no letter case to try
    answer = quick(host, connection, subject(email=[ADA, value]))
    assert not any("," in one or one.count("=") != 1 for one in sent(filled))
    assert "a comma or an equals sign" in reason_for(coverage_of(answer, "contact"), "email")
    assert sent(filled)[1] == f"email={filled.tables['contacts'][2]['email']}"


def test_a_sample_of_two_numbers_or_with_an_extension_is_passed_over(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """It could not be spelled otherwise."""
    rows = filled.tables["contacts"]
    rows[0]["phone_cell"], rows[1]["phone_cell"] = "612-555-0100 x5", "612-555-0100 / 612-555-0101"
    rows[2]["phone_cell"], rows[3]["phone_cell"] = "n/a", "(612) 555-0107"
    quick(host, connection, subject(phone=PHONE))
    of_cell = [one.partition("=")[2] for one in sent(filled) if one.startswith("phone_cell=")]
    assert of_cell[1] == "(612) 555-0107"


@pytest.mark.parametrize(
    ("asked", "queries"),
    [
        ("ADA@Example.com", ["ada@example.com"]),
        ("ada@münchen.de", ["ada@münchen.de", "ada@xn--mnchen-3ya.de"]),
        ("ada@xn--mnchen-3ya.de", ["ada@xn--mnchen-3ya.de", "ada@münchen.de"]),
        ("ADA@münchen.de", ["ADA@münchen.de", "ada@xn--mnchen-3ya.de", "ada@münchen.de"]),
        ("jo\u0301@example.com", ["jo\u0301@example.com", "jó@example.com"]),
        ("ada@xn--i-7iq.ws", ["ada@xn--i-7iq.ws"]),
    ],
)
def test_an_address_is_asked_for_in_at_most_three_spellings(
    host: Host, connection: dict[str, Any], filled: Vendor, asked: str, queries: list[str]
) -> None:
    """One where it is plain."""
    filled.insert("contacts", v.contact(900_000, email=queries[-1].upper()))
    answer = quick(host, connection, subject(email=asked))
    assert sent(filled)[3:] == [f"email={one}" for one in queries]
    assert len(queries) <= 3
    assert ids_of(answer, "contact") == ["900000"]


def test_where_the_exact_text_is_compared_the_text_and_its_key_are_asked_for(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """It costs little and finds somebody at times, though the field does not count as looked at."""
    for name in ("email", *PHONES):
        filled.filters["contacts"][name] = exact(name)
    filled.insert("contacts", v.contact(900_000, email="Ada@Example.com"))
    filled.insert("contacts", v.contact(900_001, phone_cell="763-555-0123"))
    filled.insert("contacts", v.contact(900_002, phone_cell="+17635550123"))
    asked = subject(email="Ada@Example.com", phone="763-555-0123")
    answer = quick(host, connection, asked)
    assert ids_of(answer, "contact") == ["900000", "900001", "900002"]
    assert coverage_of(answer, "contact")["fields"] == {}
    assert sent(filled)[3:5] == ["email=Ada@Example.com", "email=ada@example.com"]


def test_external_ids_are_asked_for_without_their_source_and_as_they_are(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """A colon may stand in the source or in the id."""
    filled.insert("contacts", v.contact(900_000, source="LOS", external_id="B:C"))
    filled.insert("contacts", v.contact(900_001, source="X", external_id="LOS:B:C"))
    filled.insert("contacts", v.contact(900_002, source="X", external_id="C"))
    answer = quick(host, connection, subject(external_id="LOS:B:C"))
    assert sent(filled)[2:] == ["external_id=LOS:B:C", "external_id=B:C", "external_id=C"]
    strengths = {one["id"]: one["strength"] for one in answer["records"]}
    assert strengths == {"900000": "strong", "900001": "weak"}
    assert coverage_of(answer, "contact")["fields"] == {"external_id": ["external_id"]}


def test_a_filters_pages_are_all_read(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Up to five of them: more is no narrowing down."""
    filled.tables["contacts"] += [v.contact(900_000 + at, email=ADA) for at in range(450)]
    answer = quick(host, connection, subject(email=ADA))
    assert len(answer["records"]) == 450
    filled.tables["contacts"] += [v.contact(910_000 + at, email=ADA) for at in range(51)]
    answer = quick(host, connection, subject(email=ADA))
    assert "more objects than it should" in coverage_of(answer, "contact")["reason"]


def test_an_empty_filtered_list_may_be_reported_as_past_its_end(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """What an empty list looks like is not documented."""
    filled.empty_list = "422"
    filled.insert("contacts", v.contact(900_000, email=ADA))
    answer = quick(host, connection, subject(email=[ADA, "nobody@example.com"]))
    assert ids_of(answer, "contact") == ["900000"]
    assert coverage_of(answer, "contact")["fields"] == {"email": ["email"]}


# Children.


def with_responses(vendor: Vendor) -> None:
    vendor.insert("contacts", v.contact(900_000, email=ADA))
    vendor.tables["contact-survey-responses"] = [
        v.response(1, 900_000), v.response(2, 1), v.response(3, 900_000), v.response(4, 100_000),
    ]  # fmt: skip


def test_the_undocumented_filter_of_responses_is_used_only_after_its_trial(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Where it works it saves the scan; the answer is still not called complete."""
    with_responses(filled)
    filled.filters["contact-survey-responses"] = {"contact_id": honest("contact.id")}
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    entry = coverage_of(answer, "contact_survey_response")
    assert ids_of(answer, "contact_survey_response") == [f"{1:016x}", f"{3:016x}"]
    assert (entry["method"], entry["fields"]) == ("lookup", {"contact": ["contact.id"]})
    assert (entry["complete"], entry["seen"]) == (False, 2)
    asked = sent(filled, "/contact-survey-responses")
    assert (
        asked[1:] == ["contact_id=900000", "contact_id=900000"] or asked[-1] == "contact_id=900000"
    )
    assert entry["requests"] == 4


@pytest.mark.parametrize("comparer", [ignored, refused, honest("id")])
def test_where_that_filter_fails_responses_were_not_looked_at(
    host: Host, connection: dict[str, Any], filled: Vendor, comparer: Any
) -> None:
    """An undocumented filter is likely to be ignored, and would return everybody's."""
    with_responses(filled)
    filled.filters["contact-survey-responses"] = {"contact_id": comparer}
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    entry = coverage_of(answer, "contact_survey_response")
    assert ids_of(answer, "contact_survey_response") == []
    assert (entry["fields"], entry["complete"]) == ({}, False)
    assert reason_for(entry, "contact.id")


def test_responses_beyond_five_pages_for_one_contact_are_reported_as_not_looked_at(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """A filter that stops to narrow down is no filter."""
    with_responses(filled)
    rows = filled.tables["contact-survey-responses"]
    rows += [v.response(10 + at, 900_000) for at in range(600)]
    rows.insert(0, v.response(0, 1))
    filled.filters["contact-survey-responses"] = {"contact_id": honest("contact.id")}
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    entry = coverage_of(answer, "contact_survey_response")
    assert not entry["complete"]
    assert ("filter_wide", "contact_survey_response") in {
        (one["code"], one["object_type"]) for one in answer["problems"]
    }


def test_without_a_filter_in_the_manifest_responses_are_not_looked_at(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit
) -> None:
    """And not one request is made."""
    with_responses(filled)
    path = edited(
        {"objects.contact_survey_response.parent": {"object": "contact", "field": "contact.id"}}
    )
    answer = host.fetch(
        {**connection, "manifest": path}, [subject(email=ADA)], {"coverage": "quick"}
    )
    entry = coverage_of(answer, "contact_survey_response")
    assert (entry["requests"], entry["fields"], entry["complete"]) == (0, {}, False)
    assert reason_for(entry, "contact.id") == "the API has no filter for it"


def test_responses_are_not_asked_for_by_filter_in_an_exhaustive_search(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """It has no say there."""
    with_responses(filled)
    filled.filters["contact-survey-responses"] = {"contact_id": honest("contact.id")}
    answer = host.fetch(connection, [subject(email=ADA)])
    assert ids_of(answer, "contact_survey_response") == [f"{1:016x}", f"{3:016x}"]
    assert sent(filled) == sent(filled, "/contact-survey-responses") == []
