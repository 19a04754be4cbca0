"""The README's and docs' examples are true."""

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


def part(name):
    """What stands between two comments of the README."""
    return README.split(f"<!-- {name} -->")[1].split(f"<!-- end {name} -->")[0]


def test_the_host_of_the_readme_runs_and_deletes_the_strong_matches(tmp_path):
    """The complete host is complete: it finds, deletes and prints receipts."""
    code = re.search(r"```python\n(.*?)```", part("host"), re.DOTALL)[1]
    with Sandbox(contacts=40) as sandbox:
        environment = {
            **os.environ,
            **sandbox.settings(),
            "TE_STATE_DIR": str(tmp_path / "state"),
        }
        printed = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "contact complete" in printed
        assert "contact 2317 deleted" in printed
        assert "contact 2328 deleted" in printed
        assert 2317 not in sandbox.contacts
        assert 310042117 in sandbox.contacts


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
    ).stdout.splitlines()
    printed = [line.rstrip() for line in printed]
    place = 0
    for excerpt in re.findall(r"```text\n(.*?)```", part("demo"), re.DOTALL):
        for line in excerpt.rstrip().splitlines():
            place = printed.index(line.rstrip(), place) + 1


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
    "page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page):
    """Every relative link of the README and the docs names a file that is there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target
