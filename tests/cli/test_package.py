"""`package`."""

from __future__ import annotations

import pytest
from command import command_fixture, fetched  # noqa: F401


def test_a_weak_match_needs_a_decision_first(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "out")
    assert (ran.status, ran.err) == (1, "")
    assert "No package yet for 1 subject" in ran.out
    assert "--include contact:2340" in ran.out
    assert not (tmp_path / "out").exists()
    document = command(
        "package", tmp_path / "r.json", "--output", tmp_path / "out", "--json"
    ).document
    assert document["undecided"] == [
        {"subject": "req-1", "object_type": "contact", "id": "2340", "why": "weak"}
    ]


@pytest.mark.parametrize(("flag", "contacts"), [("--include", 3), ("--exclude", 2)])
def test_a_flag_decides(command, tmp_path, flag, contacts):
    fetched(command, "--output", tmp_path / "r.json")
    call = ("package", tmp_path / "r.json", "--output", tmp_path / "out", flag, "contact:2340")
    ran = command(*call)
    assert (ran.status, ran.err) == (0, "")
    assert f"{contacts} contact" in ran.out
    assert (tmp_path / "out" / "req-1" / "index.html").is_file()
    again = command(*call)
    assert (again.status, again.out) == (2, "")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2340", "--include #1 must be TYPE:ID"),
        ("contact:9999", "contact:9999 isn't in the result"),
        ("contact:2340=req-9", "doesn't match this subject"),
    ],
)
def test_a_decision_that_cannot_be_followed_is_an_error(command, tmp_path, value, says):
    fetched(command, "--output", tmp_path / "r.json")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "out", "--include", value)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert not (tmp_path / "out").exists()


def test_a_policy_decides_too(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    policy = tmp_path / "policy.yaml"
    policy.write_text("include: [contact:2340]\n")
    ran = command(
        "package", tmp_path / "r.json", "--output", tmp_path / "o", "--policy", policy, "--json"
    )
    assert ran.status == 0
    assert ran.document["packages"][0]["released"]["contact"] == 3
    policy.write_text("includ: []\n")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "p", "--policy", policy)
    assert ran.status == 2
    assert f"{policy}:1: " in ran.err
