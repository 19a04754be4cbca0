"""A hold stops a deletion in every spelling of the person, also through what belongs to them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import command_fixture  # noqa: F401
from vendor import Status, contact

from te_connector import result
from te_connector.deletion import Choice, prepare
from te_connector.manifest import loading

pytestmark = pytest.mark.slow

EMAIL = "ada@example.com"
SPELLINGS = [
    "email: ada@example.com",
    "email: ADA@EXAMPLE.COM",
    "email: ' ada@example.com '",
    "email: [ada@example.com]",
    "email: 'mailto:ada@example.com'",
    "email: '<ada@example.com>'",
    "email: '\"ada@example.com\"'",
    "phone: 612-555-0133",
    "phone: (612) 555-0133",
    "phone: +16125550133",
    "phone: 6125550133",
    "phone: 1 612 555 0133",
    "phone: 612.555.0133",
    "phone: tel:+16125550133",
    "phone: 001-612-555-0133",
    "phone: 612 555 0133 x12",
    "service_id: 7",
    "service_id: contact:7",
    "object: contact:7",
    "external_id: LOS:0012345",
    "external_id: 0012345",
]


@pytest.fixture(name="found")
def _found(command, vendor, tmp_path):
    vendor.tables["contacts"].append(
        contact(7, email=EMAIL, phone_cell="612-555-0133", source="LOS", external_id="0012345")
    )
    file = tmp_path / "r.json"
    assert command("fetch", "--email", EMAIL, "--output", file).status == 0
    return file


def is_there(vendor) -> bool:
    return ("contacts", 7) not in vendor.deleted


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_hold_is_kept_or_is_an_error_in_every_spelling(command, vendor, tmp_path, found, written):
    hold = tmp_path / "hold.yaml"
    hold.write_text(f"- {written}\n  reason: lawsuit\n")
    ran = command("delete", found, "--select", "contact:7", "--hold", hold, "--yes")
    assert ran.status in (1, 2)
    assert is_there(vendor)


@pytest.mark.parametrize(
    "flags",
    [
        ("--email", EMAIL),
        ("--phone", "612 555 0133"),
        ("--service-id", "7"),
        ("--service-id", "contact:7"),
        ("--external-id", "LOS:0012345"),
        ("--object", "contact:7"),
    ],
)
def test_a_hold_that_lasts_needs_no_flag_and_ends_when_it_is_released(
    command, vendor, found, tmp_path, flags
):
    added = command("hold", "add", *flags, "--reason", "lawsuit", "--json").document["hold"]
    assert command("delete", found, "--select", "contact:7", "--yes").status == 1
    assert is_there(vendor)
    assert command("hold", "release", added, "--reason", "settled").status == 0
    again = tmp_path / "again.jsonl"
    ran = command("delete", found, "--select", "contact:7", "--yes", "--receipts", again)
    assert ran.status == 0
    assert not is_there(vendor)


def test_the_contact_of_a_held_note_stays(command, vendor, found):
    vendor.tables["contact-notes"] += [{"id": 3, "contact": {"id": 7}}]
    assert command("hold", "add", "--object", "contact_note:3", "--reason", "lawsuit").status == 0
    assert command("delete", found, "--select", "contact:7", "--yes").status == 1
    assert is_there(vendor)


NOTES = "contact-notes"


@pytest.mark.parametrize(
    "note",
    [
        {"id": 3, "note": "no contact at all"},
        {"id": 3, "contact": None},
        {"id": 3, "contact": {"id": "n/a"}},
        {"id": 3, "contact": {"id": ""}},
    ],
)
def test_a_held_note_that_names_no_contact_stops_the_deletion_of_any_contact(
    command, vendor, found, note
):
    vendor.tables[NOTES] += [note]
    assert command("hold", "add", "--object", "contact_note:3", "--reason", "lawsuit").status == 0
    ran = command("delete", found, "--select", "contact:7", "--yes")
    assert ran.status == 1
    assert is_there(vendor)


def test_a_held_note_that_is_gone_stops_nothing_once_the_path_is_shown(command, vendor, found):
    vendor.tables[NOTES] += [{"id": 4, "contact": {"id": 99}}]
    assert command("hold", "add", "--object", "contact_note:3", "--reason", "lawsuit").status == 0
    assert command("delete", found, "--select", "contact:7", "--yes").status == 0
    assert not is_there(vendor)


def test_a_404_for_a_held_note_proves_nothing_where_other_notes_give_404_too(
    command, vendor, found
):
    vendor.tables[NOTES] += [{"id": 3, "contact": {"id": 7}}, {"id": 4, "contact": {"id": 99}}]
    vendor.always("GET", r"/contact-notes/\d+", Status(404))
    assert command("hold", "add", "--object", "contact_note:3", "--reason", "lawsuit").status == 0
    assert command("delete", found, "--select", "contact:7", "--yes").status == 1
    assert is_there(vendor)


@pytest.mark.parametrize(
    "written", [one for one in SPELLINGS if not one.startswith("external_id: 0")]
)
def test_a_hold_on_a_person_in_any_spelling_keeps_their_notes(
    command, vendor, tmp_path, found, written
):
    vendor.tables[NOTES] += [{"id": 3, "contact": {"id": 7}}]
    assert command("manifest", "export", tmp_path / "m").status == 0
    manifest = tmp_path / "m" / "connector.yaml"
    assert command("manifest", "enable", "contact_note", "--manifest", manifest).status == 0
    file = tmp_path / "notes.json"
    got = command("fetch", "--email", EMAIL, "--output", file, "--manifest", manifest)
    assert got.status in (0, 1)
    hold = tmp_path / "hold.yaml"
    hold.write_text(f"- {written}\n  reason: lawsuit\n")
    ran = command(
        "delete",
        file,
        "--select",
        "contact_note:3",
        "--hold",
        hold,
        "--yes",
        "--manifest",
        manifest,
    )
    assert ran.status in (1, 2)
    assert (NOTES, 3) not in vendor.deleted


def test_without_a_hold_the_note_is_deleted(command, vendor, tmp_path, found):
    """So that the test above can fail."""
    vendor.tables[NOTES] += [{"id": 3, "contact": {"id": 7}}, {"id": 4, "contact": {"id": 99}}]
    assert command("manifest", "export", tmp_path / "m").status == 0
    manifest = ("--manifest", tmp_path / "m" / "connector.yaml")
    assert command("manifest", "enable", "contact_note", *manifest).status == 0
    file = tmp_path / "notes.json"
    assert command("fetch", "--email", EMAIL, "--output", file, *manifest).status == 0
    assert command("delete", file, "--select", "contact_note:3", "--yes", *manifest).status == 0
    assert (NOTES, 3) in vendor.deleted


NEAR = [
    ("email: ada@example.com", {"email": "“ada@example.com”"}),
    ("email: ADA@example.com", {"email": "mailto:ada@example.com?subject=x"}),
    ("email: ada@gmail.com", {"email": "ada@googlemail.com"}),
    ("email: ada@example.com", {"email": "ada @ example.com"}),
    ("email: smith@example.com", {"email": "ſmith@example.com"}),
    ("email: ada@example.com", {"email": "ada%40example.com"}),
    ("email: ada@example.com", {"email": "ada&#64;example.com"}),
    ("email: ada@example.com", {"email": "ada＠example.com"}),
    ("phone: 612-555-0133", {"phone_cell": "612-555-0133 ext=5"}),
    ("phone: 555-0133", {"phone_cell": "612-555-0133"}),
    ("phone: '+1 (612) 555-0133'", {"phone_home": "call 6125550133 or 0134"}),
    ("external_id: 'LOS:0012345'", {"external_id": "LOS: 0012345"}),
]


@pytest.mark.parametrize(("written", "fields"), NEAR)
def test_a_hold_keeps_a_record_in_a_near_spelling(command, vendor, tmp_path, written, fields):
    record = {"phone_cell": "763-555-0199", "source": "LOS", **fields}
    vendor.tables["contacts"].append(contact(8, **{"email": "other@example.org", **record}))
    file = tmp_path / "near.json"
    flags = ("--service-id", "8")
    assert command("fetch", *flags, "--object-type", "contact", "--output", file).status == 0
    hold = tmp_path / "hold.yaml"
    hold.write_text(f"- {written}\n  reason: lawsuit\n")
    ran = command("delete", file, "--select", "contact:8", "--hold", hold, "--yes")
    assert ran.status in (1, 2)
    assert ("contacts", 8) not in vendor.deleted
    again = ("--receipts", tmp_path / "again.jsonl")
    assert command("delete", file, "--select", "contact:8", "--yes", *again).status == 0
    assert ("contacts", 8) in vendor.deleted, "only the hold kept it"


def test_a_hold_is_shown_where_the_state_directory_is_named_from_the_home_folder(
    command, vendor, found, monkeypatch, tmp_path
):
    hold = ("hold", "add", "--object", "contact:7", "--reason", "lawsuit")
    assert command(*hold).status == 0
    state = Path(os.environ["TE_STATE_DIR"])
    monkeypatch.setenv("HOME", str(state.parent))
    connection = {
        "connector": "total-expert",
        "base_url": vendor.base_url,
        "credentials": vendor.credentials,
        "state_dir": f"~/{state.name}",
    }
    job = prepare(
        connection,
        result.load(found),
        loading.load(),
        Choice(every=True),
        tmp_path / "receipts.jsonl",
    )
    assert (job.hold_count, job.open) == (1, [])
