"""Holds that last: added, listed, released, and the letter for what can't be deleted."""

from __future__ import annotations

import pytest
from command import (
    MARIA,
    command_fixture,  # noqa: F401
    people,
)
from vendor import contact

pytestmark = pytest.mark.slow


def test_holds_are_listed_with_what_they_hold_and_end_when_they_are_released(command):
    assert "no holds" in command("hold", "list").err
    first = command("hold", "add", "--object", "contact:7", "--reason", "lawsuit", "--actor", "ann")
    assert first.status == 0 and "added" in first.out
    command(
        "hold", "add", "--email", "a@example.com", "--email", "b@example.com", "--reason", "loan"
    )
    shown = command("hold", "list")
    for text in ("contact:7", "lawsuit", "ann", "a@example.com", "b@example.com", "loan"):
        assert text in shown.out
    held = command("hold", "list", "--json").document
    assert [one["reason"] for one in held["holds"]] == ["lawsuit", "loan"]
    ended = command("hold", "release", held["holds"][0]["id"], "--reason", "settled")
    assert ended.status == 0 and "ended" in ended.out
    assert [one["reason"] for one in command("hold", "list", "--json").document["holds"]] == [
        "loan"
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "--reason", "x"),
        ("add", "--object", "contact", "--reason", "x"),
        ("add", "--object", "contact:0x1F", "--reason", "x"),
        ("add", "--object", "nothing:1", "--reason", "x"),
        ("add", "--email", "mailto:a@example.com", "--reason", "x"),
        ("add", "--object", "contact:7", "--reason", " "),
        ("release", "--reason", "x"),
        ("release", "h-1", "--object", "contact:7", "--reason", "x"),
        ("release", "h-00000000", "--reason", "x"),
    ],
)
def test_what_cannot_be_a_hold_is_refused(command, words):
    assert command("hold", *words).status == 2
    assert command("hold", "list", "--json").document["holds"] == []


def test_an_object_that_only_comes_close_is_freed_for_one_account(command, vendor, tmp_path):
    vendor.tables["contacts"].append(contact(8, email="ada@googlemail.com"))
    command("hold", "add", "--email", "ada@gmail.com", "--reason", "lawsuit")
    file = tmp_path / "r.json"
    assert command("fetch", "--email", "ada@googlemail.com", "--output", file).status == 0
    refused = command("delete", file, "--all", "--yes")
    assert refused.status == 1 and "close to a hold" in " ".join(refused.out.split())
    assert ("contacts", 8) not in vendor.deleted
    freed = command("hold", "release", "--object", "contact:8", "--reason", "another person")
    assert freed.status == 0
    assert command("hold", "list", "--json").document["freed"]
    again = command("delete", file, "--all", "--yes", "--receipts", tmp_path / "again.jsonl")
    assert again.status == 0
    assert ("contacts", 8) in vendor.deleted


def test_the_letter_names_what_the_api_cannot_delete_and_no_person(command, vendor, tmp_path):
    people(vendor)
    file = tmp_path / "maria.json"
    command("fetch", "--email", MARIA, "--output", file)
    letter = command("show", "--undeletable", file)
    assert letter.status == 0
    ids = [str(one["id"]) for one in vendor.tables["contact-survey-responses"]]
    assert any(one in letter.out for one in ids)
    assert MARIA not in letter.out and "Alvarez" not in letter.out
