"""`fetch` shows and saves what it finds."""

from __future__ import annotations

import json
import stat

import pytest
from command import MARIA, PHONE, command_fixture, fetched, flat, in_terminal  # noqa: F401
from vendor import Status, contact

from te_connector import result


def test_fetch_shows_weak_ones_first_why_and_what_to_do_next(command):
    ran = fetched(command)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.index("2340") < ran.out.index("2317") < ran.out.index("2328")
    for text in (
        "weak: another",
        "email (email), phone (phone_cell)",
        "Near matches (left out unless you confirm them)",
        "2334",
        "contact: compared all 5 by email (email, email_work)",
        "Not searched",
        f"te-connector fetch --email {MARIA} --phone {PHONE}",
        "te-connector package result.json --output packages",
        "te-connector delete result.json --all --dry-run",
        "te-connector delete result.json --select contact:2340 --dry-run",
    ):
        assert text in flat(ran.out), text


def test_without_a_terminal_there_are_no_colors_and_80_columns(command, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    out = fetched(command).out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in out.splitlines())


@pytest.mark.slow
def test_in_a_terminal_there_are_colors_and_the_live_line_is_removed(command, vendor):
    vendor.latency = 0.3
    status, shown = in_terminal("fetch", "--email", MARIA, "--phone", PHONE)
    assert status == 0
    assert "\x1b[33m" in shown
    assert "Signing in" in shown or "contact" in shown
    assert "\x1b[2K" in shown  # the live line is cleared


def test_json_is_exactly_one_document(command):
    ran = fetched(command, "--json")
    assert (ran.status, ran.err) == (0, "")
    document = ran.document
    assert {record["id"] for record in document["records"]} >= {"2317", "2328", "2340"}
    assert document["subjects"] == [
        {"id": "req-1", "identifiers": {"email": [MARIA], "phone": [PHONE]}}
    ]


def test_output_saves_the_whole_answer_for_the_user_only(command, vendor, tmp_path):
    file = tmp_path / "result.json"
    ran = fetched(command, "--output", file)
    assert (ran.status, ran.err) == (0, f"Saved to {file} (readable only by you).\n")
    assert "Found 5 records" in ran.out
    assert "email (email), phone (phone_cell)" in flat(ran.out)
    assert f"te-connector delete {file} --all" in flat(ran.out)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = result.load(file)
    assert (read.connector, read.base_url) == ("total-expert", vendor.base_url)
    assert read.fetched_at.endswith("Z")
    document = fetched(command, "--output", file, "--json", "--force").document
    assert document == json.loads(file.read_text())


def test_a_large_result_is_written_compactly(command, tmp_path, monkeypatch):
    from te_connector.cli import answer_file

    monkeypatch.setattr(answer_file, "_COMPACT_FROM", 1)
    file = tmp_path / "result.json"
    fetched(command, "--output", file)
    assert len(file.read_text().splitlines()) == 1
    assert result.load(file).records


def test_a_failed_fetch_leaves_an_older_result_as_it_was(command, vendor, tmp_path):
    file = tmp_path / "result.json"
    file.write_text("older")
    vendor.always("POST", "/token", Status(400))
    ran = fetched(command, "--output", file, "--force")
    assert (ran.status, ran.out) == (3, "")
    assert file.read_text() == "older"


def test_half_a_surrogate_pair_survives(command, vendor, tmp_path):
    vendor.tables["contacts"][1]["nickname"] = "\ud83d"
    file = tmp_path / "result.json"
    assert fetched(command, "--output", file).status == 0
    record = next(one for one in result.load(file).records if one["id"] == "2317")
    assert record["data"]["nickname"] == "\ud83d"
    assert fetched(command, "--json").document["records"]


def test_control_characters_are_replaced(command, vendor):
    vendor.tables["contacts"][1]["first_name"] = "\x1b[31mMaria\u202e\nX"
    ran = fetched(command)
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


def test_a_type_that_no_identifier_is_mapped_to_does_not_count_as_incomplete(command):
    ran = command("fetch", "--phone", PHONE)
    assert ran.status == 0
    assert "user: not searched" in ran.out


def test_a_quick_search_is_status_0_but_begins_with_what_is_incomplete(command):
    ran = command("fetch", "--email", MARIA, "--coverage", "quick")
    assert ran.status == 0
    assert ran.out.startswith("This search is not complete:\n  ! contact: NOT complete")
    assert "--coverage quick --output result.json" in flat(ran.out)


def test_a_failed_type_is_shown_with_status_1(command, vendor):
    vendor.scope_of["users"] = "another"
    ran = fetched(command)
    assert ran.status == 1
    assert "[scope_missing]" in ran.out
    assert "NOT complete" in ran.out


def test_types_that_you_did_not_ask_for_are_named_first(command, vendor, tmp_path):
    vendor.scope_of["contacts"] = "another"
    ran = fetched(
        command, "--output", tmp_path / "r.json", "--object-type", "contact_survey_response"
    )
    assert ran.status == 1
    text = flat(ran.out.partition("Found")[0])
    assert "contact_survey_response: not searched" in text
    assert "user: not searched, because you didn't ask for it." in text


def test_a_refused_secret_or_no_host_is_3(command, vendor, monkeypatch):
    monkeypatch.setenv("TE_CLIENT_SECRET", "wrong")
    assert fetched(command).status == 3
    vendor.stop()
    assert fetched(command).status == 3
    vendor.start()


def test_plan_shows_requests_and_time(command):
    ran = fetched(command, "--plan")
    assert (ran.status, ran.err) == (0, "")
    contact, _, response = (
        line
        for line in ran.out.splitlines()
        if line.split()[:1] in (["contact"], ["user"], ["contact_survey_response"])
    )
    assert contact.count("request") == 2, "the complete search and the quick lookup"
    assert "a few for each contact found" in flat(response)
    assert "never complete" in flat(ran.out)
    steps = fetched(command, "--plan", "--json").document["plan"]
    assert [step["object_type"] for step in steps] == [
        "contact",
        "user",
        "contact_survey_response",
    ]


def test_many_subjects_come_from_a_file(command, tmp_path):
    file = tmp_path / "people.jsonl"
    lines = [
        {"id": "a", "identifiers": {"email": [MARIA]}},
        {"id": "b", "identifiers": {"email": [MARIA.upper()]}},
        {"id": "c", "identifiers": {"email": ["nobody@example.com"]}},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    ran = command("fetch", "--subjects", file, "--manifest", "connector.yaml")
    assert ran.status == 0
    text = flat(ran.out)
    assert "a, searched by email" in text
    assert "Nothing found for - c" in text
    assert "matches more than one request" in text
    assert "delete result.json --all" not in text
    assert f"fetch --manifest connector.yaml --subjects {file}" in text


def test_schema_differences_are_counted_without_values(command, vendor):
    vendor.tables["contacts"][1]["last_name"] = ["odd value"]
    ran = fetched(command, "--object-type", "contact")
    assert ran.status == 0
    assert "$.last_name" in ran.out
    assert "Differences from the schemas" in ran.out


def test_weak_matches_say_why(command, vendor):
    vendor.tables["contacts"] += [
        contact(3001, source="LOS", external_id="77", phone_cell="952-555-0100 ext. 5"),
        contact(3002, phone_cell="952-555-0100 x6"),
    ]
    vendor.tables["users"] += [{"id": 5, "username": "clerk", "email": "c@example.com", "info": []}]
    ran = command("fetch", "--external-id", "77", "--service-id", "5")
    assert "only an external id without its source matches" in flat(ran.out)
    assert "clerk" in ran.out
    vendor.tables["contacts"].pop()
    ran = command("fetch", "--phone", "952-555-0100")
    assert "only a phone number matches" in flat(ran.out)
