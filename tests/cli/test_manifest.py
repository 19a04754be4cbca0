"""``manifest check``, ``show``, ``export`` and ``enable``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml
from command import command_fixture  # noqa: F401

from te_connector.cli.commands import manifest as manifests
from te_connector.errors import Fault
from te_connector.manifest.loading import load


@pytest.fixture(name="copy")
def _copy(command, tmp_path: Path) -> Path:
    assert command("manifest", "export", tmp_path / "mine").status == 0
    return tmp_path / "mine" / "connector.yaml"


def test_an_exported_manifest_is_whole_and_has_no_faults(command, copy):
    ran = command("manifest", "check", copy)
    assert (ran.status, ran.err) == (0, "")
    assert "has no faults" in ran.out
    assert command("manifest", "check", copy.parent, "--json").document == {
        "ok": True,
        "faults": [],
    }


def test_an_editor_finds_the_grammar_of_an_exported_manifest(copy):
    first = copy.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (copy.parent / first.partition("$schema=")[2]).is_file()


def test_an_exported_manifest_works_without_the_packaged_one(command, copy, vendor):
    assert command("validate", "--manifest", copy).status == 0
    names = {item["schema"] for item in yaml.safe_load(copy.read_text())["objects"].values()}
    assert {file.name for file in (copy.parent / "schemas").iterdir()} == {
        *names,
        "manifest.schema.json",
    }


def test_a_folder_that_is_not_empty_is_left_alone(command, copy):
    copy.write_text("mine")
    ran = command("manifest", "export", copy.parent)
    assert (ran.status, ran.out) == (2, "")
    assert "isn't empty" in ran.err
    assert copy.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_reported(command, copy):
    ran = command("manifest", "export", copy / "below")
    assert (ran.status, ran.out) == (2, "")
    assert "Can't write" in ran.err


def test_export_shows_what_it_wrote(command, tmp_path):
    answer = command("manifest", "export", tmp_path / "other", "--json").document
    assert Path(answer["manifest"]).is_file()
    assert "manifest.schema.json" in answer["schemas"]


def test_check_shows_all_faults_at_once_with_their_lines_and_the_meant_key(command, copy):
    text = copy.read_text().replace("scope: getUsers", "scop: getUsers", 1)
    text = text.replace("compare: phone", "compare: fone", 1)
    copy.write_text(text)
    lines = text.splitlines()
    ran = command("manifest", "check", copy)
    assert (ran.status, ran.out) == (2, "")
    faults = [line for line in ran.err.splitlines() if line.startswith(f"{copy}:")]
    assert len(faults) == 3
    assert "did you mean 'scope'?" in ran.err
    assert "did you mean 'phone'?" in ran.err
    for fault in faults:
        number = int(fault[len(f"{copy}:") :].partition(":")[0])
        assert f"| {lines[number - 1]}"[:40].strip() in ran.err
    answer = command("manifest", "check", copy, "--json")
    assert answer.status == 2
    told = [
        {"path": str(copy), "line": int(line), "message": message}
        for line, _, message in (fault.removeprefix(f"{copy}:").partition(": ") for fault in faults)
    ]
    assert answer.document == {"ok": False, "faults": told}
    assert answer.err == ""


def test_check_takes_the_manifest_of_the_settings(command, copy, monkeypatch):
    copy.write_text("[]")
    monkeypatch.setenv("TE_MANIFEST", str(copy))
    assert command("manifest", "check").status == 2
    monkeypatch.delenv("TE_MANIFEST")
    assert command("manifest", "check").status == 0


def test_check_of_a_file_that_is_not_there_is_one_line(command, tmp_path):
    ran = command("manifest", "check", tmp_path / "none.yaml")
    assert (ran.status, len(ran.err.splitlines())) == (2, 1)


def test_a_fault_without_a_line_of_text_is_reported_alone(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\n\n")
    assert manifests._source(Fault(str(file), 2, "wrong")) == []
    assert manifests._source(Fault(str(file), 9, "wrong")) == []
    assert manifests._source(Fault("no place", 1, "wrong")) == []
    assert manifests._source(Fault(str(file), 1, "wrong")) == ["      1 | a: 1"]


def test_show_shows_what_a_manifest_amounts_to(command, copy):
    copy.write_text(copy.read_text().replace("count: 1000", "count: 2500"))
    ran = command("manifest", "show", copy)
    assert (ran.status, ran.err) == (0, "")
    for text in (
        "email: email, email_work",
        "leadSurveyInteraction",
        "deletable",
        "no, not through the API",
        "Not searched",
        "2,500 in 60 seconds",
    ):
        assert text in ran.out
    assert max(map(len, ran.out.splitlines())) <= max(80, len(str(copy)))
    answer = command("manifest", "show", "--json").document
    assert [item["name"] for item in answer["object_types"]][0] == "contact"
    assert os.path.basename(answer["path"]) == "connector.yaml"


def test_nothing_of_it_needs_a_network(command, vendor, copy):
    command("manifest", "show", copy)
    shutil.rmtree(copy.parent)
    assert not vendor.log


def test_enable_turns_types_on_in_the_manifest_in_use(command, copy):
    copy.chmod(0o640)
    ran = command("manifest", "enable", "contact_note", "loan", "--manifest", copy)
    assert (ran.status, ran.err) == (0, "")
    assert "contact_note, loan" in ran.out
    assert "loanInteraction" in ran.out
    assert load(copy).objects["contact_note"].access
    assert copy.stat().st_mode & 0o777 == 0o640
    again = command("manifest", "enable", "loan", "--manifest", copy, "--json")
    assert again.document == {"enabled": [], "scopes": []}
    assert command("manifest", "enable", "loan").status == 2
