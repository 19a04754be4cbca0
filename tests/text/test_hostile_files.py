"""A hostile manifest, schema, policy, result, hold or subjects file is data and nothing else.

No path leaves its folder, no host but the bound one gets anything, no regular expression and no YAML
trick runs, nothing costs unbounded time or memory; and every file is checked before it is used.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Edit, Host, subject
from vendor import Vendor, contact

from te_connector import result
from te_connector.deletion.lists import read_hold_list
from te_connector.errors import ConnectorError, FileFaults, SettingsError, SubjectError
from te_connector.manifest import loading as manifests
from te_connector.manifest import locations as resources
from te_connector.matching import subject_lines
from te_connector.package.policy import Policy
from te_connector.package.write import folder_name
from te_connector.text import json_file as jsonfile

pytestmark = pytest.mark.slow

ADA = "ada.lovelace@example.com"
BOUND = 20.0


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    started = time.process_time()  # not the clock: other tests run on the same cores
    yield
    assert time.process_time() - started < BOUND


def faults_of(path: str | Path) -> str:
    with pytest.raises(FileFaults) as caught:
        manifests.load(Path(path))
    return str(caught.value)


# Where paths lead.


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/token", "/\\evil.example/token", "@evil.example/token", "/x@evil.example", "token",
        "/../token", "/./token", "/token/..", "/token?x=1", "/token#x", "/tok%65n", "https://evil.example/token",
        "/token ", "/to\tken", "/token/", "/\u0442oken", "/token:80", "", ".evil.example/token", ":8080/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["sign_in.path", "objects.contact.path"])
def test_a_path_in_a_manifest_leads_nowhere_but_below_the_base_url(
    edited: Edit, key: str, path: str
) -> None:
    assert "below the base URL" in faults_of(edited({key: path}))


@pytest.mark.parametrize("key", ["sign_in.path", "objects.contact.path"])
def test_a_line_end_behind_a_path_sends_nothing_elsewhere(
    host: Host, vendor: Vendor, connection: dict[str, Any], edited: Edit, key: str
) -> None:
    """A regular expression's ``$`` lets one line end pass; it adds no header and names no other host."""
    try:
        connection["manifest"] = edited(
            {key: "/token\n" if key == "sign_in.path" else "/contacts\n"}
        )
        host.validate(connection)
    except FileFaults:
        return
    assert not [seen for seen in vendor.log if seen.path.startswith("outside:")]
    assert not [seen for seen in vendor.log if "/" in seen.path[1:] or "x-evil" in seen.headers]


@pytest.mark.parametrize(
    "name",
    [
        "../contact.schema.json", "/etc/passwd", "x/../../contact.schema.json", "..json", ".hidden.json",
        "contact.schema.yaml", "contact\0.json", "sub/contact.json", "..\\contact.json", "~root.json", "",
    ],
)  # fmt: skip
def test_a_schema_s_name_is_a_name_in_the_schemas_folder(edited: Edit, name: str) -> None:
    assert "schemas folder" in faults_of(edited({"objects.contact.schema": name}))


def test_a_link_out_of_the_schemas_folder_is_not_followed(edited: Edit, tmp_path: Path) -> None:
    """A link within the folder is fine (containers mount files so), and the folder itself may be one."""
    outside = tmp_path / "outside"
    outside.write_text("{}", encoding="utf-8")
    path = Path(edited({"objects.contact.schema": "linked.json"}))
    (path.parent / "schemas" / "linked.json").symlink_to(outside)
    assert "linked.json" in faults_of(path)


def test_a_link_within_the_schemas_folder_is_followed(edited: Edit) -> None:
    """As Kubernetes mounts them: each file is a link into a hidden folder beside it."""
    path = Path(edited({"objects.contact.schema": "linked.json"}))
    hidden = path.parent / "schemas" / "..data"
    hidden.mkdir()
    (hidden / "linked.json").write_bytes(
        (path.parent / "schemas" / "contact.schema.json").read_bytes()
    )
    (path.parent / "schemas" / "linked.json").symlink_to(Path("..data") / "linked.json")
    assert manifests.load(path).objects["contact"].schema == "linked.json"


# Who gets credentials.


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/v1", "http://127.0.0.1:9/v1", "https://public.totalexpert.net.evil.example/v1",
     "https://public.totalexpert.net:8443/v1"],
)  # fmt: skip
def test_another_manifest_s_base_url_gets_nothing(
    host: Host, connection: dict[str, Any], edited: Edit, url: str
) -> None:
    del connection["base_url"]
    connection["manifest"] = edited({"base_url": url})
    with pytest.raises(SettingsError, match="cannot move"):
        host.fetch(connection, [subject(email=ADA)])


@pytest.mark.parametrize(
    "url",
    [
        "https://good.example@evil.example/v1", "https://good.example\\@evil.example/v1", "http://evil.example/v1",
        "https:/\\evil.example", "//evil.example", "evil.example", "https://", "https://x.example/v1?a=b",
        "https://x.example/v1#a", "https://x.example/../v1", "https://x.example//evil.example/v1",
        "https://x.example:99999/v1", "https://x.example:x/v1", "https://[::1/v1", "https://ex\u0430mple.com/v1",
        "https://x.example%2eevil.example/v1", "ftp://x.example/v1", "file:///etc/passwd",
        "http://127.0.0.1.evil.example/v1", "http://localhost.evil.example/v1", "http://0x7f000001.evil/v1",
        "https://x.example/v1\r\nHost: evil.example", "http://[::ffff:8.8.8.8]/v1",
    ],
)  # fmt: skip
def test_a_base_url_that_means_two_things_is_refused(
    host: Host, connection: dict[str, Any], url: str
) -> None:
    connection["base_url"] = url
    with pytest.raises(SettingsError):
        host.fetch(connection, [subject(email=ADA)])


def test_a_manifest_cannot_bring_credentials_a_proxy_or_a_bundle(edited: Edit) -> None:
    for key in ("credentials", "proxy", "ca_bundle", "state_dir", "headers"):
        assert "unknown key" in faults_of(edited({key: {"x": "y"}}))


# YAML.

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML: dict[str, tuple[bytes, str]] = {
    "a tag that runs": (b"a: !!python/object/apply:os.system ['touch /tmp/x']\n", "tags"),
    "a tag of one's own": (b"a: !evil x\n", "tags"),
    "a tag for a set": (b"a: !!set {x}\n", "tags"),
    "binary": (b"a: !!binary aGVsbG8=\n", "tags"),
    "a billion laughs": (LAUGHS.encode(), "aliases"),
    "an anchor in itself": (b"a: &a\n  b: *a\n", "aliases"),
    "merge keys": (b"a: &a {x: 1}\nb:\n  <<: *a\n", "aliases"),
    "a key twice": (b"connector: a\nconnector: b\n", "twice"),
    "a mapping for a key": (b"? {a: b}\n: c\n", "plain word"),
    "a list for a key": (b"[a, b]: c\n", "plain word"),
    "two documents": (b"a: 1\n---\nb: 2\n", "one document"),
    "nothing": (b"", "empty"),
    "a comment alone": (b"# x\n", "empty"),
    "deep nesting": (b"[" * 20_000, "nest"),
    "deep nesting of mappings": (b"{a: " * 5_000, "nest"),
    "deep nesting by blanks": (b"".join(b" " * n + b"a:\n" for n in range(1_000)), "nested"),
    "NUL": (b"a: \0\n", "doesn't allow"),
    "control signs": (b"a: \x07\x1b[2J\n", "doesn't allow"),
    "not UTF-8": (b"a: \xff\xfe\n", "UTF-8"),
    "UTF-16": ("a: 1\n".encode("utf-16"), "UTF-8"),
    "infinity": (b"a: .inf\n", "infinite"),
    "text alone": (b"hello\n", "mapping"),
    "a list": (b"- a\n", "mapping"),
    "a directive": (b"%YAML 9.9\n---\na: 1\n", "YAML"),
    "nine megabytes": (b"a: " + b"x" * (9 * 2**20), "larger"),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML)
@pytest.mark.parametrize("kind", ["manifest", "policy", "schema"])
def test_a_yaml_trick_is_a_fault_with_its_line(
    tmp_path: Path, edited: Edit, kind: str, name: str
) -> None:
    raw, fault = YAML[name]
    if kind == "schema":
        manifest = Path(edited({"objects.contact.schema": "hostile.json"}))
        (manifest.parent / "schemas" / "hostile.json").write_bytes(raw)
        told = faults_of(manifest)
        assert "hostile.json:" in told
        return
    path = tmp_path / f"{kind}.yaml"
    path.write_bytes(raw)
    if kind == "manifest":
        told = faults_of(path)
    else:
        with pytest.raises(FileFaults) as caught:
            Policy.load(path)
        told = str(caught.value)
        if name == "infinity":  # a policy's values are taken as they are written
            fault = "unknown key"
    assert fault in told
    assert all(line.startswith(f"{path}:") for line in told.splitlines())
    assert not Path("/tmp/x").exists()


@pytest.mark.parametrize("reader", ["manifest.load", "subject_lines.read_lines"])
def test_a_device_without_end_is_not_read_to_its_end(reader: str) -> None:
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from pathlib import Path
from te_connector.manifest import loading as manifest
from te_connector.matching import subject_lines
from te_connector.errors import FileFaults
try:
    {reader}(Path("/dev/zero"))
except FileFaults as faults:
    sys.exit("larger than" not in str(faults.faults))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=15, check=False
    )
    assert done.returncode == 0


def test_a_manifest_of_a_hundred_thousand_unknown_keys_is_reported_in_bounded_time(
    tmp_path: Path,
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("".join(f"k{n}: 1\n" for n in range(20_000)), encoding="utf-8")
    assert "unknown key" in faults_of(path)


# Schemas.

EVIL = "^(a|a)*$"
HIDDEN: dict[str, dict[str, Any]] = {
    "in sight": {"pattern": EVIL},
    "in a property": {"properties": {"email": {"pattern": EVIL}}},
    "for names": {"patternProperties": {EVIL: {}}},
    "in propertyNames": {"propertyNames": {"pattern": EVIL}},
    "in a list of schemas": {"allOf": [{"anyOf": [{"not": {"pattern": EVIL}}]}]},
    "in a property called properties": {"properties": {"properties": {"pattern": EVIL}}},
    "in a definition called $defs": {
        "$defs": {"$defs": {"pattern": EVIL}},
        "$ref": "#/$defs/$defs",
    },
    "in a property called enum": {"properties": {"enum": {"pattern": EVIL}}},
    "in a property called const": {"properties": {"const": {"pattern": EVIL}}},
    "behind a reference into examples": {"examples": [{"pattern": EVIL}], "$ref": "#/examples/0"},
    "behind a reference into const": {
        "$defs": {"x": {"const": {"pattern": EVIL}}},
        "$ref": "#/$defs/x/const",
    },
}
UNSEEN = {
    "in a property called properties", "in a definition called $defs", "in a property called enum",
    "in a property called const", "behind a reference into examples", "behind a reference into const",
}  # fmt: skip


def _marked(names: dict[str, Any], unseen: set[str], reason: str) -> list[Any]:
    return list(names)


@pytest.mark.parametrize(
    "name", _marked(HIDDEN, UNSEEN, "schemas: what `properties` and `$defs` name are schemas too")
)
def test_no_regular_expression_of_a_schema_runs_wherever_it_hides(edited: Edit, name: str) -> None:
    schema = json.dumps(HIDDEN[name])
    told = faults_of(edited({"objects.contact.schema": "evil.json"}, {"evil.json": schema}))
    assert "not supported" in told or "not to a value" in told


REFERENCES: dict[str, dict[str, Any]] = {
    "to another host": {"$ref": "https://evil.example/x.json"},
    "to a file": {"$ref": "file:///etc/passwd"},
    "to a file beside it": {"$ref": "user.schema.json"},
    "to another host, dynamically": {"$dynamicRef": "https://evil.example/x#y"},
    "to nowhere": {"$ref": "#/$defs/none"},
    "to another host in a property called properties": {"properties": {"properties": {"$ref": "https://evil.example/"}}},
    "to another host in a property called default": {"properties": {"default": {"$ref": "https://evil.example/"}}},
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    _marked(
        REFERENCES,
        {
            "to another host in a property called properties",
            "to another host in a property called default",
        },
        "schemas: what `properties` names are schemas too",
    ),
)
def test_a_reference_leads_out_of_no_schema(edited: Edit, name: str) -> None:
    schema = json.dumps(REFERENCES[name])
    assert "reference" in faults_of(
        edited({"objects.contact.schema": "evil.json"}, {"evil.json": schema})
    )


def test_a_schema_that_refers_to_itself_does_not_keep_the_data_from_its_person(
    host: Host, vendor: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    vendor.tables["contacts"] = [contact(1, email=ADA)]
    connection["manifest"] = edited(
        {"objects.contact.schema": "evil.json"}, {"evil.json": '{"$ref": "#"}'}
    )
    (record,) = host.fetch(connection, [subject(email=ADA)], {"object_types": ["contact"]})[
        "records"
    ]
    assert record["schema_issues"]


def _fan(depth: int) -> str:
    """A schema that doubles the work at each of so many references, without a circle."""
    steps = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(depth)}
    return json.dumps({"$ref": "#/$defs/0", "$defs": {**steps, str(depth): {"minProperties": 1}}})


COSTLY = {
    "references that double the work": _fan(60),
    "references that double it with each level of the data": json.dumps(
        {"anyOf": [{"items": {"$ref": "#"}, "properties": {"a": {"$ref": "#"}}, "not": {}}] * 2}
    ),
    "every member compared with every other": '{"properties": {"many": {"uniqueItems": true}}}',
}


@pytest.mark.slow
@pytest.mark.parametrize("schema", COSTLY.values(), ids=[name.replace(" ", "-") for name in COSTLY])
def test_a_schema_that_costs_more_than_any_check_may_is_an_issue_on_the_record(
    schema: str, host: Host, vendor: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    """The record has all its data, and an issue that says the check wasn't finished."""
    deep: Any = {"a": "end"}
    for _ in range(40):
        deep = {"a": deep}
    many = [{"n": number} for number in range(20_000)]
    vendor.tables["contacts"] = [{**contact(1, email=ADA), "a": deep, "many": many}]
    used = ("id", "email", "email_work", "phone_cell", "phone_home", "phone_office", "source",
            "external_id", "external_ids")  # fmt: skip
    whole = {"allOf": [json.loads(schema), {"properties": dict.fromkeys(used, {})}]}
    if '"#"' in schema or "#/" in schema:
        whole = {**json.loads(schema), "properties": dict.fromkeys(used, {})}
    changes = {"objects.contact.schema": "evil.json"}
    connection["manifest"] = edited(changes, {"evil.json": json.dumps(whole)})
    answer = host.fetch(connection, [subject(email=ADA)], {"object_types": ["contact"]})
    (record,) = answer["records"]
    assert record["data"]["many"] == many
    assert {"path": "$", "rule": "too costly to check"} in record["schema_issues"]


# Patterns of our own.


@pytest.mark.parametrize("length", [1_000, 100_000])
@pytest.mark.parametrize("text", ["a", "/a", "a.", "a[].", "/", "[]", "a-", "\u00e9", "x 1", "1,"])
def test_no_pattern_of_the_grammars_blows_up(text: str, length: int) -> None:
    """Every ``pattern`` in the package's own schemas, on texts that nearly match it."""
    import re

    patterns: list[str] = []

    def collect(value: Any) -> None:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "pattern" and isinstance(item, str):
                patterns.append(item)
            elif isinstance(item, (dict, list)):
                collect(item)

    for file in (resources.root() / "schemas").glob("*.json"):
        collect(json.loads(file.read_text(encoding="utf-8")))
    assert len(patterns) > 10
    for start in ("", "/", "https://a", "a."):
        value = start + text * length + "\0"
        for pattern in patterns:
            begun = time.process_time()
            re.search(pattern, value)
            assert time.process_time() - begun < 2, pattern


# Results, subjects.


def sound_result() -> dict[str, Any]:
    from te_connector.manifest.schemas import digest as digest_of

    data = contact(2317, email=ADA)
    return {
        "connector": "total-expert", "base_url": "https://public.totalexpert.net/v1",
        "subjects": [subject(email=ADA)],
        "records": [{
            "subject": "req-1", "object_type": "contact", "id": "2317", "data": data, "digest": digest_of(data),
            "matched_by": [{"identifier": "email", "field": "email"}], "strength": "strong", "deletable": True,
            "schema_issues": [],
        }],
        "coverage": [], "problems": [], "near_misses": [],
    }  # fmt: skip


CHANGES: dict[str, Any] = {
    "another person's data": lambda it: it["records"][0]["data"].update(email="bob@example.com"),
    "another digest": lambda it: it["records"][0].update(digest="0" * 64),
    "a subject that is none": lambda it: it["records"][0].update(subject="req-2"),
    "a record twice": lambda it: it["records"].append(it["records"][0]),
    "two subjects of one id": lambda it: it["subjects"].append(it["subjects"][0]),
    "no subject": lambda it: it.update(subjects=[]),
    "a number for an id": lambda it: it["records"][0].update(id=2317),
    "an empty id": lambda it: it["records"][0].update(id=""),
    "no reason": lambda it: it["records"][0].update(matched_by=[]),
    "another strength": lambda it: it["records"][0].update(strength="certain"),
    "yes for true": lambda it: it["records"][0].update(deletable="yes"),
    "a list for data": lambda it: it["records"][0].update(data=[]),
    "no records": lambda it: it.pop("records"),
    "a mapping for records": lambda it: it.update(records={}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_result_that_was_changed_is_refused_before_it_is_used(tmp_path: Path, name: str) -> None:
    made = sound_result()
    path = tmp_path / "result.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    result.load(path)
    CHANGES[name](made)
    path.write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(FileFaults) as caught:
        result.load(path)
    assert "bob@" not in str(caught.value)
    assert ADA not in str(caught.value)


RAW: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"records": [',
    "a key twice": b'{"records": [], "records": []}',
    "a key twice and no end": b'{"records": {"a": 1, "a": 2}',
    "a key twice and garbage behind": b'[{"a": 1, "a": 2}, @@@]',
    "a key twice and depths behind": b'[{"a": 1, "a": 2}, ' + b"[" * 5_000 + b"]" * 5_000 + b"]",
    "NaN": b'{"records": NaN}',
    "NaN and no end": b'{"records": NaN, "',
    "a huge float": b'{"records": 1e999}',
    "a huge whole number": b'{"records": ' + b"9" * 10_000 + b"}",
    "depths": b"[" * 100_000,
    "depths that are whole": b"[" * 500 + b"]" * 500,
    "not UTF-8": b'{"records": "\xff"}',
    "UTF-16": "{}".encode("utf-16"),
    "NUL": b"\0" * 100,
}


@pytest.mark.parametrize(
    "name",
    _marked(
        RAW,
        {"a key twice and no end", "a key twice and garbage behind", "a key twice and depths behind", "NaN and no end"},
        "jsonfile: the walk for the line runs on text that was not parsed to its end",
    ),
)  # fmt: skip
def test_a_result_that_is_no_json_is_one_fault_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(RAW[name])
    with pytest.raises(FileFaults, match=r"result\.json:\d+: "):
        result.load(path)


def test_a_result_larger_than_any_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), jsonfile.MAX_BYTES + 1)  # it has no blocks on the disk
    with pytest.raises(FileFaults, match="larger"):
        result.load(path)


LINES: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b"\n \n",
    "garbage": b"hello\n",
    "a list": b"[]\n",
    "a key twice": b'{"id": "a", "id": "b", "identifiers": {}}\n',
    "NaN": b'{"id": NaN}\n',
    "depths": b"[" * 100_000 + b"\n",
    "an unknown key": json.dumps({**subject(email=ADA), "x": 1}).encode(),
    "an unknown kind": json.dumps(subject(ssn="123-45-6789")).encode(),
    "a value that is none": json.dumps(subject(email="ada at example")).encode(),
    "a value of megabytes": json.dumps(subject(email="a" * 2**21 + "@example.com")).encode(),
    "one id twice": json.dumps(subject(email=ADA)).encode() * 1
    + b"\n"
    + json.dumps(subject(email=ADA)).encode(),
    "not UTF-8": b'{"id": "\xff"}\n',
    "no identifier": b'{"id": "a", "identifiers": {}}\n',
    "half a character": json.dumps(subject(external_id="\ud800")).encode(),
}


@pytest.mark.parametrize("name", LINES)
def test_a_subjects_file_is_checked_whole_before_anything_is_sent(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "subjects.jsonl"
    path.write_bytes(
        json.dumps(subject("ok", email="b@example.com")).encode() + b"\n"
        if name not in ("nothing", "blanks")
        else b""
    )
    with path.open("ab") as file:
        file.write(LINES[name])
    with pytest.raises(FileFaults) as caught:
        subject_lines.check_lines(path, manifests.load())
    for value in (ADA, "123-45-6789", "ada at"):
        assert value not in str(caught.value)


@pytest.mark.parametrize("text", ["a\ud800@example.com", "ada@\udfff.example", "\ud800\udc00x@y.z"])
def test_an_address_with_half_a_character_is_refused_or_can_be_deleted_by(
    host: Host, vendor: Vendor, connection: dict[str, Any], text: str
) -> None:
    vendor.tables["contacts"] = [contact(1, email=text), contact(2)]
    try:
        receipt = host.delete(connection, "contact", "1", subject(email=text))
        assert receipt["status"] in ("deleted", "refused")
    except SubjectError:
        assert vendor.count("DELETE") == 0


# Hold lists, and the names of folders.

HOLDS: dict[str, str] = {
    "no reason": "- object: contact:2317\n",
    "nothing held": "- reason: x\n",
    "an unknown type": "- {object: contract:1, reason: x}\n",
    "an unknown kind": f"- {{e-mail: {ADA}, reason: x}}\n",
    "a value that is none": "- {email: ada at example, reason: x}\n",
    "a list of values": f"- {{email: [{ADA}], reason: x}}\n",
    "no list": f"email: {ADA}\nreason: x\n",
    "an object without a type": "- {object: '2317', reason: x}\n",
}


@pytest.mark.parametrize("name", HOLDS)
def test_a_hold_list_that_would_hold_nothing_is_refused_and_quotes_nobody(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "hold.yaml"
    path.write_text(HOLDS[name], encoding="utf-8")
    with pytest.raises(FileFaults, match=r"hold\.yaml:\d+: ") as caught:
        read_hold_list(path, manifests.load())
    for value in (ADA, "ada at"):
        assert value not in str(caught.value)


@pytest.mark.parametrize("name", YAML)
def test_a_yaml_trick_in_a_hold_list_is_a_fault(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hold.yaml"
    path.write_bytes(YAML[name][0])
    with pytest.raises(FileFaults, match=r"hold\.yaml:\d+: "):
        read_hold_list(path, manifests.load())


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "/etc/passwd",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "a\0b",
        "CON",
        "x" * 5000,
        "\ud800",
        "a\nb",
        " ",
        "C:x",
    ],
)
def test_a_subject_s_folder_stays_in_the_package(tmp_path: Path, name: str) -> None:
    folder = folder_name(name)
    assert (tmp_path / folder).resolve().parent == tmp_path.resolve()
    assert len(folder) < 100
    assert folder not in (".", "..", "")


# Values that a record may hold.


@pytest.mark.parametrize(
    "value",
    ["1" * 10**6, "1a" * 10**6, "a " * 10**6, "a@b " * 10**5, "@" * 10**6, "<" * 10**6, "+1 763 555 0123," * 10**5,
     "\u0661" * 10**6, "\u0301" * 10**5, "x" * 10**6 + ADA],
    ids=["digits", "digits and letters", "words", "addresses", "signs", "brackets", "numbers", "other digits",
         "accents", "a long address"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["email", "phone_cell", "external_id"])
def test_a_field_of_a_megabyte_is_compared_in_bounded_time(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str, value: str
) -> None:
    vendor.tables["contacts"] = [contact(1, **{name: value}), contact(2, email=ADA)]
    person = subject(email=ADA, phone="763 555 0123", external_id="LOS:A-1")
    started = time.process_time()
    answer = host.fetch(connection, [person], {"object_types": ["contact"]})
    assert "2" in [record["id"] for record in answer["records"]]
    assert time.process_time() - started < 10


def test_every_fault_of_a_file_is_one_of_the_package_s_own_errors() -> None:
    assert issubclass(FileFaults, ConnectorError)
