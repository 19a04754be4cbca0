"""`audit verify` and `audit show`."""

from __future__ import annotations

import os
from pathlib import Path

from command import MARIA, command_fixture, deleted  # noqa: F401


def test_audit_verify_finds_a_changed_receipt_and_a_changed_line(command, tmp_path):
    deleted(command, tmp_path)
    receipts = tmp_path / "r.receipts.jsonl"
    ran = command("audit", "verify", receipts)
    assert (ran.status, ran.err) == (0, "")
    assert "nothing was changed" in ran.out
    receipts.write_text(receipts.read_text().replace('"deleted"', '"refused"', 1))
    ran = command("audit", "verify", receipts)
    assert ran.status == 1
    assert "was changed" in ran.out
    (trail,) = Path(os.environ["TE_STATE_DIR"]).glob("accounts/*/audit.jsonl")
    trail.write_text(trail.read_text().replace("req-1", "req-2", 1))
    answer = command("audit", "verify", "--json")
    assert answer.status == 1
    assert answer.document["ok"] is False
    assert answer.document["faults"]


def test_audit_verify_reports_an_unfinished_last_line_without_calling_it_a_fault(command, tmp_path):
    deleted(command, tmp_path)
    (trail,) = Path(os.environ["TE_STATE_DIR"]).glob("accounts/*/audit.jsonl")
    with trail.open("a") as file:
        file.write('{"seq":99,"ki')
    ran = command("audit", "verify")
    assert ran.status == 0
    assert "the last line is unfinished" in ran.out


def test_audit_show_prints_one_deletions_story(command, tmp_path):
    receipt = deleted(command, tmp_path)["receipts"][0]["receipt_id"]
    ran = command("audit", "show", receipt)
    assert (ran.status, ran.err) == (0, "")
    for text in ("The deletion was requested", "About to send DELETE", "status: deleted"):
        assert text in ran.out
    assert MARIA not in ran.out
    entries = command("audit", "show", receipt, "--json").document["entries"]
    assert [entry["kind"] for entry in entries][-1] == "receipt"


def test_audit_needs_an_account_and_a_receipt_that_is_there(command, monkeypatch, tmp_path):
    ran = command("audit", "show", "none")
    assert ran.status == 1
    assert "no audit trail" in ran.err
    assert command("audit", "verify", tmp_path / "none.jsonl").status == 2
    monkeypatch.delenv("TE_CLIENT_ID")
    monkeypatch.delenv("TE_CLIENT_SECRET")
    ran = command("audit", "verify")
    assert ran.status == 2
    assert "No account selected" in ran.err
