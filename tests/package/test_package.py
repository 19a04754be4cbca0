"""The access package: what goes out, what does not, and in what form."""

# ruff: noqa: RUF001  # look-alikes of formula characters are what is tested

from __future__ import annotations

import csv
import html
import json
import os
import re
import shutil
import stat
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import package_cases as cases
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from te_connector.errors import FileFaults, UsageError
from te_connector.manifest import loading as manifests
from te_connector.package import Policy, Summary, csvfiles, folder_names, words, write_package
from te_connector.package.redaction import redacted
from te_connector.package.rules import Rule, Withhold

MANIFEST = manifests.load()


def package(folder: Path, whole: dict[str, Any], policy: str | None = None) -> Summary:
    """Package a result under a policy into folder/out."""
    rules = None
    if policy is not None:
        (folder / "policy.yaml").write_text(policy, "utf-8")
        rules = Policy.load(folder / "policy.yaml", MANIFEST)
    return write_package(cases.load(folder, whole), MANIFEST, folder / "out", rules)


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by name."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def holds(folder: Path, canary: str) -> bool:
    """Whether any file or name in a folder holds a text."""
    names = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    files = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]
    return any(canary in text for text in [*names, *files])


def text_of(folder: Path) -> str:
    """The words of a page, without its markup."""
    page = (folder / "index.html").read_text("utf-8")
    body = page[page.index("<body>") :]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def data_of(folder: Path) -> dict[str, Any]:
    """The JSON copy."""
    data: dict[str, Any] = json.loads((folder / "data.json").read_text("utf-8"))
    return data


def table(folder: Path, kind: str) -> list[dict[str, str]]:
    """The rows of a CSV file, by title."""
    with (folder / f"{kind}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- the folder ----------------------------------------------------------------------------------


def test_each_subject_gets_a_folder(tmp_path: Path) -> None:
    """Every subject has a folder with a page, the JSON copy and a table for each type."""
    whole = cases.result(cases.record("contact"), cases.record("contact_survey_response"))
    summary = package(tmp_path, whole)
    assert [one.folder for one in summary.packages] == [
        tmp_path / "out" / "req-1",
        tmp_path / "out" / "req-2",
    ]
    for one in summary.packages:
        assert set(everything(one.folder)) == {
            "index.html",
            "data.json",
            "contact.csv",
            "user.csv",
            "contact_survey_response.csv",
        }
    assert summary.packages[0].objects == {"contact": 1, "contact_survey_response": 1}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "req-1",
        "req-2",
        "withheld.json",
        "withheld.csv",
    }


def test_the_json_copy_is_what_the_system_sent(tmp_path: Path) -> None:
    """Without a policy the JSON copy holds every field of every record, unchanged."""
    odd = cases.contact(
        1, nickname="\ud800=1+1\x00\u202e", big=2**53 - 1, tiny=-0.5, deep=[[{"a": None}]]
    )
    whole = cases.result(
        cases.record("contact"), cases.record("contact", odd), cases.record("user")
    )
    folder = package(tmp_path, whole).packages[0].folder
    assert [one["data"] for one in data_of(folder)["records"]] == [
        cases.sample("contact"),
        odd,
        cases.sample("user"),
    ]


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Files have mode 0600 and folders 0700, whatever the umask."""
    before = os.umask(0)
    try:
        package(tmp_path, cases.result(cases.record("contact")))
    finally:
        os.umask(before)
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    """A folder that is not empty, and a file, are left alone; an empty folder is used."""
    whole = cases.result(cases.record("contact"))
    (tmp_path / "out").mkdir()
    package(tmp_path, whole)
    before = everything(tmp_path / "out" / "req-1")
    with pytest.raises(UsageError, match="is not an empty folder"):
        package(tmp_path, whole)
    assert everything(tmp_path / "out" / "req-1") == before
    with pytest.raises(UsageError, match="is not an empty folder"):
        write_package(cases.load(tmp_path, whole), MANIFEST, tmp_path / "RESULT.json")


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails at the last file, nothing is left behind."""

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("te_connector.package.write._Writer.officers_list", fails)
    with pytest.raises(UsageError, match="No space left on device"):
        package(tmp_path, cases.result(cases.record("contact")))
    assert [path.name for path in tmp_path.iterdir()] == ["RESULT.json"]


def test_another_connectors_result_is_refused(tmp_path: Path) -> None:
    """A result of another connector is not packaged under this manifest."""
    with pytest.raises(UsageError, match="other-crm"):
        package(tmp_path, cases.result(cases.record("contact"), connector="other-crm"))


IDS = [
    "req-1",
    "REQ-1",
    "Req-1",
    "..",
    ".",
    "../../etc",
    "a/b",
    "a\\b",
    "con",
    "aux",
    "nul",
    "é",
    "ａ",
]
IDS += [
    "",
    " ",
    "x" * 500,
    "x" * 501,
    "req--1",
    "-rf",
    "withheld.json",
    "\u202ea",
    "\ud800",
    "a\x00b",
]


def test_folder_names_are_safe_and_differ() -> None:
    """Whatever a subject's id is, its folder's name is plain, short, and unique."""
    names = list(folder_names(IDS).values())
    assert len({name.casefold() for name in names}) == len(IDS)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}", name) for name in names)
    assert not {name.casefold() for name in names} & {"con", "aux", "nul", "withheld.json"}


@given(st.lists(st.text(max_size=8), min_size=2, max_size=2, unique=True))
def test_two_ids_never_share_a_folder(ids: list[str]) -> None:
    """Two different ids have folders that differ even on a system that ignores case."""
    first, second = folder_names(ids).values()
    assert first.casefold() != second.casefold()


# --- what goes out -------------------------------------------------------------------------------

CANARY = "CANARY-7f3a"


def test_an_id_in_upper_case_is_its_own_folder_name() -> None:
    """Ticket numbers such as REQ-1 stay readable."""
    assert folder_names(["REQ-1", "CASE_20"]) == {"REQ-1": "REQ-1", "CASE_20": "CASE_20"}


def test_a_subject_with_an_undecided_match_gets_no_package(tmp_path: Path) -> None:
    """A weak or shared match needs a decision first; nothing is written until then."""
    weak = cases.contact(501, last_name=f"{CANARY} weak")
    shared = cases.contact(502, last_name=f"{CANARY} shared")
    whole = cases.result(
        cases.record("contact"),
        cases.record("contact", weak, strength="weak", matched="phone"),
        cases.record("contact_survey_response", cases.response("aa", 501), strength="weak"),
        *(cases.record("contact", shared, subject=name) for name in ("req-1", "req-2")),
        *(
            cases.record("contact_survey_response", cases.response("bb", 502), subject=name)
            for name in ("req-1", "req-2")
        ),
    )
    summary = package(tmp_path, whole)
    assert summary.packages == ()
    assert [(one.subject, one.id, one.undecided) for one in summary.undecided] == [
        ("req-1", "501", "weak"),
        ("req-1", "502", "shared"),
        ("req-2", "502", "shared"),
    ]
    assert not (tmp_path / "out").exists()


def test_a_subject_without_undecided_matches_gets_its_package(tmp_path: Path) -> None:
    """One subject's open decision does not hold up the others."""
    whole = cases.result(
        cases.record("contact", cases.contact(501), strength="weak", matched="phone"),
        cases.record("contact", cases.contact(502), subject="req-2"),
    )
    summary = package(tmp_path, whole)
    assert [one.subject for one in summary.packages] == ["req-2"]
    assert [one.subject for one in summary.undecided] == ["req-1"]
    assert not (tmp_path / "out" / "req-1").exists()


def test_excluded_matches_are_withheld_with_what_belongs_to_them(tmp_path: Path) -> None:
    """Excluding a weak match decides on it; its survey responses follow it."""
    weak = cases.contact(501, last_name=f"{CANARY} weak")
    whole = cases.result(
        cases.record("contact"),
        cases.record("contact", weak, strength="weak", matched="phone"),
        cases.record("contact_survey_response", cases.response("aa", 501), strength="weak"),
    )
    policy = "exclude: [{object: 'contact:501', why: Not hers.}]"
    one = package(tmp_path, whole, policy).packages[0]
    assert not holds(one.folder, CANARY)
    assert not holds(one.folder, "501")
    assert [(item.id, item.why) for item in one.withheld] == [
        ("501", "Not hers."),
        ("aa", "It belongs to contact:501, which is withheld."),
    ]


def test_rules_that_match_nothing_are_reported_with_a_suggestion(tmp_path: Path) -> None:
    """A typing error in a rule would release data, so each unused rule is named."""
    custom = [{"field_name": "Lead score", "value": 3, "description": None}]
    whole = cases.result(cases.record("contact", cases.contact(1, custom=custom)))
    policy = """
objects:
  contact:
    withhold:
      - {field: custom, where: {field_name: Lead scor}, why: A trade secret.}
      - {field: id, why: An internal id.}
  user: {release: false, why: Staff.}
"""
    summary = package(tmp_path, whole, policy)
    (sentence,) = summary.unused
    assert sentence == (
        "contact: withhold: custom where field_name: Lead scor matched nothing. "
        "Did you mean field_name: Lead score?"
    )


@pytest.mark.parametrize("written", ["007", "1.10", "+5", "NO", "1e3", "0x1F", "true"])
def test_values_in_where_are_compared_as_written(tmp_path: Path, written: str) -> None:
    """A value without quotes in a policy is the text that its author sees."""
    custom = [{"field_name": written, "value": CANARY, "description": None}]
    whole = cases.result(cases.record("contact", cases.contact(1, custom=custom)))
    policy = (
        "objects: {contact: {withhold: "
        f"[{{field: custom, where: {{field_name: {written}}}, why: A secret.}}]}}}}"
    )
    one = package(tmp_path, whole, policy).packages[0]
    assert not holds(one.folder, CANARY)


def test_the_officer_puts_matches_in(tmp_path: Path) -> None:
    """A named weak match goes out, and a shared one to the named subject alone, with their answers."""
    shared = cases.contact(502)
    whole = cases.result(
        cases.record("contact", cases.contact(501), strength="weak", matched="phone"),
        cases.record("contact_survey_response", cases.response("aa", 501), strength="weak"),
        *(cases.record("contact", shared, subject=name) for name in ("req-1", "req-2")),
        *(
            cases.record("contact_survey_response", cases.response("bb", 502), subject=name)
            for name in ("req-1", "req-2")
        ),
    )
    policy = (
        "include: [contact:501, {object: 'contact:502', subject: req-2}]\n"
        "exclude: [{object: 'contact:502', subject: req-1, why: Not theirs.}]"
    )
    first, second = package(tmp_path, whole, policy).packages
    assert [one["id"] for one in data_of(first.folder)["records"]] == ["501", "aa"]
    assert [one["id"] for one in data_of(second.folder)["records"]] == ["502", "bb"]


def test_a_contact_takes_its_answers_along(tmp_path: Path) -> None:
    """A contact that is taken out takes its survey responses along; others stay."""
    whole = cases.result(
        cases.record("contact", cases.contact(1)),
        cases.record("contact", cases.contact(2, last_name=CANARY)),
        cases.record("contact_survey_response", cases.response("aa", 1)),
        cases.record("contact_survey_response", cases.response("bb", 2, note=CANARY)),
    )
    summary = package(tmp_path, whole, "exclude: [{object: 'contact:2', why: A namesake.}]")
    folder = summary.packages[0].folder
    assert [one["id"] for one in data_of(folder)["records"]] == ["1", "aa"]
    assert not holds(folder, CANARY)
    assert summary.reasons == {
        "A namesake.": 1,
        "It belongs to contact:2, which is withheld.": 1,
    }


def test_answers_without_their_contact_can_be_taken_out_by_it(tmp_path: Path) -> None:
    """Excluding a contact that was not fetched itself takes its survey responses out."""
    whole = cases.result(cases.record("contact_survey_response", cases.response("aa", 5)))
    policy = "exclude: [{object: 'contact:5', why: A namesake.}]"
    assert package(tmp_path, whole, policy).packages[0].objects == {}


def test_a_type_can_stay_back(tmp_path: Path) -> None:
    """A type that is not released stays back but for what is named, and takes its children along."""
    user = cases.sample("user") | {"id": 60, "username": CANARY}
    whole = cases.result(cases.record("user"), cases.record("user", user), cases.record("contact"))
    policy = "objects: {user: {release: false, why: Staff.}}\ninclude: ['user:59']"
    folder = package(tmp_path, whole, policy).packages[0].folder
    assert [one["id"] for one in data_of(folder)["records"]] == ["2317", "59"]
    assert not holds(folder, CANARY)
    shutil.rmtree(tmp_path / "out")
    whole = cases.result(cases.record("contact"), cases.record("contact_survey_response"))
    policy = "objects: {contact: {release: false, why: Held.}}"
    assert package(tmp_path, whole, policy).packages[0].objects == {}


WAYS = [
    ("first_name", {"first_name": CANARY}),
    ("owner", {"owner": {"email": CANARY}}),
    ("owner.email", {"owner": {"id": 1, "email": CANARY}}),
    ("owner.email", {"owner": [{"email": CANARY}, {"email": CANARY}]}),
    ("owner.email", {"owner": CANARY}),
    ("owner.email", {"owner": ["x", CANARY]}),
    ("shared_with_users[].email", {"shared_with_users": [{"id": 1, "email": CANARY}, {"id": 2}]}),
    ("shared_with_users.email", {"shared_with_users": [[{"email": CANARY}]]}),
    ("email", {"email": CANARY}),
    ("external_ids.external_id", {"external_ids": [{"source": "LOS", "external_id": CANARY}]}),
    ("last_contacted_date", {"last_contacted_date": CANARY}),
    ("custom.value", {"custom": [{"field_name": "a", "value": {"deep": [CANARY]}}]}),
]


@pytest.mark.parametrize(("way", "fields"), WAYS, ids=range(len(WAYS)))
def test_a_withheld_field_is_nowhere(tmp_path: Path, way: str, fields: dict[str, Any]) -> None:
    """A withheld field, wherever it stands, is in no file of the folder; the officer's list names it."""
    whole = cases.result(cases.record("contact", cases.contact(1) | fields))
    policy = f"objects: {{contact: {{withhold: [{{field: '{way}', why: Because.}}]}}}}"
    (one, _) = package(tmp_path, whole, policy).packages
    assert not holds(one.folder, CANARY)
    assert [(held.id, held.field, held.why) for held in one.withheld] == [
        ("1", way.replace("[]", ""), "Because.")
    ]
    assert data_of(one.folder)["records"][0]["data"]["id"] == 1


def test_entries_of_a_list_can_be_withheld(tmp_path: Path) -> None:
    """where withholds the whole entry, and only the entries that have the value."""
    custom = [{"field_name": "Lead score", "value": CANARY}, {"field_name": "Pets", "value": 2}]
    whole = cases.result(cases.record("contact", cases.contact(1, custom=custom)))
    policy = (
        "objects: {contact: {withhold: [{field: custom, where: {field_name: lead score}, why: A}]}}"
    )
    folder = package(tmp_path, whole, policy).packages[0].folder
    assert data_of(folder)["records"][0]["data"]["custom"] == [custom[1]]
    assert not holds(folder, CANARY)


def test_only_some_fields_go_out(tmp_path: Path) -> None:
    """With only, nothing but the named fields goes out, at every depth."""
    data = cases.contact(
        1,
        owner={"id": 5, "email": CANARY},
        custom=[{"field_name": "Pets", "value": CANARY}, CANARY],
        nickname=CANARY,
    )
    whole = cases.result(cases.record("contact", data))
    policy = "objects: {contact: {only: [id, owner.id, 'custom[].field_name'], why_not: Asked so.}}"
    (one, _) = package(tmp_path, whole, policy).packages
    assert data_of(one.folder)["records"][0]["data"] == {
        "id": 1,
        "owner": {"id": 5},
        "custom": [{"field_name": "Pets"}],
    }
    assert not holds(one.folder, CANARY)
    assert {held.field for held in one.withheld} == {
        "email",
        "owner.email",
        "custom",
        "custom.value",
        "nickname",
    }


def test_a_withheld_id_is_not_revealed_by_the_answers(tmp_path: Path) -> None:
    """Where a contact's id is withheld, its survey responses do not name it either."""
    whole = cases.result(
        cases.record("contact", cases.contact(987654)),
        cases.record("contact_survey_response", cases.response("aa", 987654)),
    )
    policy = "objects: {contact: {withhold: [{field: id, why: Internal.}]}}"
    folder = package(tmp_path, whole, policy).packages[0].folder
    assert not holds(folder, "987654")
    assert [one["id"] for one in data_of(folder)["records"]] == [None, "aa"]
    shutil.rmtree(tmp_path / "out")
    policy = "objects: {contact: {only: [email], why_not: Internal.}}"
    assert not holds(package(tmp_path, whole, policy).packages[0].folder, "987654")


def test_the_folder_does_not_show_that_something_was_withheld(tmp_path: Path) -> None:
    """The folder is the same, byte for byte, whether a withheld object exists or not."""
    mine = [cases.record("contact"), cases.record("contact_survey_response")]
    weak = cases.record("contact", cases.contact(501), strength="weak", matched="phone")
    answer = cases.record("contact_survey_response", cases.response("aa", 501), strength="weak")
    staff = cases.record("user")
    staff_stays = "objects: {user: {release: false, why: Staff.}}"
    policy = f"{staff_stays}\nexclude: [{{object: 'contact:501', why: Not hers.}}]"
    near = {"subject": "req-1", "object_type": "contact", "id": "777", "why": "Almost."}
    seen = [cases.coverage(kind, method="lookup", seen=1, requests=1) for kind in cases.TYPES]
    more = [cases.coverage(kind, method="lookup", seen=2, requests=9) for kind in cases.TYPES]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = package(tmp_path / "a", cases.result(*mine, coverage=seen), staff_stays)
    whole = cases.result(*mine, weak, answer, staff, near_misses=[near], coverage=more)
    other = package(tmp_path / "b", whole, policy)
    assert everything(one.packages[0].folder) == everything(other.packages[0].folder)
    assert everything(one.packages[1].folder) == everything(other.packages[1].folder)


def test_a_subject_never_sees_another(tmp_path: Path) -> None:
    """No folder holds another subject's id, values or objects, even where a sentence names them."""
    theirs = cases.contact(80817, email="b@example.com", last_name=CANARY)
    reason = "Object 80817 of req-2 could not be read."
    whole = cases.result(
        cases.record("contact"),
        cases.record("contact", theirs, subject="req-2"),
        coverage=[cases.coverage("contact", complete=False, reason=reason)],
        problems=[
            {
                "code": "x",
                "object_type": "contact",
                "subject": None,
                "id": None,
                "detail": f"{CANARY} 80817",
            }
        ],
    )
    first, second = package(tmp_path, whole).packages
    assert not any(
        holds(first.folder, text) for text in (CANARY, "80817", "req-2", "b@example.com")
    )
    assert not any(holds(second.folder, text) for text in ("2317", "req-1", "maribel"))
    assert holds(second.folder, CANARY)


POLICY_FAULTS = [
    ("include: ['contact:3']", "contact:3 isn't in the result; correct or remove it"),
    ("exclude: [{object: 'contact:3', why: x}]", "contact:3 isn't in the result; correct"),
    ("include: ['contact:502']", "matches several subjects; say whose it is"),
    ("include: [{object: 'contact:1', subject: req-2}]", "doesn't match this subject"),
    (
        "exclude: [{object: 'contact:1', subject: req-9, why: x}]",
        "doesn't match this subject",
    ),
    ("include: ['contact_survey_response:aa']", "belongs to contact:501; include that too"),
]


@pytest.mark.parametrize(("policy", "says"), POLICY_FAULTS, ids=range(len(POLICY_FAULTS)))
def test_a_policy_that_does_not_fit_the_result_is_a_fault(
    tmp_path: Path, policy: str, says: str
) -> None:
    """Objects that the policy names and that are not there are reported by line; nothing is written."""
    whole = cases.result(
        cases.record("contact", cases.contact(1)),
        cases.record("contact", cases.contact(501), strength="weak"),
        cases.record("contact_survey_response", cases.response("aa", 501), strength="weak"),
        *(cases.record("contact", cases.contact(502), subject=name) for name in ("req-1", "req-2")),
    )
    with pytest.raises(FileFaults) as caught:
        package(tmp_path, whole, policy)
    (line,) = [str(fault) for fault in caught.value.faults]
    assert line.startswith(f"{tmp_path / 'policy.yaml'}:1: ")
    assert says in line
    assert not (tmp_path / "out").exists()


def test_the_officers_list_counts_and_names_what_was_withheld(tmp_path: Path) -> None:
    """The officer's files count and list what was withheld, and what to look at; never a value."""
    near = {"subject": "req-1", "object_type": "contact", "id": "777", "why": "Almost."}
    whole = cases.result(
        cases.record("contact"),
        cases.record("contact", cases.contact(501, last_name=CANARY), strength="weak"),
        near_misses=[near],
    )
    policy = "objects: {contact: {withhold: [{field: owner, why: =A person.}]}}"
    policy += "\nexclude: [{object: 'contact:501', why: Not hers.}]"
    package(tmp_path, whole, policy)
    told = json.loads((tmp_path / "out" / "withheld.json").read_text("utf-8"))
    assert told["notice"].startswith("For the officer only. Do not hand out")
    assert told["subjects"][0]["withheld_objects"] == 1
    assert told["subjects"][0]["withheld_fields"] == 1
    assert "contact.assignee" in told["subjects"][0]["released_about_others"]
    assert "contact.owner" not in told["subjects"][0]["released_about_others"]
    assert [(one["id"], one["field"]) for one in told["withheld"]] == [
        ("2317", "owner"),
        ("501", ""),
    ]
    assert told["near_misses"] == [near]
    listed = (tmp_path / "out" / "withheld.csv").read_text("utf-8-sig")
    assert "'=A person." in listed
    assert not any(text in str(told) + listed for text in (CANARY, "tomas", "maribel"))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_withholding_and_keeping_are_opposites(value: Any) -> None:
    """What only keeps, withhold takes away, and neither changes the data it is given."""
    data = {"a": value, "b": {"a": value}}
    before = json.dumps(data)
    kept, _ = redacted(data, Rule(only=(("a",), ("b", "a"))))
    assert kept == data
    kept, gone = redacted(data, Rule(withhold=(Withhold(("b", "a"), "x"),)))
    assert kept == {"a": value, "b": {}}
    assert gone == [("b.a", "x")]
    assert json.dumps(data) == before


def test_each_phone_is_shown_once_with_all_its_fields(tmp_path: Path) -> None:
    """One number in several spellings and fields is one line, in one spelling."""
    data = cases.contact(1, phone_cell="(763)555-0123", phone_home="+1 763.555.0123")
    page = text_of(
        package(tmp_path, cases.result(cases.record("contact", data))).packages[0].folder
    )
    top = page[: page.index("On this page")]
    assert top.count("555-0123") == 1
    assert "(763) 555-0123 (Mobile phone, Home phone , see the entry )" in top


def test_dates_are_in_the_time_zone_of_the_data_subject(tmp_path: Path) -> None:
    """The policy names the zone; daylight saving time counts."""
    data = cases.contact(1, last_contacted_date="2026-07-01 02:30:00")
    whole = cases.result(cases.record("contact", data))
    page = text_of(
        package(tmp_path, whole, "page: {time_zone: America/Chicago}").packages[0].folder
    )
    assert "June 30, 2026, 9:30 PM CDT" in page


@pytest.mark.parametrize(
    ("law", "says", "never"),
    [
        ("GDPR", "article 16", "California"),
        ("CCPA", "California Privacy Protection Agency", "article"),
        (None, "Your rights depend on where you live", "article"),
    ],
)
def test_the_page_names_the_rights_of_one_law(
    tmp_path: Path, law: str | None, says: str, never: str
) -> None:
    """The policy names the law, the due date, and an introduction."""
    policy = "page: {due: 2026-12-31, intro: Dear customer" + (f", law: {law}}}" if law else "}")
    page = text_of(package(tmp_path, cases.result(), policy).packages[0].folder)
    rights = page[page.index("What you can do ") :]
    assert says in rights
    assert never not in rights
    assert "Dear customer" in page
    assert "We have to answer your request by December 31, 2026." in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "(no answer is stored)"),
        ("", "(an empty answer is stored)"),
        ("None", "None"),
        (0, "0"),
        ("0", "0"),
        (False, "No"),
    ],
)
def test_an_answer_is_shown_as_it_is_stored(tmp_path: Path, value: Any, shown: str) -> None:
    """No answer, an empty one, zero, and the word None differ."""
    answers = [{"response_value": value, "question": {"question_text": "Why?"}}]
    data = cases.response("aa", 1, question_responses=answers)
    whole = cases.result(cases.record("contact_survey_response", data))
    page = text_of(package(tmp_path, whole).packages[0].folder)
    assert f"Question: Why? Answer: {shown}" in page


def test_a_subject_reads_only_about_their_own_identifiers(tmp_path: Path) -> None:
    """A search with another subject's phone doesn't show on the page of one who gave none."""
    whole = cases.result(cases.record("contact"))
    kinds = {kind for one in whole["subjects"] for kind in one["identifiers"]}
    whole["coverage"][0]["fields"] = {"email": ["email"], "phone": ["phone_cell"]}
    whole["subjects"][0]["identifiers"] = {"email": ["a@example.com"]}
    page = text_of(package(tmp_path, whole).packages[0].folder)
    assert kinds
    assert "We compared: E-mail address (in E-mail address)." in page


# --- the page ------------------------------------------------------------------------------------


def test_the_page_answers_five_questions_at_its_top(tmp_path: Path) -> None:
    """E-mail, surveys, last contact, what is missing, and what to do come before all details."""
    whole = cases.result(cases.record("contact"), cases.record("contact_survey_response"))
    policy = "controller: {name: Example Lending LLC, contact: privacy@example.com, note: Hello.}"
    top = text_of(package(tmp_path, whole, policy).packages[0].folder)
    top = top[: top.index("On this page")]
    for words_ in (
        "maribel.okonkwo@example.com (E-mail address , see the entry )",
        "(763) 555-0123 (Mobile phone , see the entry )",
        "Yes: 1 time .",
        "After closing , June 12, 2026, 6:22 PM UTC",
        "October 28, 2026, 5:45 PM UTC is the latest date on file",
        "We finished searching: Contact, User, Survey response.",
        "We didn’t search everything.",
        "You can ask us to correct or delete your data",
        "Contact Example Lending LLC : privacy@example.com",
    ):
        assert words_ in top


def test_the_page_says_how_completely_was_searched(tmp_path: Path) -> None:
    """Complete, incomplete, skipped, and unasked types differ; the officer's reasons stay out."""
    searched = [
        cases.coverage("contact", complete=False, reason="Page 7 could not be read."),
        cases.coverage(
            "user", method="skipped", complete=False, reason="A person answers instead."
        ),
    ]
    page = text_of(package(tmp_path, cases.result(coverage=searched)).packages[0].folder)
    assert "Yes. We couldn’t finish searching: Contact." in page
    assert "Not complete: we couldn't compare every entry." in page
    assert "Page 7 could not be read." not in page
    assert "we didn’t search survey answers" in page
    missing = page[page.index("can have more data about you in these places.") :]
    missing = missing[: missing.index("What we found")]
    assert "User" in missing
    assert "A person answers instead." not in page
    assert "Survey response" in missing
    assert all(item.what in missing for item in MANIFEST.not_searched)
    assert not any(item.why in page for item in MANIFEST.not_searched)
    assert "We found no entry about you." in page


def test_nothing_found_is_distinguished_from_not_looked(tmp_path: Path) -> None:
    """A complete search without a find says so, in other words than no search."""
    page = text_of(package(tmp_path, cases.result()).packages[0].folder)
    assert "We found no e-mail address of yours." in page
    assert "No. We searched all survey answers." in page
    assert "We found no date." in page


def test_fields_have_titles_and_empty_ones_are_folded(tmp_path: Path) -> None:
    """Fields stand under their schema's titles, dates as dates, unknown ones marked, empty folded."""
    data = cases.sample("contact") | {"lead_score_v2": 71, "ok_to_call": "1"}
    folder = package(tmp_path, cases.result(cases.record("contact", data))).packages[0].folder
    page, source = text_of(folder), (folder / "index.html").read_text("utf-8")
    for pair in (
        "First name Maribel",
        "Birthday July 23",
        "Phone calls allowed Yes",
        "Postal mail allowed No",
        "Loan officer who owns this contact E-mail address tomas.lindqvist@example.com",
        "lead_score_v2 no description 71",
        "It’s here because its “E-mail address” is the “E-mail address” in your request",
    ):
        assert pair in page
    assert '<time datetime="2026-02-10">February 10, 2026</time>' in source
    folded = source[source.index("empty fields</summary>") :]
    folded = folded[: folded.index("</details>")]
    assert "<li>Name suffix</li>" in folded
    assert "<li>Date of the loan pre-approval</li>" in folded
    assert "<li>Staff member in charge: Number in the lender&#39;s own systems</li>" in folded


def test_survey_answers_read_as_a_conversation(tmp_path: Path) -> None:
    """Questions and answers alternate in the survey's order, choices by their words."""
    choices = [
        {"value": "On time", "system_name": "on_time"},
        {"value": "Late", "system_name": "2"},
    ]
    answers = [
        {"response_value": value, "question": {"question_text": text, "sort_order": order} | more}
        for value, text, order, more in (
            ("2", "Second?", "10", {"possible_choice_answers": choices}),
            (None, "Third?", 11, {}),
            ("9", "First?", "2", {}),
        )
    ]
    data = cases.response("aa", 1, question_responses=answers)
    folder = (
        package(tmp_path, cases.result(cases.record("contact_survey_response", data)))
        .packages[0]
        .folder
    )
    page = text_of(folder)
    talk = (
        "Question: First? Answer: 9 Question: Second? Answer: Late Question: Third? "
        "Answer: (no answer is stored)"
    )
    assert talk in page


@pytest.mark.parametrize(
    ("given", "choices"),
    [
        ("None", [{"value": "Yes, I will sue", "system_name": None}]),
        ("None", [{"value": "Yes, I will sue"}, {"value": "None", "system_name": "none"}]),
        ("No", [{"value": "Yes", "system_name": "No"}, {"value": "No", "system_name": "n"}]),
        ("True", [{"value": "Yes", "system_name": True}]),
    ],
    ids=["a code that is null", "no code", "a code that is another's words", "a code that is true"],
)
def test_an_answer_is_never_shown_in_the_words_of_another_choice(
    tmp_path: Path, given: str, choices: list[dict[str, Any]]
) -> None:
    question = {"question_text": "Any?", "possible_choice_answers": choices}
    data = cases.response(
        "aa", 1, question_responses=[{"response_value": given, "question": question}]
    )
    whole = cases.result(cases.record("contact_survey_response", data))
    page = text_of(package(tmp_path, whole).packages[0].folder)
    assert f"Question: Any? Answer: {given}" in page


@pytest.mark.parametrize(
    "answers", [None, [], "x", [1], {}, [{"question": None}], [{"question": []}]]
)
def test_odd_answers_do_not_break_the_page(tmp_path: Path, answers: Any) -> None:
    """A response whose answers have another shape is shown field by field."""
    data = cases.response("aa", 1, question_responses=answers, survey=["x"], contact=7)
    whole = cases.result(cases.record("contact_survey_response", data, parent="7"))
    folder = package(tmp_path, whole).packages[0].folder
    assert "Survey response" in text_of(folder)
    assert data_of(folder)["records"][0]["data"] == data


def test_a_type_that_the_manifest_does_not_know_is_shown(tmp_path: Path) -> None:
    """Objects of an unknown type are shown under their own names."""
    note = {"id": "n1", "note": "<b>Called</b>"}
    folder = package(tmp_path, cases.result(cases.record("odd/../Type", note))).packages[0].folder
    assert "note <b>Called</b>" in text_of(folder)
    assert any(name.startswith("odd-Type--") for name in everything(folder))


def test_the_page_is_one_file_without_scripts_or_links_outside(tmp_path: Path) -> None:
    """The page names no outside resource, holds no script, and every link leads into the page."""
    folder = (
        package(tmp_path, cases.result(cases.record("contact"), cases.record("user")))
        .packages[0]
        .folder
    )
    page = (folder / "index.html").read_text("utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    assert '<html lang="en">' in page
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    ids = set(re.findall(r'\bid="([^"]*)"', page))
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert not re.search(r"<(script|img|link|iframe|object|embed|form|base)\b", page)
    assert "url(" not in page
    assert "@import" not in page


def test_hostile_values_stay_text(tmp_path: Path) -> None:
    """Every attack is on the page as text, and none of it as markup."""
    (one,) = package(tmp_path, cases.hostile()).packages
    page = (one.folder / "index.html").read_text("utf-8")
    assert not re.search(r"<(script|img|svg|iframe|link|form|button|base)\b", page)
    assert page.count("<style>") == 1
    assert "{{ 7*7 }}" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_many_objects_are_folded(tmp_path: Path) -> None:
    """With many objects of a type each is folded to a line, and the top names only some."""
    records = [
        cases.record("contact", cases.contact(number, email=f"a{number}@example.com"))
        for number in range(30)
    ]
    folder = package(tmp_path, cases.result(*records)).packages[0].folder
    assert (folder / "index.html").read_text("utf-8").count('<details class="object"') == 30
    assert "and 10 more, under What we found" in text_of(folder)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2025-03-14 09:30:00", ("2025-03-14T09:30:00Z", "March 14, 2025, 9:30 AM UTC")),
        ("2025-03-14 00:00:00", ("2025-03-14", "March 14, 2025")),
        ("2025-03-14", ("2025-03-14", "March 14, 2025")),
        ("2026-10-28T17:45:00.123456Z", ("2026-10-28T17:45:00Z", "October 28, 2026, 5:45 PM UTC")),
        ("2026-10-28T23:45:00-05:00", ("2026-10-29T04:45:00Z", "October 29, 2026, 4:45 AM UTC")),
        ("2025-02-30", None),
        ("0000-00-00 00:00:00", None),
        ("2025-03-14 25:00:00", None),
        ("٢٠٢٥-03-14", None),
        ("12:30", None),
        ("", None),
    ],
)
def test_dates_are_dates(text: str, shown: tuple[str, str] | None) -> None:
    """The vendor's forms of a date are read in UTC; anything else is left as text."""
    assert words.date(text) == shown


# --- the tables ----------------------------------------------------------------------------------

FORMULA = {"=", "+", "-", "@"}
SKIPPED = " \u00a0\u3000\u200b\ufeff\"'`“”‘’"


def begins_formula(text: str) -> bool:
    """Whether a spreadsheet could take a text for a formula, told in another way than the code's."""
    text = text.lstrip(SKIPPED)
    return bool(text) and unicodedata.normalize("NFKC", text[0])[:1] in FORMULA | {"−"}


@given(st.text() | st.text(alphabet="=+-@＝＋－＠﹣−\t\r\n;,| \"'a1", max_size=12))
@example("=1+1").via("plain")
@example(" \u00a0'\"=1+1")
@example("a\n-1")
@example("x;=1")
@example("\t=1")
def test_no_cell_starts_a_formula(text: str) -> None:
    """Split at whatever separator, nothing in a cell starts a formula but behind an apostrophe."""
    cell = csvfiles.guard(text)
    assert cell[:1] not in ("\t", "\r", "\n")
    for part in re.split(r"[\t\r\n,;|]", cell):
        assert not begins_formula(part) or part.startswith("'")
    assert cell.replace("'", "") == words.plain(text).replace("'", "")
    if not any(begins_formula(part) for part in re.split(r"[\t\r\n,;|]", words.plain(text))):
        assert cell.removeprefix("'") == words.plain(text).removeprefix("'")


def test_the_triggers_are_all_of_unicode() -> None:
    """Every character that is a formula's first in another width is known."""
    alike = {
        chr(code)
        for code in range(0x110000)
        if unicodedata.normalize("NFKC", chr(code))[:1] in FORMULA
    }
    assert alike <= set(csvfiles.TRIGGERS)


def test_long_cells_are_guarded_quickly() -> None:
    """A cell of a megabyte of separators and blanks takes no longer than its length allows."""
    for text in ("\n" * 500_000 + "=", ";" * 500_000, " " * 500_000 + "=1", "' " * 250_000 + "x-"):
        csvfiles.guard(text)


def test_tables_hold_values_under_titles(tmp_path: Path) -> None:
    """Nested objects have columns, plain lists one cell, other lists JSON text; -5 is no number."""
    data = cases.contact(
        1,
        phone_cell="+1 612 555 0100",
        owner={"id": -5, "email": "t@example.com"},
        tags=["a", "=b"],
        contact_groups=[{"id": 7}],
        preferences={},
        ok_to_call=True,
        zip_code="02134",
    )
    folder = package(tmp_path, cases.result(cases.record("contact", data))).packages[0].folder
    (row,) = table(folder, "contact")
    assert row == {
        "E-mail address": "maribel.okonkwo@example.com",
        "Mobile phone": "'+1 612 555 0100",
        "ZIP code": "'02134",
        "Phone calls allowed": "true",
        "Communication preferences": "",
        "Groups": '[{"id": 7}]',
        "Loan officer who owns this contact: E-mail address": "t@example.com",
        "Loan officer who owns this contact: Number in the CRM": "'-5",
        "Contact number": "1",
        "tags": "a;' =b",
    }
    raw = (folder / "contact.csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"')
    assert raw.endswith(b'"\r\n')
    assert table(folder, "user") == []
    assert (folder / "user.csv").read_text("utf-8-sig").startswith('"Personal and work details"')


def test_every_cell_of_a_hostile_result_is_guarded(tmp_path: Path) -> None:
    """In the tables of a hostile result no cell, and no heading, starts a formula."""
    (one,) = package(tmp_path, cases.hostile()).packages
    cells = []
    for name in ("contact", "contact_survey_response"):
        with (one.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            cells += [cell for row in csv.reader(file) for cell in row]
    assert len(cells) > 100
    assert not [cell for cell in cells if begins_formula(cell) and not cell.startswith("'")]


@pytest.mark.slow
def test_libreoffice_computes_nothing(tmp_path: Path) -> None:
    """LibreOffice, told to evaluate formulas, finds none, whichever separator it splits at."""
    office = shutil.which("soffice") or shutil.which("localc") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed (no soffice, localc or libreoffice on the path)")
    rows = [{"cell": text} for text in [*cases.HOSTILE, *ATTACKS]]
    with (tmp_path / "guarded.csv").open(
        "w", encoding="utf-8-sig", newline="", errors="replace"
    ) as file:
        csvfiles.write(file, rows, None, Rule())
    with (tmp_path / "control.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow(["=1+1"])
    for separator in (44, 59, 9):
        sheets = convert(office, tmp_path, separator)
        assert "table:formula" in sheets["control"]  # so that the test can see one
        assert "table:formula" not in sheets["guarded"]
        assert "xlink:href" not in sheets["guarded"]


ATTACKS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "a\n=1+1",
    ' "=1+1',
    '"=1+1"',
    "＝1+1",
    ";=1+1",
    "x;=1+1;y",
    "x\t=1+1\ty",
    'x";=1+1;"y',
    '=DDE("soffice";"x";"y")',
    '=WEBSERVICE("http://127.0.0.1:9/")',
]


def convert(office: str, folder: Path, separator: int) -> dict[str, str]:
    """The CSV files of a folder as flat spreadsheets, read by LibreOffice with formulas allowed."""
    output = folder / f"sheets-{separator}"
    options = f"CSV:{separator},34,76,1,,0,false,true,false,false,false,-1,true"
    subprocess.run(
        [
            office,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            f"--infilter={options}",
            "--convert-to",
            "fods",
            "--outdir",
            str(output),
            str(folder / "guarded.csv"),
            str(folder / "control.csv"),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return {
        path.name.partition("-")[0].partition(".")[0]: path.read_text("utf-8")
        for path in output.iterdir()
    }


@pytest.mark.parametrize(
    "text",
    ["02134", "4111111111111111", "3-5", "3/5", "3/5/2024", "1.10", "1e3", "4:30", "MAR1", "5-Mar"],
)
def test_text_that_a_spreadsheet_would_change_is_guarded(text: str) -> None:
    """Leading zeros, long numbers, and what looks like a date or a time get an apostrophe."""
    assert csvfiles.guard(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05",
        "2026-03-05 10:00:00",
        "763-555-0123",
        "7635550123",
        "12.5",
        "0",
        "Apt 12 B",
        "",
    ],
)
def test_text_that_a_spreadsheet_keeps_is_not_guarded(text: str) -> None:
    """Ordinary values stay as they are."""
    assert csvfiles.guard(text) == text
