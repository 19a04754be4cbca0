"""docs/errors.md explains every code that a person can meet, and no other."""

import re
from pathlib import Path

import pytest

from te_connector import errors

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "errors.md").read_text("utf-8")
EXPLAINED = dict(re.findall(r"^### ([a-z_]+)\n(.*?)(?=^##|\Z)", DOC, re.M | re.S))


def codes() -> set[str]:
    found = {getattr(errors, name).code for name in errors.__all__}
    problem = r'(?:\.flaw|\.problem|_tell)\(\s*"([a-z_]+)"|"code": "([a-z_]+)"'
    for file in (ROOT / "te_connector").rglob("*.py"):
        for match in re.finditer(problem, file.read_text("utf-8")):
            found.add(match[1] or match[2])
    return found


def test_every_code_is_explained_and_nothing_else():
    assert set(EXPLAINED) == codes()


@pytest.mark.parametrize("code", sorted(EXPLAINED))
def test_each_says_what_happened_and_what_to_do(code):
    assert "**What happened.**" in EXPLAINED[code]
    assert "**What to do.**" in EXPLAINED[code]


def test_the_codes_that_ask_for_a_second_look_are_those_of_the_command():
    from te_connector.cli.fetching import LOOK_TWICE

    section = DOC.partition("## Records that ask for a second look")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### ([a-z_]+)", section, re.M)) == LOOK_TWICE
