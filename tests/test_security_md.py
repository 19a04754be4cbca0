"""SECURITY.md is true: every test that it names exists, and nothing is left to fill in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)


def text_of(file: str) -> str:
    """A test file's text; the page names files without their folders."""
    (found,) = (ROOT / "tests").rglob(file)
    return found.read_text(encoding="utf-8")


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert f"def {name}(" in text_of(file)


def test_every_row_of_the_table_names_a_test() -> None:
    table = TEXT.split("| fault | outcome | test |")[1].split("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(lines) > 40
    assert not [line for line in lines if "::" not in line]


def test_every_test_against_a_hostile_vendor_or_file_is_in_the_table() -> None:
    rest = {
        "test_a_certificate_of_a_named_authority_is_trusted",
        "test_credentials_that_are_refused_are_asked_about_once",
        "test_a_deletion_whose_answer_drips_is_settled_by_reading",
        "test_odd_fields_next_to_a_good_token_do_no_harm",
        "test_the_limits_of_this_file_are_those_that_the_package_ships",
    }
    text = text_of("test_hostile_vendor.py")
    assert set(re.findall(r"\ndef (test_\w+)\(", text)) - rest == {
        name for file, name in NAMED if file == "test_hostile_vendor.py"
    }


def test_the_page_has_no_placeholders() -> None:
    assert not re.search(r"TODO|TBD|FIXME|example\.com|\[[A-Z ]+\]|<[a-z ]+>", TEXT)
