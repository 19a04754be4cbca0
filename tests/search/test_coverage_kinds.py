"""What is looked at, how, and what the answer promises: for each kind of identifier and coverage."""

from __future__ import annotations

from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from vendor import Status, Vendor

from te_connector import errors
from te_connector.errors import SubjectError

ADA = "ada@example.com"
PHONE = "+1 763 555 0123"
GONE = {"message": "Object with id 'x' not found"}


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    vendor.tables["contacts"] = [v.contact(5, email=ADA), v.contact(6), *v.many(150)]
    vendor.tables["users"] = [v.user(59, email=ADA), v.user(60)]
    vendor.tables["contact-survey-responses"] = [v.response(1, 5), v.response(2, 6)]
    return vendor


def problems(answer: Any, object_type: str = "contact") -> list[str]:
    return [one["code"] for one in answer["problems"] if one["object_type"] == object_type]


# Exhaustive.


@pytest.mark.parametrize("given", [{"email": ADA}, {"phone": PHONE}, {"external_id": "LOS:A"},
                                   {"email": ADA, "service_id": "5"}])  # fmt: skip
def test_whatever_is_no_service_id_is_scanned_for(
    host: Host, connection: dict[str, Any], filled: Vendor, given: Any
) -> None:
    """Every mapped field of the kinds that were asked is named, and the promise is made."""
    answer = host.fetch(connection, [subject(**given)])
    entry = coverage_of(answer, "contact")
    assert (entry["method"], entry["seen"], entry["complete"]) == ("scan", 152, True)
    fields = {
        "email": ["email", "email_work"],
        "phone": ["phone_cell", "phone_home", "phone_office"],
        "service_id": ["id"],
        "external_id": ["external_id", "external_ids[].external_id"],
    }
    assert entry["fields"] == {kind: fields[kind] for kind in fields if kind in given}
    assert "The list may leave out what is archived" in entry["reason"]
    assert not any("filter" in seen.query for seen in filled.log)
    assert entry["requests"] == filled.count("GET", "/contacts.*")


def test_service_ids_alone_are_read_directly(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Complete: after the id that gives 404, another contact is taken from the list and read by its id."""
    answer = host.fetch(connection, [subject(service_id=["5", "7"])], {"object_types": ["contact"]})
    entry = coverage_of(answer, "contact")
    assert ids_of(answer, "contact") == ["5"]
    assert (entry["method"], entry["requests"], entry["seen"]) == ("lookup", 4, 1)
    assert (entry["complete"], entry["fields"]) == (True, {"service_id": ["id"]})
    assert "each id that was given was read" in entry["reason"]


def test_absent_ids_are_complete_once_another_object_was_read_by_its_id(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """One from the list: two requests more."""
    answer = host.fetch(connection, [subject(service_id="7")], {"object_types": ["contact"]})
    entry = coverage_of(answer, "contact")
    assert (answer["records"], entry["complete"], entry["requests"]) == ([], True, 3)


def test_absent_ids_are_not_complete_where_no_object_can_be_read_by_its_id(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """All 404, and the list is not empty: the path may be wrong."""
    filled.always("GET", "/contacts/.*", Status(404, GONE))
    answer = host.fetch(connection, [subject(service_id="5")], {"object_types": ["contact"]})
    entry = coverage_of(answer, "contact")
    assert (answer["records"], entry["complete"]) == ([], False)
    assert problems(answer) == ["absence_unproven"]
    assert "could be read by its id" in entry["reason"]


@pytest.mark.parametrize("style", ["200", "422"])
def test_absent_ids_are_complete_where_the_list_is_empty(
    host: Host, connection: dict[str, Any], vendor: Vendor, style: Any
) -> None:
    """There is nothing that could be read."""
    vendor.empty_list = style
    answer = host.fetch(connection, [subject(service_id="5")], {"object_types": ["contact"]})
    entry = coverage_of(answer, "contact")
    assert (answer["records"], answer["problems"], entry["complete"]) == ([], [], True)
    assert "the list is empty" in entry["reason"]


def test_an_id_that_no_type_can_have_is_refused_before_any_request(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Each is named by its position."""
    asked = subject(service_id=["../users/59", "abc", "5", "5?x=1", "02317"])
    with pytest.raises(SubjectError) as caught:
        host.fetch(connection, [asked], {"object_types": ["contact"]})
    assert [f"#{n}" in str(caught.value) for n in (1, 2, 3, 4, 5)] == [
        True,
        True,
        False,
        True,
        True,
    ]
    assert filled.log == []


@pytest.mark.parametrize(
    ("status", "code"), [(403, "forbidden"), (422, "rejected"), (204, "answer_odd")]
)
def test_one_id_that_cannot_be_read_does_not_keep_the_others_from_being_read(
    host: Host, connection: dict[str, Any], filled: Vendor, status: int, code: str
) -> None:
    """Who may read whose contact is not documented; what is not known is not promised."""
    filled.always("GET", "/contacts/7", Status(status, {"error": "no"} if status != 204 else b""))
    asked = subject(service_id=["7", "5"])
    answer = host.fetch(connection, [asked], {"object_types": ["contact"]})
    assert ids_of(answer, "contact") == ["5"]
    assert not coverage_of(answer, "contact")["complete"]
    assert problems(answer) == [code]


def test_an_archived_contact_that_the_list_lacks_is_read_by_its_id_after_the_scan(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """The list may leave archived objects out; whose id is known is found all the same."""
    import json

    body = json.dumps(v.contact(9, email="old@example.com")).encode()
    filled.always("GET", "/contacts/9", Status(200, body))
    answer = host.fetch(connection, [subject(email=ADA, service_id="9")])
    entry = coverage_of(answer, "contact")
    assert ids_of(answer, "contact") == ["5", "9"]
    assert (entry["method"], entry["complete"], entry["seen"]) == ("scan", True, 153)
    assert "1 objects that the list leaves out were read by their id" in entry["reason"]


@pytest.mark.parametrize("status", [403, 404, 422])
def test_an_id_that_cannot_be_read_after_the_scan_takes_nothing_from_its_promise(
    host: Host, connection: dict[str, Any], filled: Vendor, status: int
) -> None:
    """Every listed object was compared; what was forbidden is reported."""
    filled.always("GET", "/contacts/.*", Status(status, GONE))
    answer = host.fetch(
        connection, [subject(email=ADA, service_id="9")], {"object_types": ["contact"]}
    )
    assert coverage_of(answer, "contact")["complete"]
    assert problems(answer) == {403: ["forbidden"], 404: [], 422: ["rejected"]}[status]


def test_many_ids_that_the_list_lacks_are_not_read_one_by_one_and_that_is_said(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """A scan's cost is to grow with its pages, hardly with the subjects."""
    asked = [subject(f"s{at}", email=f"s{at}@x.com", service_id=str(at + 900)) for at in range(50)]
    answer = host.fetch(connection, asked, {"object_types": ["contact"]})
    entry = coverage_of(answer, "contact")
    assert filled.count("GET", "/contacts/.*") == 0
    assert entry["complete"]
    assert "50 of the ids that were given aren't in the list and weren't read" in entry["reason"]


def test_a_phone_alone_leaves_users_aside_without_a_fault(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """No phone is mapped to users: not looked at, and said."""
    answer = host.fetch(connection, [subject(phone=PHONE)])
    entry = coverage_of(answer, "user")
    assert (entry["method"], entry["requests"], entry["seen"]) == ("skipped", 0, 0)
    assert (entry["complete"], entry["fields"]) == (False, {})
    assert "no identifier that was given can be in this type" in entry["reason"]
    assert problems(answer, "user") == []
    assert filled.count("GET", "/users.*") == 0


def test_responses_are_complete_where_no_contact_is_the_subjects(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Then none of them can be."""
    answer = host.fetch(connection, [subject(email="nobody@example.com")])
    entry = coverage_of(answer, "contact_survey_response")
    assert (entry["complete"], entry["requests"]) == (True, 0)
    assert entry["fields"] == {"contact": ["contact.id"]}
    assert "no contact was found, so nothing" in entry["reason"]


def test_responses_are_no_more_complete_than_their_contacts(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """Where contacts could not be looked at whole, there may be more."""
    filled.tables["contacts"].append(v.contact(500_000, email=True))
    answer = host.fetch(connection, [subject(email=ADA)])
    entry = coverage_of(answer, "contact_survey_response")
    assert len(ids_of(answer, "contact_survey_response")) == 1
    assert not entry["complete"]
    assert "not every contact was compared, so there may be more" in entry["reason"]
    filled.tables["contacts"].pop(0)
    entry = coverage_of(host.fetch(connection, [subject(email=ADA)]), "contact_survey_response")
    assert not entry["complete"]
    assert "no contact was found, but not every contact was compared" in entry["reason"]


def test_a_type_that_is_turned_off_is_neither_read_nor_in_the_answer_and_asking_for_it_is_an_error(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit
) -> None:
    path = edited({"objects.user.access": False, "objects.user.why": "Answered by hand."})
    there = {**connection, "manifest": path}
    answer = host.fetch(there, [subject(email=ADA)])
    assert "user" not in {entry["object_type"] for entry in answer["coverage"]}
    with pytest.raises(errors.OptionError, match="turns user off"):
        host.fetch(there, [subject(email=ADA)], {"object_types": ["user"]})
    assert filled.count("GET", "/users.*") == 0
    told = host.discover(there)
    assert [one["access"] for one in told["object_types"]][:3] == [True, False, True]
    assert {"what": "User (user, /users)", "why": "Answered by hand."} in told["not_searched"]


# Quick.


QUICK = {"coverage": "quick"}


def test_quick_of_service_ids_alone_is_as_complete_as_exhaustive(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """It is the same way of looking."""
    options = {**QUICK, "object_types": ["contact"]}
    answer = host.fetch(connection, [subject(service_id=["5", "7"])], options)
    entry = coverage_of(answer, "contact")
    assert (ids_of(answer, "contact"), entry["complete"], entry["requests"]) == (["5"], True, 4)


def test_quick_says_of_every_field_whether_it_was_looked_at(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """And why not."""
    filled.tables["contacts"][5]["external_id"] = "L-1"
    asked = subject(email=ADA, phone=PHONE, external_id="LOS:A-1", service_id="5")
    entry = coverage_of(host.fetch(connection, [asked], QUICK), "contact")
    assert entry["fields"] == {
        "email": ["email"],
        "service_id": ["id"],
        "external_id": ["external_id"],
    }
    assert not entry["complete"]
    for field, why in [
        ("email_work", "the API has no filter for it"),
        ("phone_cell", "its filter compares the exact text"),
        ("phone_home", "no listed object has a value to check its filter with"),
        ("external_ids[].external_id", "the API has no filter for it"),
    ]:
        assert f"{field} wasn't compared: {why}" in entry["reason"]


def test_quick_of_a_phone_alone_leaves_users_aside(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """As exhaustive does."""
    entry = coverage_of(host.fetch(connection, [subject(phone=PHONE)], QUICK), "user")
    assert (entry["method"], entry["complete"]) == ("skipped", False)


def test_quick_on_an_empty_system_says_that_nothing_could_be_tried(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """It does not claim to have looked."""
    vendor.empty_list = "422"
    answer = host.fetch(connection, [subject(email=ADA)], QUICK)
    entry = coverage_of(answer, "contact")
    assert (answer["records"], entry["fields"], entry["complete"]) == ([], {}, False)
    assert "no listed object has a value" in entry["reason"]


# What would be done.


def plan(host: Host, connection: Any, asked: Any, **options: Any) -> dict[str, Any]:
    steps = host.fetch(connection, asked, {"plan_only": True, **options})["plan"]
    return {step["object_type"]: step for step in steps}


def test_the_plan_of_an_exhaustive_search_names_ways_and_figures(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """A scan costs its pages and a little; what is skipped costs nothing."""
    filled.tables["contacts"] = v.many(2000)
    steps = plan(host, connection, [subject(phone=PHONE)])
    assert [steps[name]["method"] for name in steps] == ["scan", "skipped", "scan"]
    assert (steps["user"]["requests"], steps["user"]["seconds"]) == (0, 0)
    assert 20 <= steps["contact"]["requests"] <= 24
    assert steps["contact"]["seconds"] == pytest.approx(
        steps["contact"]["requests"] * 0.06, abs=0.05
    )
    assert filled.count("GET", ".*") <= 3
    answer = host.fetch(connection, [subject(phone=PHONE)])
    done = coverage_of(answer, "contact")["requests"]
    assert abs(steps["contact"]["requests"] - done) <= 3


def test_the_plan_of_service_ids_counts_each_once(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    """And asks the API nothing at all."""
    asked = [subject("a", service_id=["5", "6"]), subject("b", service_id=["6"])]
    steps = plan(host, connection, asked, object_types=["contact", "user"])
    assert {(step["method"], step["requests"]) for step in steps.values()} == {("lookup", 2)}
    assert filled.count("GET", ".*") == 0
    answer = host.fetch(connection, asked, {"object_types": ["contact"]})
    assert coverage_of(answer, "contact")["requests"] == 2


@pytest.mark.parametrize(
    "given", [{"email": [ADA, "b@example.com"]}, {"email": ADA, "service_id": "5"}]
)
def test_the_plan_of_a_quick_search_is_what_it_then_costs(
    host: Host, connection: dict[str, Any], filled: Vendor, given: Any
) -> None:
    """A page to take samples from, three requests for a trial, one for each value."""
    steps = plan(host, connection, [subject(**given)], coverage="quick")
    assert steps["contact"]["method"] == "lookup"
    assert filled.count("GET", ".*") == 0
    answer = host.fetch(connection, [subject(**given)], QUICK)
    assert steps["contact"]["requests"] == coverage_of(answer, "contact")["requests"]
    assert steps["contact_survey_response"]["requests"] is None
