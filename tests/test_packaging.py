"""The wheel and the sdist contain what they need and find it after installation."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import filelock
import pytest
from conftest import ROOT

import te_connector

pytestmark = pytest.mark.slow

SCHEMAS = sorted(path.name for path in (ROOT / "schemas").iterdir())
KINDS = (".py", ".typed", ".j2", ".css")
NAME = f"te_connector-{te_connector.__version__}"


@pytest.fixture(name="built", scope="module")
def _built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the sdist and the wheel that was built from it, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder = shared / "built"
    with filelock.FileLock(shared / "built.lock"):
        if not folder.exists():
            command = [
                sys.executable,
                "-m",
                "build",
                "--no-isolation",
                "--outdir",
                str(folder),
                ".",
            ]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


@pytest.fixture(name="installed", scope="module")
def _installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, put into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
               "--no-compile", "--disable-pip-version-check", "--target", str(target), str(wheel)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return target


def _wheel_names(built: Path) -> set[str]:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _sdist_names(built: Path) -> set[str]:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_both_carry_the_version_in_their_names(built: Path) -> None:
    names = sorted(path.name for path in built.iterdir())
    assert names == [f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz"]


def test_the_wheel_holds_the_code_the_manifest_and_the_schemas_and_nothing_else(
    built: Path,
) -> None:
    names = _wheel_names(built)
    code = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "te_connector").rglob("*")
        if path.suffix in KINDS
    }
    data = {"te_connector/_data/connector.yaml"} | {
        f"te_connector/_data/schemas/{name}" for name in SCHEMAS
    }
    info = {name for name in names if name.startswith(f"{NAME}.dist-info/")}
    assert "te_connector/py.typed" in names
    assert names >= code | data
    assert {name.partition("/")[0] for name in names - info} == {"te_connector"}
    assert {name for name in names if name.startswith("te_connector/_data/")} == data
    assert not [name for name in names if "__pycache__" in name]
    assert {Path(name).name for name in info} >= {
        "METADATA",
        "entry_points.txt",
        "LICENSE",
        "RECORD",
    }


def test_the_sdist_holds_what_the_wheel_is_built_from_and_the_tests(built: Path) -> None:
    names = {name.removeprefix(f"{NAME}/") for name in _sdist_names(built)}
    needed = {"connector.yaml", "pyproject.toml", "README.md", "LICENSE", "te_connector/py.typed",
              "te_connector/plugin.py", "tests/conftest.py", "tests/vendor.py",
              "docs/manifest.md"}  # fmt: skip
    assert names >= needed | {f"schemas/{name}" for name in SCHEMAS}


def test_the_sdist_holds_nothing_that_others_made(built: Path) -> None:
    names = _sdist_names(built)
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]


def test_the_sdist_holds_the_example_host_that_the_readme_shows(built: Path) -> None:
    names = {name.removeprefix(f"{NAME}/") for name in _sdist_names(built)}
    assert "examples/host.py" in names


def test_the_metadata_says_what_the_contract_says(installed: Path) -> None:
    (mine,) = importlib.metadata.distributions(path=[str(installed)])
    assert mine.metadata["Name"] == "te-connector"
    assert mine.version == te_connector.__version__
    assert mine.metadata["Requires-Python"] == ">=3.11"
    assert mine.metadata.get_all("Provides-Extra") == ["cli", "oidc", "portal"]
    points = {(point.group, point.name, point.value) for point in mine.entry_points}
    assert points == {
        ("privacy_connector", "total-expert", "te_connector.plugin"),
        ("console_scripts", "te-connector", "te_connector.__main__:main"),
    }


def test_what_a_host_needs_is_required_and_what_people_use_is_an_extra(installed: Path) -> None:
    (mine,) = importlib.metadata.distributions(path=[str(installed)])
    required = mine.requires or []
    named = {each: re.split(r"[^A-Za-z0-9-]", each)[0].lower() for each in required}
    extra = {name for each, name in named.items() if "extra ==" in each}
    always = {name for each, name in named.items() if "extra ==" not in each}
    command = {"click", "faker", "flask", "jinja2", "markupsafe", "rich", "werkzeug"}
    portal = {"dbos", "psycopg", "sqlalchemy", "waitress"}
    assert extra == command | portal | {"authlib", "joserfc"}
    assert {"cattrs", "pluggy", "requests-oauthlib", "urllib3", "pyyaml", "jsonschema"} <= always
    assert not extra & always


_HOST = """
import json, pluggy, te_connector, te_connector.hookspecs
pm = pluggy.PluginManager("privacy_connector")
pm.add_hookspecs(te_connector.hookspecs)
pm.load_setuptools_entrypoints("privacy_connector")
pm.check_pending()
answer = pm.hook.discover(connection={"connector": "total-expert"})
from te_connector.manifest import loading as manifest
from te_connector.manifest import locations as resources
print(json.dumps({
    "file": te_connector.__file__,
    "types": [item["name"] for item in answer["object_types"]],
    "titles": [item["schema"]["title"] for item in answer["object_types"]],
    "manifest": str(manifest.load().path),
    "packaged": manifest.load().packaged,
    "grammar": str(resources.grammar("manifest")),
}))
"""


def _run(folder: Path, elsewhere: Path) -> Mapping[str, Any]:
    """Be a host whose package is in this folder, in a process that starts somewhere else."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-c", _HOST]
    done = subprocess.run(
        command, env=environment, cwd=elsewhere, capture_output=True, text=True, check=True
    )
    answer: Mapping[str, Any] = json.loads(done.stdout)
    assert Path(answer["file"]).parent == folder / "te_connector"
    assert answer["types"][:4] == ["contact", "user", "contact_survey_response", "contact_note"]
    assert answer["titles"][:3] == ["Contact", "CRM user", "Survey response"]
    assert answer["packaged"] is True
    return answer


def test_the_wheel_finds_its_manifest_and_schemas_where_it_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    answer = _run(installed, tmp_path)
    assert answer["manifest"] == str(installed / "te_connector" / "_data" / "connector.yaml")
    assert Path(answer["grammar"]).parent == installed / "te_connector" / "_data" / "schemas"


def test_an_unpacked_sdist_finds_its_manifest_and_schemas(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    answer = _run(tmp_path / NAME, tmp_path)
    assert answer["manifest"] == str(tmp_path / NAME / "connector.yaml")


def test_an_editable_install_or_checkout_finds_them_too(tmp_path: Path) -> None:
    answer = _run(ROOT, tmp_path)
    assert answer["manifest"] == str(ROOT / "connector.yaml")


def test_the_packaged_files_of_the_wheel_are_those_of_the_checkout(installed: Path) -> None:
    data = installed / "te_connector" / "_data"
    assert (data / "connector.yaml").read_bytes() == (ROOT / "connector.yaml").read_bytes()
    for name in SCHEMAS:
        assert (data / "schemas" / name).read_bytes() == (ROOT / "schemas" / name).read_bytes()
