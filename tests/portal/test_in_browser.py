"""The portal's pages in a real Chromium, on the demo's requests: each width, light and dark.

Needs Debian's ``chromium`` and ``npm ci --prefix tests/browser``; without one of them it is skipped.
``PICTURES=FOLDER`` keeps a picture of each page, at each width, light and dark.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

from browsing import HOSTILE, MARKS, browser_fixture, looked_at, opened  # noqa: F401

pytestmark = MARKS
STATES = ("Received", "In review", "Approved", "Releasing", "Waiting", "Done", "Denied", "Stopped")


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


def test_the_demo_shows_every_state_and_each_page_is_accessible_at_every_width(browser, tmp_path):
    with demo(tmp_path) as (url, mailbox, password):
        page = opened(browser, url)
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

        page.goto(f"{url}/admin")
        looked_at(page, "admin")
        page.goto(f"{url}/requests/7")
        looked_at(page, "erased")
        page.goto(f"{url}/requests/1")
        assert "Branch files" in page.inner_text("main") and "Reminders" in page.inner_text("main")
        looked_at(page, "asked")
        page.goto(f"{url}/requests/3")
        page.get_by_role("link", name="contact 2317", exact=True).click()
        looked_at(page, "object-to-erase")
        page.goto(f"{url}/requests/999")
        looked_at(page, "unknown")
        assert page.left == [] and page.ran == [], "nothing leaves the host, and no script runs"
        page.context.close()
