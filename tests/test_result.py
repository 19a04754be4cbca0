"""Reading a result file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import package_cases as cases
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from te_connector import result
from te_connector.errors import FileFaults
from te_connector.manifest import locations as resources
from te_connector.text.document import read_json

SECRET = "kept-out-of-messages@example.com"


def faults(folder: Path, text: str | bytes) -> list[str]:
    """The faults of a result file with that text, without its name."""
    file = folder / "RESULT.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FileFaults) as caught:
        result.load(file)
    assert all(
        line.startswith(f"{file}:") for line in [str(fault) for fault in caught.value.faults]
    )
    return [line.removeprefix(f"{file}:") for line in [str(fault) for fault in caught.value.faults]]


def test_a_whole_result_is_read(tmp_path: Path) -> None:
    """A result with records of two subjects is read with all that is in it."""
    whole = cases.result(cases.record("contact"), cases.record("contact_survey_response"))
    found = cases.load(tmp_path, whole)
    assert found.connector == "total-expert"
    assert found.fetched_at == "2026-11-24T16:04:00Z"
    assert [record["id"] for record in found.records] == ["2317", "1f0e2d3c4b5a6978"]
    assert {name: len(records) for name, records in found.by_subject().items()} == {
        "req-1": 2,
        "req-2": 0,
    }
    assert result.parents_of(found.records[1]) == [("contact", "2317")]
    assert result.parents_of(found.records[0]) == []


def test_the_time_may_be_missing(tmp_path: Path) -> None:
    """A result without fetched_at, and with keys of somebody else's, is read."""
    whole = cases.result(cases.record("contact")) | {"host": "anything"}
    del whole["fetched_at"]
    assert cases.load(tmp_path, whole).fetched_at is None


def test_repr_shows_no_person(tmp_path: Path) -> None:
    """The repr of a result holds nobody's data."""
    found = cases.load(
        tmp_path, cases.result(cases.record("contact", cases.contact(1, email=SECRET)))
    )
    assert SECRET not in repr(found)


@pytest.mark.parametrize("odd", ["\ud800", "\U0001f600", "\u2028", "1e5", "é" * 3])
def test_unusual_text_keeps_its_digest(tmp_path: Path, odd: str) -> None:
    """Half surrogate pairs, emoji and separators come through with the digest that they had."""
    found = cases.load(
        tmp_path, cases.result(cases.record("contact", cases.contact(1, nickname=odd)))
    )
    assert found.records[0]["data"]["nickname"] == odd


def test_shared_objects_are_found_by_two_subjects(tmp_path: Path) -> None:
    """An object that two subjects have is shared, and so is one that a problem names."""
    twice = [cases.record("contact", subject=name) for name in ("req-1", "req-2")]
    alone = cases.record("contact", cases.contact(77))
    other = cases.record("contact", cases.contact(7))
    problem = {
        "code": result.SHARED,
        "object_type": "contact",
        "subject": None,
        "id": "77",
        "detail": "contact 77 matches several subjects.",
    }
    found = cases.load(tmp_path, cases.result(*twice, alone, other, problems=[problem]))
    assert found.shared() == {("contact", "2317"), ("contact", "77")}


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of the value at a way such as records.0.id; the value ``...`` takes it away."""

    def apply(whole: dict[str, Any]) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in steps:
            whole = whole[step]
        if value is ...:
            del whole[last]
        else:
            whole[last] = value

    return apply


BROKEN = [
    ("connector", ..., "the file lacks the key 'connector'; add it"),
    ("subjects", [], "subjects: the value must not be empty"),
    ("subjects.0.identifiers", [SECRET], "subjects[0].identifiers: the value must be a mapping"),
    ("subjects.1.id", "req-1", "subjects[1]: two subjects have this id"),
    ("fetched_at", SECRET, "fetched_at: the value must be a moment in UTC such as"),
    ("records", {}, "records: the value must be a list"),
    ("records.0", SECRET, "records[0]: the value must be a mapping"),
    ("records.0.subject", SECRET, "records[0]: its subject is not among the subjects"),
    ("records.0.id", 2317, "records[0].id: the value must be text"),
    ("records.0.id", "", "records[0].id: the value must not be empty"),
    ("records.0.data.email", SECRET, "records[0]: its data is not what was fetched"),
    ("records.0.data", SECRET, "records[0].data: the value must be a mapping"),
    ("records.0.digest", "A" * 64, "records[0].digest: the value must be a SHA-256"),
    ("records.0.strength", SECRET, "records[0].strength: the value must be strong or weak"),
    ("records.0.deletable", 1, "records[0].deletable: the value must be true or false"),
    ("records.0.matched_by", [], "records[0].matched_by: the value must not be empty"),
    ("records.0.matched_by.0.field", ..., "records[0].matched_by[0]: the value lacks the key"),
    ("records.0.schema_issues", ..., "records[0]: the value lacks the key 'schema_issues'"),
    ("records.1.id", "2317", "records[1]: this object is listed twice for one subject"),
    ("coverage.0.method", SECRET, "coverage[0].method: the value must be scan or lookup"),
    ("coverage.0.seen", -1, "coverage[0].seen: the value must be at least 0"),
    ("coverage.0.complete", "yes", "coverage[0].complete: the value must be true or false"),
    ("problems", [{}], "problems[0]: the value lacks the key 'code'"),
    ("near_misses", [SECRET], "near_misses[0]: the value must be a mapping"),
]


@pytest.mark.parametrize(("path", "value", "says"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_result_says_where_and_quotes_nothing(
    tmp_path: Path, path: str, value: Any, says: str
) -> None:
    """Each broken result is reported with file, line, and path, without personal data."""
    whole = cases.result(cases.record("contact"), cases.record("contact", cases.contact(1)))
    change(path, value)(whole)
    text = json.dumps(whole, indent=1)
    told = faults(tmp_path, text)
    assert any(says in line for line in told), told
    assert not any(SECRET in line or "maribel" in line for line in told)
    if path.startswith("records.0"):
        first = text.splitlines().index(' "records": [') + 2
        assert all(int(line.partition(":")[0]) >= first for line in told)


NO_JSON = [
    ("", "1: this isn't valid JSON"),
    ('{\n "connector": "x",\n "a": tru', "3: this isn't valid JSON"),
    ("connector: total-expert\n", "1: this isn't valid JSON"),
    ('{\n"a": 1,\n"b": {"c": 1,\n"c": 2}}', "4: an object names the same key twice"),
    ('{\n"a": [\n1,\nNaN]}', "1: NaN and Infinity are not JSON"),
    ('{"a": -Infinity}', "1: NaN and Infinity are not JSON"),
    ("[" * 100_000, "1: a value is nested too deeply"),
    ('{"a": ' + "9" * 50_000 + "}", "1: it has a number with too many digits"),
    (b'{\n"a": "\xff"}', "2: the file isn't UTF-8 text"),
    ("[]", "1: the file must be a mapping"),
]


@pytest.mark.parametrize(("text", "says"), NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json_is_reported_by_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    """A file that is not plain JSON is refused with the line of the fault."""
    (told,) = faults(tmp_path, text)
    assert told.startswith(says)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """A missing file is reported as missing."""
    with pytest.raises(FileFaults, match=r"none\.json:1: the file can't be read"):
        result.load(tmp_path / "none.json")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """A file above the limit is refused without being read."""
    file = tmp_path / "huge.json"
    file.touch()
    os.truncate(file, 1024**3 + 1)
    with pytest.raises(FileFaults, match="larger than 1 GiB"):
        result.load(file)


def test_the_faults_of_a_thousand_records_are_cut(tmp_path: Path) -> None:
    """A hundred faults are reported, and how many more there are."""
    records = [cases.record("contact", cases.contact(number)) for number in range(300)]
    for record in records:
        record["digest"] = "0" * 64
    told = faults(tmp_path, json.dumps(cases.result(*records)))
    assert len(told) == 101
    assert any("and 200 more faults" in line for line in told)


VALUES = st.sampled_from(
    [None, "", "x", 1, True, [], {}, "0" * 64, "g" * 64, "strong", [{}], [{"field": "a"}], [""]]
)
KEYS = sorted(cases.record("contact"))


@given(key=st.sampled_from([*KEYS, "matched_by"]), value=VALUES, drop=st.booleans())
def test_the_quick_look_agrees_with_the_schema(key: str, value: Any, drop: bool) -> None:
    """What the quick look at a record lets pass, the schema lets pass too."""
    record = cases.record("contact")
    if drop:
        del record[key]
    else:
        record[key] = value
    schema = read_json(resources.grammar("result"))
    validator = Draft202012Validator({**schema["$defs"]["record"], "$defs": schema["$defs"]})
    if result._sound(record):
        assert validator.is_valid(record)
