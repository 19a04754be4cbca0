"""`login`, `logout`, and `purge`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command import MARIA, command_fixture, deleted, in_terminal  # noqa: F401


def test_login_stores_credentials_for_one_host_and_logout_removes_them(
    command, vendor, monkeypatch, tmp_path
):
    secret = vendor.credentials["client_secret"]
    ran = command("login")
    assert ran.status == 0
    assert f"for {vendor.base_url} only" in ran.out
    for name in ("TE_CLIENT_ID", "TE_CLIENT_SECRET", "TE_BASE_URL"):
        monkeypatch.delenv(name)
    state = Path(os.environ["TE_STATE_DIR"])
    assert not any(secret.encode() in file.read_bytes() for file in state.rglob("*.*"))
    assert command("validate").status == 0
    assert "no audit trail" in command("audit", "verify").err
    assert list(state.glob("accounts/*/token"))
    ran = command("logout")
    assert "Removed the credentials 'default' and 1 token." in ran.out
    assert not list(state.glob("accounts/*/token"))
    assert list(state.glob("hosts/*/*.window"))
    assert "No credentials are stored" in command("logout").out
    assert command("fetch", "--email", MARIA).status == 2


def test_logout_without_the_key_removes_every_token(command, monkeypatch):
    command("login", "--json", "--quiet")
    command("validate")
    Path(os.environ["TE_KEY_FILE"]).unlink()
    assert command("logout", "--json").document == {
        "name": "default",
        "credentials": True,
        "tokens": 1,
    }


def test_login_without_a_terminal_or_settings_is_an_error(command, monkeypatch):
    monkeypatch.delenv("TE_CLIENT_ID")
    monkeypatch.delenv("TE_CLIENT_SECRET")
    ran = command("login")
    assert (ran.status, ran.out) == (2, "")
    assert "no terminal" in ran.err


@pytest.mark.slow
def test_login_in_a_terminal_asks_without_echo(command, vendor, monkeypatch):
    given = vendor.credentials
    monkeypatch.delenv("TE_CLIENT_ID")
    monkeypatch.delenv("TE_CLIENT_SECRET")
    status, shown = in_terminal(
        "login", answers=f"{given['client_id']}\n{given['client_secret']}\n"
    )
    assert status == 0, shown
    assert given["client_secret"] not in shown
    assert given["client_id"] not in shown
    assert command("validate").status == 0


def test_purge_removes_the_audit_trails_and_says_so(command, tmp_path):
    deleted(command, tmp_path)
    ran = command("purge")
    assert (ran.status, ran.out) == (2, "")
    assert "--yes" in ran.err
    ran = command("purge", "--yes")
    assert ran.status == 0
    assert "audit.jsonl" in ran.out
    assert not list(Path(os.environ["TE_STATE_DIR"]).rglob("audit*"))
    assert "has nothing about people" in command("purge").out
    assert command("purge", "--json").document["removed"] == []


@pytest.mark.slow
def test_purge_asks_in_a_terminal(command, tmp_path):
    deleted(command, tmp_path)
    status, shown = in_terminal("purge", answers="n\n")
    assert status == 0
    assert "Nothing was removed." in shown
    status, shown = in_terminal("purge", answers="y\n")
    assert status == 0
    assert "audit.jsonl" in shown
    assert not list(Path(os.environ["TE_STATE_DIR"]).rglob("audit*"))


def test_purge_names_a_file_that_it_cannot_remove(command, tmp_path, monkeypatch):
    deleted(command, tmp_path)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    ran = command("purge", "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert "Can't remove" in ran.err
