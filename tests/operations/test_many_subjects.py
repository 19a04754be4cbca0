"""A thousand subjects in one pass: one scan serves them all, and nobody sees another's."""

from __future__ import annotations

from typing import Any

import vendor as v
from conftest import Host, coverage_of, subject
from vendor import Vendor

THERE = range(0, 1000, 100)


def people(vendor: Vendor) -> None:
    """Ten of a thousand subjects exist, each in another way, among 900 strangers."""
    contacts = v.many(900)
    for place, at in enumerate(THERE):
        fields: dict[str, Any] = [
            {"email": f"SUBJECT{at}@example.com"},
            {"email_work": f"subject{at}@example.com"},
            {"phone_cell": f"(952) 555-{at:04}"},
            {"phone_home": f"+1 952.555.{at:04}"},
            {"source": "LOS", "external_id": f"S-{at}"},
        ][place % 5]
        contacts.insert(place * 80, v.contact(1000 + at, **fields))
    contacts.sort(key=lambda one: one["id"])
    vendor.tables["contacts"] = contacts
    vendor.tables["users"] = [v.user(at) for at in range(1, 120)]
    vendor.tables["contact-survey-responses"] = [
        v.response(at, 1000 + at, internal_created_at=f"2025-01-01 00:00:{at // 100:02}")
        for at in THERE
    ]


def asked(at: int) -> dict[str, Any]:
    return subject(
        f"req-{at}",
        email=f"subject{at}@example.com",
        phone=f"952-555-{at:04}",
        external_id=f"LOS:S-{at}",
    )


def test_a_thousand_subjects_cost_the_requests_of_one_and_each_gets_what_is_theirs(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """Cost grows with the pages, not with the subjects."""
    people(vendor)
    one = host.fetch(connection, [asked(100)])
    vendor.log.clear()
    all_of_them = host.fetch(connection, [asked(at) for at in range(1000)])
    for name in ("contact", "user", "contact_survey_response"):
        few, many = coverage_of(one, name), coverage_of(all_of_them, name)
        assert few["requests"] == many["requests"]
        assert (few["seen"], few["complete"]) == (many["seen"], True)
        assert many["complete"]
    assert [(r["subject"], r["object_type"], r["id"]) for r in all_of_them["records"]] == [
        found
        for at in THERE
        for found in [
            (f"req-{at}", "contact", f"{1000 + at}"),
            (f"req-{at}", "contact_survey_response", f"{at:016x}"),
        ]
    ]
    assert all_of_them["near_misses"] == []
    assert all_of_them["problems"] == []


def test_no_subject_sees_a_row_of_another(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """The answer for each is what it is for them alone."""
    people(vendor)
    chosen = list(THERE)[:3] + [5]
    together = host.fetch(connection, [asked(at) for at in chosen])
    for at in chosen:
        alone = host.fetch(connection, [asked(at)])
        mine = [one for one in together["records"] if one["subject"] == f"req-{at}"]
        assert mine == alone["records"]
        assert len(mine) == (2 if at in THERE else 0)


def test_near_misses_are_each_subjects_own(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """A record that is one subject's can come close to another's."""
    vendor.tables["contacts"] = [v.contact(1, email="ada@x.com"), v.contact(2, email="ada+b@x.com")]
    answer = host.fetch(
        connection, [subject("one", email="ada@x.com"), subject("two", email="ada+b@x.com")]
    )
    assert [(r["subject"], r["id"]) for r in answer["records"]] == [("one", "1"), ("two", "2")]
    assert {(n["subject"], n["id"]) for n in answer["near_misses"]} == {("one", "2"), ("two", "1")}


def test_service_ids_of_many_subjects_are_read_once_each(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """Two subjects with one id cost one request."""
    vendor.tables["contacts"] = v.many(20)
    names = [str(one["id"]) for one in vendor.tables["contacts"][:5]]
    subjects = [subject(f"s{at}", service_id=names) for at in range(3)]
    answer = host.fetch(connection, subjects, {"object_types": ["contact"]})
    assert coverage_of(answer, "contact")["requests"] == 5
    assert len(answer["records"]) == 15


def test_only_what_matched_is_validated_against_its_schema(
    host: Host, connection: dict[str, Any], vendor: Vendor, monkeypatch: Any
) -> None:
    """Strangers are compared and forgotten."""
    from te_connector.manifest import schemas

    people(vendor)
    validated = []
    real = schemas.issues
    monkeypatch.setattr(
        schemas, "issues", lambda path, data: validated.append(data["id"]) or real(path, data)
    )
    host.fetch(connection, [asked(at) for at in range(1000)], {"object_types": ["contact"]})
    assert sorted(validated) == [1000 + at for at in THERE]
