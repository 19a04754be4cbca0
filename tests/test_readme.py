"""The examples in the README and the docs are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from te_connector.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def part(name):
    """The text between two comments of the README."""
    return README.split(f"<!-- {name} -->")[1].split(f"<!-- end {name} -->")[0]


def assert_lines(excerpt, printed):
    """Each line of an excerpt is printed, in that order."""
    lines = [line.rstrip() for line in printed.splitlines()]
    position = 0
    for line in excerpt.rstrip().splitlines():
        assert line.rstrip() in lines[position:], f"{line!r} is not in:\n{printed}"
        position = lines.index(line.rstrip(), position) + 1


@pytest.mark.slow
def test_the_host_of_the_readme_is_the_example_and_deletes_the_strong_matches(tmp_path):
    """The README shows examples/host.py, which finds, deletes, and prints receipts."""
    code = re.search(r"```python\n(.*?)```", part("host"), re.DOTALL)[1]
    assert code == (ROOT / "examples" / "host.py").read_text(encoding="utf-8")
    with Sandbox(contacts=40) as sandbox:
        printed = subprocess.run(
            [sys.executable, "-c", code, "maria.alvarez@example.com"],
            env={**os.environ, **sandbox.settings(), "TE_STATE_DIR": str(tmp_path / "state")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "contact: complete" in printed
        assert "contact 2317: deleted" in printed
        assert "contact 2328: deleted" in printed
        assert 2317 not in sandbox.contacts
        assert 310042117 in sandbox.contacts


@pytest.mark.slow
def test_the_walkthrough_prints_what_the_readme_shows(tmp_path):
    """Each command of the walkthrough runs in order and prints what the README says."""
    blocks = re.findall(r"```(console|text)\n(.*?)```", part("walk"), re.DOTALL)
    commands = [text for kind, text in blocks if kind == "console"]
    assert commands[0].strip() == "te-connector sandbox --port 8765"
    assert "export TE_CLIENT_SECRET" in commands[1]
    with Sandbox(contacts=40) as sandbox:
        shown = [line.split("=", 1) for line in commands[1].replace("export ", "").split()]
        settings = sandbox.settings()
        assert dict(shown) == {
            **settings,
            "TE_BASE_URL": "http://127.0.0.1:8765/v1",
        }
        environment = {
            **os.environ,
            **settings,
            "TE_STATE_DIR": str(tmp_path / "state"),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "COLUMNS": "80",
        }
        printed = ""
        for kind, text in blocks[2:]:
            if kind == "text":
                assert_lines(text, printed)
                continue
            ran = subprocess.run(
                ["sh", "-e", "-c", text],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{text}: {ran.stdout}{ran.stderr}"
            printed = ran.stdout


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(tmp_path):
    """Each line of the README's excerpt is printed by the demo, in that order."""
    printed = subprocess.run(
        [sys.executable, "-m", "te_connector", "demo"],
        env={**os.environ, "COLUMNS": "80"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for excerpt in re.findall(r"```text\n(.*?)```", part("demo"), re.DOTALL):
        assert_lines(excerpt, printed)


@pytest.mark.slow
def test_every_subcommand_that_the_readme_shows_is_there():
    """Commands in the README are commands of the program."""
    consoles = "".join(re.findall(r"```console\n(.*?)```", README, re.DOTALL))
    shown = set(re.findall(r"te-connector (manifest \w+|audit \w+|[a-z]+)", consoles))
    assert len(shown) >= 8
    for words in shown:
        run = subprocess.run(
            [sys.executable, "-m", "te_connector", *words.split(), "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, words


def names(requirements):
    return {re.split(r"[^A-Za-z0-9_.-]", text, maxsplit=1)[0].lower() for text in requirements}


def test_the_docs_list_every_dependency_with_its_purpose():
    """docs/dependencies.md names exactly what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = sum(project["optional-dependencies"].values(), [])
    wanted = names(project["dependencies"] + extras) - {"te-connector"}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    told = {name.lower() for name in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)}
    assert told == wanted


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")),
    ],
)
def test_links_lead_to_existing_files(page):
    """Every relative link names a file that exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target
