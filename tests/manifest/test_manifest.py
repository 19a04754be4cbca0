"""``connector.yaml``: every fault at once with its line and what to write instead; its guide is true."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest
import vendor as v
import yaml
from conftest import CONNECTOR, ROOT, Edit, Host, coverage_of, ids_of, subject
from test_add_object_types import NAMES, extended
from vendor import Vendor

from te_connector import errors
from te_connector.errors import FileFaults
from te_connector.manifest import loading as manifest
from te_connector.manifest import locations as resources
from te_connector.manifest import model

PACKAGED = (ROOT / "connector.yaml").read_text(encoding="utf-8")
GRAMMAR = json.loads((ROOT / "schemas" / "manifest.schema.json").read_text(encoding="utf-8"))
GUIDE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")

Copy = Callable[..., Path]


@pytest.fixture(name="copied")
def _copied(tmp_path: Path) -> Copy:
    """Makes a copy of the packaged manifest in which each text is replaced by another."""

    def copy(*edits: tuple[str, str], schemas: Mapping[str, str] | None = None) -> Path:
        folder = tmp_path / "copy"
        shutil.copytree(ROOT / "schemas", folder / "schemas", dirs_exist_ok=True)
        text = PACKAGED
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        for name, content in (schemas or {}).items():
            (folder / "schemas" / name).write_text(content, encoding="utf-8")
        path = folder / "connector.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return copy


def faults_of(path: Path) -> list[str]:
    with pytest.raises(FileFaults) as caught:
        manifest.load(path)
    return [str(fault) for fault in caught.value.faults]


def line_of(path: Path, mark: str) -> int:
    """The line of the manifest in which this text stands first."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if mark in line)


CONTACT_EMAIL = "        - {field: email, filter: email}\n        - {field: email_work}"
FAULTY: dict[str, tuple[str, str, str, str]] = {
    # what is replaced, by what, the line's mark, the sentence
    "a misspelt top-level key": (
        "title: Total Expert\n", "titel: Total Expert\n", "titel:",
        "unknown key 'titel'; did you mean 'title'?",
    ),
    "a misspelt key of an object": (
        "    path: /contacts\n", "    path: /contacts\n    scop: x\n", "scop: x",
        "unknown key 'scop'; did you mean 'scope'?",
    ),
    "a misspelt key of a field": (
        "{field: email_work}", "{feild: email_work, field: email_work}", "feild:",
        "unknown key 'feild'; did you mean 'field'?",
    ),
    "a foreign key": (
        "    path: /contacts\n", "    path: /contacts\n    colour: red\n", "colour:",
        "unknown key 'colour'; known are title, path, schema, scope",
    ),
    "a key that lacks": (
        "    path: /contacts\n", "", "  contact:", "'contact' lacks the key 'path'; add it",
    ),
    "a top-level key that lacks": (
        'version: "1.0.0"', 'edition: "1.0.0"', "connector:", "the file lacks the key 'version'",
    ),
    "a key given twice": (
        "    path: /users\n", "    path: /users\n    path: /people\n", "/people",
        "key 'path' is given twice (first on line {/users}); keep one",
    ),
    "an object given twice": (
        "  user:\n", "  contact:\n", "{2}  contact:", "key 'contact' is given twice (first on line",
    ),
    "an alias": (
        "scope: getUsers", "scope: *it", "*it", "aliases (*name) are not allowed; write the value out",
    ),
    "an anchor": (
        "scope: getUsers", "scope: &it getUsers", "&it",
        "anchors (&name) are not allowed; write the value out",
    ),
    "a tag": (
        "scope: getUsers", "scope: !!str getUsers", "!!str",
        "tags (!name) are not allowed; write the plain value",
    ),
    "a second document": (
        "# What else Total Expert may hold", "---\n# What else Total Expert may hold", "---",
        "only one document is allowed in the file",
    ),
    "another connector's name": (
        "connector: total-expert", "connector: total-export", "connector:",
        "'connector' must be total-expert; did you mean 'total-expert'?",
    ),
    "a version that is a number": (
        'version: "1.0.0"', "version: 1.0", "version:", "'version' must be text",
    ),
    "a base URL without a scheme": (
        "base_url: https://public", "base_url: public", "base_url:",
        "'base_url' must be an http(s) address such as https://public.totalexpert.net/v1",
    ),
    "a base URL with a query": (
        "totalexpert.net/v1\n\n", "totalexpert.net/v1?a=b\n\n", "base_url:",
        "'base_url' must be an http(s) address",
    ),
    "an unknown grant": (
        "grant: client_credentials", "grant: password", "grant:",
        "'grant' must be client_credentials",
    ),
    "an unknown body": (
        "body: json  ", "body: jason", "body:", "'body' must be json or form; did you mean 'json'?",
    ),
    "a scope that is NO": (
        "scopes: [leadInteraction,", "scopes: [no way, leadInteraction,", "scopes:",
        "the value must be a scope's name, without blanks",
    ),
    "a scope twice": (
        "getUsers]", "getUsers, getUsers]", "scopes:",
        "'scopes' names the same thing twice; keep one",
    ),
    "no scopes": (
        "[leadInteraction, leadSurveyInteraction, getUsers]", "[]", "scopes:",
        "'scopes' must not be empty",
    ),
    "a limit of nothing": (
        "requests: {count: 1000", "requests: {count: 0", "requests:", "'count' must be at least 1",
    ),
    "a limit that is text": (
        "requests: {count: 1000", "requests: {count: many", "requests:",
        "'count' must be a whole number",
    ),
    "a limit in no time": (
        "count: 2, seconds: 3600", "count: 2, seconds: 0", "tokens:", "'seconds' must be more than 0",
    ),
    "a time of day where seconds should be": (
        "retry_for: 120", "retry_for: 12:30", "retry_for:", "'retry_for' must be a number",
    ),
    "endless trying": (
        "retry_for: 120", "retry_for: 999999", "retry_for:", "'retry_for' must be at most 86400",
    ),
    "a page of nothing": (
        "page_size: 100", "page_size: 0", "page_size:", "'page_size' must be at least 1",
    ),
    "a kind of no plain name": (
        "  email: {compare", "  e-mail: {compare", "  e-mail:",
        "the name 'e-mail' must be a plain word such as email",
    ),
    "an object of no plain name": (
        "  user:\n", "  the user:\n", "  the user:",
        "the name 'the user' must be a plain word such as contact",
    ),
    "an unknown way to compare": (
        "compare: id,", "compare: ids,", "compare: ids",
        "'compare' must be email or phone or id or external_id; did you mean 'id'?",
    ),
    "a region that is no country": (
        "region: US}", "region: ZZ}", "region:", "the region is no country that has phone numbers",
    ),
    "a region in small letters": (
        "region: US}", "region: us}", "region:",
        "'region' must be a country code of two capital letters, such as US",
    ),
    "the region NO, which is Norway and no falsehood, misspelt as false": (
        "region: US}", "region: false}", "region:", "'region' must be a country code",
    ),
    "a phone without region": (
        ", region: US}", "}", "phone: {compare", "'phone' compares phones and needs a region, such as US",
    ),
    "a path that is an address": (
        "path: /users", "path: https://evil.example/users", "path: https",
        "'path' must be a path below the base URL, such as /contacts",
    ),
    "a path that climbs": (
        "path: /users", "path: /../users", "path: /..", "'path' must be a path below the base URL",
    ),
    "a path without a slash": (
        "path: /users", "path: users", "path: users", "'path' must be a path below the base URL",
    ),
    "a schema in another folder": (
        "schema: user.schema.json", "schema: ../user.json", "schema: ..",
        "'schema' must be the name of a .json file in the schemas folder, without a folder",
    ),
    "a schema that is not there": (
        "schema: user.schema.json", "schema: usr.schema.json", "usr.schema",
        "the schema file 'usr.schema.json' is not in ",
    ),
    "a scope that is not requested": (
        "scope: getUsers", "scope: getUser", "scope: getUser",
        "scope 'getUser' is not requested; add it to sign_in.scopes or write unknown",
    ),
    "an unknown shape of ids": (
        "shape: hex", "shape: hexa", "shape: hexa",
        "'shape' must be integer or hex or uuid or text; did you mean 'hex'?",
    ),
    "an order without its key": (
        "order: {key: id, sort: id}\n    identifiers", "order: {sort: id}\n    identifiers",
        "order: {sort", "'order' lacks the key 'key'; add it",
    ),
    "a delete that is a list": (
        "    delete: {allowed: true}", "    delete: []", "delete: []",
        "'delete' must be a mapping (key: value)",
    ),
    "a kind with no fields": (
        CONTACT_EMAIL, "        []", "      email:", "'email' must not be empty",
    ),
    "a kind that is not declared": (
        f"      email:\n{CONTACT_EMAIL}", f"      mail:\n{CONTACT_EMAIL}", "      mail:",
        "identifier kind 'mail' is not declared; known: email, phone, service_id, external_id",
    ),
    "a way to a field that is none": (
        "{field: email_work}", "{field: email.}", "email.}",
        "'field' must be a field name, or a path such as contact.id",
    ),
    "a source beside an e-mail": (
        "{field: email_work}", "{field: email_work, source: source}", "email_work,",
        "only external ids have a source",
    ),
    "an e-mail read by id": (
        "{field: email_work}", "{field: email_work, by_id: true}", "by_id: true}",
        "only ids can be read by id",
    ),
    "nothing to match by": (
        "    identifiers:\n      email:\n        - {field: email, filter: email}\n      service_id:\n",
        "    identifiers: {}\n    #", "  user:",
        "'user' has neither identifiers nor a parent, so nothing could match it",
    ),
    "a parent that is not declared": (
        "parent: {object: contact,", "parent: {object: contacts,", "contacts,",
        "the parent 'contacts' is not declared under objects",
    ),
    "a parent that is itself": (
        "parent: {object: contact,", "parent: {object: contact_survey_response,", "object: contact_s",
        "'contact_survey_response' is its own ancestor; break the circle",
    ),
    "a parent and identifiers": (
        "    parent: {object: contact,",
        "    identifiers: {service_id: [{field: id}]}\n    parent: {object: contact,",
        "identifiers: {service", "a type with a parent is found through it; drop identifiers",
    ),
    "a delete that does not say whether": (
        "delete: {allowed: true}", "delete: {instead: Ask.}", "instead: Ask",
        "'delete' lacks the key 'allowed'; add it",
    ),
    "a delete allowed by the word yes": (
        "delete: {allowed: true}", "delete: {allowed: yes}", "allowed: yes",
        "'allowed' must be true or false",
    ),
    "a thing not searched without its reason": (
        "    why: The API can record them but not show them.\n", "",
        "what: Text message", "lacks the key 'why'; add it",
    ),
    "a mapped field that the schema doesn't describe": (
        "{field: email_work}", "{field: emial_work}", "emial_work",
        "contact.schema.json doesn't describe the field 'emial_work'; did you mean 'email_work'?",
    ),
    "a mapped field of another level": (
        "{field: email_work}", "{field: info.email}", "info.email",
        "contact.schema.json doesn't describe the field 'info.email'; add it there",
    ),
    "a mapped field in a list that the schema doesn't describe": (
        '"external_ids[].external_id"', '"external_ids[].extern_id"', "extern_id",
        "doesn't describe the field 'external_ids[].extern_id'; did you mean 'external_ids.external_id'",
    ),
    "a source that the schema doesn't describe": (
        "{field: external_id, source: source", "{field: external_id, source: sorce", "sorce",
        "doesn't describe the field 'sorce'; did you mean 'source'?",
    ),
    "a mapped field that holds no identifier": (
        "{field: email_work}", "{field: custom}", "field: custom",
        "says that 'custom' is array or object, which can't be compared",
    ),
    "a field mapped twice": (
        "{field: email_work}", "{field: email}", "{field: email}", "'email' is mapped twice; keep one",
    ),
    "an order key that the schema doesn't describe": (
        "order: {key: internal_created_at,", "order: {key: created_at,", "key: created_at",
        "contact_survey_response.schema.json doesn't describe the field 'created_at'",
    ),
    "an id field that the schema doesn't describe": (
        "id: {field: id, shape: hex}", "id: {field: ident, shape: hex}", "field: ident,",
        "doesn't describe the field 'ident'",
    ),
    "a parent's field that the schema doesn't describe": (
        "field: contact.id", "field: contact.ident", "contact.ident",
        "doesn't describe the field 'contact.ident'",
    ),
    "a plain http base URL of another host": (
        "base_url: https://public", "base_url: http://public", "base_url:",
        "plain http is only accepted for this machine",
    ),
    "objects and links under one key": (
        "items: [items, objects]", "items: [links, objects]", "items: [links",
        "'links' can't hold both the objects and the page links",
    ),
    "objects under one key twice": (
        "items: [items, objects]", "items: [items, items]", "items: [items,",
        "'items' is listed twice; keep one",
    ),
    "one parameter for page number and size": (
        "size: page[size]", "size: page[number]", "size: page",
        "the page number and the page size need different parameters",
    ),
    "a default type that is none": (
        "default: contact}", "default: contacts}", "default: contacts",
        "there is no object type 'contacts'; did you mean 'contact'?",
    ),
    "a default type that doesn't map the kind": (
        "default: contact}", "default: contact_survey_response}", "default: contact_s",
        "'contact_survey_response' maps no field to 'service_id'",
    ),
    "a default type of what is no id": (
        "title: E-mail address}", "title: E-mail address, default: contact}", "  email:",
        "only ids have a default object type; remove it",
    ),
    "how strong an e-mail is alone": (
        "title: E-mail address}", "title: E-mail address, alone: strong}", "  email:",
        "only phones have 'alone'; remove it",
    ),
    "a key without a colon": (
        "    path: /users\n", "    path /users\n", "path /users", "a ': ' is missing after the key",
    ),
    "a key indented too far": (
        "    path: /users\n", "      path: /users\n", "      path: /users",
        "the indentation doesn't fit the lines above",
    ),
    "a key indented too little": (
        "    path: /users\n", "   path: /users\n", "   path: /users",
        "the indentation doesn't fit the lines above",
    ),
    "a tab": (
        "    path: /users\n", "\tpath: /users\n", "\tpath", "a tab can't indent YAML; use spaces",
    ),
    "an object that is a text": (
        "objects:\n", "objects:\n  note: /notes\n", "note:", "'note' must be a mapping (key: value)",
    ),
    "an empty object": (
        "objects:\n", "objects:\n  note:\n", "note:", "'note' must be a mapping (key: value)",
    ),
}  # fmt: skip


def test_the_table_of_faults_is_long_enough() -> None:
    assert len(FAULTY) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.replace(" ", "-"))
def test_a_fault_is_reported_with_its_line_and_what_to_write(case: str, copied: Copy) -> None:
    old, new, mark, message = FAULTY[case]
    path = copied((old, new))
    told = faults_of(path)
    number, _, text = mark.partition("}") if mark.startswith("{2}") else ("", "", mark)
    line = line_of(path, text)
    if number:  # the second line with that mark
        lines = path.read_text(encoding="utf-8").splitlines()
        line = next(at for at, each in enumerate(lines, 1) if text in each and at > line)
    first = re.search(r"\{(.+?)\}", message)
    if first:
        message = message.replace(first[0], str(line_of(path, first[1])))
    prefix = f"{path}:{line}: "
    assert any(each.startswith(prefix) and message in each for each in told), told


@pytest.mark.slow
def test_every_message_fits_the_form_file_line_text(copied: Copy) -> None:
    for old, new, _, _ in FAULTY.values():
        path = copied((old, new))
        for told in faults_of(path):
            assert re.fullmatch(re.escape(str(path)) + r":[1-9]\d*: \S.*", told), told


def test_all_faults_come_at_once_whatever_their_kind(copied: Copy) -> None:
    """Duplicates, the grammar, references and schema files: one pass tells them all."""
    path = copied(
        ("title: Total Expert\n", "titel: Total Expert\ntitel: again\n"),
        ("retry_for: 120", "retry_for: soon"),
        ("scope: getUsers", "scope: getUser"),
        ("schema: contact.schema.json", "schema: nowhere.schema.json"),
        ("parent: {object: contact,", "parent: {object: contacts,"),
        ("shape: hex", "shape: hexa"),
        ("region: US}", "region: ZZ}"),
        ("{field: email_work}", "{field: email_work, by_id: true}"),
    )
    (path.parent / "schemas" / "user.schema.json").write_text('{"type": 5}', encoding="utf-8")
    told = "\n".join(faults_of(path))
    for words in ("given twice", "'titel'; did you mean", "'retry_for' must be", "'getUser' is not",
                  "nowhere.schema.json", "'contacts' is not declared", "did you mean 'hex'",
                  "no country", "read by id", "user.schema.json:1: "):  # fmt: skip
        assert words in told, words


def test_a_malformed_line_does_not_hide_the_other_faults_or_bring_new_ones(copied: Copy) -> None:
    path = copied(
        ("retry_for: 120", "retry_for: soon"),
        ("    path: /users\n", "    path /users\n"),
        ("{field: email_work}", "{field: emial_work}"),
        ("    title: Survey response\n", "      title: Survey response\n"),
        ("parent: {object: contact, field", "parent: {object: contact, feild"),
    )
    told = [each.partition(":")[2] for each in faults_of(path)]
    marks = ("soon", "path /users", "emial_work", "feild", "feild")
    told_lines = sorted(int(each.partition(":")[0]) for each in told)
    assert set(told_lines) >= {line_of(path, mark) for mark in marks}
    assert len(told) == 5, told


def test_faults_come_in_the_order_of_their_lines(copied: Copy) -> None:
    path = copied(
        ("retry_for: 120", "retry_for: soon"),
        ("title: Total Expert\n", "titel: Total Expert\n"),
        ("allowed: true", "allowed: maybe"),
    )
    lines = [int(each.split(":")[1]) for each in faults_of(path)]
    assert lines == sorted(lines)
    assert len(lines) == 3


def test_a_fault_is_not_followed_by_others_that_only_follow_from_it(copied: Copy) -> None:
    path = copied(("scopes: [leadInteraction, ", "scopes: &x [leadInteraction, "))
    assert len(faults_of(path)) == 1
    path = copied(("scope: getUsers", "scope: *x"))
    assert len(faults_of(path)) == 1
    path = copied(("compare: id,", "compare: ids,"))
    assert len(faults_of(path)) == 1


def test_a_circle_of_parents_is_reported_at_each_of_them(copied: Copy) -> None:
    path = copied(
        (
            "    delete: {allowed: true}",
            "    parent: {object: contact_survey_response, field: x}\n    delete: {allowed: true}",
        )
    )
    told = "\n".join(faults_of(path))
    assert "'contact' is its own ancestor" in told
    assert "'contact_survey_response' is its own ancestor" in told


SCHEMAS: dict[str, tuple[str, int, str]] = {
    "not JSON": ("{]", 1, "this is not valid JSON"),
    "empty": ("", 1, "the file is empty"),
    "a list": ("[]", 1, "a schema must be a mapping"),
    "true": ("true", 1, "a schema must be a mapping"),
    "an unknown type": ('{\n"type": "txt"}', 2, "this is not valid JSON Schema (draft 2020-12)"),
    "a key twice": ('{"type": "object",\n"type": "object"}', 2, "key 'type' is given twice"),
    "a pattern": (
        '{"properties": {\n"a": {\n"pattern": "(a+)+$"}}}', 3,
        "'pattern' is not supported in schemas; use 'format'",
    ),
    "a pattern of names": (
        '{\n"patternProperties": {}}', 2, "'patternProperties' is not supported in schemas",
    ),
    "a pattern in a list of schemas": (
        '{"anyOf": [\n{"pattern": "a"}]}', 2, "'pattern' is not supported",
    ),
    "a reference to the network": (
        '{\n"$ref": "https://evil.example/s.json"}', 2, "a reference must stay in the file",
    ),
    "a reference to a file": ('{\n"$ref": "user.schema.json"}', 2, "a reference must stay in the file"),
    "a dynamic reference elsewhere": (
        '{\n"$dynamicRef": "file:///etc/passwd"}', 2, "a reference must stay in the file",
    ),
    "a reference that leads nowhere": (
        '{"properties": {"a":\n{"$ref": "#/$defs/nope"}}}', 2,
        "the reference '#/$defs/nope' leads nowhere in the file",
    ),
    "a reference to an anchor that is none": (
        '{\n"$ref": "#nope"}', 2, "the reference '#nope' leads nowhere in the file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMAS, ids=lambda case: case.replace(" ", "-"))
def test_a_faulty_schema_is_a_fault_of_its_own_file_and_line(case: str, copied: Copy) -> None:
    text, line, message = SCHEMAS[case]
    path = copied(schemas={"user.schema.json": text})
    (told,) = faults_of(path)
    file = path.parent / "schemas" / "user.schema.json"
    assert told.startswith(f"{file}:{line}: {message}"), told


def test_a_comma_too_many_in_a_schema_names_its_own_line(copied: Copy) -> None:
    text = '{"type": "object",\n"properties": {\n"id": {},\n\n}}'
    path = copied(schemas={"user.schema.json": text})
    (told,) = faults_of(path)
    file = path.parent / "schemas" / "user.schema.json"
    assert told == f"{file}:3: the comma before the closing bracket is one too many; remove it"


def test_a_schema_that_describes_no_field_or_any_field_bears_out_what_is_mapped(
    copied: Copy,
) -> None:
    for text in ("{}", '{"additionalProperties": {"type": "string"}}', '{"$ref": "#"}'):
        manifest.load(copied(schemas={"user.schema.json": text}))


def test_fields_may_be_called_pattern_or_ref_and_references_within_the_file_are_fine(
    copied: Copy,
) -> None:
    text = """{"$defs": {"pattern": {"$anchor": "here", "type": "string"}},
        "properties": {"pattern": {"$ref": "#/$defs/pattern"}, "$ref": {"$ref": "#here"},
                       "id": {}, "email": {},
                       "x": {"enum": [{"pattern": "a"}], "$ref": "#/properties/pattern"}}}"""
    manifest.load(copied(schemas={"user.schema.json": text}))


# What a good manifest amounts to.


def test_the_packaged_manifest_has_no_faults_and_obeys_the_grammar_that_editors_use() -> None:
    jsonschema.Draft202012Validator.check_schema(GRAMMAR)
    validator = jsonschema.Draft202012Validator(GRAMMAR)
    assert list(validator.iter_errors(yaml.safe_load(PACKAGED))) == []
    first = PACKAGED.splitlines()[0]
    assert first == "# yaml-language-server: $schema=schemas/manifest.schema.json"
    made = manifest.load()
    assert made.packaged is True
    assert made.path == ROOT / "connector.yaml" == resources.packaged_manifest()


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for item in schema.values():
            yield from _parts(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from _parts(item)


def test_the_grammar_shows_editors_what_every_key_means_and_allows_no_unknown_one() -> None:
    for part in _parts(GRAMMAR):
        for name, item in part.get("properties", {}).items():
            if isinstance(item, dict):
                assert item.get("description") or "$ref" in item, name
        if "properties" in part and part.get("type") == "object":
            assert part["additionalProperties"] is False


def test_every_object_type_has_a_schema_file_and_every_schema_file_an_object_type() -> None:
    used = {item.schema for item in manifest.load().objects.values()}
    own = {f"{name}.schema.json" for name in ("manifest", "policy", "result", "hold")}
    there = {path.name for path in (ROOT / "schemas").iterdir()}
    assert used <= there
    assert there - own == used


def test_the_packaged_manifest_names_the_object_types_kinds_and_limits_of_the_contract() -> None:
    made = manifest.load()
    assert [item.name for item in made.objects.values() if item.access] == [
        "contact", "user", "contact_survey_response",
    ]  # fmt: skip
    off = [item for item in made.objects.values() if not item.access]
    assert {item.name for item in off} >= {"contact_note", "activity", "loan", "email_unsubscribe"}
    assert all(item.why for item in off)
    assert [item.name for item in off if item.deletable] == ["contact_note"]
    assert list(made.kinds) == ["email", "phone", "service_id", "external_id"]
    assert made.requests == model.Limit(1000, 60)
    assert made.tokens == model.Limit(2, 3600)
    assert made.retry_for == 120


FIXED: dict[str, tuple[dict[str, Any], Callable[[model.Manifest], Any], Any]] = {
    "limits": (
        {"limits": {"requests": {"count": 7, "seconds": 2.5}, "tokens": {"count": 9, "seconds": 1},
                    "retry_for": 0.5}},
        lambda made: (made.requests, made.tokens, made.retry_for),
        (model.Limit(7, 2.5), model.Limit(9, 1), 0.5),
    ),
    "path": ({"objects.user.path": "/people"}, lambda made: made.objects["user"].path, "/people"),
    "schema": (
        {"objects.user.schema": "contact.schema.json"},
        lambda made: made.objects["user"].schema, "contact.schema.json",
    ),
    "scope": ({"objects.user.scope": "unknown"}, lambda made: made.objects["user"].scope, None),
    "another object": (
        {"objects.team": {"path": "/teams", "schema": "user.schema.json", "scope": "getUsers",
                          "identifiers": {"service_id": [{"field": "id"}]}}},
        lambda made: (made.objects["team"].title, made.objects["team"].id_shape,
                      made.objects["team"].order_key, made.objects["team"].sorts,
                      made.objects["team"].page_size, made.objects["team"].deletable),
        ("Team", "text", "id", (), 100, False),
    ),
    "what may be left out": (
        {"title": None, "base_url": None, "query": None, "not_searched": None,
         "paging.past_end": None, "paging.max_pages": None, "sign_in.body": None},
        lambda made: (made.title, made.base_url, made.filter_param, made.sort_param,
                      made.not_searched, made.paging.past_end_status, made.paging.max_pages,
                      made.sign_in.body),
        ("total-expert", None, "filter", "sort", (), None, 100000, "json"),
    ),
    "archived": (
        {"objects.contact.archived": {"field": "archived", "value": True}},
        lambda made: made.objects["contact"].archived, model.Archived("archived", True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FIXED, ids=lambda case: case.replace(" ", "-"))
def test_the_keys_of_the_contract_can_be_set(case: str, edited: Edit) -> None:
    changes, read, wanted = FIXED[case]
    made = manifest.load(Path(edited(changes)))
    assert read(made) == wanted
    assert made.packaged is False


def test_the_region_no_is_norway_and_012_is_twelve(copied: Copy) -> None:
    made = manifest.load(
        copied(("region: US}", "region: NO}"), ("retry_for: 120", "retry_for: 012"))
    )
    assert made.kinds["phone"].region == "NO"
    assert made.retry_for == 12


def test_parents_come_before_children_however_they_are_written(edited: Edit) -> None:
    data = yaml.safe_load(PACKAGED)["objects"]
    turned = dict(reversed(data.items()))
    turned = {"reply": {**data["contact_survey_response"], "path": "/replies",
                        "parent": {"object": "contact_survey_response", "field": "survey.id"}},
              **turned}  # fmt: skip
    made = manifest.load(Path(edited({"objects": turned})))
    ordered = [item.name for item in made.parents_first()]
    assert ordered.index("contact") < ordered.index("contact_survey_response")
    assert ordered.index("contact_survey_response") < ordered.index("reply")
    assert set(ordered) == set(made.objects)


def test_an_unknown_object_type_is_reported_with_those_that_are_known() -> None:
    for name in ("pipeline", None, ["user"]):
        with pytest.raises(
            errors.OptionError, match="contact, user, contact_survey_response, contact_note"
        ):
            manifest.load().object_type(name)  # type: ignore[arg-type]


def test_a_manifest_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        manifest.load().version = "2"  # type: ignore[misc]


def test_the_same_file_is_parsed_once_and_a_changed_one_again(edited: Edit) -> None:
    path = Path(edited({"version": "mine"}))
    first = manifest.load(path)
    assert manifest.load(path) is first
    path.write_text(path.read_text().replace("version: mine", "version: other"))
    assert manifest.load(path).version == "other"


def test_a_schema_that_was_changed_or_removed_is_noticed_though_the_manifest_was_not(
    edited: Edit,
) -> None:
    path = Path(edited())
    manifest.load(path)
    schema = path.parent / "schemas" / "user.schema.json"
    schema.write_text('{"pattern": "x"}')
    assert "'pattern' is not supported" in "\n".join(faults_of(path))
    schema.unlink()
    assert "is not in" in "\n".join(faults_of(path))


@pytest.mark.parametrize("how", ["missing", "folder"])
def test_a_manifest_that_cannot_be_read_is_a_fault(tmp_path: Path, how: str) -> None:
    path = tmp_path / "no.yaml" if how == "missing" else tmp_path
    (told,) = faults_of(path)
    assert told.startswith(f"{path}:1: the file cannot be read (")


def test_a_link_to_the_packaged_manifest_is_the_packaged_manifest(tmp_path: Path) -> None:
    os.symlink(ROOT / "schemas", tmp_path / "schemas")
    os.symlink(ROOT / "connector.yaml", tmp_path / "link.yaml")
    assert manifest.load(tmp_path / "link.yaml").packaged is True


def test_a_missing_packaged_manifest_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        resources, "__file__", str(tmp_path / "te_connector" / "manifest" / "locations.py")
    )
    with pytest.raises(errors.StateError, match="install te-connector again"):
        resources.packaged_manifest()


def test_every_hook_shows_the_faults_of_a_manifest_before_any_request(
    host: Host, connection: dict[str, Any], vendor: Vendor, copied: Copy
) -> None:
    connection["manifest"] = str(copied(("retry_for: 120", "retry_for: soon")))
    asked = subject(email="ada@example.com")
    for call in (
        lambda: host.validate(connection),
        lambda: host.discover(connection),
        lambda: host.fetch(connection, [asked]),
        lambda: host.delete(connection, "contact", "1", asked),
    ):
        with pytest.raises(FileFaults, match="'retry_for' must be a number"):
            call()
    assert vendor.log == []


def test_manifest_changes_reach_what_is_sent(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    vendor.tables["people"] = [v.user(1, email="ada@example.com"), v.user(2)]
    connection["manifest"] = edited(
        {
            "objects.user.path": "/people",
            "objects.user.page_size": 7,
            "objects.user.scope": "unknown",
        }
    )
    answer = host.fetch(connection, [subject(email="ada@example.com")], {"object_types": ["user"]})
    assert ids_of(answer, "user") == ["1"]
    assert coverage_of(answer, "user")["complete"] is True
    assert vendor.requests("GET", "/people")[0].query["page[size]"] == "7"


# The guide


def _blocks(name: str) -> list[str]:
    return re.findall(rf"```{name}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_the_guide_shows_object_types_as_the_packaged_manifest_has_them(name: str) -> None:
    (block,) = [text for text in _blocks("yaml") if text.startswith(f"  {name}:\n")]
    assert block in PACKAGED
    for link in re.findall(r"\]\(\.\./(.*?)\)", GUIDE):
        assert (ROOT / link).is_file(), link


def test_every_yaml_of_the_guide_can_be_written_where_it_says(copied: Copy) -> None:
    whole = "".join(_blocks("yaml"))
    assert whole.count("\n") > 20
    identifiers, archived = _blocks("yaml")[0], _blocks("yaml")[-1]
    item = "  thing:\n    path: /things\n    schema: contact.schema.json\n    scope: unknown\n"
    made = manifest.load(copied(("\nobjects:\n", f"\nobjects:\n{item}{identifiers}{archived}\n")))
    assert made.objects["thing"].archived == model.Archived("archived", True)
    assert [each.field for each in made.objects["thing"].mapped] == [
        "email", "email_work", "external_ids[].external_id",
    ]  # fmt: skip


def test_the_examples_have_no_faults(tmp_path: Path) -> None:
    made = manifest.load(Path(extended(tmp_path / "both")))
    assert set(NAMES) < set(made.objects)


def test_the_faults_that_the_guide_shows_are_what_is_reported(copied: Copy) -> None:
    path = copied(
        ("    path: /users\n", "    pth: /users\n"),
        ("scope: getUsers", "scope: getUser"),
        ("{field: email_work}", "{field: emial_work}"),
    )
    told = [str(each).partition(": ")[2] for each in faults_of(path)]
    shown = re.findall(r"^    my-manifest/connector.yaml:\d+: (.*)$", GUIDE, re.MULTILINE)
    assert len(shown) == 3
    assert set(shown) <= set(told)


def _keys(schema: Mapping[str, Any], way: str = "") -> Iterator[tuple[str, bool]]:
    """Every key of the grammar with the way to it, and whether it must be there."""
    if "$ref" in schema:
        schema = GRAMMAR["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, item in schema.get("properties", {}).items():
        here = f"{way}.{name}" if way else name
        yield here, name in schema.get("required", [])
        yield from _keys(item, here)
    if isinstance(schema.get("additionalProperties"), dict):
        name = "NAME" if way == "objects" else "KIND"
        yield from _keys(schema["additionalProperties"], f"{way}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from _keys(schema["items"], f"{way}[]")


def test_the_guides_table_names_every_key_of_the_grammar_and_no_other() -> None:
    table = re.findall(r"^\| (\*\*)?`([^`]+)`(?:\*\*)? \|", GUIDE, re.MULTILINE)
    assert {(way, bool(bold)) for bold, way in table} == set(_keys(GRAMMAR))
    assert len({way for _, way in table}) == len(table)


def test_the_guide_says_how_the_packaged_manifest_is_found_by_hosts(host: Host) -> None:
    assert host.discover({"connector": CONNECTOR, "manifest": str(ROOT / "connector.yaml")}) == (
        host.discover({"connector": CONNECTOR})
    )
