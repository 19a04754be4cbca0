"""docs/errors.md explains every code that a person can meet, and no other."""

import re
from pathlib import Path
from typing import get_args

import pytest

from te_connector import errors
from te_connector.contract import ProblemCode

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "errors.md").read_text("utf-8")
EXPLAINED = dict(re.findall(r"^### ([a-z_]+)\n(.*?)(?=^##|\Z)", DOC, re.M | re.S))


TABLE = DOC.partition("## Codes under `problems`")[2].partition("\n## ")[0]
PROBLEMS = set(get_args(ProblemCode))
ERRORS = {
    error.code
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.ConnectorError)
}


def test_every_code_is_explained_and_nothing_else():
    assert set(EXPLAINED) == ERRORS | PROBLEMS


def test_the_table_lists_every_problem_code_once():
    listed = re.findall(r"^\| `([a-z_]+)` \|", TABLE, re.M)
    assert sorted(listed) == sorted(PROBLEMS)


def test_every_problem_that_the_code_can_report_is_in_the_contract():
    told = r'(?:\.flaw|\.problem|_tell|mark_incomplete|Note|problem)\(\s*"([a-z_]+)"|"code": "([a-z_]+)"'
    found = set()
    for file in (ROOT / "te_connector" / "search").rglob("*.py"):
        found |= {match[1] or match[2] for match in re.finditer(told, file.read_text("utf-8"))}
    assert found
    assert found <= PROBLEMS


@pytest.mark.parametrize("code", sorted(EXPLAINED))
def test_each_says_what_happened_and_what_to_do(code):
    assert "**What happened.**" in EXPLAINED[code]
    assert "**What to do.**" in EXPLAINED[code]


def test_the_codes_that_ask_for_a_second_look_are_those_of_the_command():
    from te_connector.review import SECOND_LOOK

    section = DOC.partition("## Records that need a second look")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### ([a-z_]+)", section, re.M)) == SECOND_LOOK
