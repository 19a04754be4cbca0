"""The portal's pages in a real Chromium, on the demo's requests.

Needs Debian's ``chromium`` and ``npm ci --prefix tests/browser``; without one of them it is skipped.
``PICTURES=FOLDER`` keeps a picture of each page, at each width, light and dark.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(110),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="npm ci --prefix tests/browser was not run"),
]
STATES = ("Received", "In review", "Approved", "Releasing", "Waiting", "Done", "Denied", "Stopped")
WIDTHS = (360, 1280, 1920)
HOSTILE = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"


@contextlib.contextmanager
def demo(folder):
    env = {name: value for name, value in os.environ.items() if not name.startswith("TE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "te_connector", "portal", "--demo", "--port", "0"],
        stdout=subprocess.PIPE, text=True, env=env, cwd=folder,
    )  # fmt: skip
    try:
        url = process.stdout.readline().strip()
        words = process.stdout.readline().split()
        yield url, words[3], words[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


@pytest.fixture(name="browser", scope="module")
def _browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-sync",
        ]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


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


def looked_at(page, name):
    """Every width and both color schemes: no serious fault, and nothing wider than the screen."""
    folder = os.environ.get("PICTURES")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(500)  # Pico fades from one scheme's colors to the other's
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if folder:
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, (name, width, wider)
        assert faults(page) == [], (name, scheme)


def test_an_officer_sees_decides_and_releases_in_a_browser(browser, tmp_path):
    with demo(tmp_path) as (url, mailbox, password):
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(20_000)
        left = []
        page.on(
            "request", lambda one: left.append(one.url) if not one.url.startswith(url) else None
        )
        page.goto(url)
        looked_at(page, "sign-in")
        page.get_by_label("E-mail").fill(mailbox)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", level=1).wait_for()
        for _ in range(40):  # the demo's requests reach their states in a few seconds
            page.goto(f"{url}/?state=all")
            table = page.inner_text("table")
            if all(one in table for one in STATES) and table.count("Done") == 2:
                break
            page.wait_for_timeout(500)
        assert page.locator("tbody tr").count() == 12
        assert all(one in page.inner_text("table") for one in STATES)
        looked_at(page, "queue")

        page.goto(f"{url}/new")
        looked_at(page, "new")
        page.get_by_label("Name", exact=False).first.fill(HOSTILE)
        page.locator("[name=email]").fill("maria.alvarez@example.com")
        page.locator("[name=identity_how]").fill(HOSTILE)
        page.locator("main form button[type=submit], main form button:not([type])").first.click()
        for _ in range(40):
            if "In review" in page.content():
                break
            page.wait_for_timeout(500)
            page.reload()
        assert page.title() != "ran"
        looked_at(page, "review")
        number = re.search(r"/requests/(\d+)", page.url)[1]

        page.goto(f"{url}/admin")
        looked_at(page, "admin")
        page.goto(f"{url}/requests/7")
        looked_at(page, "erased")

        page.goto(f"{url}/requests/{number}")
        page.locator(f"form[action$='/requests/{number}/package'] button").click()
        page.locator(f"form[action$='/requests/{number}/approve'] button").click()
        assert "Approved" in page.inner_text("main")
        looked_at(page, "approved")
        page.locator(f"form[action$='/requests/{number}/release'] button").click()
        with page.expect_download() as got:
            page.locator(f"a[href$='/requests/{number}/package.zip']").first.click()
        assert got.value.path().stat().st_size > 1000
        preview = context.new_page()
        preview.goto(f"{url}/requests/{number}/preview")
        assert "2317" in preview.content() and preview.title() != "ran"
        assert left == [], "nothing leaves the host"
        context.close()
