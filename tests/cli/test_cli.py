"""The command, as people and scripts meet it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import MARIA, PHONE, command_fixture, finished, in_terminal, started  # noqa: F401
from vendor import DropBefore, Hang, Status, contact

from te_connector import host, result
from te_connector.cli import LACKING, app, output
from te_connector.cli import progress as progresses
from te_connector.cli.output import Paper, broken, clean
from te_connector.cli.progress import Progress, _duration
from te_connector.errors import (
    AnswerError,
    ConnectorError,
    CredentialsRefused,
    Stopped,
    Unreachable,
    UsageError,
)

COMMANDS = """demo sandbox validate discover fetch delete package login logout purge
    audit audit:verify audit:show manifest manifest:check manifest:show manifest:export""".split()


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


# What it costs, and what it says of itself


@pytest.mark.parametrize("part", ["click", "rich"])
def test_without_its_parts_it_says_so_in_one_sentence(part):
    ran = python(
        f"import sys; sys.modules[{part!r}] = None\n"
        "from te_connector.__main__ import main; sys.exit(main(['--help']))"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", LACKING + "\n")


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


# Errors


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["fetsch"], "did you mean 'fetch'?"),
        (["maria.alvarez@example.com"], "There is no such command"),
        (["fetch", "--emial", "x@example.com"], "did you mean --email?"),
        (["fetch", "--zz=maria"], "There is no such option."),
        (["fetch", "maria.alvarez@example.com"], "an argument too many"),
        (["fetch", "--email"], "requires an argument"),
        (["fetch", "--email", MARIA, "--coverage", "maria"], "one of exhaustive, quick"),
        (["sandbox", "--port", "maria"], "must be integer"),
        (["delete"], "Missing argument"),
        (["fetch"], "Say who is looked for"),
        (["fetch", "--email", MARIA, "--subjects", "x.jsonl"], "not both"),
        (["fetch", "--email", MARIA, "--plan", "--output", "x.json"], "--plan writes no file"),
        (["fetch", "--email", "maria"], "kind email cannot be read"),
        (["fetch", "--email", MARIA, "--object-type", "maria"], "no such object type"),
        (["fetch", "--email", MARIA, "--output", "no/such/x.json"], "does not exist"),
        (["fetch", "--email", MARIA, "--output", "."], "is a folder"),
        (["fetch", "--email", MARIA, "--proxy", "http://maria:pw@127.0.0.1:1"], "HTTPS_PROXY"),
        (["fetch", "--email", MARIA, "--proxy", "http://[maria"], "proxy cannot be read"),
        (["fetch", "--email", MARIA, "--manifest", "nowhere.yaml"], "cannot be read"),
    ],
)
def test_a_wrong_call_is_one_sentence_without_anybodys_data(command, vendor, argv, says):
    ran = command(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "maria" not in ran.err.lower()
    assert not vendor.log


def test_a_faulty_subjects_file_is_told_line_by_line(command, vendor, tmp_path):
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


def test_an_unforeseen_error_tells_its_kind_and_nothing_of_its_text(command, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyError(MARIA)

    monkeypatch.setattr(host, "discover", fail)
    ran = command("discover")
    assert ran.status == 1
    assert "KeyError" in ran.err
    assert "TE_LOG=DEBUG" in ran.err
    assert MARIA not in ran.err


def test_a_missing_part_of_the_sandbox_is_named(command, monkeypatch):
    def fail(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'faker'", name="faker")

    monkeypatch.setattr(host, "discover", fail)
    ran = command("discover")
    assert ran.status == 1
    assert "pip install" in ran.err


def test_no_connector_that_answers_is_told(command, monkeypatch):
    class Silent:
        def discover(self, connection: object) -> None:
            return None

    monkeypatch.setattr(host, "_hooks", Silent)
    ran = command("discover")
    assert (ran.status, ran.out) == (2, "")
    assert "No installed connector" in ran.err


def test_a_bare_checkout_without_entry_points_works_all_the_same(command, monkeypatch):
    import pluggy

    monkeypatch.setattr(pluggy.PluginManager, "load_setuptools_entrypoints", lambda *_: 0)
    host._hooks.cache_clear()
    try:
        assert command("discover").status == 0
    finally:
        host._hooks.cache_clear()


def test_a_reader_that_goes_away_ends_it_quietly():
    process = started("discover", stdout=subprocess.PIPE)
    process.stdout.close()
    process.wait(20)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_broken_pipe_is_no_traceback(command, monkeypatch):
    def fail(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(app.commands, "main", fail)
    monkeypatch.setattr(app, "_forget_stdout", lambda: None)
    assert command("discover").status == 1


def test_what_is_left_unread_is_dropped(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    app._forget_stdout()
    assert sys.stdout.name == os.devnull
    sys.stdout.close()


def test_ctrl_c_ends_a_fetch_in_one_line(vendor, tmp_path, command):
    vendor.always("GET", "/contacts", Hang(30))
    output = tmp_path / "result.json"
    process = started("fetch", "--email", MARIA, "--output", output)
    while not vendor.count("GET", "/contacts"):
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    ran = finished(process)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err == "te-connector: Stopped; nothing was left half done.\n"
    assert not list(tmp_path.glob("*result*"))


# Settings


def test_flags_may_stand_before_or_after_the_subcommand(command, vendor, monkeypatch):
    url = vendor.base_url
    monkeypatch.delenv("TE_BASE_URL")
    assert command("--base-url", url, "--json", "validate").document["ok"]
    assert command("validate", "--base-url", url, "--json").document["ok"]


def test_a_flag_wins_over_the_environment(command, vendor, monkeypatch):
    monkeypatch.setenv("TE_BASE_URL", "http://127.0.0.1:1/v1")
    assert command("validate", "--base-url", vendor.base_url).status == 0


def test_an_empty_variable_is_one_that_is_not_set(command, monkeypatch):
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
def test_a_secret_file_that_is_no_help_is_an_error(command, monkeypatch, tmp_path, content):
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
    assert "keep one" in ran.err


def test_te_log_logs_ours_to_stderr_without_values(command):
    ran = finished(started("fetch", "--email", MARIA, "--quiet", env={"TE_LOG": "DEBUG"}))
    assert ran.status == 0
    assert "te_connector.api.client" in ran.err
    assert MARIA not in ran.err
    assert os.environ["TE_CLIENT_SECRET"] not in ran.err


def test_a_te_log_that_is_no_level_is_an_error(command, monkeypatch):
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


# validate and discover


def test_validate_shows_each_check(command):
    ran = command("validate")
    assert (ran.status, ran.err) == (0, "")
    for name in ("credentials", "scopes", "contact", "user", "contact_survey_response"):
        assert name in ran.out
    assert "The connection works." in ran.out


def test_validate_with_a_refused_secret_is_1(command, monkeypatch):
    monkeypatch.setenv("TE_CLIENT_SECRET", "wrong")
    ran = command("validate")
    assert ran.status == 1
    assert "FAILS" in ran.out


def test_validate_without_a_host_is_3(command, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TE_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        ran = command("validate", "--json")
    assert ran.status == 3
    assert ran.document["ok"] is False


def test_discover_needs_nothing_and_says_what_is_not_searched(command, vendor):
    ran = command("discover")
    assert (ran.status, ran.err) == (0, "")
    assert "Not searched" in ran.out
    assert "Notes on contacts" in ran.out
    assert command("discover", "--json").document["connector"] == "total-expert"
    assert not vendor.log


def test_discover_live_tells_fields_that_no_schema_knows_and_no_value(command, vendor):
    for row in vendor.tables["contacts"]:
        row["shoe_size"] = "a secret value"
        row["custom"] = [{"field_name": "x", "value": 1, "colour": "teal"}]
        row[MARIA] = 1
    vendor.tables["contacts"][0]["first_name"] = ["odd"]
    ran = command("discover", "--live")
    assert ran.status == 0
    assert "$.shoe_size" in ran.out
    assert "$.custom[].colour" in ran.out
    assert "(an odd name)" in ran.out
    assert "another type" in ran.out
    for value in ("a secret value", "teal", MARIA, "odd'"):
        assert value not in ran.out + ran.err
    live = command("discover", "--live", "--json").document["live"]
    assert [seen["records"] for seen in live] == [5, 0, 3]


def test_discover_live_says_which_type_it_could_not_read(command, vendor):
    vendor.scope_of["users"] = "another"
    ran = command("discover", "--live")
    assert ran.status == 1
    assert "user: GET /users needs a scope" in ran.out


def test_discover_live_reads_the_first_the_middle_and_the_last_page(command, vendor, edited):
    vendor.tables["contacts"] += [contact(key) for key in range(5000, 5030)]
    path = edited({"objects.contact.page_size": 5, "objects.user": None})
    command("discover", "--live", "--manifest", path)
    pages = [seen.query["page[number]"] for seen in vendor.requests("GET", "/contacts")]
    assert pages == ["1", "4", "7"]


@pytest.mark.parametrize(
    ("schema", "data", "unknown"),
    [
        ({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"x": {}}}}}, {"y": 1}, {"$.y"}),
        ({"$ref": "#/$defs/none"}, {"y": 1}, set()),
        ({"$ref": "#"}, {"y": 1}, set()),
        ({"properties": {"x": {"additionalProperties": {}}}}, {"x": {"y": 1}}, set()),
        (
            {"anyOf": [{"properties": {"x": {}}}, {"properties": {"y": {}}}]},
            {"x": 1, "y": 1},
            set(),
        ),
        (
            {"properties": {"x": {"items": {"properties": {"y": {}}}}}},
            {"x": [{"z": 1}]},
            {"$.x[].z"},
        ),
        ({"properties": {"x": {}}}, {"x": [{"z": 1}]}, set()),
        (True, {"x": 1}, set()),
    ],
)
def test_a_field_is_unknown_where_its_object_is_described_and_it_is_not(schema, data, unknown):
    from te_connector.operations.drift import unknown_fields

    assert unknown_fields(schema, data) == unknown


def test_a_schema_that_refers_to_itself_without_end_is_survived():
    from te_connector.operations.drift import unknown_fields

    data: dict = {}
    for _ in range(40):
        data = {"x": data}
    schema = {"properties": {"x": {"$ref": "#"}}}
    assert unknown_fields(schema, data) == set()


def test_discover_live_of_a_list_that_empties_meanwhile_is_no_error(command, vendor, edited):
    vendor.empty_list = "422"
    vendor.tables["contacts"] += [contact(key) for key in range(5000, 5030)]
    path = edited({"objects.contact.page_size": 5})

    def empty(vendor, seen):
        if seen.path == "/contacts" and seen.query["page[number]"] != "1":
            vendor.tables["contacts"].clear()

    vendor.before = empty
    live = command("discover", "--live", "--json", "--manifest", path).document["live"]
    assert [seen["records"] for seen in live] == [5, 0, 3]
    assert [seen["error"] for seen in live] == ["", "", ""]


# fetch


def flat(out: str) -> str:
    """What was shown, without the breaks of lines and commands."""
    return " ".join(out.replace("\\\n", " ").split())


def fetched(command, *more):
    return command("fetch", "--email", MARIA, "--phone", PHONE, *more)


def test_fetch_shows_weak_ones_first_why_and_what_to_do_next(command):
    ran = fetched(command)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.index("2340") < ran.out.index("2317") < ran.out.index("2328")
    for text in (
        "weak: matches by phone alone",
        "email (email), phone (phone_cell)",
        "Close, but not equal",
        "2334",
        "contact: every one of 5 compared by email (email, email_work)",
        "Not searched",
        f"te-connector fetch --email {MARIA} --phone {PHONE}",
        "te-connector package result.json --output packages",
        "te-connector delete result.json --all",
        "te-connector delete result.json --select contact:2340",
    ):
        assert text in flat(ran.out), text


def test_piped_there_is_no_colour_and_nothing_wider_than_80(command, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    out = fetched(command).out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_in_a_terminal_there_is_colour_and_the_live_line_goes_away(command, vendor):
    vendor.latency = 0.3
    status, shown = in_terminal("fetch", "--email", MARIA, "--phone", PHONE)
    assert status == 0
    assert "\x1b[33m" in shown
    assert "Signing in" in shown or "contact" in shown
    assert "\x1b[2K" in shown  # the live line was wiped


def test_json_is_exactly_one_document(command):
    ran = fetched(command, "--json")
    assert (ran.status, ran.err) == (0, "")
    document = ran.document
    assert {record["id"] for record in document["records"]} >= {"2317", "2328", "2340"}
    assert document["subjects"] == [
        {"id": "req-1", "identifiers": {"email": [MARIA], "phone": [PHONE]}}
    ]


def test_output_is_a_result_that_is_private_and_whole(command, vendor, tmp_path):
    file = tmp_path / "result.json"
    ran = fetched(command, "--output", file)
    assert (ran.status, ran.err) == (0, "")
    assert "Found 5 records" in ran.out
    assert f"te-connector delete {file} --all" in flat(ran.out)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = result.load(file)
    assert (read.connector, read.base_url) == ("total-expert", vendor.base_url)
    assert read.fetched_at.endswith("Z")
    document = fetched(command, "--output", file, "--json").document
    assert document == json.loads(file.read_text())


def test_a_large_result_is_written_compactly(command, tmp_path, monkeypatch):
    from te_connector.cli import fetching

    monkeypatch.setattr(fetching, "_COMPACT_FROM", 1)
    file = tmp_path / "result.json"
    fetched(command, "--output", file)
    assert len(file.read_text().splitlines()) == 1
    assert result.load(file).records


def test_a_failed_fetch_leaves_an_older_result_as_it_was(command, vendor, tmp_path):
    file = tmp_path / "result.json"
    file.write_text("older")
    vendor.always("POST", "/token", Status(400))
    ran = fetched(command, "--output", file)
    assert (ran.status, ran.out) == (3, "")
    assert file.read_text() == "older"


def test_half_a_character_of_the_vendors_survives(command, vendor, tmp_path):
    vendor.tables["contacts"][1]["nickname"] = "\ud83d"
    file = tmp_path / "result.json"
    assert fetched(command, "--output", file).status == 0
    record = next(one for one in result.load(file).records if one["id"] == "2317")
    assert record["data"]["nickname"] == "\ud83d"
    assert fetched(command, "--json").document["records"]


def test_what_a_terminal_would_obey_is_taken_out(command, vendor):
    vendor.tables["contacts"][1]["first_name"] = "\x1b[31mMaria\u202e\nX"
    ran = fetched(command)
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


def test_types_that_no_identifier_is_mapped_to_are_no_fault(command):
    ran = command("fetch", "--phone", PHONE)
    assert ran.status == 0
    assert "user: not looked at" in ran.out


def test_quick_is_no_fault_by_itself(command):
    ran = command("fetch", "--email", MARIA, "--coverage", "quick")
    assert ran.status == 0
    assert "NOT complete" in ran.out
    assert "--coverage quick --output result.json" in flat(ran.out)


def test_a_type_that_failed_is_1_and_told(command, vendor):
    vendor.scope_of["users"] = "another"
    ran = fetched(command)
    assert ran.status == 1
    assert "[scope_missing]" in ran.out
    assert "NOT complete" in ran.out


def test_the_summary_names_what_is_not_complete(command, vendor, tmp_path):
    vendor.scope_of["contacts"] = "another"
    ran = fetched(
        command, "--output", tmp_path / "r.json", "--object-type", "contact_survey_response"
    )
    assert ran.status == 1
    assert "NOT complete: contact_survey_response" in ran.out


def test_a_refused_secret_or_no_host_is_3(command, vendor, monkeypatch):
    monkeypatch.setenv("TE_CLIENT_SECRET", "wrong")
    assert fetched(command).status == 3
    vendor.stop()
    assert fetched(command).status == 3
    vendor.start()


def test_plan_says_what_it_would_take(command):
    ran = fetched(command, "--plan")
    assert (ran.status, ran.err) == (0, "")
    assert "scan" in ran.out
    steps = fetched(command, "--plan", "--json").document["plan"]
    assert [step["object_type"] for step in steps] == [
        "contact",
        "user",
        "contact_survey_response",
    ]


def test_many_people_come_from_a_file(command, tmp_path):
    file = tmp_path / "people.jsonl"
    lines = [
        {"id": "a", "identifiers": {"email": [MARIA]}},
        {"id": "b", "identifiers": {"phone": [PHONE]}},
        {"id": "c", "identifiers": {"email": ["nobody@example.com"]}},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    ran = command("fetch", "--subjects", file, "--manifest", "connector.yaml")
    assert ran.status == 0
    text = flat(ran.out)
    assert "a, looked for by email" in text
    assert "Nothing was found for - c" in text
    assert "matches 2 subjects" in text
    assert "delete result.json --all" not in text
    assert f"fetch --manifest connector.yaml --subjects {file}" in text


def test_drift_is_counted_without_values(command, vendor):
    vendor.tables["contacts"][1]["last_name"] = ["odd value"]
    ran = fetched(command, "--object-type", "contact")
    assert ran.status == 0
    assert "$.last_name" in ran.out
    assert "Differs from the schemas" in ran.out


def test_weak_matches_say_why(command, vendor):
    vendor.tables["contacts"] += [
        contact(3001, source="LOS", external_id="77", phone_cell="952-555-0100 ext. 5"),
        contact(3002, phone_cell="952-555-0100 x6"),
    ]
    vendor.tables["users"] += [{"id": 5, "username": "clerk", "email": "c@example.com", "info": []}]
    ran = command("fetch", "--external-id", "77", "--service-id", "5")
    assert "matches by an external id whose source is not known" in flat(ran.out)
    assert "clerk" in ran.out
    vendor.tables["contacts"].pop()
    ran = command("fetch", "--phone", "952-555-0100")
    assert "an extension, which many can share" in flat(ran.out)


# package


def test_package_makes_a_folder_for_each_person(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "out")
    assert (ran.status, ran.err) == (0, "")
    assert (tmp_path / "out" / "req-1" / "index.html").is_file()
    assert "Withheld" in ran.out
    again = command("package", tmp_path / "r.json", "--output", tmp_path / "out")
    assert (again.status, again.out) == (2, "")


def test_package_takes_a_policy(command, tmp_path):
    fetched(command, "--output", tmp_path / "r.json")
    policy = tmp_path / "policy.yaml"
    policy.write_text("include: [contact:2340]\n")
    ran = command(
        "package", tmp_path / "r.json", "--output", tmp_path / "o", "--policy", policy, "--json"
    )
    assert ran.document["packages"][0]["released"]["contact"] == 3
    policy.write_text("includ: []\n")
    ran = command("package", tmp_path / "r.json", "--output", tmp_path / "p", "--policy", policy)
    assert ran.status == 2
    assert f"{policy}:1: " in ran.err


# login, logout, purge


def test_login_keeps_credentials_for_one_host_and_logout_removes_them(
    command, vendor, monkeypatch, tmp_path
):
    secret = vendor.credentials["client_secret"]
    ran = command("login")
    assert ran.status == 0
    assert f"for {vendor.base_url} alone" in ran.out
    for name in ("TE_CLIENT_ID", "TE_CLIENT_SECRET", "TE_BASE_URL"):
        monkeypatch.delenv(name)
    state = Path(os.environ["TE_STATE_DIR"])
    assert not any(secret.encode() in file.read_bytes() for file in state.rglob("*.*"))
    assert command("validate").status == 0
    assert command("audit", "verify").status == 0
    assert list(state.glob("accounts/*/token"))
    ran = command("logout")
    assert "Removed the credentials 'default' and 1 token." in ran.out
    assert not list(state.glob("accounts/*/token"))
    assert list(state.glob("hosts/*/*.window"))
    assert "no stored credentials" in command("logout").out
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


def deleted(command, tmp_path):
    file = tmp_path / "r.json"
    command("fetch", "--email", MARIA, "--output", file)
    return command("delete", file, "--all", "--yes", "--json").document


def test_purge_removes_the_audit_trails_and_says_so(command, tmp_path):
    deleted(command, tmp_path)
    ran = command("purge")
    assert (ran.status, ran.out) == (2, "")
    assert "--yes" in ran.err
    ran = command("purge", "--yes")
    assert ran.status == 0
    assert "audit.jsonl" in ran.out
    assert not list(Path(os.environ["TE_STATE_DIR"]).rglob("audit*"))
    assert "holds nothing about people" in command("purge").out
    assert command("purge", "--json").document["removed"] == []


def test_purge_asks_in_a_terminal(command, tmp_path):
    deleted(command, tmp_path)
    status, shown = in_terminal("purge", answers="n\n")
    assert status == 0
    assert "Nothing was removed." in shown
    status, shown = in_terminal("purge", answers="y\n")
    assert status == 0
    assert "audit.jsonl" in shown
    assert not list(Path(os.environ["TE_STATE_DIR"]).rglob("audit*"))


def test_what_cannot_be_removed_is_told(command, tmp_path, monkeypatch):
    deleted(command, tmp_path)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    ran = command("purge", "--yes")
    assert (ran.status, ran.out) == (2, "")
    assert "cannot be removed" in ran.err


# audit


def test_audit_verify_finds_a_changed_receipt_and_a_changed_line(command, tmp_path):
    deleted(command, tmp_path)
    receipts = tmp_path / "r.receipts.jsonl"
    ran = command("audit", "verify", receipts)
    assert (ran.status, ran.err) == (0, "")
    assert "all as written" in ran.out
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


def test_audit_verify_tells_of_a_torn_line_without_calling_it_a_fault(command, tmp_path):
    deleted(command, tmp_path)
    (trail,) = Path(os.environ["TE_STATE_DIR"]).glob("accounts/*/audit.jsonl")
    with trail.open("a") as file:
        file.write('{"seq":99,"ki')
    ran = command("audit", "verify")
    assert ran.status == 0
    assert "torn" in ran.out


def test_audit_show_tells_one_deletions_story(command, tmp_path):
    receipt = deleted(command, tmp_path)["receipts"][0]["receipt_id"]
    ran = command("audit", "show", receipt)
    assert (ran.status, ran.err) == (0, "")
    for text in ("The deletion was asked for", "About to send DELETE", "status: deleted"):
        assert text in ran.out
    assert MARIA not in ran.out
    entries = command("audit", "show", receipt, "--json").document["entries"]
    assert [entry["kind"] for entry in entries][-1] == "receipt"


def test_audit_needs_an_account_and_a_receipt_that_is_there(command, monkeypatch, tmp_path):
    assert command("audit", "show", "none").status == 2
    assert command("audit", "verify", tmp_path / "none.jsonl").status == 2
    monkeypatch.delenv("TE_CLIENT_ID")
    monkeypatch.delenv("TE_CLIENT_SECRET")
    ran = command("audit", "verify")
    assert ran.status == 2
    assert "Nobody says whose" in ran.err


# sandbox


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_prints_its_settings_and_ends_well(number):
    process = started("sandbox", "--contacts", "13", "--no-token-limit")
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    assert [line.partition(" ")[0] for line in lines] == ["export"] * 3
    settings = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert set(settings) == {"TE_BASE_URL", "TE_CLIENT_ID", "TE_CLIENT_SECRET"}
    ran = finished(started("validate", env=settings))
    assert ran.status == 0, ran.out
    process.send_signal(number)
    assert finished(process).status == 0


def test_the_sandbox_misbehaves_on_request(tmp_path):
    process = started("sandbox", "--misbehave", "no-users-scope", "--misbehave", "short-pages")
    lines = [process.stdout.readline().rstrip("\n") for _ in range(3)]
    settings = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    ran = finished(started("validate", env={**settings, "TE_STATE_DIR": str(tmp_path)}))
    process.send_signal(signal.SIGINT)
    assert finished(process).status == 0
    assert ran.status == 1
    assert "getUsers" in ran.out


def test_the_sandbox_lists_its_misbehaviors(command):
    ran = command("sandbox", "--misbehave", "list")
    assert ran.status == 0
    assert "short-pages             Pages hold at most 7 rows." in ran.out.splitlines()


def test_an_unknown_misbehavior_gets_a_suggestion(command):
    ran = command("sandbox", "--misbehave", "soft-deletes")
    assert (ran.status, ran.out) == (2, "")
    assert "Did you mean soft-delete?" in ran.err


def test_a_port_that_is_taken_is_told(command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        before = signal.getsignal(signal.SIGTERM)
        ran = command("sandbox", "--port", taken.getsockname()[1])
        signal.signal(signal.SIGTERM, before)
    assert (ran.status, ran.out) == (2, "")
    assert "Can't use port" in ran.err


# Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def pages(read, known, sent, found=3):
    return {
        "event": "pages",
        "object_type": "contact",
        "read": read,
        "known": known,
        "found": found,
        "sent": sent,
    }


def test_without_a_terminal_a_line_comes_now_and_then(capsys):
    clock = Clock()
    with Progress((1000, 60.0), quiet=False, clock=clock) as progress:
        progress.tell({"event": "object_type", "object_type": "contact"})
        for second in range(26):
            clock.now = float(second)
            progress.tell(pages(10 * second, 2000, 10 * second))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "contact: 100 of 2,000 pages, 3 found, 100 of 1,000 requests/min, about 3 min 10 s left",
        "contact: 200 of 2,000 pages, 3 found, 200 of 1,000 requests/min, about 3 min 00 s left",
    ]


def test_quiet_says_nothing(capsys):
    clock = Clock()
    with Progress((1000, 60.0), quiet=True, clock=clock) as progress:
        clock.now = 60.0
        progress.tell(pages(1, 2, 3))
    assert capsys.readouterr().err == ""


def test_it_says_what_it_waits_for():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress.tell({"event": "waiting", "why": "quota", "seconds": 12.0})
    assert "waiting 12 s: all requests permitted" in progress.line()
    progress.tell({"event": "waiting", "why": "retry", "seconds": 200.0})
    assert "waiting 3 min 20 s: the server is under strain" in progress.line()
    progress.tell({"event": "waiting", "seconds": 2.0})
    assert "as the server asked" in progress.line()
    clock.now = 500.0
    assert "waiting" not in progress.line()
    progress.tell({"event": "ids", "found": 2})
    assert progress.line() == "Signing in: 2 found"


def test_it_counts_deletions_and_forgets_what_is_long_past():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress.tell({"event": "deletions", "name": "Deleting", "done": 2, "of": 3})
    assert progress.line() == "Deleting: 2 of 3 objects"
    for second in range(100):
        clock.now = float(second)
        progress.tell(pages(second, 1000, second))
    assert progress.line().startswith("Deleting: 99 of 1,000 objects, 60 of 1,000 requests/min")
    assert len(progress._sent) == len(progress._pages) == 61
    assert "\u2501" in progress._text().plain


def test_a_fast_start_does_not_promise_what_the_quota_forbids():
    clock = Clock()
    progress = Progress((100, 30.0), quiet=True, clock=clock)
    for tick in range(3):
        clock.now = float(tick)
        progress.tell(pages(40 * tick, 480, 40 * tick))
    assert progress.line() == (
        "Signing in: 80 of 480 pages, 3 found, 80 of 100 requests/30 s, about 1 min 54 s left"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min 00 s"), (9000, "2 h 30 min")]
)
def test_durations_are_for_people(seconds, text):
    assert _duration(seconds) == text


def test_a_slow_fetch_tells_its_progress_on_stderr_without_personal_data(
    command, vendor, monkeypatch
):
    monkeypatch.setattr(progresses, "LINE_SECONDS", 0.0)
    ran = fetched(command, "--json")
    assert "contact: " in ran.err
    assert MARIA not in ran.err
    assert ran.document


# Output


def test_a_command_is_broken_where_the_shell_permits_it():
    parts = ["te-connector", "fetch", "--email", "o'neil@example.com", "--phone", "1" * 60]
    assert broken(parts, 80).splitlines() == [
        """  te-connector fetch --email 'o'"'"'neil@example.com' \\""",
        "    --phone " + "1" * 60,
    ]


def test_clean_leaves_plain_text_alone():
    assert clean("Zoë  X\n") == "Zoë X"
    assert clean("a\x00b") == "a·b"


def test_json_falls_back_to_escapes_where_the_stream_cannot_show_it(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    output.print_json({"name": "Zoë"})
    stream.flush()
    assert json.loads(stream.buffer.getvalue()) == {"name": "Zoë"}
    assert isinstance(Paper().console.width, int)


def test_a_dropped_connection_is_a_problem_of_its_type_not_a_crash(command, vendor, edited):
    vendor.always("GET", "/users", DropBefore())
    ran = fetched(command, "--manifest", edited({"limits.retry_for": 1}))
    assert ran.status == 1
    assert "user: NOT complete" in flat(ran.out)
