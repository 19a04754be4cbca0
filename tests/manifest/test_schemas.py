"""The object types' schemas: samples that fit and samples that do not; never a value in an issue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import ROOT, Host, subject
from vendor import Vendor

from te_connector.manifest import loading as manifest
from te_connector.manifest import schemas

SAMPLES = ROOT / "tests" / "schema_samples"
TYPES = [item.schema.removesuffix(".schema.json") for item in manifest.load().objects.values()]
FILES = [ROOT / "schemas" / f"{name}.schema.json" for name in TYPES]


def _bad() -> Iterator[Any]:
    for name in TYPES:
        for number, case in enumerate(_read(SAMPLES / f"{name}.bad.json")):
            yield pytest.param(name, case, id=f"{name}-{number}-{case['path']}-{case['rule']}")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_object_type_has_good_and_bad_samples_and_no_sample_is_left_over() -> None:
    wanted = {f"{name}.{kind}.json" for name in TYPES for kind in ("good", "bad")}
    assert {path.name for path in SAMPLES.iterdir()} == wanted


@pytest.mark.parametrize("name", TYPES)
def test_the_good_sample_has_no_issue(name: str) -> None:
    assert schemas.issues(_file(name), _read(SAMPLES / f"{name}.good.json")) == []


@pytest.mark.parametrize(("name", "case"), list(_bad()))
def test_a_bad_sample_has_the_issue_that_it_names_and_no_other(name: str, case: Any) -> None:
    assert schemas.issues(_file(name), case["sample"]) == [
        {"path": case["path"], "rule": case["rule"]}
    ]


@pytest.mark.parametrize("name", TYPES)
def test_the_good_sample_is_whole(name: str) -> None:
    """Each field of the schema is in it, so a field whose schema is wrong would be noticed."""
    written = {"remove_contact_groups", "remove_related_entities", "remove_channels", "options",
               "do_not_contact", "grant_consent", "revoke_consent"}  # fmt: skip
    fields = set(_read(_file(name))["properties"]) - written  # which the API takes, but never gives
    assert set(_read(SAMPLES / f"{name}.good.json")) >= fields


@pytest.mark.parametrize("name", TYPES)
def test_everything_but_the_id_may_be_null_or_left_out(name: str) -> None:
    schema, good = _read(_file(name)), _read(SAMPLES / f"{name}.good.json")
    assert schema["required"] == ["id"]
    assert schemas.issues(_file(name), {"id": good["id"]}) == []
    nothing = {**dict.fromkeys(schema["properties"]), "id": good["id"]}
    assert schemas.issues(_file(name), nothing) == []
    assert schemas.issues(_file(name), {**good, "a field of tomorrow": {"x": [1]}}) == []


@pytest.mark.parametrize("row", [v.contact(5, email="a@example.com"), v.user(5), v.response(5, 5)])
def test_what_the_api_document_shows_has_no_issue(row: dict[str, Any]) -> None:
    name = TYPES[0] if "email_work" in row else TYPES[1] if "username" in row else TYPES[2]
    assert schemas.issues(_file(name), row) == []


def _file(name: str) -> Path:
    return ROOT / "schemas" / f"{name}.schema.json"


def _fields(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every field of a schema, those of its parts too."""
    for part in schema.get("$defs", {}).values():
        yield from _fields(part, where)
    for name, item in schema.get("properties", {}).items():
        yield f"{where}.{name}", item
        yield from _fields(item, f"{where}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], f"{where}[]")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_field_has_a_title_and_a_description(file: Path) -> None:
    schema = _read(file)
    assert list(schemas.faults_of(file)) == []
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    for where, item in _fields(schema, "$"):
        for key in ("title", "description"):
            told = item.get(key)
            assert isinstance(told, str), f"{where} has no {key}"
            assert told == told.strip() != "", where
        assert "_" not in item["title"], f"{where}: a title is for people"
        assert item["description"].endswith("."), where


FORMATS: dict[str, tuple[str, Any, bool]] = {
    "an address": ("email", "ada@example.com", True),
    "an address with blanks around": ("email", " ada@example.com ", True),
    "an odd address that exists": ("email", "a..b@localhost", True),
    "no address": ("email", "", True),
    "a word": ("email", "ada", False),
    "an address without a name": ("email", "@example.com", False),
    "an address without a host": ("email", "ada@", False),
    "two words": ("email", "ada l@example.com", False),
    "a number for an address": ("email", 5, True),
    "a day": ("te-date", "2026-02-28", True),
    "a day that does not exist": ("te-date", "2026-02-30", False),
    "a moment": ("te-date", "2026-02-28 23:59:59", True),
    "a moment with a T and a Z": ("te-date", "2026-02-28T23:59:59Z", True),
    "a moment with micros and a zone": ("te-date", "2026-02-28T23:59:59.123456+01:00", True),
    "an hour that does not exist": ("te-date", "2026-02-28 24:00:01", False),
    "zeros": ("te-date", "0000-00-00 00:00:00", True),
    "no date": ("te-date", "", True),
    "an American date": ("te-date", "02/28/2026", False),
    "a date in other digits": ("te-date", "\uff12\uff10\uff12\uff16-02-28", False),
    "a number for a date": ("te-date", 20260228, True),
    "a link": ("uri", "https://example.com", True),
    "no link": ("uri", "example", False),
    "a number for a link": ("uri", 5, True),
    "an unknown format": ("colour", "ada", True),
}


@pytest.mark.parametrize("case", FORMATS, ids=lambda case: case.replace(" ", "-"))
def test_formats_are_checked(case: str, tmp_path: Path) -> None:
    name, value, good = FORMATS[case]
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"properties": {"x": {"format": name}}}))
    wanted = [] if good else [{"path": "$.x", "rule": "format"}]
    assert schemas.issues(file, {"x": value}) == wanted


def test_an_issue_says_place_and_rule_and_never_the_value(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    secret = "very private"
    vendor.tables["contacts"] = [
        v.contact(1, email="ada@example.com", email_work=secret, birthday=secret, phone_cell=[secret],
                  preferences=secret, external_ids=[{"source": {"x": secret}}])
    ]  # fmt: skip
    answer = host.fetch(connection, [subject(email="ada@example.com")])
    (record,) = answer["records"]
    assert record["data"]["birthday"] == secret  # drift is reported, and nothing is withheld
    issues = record["schema_issues"]
    assert {"path": "$.email_work", "rule": "format"} in issues
    assert {"path": "$.birthday", "rule": "format"} in issues
    assert {issue["path"] for issue in issues} >= {"$.phone_cell", "$.preferences"}
    for issue in issues:
        assert set(issue) == {"path", "rule"}
        assert secret not in json.dumps(issue)
    assert secret not in json.dumps([answer["problems"], answer["coverage"]])


def test_issues_are_reported_once_and_not_without_end(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text('{"items": {"type": "string", "format": "email"}, "type": ["array", "object"],'
                    '"properties": {"x": {"allOf": [{"type": "null"}, {"type": "null"}]}}}')  # fmt: skip
    assert len(schemas.issues(file, [1] * 1000)) == schemas.MAX_ISSUES
    assert schemas.issues(file, {"x": 1}) == [{"path": "$.x", "rule": "type"}]


def test_a_reference_never_reaches_the_network_nor_another_file(tmp_path: Path) -> None:
    """Such a schema is refused when the manifest loads; should one get through, nothing is read."""
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"$ref": _file("user").as_uri()}))
    with pytest.raises(Exception, match="Unresolvable"):
        schemas.issues(file, {})
    assert [fault.message for fault in schemas.faults_of(file)] == [
        "a reference must stay in the file (start with #)"
    ]


def test_a_changed_schema_is_compiled_anew(tmp_path: Path) -> None:
    import os

    file = tmp_path / "s.json"
    file.write_text('{"type": "object"}')
    assert schemas.issues(file, {}) == []
    file.write_text('{"type": "string"}')
    os.utime(file, ns=(1, 1))
    assert schemas.issues(file, {}) == [{"path": "$", "rule": "type"}]


def test_the_digest_text_is_canonical() -> None:
    assert schemas.dumps({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'
