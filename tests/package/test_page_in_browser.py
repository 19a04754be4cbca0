"""The page in a real Chromium: nothing runs, nothing leaves, and axe-core finds no fault.

Needs Debian's ``chromium``, ``node``, and ``npm ci --prefix tests/browser``; without one of them the
tests are skipped, and say which.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import package_cases as cases
import pytest

from te_connector.manifest import loading as manifests
from te_connector.package import Policy, write_package

pytestmark = pytest.mark.slow

BROWSER = Path(__file__).parents[1] / "browser"
POLICY = """
controller: {name: Example Lending LLC, contact: privacy@example.com, note: We answer in 45 days.}
"""


def programs() -> tuple[str, str]:
    """The paths of node and Chromium, or a skip that says what is missing."""
    node, chromium = (
        shutil.which("node"),
        shutil.which("chromium") or shutil.which("chromium-browser"),
    )
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    if node is None:
        pytest.skip("node is not installed (Debian: apt-get install nodejs)")
    if not (BROWSER / "node_modules" / "axe-core").is_dir():
        pytest.skip("axe-core is not installed (npm ci --prefix tests/browser)")
    return node, chromium


def look(page: Path, profile: Path) -> list[dict[str, Any]]:
    """What each view of a page showed."""
    node, chromium = programs()
    profile.mkdir()
    done = subprocess.run(
        [node, str(BROWSER / "check.mjs"), chromium, str(profile), str(page)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    views: list[dict[str, Any]] = json.loads(done.stdout)
    assert [view["view"] for view in views] == [
        "phone",
        "desktop",
        "phone-dark",
        "phone-without-scripts",
    ]
    return views


def many() -> dict[str, Any]:
    """Thirty contacts, so that they are folded, with a search that was not complete."""
    contacts = [cases.contact(number, first_name=f"Person {number}") for number in range(30)]
    return cases.result(
        *(cases.record("contact", contact) for contact in contacts),
        cases.record("user"),
        coverage=[
            cases.coverage("contact", complete=False, reason="Page 7 could not be read."),
            cases.coverage("user", method="lookup"),
        ],
    )


def ordinary() -> dict[str, Any]:
    """A contact, a user and a survey response, all fields filled."""
    return cases.result(*map(cases.record, cases.TYPES))


RESULTS = {"ordinary": ordinary, "nothing": cases.result, "many": many, "hostile": cases.hostile}


@pytest.mark.parametrize("name", RESULTS)
def test_a_page_is_calm_in_a_browser(tmp_path: Path, name: str) -> None:
    """No script runs, no request leaves, no error is logged, nothing is too wide, axe is content."""
    programs()
    manifest = manifests.load()
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    policy = Policy.load(tmp_path / "policy.yaml", manifest)
    result = cases.load(tmp_path, RESULTS[name]())
    folder = write_package(result, manifest, tmp_path / "out", policy).packages[0].folder
    for view in look(folder / "index.html", tmp_path / "profile"):
        assert view["requests"] == []
        assert view["console"] == []
        assert view["errors"] == []
        assert (view["dialogs"], view["popups"], view["stayed"]) == (0, 0, True)
        assert view["title"] == "Your data in Total Expert"
        if view["view"] == "phone-without-scripts":
            assert view["text"] > 2000
            continue
        assert view["overflow"] == 0
        assert view["tooWide"] == []
        assert (view["inserted"], view["handlers"]) == (0, 0)
        assert view["axe"] == []


BAD = """<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'"><title>x</title></head><body>
<div style="width: 2000px; color: #ccc; background: #fff">pale</div><img src="http://127.0.0.1:9/x">
<script>alert(1)</script></body></html>"""


def test_the_check_sees_what_is_wrong(tmp_path: Path) -> None:
    """On a page with faults the same check finds them."""
    page = tmp_path / "bad.html"
    page.write_text(BAD, "utf-8")
    phone = look(page, tmp_path / "profile")[0]
    assert phone["console"]
    assert phone["overflow"] > 0
    assert phone["inserted"] > 0
    assert {"color-contrast", "html-has-lang", "image-alt"} <= {
        fault["id"] for fault in phone["axe"]
    }


def test_the_page_obeys_even_where_its_escaping_is_taken_away(tmp_path: Path) -> None:
    """Should a value ever become markup, the page's own policy still lets no script run."""
    programs()
    manifest = manifests.load()
    result = cases.load(tmp_path, cases.result(cases.record("contact")))
    folder = write_package(result, manifest, tmp_path / "out").packages[0].folder
    page = folder / "index.html"
    attack = "<script>document.title='owned'</script><svg onload=\"document.title='owned'\">"
    page.write_text(page.read_text("utf-8").replace("Okonkwo-Hale", attack), "utf-8")
    for view in look(page, tmp_path / "profile"):
        assert view["title"] == "Your data in Total Expert"
        assert view["requests"] == []
