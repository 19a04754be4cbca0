"""`show RESULT` prints an earlier answer as `fetch` printed it."""

from __future__ import annotations

import json

from command import command_fixture, fetched  # noqa: F401


def test_show_prints_what_fetch_printed_and_sends_nothing(command, vendor, tmp_path):
    file = tmp_path / "r.json"
    printed = fetched(command, "--output", file).out
    sent = len(vendor.log)
    ran = command("show", file)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Fetched at {json.loads(file.read_text())['fetched_at']}")
    assert ran.out.endswith(printed)
    assert len(vendor.log) == sent


def test_show_needs_no_credentials(command, monkeypatch, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    for name in ("TE_CLIENT_ID", "TE_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    assert command("show", tmp_path / "r.json").status == 0


def test_show_prints_json_on_request(command, tmp_path):
    file = tmp_path / "r.json"
    fetched(command, "--output", file)
    assert command("show", file, "--json").document == json.loads(file.read_text())


def test_an_edited_file_is_an_error(command, tmp_path):
    file = tmp_path / "r.json"
    fetched(command, "--output", file)
    file.write_text(file.read_text().replace("Alvarez", "Alvares"))
    ran = command("show", file)
    assert (ran.status, ran.out) == (2, "")
    assert "digest" in ran.err
