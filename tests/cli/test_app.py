"""The command itself: help, errors, streams, and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from command import MARIA, command_fixture, finished, started  # noqa: F401
from vendor import Hang

from te_connector import host
from te_connector.cli import app, streams
from te_connector.errors import (
    AnswerError,
    ConnectorError,
    CredentialsRefused,
    Stopped,
    Unreachable,
    UsageError,
)

COMMANDS = """demo sandbox validate discover fetch show delete package login logout purge
    audit audit:verify audit:show manifest manifest:check manifest:show manifest:export""".split()


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("part", ["click", "rich"])
def test_without_its_extra_it_names_the_command_to_install_it(part):
    ran = python(
        f"import sys; sys.modules[{part!r}] = None\n"
        "from te_connector.__main__ import main; sys.exit(main(['discover']))"
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert 'pip install "te-connector[cli]"' in ran.stderr


def test_help_imports_nothing_heavy():
    ran = python(
        "import sys; from te_connector.__main__ import main; main(['--help'])\n"
        "heavy = {'requests', 'jsonschema', 'flask', 'faker', 'yaml', 'phonenumbers', 'keyring'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command, name):
    ran = command(*name.split(":"), "--help")
    assert ran.status == 0
    assert ran.out.startswith("Usage: te-connector")
    assert all(len(line) <= 80 for line in ran.out.splitlines())


@pytest.mark.parametrize("name", ["", "audit", "manifest"])
def test_a_group_alone_shows_its_help(command, name):
    ran = command(*filter(None, [name]))
    assert ran.status == 0
    assert "Commands:" in ran.out


def test_python_m_is_the_command_too():
    ran = finished(started("--version"))
    assert ran.status == 0
    assert ran.out.startswith("te-connector ")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["fetsch"], "Did you mean fetch?"),
        (["maria.alvarez@example.com"], "No such command"),
        (["fetch", "--emial", "x@example.com"], "Did you mean --email?"),
        (["fetch", "--zz=maria"], "No such option."),
        (["fetch", "maria.alvarez@example.com"], "Too many arguments"),
        (["fetch", "--email"], "requires an argument"),
        (["fetch", "--email", MARIA, "--coverage", "maria"], "one of exhaustive, quick"),
        (["sandbox", "--port", "maria"], "must be integer"),
        (["delete"], "Missing argument"),
        (["fetch"], "Add an identifier"),
        (["fetch", "--email", MARIA, "--subjects", "x.jsonl"], "not both"),
        (["fetch", "--email", MARIA, "--plan", "--output", "x.json"], "--plan writes no file"),
        (["fetch", "--email", "maria"], "email #1 isn't a valid e-mail address"),
        (["fetch", "--email", MARIA, "--object-type", "maria"], "no such object type"),
        (["fetch", "--email", MARIA, "--output", "no/such/x.json"], "doesn't exist"),
        (["fetch", "--email", MARIA, "--output", "."], "is a folder"),
        (["fetch", "--email", MARIA, "--proxy", "http://maria:pw@127.0.0.1:1"], "HTTPS_PROXY"),
        (["fetch", "--email", MARIA, "--proxy", "http://[maria"], "isn't a valid URL"),
        (["fetch", "--email", MARIA, "--manifest", "nowhere.yaml"], "cannot be read"),
    ],
)
def test_a_wrong_call_gets_one_sentence_without_personal_data(command, vendor, argv, says):
    ran = command(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "maria" not in ran.err.lower()
    assert not vendor.log


def test_faults_of_a_subjects_file_are_listed_by_line(command, vendor, tmp_path):
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "a", "identifiers": {"email": ["x@example.com"]}}\n{"id": 1}\nmaria\n')
    ran = command("fetch", "--subjects", file)
    assert (ran.status, ran.out) == (2, "")
    assert f"{file}:3: " in ran.err
    assert "maria" not in ran.err
    assert not vendor.log


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 2),
        (Unreachable("x"), 3),
        (CredentialsRefused("x"), 3),
        (Stopped(), 130),
        (AnswerError("x"), 1),
        (ConnectorError("x"), 1),
    ],
)
def test_each_error_has_its_status_and_shows_its_code(command, monkeypatch, error, status):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(host, "validate", fail)
    ran = command("validate")
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.startswith("te-connector: ")
    assert f"[{error.code}]" in ran.err


def test_an_unexpected_error_shows_its_type_but_not_its_text(command, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyError(MARIA)

    monkeypatch.setattr(host, "discover", fail)
    ran = command("discover")
    assert ran.status == 1
    assert "KeyError" in ran.err
    assert "TE_LOG=DEBUG" in ran.err
    assert MARIA not in ran.err


@pytest.mark.parametrize(
    ("module", "extra"),
    [("faker", "cli"), ("dbos", "portal"), ("sqlalchemy.orm", "portal"), ("authlib", "oidc")],
)
def test_a_command_whose_extra_is_missing_names_it(command, monkeypatch, module, extra):
    def fail(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(host, "discover", fail)
    ran = command("discover")
    assert ran.status == 2
    assert f'pip install "te-connector[{extra}]"' in ran.err


def test_a_host_without_our_connector_says_so(command, monkeypatch):
    class Silent:
        def discover(self, connection: object) -> None:
            return None

    monkeypatch.setattr(host, "_hooks", Silent)
    ran = command("discover")
    assert (ran.status, ran.out) == (2, "")
    assert "No installed connector" in ran.err


def test_a_checkout_without_entry_points_works(command, monkeypatch):
    import pluggy

    monkeypatch.setattr(pluggy.PluginManager, "load_setuptools_entrypoints", lambda *_: 0)
    host._hooks.cache_clear()
    try:
        assert command("discover").status == 0
    finally:
        host._hooks.cache_clear()


def test_a_reader_that_stops_reading_ends_it_quietly():
    process = started("discover", stdout=subprocess.PIPE)
    process.stdout.close()
    process.wait(20)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_broken_pipe_is_no_traceback(command, monkeypatch):
    def fail(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(app.commands, "main", fail)
    monkeypatch.setattr(streams, "abandon_stdout", lambda: None)
    assert command("discover").status == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_fetch_in_one_line(vendor, tmp_path, command, number):
    vendor.always("GET", "/contacts", Hang(30))
    output = tmp_path / "result.json"
    process = started("fetch", "--email", MARIA, "--output", output)
    while not vendor.count("GET", "/contacts"):
        time.sleep(0.02)
    process.send_signal(number)
    ran = finished(process)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err == "te-connector: Stopped. Nothing was left half done.\n"
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_second_signal_does_not_interrupt_the_cleanup():
    with streams.signals_like_ctrl_c():
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            handler(signal.SIGTERM, None)
        handler(signal.SIGTERM, None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command, sys.executable],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_full_stdout_gets_a_sentence_and_status_1(command):
    ran = shell(f'"$0" -m te_connector fetch --email {MARIA} --quiet > /dev/full')
    assert ran.returncode == 1
    assert ran.stderr == "te-connector: Can't write to standard output: No space left on device.\n"


@pytest.mark.slow
def test_a_closed_stdout_is_an_error_before_anything_is_sent(command, vendor):
    ran = shell(f'"$0" -m te_connector fetch --email {MARIA} >&-')
    assert ran.returncode == 2
    assert ran.stderr.startswith("te-connector: Standard output is closed.")
    assert not vendor.log


@pytest.mark.slow
@pytest.mark.parametrize("end", ["2> /dev/full", "2>&-"])
def test_a_full_or_closed_stderr_changes_nothing(command, end):
    ran = shell(f'"$0" -m te_connector fetch --email {MARIA} --json {end}')
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["records"]


@pytest.mark.slow
def test_with_all_streams_closed_a_saved_answer_is_whole(command, tmp_path):
    file = tmp_path / "result.json"
    ran = shell(f'"$0" -m te_connector fetch --email {MARIA} --output {file} <&- 2>&- >/dev/null')
    assert ran.returncode == 0
    assert json.loads(file.read_text())["records"]
