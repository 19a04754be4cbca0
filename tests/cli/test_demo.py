"""The demo tells the whole story, quickly, and leaves its files."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from command import finished, in_terminal, started

from te_connector import result
from te_connector.__main__ import main
from te_connector.cli import demo


def test_it_tells_the_story_in_plain_words_within_20_seconds(tmp_path):
    began = time.monotonic()
    ran = finished(started("demo", cwd=tmp_path))
    assert (ran.status, ran.err) == (0, "")
    assert time.monotonic() - began < 20
    for text in (
        "1  What was checked first",
        "2  Who was looked for, and how",
        "3  What was found, where, and by which identifier",
        "email (email), phone (phone_cell)",
        "Came close, and is not hers",
        "4  What was not searched",
        "5  What she gets",
        "6  What was deleted",
        "7  How that was proven",
        "chained and unchanged",
        "no deleted record is there",
        "8  The files",
    ):
        assert text in " ".join(ran.out.split()).replace("  ", " ") or text in ran.out, text
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "\x1b" not in ran.out


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


def test_in_a_terminal_it_is_in_colour(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, shown = in_terminal("demo")
    assert status == 0
    assert "\x1b[1;36m" in shown


def test_json_is_one_document(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["validation"]["ok"]
    assert Path(told["folder"]).is_dir()
    assert told["audit"]["faults"] == []


def test_the_story_in_this_process(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    assert "8  The files" in capsys.readouterr().out


def test_what_went_wrong_would_be_told(tmp_path, monkeypatch, capsys):
    from te_connector.cli.telling import Teller
    from te_connector.operations.audit import Verdict
    from te_connector.sandbox import Misbehavior, Sandbox

    with Sandbox(14, misbehavior=Misbehavior(missing_scopes=("getUsers",))) as sandbox:
        story = demo.Story(sandbox, tmp_path)
        story.run()
    story.verdict = Verdict(1, ("line 1: changed",), ())
    story.left = story.found
    Teller(story).tell()
    out = " ".join(capsys.readouterr().out.split())
    assert "User: NOT complete" in out
    assert "The audit trail has 1 fault." in out
    assert "2 of the deleted records are there" in out


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    from te_connector.errors import StateError

    with pytest.raises(StateError, match="cannot be made"):
        demo._new_folder(tmp_path / "none")

    def there(*_: object, **__: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(Path, "mkdir", there)
    with pytest.raises(StateError, match="there already"):
        demo._new_folder(tmp_path)
