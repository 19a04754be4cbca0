"""Runs the command for tests: in this process, in another one, or in a terminal of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from vendor import Vendor, contact, response

from te_connector.__main__ import main

MARIA = "maria.alvarez@example.com"
PHONE = "763-555-0123"


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


class Command:
    """``command("fetch", "--email", …)`` in this process, with the settings of a vendor."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *argv: object) -> Ran:
        self._capsys.readouterr()
        status = main([str(part) for part in argv])
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(status, captured.out, captured.err)


def started(*argv: object, env: Mapping[str, str] | None = None, **more: Any) -> Any:
    """The command in another process."""
    return subprocess.Popen(
        [sys.executable, "-m", "te_connector", *map(str, argv)],
        env={**os.environ, **(env or {})},
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            **more,
        },
    )


def finished(process: Any, seconds: float = 30) -> Ran:
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return Ran(process.returncode, out, err)


def in_terminal(*argv: object, answers: str = "", seconds: float = 30) -> tuple[int, str]:
    """The command in a terminal of 80 columns: its exit status and all that it showed."""
    ours, theirs = pty.openpty()
    process = started(
        *argv, env={"TERM": "xterm-256color"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown, until = b"", time.monotonic() + seconds
    waiting = answers.encode()
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
        elif process.poll() is not None:
            break
        if waiting and shown.rstrip(b" ").endswith((b":", b"?")):
            line, _, waiting = waiting.partition(b"\n")
            time.sleep(0.1)  # the echo is switched off after the question is shown
            os.write(ours, line + b"\n")
            shown += b"<answered>"
    os.close(ours)
    return process.wait(10), shown.decode("utf-8", "replace")


def settings_of(vendor: Vendor) -> dict[str, str]:
    return {
        "TE_BASE_URL": vendor.base_url,
        "TE_CLIENT_ID": vendor.credentials["client_id"],
        "TE_CLIENT_SECRET": vendor.credentials["client_secret"],
    }


def people(vendor: Vendor) -> None:
    """Maria has two contacts and three survey responses, and one contact shares her phone."""
    vendor.tables["contacts"] += [
        contact(2312, first_name="Gunnar", email="gunnar@example.net", phone_cell="651-555-0123"),
        contact(2317, first_name="Maria", last_name="Alvarez", email=MARIA, phone_cell=PHONE),
        contact(2328, first_name="Maria", email_work=MARIA.title()),
        contact(2334, first_name="Mariana", email="maria.alvarez+home@example.com"),
        contact(2340, first_name="Daniel", email="daniel@example.com", phone_home=PHONE),
    ]
    vendor.tables["contact-survey-responses"] += [
        response(1, 2317),
        response(2, 2317),
        response(3, 2312),
    ]


@pytest.fixture(name="command")
def command_fixture(
    capsys: pytest.CaptureFixture[str], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> Command:
    for name, value in settings_of(vendor).items():
        monkeypatch.setenv(name, value)
    people(vendor)
    return Command(capsys)


def flat(out: str) -> str:
    """The output on one line, with wrapped commands joined."""
    return " ".join(out.replace("\\\n", " ").split())


def fetched(command, *more):
    return command("fetch", "--email", MARIA, "--phone", PHONE, *more)


def deleted(command, tmp_path):
    file = tmp_path / "r.json"
    command("fetch", "--email", MARIA, "--output", file)
    return command("delete", file, "--all", "--yes", "--json").document
