"""``delete``: nothing is sent unasked, everything that is done has one receipt, on disk."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command import MARIA, PHONE, command_fixture, finished, in_terminal, started  # noqa: F401
from vendor import DropBefore, Lie, Seen, Status, Then, contact, response

from te_connector import host
from te_connector.cli.progress import Progress
from te_connector.deletion import receipts
from te_connector.deletion.run import field_digests
from te_connector.errors import DeletionNotRecorded, FileFaults, StateError, Stopped

pytestmark = pytest.mark.slow


@pytest.fixture(name="file")
def _file(command, tmp_path: Path) -> Path:
    """What was found of Maria: 2317 and 2328 strong, 2340 weak, two survey responses."""
    file = tmp_path / "result.json"
    ran = command("fetch", "--email", MARIA, "--phone", PHONE, "--output", file)
    assert ran.status == 0
    return file


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def receipts_of(file: Path) -> Path:
    return file.with_suffix(".receipts.jsonl")


def gone(vendor) -> list[int]:
    return [key for table, key in vendor.deleted if table == "contacts"]


# Choosing


def test_without_yes_it_only_shows_what_it_would_do(command, vendor, file):
    before = len(vendor.log)
    ran = command("delete", file, "--all")
    assert ran.status == 2
    assert "--dry-run" in ran.err
    ran = command("delete", file, "--all", "--dry-run")
    assert (ran.status, ran.err) == (0, "")
    assert "Selected: 2 objects" in ran.out
    assert "Nothing was sent." in ran.out
    assert len(vendor.log) == before
    assert not receipts_of(file).exists()
    answer = command("delete", file, "--all", "--dry-run", "--json").document
    assert (answer["chosen"], answer["receipts"], answer["sent"]) == (2, [], False)
    assert [item["what"] for item in answer["would"]] == ["delete", "delete"]


def test_all_means_the_strong_matches_alone(command, vendor, file):
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 0
    assert gone(vendor) == [2317, 2328]
    assert [item["status"] for item in lines(receipts_of(file))] == [
        "deleted",
        "deleted",
        "not_deletable",
        "not_deletable",
    ]
    assert stat.S_IMODE(receipts_of(file).stat().st_mode) == 0o600
    assert "2 objects selected: 2 deleted." in ran.out


def test_a_weak_one_is_deleted_where_it_is_named(command, vendor, file):
    answer = command("delete", file, "--select", "contact:2340", "--yes", "--json")
    assert answer.status == 0
    assert (answer.document["chosen"], answer.document["children"]) == (1, [])
    assert gone(vendor) == [2340]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "Say what to delete"),
        (["--select", "contact:99"], "--select number 1 isn't in RESULT"),
        (["--select", "contact:2317", "--select", "user:2317"], "--select number 2"),
        (["--select", "2317"], "isn't TYPE:ID"),
        (["--all", "--subject", "req-2"], "isn't a subject of RESULT"),
        (["--all", "--base-url", "http://127.0.0.1:1/v1"], "another base URL"),
        (["--all", "--hold", "none.yaml"], "cannot be read"),
        (["--all", "--receipts", "none/r.jsonl"], "cannot be written"),
    ],
)
def test_a_wrong_choice_is_one_sentence_and_nothing_is_sent(command, vendor, file, argv, says):
    before = len(vendor.log)
    ran = command("delete", file, *argv, "--yes", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert len(vendor.log) == before


def test_a_result_of_another_connector_is_refused(command, vendor, file):
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "connector": "another"}))
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 2
    assert "another connector" in ran.err
    assert not gone(vendor)


def test_a_result_that_was_edited_is_refused(command, vendor, file):
    file.write_text(file.read_text().replace("Maria", "Mario"))
    ran = command("delete", file, "--all", "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert "digest" in ran.err
    assert "Mario" not in ran.err
    assert not gone(vendor)


def test_nothing_that_all_could_choose_is_no_fault(command, vendor, tmp_path):
    file = tmp_path / "r.json"
    command("fetch", "--email", "nobody@example.com", "--output", file)
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 0
    assert "--all found no strong match" in ran.out
    assert command("delete", file, "--all", "--yes", "--json").document["chosen"] == 0


@pytest.fixture(name="two")
def _two(command, tmp_path: Path) -> Path:
    """Two subjects, and contact 2317 is found for both."""
    subjects = tmp_path / "people.jsonl"
    people = [
        {"id": "a", "identifiers": {"email": [MARIA]}},
        {"id": "b", "identifiers": {"service_id": ["2317", "2312"]}},
    ]
    subjects.write_text("\n".join(map(json.dumps, people)))
    file = tmp_path / "two.json"
    assert command("fetch", "--subjects", subjects, "--output", file).status == 0
    return file


def test_all_is_refused_for_more_than_one_subject(command, vendor, two):
    ran = command("delete", two, "--all", "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert "several subjects" in ran.err
    assert not gone(vendor)


def test_an_object_of_two_subjects_needs_the_subject_named(command, vendor, two):
    ran = command("delete", two, "--select", "contact:2317", "--yes")
    assert ran.status == 2
    assert "--subject" in ran.err
    ran = command("delete", two, "--select", "contact:2312", "--subject", "a", "--yes")
    assert ran.status == 2
    assert "for that subject" in ran.err
    assert not gone(vendor)
    ran = command("delete", two, "--select", "contact:2317", "--subject", "b", "--yes", "--json")
    assert ran.status == 0
    assert ran.document["receipts"][0]["subject"] == "b"


# Refusing


def test_what_changed_since_it_was_reviewed_is_refused_and_the_fields_are_named(
    command, vendor, file
):
    vendor.tables["contacts"][1]["city"] = "Duluth"
    ran = command("delete", file, "--all", "--yes", "--json")
    assert ran.status == 1
    first, second = ran.document["receipts"]
    assert (first["status"], second["status"]) == ("refused", "deleted")
    assert "city" in first["reason"]
    assert "Duluth" not in first["reason"]
    assert gone(vendor) == [2328]


def test_what_the_api_cannot_delete_gets_a_receipt_that_says_what_to_do(command, vendor, file):
    name = f"{1:016x}"
    select = f"contact_survey_response:{name}"
    ran = command("delete", file, "--select", select, "--yes")
    assert ran.status == 1
    assert "To retry the rest" in ran.out
    assert lines(receipts_of(file))[0]["status"] == "not_deletable"
    assert not gone(vendor)


def test_a_chosen_response_is_looked_at_after_its_contact_and_once(command, vendor, file):
    vendor.cascade.add("contact-survey-responses")
    select = f"contact_survey_response:{1:016x}"
    answer = command("delete", file, "--all", "--select", select, "--yes", "--json").document
    statuses = [item["status"] for item in answer["receipts"]]
    assert statuses == ["deleted", "deleted", "already_absent"]
    assert len(answer["children"]) == 1
    assert len(lines(receipts_of(file))) == 4


def test_responses_that_went_with_their_contact_are_counted_apart(command, vendor, file):
    vendor.cascade.add("contact-survey-responses")
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 0
    assert "read again (not counted)" in ran.out
    assert [item["status"] for item in lines(receipts_of(file))[2:]] == ["already_absent"] * 2
    assert "2 objects selected: 2 deleted." in ran.out


def test_a_server_that_lies_is_reported_and_the_status_is_1(
    command, vendor, file, edited, monkeypatch
):
    monkeypatch.setenv("TE_MANIFEST", edited({"limits.retry_for": 2}))
    vendor.always("DELETE", "/contacts/2317", Lie())
    ran = command("delete", file, "--all", "--yes", "--json")
    assert ran.status == 1
    assert [item["status"] for item in ran.document["receipts"]] == ["failed", "deleted"]
    assert ran.document["receipts"][0]["verified"] is False


def test_a_failed_one_is_tried_again_with_a_new_receipts_file(
    command, vendor, file, tmp_path, edited, monkeypatch
):
    monkeypatch.setenv("TE_MANIFEST", edited({"limits.retry_for": 2}))
    vendor.script("DELETE", "/contacts/2317", Lie())
    assert command("delete", file, "--all", "--yes").status == 1
    assert command("delete", file, "--all", "--yes").status == 1
    assert vendor.count("DELETE", "/contacts/2317") == 1
    ran = command("delete", file, "--all", "--yes", "--receipts", tmp_path / "2.jsonl", "--json")
    assert ran.status == 0
    assert [item["status"] for item in ran.document["receipts"]] == ["deleted", "already_absent"]


# Hold lists


HELD = [
    ("- {object: contact:2317, reason: lawsuit}", [2328]),
    ("- {email: Maria.Alvarez@EXAMPLE.com, reason: lawsuit}", []),
    ("- {phone: (763) 555-0123, reason: lawsuit}", [2328]),
    ("- {service_id: 2328, reason: lawsuit}", [2317]),
    ("- {external_id: LOS:1, reason: lawsuit}", [2317, 2328]),
    ("- {email: x@example.com, phone: 763-555-0123, reason: lawsuit}", [2328]),
    ("[]", [2317, 2328]),
]


@pytest.mark.parametrize(("text", "left"), HELD)
def test_what_is_held_is_never_deleted(command, vendor, file, tmp_path, text, left):
    hold = tmp_path / "hold.yaml"
    hold.write_text(text + "\n")
    ran = command("delete", file, "--all", "--hold", hold, "--yes")
    assert gone(vendor) == left
    held = [item for item in lines(receipts_of(file)) if item["reason"] == "held: lawsuit"]
    assert len(held) == 2 - len(left)
    assert all(item["status"] == "refused" for item in held)
    assert ran.status == (1 if held else 0)
    assert ("held: lawsuit" in ran.out) == bool(held)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {object: contact:2317}", ":1: the value lacks the key 'reason'"),
        ("- {reason: x}", ":1: the value must be a mapping with a reason"),
        ("- {object: maria:1, reason: x}", ":1: this must be TYPE:ID"),
        ("- {object: maria, reason: x}", ":1: the value must be TYPE:ID"),
        ("- {emial: maria@example.com, reason: x}", ":1: unknown key"),
        ("- {phone: maria, reason: x}", ":1: this isn't a valid phone"),
        ("- {email: [maria], reason: x}", ":1: the value must be text or a whole number"),
        ("- maria", ":1: the value must be a mapping"),
        ("maria", ":1: the file must be a list"),
    ],
)
def test_a_faulty_hold_list_is_reported_by_line_and_nothing_is_sent(
    command, vendor, file, tmp_path, text, says
):
    hold = tmp_path / "hold.yaml"
    hold.write_text(text + "\n")
    before = len(vendor.log)
    ran = command("delete", file, "--all", "--hold", hold, "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert f"{hold}{says}" in ran.err
    assert "maria" not in ran.err
    assert len(vendor.log) == before


# Children before parents


def test_children_are_deleted_before_their_parents(command, vendor, edited, tmp_path):
    schema = '{"type": "object", "properties": {"id": {}, "contact_id": {}}}'
    note = {
        "path": "/contact-notes",
        "schema": "note.json",
        "scope": "unknown",
        "id": {"field": "id", "shape": "integer"},
        "parent": {"object": "contact", "field": "contact_id"},
        "delete": {"allowed": True},
    }
    manifest = edited({"objects.note": note}, {"note.json": schema})
    vendor.tables["contact-notes"] += [{"id": 7, "contact_id": 2317}]
    file = tmp_path / "r.json"
    arguments = ["--manifest", manifest]
    assert command("fetch", "--email", MARIA, "--output", file, *arguments).status == 0
    ran = command("delete", file, "--all", "--yes", *arguments)
    assert ran.status == 0, ran.out
    assert vendor.deleted[0] == ("contact-notes", 7)
    assert sorted(gone(vendor)) == [2317, 2328]


# Again and again


def test_run_again_it_keeps_what_it_has_and_sends_nothing_twice(command, vendor, file):
    command("delete", file, "--all", "--yes")
    before, sent = receipts_of(file).read_bytes(), vendor.count("DELETE")
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 0
    assert "has its" in ran.out
    assert receipts_of(file).read_bytes() == before
    assert vendor.count("DELETE") == sent


def test_killed_anywhere_and_run_again_each_object_has_one_receipt(command, vendor, tmp_path):
    vendor.tables["contacts"] += [contact(4000 + n, email=MARIA) for n in range(8)]
    file = tmp_path / "result.json"
    command("fetch", "--email", MARIA, "--output", file)
    vendor.latency = 0.02
    for number in range(6):
        process = started("delete", file, "--all", "--yes", "--quiet")
        until = len(vendor.log) + 2 + 3 * number
        while process.poll() is None and len(vendor.log) < until:
            time.sleep(0.005)
        process.kill()
        process.communicate()
    ran = finished(started("delete", file, "--all", "--yes", "--json"))
    assert ran.status == 0
    told = lines(receipts_of(file))
    assert len(told) == len({(item["object_type"], item["id"]) for item in told}) == 12
    assert [item["status"] for item in told].count("deleted") == 10
    assert sorted(gone(vendor)) == [2317, 2328, *range(4000, 4008)]
    assert command("audit", "verify", receipts_of(file)).status == 0


def test_a_torn_last_line_is_cut_off_and_comes_again_from_the_trail(command, vendor, file):
    command("delete", file, "--all", "--yes")
    whole = receipts_of(file).read_bytes()
    receipts_of(file).write_bytes(whole[:-40])
    sent = len(vendor.log)
    assert command("delete", file, "--all", "--yes").status == 0
    assert receipts_of(file).read_bytes() == whole
    assert len(vendor.log) == sent


@pytest.mark.parametrize(
    "text", ["maria\n", "{}\n", '{"receipt_id":1}\n', "half a line", "[" * 9999]
)
def test_a_file_of_something_else_is_never_written_to(command, vendor, file, tmp_path, text):
    other = tmp_path / "other"
    other.write_text(text)
    ran = command("delete", file, "--all", "--yes", "--receipts", other)
    assert (ran.status, ran.out) == (2, "")
    assert f"{other}:1: this line isn't a receipt" in ran.err
    assert other.read_text() == text
    assert not gone(vendor)
    with pytest.raises(FileFaults), receipts.opened(other, "a"):
        pass
    assert other.read_text() == text


def test_the_result_itself_is_never_taken_for_a_receipts_file(command, file):
    before = file.read_bytes()
    assert command("delete", file, "--all", "--yes", "--receipts", file).status == 2
    assert file.read_bytes() == before


def test_empty_lines_between_receipts_do_no_harm(command, file):
    command("delete", file, "--all", "--yes")
    receipts_of(file).write_text(receipts_of(file).read_text().replace("\n", "\n\n", 1))
    assert command("delete", file, "--all", "--yes").status == 0


def test_receipts_of_an_older_result_count_for_nothing(command, vendor, file):
    command("delete", file, "--select", "contact:2317", "--yes")
    vendor.tables["contacts"].append(contact(2317, email=MARIA))
    command("fetch", "--email", MARIA, "--output", file, "--force")
    ran = command("delete", file, "--select", "contact:2317", "--yes")
    assert ran.status == 0
    assert gone(vendor) == [2317, 2317]
    assert len(lines(receipts_of(file))) == len({n["receipt_id"] for n in lines(receipts_of(file))})


def test_a_receipts_file_is_written_by_one_command_at_a_time(command, vendor, file):
    with receipts_of(file).open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        ran = command("delete", file, "--all", "--yes", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert "Another te-connector" in ran.err
    assert not gone(vendor)


def test_a_receipt_that_cannot_be_written_is_reported(command, file, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(receipts.os, "fsync", full)
    with pytest.raises(DeletionNotRecorded, match="trail"):
        receipts.ReceiptFile(Path("x"), os.open(os.devnull, os.O_WRONLY), [], "a").add(
            {"receipt_id": "1", "object_type": "contact", "id": "1", "status": "deleted"}  # type: ignore
        )


def test_receipts_that_cannot_be_read_are_reported(command, file):
    receipts_of(file).mkdir()
    ran = command("delete", file, "--all")
    assert (ran.status, ran.out) == (2, "")
    assert "cannot be read" in ran.err


def test_each_receipt_is_on_disk_before_its_object_counts_as_done(
    command, vendor, file, monkeypatch
):
    counted = []

    def told(_self: object, event: Mapping[str, Any]) -> None:
        if event["event"] == "deletions" and event["name"] == "Deleting":
            counted.append((event["done"], len(lines(receipts_of(file)))))

    monkeypatch.setattr(Progress, "__call__", told)
    command("delete", file, "--all", "--yes")
    assert counted[-1][0] == 2
    assert all(written >= done for done, written in counted)


# Several at once


@pytest.fixture(name="many_file")
def _many_file(command, vendor, tmp_path: Path) -> Path:
    """Maria's 2317 and 2328, and forty more."""
    vendor.tables["contacts"] += [contact(4000 + n, email=MARIA) for n in range(40)]
    file = tmp_path / "many.json"
    command("fetch", "--email", MARIA, "--output", file)
    return file


def test_eight_objects_are_under_way_at_once_and_no_more(command, vendor, many_file):
    vendor.latency, vendor.peak = 0.02, 0
    under_way: set[str] = set()
    most = 0

    def watch(_vendor: object, seen: Seen) -> None:
        nonlocal most
        name = seen.path.rpartition("/")[2]
        if seen.method == "DELETE":
            under_way.add(name)
        most = max(most, len(under_way - {str(key) for key in closed()}))

    def closed() -> list[str]:
        file = receipts_of(many_file)
        return [item["id"] for item in lines(file)] if file.exists() else []

    vendor.before = watch
    ran = command("delete", many_file, "--all", "--yes", "--json")
    assert ran.status == 0
    assert 4 <= most <= 8
    assert vendor.peak <= 8
    assert len(gone(vendor)) == len(set(gone(vendor))) == 42


def test_receipts_are_shown_in_the_order_of_the_job_whichever_was_done_first(
    command, vendor, many_file
):
    vendor.always("GET", "/contacts/4003", Then(lambda _seen: time.sleep(0.3)))
    chosen = command("delete", many_file, "--all", "--dry-run", "--json").document["would"]
    ran = command("delete", many_file, "--all", "--yes", "--json")
    assert [one["id"] for one in ran.document["receipts"]] == [one["id"] for one in chosen]
    written = [item["id"] for item in lines(receipts_of(many_file))]
    assert written.index("4003") > written.index("4004")


def test_a_refused_secret_costs_one_token_request(
    command, vendor, many_file, tmp_path, monkeypatch
):
    monkeypatch.setenv("TE_STATE_DIR", str(tmp_path / "another"))
    vendor.credentials["client_secret"] = "changed"
    before = vendor.token_requests
    ran = command("delete", many_file, "--all", "--yes")
    assert ran.status == 3
    assert "0 of 42 objects have receipts" in ran.err
    assert vendor.token_requests - before == 1


def test_one_that_cannot_go_on_lets_the_others_come_to_their_end(
    command, vendor, many_file, monkeypatch
):
    real = host.delete

    def watched(connection, key, *rest):
        if key[1] == "4005":
            raise StateError("The disk is full.")
        return real(connection, key, *rest)

    monkeypatch.setattr(host, "delete", watched)
    ran = command("delete", many_file, "--all", "--yes")
    assert ran.status == 2
    assert "The disk is full." in ran.err
    told = {item["id"] for item in lines(receipts_of(many_file))}
    assert told == {str(key) for key in gone(vendor)}
    assert 0 < len(told) < 42
    monkeypatch.undo()


def test_an_outcome_that_is_not_recorded_is_reported_though_another_error_came_first(
    command, vendor, many_file, monkeypatch
):
    real = host.delete
    first = threading.Event()

    def watched(connection, key, *rest):
        if key[1] == "4005":
            first.wait(5)
            raise DeletionNotRecorded("DELETE was sent, and the disk is full.")
        if key[1] == "4006":
            first.set()
            raise StateError("It can't go on.")
        return real(connection, key, *rest)

    monkeypatch.setattr(host, "delete", watched)
    ran = command("delete", many_file, "--all", "--yes")
    assert "DELETE was sent, and the disk is full." in ran.err


@pytest.mark.parametrize("unwritten", [False, True])
def test_ctrl_c_ends_it_although_an_object_failed_before(
    command, vendor, many_file, monkeypatch, unwritten
):
    begun = []

    def hanging(_connection, key, _person, options):
        begun.append(key[1])
        if key[1] == "4005":
            raise StateError("It can't go on.")
        if len(begun) == 1:
            return real(_connection, key, _person, options)
        while not options["cancel"].is_set():
            time.sleep(0.02)
        if unwritten:
            raise DeletionNotRecorded("DELETE was sent, and the disk is full.")
        raise Stopped

    real = host.delete
    monkeypatch.setattr(host, "delete", hanging)
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    started_at = time.monotonic()
    ran = command("delete", many_file, "--all", "--yes")
    assert time.monotonic() - started_at < 6
    assert ("the disk is full" if unwritten else "It can't go on.") in ran.err
    assert len(begun) <= 10  # nothing new began after the error


def test_what_is_being_deleted_proves_nothing_and_its_end_is_waited_for(command, vendor, tmp_path):
    vendor.tables["contacts"][:] = [contact(4000 + n, email=MARIA) for n in range(3)]
    file = tmp_path / "all.json"
    command("fetch", "--email", MARIA, "--output", file)
    vendor.delete("contacts", 4002)
    vendor.always("DELETE", "/contacts/4001", Then(lambda _seen: time.sleep(0.5), Status(403)))
    ran = command("delete", file, "--all", "--yes", "--json")
    told = {one["id"]: one["status"] for one in ran.document["receipts"]}
    assert told == {"4000": "deleted", "4001": "failed", "4002": "already_absent"}


def test_ctrl_c_says_how_far_it_came_and_run_again_it_goes_on(command, vendor, file):
    vendor.latency = 0.3
    process = started("delete", file, "--all", "--yes", "--json")
    while not vendor.count("DELETE"):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ran = finished(process)
    assert (ran.status, ran.out) == (130, "")
    assert "of 2 objects have receipts in" in ran.err
    vendor.latency = 0.0
    assert command("delete", file, "--all", "--yes").status == 0
    assert sorted(gone(vendor)) == [2317, 2328]
    assert len(lines(receipts_of(file))) == 4


def test_a_stop_of_the_hook_is_reported_like_ctrl_c(command, file, monkeypatch):
    def stop(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr(host, "delete", stop)
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 130
    assert "0 of 2" in ran.err


def test_a_host_that_goes_away_is_3_and_says_how_far_it_came(command, vendor, file):
    vendor.stop()
    ran = command("delete", file, "--all", "--yes", "--json")
    assert (ran.status, ran.out) == (3, "")
    assert "0 of 2 objects have receipts" in ran.err
    vendor.start()
    assert command("delete", file, "--all", "--yes").status == 0


# Confirming and telling


def test_in_a_terminal_the_number_of_objects_confirms(command, vendor, file):
    status, shown = in_terminal("delete", file, "--all", answers="yes\n")
    assert status == 0
    assert "Nothing was sent" in shown
    assert not gone(vendor)
    status, shown = in_terminal("delete", file, "--all", answers="2\n")
    assert status == 0, shown
    assert sorted(gone(vendor)) == [2317, 2328]


def test_the_actor_is_in_the_audit_trail(command, file):
    command("delete", file, "--all", "--yes", "--actor", "Ada")
    name = lines(receipts_of(file))[0]["receipt_id"]
    assert "actor: Ada" in command("audit", "show", name).out


def test_an_incomplete_search_is_reported_before_anything_is_deleted(command, file):
    document = json.loads(file.read_text())
    document["coverage"][0]["complete"] = False
    file.write_text(json.dumps(document))
    ran = command("delete", file, "--all", "--dry-run")
    assert "type whose coverage is complete" in " ".join(ran.out.split())
    ran = command("delete", file, "--select", "contact:2317", "--dry-run")
    assert "isn't complete: there may be more" in ran.out


def test_stderr_holds_no_personal_data(command, vendor, file):
    vendor.script("DELETE", "/contacts/2317", [DropBefore(), Status(500)])
    ran = command("delete", file, "--all", "--yes")
    for text in (MARIA, "Alvarez", "2317"):
        assert text not in ran.err


def test_a_deletion_starts_without_a_base_url_where_the_login_has_it(
    command, vendor, file, monkeypatch
):
    assert command("login", "--quiet").status == 0
    for name in ("TE_CLIENT_ID", "TE_CLIENT_SECRET", "TE_BASE_URL"):
        monkeypatch.delenv(name)
    assert command("delete", file, "--all", "--yes").status == 0
    command("logout")
    ran = command("delete", file, "--all", "--yes")
    assert ran.status == 2
    assert "no credentials" in ran.err


def test_the_digest_of_a_field_is_what_the_hook_compares():
    from te_connector.manifest.schemas import digest

    data = {"name": "Zoë", "half": "\ud83d", "list": [1, {"b": 1.5, "a": None}]}
    assert field_digests(data) == {key: digest(value) for key, value in data.items()}


def test_a_response_of_a_shared_contact_is_read_for_the_one_whose_request_it_is(
    command, vendor, two
):
    vendor.tables["contact-survey-responses"].append(response(9, 2312))
    ran = command("delete", two, "--select", "contact:2312", "--yes", "--json")
    assert [item["subject"] for item in ran.document["children"]] == ["b"]
