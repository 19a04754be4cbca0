"""Subjects are read whole or not at all, before any request, and no value is ever told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Host, subject
from hypothesis import given, settings
from hypothesis import strategies as st
from vendor import Vendor

from te_connector.errors import FileFaults, SubjectError
from te_connector.manifest import loading as manifest
from te_connector.matching import subject_lines, subjects
from te_connector.matching.ids import MAX_LENGTH

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PACKAGED = manifest.load()
SECRET = "jane.secret"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "must be a list"),
        ("req-1", "must be a list"),
        (b"req-1", "must be a list"),
        ({"id": "a", "identifiers": {}}, "must be a list"),
        (5, "must be a list"),
        ([], "no subject"),
        (["req-1"], "Subject number 1 must be a mapping"),
        ([{}], "must be a mapping with the keys id and identifiers"),
        ([{"id": "a"}], "keys id and identifiers"),
        ([{"identifiers": {}}], "keys id and identifiers"),
        ([{**subject("a", email="a@x.com"), "name": SECRET}], "keys id and identifiers"),
        ([subject(5, email="a@x.com")], "needs an id"),  # type: ignore[arg-type]
        ([subject("", email="a@x.com")], "needs an id"),
        ([subject("  ", email="a@x.com")], "needs an id"),
        ([subject("a" * 201, email="a@x.com")], "needs an id"),
        ([subject("a\ud800", email="a@x.com")], "needs an id"),
        ([subject("a")], "'a' has no identifier"),
        ([subject("a", email=[])], "'a' has no identifier"),
        ([subject("a", email=[], phone=[])], "'a' has no identifier"),
        ([{"id": "a", "identifiers": [SECRET]}], "'a': identifiers must be a mapping"),
        ([{"id": "a", "identifiers": {"email": SECRET}}], "email must be a list"),
        ([{"id": "a", "identifiers": {"email": {SECRET: 1}}}], "email must be a list"),
        ([{"id": "a", "identifiers": {"email": None}}], "email must be a list"),
        ([subject("a", ssn=SECRET)], "unknown kind of identifier ssn; known: email, phone, service_id"),
        ([{"id": "a", "identifiers": {7: [SECRET]}}], "unknown kind"),
        ([subject("a", email="a@x.com"), subject("b"), subject("c")], "'b' has no identifier"),
        ([subject("a", email="a@x.com"), subject("a", phone="612-555-0123")], "Two subjects"),
        ([subject("a", email=SECRET)], "'a': email #1 isn't"),
        ([subject("a", email=["a@x.com", SECRET])], "email"),
        ([subject("a", email=[5])], "email"),  # type: ignore[list-item]
        ([subject("a", email=[None])], "email"),  # type: ignore[list-item]
        ([subject("a", email=f"{SECRET}@x.com,b@x.com")], "email"),
        ([subject("a", email=f"J <{SECRET}@x.com>")], "email"),
        ([subject("a", phone=SECRET)], "phone"),
        ([subject("a", phone="n/a")], "phone"),
        ([subject("a", phone="12")], "phone"),
        ([subject("a", phone=[True])], "phone"),  # type: ignore[list-item]
        ([subject("a", service_id="")], "service_id"),
        ([subject("a", service_id=" ")], "service_id"),
        ([subject("a", service_id="1\n2")], "service_id"),
        ([subject("a", service_id=[1.5])], "service_id"),  # type: ignore[list-item]
        ([subject("a", service_id=[10**1000])], "service_id"),  # type: ignore[list-item]
        ([subject("a", external_id="A\x00")], "external_id"),
        ([subject("a", external_id="A" * (MAX_LENGTH + 1))], "external_id"),
        ([subject("a", email="a" * MAX_LENGTH + "@x.com")], "email"),
    ],
)  # fmt: skip
def test_a_wrong_subject_is_an_error_that_names_it_and_never_its_value(
    given: Any, says: str
) -> None:
    """Subject id and kind, and what to do."""
    with pytest.raises(SubjectError, match=says) as caught:
        subjects.read(given, PACKAGED)
    assert SECRET not in str(caught.value)
    assert caught.value.code == "subject_unreadable"


def test_nothing_is_sent_for_a_wrong_subject(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    """Not even for a token."""
    with pytest.raises(SubjectError):
        host.fetch(connection, [subject("a", email="a@x.com"), subject("b", phone="n/a")])
    assert vendor.log == []


def test_subjects_are_read_as_they_were_given() -> None:
    """In order, with numbers as text and empty kinds left out."""
    given = [
        subject("two", email=[" A@x.com "], phone=[]),
        {"id": "one", "identifiers": {"service_id": (2317, "2318"), "phone": [6125550123]}},
        subject("a" * 200, external_id="LOS:" + "A" * (MAX_LENGTH - 4)),
    ]
    two, one, long = subjects.read(given, PACKAGED)
    assert (two.id, two.values) == ("two", {"email": (" A@x.com ",)})
    assert (one.id, one.values) == (
        "one",
        {"service_id": ("2317", "2318"), "phone": ("6125550123",)},
    )
    assert len(long.values["external_id"][0]) == MAX_LENGTH


def test_a_tuple_of_subjects_and_a_phone_that_is_only_possible_are_accepted() -> None:
    """The latter never matches."""
    (one,) = subjects.read((subject("a", phone=["555-0123", "000-000-0000"]),), PACKAGED)
    assert len(one.values["phone"]) == 2


def test_the_subject_of_a_deletion_is_read_the_same_way() -> None:
    """Alone."""
    assert subjects.read_one(subject("a", email="a@x.com"), PACKAGED).id == "a"
    with pytest.raises(SubjectError, match="The subject must be a mapping"):
        subjects.read_one([subject("a", email="a@x.com")], PACKAGED)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
KINDS = ["email", "phone", "service_id", "external_id", "ssn"]


@given(
    JSON
    | st.lists(
        st.fixed_dictionaries(
            {
                "id": JSON,
                "identifiers": st.dictionaries(
                    st.sampled_from(KINDS), JSON | st.lists(JSON, max_size=2), max_size=2
                ),
            }
        ),
        max_size=3,
    )
)
def test_whatever_a_host_gives_is_read_or_is_a_subject_error(given_ones: Any) -> None:
    """Nothing else is ever raised."""
    try:
        read = subjects.read(given_ones, PACKAGED)
    except SubjectError:
        return
    assert all(one.values for one in read)


# JSON Lines.


def lines(tmp_path: Path, *texts: str | bytes) -> Path:
    path = tmp_path / "subjects.jsonl"
    path.write_bytes(b"\n".join(t if isinstance(t, bytes) else t.encode() for t in texts))
    return path


GOOD = json.dumps(subject("a", email="a@x.com"))
OTHER = json.dumps(subject("b", service_id=[7]))  # type: ignore[list-item]


def test_a_file_has_one_subject_a_line(tmp_path: Path) -> None:
    """Blank lines, a byte-order mark and any line ends are no matter."""
    path = lines(tmp_path, b"\xef\xbb\xbf" + GOOD.encode(), "", "  ", OTHER + "\r", "")
    assert subject_lines.check_lines(path, PACKAGED) == [json.loads(GOOD), json.loads(OTHER)]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("{", "not one JSON object"),
        ("{} {}", "not one JSON object"),
        (b"\xff", "not one JSON object"),
        ('{"id": "x", "id": "y"}', "not one JSON object"),
        ("NaN", "not one JSON object"),
        ("[1]", "must be a mapping"),
        ("5", "must be a mapping"),
        (json.dumps(subject("c", email=SECRET)), "email"),
        (json.dumps(subject("c", ssn=SECRET)), "unknown kind"),
        (GOOD, "this line repeats the id of line 1"),
    ],
)
def test_a_bad_line_names_its_number_and_nothing_of_its_content(
    tmp_path: Path, bad: str | bytes, says: str
) -> None:
    """The whole file is refused."""
    path = lines(tmp_path, GOOD, "", bad, OTHER)
    with pytest.raises(FileFaults) as caught:
        subject_lines.check_lines(path, PACKAGED)
    (fault,) = [str(fault) for fault in caught.value.faults]
    assert fault.startswith(f"{path}:3: ")
    assert says in fault
    assert SECRET not in fault


def test_all_bad_lines_are_reported_at_once(tmp_path: Path) -> None:
    """Each by its number; lines that are no JSON first of all."""
    with pytest.raises(FileFaults) as caught:
        subject_lines.check_lines(lines(tmp_path, "{", GOOD, "[", GOOD), PACKAGED)
    assert [fault.split(":")[1] for fault in [str(fault) for fault in caught.value.faults]] == [
        "1",
        "3",
    ]
    with pytest.raises(FileFaults) as caught:
        subject_lines.check_lines(lines(tmp_path, "{}", GOOD, "7", GOOD, GOOD), PACKAGED)
    assert [fault.split(":")[1] for fault in [str(fault) for fault in caught.value.faults]] == [
        "1",
        "3",
        "4",
        "5",
    ]
    assert (
        "line 4" in [str(fault) for fault in caught.value.faults][-1]
        or "line 2" in [str(fault) for fault in caught.value.faults][-1]
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \r\n"])
def test_a_file_without_subjects_is_an_error(tmp_path: Path, content: bytes) -> None:
    """It says what to write."""
    with pytest.raises(FileFaults, match="one JSON object on each line"):
        subject_lines.check_lines(lines(tmp_path, content), PACKAGED)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(FileFaults, match=r"none\.jsonl:1: the file cannot be read"):
        subject_lines.check_lines(tmp_path / "none.jsonl", PACKAGED)
    with pytest.raises(FileFaults, match="cannot be read"):
        subject_lines.check_lines(tmp_path, PACKAGED)
