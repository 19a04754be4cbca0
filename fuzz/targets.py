"""What is fuzzed: each target takes bytes, and raises where something other than its promise happens.

A promise is what SECURITY.md and the modules say: data or one typed error, no value quoted, no file
but the named one, the same answer for the same thing. What a target lets pass is what the modules
document; anything else is a finding, and becomes a test in ``tests/text/test_fuzz_findings.py``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import yaml

from te_connector import result
from te_connector.api.client import object_path
from te_connector.api.connection import normal_base_url
from te_connector.api.pages import read_page
from te_connector.errors import (
    ConnectorError,
    FileFaults,
    OddAnswer,
    SettingsError,
    StateError,
    SubjectError,
)
from te_connector.manifest import loading as manifests
from te_connector.manifest import locations as resources
from te_connector.manifest import schemas
from te_connector.manifest.schemas import digest as digest_of
from te_connector.matching import subject_lines, subjects
from te_connector.matching.emails import email_key
from te_connector.matching.evidence import Evidence
from te_connector.matching.ids import external_key, has_shape, id_key
from te_connector.matching.matcher import Matcher
from te_connector.matching.phone_index import PhoneIndex
from te_connector.matching.phones import phones, possible_phone
from te_connector.operations.audit import Trail
from te_connector.package.policy import Policy
from te_connector.text.answers import BadJson, error_words, moment, parse, retry_after

Target = Callable[[bytes], None]

_FAULT = re.compile(r".*?:[0-9]+: .+", re.DOTALL)
_SUBJECT = {
    "id": "req-1",
    "identifiers": {
        "email": ["ada@example.com"],
        "phone": ["+1 763 555 0123"],
        "service_id": ["2317"],
        "external_id": ["LOS:A-1"],
    },
}


class Broken(AssertionError):
    """A promise that an input broke."""


def hold(promise: bool, text: str) -> None:
    """Say that something must be so."""
    if not promise:
        raise Broken(text)


class Workplace:
    """A folder of this process, with a manifest and its schemas, where targets put their files."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="te-fuzz-"))
        shutil.copytree(resources.root() / "schemas", self.folder / "schemas")
        self.manifest = manifests.load()
        self.text = resources.packaged_manifest().read_bytes()
        self.data = yaml.safe_load(self.text)
        self._count = itertools.count()

    def file(self, name: str, content: bytes) -> Path:
        """Write a file of that name."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


_place: list[Workplace] = []


def place() -> Workplace:
    """The workplace, made when it is first needed."""
    if not _place:
        _place.append(Workplace())
    return _place[0]


def close() -> None:
    """Remove the workplace."""
    while _place:
        _place.pop().close()


def _faults(error: FileFaults) -> None:
    hold(bool(error.faults), "a faulty file has faults")
    for fault in error.faults:
        hold(
            _FAULT.fullmatch(str(fault)) is not None,
            f"a fault has the form FILE:LINE: text, not {str(fault)!r}",
        )


def _edited(data: Any, edits: Any, budget: int = 20) -> Any:
    """The data with changes: a list of [way, value]; what cannot be changed there is left."""
    data = json.loads(json.dumps(data))
    for edit in edits[:budget] if isinstance(edits, list) else ():
        if not (isinstance(edit, list) and len(edit) == 2 and isinstance(edit[0], str)):
            continue
        *above, last = edit[0].split(".")
        holder = data
        for step in above:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            if edit[1] == "-":
                holder.pop(last, None)
            else:
                holder[last] = edit[1]
    return data


def _text_of(base: Any, data: bytes) -> bytes:
    """A file's bytes: the input itself, or (after ``E``) a good file with the input's edits."""
    if data[:1] != b"E":
        return data
    try:
        edits = json.loads(data[1:])
    except (ValueError, RecursionError):
        return data
    return json.dumps(_edited(base, edits)).encode("utf-8")


def fuzz_manifest(data: bytes) -> None:
    """A manifest is read, or its faults are reported; what is read stays below its base URL and folder."""
    work = place()
    path = work.file("connector.yaml", _text_of(work.data, data))
    try:
        read = manifests._load.__wrapped__(path, (0, 0), False)
    except FileFaults as error:
        _faults(error)
        return
    for name in (read.sign_in.path, *(each.path for each in read.objects.values())):
        hold(
            name.startswith("/") and not set(name) & set("\\@?#:"),
            "a path stays below the base URL",
        )
        hold("//" not in name and ".." not in name, "a path leads nowhere else")
    for each in read.objects.values():
        file = (read.schemas_folder / each.schema).resolve()
        hold(file.parent == (work.folder / "schemas").resolve(), "a schema is in its folder")
    if read.base_url is not None:
        with contextlib.suppress(SettingsError):
            hold(normal_base_url(read.base_url).startswith("http"), "a base URL is normal")
    hold(len(read.parents_first()) == len(read.objects), "every type has its turn")
    for each in read.objects.values():
        json.dumps(each.fields())


def fuzz_policy(data: bytes) -> None:
    """A policy is read, or its faults are reported."""
    work = place()
    path = work.file("policy.yaml", _text_of(_POLICY, data))
    try:
        policy = Policy.load(path, work.manifest)
    except FileFaults as error:
        _faults(error)
        return
    for name in work.manifest.objects:
        rule = policy.rule(name)
        hold(rule.release or bool(rule.why), "what is not released has a reason")
        for withheld in rule.withhold:
            hold(bool(withheld.field) and bool(withheld.why), "a withheld field has a reason")


_POLICY = {
    "controller": {"name": "Bank", "contact": "privacy@bank.example"},
    "objects": {
        "contact": {"withhold": [{"field": "owner", "why": "another person"}]},
        "user": {"release": False, "why": "an employee"},
    },
    "exclude": [{"object": "contact:2318", "why": "another person"}],
}


def _result() -> dict[str, Any]:
    data = {"id": 2317, "email": "ada@example.com", "deep": [[1.5, None, "\u00e9\u2028"]]}
    record = {
        "subject": "req-1",
        "object_type": "contact",
        "id": "2317",
        "data": data,
        "digest": digest_of(data),
        "matched_by": [{"identifier": "email", "field": "email"}],
        "strength": "strong",
        "deletable": True,
        "schema_issues": [],
    }
    coverage = {
        "object_type": "contact",
        "method": "scan",
        "requests": 3,
        "seen": 250,
        "complete": True,
        "fields": {"email": ["email"]},
        "reason": "",
    }
    return {
        "connector": "total-expert",
        "base_url": "https://public.totalexpert.net/v1",
        "subjects": [_SUBJECT],
        "records": [record],
        "coverage": [coverage],
        "problems": [],
        "near_misses": [],
    }


def fuzz_result(data: bytes) -> None:
    """A result file is read, or its faults are reported; what is read is sound."""
    path = place().file("result.json", _text_of(_result(), data))
    try:
        read = result.load(path)
    except FileFaults as error:
        _faults(error)
        return
    names = {subject["id"] for subject in read.subjects}
    for record in read.records:
        hold(record["subject"] in names, "a record is a subject's")
        hold(digest_of(record["data"]) == record["digest"], "a record is what was fetched")
    read.by_subject(), read.by_key(), read.shared()
    hold("ada@" not in repr(read), "a result shows nobody")


def fuzz_subjects(data: bytes) -> None:
    """A subjects file is read, or every wrong line is reported, without its values."""
    path = place().file("subjects.jsonl", data)
    try:
        read = subject_lines.check_lines(path, place().manifest)
    except FileFaults as error:
        _faults(error)
        hold("kanari" not in str(error).lower() or b'"id"' in data, "no value is quoted")
        return
    for subject in subjects.read(read, place().manifest):
        try:
            _trail().chain.hashes(subject, place().manifest.kinds)
        except StateError as error:
            raise Broken("a subject that was accepted can be noted") from error


def all_objects(values: dict[str, Any]) -> bool:
    """Whether a list was sent as an object."""
    return all(isinstance(value, dict) for value in values.values())


def fuzz_page(data: bytes) -> None:
    """A page is an envelope with all its objects, or one error; comparing them never fails."""
    manifest = place().manifest
    of_type = manifest.objects["contact"]
    try:
        body = parse(data)
    except BadJson as error:
        hold(len(str(error)) < 100, "a fault is a sentence")
        error_words(data)
        return
    client: Any = SimpleNamespace(
        get=lambda *_args, **_more: body, settings=SimpleNamespace(manifest=manifest)
    )
    try:
        page, items = read_page(client, of_type, {"page[number]": "1", "page[size]": "100"})
    except OddAnswer:
        return
    named = next(
        body[name] for name in manifest.paging.items if isinstance(body.get(name), (list, dict))
    )
    single = isinstance(named, dict) and (of_type.id_field in named or not all_objects(named))
    hold(len(page.ids) == (1 if single else len(named)), "every object counts")
    hold(len(page.ids) == len(page.keys) == len(items), "every object has an id and a key")
    for number in (page.last, page.next):
        hold(number is None or 0 <= number < 10**19, "a page number is a number")
    person = subjects.read_one(_SUBJECT, manifest)
    matcher = Matcher(of_type, manifest.kinds, [person])
    for item in items:
        look = matcher.match(item)
        if look is not None and look.evidence:
            hold(len(digest_of(item)) == 64, "a record has a digest")
            schemas.issues(manifest.schemas_folder / of_type.schema, item)


def fuzz_identifiers(data: bytes) -> None:
    """Keys are keys: the key of a key is itself, and what is none matches nothing."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b"S" else "replace")
    key = email_key(text)
    if key is not None:
        hold("@" in key, "an address has a sign")
        hold(email_key(key) == key, f"the key of a key is itself: {text!r}")
        if text.isascii():
            hold(email_key(text.upper()) == key, f"case makes no difference: {text!r}")
    for region in ("US", "DE"):
        read = phones(text, region)
        for number in read.numbers:
            again = phones(number.e164, region).numbers
            hold([one.e164 for one in again] == [number.e164], f"a number is itself: {text!r}")
            index, found = PhoneIndex("phone", region), list[Any]()
            index.add("req-1", number.e164)
            index.match(text, "phone", found)
            sure = any(isinstance(each, Evidence) for each in found)
            hold(sure, f"a number in a field is found: {text!r}")
        possible_phone(text, region)
    name = id_key(text)
    for shape in ("integer", "hex", "uuid", "text"):
        if name is not None and has_shape(name, shape):
            path = object_path("/contacts", name)
            hold(
                re.fullmatch(r"/contacts/[A-Za-z0-9_.~%=+:@-]+", path) is not None,
                f"a path: {path!r}",
            )
            hold(name not in (".", ".."), "no id leads upwards")
    external_key(name, "1")
    try:
        subjects.read_one({"id": "r", "identifiers": {"email": [text]}}, place().manifest)
    except SubjectError as error:
        hold(len(text) < 8 or text not in str(error), "no value is quoted")


def fuzz_retry_after(data: bytes) -> None:
    """A wait is None or a number of seconds that is one, and can be told as a time."""
    text = data.decode("latin-1")
    for now in (0.0, 1.8e9):
        wait = retry_after({"retry-after": text}, now)
        if wait is not None:
            hold(math.isfinite(wait) and wait >= 0, f"a wait is a number of seconds: {text!r}")
            hold(bool(moment(now + wait)), "a wait can be told")


def _trail() -> Trail:
    folder = place().folder / "trail"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Trail(folder, place().folder / "trail.audit")


_good: list[bytes] = []


def _good_trail() -> bytes:
    if not _good:
        trail = _trail()
        for number in range(6):
            trail.append("asked", receipt_id=f"r{number}", object_type="contact", object_id="7")
            trail.append("receipt", receipt_id=f"r{number}", object_type="contact", object_id="7",
                         subject="req-1", status="deleted", verified=True, reason="")  # fmt: skip
        _good.append(trail.path.read_bytes())
    return _good[0]


def fuzz_audit(data: bytes) -> None:
    """A changed trail is always noticed. Whatever it holds, it is read or refused."""
    good = _good_trail()
    if data[:1] == b"M" and len(data) > 4:  # a change of one place: take out some, put in others
        at = int.from_bytes(data[1:3], "big") % len(good)
        out = data[3] % 64
        content = good[:at] + data[4:] + good[at + out :]
    else:
        content = data
    trail = _trail()
    trail.path.write_bytes(content)
    trail.path.chmod(0o600)
    verdict = trail.verify()
    if content != good and not good.startswith(content):
        hold(bool(verdict.faults or verdict.notes), "a change is noticed")
        hold(bool(verdict.faults) or good.startswith(content[: content.rfind(b"\n") + 1]),
             "a change of a whole line is a fault")  # fmt: skip
    list(trail.entries()), trail.story("r1")
    try:
        trail.receipt("r1")
        trail.append("asked", receipt_id="x", object_type="contact", object_id="8")
        hold(not verdict.faults or bool(content), "a trail goes on")
    except StateError:
        pass


def fuzz_token(data: bytes) -> None:
    """Whatever the server answers to the sign-in is a token that can be used, or a typed error."""
    from te_connector.api.session import token_of
    from te_connector.api.token_request import TokenRequest
    from te_connector.storage.secret import Secret

    settings: Any = SimpleNamespace(
        manifest=place().manifest,
        client_id="id",
        client_secret=Secret("secret"),
        base_url="https://public.totalexpert.net/v1",
        host="public.totalexpert.net",
    )
    status = (200, 200, 200, 400, 401, 302)[data[0] % 6] if data else 200
    answer = SimpleNamespace(status=status, headers=_Headers(data), body=data[1:])
    transport: Any = SimpleNamespace(send=lambda *_args, **_kwargs: answer)
    try:
        token = token_of(TokenRequest(settings, transport).ask(None), 0.0, ("a",), None)
    except ConnectorError:
        return
    hold(status == 200, "only 200 brings a token")
    hold(0 < token.expires_at < 86400 * 15, "a token has a life")
    hold(token.access.reveal().isprintable(), "a token can stand in a header")


def _Headers(data: bytes) -> Mapping[str, str]:  # noqa: N802
    return {"content-type": "application/json", "retry-after": data[1:9].decode("latin-1")}


def _seeds_manifest() -> list[bytes]:
    edits = [
        [["sign_in.path", "//evil.example/token"]],
        [["base_url", "https://evil.example"]],
        [["objects.contact.schema", "../contact.schema.json"]],
        [["objects.contact.parent", {"object": "user", "field": "owner.id"}]],
        [["objects.user", "-"], ["limits.retry_for", 1e30]],
        [["identifiers.phone.region", "XX"]],
    ]
    return [
        place().text,
        json.dumps(place().data).encode(),
        b"a: &a [*a]\nb: !!python/object:os.system {}\n",
        b"? [a]\n: b\n---\n- c",
        *(b"E" + json.dumps(edit).encode() for edit in edits),
    ]


def _seeds_policy() -> list[bytes]:
    edits = [
        [["objects.contact.only", ["email"]], ["objects.contact.why_not", "x"]],
        [["include", ["contact:1", {"object": "contact:1", "why": "x", "subject": "r"}]]],
        [["objects.contact.withhold", [{"field": "custom[].name", "why": "y", "where": {"a": 1}}]]],
    ]
    return [yaml.safe_dump(_POLICY).encode(), *(b"E" + json.dumps(edit).encode() for edit in edits)]


def _seeds_result() -> list[bytes]:
    edits = [
        [["records", []]],
        [["subjects", [{"id": "x", "identifiers": {}}]]],
        [["problems", [1]]],
    ]
    whole = json.dumps(_result(), indent=1).encode()
    return [
        whole,
        b'{"a":1,"a":2} x',
        b'[{"a":NaN}',
        *(b"E" + json.dumps(e).encode() for e in edits),
    ]


def _seeds_subjects() -> list[bytes]:
    other = {"id": "2", "identifiers": {"email": ["kanari@example.org"], "phone": [6125550123]}}
    return [json.dumps(_SUBJECT).encode(), json.dumps(other).encode() + b"\n\n{}\n"]


def _seeds_page() -> list[bytes]:
    contact = {
        "id": 2317, "email": "Ada@Example.com", "email_work": ["x@y.z"], "phone_cell": "(763) 555-0123",
        "source": "LOS", "external_id": "A-1", "external_ids": [{"source": "LOS", "external_id": "A-1"}],
        "custom": [{"name": "n", "value": 1.5}], "creation_date": "2024-03-05 09:30:00",
    }  # fmt: skip
    links = {"first": 1, "last": "3", "next": 2, "prev": None}
    return [
        json.dumps({"items": [contact, {"id": "x"}], "links": links}).encode(),
        json.dumps({"objects": contact, "links": []}).encode(),
        b'{"items":[{"id":"\\ud800","email":"ada@example.com\\udfff"}],"links":{"last":1e5}}',
        b'{"error":"Page requested is outside of result set"}',
    ]


def _seeds_identifiers() -> list[bytes]:
    texts = (
        "Ada.Lovelace+tag@Example.COM", "ada@stra\u00dfe.de", "\u200bx@xn--strae-oqa.de",
        "+1 (763) 555-0123 x12",
        "763.555.0123 / 612-555-0199", "1-800-FLOWERS", "2317", "deadbeef", "LOS:A-1",
        "0f8fad5b-d9cb-469f-a165-70867728950e", "\u0667\u0666\u0663 555 0123", "I\u0307@\u0130.com",
    )  # fmt: skip
    return [text.encode() for text in texts]


def _seeds_retry_after() -> list[bytes]:
    return [b"120", b"Fri, 31 Dec 9999 23:59:59 GMT", b"Sun, 06 Nov 1994 08:49:37 -0500",
            b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994", b"1e5", b"-1"]  # fmt: skip


def _seeds_audit() -> list[bytes]:
    return [_good_trail(), b"M\0\x10\x01x", b"M\0\x05\0{}\n", b"M\x01\x00\x20"]


def _seeds_token() -> list[bytes]:
    good = {"access_token": "abc", "expires_in": 3600, "token_type": "bearer", "scope": "a b",
            "refresh_token": "def"}  # fmt: skip
    odd = {"access_token": "a\n", "expires_in": 10**30, "scope": ["a"]}
    return [b"\0" + json.dumps(good).encode(), b"\1" + json.dumps(odd).encode(),
            b'\3{"error":"invalid_client"}', b"\5", b"\0access_token=a&scope=b"]  # fmt: skip


@attrs.frozen
class Fuzzed:
    """A target, what it starts from, and how long its inputs are."""

    run: Target
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


TARGETS: Mapping[str, Fuzzed] = {
    "manifest": Fuzzed(fuzz_manifest, _seeds_manifest, 8192),
    "policy": Fuzzed(fuzz_policy, _seeds_policy),
    "result": Fuzzed(fuzz_result, _seeds_result),
    "subjects": Fuzzed(fuzz_subjects, _seeds_subjects, 1024),
    "page": Fuzzed(fuzz_page, _seeds_page),
    "identifiers": Fuzzed(fuzz_identifiers, _seeds_identifiers, 200),
    "retry-after": Fuzzed(fuzz_retry_after, _seeds_retry_after, 80),
    "audit": Fuzzed(fuzz_audit, _seeds_audit, 2048),
    "token": Fuzzed(fuzz_token, _seeds_token, 512),
}
