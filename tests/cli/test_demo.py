"""The demo shows a whole request and leaves its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import finished, in_terminal, started

from te_connector import result
from te_connector.__main__ import main
from te_connector.cli.demo.command import new_folder
from te_connector.cli.demo.report import DemoReport
from te_connector.cli.demo.run import DemoRun


@pytest.mark.slow
def test_it_shows_the_request_from_beginning_to_end_within_20_seconds(tmp_path):
    ran = finished(started("demo", cwd=tmp_path), seconds=20)
    assert (ran.status, ran.err) == (0, "")
    for text in (
        "1  Is the connection ready?",
        "2  Who do we search for, and how?",
        "3  What did we find, and why is it hers?",
        "email (email), phone (phone_cell)",
        "Near matches (left out",
        "4  What did we not search?",
        "5  What does she get?",
        "6  What did we delete?",
        "7  How do we know?",
        "entries are unchanged",
        "no deleted record is there",
        "8  Where are the files?",
    ):
        assert text in " ".join(ran.out.split()).replace("  ", " ") or text in ran.out, text
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "\x1b" not in ran.out


@pytest.mark.slow
def test_it_leaves_its_files_in_a_folder_that_it_names(tmp_path):
    ran = finished(started("demo", cwd=tmp_path))
    (folder,) = tmp_path.iterdir()
    assert folder.name in ran.out
    assert folder.name.startswith("te-connector-demo-")
    assert len(result.load(folder / "result.json").records) == 8
    receipts = [json.loads(line) for line in (folder / "receipts.jsonl").read_text().splitlines()]
    assert [receipt["status"] for receipt in receipts].count("deleted") == 2
    assert (folder / "package" / "request-2026-001" / "index.html").is_file()
    assert list((folder / "state").glob("accounts/*/audit.jsonl"))


@pytest.mark.slow
def test_in_a_terminal_it_has_colors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, shown = in_terminal("demo")
    assert status == 0
    assert "\x1b[1;36m" in shown


@pytest.mark.slow
def test_json_is_one_document(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["validation"]["ok"]
    assert Path(document["folder"]).is_dir()
    assert document["audit"]["faults"] == []


def test_it_runs_in_this_process(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    assert "8  Where are the files?" in capsys.readouterr().out


@pytest.mark.slow
def test_it_reports_what_goes_wrong(tmp_path, monkeypatch, capsys):
    from te_connector.operations.audit import Verification
    from te_connector.sandbox import Misbehavior, Sandbox

    with Sandbox(14, misbehavior=Misbehavior(missing_scopes=("getUsers",))) as sandbox:
        run = DemoRun(sandbox, tmp_path)
        run.run()
    run.verification = Verification(1, ("line 1: changed",), ())
    run.remaining = run.found
    DemoReport(run).show()
    out = " ".join(capsys.readouterr().out.split())
    assert "User: NOT complete" in out
    assert "The audit trail has 1 fault." in out
    assert "2 of the deleted records are still there" in out


def test_it_says_why_it_cannot_create_its_folder(tmp_path, monkeypatch):
    from te_connector.errors import StateError

    with pytest.raises(StateError, match="Can't create"):
        new_folder(tmp_path / "none")

    def there(*_: object, **__: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", there)
    with pytest.raises(StateError, match="already exists"):
        new_folder(tmp_path)
