"""A hold stops a deletion in every spelling of the person, also through what belongs to them."""

from __future__ import annotations

import pytest
from command import command_fixture  # noqa: F401
from vendor import contact

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
