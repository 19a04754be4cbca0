"""Settings come from flags and the environment."""

from __future__ import annotations

import os

import pytest
from command import MARIA, command_fixture, finished, started  # noqa: F401

from te_connector.cli import app


def test_flags_work_before_and_after_the_command(command, vendor, monkeypatch):
    url = vendor.base_url
    monkeypatch.delenv("TE_BASE_URL")
    assert command("--base-url", url, "--json", "validate").document["ok"]
    assert command("validate", "--base-url", url, "--json").document["ok"]


def test_a_flag_wins_over_the_environment(command, vendor, monkeypatch):
    monkeypatch.setenv("TE_BASE_URL", "http://127.0.0.1:1/v1")
    assert command("validate", "--base-url", vendor.base_url).status == 0


def test_an_empty_variable_counts_as_not_set(command, monkeypatch):
    monkeypatch.setenv("TE_MANIFEST", "")
    assert command("validate").status == 0


@pytest.mark.parametrize("name", ["TE_CLIENT_ID", "TE_CLIENT_SECRET"])
def test_half_of_the_credentials_is_an_error(command, vendor, monkeypatch, name):
    monkeypatch.delenv(name)
    ran = command("validate")
    assert (ran.status, ran.out) == (2, "")
    assert name in ran.err
    assert not vendor.log


def test_without_credentials_a_fetch_says_where_to_put_them(command, vendor, monkeypatch):
    monkeypatch.delenv("TE_CLIENT_ID")
    monkeypatch.delenv("TE_CLIENT_SECRET")
    ran = command("fetch", "--email", MARIA)
    assert ran.status == 2
    assert "te-connector login" in ran.err
    assert not vendor.log


def test_the_secret_may_come_from_a_file(command, vendor, monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text(vendor.credentials["client_secret"] + "\n")
    file.chmod(0o600)
    monkeypatch.delenv("TE_CLIENT_SECRET")
    monkeypatch.setenv("TE_CLIENT_SECRET_FILE", str(file))
    ran = command("validate")
    assert (ran.status, ran.err) == (0, "")
    file.chmod(0o644)
    ran = command("validate")
    assert ran.status == 0
    assert f"chmod 600 {file}" in ran.err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", None])
def test_a_secret_file_without_a_secret_is_an_error(command, monkeypatch, tmp_path, content):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.delenv("TE_CLIENT_SECRET")
    monkeypatch.setenv("TE_CLIENT_SECRET_FILE", str(file))
    ran = command("validate")
    assert (ran.status, ran.out) == (2, "")
    assert "TE_CLIENT_SECRET_FILE" in ran.err


def test_two_secrets_are_an_error(command, monkeypatch, tmp_path):
    monkeypatch.setenv("TE_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    ran = command("validate")
    assert ran.status == 2
    assert "Unset one" in ran.err


@pytest.mark.slow
def test_te_log_logs_ours_to_stderr_without_values(command):
    ran = finished(started("fetch", "--email", MARIA, "--quiet", env={"TE_LOG": "DEBUG"}))
    assert ran.status == 0
    assert "te_connector.api.client" in ran.err
    assert MARIA not in ran.err
    assert os.environ["TE_CLIENT_SECRET"] not in ran.err


def test_an_unknown_level_in_te_log_is_an_error(command, monkeypatch):
    monkeypatch.setenv("TE_LOG", "LOUD")
    ran = command("validate")
    assert ran.status == 2
    assert "TE_LOG" in ran.err


def test_the_log_is_started_once(monkeypatch):
    import logging

    logger = logging.getLogger("te_connector")
    before = logger.level, list(logger.handlers), logger.propagate
    monkeypatch.setenv("TE_LOG", "info")
    try:
        app._start_logging()
        app._start_logging()
        assert len(logger.handlers) == 1
    finally:
        logger.level, logger.handlers, logger.propagate = before


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t"])
def test_line_ends_and_blanks_around_credentials_are_ignored(command, vendor, monkeypatch, end):
    monkeypatch.setenv("TE_CLIENT_ID", vendor.credentials["client_id"] + end)
    monkeypatch.setenv("TE_CLIENT_SECRET", vendor.credentials["client_secret"] + end)
    assert command("validate").status == 0


def test_a_byte_order_mark_in_the_secret_file_is_ignored(command, vendor, monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xef\xbb\xbf" + vendor.credentials["client_secret"].encode() + b"\r\n")
    file.chmod(0o600)
    monkeypatch.delenv("TE_CLIENT_SECRET")
    monkeypatch.setenv("TE_CLIENT_SECRET_FILE", str(file))
    assert command("validate").status == 0


def test_a_tilde_in_a_path_is_the_home_folder(command, monkeypatch, tmp_path):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("TE_STATE_DIR", "~/te-state")
    assert command("validate").status == 0
    assert (home / "te-state").is_dir()
    assert command("fetch", "--email", MARIA, "--output", "~/result.json").status == 0
    assert (home / "result.json").is_file()


def test_profile_names_the_stored_login_and_so_does_the_old_flag(command, monkeypatch):
    assert command("login", "--profile", "east", "--json").document["name"] == "east"
    for name in ("TE_CLIENT_ID", "TE_CLIENT_SECRET", "TE_BASE_URL"):
        monkeypatch.delenv(name)
    assert command("fetch", "--email", MARIA).status == 2
    assert command("validate", "--profile", "east").status == 0
    assert command("validate", "--name", "east").status == 0
    assert command("--name", "east", "validate").status == 0
    assert "--name" not in command("validate", "--help").out
