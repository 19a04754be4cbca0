"""A real Chromium for the portal's tests, and what is checked on every page."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
import requests

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(110),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="npm ci --prefix tests/browser was not run"),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WIDTHS = (360, 1280, 1920)
HOSTILE = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"


@pytest.fixture(name="browser", scope="module")
def browser_fixture():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(browser, url):
    """A browser of its own, which notes each request that leaves the portal, and each script that runs."""
    page = browser.new_context().new_page()
    page.set_default_timeout(20_000)
    page.left, page.ran = [], []
    page.on("request", lambda one: page.left.append(one.url) if not _is_own(one.url, url) else None)
    page.on("dialog", lambda one: (page.ran.append(one.message), one.dismiss()))
    return page


def _is_own(address, url):
    return address.startswith((f"{url}/", "data:", "about:")) or address == url


def faults(page):
    """The serious faults that axe finds."""
    page.evaluate(AXE.read_text())  # as the inspector does; the page's policy forbids scripts
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [
        (one["id"], node["html"][:90])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def looked_at(page, name, widths=WIDTHS):
    """Every width and both color schemes: no serious fault, and nothing wider than the screen.

    ``PICTURES=FOLDER`` keeps a picture of each.
    """
    folder = os.environ.get("PICTURES")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(500)  # Pico fades from one scheme's colors to the other's
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if folder:
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (name, width, wider)
        found = faults(page)
        assert found == [], (name, scheme, found)
    assert page.title() != "ran"


def forms(page):
    """Where the page's forms are sent to."""
    return page.evaluate(
        "[...document.forms].filter(one => one.method == 'post').map(one => one.action)"
    )


def refuses_a_foreign_form(page, action):
    """Whether a form of another site, sent with the officer's cookies and form token, is refused."""
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    token = re.search(r'name="csrf" value="([^"]*)"', page.content())[1]
    answers = [
        requests.post(action, {"csrf": token}, cookies=cookies, headers=headers, timeout=20)
        for headers in (
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"},
            {"Origin": "https://other.example"},
        )
    ]
    return all(one.status_code == 403 for one in answers)
