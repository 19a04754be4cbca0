"""Whatever the vendor's filters do, the right people are found and no stranger is shown."""

from __future__ import annotations

import pytest
from conftest import coverage_of, ids_of, subject
from vendor import contact, response, user
from vendor_faults import digits, exact, honest, ignored, refused, substring

EMAIL = ("email",)
PHONES = ("phone_cell", "phone_home", "phone_office")

SERVERS = {
    "honest": ({"email": honest("email")}, digits),
    "ignored": ({"email": ignored}, lambda name: ignored),
    "substring": ({"email": substring("email")}, substring),
    "refused": ({"email": refused}, lambda name: refused),
    "case sensitive": ({"email": exact("email")}, exact),
    "phone digits": ({"email": honest("email")}, digits),
    "phone text": ({"email": honest("email")}, exact),
}
SUBJECTS = [
    subject("ada", email="Ada@Example.com", phone="+1 612 555 0133"),
    subject("bob", email="bob@example.com"),
    subject("cyd", phone="(763) 555-0199"),
]
RIGHT = {
    ("ada", "contact", "1"),
    ("ada", "contact", "2"),
    ("ada", "contact", "3"),
    ("bob", "contact", "4"),
    ("cyd", "contact", "5"),
    ("ada", "user", "1"),
    ("ada", "contact_survey_response", "aa01"),
    ("bob", "contact_survey_response", "aa02"),
}


@pytest.fixture(name="people")
def _people(vendor):
    vendor.tables["contacts"] = [
        contact(1, email="ada@example.com"),
        contact(2, email="x@example.org", email_work="ADA@EXAMPLE.COM"),
        contact(3, phone_home="612.555.0133"),
        contact(4, email="BOB@example.com", phone_cell="(651) 555-0100"),
        contact(5, phone_office="763/555-0199"),
        contact(
            6, email="adaada@example.com", phone_cell="(952) 555-0133", phone_home="(612) 555-0177"
        ),
        contact(7, email="bob@example.community", phone_office="(651) 555-0142"),
    ]
    vendor.tables["users"] = [user(1, email="ada@example.com"), user(2, email="u@example.com")]
    vendor.tables["contact-survey-responses"] = [
        response("aa01", 1),
        response("aa02", 4),
        response("aa03", 7),
    ]
    return vendor


def serve(vendor, kind):
    emails, phone = SERVERS[kind]
    vendor.filters = {
        "contacts": {**emails, **{name: phone(name) for name in PHONES}},
        "users": emails,
    }


def found(answer):
    return {(one["subject"], one["object_type"], one["id"]) for one in answer["records"]}


@pytest.mark.parametrize("kind", SERVERS)
def test_exhaustive_finds_the_same_right_records_on_every_server(kind, people, host, connection):
    """The filters have no say in an exhaustive search."""
    serve(people, kind)
    answer = host.fetch(connection, SUBJECTS)
    assert found(answer) == RIGHT
    assert all(entry["complete"] for entry in answer["coverage"])
    assert not any("filter" in seen.query for seen in people.log)


@pytest.mark.parametrize("kind", SERVERS)
def test_quick_never_shows_a_stranger_and_says_what_it_did_not_look_at(
    kind, people, host, connection
):
    """What a filter returns is compared here, and a field whose filter failed is not looked at."""
    serve(people, kind)
    answer = host.fetch(connection, SUBJECTS, {"coverage": "quick"})
    assert found(answer) <= RIGHT
    entry = coverage_of(answer, "contact")
    assert (entry["method"], entry["complete"]) == ("lookup", False)
    looked = [field for fields in entry["fields"].values() for field in fields]
    assert "email_work" not in looked
    assert "email_work wasn't compared" in entry["reason"]
    for field in ("email", *PHONES):
        assert (field in looked) != (f"{field} wasn't compared" in entry["reason"])
    if kind in ("ignored", "refused"):
        assert looked == []
    if kind == "case sensitive":
        assert "email" not in looked


@pytest.mark.parametrize("kind", ["honest", "phone digits"])
def test_quick_finds_everybody_whose_value_is_in_a_filtered_field(kind, people, host, connection):
    """On an honest server nobody in a filtered field is missed."""
    serve(people, kind)
    answer = host.fetch(
        connection, SUBJECTS, {"coverage": "quick", "object_types": ["contact", "user"]}
    )
    assert found(answer) == {
        one for one in RIGHT if one[2] != "2" and one[1] != "contact_survey_response"
    }
    assert set(coverage_of(answer, "contact")["fields"]["phone"]) == set(PHONES)


def test_an_email_costs_at_most_three_requests_after_the_trial(people, host, connection):
    """On an honest server the second subject costs three requests for contacts at most."""
    serve(people, "honest")
    options = {"coverage": "quick", "object_types": ["contact"]}
    one = host.fetch(connection, [subject("a", email="ada@example.com")], options)
    two = host.fetch(
        connection,
        [subject("a", email="ada@example.com"), subject("b", email="bob@example.com")],
        options,
    )
    more = coverage_of(two, "contact")["requests"] - coverage_of(one, "contact")["requests"]
    assert 0 < more <= 3


def test_a_value_with_an_equals_sign_is_never_sent(people, host, connection):
    """There is no way to escape them in a filter; exhaustive finds the person all the same."""
    value = "a=b@example.com"
    serve(people, "honest")
    people.tables["contacts"].append(contact(8, email=value))
    quick = host.fetch(connection, [subject("o", email=value)], {"coverage": "quick"})
    assert "can't be filtered by" in coverage_of(quick, "contact")["reason"]
    assert not any(value in query for seen in people.log for query in seen.query.values())
    assert ids_of(host.fetch(connection, [subject("o", email=value)]), "contact") == ["8"]


def test_the_undocumented_contact_filter_saves_the_scan_only_after_its_trial(
    people, host, connection
):
    """contact_id is used in quick where it stands the trial, never in an exhaustive search."""
    serve(people, "honest")
    people.filters["contact-survey-responses"] = {"contact_id": exact("contact.id")}
    answer = host.fetch(connection, SUBJECTS, {"coverage": "quick"})
    assert coverage_of(answer, "contact_survey_response")["method"] == "lookup"
    assert ids_of(answer, "contact_survey_response") == ["aa01", "aa02"]
    people.filters["contact-survey-responses"] = {"contact_id": ignored}
    answer = host.fetch(connection, SUBJECTS, {"coverage": "quick"})
    assert coverage_of(answer, "contact_survey_response")["method"] == "skipped"
    assert ids_of(answer, "contact_survey_response") == []


def test_service_ids_alone_are_read_directly(people, host, connection):
    """Complete once another object was read by its id, right after the id that gives 404."""
    answer = host.fetch(
        connection, [subject("s", service_id=["1", "999"])], {"object_types": ["contact"]}
    )
    entry = coverage_of(answer, "contact")
    assert (entry["method"], entry["complete"], entry["requests"]) == ("lookup", True, 4)
    assert ids_of(answer, "contact") == ["1"]


def test_an_id_that_the_list_leaves_out_is_read_all_the_same(people, host, connection):
    """An archived contact that is not listed is found by its id beside a scan."""
    from vendor import Status

    people.always("GET", "/contacts/77", Status(200, {"id": 77, "email": "gone@example.com"}))
    asked = [subject("s", service_id="77", email="nobody@example.net")]
    answer = host.fetch(connection, asked, {"object_types": ["contact"]})
    assert ids_of(answer, "contact") == ["77"]


def test_a_phone_alone_leaves_users_aside_and_says_so(people, host, connection):
    """Users have no phone in the manifest: not looked at, and no problem."""
    answer = host.fetch(connection, [subject("c", phone="763-555-0199")])
    entry = coverage_of(answer, "user")
    assert (entry["method"], entry["complete"], entry["fields"]) == ("skipped", False, {})
    assert "no identifier that was given can be in this type" in entry["reason"]
    assert not [one for one in answer["problems"] if one["object_type"] == "user"]
