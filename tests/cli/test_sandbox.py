"""`sandbox`."""

from __future__ import annotations

import signal
import socket

import pytest
from command import command_fixture, finished, started  # noqa: F401


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_settings_and_ends_on_a_signal(number):
    process = started("sandbox", "--contacts", "13", "--no-token-limit")
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    assert [line.partition(" ")[0] for line in lines] == ["export"] * 3
    settings = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert set(settings) == {"TE_BASE_URL", "TE_CLIENT_ID", "TE_CLIENT_SECRET"}
    ran = finished(started("validate", env=settings))
    assert ran.status == 0, ran.out
    process.send_signal(number)
    assert finished(process).status == 0


@pytest.mark.slow
def test_it_misbehaves_on_request(tmp_path):
    process = started("sandbox", "--misbehave", "no-users-scope", "--misbehave", "short-pages")
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    settings = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    ran = finished(started("validate", env={**settings, "TE_STATE_DIR": str(tmp_path)}))
    process.send_signal(signal.SIGINT)
    assert finished(process).status == 0
    assert ran.status == 1
    assert "getUsers" in ran.out


def test_it_lists_its_misbehaviors(command):
    ran = command("sandbox", "--misbehave", "list")
    assert ran.status == 0
    assert "short-pages             Pages hold at most 7 rows." in ran.out.splitlines()


def test_an_unknown_misbehavior_gets_a_suggestion(command):
    ran = command("sandbox", "--misbehave", "soft-deletes")
    assert (ran.status, ran.out) == (2, "")
    assert "Did you mean soft-delete?" in ran.err


def test_a_port_in_use_is_an_error(command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("sandbox", "--port", taken.getsockname()[1])
    assert (ran.status, ran.out) == (2, "")
    assert "Can't use port" in ran.err
