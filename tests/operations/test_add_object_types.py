"""Object types are turned on by one command, or added by some lines of YAML and a schema."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import ROOT, Edit, Host, coverage_of, ids_of, subject
from vendor import Vendor

from te_connector.manifest import editing

ADA = "ada@example.com"
NAMES = ("contact_note", "activity")


def extended(folder: Path, names: tuple[str, ...] = NAMES) -> str:
    """A copy of the packaged manifest in which these types are turned on."""
    folder.mkdir()
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    path = folder / "connector.yaml"
    shutil.copy(ROOT / "connector.yaml", path)
    path.write_text(editing.enable(path, names).text, encoding="utf-8")
    return str(path)


def _note(key: int, contact: Any, **fields: Any) -> dict[str, Any]:
    return {"id": key, "title": "Call", "note": "<p>Likes tea</p>", "type_id": "2",
            "contact": {"id": contact}, "owner": {"id": 59}, **fields}  # fmt: skip


def _activity(key: int, contact: Any, **fields: Any) -> dict[str, Any]:
    return {"id": key, "contact_id": contact, "type": "email", "title": "Sent", "notes": "",
            "created_at": f"2025-03-{1 + key // 1000:02} 10:00:00", **fields}  # fmt: skip


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    vendor.tables["contacts"] = [v.contact(1, email=ADA), v.contact(2, email_work=ADA), *v.many(30)]
    notes = [_note(key, 100_000) for key in range(1000, 1130)]
    vendor.tables["contact-notes"] = [*notes, _note(2000, 1), _note(2001, "2"), _note(2002, 3)]
    rows = [_activity(key, 100_000) for key in range(3000, 3230)]
    vendor.tables["activity"] = [*rows, _activity(5000, 1), _activity(5001, 2), _activity(5002, 9)]
    return vendor


@pytest.fixture(name="connection")
def _connection(connection: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    return {**connection, "manifest": extended(tmp_path / "extended")}


def test_the_added_types_are_discovered_and_validated(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    told = {item["name"]: item for item in host.discover(connection)["object_types"]}
    assert told["contact_note"]["deletable"] is True
    assert told["contact_note"]["identifiers"] == {"contact": ["contact.id"]}
    assert told["activity"]["deletable"] is False
    assert told["activity"]["identifiers"] == {"contact": ["contact_id"]}
    assert told["activity"]["scopes"] == []
    assert told["activity"]["schema"]["title"] == "Activity"
    answer = host.validate(connection)
    assert answer["ok"] is True
    assert set(NAMES) <= {check["name"] for check in answer["checks"]}


def test_both_are_fetched_whole(host: Host, connection: dict[str, Any], filled: Vendor) -> None:
    answer = host.fetch(connection, [subject(email=ADA)])
    assert ids_of(answer, "contact_note") == ["2000", "2001"]
    assert ids_of(answer, "activity") == ["5000", "5001"]
    for name, seen in (("contact_note", 133), ("activity", 233)):
        entry = coverage_of(answer, name)
        assert (entry["method"], entry["complete"], entry["seen"]) == ("scan", True, seen)
    (record,) = [each for each in answer["records"] if each["id"] == "2000"]
    assert record["matched_by"] == [{"identifier": "contact", "field": "contact.id", "id": "1"}]
    assert record["data"] == filled.tables["contact-notes"][130]
    assert record["schema_issues"] == []
    assert record["deletable"] is True


def test_a_quick_search_uses_the_filter_where_one_is_named_and_says_where_none_is(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    activity, note = coverage_of(answer, "activity"), coverage_of(answer, "contact_note")
    assert ids_of(answer, "activity") == ["5000"]  # contact 2 has the address where no filter looks
    assert activity["method"] == "lookup"
    assert activity["fields"] == {"contact": ["contact_id"]}
    assert activity["requests"] < 3 + 5
    assert (note["method"], note["complete"], note["fields"]) == ("skipped", False, {})
    assert "no filter" in note["reason"]
    assert filled.count("GET", "/contact-notes") == 0


def test_a_note_that_names_no_contact_makes_the_look_incomplete(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    orphan = _note(2003, 1)
    del orphan["contact"]
    filled.insert("contact-notes", orphan)
    answer = host.fetch(connection, [subject(email=ADA)])
    assert coverage_of(answer, "contact_note")["complete"] is False
    assert [each["code"] for each in answer["problems"]] == ["parent_missing"]
    assert ids_of(answer, "contact_note") == ["2000", "2001"]


def test_a_note_is_deleted_and_the_absence_is_proven_by_reading(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    records = host.fetch(connection, [subject(email=ADA)])["records"]
    (note,) = [each for each in records if each["id"] == "2001"]
    options = {"reviewed": note["digest"]}
    receipt = host.delete(connection, "contact_note", "2001", subject(email=ADA), options)
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert filled.deleted == [("contact-notes", 2001)]
    sent = [(seen.method, seen.path) for seen in filled.requests(path="/contact.*/.*")]
    at = sent.index(("DELETE", "/contact-notes/2001"))
    assert sent[at - 2 : at + 2] == [
        ("GET", "/contact-notes/2001"),
        ("GET", "/contacts/2"),  # whose it is, is asked of its contact
        ("DELETE", "/contact-notes/2001"),
        ("GET", "/contact-notes/2001"),
    ], sent


@pytest.mark.parametrize("key", ["1000", "2002"], ids=["a stranger's", "an absent contact's"])
def test_a_note_that_is_not_the_subjects_is_refused(
    host: Host, connection: dict[str, Any], filled: Vendor, key: str
) -> None:
    receipt = host.delete(connection, "contact_note", key, subject(email=ADA))
    assert (receipt["status"], receipt["verified"]) == ("refused", False)
    assert filled.count("DELETE") == 0


def test_a_note_whose_contact_cannot_be_read_is_refused(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    filled.always("GET", "/contacts/1", v.Status(403, {"error": "no"}))
    receipt = host.delete(connection, "contact_note", "2000", subject(email=ADA))
    assert receipt["status"] == "refused"
    assert filled.count("DELETE") == 0


def test_activity_is_not_deletable_and_the_reason_is_the_manifests(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    receipt = host.delete(connection, "activity", "5000", subject(email=ADA))
    assert receipt["status"] == "not_deletable"
    assert "Ask Total Expert support to erase it" in receipt["reason"]
    assert filled.count("DELETE") == 0


def test_a_child_of_a_child_is_found_and_deleted_through_both(
    host: Host, connection: dict[str, Any], filled: Vendor, tmp_path: Path
) -> None:
    """Parents may have parents: a reply to a note belongs to the note's contact."""
    path = Path(extended(tmp_path / "deep"))
    reply = """  reply:
    path: /replies
    schema: reply.schema.json
    scope: unknown
    id: {field: id, shape: integer}
    parent: {object: contact_note, field: note_id}
    delete: {allowed: true}
"""
    schema = '{"properties": {"id": {"type": "integer"}, "note_id": {"type": "integer"}}}'
    (path.parent / "schemas" / "reply.schema.json").write_text(schema, encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("\nobjects:\n", f"\nobjects:\n{reply}\n", 1)
    path.write_text(text, encoding="utf-8")
    connection["manifest"] = str(path)
    filled.tables["replies"] = [{"id": 1, "note_id": 2001}, {"id": 2, "note_id": 1000}]
    filled.deletable.add("replies")
    answer = host.fetch(connection, [subject(email=ADA)])
    assert ids_of(answer, "reply") == ["1"]
    assert coverage_of(answer, "reply")["complete"] is True
    assert host.delete(connection, "reply", 2, subject(email=ADA))["status"] == "refused"
    assert host.delete(connection, "reply", 1, subject(email=ADA))["status"] == "deleted"
    assert filled.deleted == [("replies", 1)]


def test_an_identifier_kind_of_ones_own_is_added_by_yaml_alone(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited(
        {
            "identifiers.login": {"compare": "id"},
            "objects.user.identifiers.login": [{"field": "username", "filter": "username"}],
        }
    )
    filled.tables["users"] = [v.user(5, username="adal"), v.user(6)]
    answer = host.fetch(connection, [subject(login="adal")], {"object_types": ["user"]})
    assert ids_of(answer, "user") == ["5"]
    assert coverage_of(answer, "user")["fields"] == {"login": ["username"]}
