"""How the command prints."""

from __future__ import annotations

import io
import json
import sys

import pytest
from command import command_fixture, fetched, flat  # noqa: F401
from vendor import DropBefore

from te_connector.cli import output
from te_connector.cli.output import Renderer, broken, clean, counted


def test_a_command_is_broken_where_the_shell_permits_it():
    parts = ["te-connector", "fetch", "--email", "o'neil@example.com", "--phone", "1" * 60]
    assert broken(parts, 80).splitlines() == [
        """  te-connector fetch --email 'o'"'"'neil@example.com' \\""",
        "    --phone " + "1" * 60,
    ]


def test_clean_leaves_plain_text_alone():
    assert clean("Zoë  X\n") == "Zoë X"
    assert clean("a\x00b") == "a·b"


def test_json_falls_back_to_escapes_where_the_stream_cannot_show_it(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    output.print_json({"name": "Zoë"})
    stream.flush()
    assert json.loads(stream.buffer.getvalue()) == {"name": "Zoë"}
    assert isinstance(Renderer().console.width, int)


def test_a_dropped_connection_is_a_problem_of_its_type_not_a_crash(command, vendor, edited):
    vendor.always("GET", "/users", DropBefore())
    ran = fetched(command, "--manifest", edited({"limits.retry_for": 1}))
    assert ran.status == 1
    assert "user: NOT complete" in flat(ran.out)


@pytest.mark.parametrize(
    ("count", "name", "text"),
    [
        (1, "contact", "1 contact"),
        (0, "user", "0 users"),
        (2000, "contact_survey_response", "2,000 contact survey responses"),
        (2, "lead_opportunity", "2 lead opportunities"),
        (1, "activity", "1 activity"),
    ],
)
def test_a_count_has_its_object_type_in_words(count, name, text):
    assert counted(count, name) == text
