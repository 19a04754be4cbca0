"""How each type is searched, and what completeness rests on: through hooks and a real socket."""

from __future__ import annotations

from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from test_add_object_types import extended
from vendor import Vendor

from te_connector import errors
from te_connector.manifest import loading

ADA = "ada@example.com"
TYPES = ["contact", "user", "contact_survey_response"]
CONTACTS = {"object_types": ["contact"]}


def codes(answer: Any) -> set[tuple[str, str | None]]:
    """What is reported, of which type."""
    return {(one["code"], one["object_type"]) for one in answer["problems"]}


# Coverage by type


def test_each_type_is_searched_as_its_own_coverage_says(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """A type that the mapping doesn't name is searched exhaustively."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA), *v.many(5)]
    vendor.tables["contact-survey-responses"] = [v.response(1, 1), v.response(2, 100_000)]
    answer = host.fetch(
        connection, [subject(email=ADA)], {"coverage": {"contact": "quick", "user": "exhaustive"}}
    )
    methods = {one["object_type"]: one["method"] for one in answer["coverage"]}
    assert methods == {"contact": "lookup", "user": "scan", "contact_survey_response": "scan"}
    assert coverage_of(answer, "contact")["complete"] is False
    assert coverage_of(answer, "user")["complete"] is True
    assert (
        coverage_of(answer, "contact_survey_response")["complete"] is False
    )  # of what it belongs to


@pytest.mark.parametrize(
    "coverage",
    ["", "slow", 1, ["quick"], {"contact": "slow"}, {"contact": None}, {"pipeline": "quick"}],
)
def test_another_coverage_is_an_error_before_any_request(
    host: Host, connection: Any, vendor: Vendor, coverage: Any
) -> None:
    with pytest.raises(errors.OptionError):
        host.fetch(connection, [subject(email=ADA)], {"coverage": coverage})
    assert vendor.log == []


def test_a_lookup_by_filter_is_never_complete(host: Host, connection: Any, vendor: Vendor) -> None:
    """Even if every filter passes its check."""
    vendor.tables["users"] = [v.user(1, email=ADA), *(v.user(n) for n in range(2, 9))]
    wanted = {"object_types": ["user"], "coverage": "quick"}
    answer = host.fetch(connection, [subject(email=ADA)], wanted)
    entry = coverage_of(answer, "user")
    assert (entry["method"], entry["complete"], entry["fields"]) == (
        "lookup", False, {"email": ["email"]},
    )  # fmt: skip
    assert ids_of(answer, "user") == ["1"]


def test_the_plan_names_the_methods_that_the_search_uses(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    vendor.tables["contacts"] = v.many(3)
    asked = [subject(service_id="user:5", external_id="LOS:1")]
    for coverage in ("exhaustive", "quick", {"contact": "quick"}):
        plan = host.fetch(connection, asked, {"coverage": coverage, "plan_only": True})["plan"]
        done = host.fetch(connection, asked, {"coverage": coverage})["coverage"]
        planned = {one["object_type"]: one["method"] for one in plan}
        found = {one["object_type"]: one["method"] for one in done}
        del planned["contact_survey_response"]  # depends on what is found
        assert planned.items() <= found.items()


# Ids and what belongs to them


def test_a_typed_id_is_compared_with_its_type_alone(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    vendor.tables["contacts"] = [v.contact(7), v.contact(8)]
    vendor.tables["users"] = [v.user(7), v.user(8)]
    answer = host.fetch(connection, [subject(service_id="user:7")])
    assert [(one["object_type"], one["strength"]) for one in answer["records"]] == [
        ("user", "strong")
    ]
    assert coverage_of(answer, "contact")["method"] == "skipped"
    assert coverage_of(answer, "user")["complete"] is True


def test_answers_of_a_contact_that_is_gone_are_found_by_its_id(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """They are strong matches, and coverage says that there is no other way."""
    vendor.tables["contacts"] = v.many(3)
    vendor.tables["contact-survey-responses"] = [v.response(1, 2317), v.response(2, 100_000)]
    for given in ("contact:2317", "2317"):
        answer = host.fetch(connection, [subject(service_id=given)])
        (record,) = answer["records"]
        assert (record["object_type"], record["strength"]) == ("contact_survey_response", "strong")
        assert record["matched_by"] == [
            {"identifier": "contact", "field": "contact.id", "id": "2317"}
        ]
        entry = coverage_of(answer, "contact_survey_response")
        assert entry["complete"] is True
        assert "deleted earlier" in entry["reason"]


def test_a_users_id_finds_no_contacts_answers(host: Host, connection: Any, vendor: Vendor) -> None:
    vendor.tables["contact-survey-responses"] = [v.response(1, 2317)]
    answer = host.fetch(connection, [subject(service_id="user:2317")])
    assert answer["records"] == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_404_counts_only_if_another_object_can_be_read_right_after_it(
    host: Host, connection: Any, vendor: Vendor, status: int
) -> None:
    """An object that was read before it proves nothing."""
    vendor.tables["contacts"] = [v.contact(1), v.contact(2), v.contact(3)]
    found = host.fetch(connection, [subject(service_id=["1", "9"])], CONTACTS)
    assert coverage_of(found, "contact")["complete"] is True
    read = [seen.path.rpartition("/")[2] for seen in vendor.requests("GET", "/contacts/[0-9]+")]
    assert read[:2] == ["1", "9"]
    assert read[2] in ("1", "2", "3")
    vendor.always("GET", "/contacts/[23]", v.Status(status, {"error": "Not Found"}))
    vendor.script("GET", "/contacts/1", [v.Normal(), v.Status(status, {"error": "Not Found"})])
    answer = host.fetch(connection, [subject(service_id=["1", "9"])], CONTACTS)
    assert ids_of(answer, "contact") == ["1"]
    assert coverage_of(answer, "contact")["complete"] is False
    assert codes(answer) == {("absence_unproven", "contact")}


# Fields


def without(rows: list[Any], *fields: str) -> list[Any]:
    """The rows without some of their fields."""
    return [{key: value for key, value in row.items() if key not in fields} for row in rows]


@pytest.mark.parametrize(("count", "complete"), [(99, True), (100, False)])
def test_a_mapped_field_that_no_object_has_is_reported_and_from_a_hundred_on_not_complete(
    host: Host, connection: Any, vendor: Vendor, count: int, complete: bool
) -> None:
    vendor.tables["contacts"] = without(v.many(count), "email_work")
    answer = host.fetch(connection, [subject(email=ADA)], CONTACTS)
    assert codes(answer) == {("field_absent", "contact")}
    assert "email_work" in answer["problems"][0]["detail"]
    entry = coverage_of(answer, "contact")
    assert (entry["complete"], entry["seen"]) == (complete, count)


def test_a_field_that_one_object_has_empty_is_not_absent(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    rows = without(v.many(150), "email_work")
    rows[149]["email_work"] = None
    vendor.tables["contacts"] = rows
    answer = host.fetch(connection, [subject(email=ADA)], CONTACTS)
    assert (answer["problems"], coverage_of(answer, "contact")["complete"]) == ([], True)


def test_a_field_of_a_kind_that_was_not_given_may_be_absent(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    vendor.tables["contacts"] = without(v.many(150), "external_ids", "phone_cell")
    answer = host.fetch(connection, [subject(email=ADA)], CONTACTS)
    assert (answer["problems"], coverage_of(answer, "contact")["complete"]) == ([], True)


def test_an_optional_field_may_be_absent(
    host: Host, connection: Any, vendor: Vendor, edited: Edit
) -> None:
    """It is reported, and the type is complete."""
    fields = [{"field": "email", "filter": "email"}, {"field": "email_work", "optional": True}]
    connection["manifest"] = edited({"objects.contact.identifiers.email": fields})
    vendor.tables["contacts"] = without(v.many(150), "email_work")
    answer = host.fetch(connection, [subject(email=ADA)], CONTACTS)
    assert codes(answer) == {("field_absent", "contact")}
    assert coverage_of(answer, "contact")["complete"] is True


@pytest.mark.parametrize("value", [True, 1.5, {"a": True}, [False]])
@pytest.mark.parametrize("field", ["email_work", "external_id", "phone_home"])
def test_a_value_that_cannot_be_compared_makes_any_mapped_field_incomplete(
    host: Host, connection: Any, vendor: Vendor, field: str, value: Any
) -> None:
    vendor.tables["contacts"] = [v.contact(1, **{field: value}), *v.many(3)]
    asked = subject(email=ADA, phone="763-555-0123", external_id="LOS:1")
    answer = host.fetch(connection, [asked], CONTACTS)
    assert ("field_odd", "contact") in codes(answer)
    assert coverage_of(answer, "contact")["complete"] is False


def test_values_that_were_compared_with_nothing_are_named_by_their_position(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    vendor.tables["users"] = [v.user(1)]
    asked = subject(email=ADA, phone=["763-555-0123"], external_id=["LOS:1", "LOS:2"])
    answer = host.fetch(connection, [asked], {"object_types": ["user"]})
    told = [one for one in answer["problems"] if one["code"] == "identifier_not_compared"]
    assert [one["detail"].partition(" was")[0] for one in told] == [
        "phone #1", "external_id #1", "external_id #2",
    ]  # fmt: skip
    assert {one["subject"] for one in told} == {"req-1"}
    assert not any("763" in one["detail"] or "LOS" in one["detail"] for one in told)


# Deadline


@pytest.mark.slow
def test_types_that_the_deadline_leaves_out_are_reported_as_scans_without_requests(
    host: Host, connection: Any, vendor: Vendor
) -> None:
    """What was found before it is in the answer."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA)]
    vendor.always("GET", "/users", v.Hang(30))
    answer = host.fetch(connection, [subject(email=ADA)], {"deadline": 1.5})
    vendor.stopping.set()
    assert ids_of(answer, "contact") == ["1"]
    assert coverage_of(answer, "contact")["complete"] is True
    assert coverage_of(answer, "user")["complete"] is False
    entry = coverage_of(answer, "contact_survey_response")
    assert (entry["method"], entry["requests"], entry["seen"], entry["complete"]) == (
        "scan", 0, 0, False,
    )  # fmt: skip
    assert codes(answer) == {
        ("deadline_reached", "user"),
        ("deadline_reached", "contact_survey_response"),
    }


# Everything that belongs to a person


@pytest.fixture(name="whole")
def _whole(connection: Any, tmp_path: Any) -> Any:
    """A connection whose manifest has every object type turned on."""
    names = [item.name for item in loading.load().objects.values() if not item.access]
    path = extended(tmp_path / "whole", tuple(names))
    return {**connection, "manifest": path}


def fill(vendor: Vendor) -> None:
    """One person's objects, and a stranger's, in every type."""
    vendor.granted_scopes += " loanInteraction leadOpportunitiesSalesPipelineInteraction"
    vendor.tables["contacts"] = [v.contact(1, email=ADA), v.contact(2)]
    vendor.tables["contact-survey-responses"] = [v.response(1, 1), v.response(2, 2)]
    for number in (1, 2):
        about = {"contact": {"id": number}}
        rows: dict[str, dict[str, Any]] = {
            "contact-notes": {"id": number, "note": "<p>x</p>", **about},
            "activity": {"id": number, "contact_id": str(number), "created_at": f"2026-01-0{number}"},
            "insights": {"id": number, "data": {"a": 1}, **about},
            "campaign-activity": {
                "id": f"{number:016x}", "internal_created_at": f"2026-01-0{number}", **about,
            },
            "loans": {"id": number, "borrower": {"id": number}, "loan_amount": "357904.00"},
            "accounts": {"id": number, "primary_account_holder": {"id": number}},
            "lead-opportunities": {
                "id": f"3f2504e0-4f89-41d3-9a0c-0305e82c330{number}",
                "legacy_contact_id": number, "created_at": f"2026-01-0{number}T00:00:00Z",
            },
            "email-unsubscribes": {"id": number, "email": ADA if number == 1 else "x@example.org"},
            "contact-recruits": {"id": number, "email": ""},
        }  # fmt: skip
        for table, row in rows.items():
            vendor.tables.setdefault(table, []).append(row)


def test_with_every_type_turned_on_a_persons_objects_are_found_in_all_of_them(
    host: Host, whole: Any, vendor: Vendor
) -> None:
    fill(vendor)
    answer = host.fetch(whole, [subject(email=ADA)])
    assert answer["problems"] == []
    assert all(one["complete"] for one in answer["coverage"] if one["object_type"] != "user")
    assert {one["object_type"] for one in answer["records"]} == {
        item.name for item in loading.load().objects.values() if item.name != "user"
    }
    assert len(answer["records"]) == 11
    assert {one["strength"] for one in answer["records"]} == {"strong"}
    assert [one["deletable"] for one in answer["records"]].count(True) == 2  # contact and note


def test_a_loan_is_weak_by_any_role_but_the_borrowers_and_names_the_role(
    host: Host, whole: Any, vendor: Vendor
) -> None:
    fill(vendor)
    vendor.tables["loans"] = [
        {"id": 1, "borrower": {"id": 2}, "buyers_agent": {"id": 1}},
        {"id": 2, "borrower": {"id": 1}, "coborrower": {"id": "2"}},
        {"id": 3, "borrower": {"id": 2}, "coborrower": None},
    ]
    answer = host.fetch(whole, [subject(email=ADA)], {"object_types": ["loan"]})
    told = {
        one["id"]: (one["strength"], one["matched_by"][0]["field"]) for one in answer["records"]
    }
    assert told == {"1": ("weak", "buyers_agent.id"), "2": ("strong", "borrower.id")}


def test_a_scope_that_is_missing_is_reported_and_the_other_types_go_on(
    host: Host, whole: Any, vendor: Vendor
) -> None:
    fill(vendor)
    vendor.always("GET", "/loans", v.Status(401, {"error": "insufficient_scope"}))
    answer = host.fetch(whole, [subject(email=ADA)])
    assert codes(answer) == {("scope_missing", "loan")}
    assert [one["object_type"] for one in answer["coverage"] if not one["complete"]] == ["loan"]


def test_a_lookup_by_parent_is_far_cheaper_and_never_complete(
    host: Host, whole: Any, vendor: Vendor
) -> None:
    fill(vendor)
    vendor.tables["activity"] += [
        {"id": 10 + n, "contact_id": 2, "created_at": "2026-02-01"} for n in range(3000)
    ]
    vendor.filters["activity"] = {"contact_id": v.exact("contact_id")}
    quick = {"object_types": ["activity"], "coverage": {"activity": "quick"}}
    answer = host.fetch(whole, [subject(email=ADA)], quick)
    entry = coverage_of(answer, "activity")
    assert ids_of(answer, "activity") == ["1"]
    assert (entry["method"], entry["complete"]) == ("lookup", False)
    assert entry["requests"] < 10
