"""`validate` and `discover`."""

from __future__ import annotations

import socket

import pytest
from command import MARIA, command_fixture  # noqa: F401
from vendor import contact


def test_validate_shows_each_check(command):
    ran = command("validate")
    assert (ran.status, ran.err) == (0, "")
    for name in ("credentials", "scopes", "contact", "user", "contact_survey_response"):
        assert name in ran.out
    assert "The connection works." in ran.out


def test_validate_with_a_refused_secret_is_1(command, monkeypatch):
    monkeypatch.setenv("TE_CLIENT_SECRET", "wrong")
    ran = command("validate")
    assert ran.status == 1
    assert "FAILED" in ran.out


def test_validate_without_a_host_is_3(command, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TE_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        ran = command("validate", "--json")
    assert ran.status == 3
    assert ran.document["ok"] is False


def test_discover_needs_nothing_and_says_what_is_not_searched(command, vendor):
    ran = command("discover")
    assert (ran.status, ran.err) == (0, "")
    assert "Not searched" in ran.out
    assert "Note on a contact" in ran.out
    assert command("discover", "--json").document["connector"] == "total-expert"
    assert not vendor.log


def test_discover_live_shows_fields_that_no_schema_knows_and_no_value(command, vendor):
    for row in vendor.tables["contacts"]:
        row["shoe_size"] = "a secret value"
        row["custom"] = [{"field_name": "x", "value": 1, "colour": "teal"}]
        row[MARIA] = 1
    vendor.tables["contacts"][0]["first_name"] = ["odd"]
    ran = command("discover", "--live")
    assert ran.status == 0
    assert "$.shoe_size" in ran.out
    assert "$.custom[].colour" in ran.out
    assert "(an odd name)" in ran.out
    assert "of the type that the schema says" in ran.out
    for value in ("a secret value", "teal", MARIA, "odd'"):
        assert value not in ran.out + ran.err
    live = command("discover", "--live", "--json").document["live"]
    assert [seen["records"] for seen in live] == [5, 0, 3]


def test_discover_live_says_which_type_it_could_not_read(command, vendor):
    vendor.scope_of["users"] = "another"
    ran = command("discover", "--live")
    assert ran.status == 1
    assert "user: GET /users needs a scope" in ran.out


def test_discover_live_reads_the_first_the_middle_and_the_last_page(command, vendor, edited):
    vendor.tables["contacts"] += [contact(key) for key in range(5000, 5030)]
    path = edited({"objects.contact.page_size": 5, "objects.user": None})
    command("discover", "--live", "--manifest", path)
    pages = [seen.query["page[number]"] for seen in vendor.requests("GET", "/contacts")]
    assert pages == ["1", "4", "7"]


@pytest.mark.parametrize(
    ("schema", "data", "unknown"),
    [
        ({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"x": {}}}}}, {"y": 1}, {"$.y"}),
        ({"$ref": "#/$defs/none"}, {"y": 1}, set()),
        ({"$ref": "#"}, {"y": 1}, set()),
        ({"properties": {"x": {"additionalProperties": {}}}}, {"x": {"y": 1}}, set()),
        (
            {"anyOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}]},
            {"x": 1, "y": 1},
            set(),
        ),
        (
            {"properties": {"x": {"items": {"properties": {"y": {}}}}}},
            {"x": [{"z": 1}]},
            {"$.x[].z"},
        ),
        ({"properties": {"x": {}}}, {"x": [{"z": 1}]}, set()),
        (True, {"x": 1}, set()),
    ],
)
def test_a_field_is_unknown_where_its_object_is_described_and_it_is_not(schema, data, unknown):
    from te_connector.operations.drift import unknown_fields

    assert unknown_fields(schema, data) == unknown


def test_a_schema_that_refers_to_itself_without_end_is_survived():
    from te_connector.operations.drift import unknown_fields

    data: dict = {}
    for _ in range(40):
        data = {"x": data}
    schema = {"properties": {"x": {"$ref": "#"}}}
    assert unknown_fields(schema, data) == set()


def test_discover_live_of_a_list_that_empties_meanwhile_is_no_error(command, vendor, edited):
    vendor.empty_list = "422"
    vendor.tables["contacts"] += [contact(key) for key in range(5000, 5030)]
    path = edited({"objects.contact.page_size": 5})

    def empty(vendor, seen):
        if seen.path == "/contacts" and seen.query["page[number]"] != "1":
            vendor.tables["contacts"].clear()

    vendor.before = empty
    live = command("discover", "--live", "--json", "--manifest", path).document["live"]
    assert [seen["records"] for seen in live] == [5, 0, 3]
    assert [seen["error"] for seen in live] == ["", "", ""]


def test_probe_shows_what_could_be_turned_on(command):
    ran = command("validate", "--probe", "--json")
    assert {item["object_type"] for item in ran.document["probed"]} >= {"contact_note", "loan"}
