"""A processor's page in a real browser on a phone: from the mail to the receipt, with axe on each page."""

from __future__ import annotations

import os
import re
import socket
from mailbox import link_in, mailbox_fixture, text_of  # noqa: F401  a fixture

import pytest
from browsing import HOSTILE, MARKS, browser_fixture, looked_at, opened  # noqa: F401  a fixture
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = MARKS
FILES = "files@lender.example"


@pytest.fixture(name="portal", scope="module")
def _portal(mailbox, tmp_path_factory):
    with Sandbox(contacts=20) as sandbox:
        more = {
            "TE_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "TE_MAIL_FROM": "desk@lender.example",
        }
        portal = Portal(sandbox, tmp_path_factory.mktemp("direct"), **more)
        yield portal
        portal.stop()


def mail_looked_at(browser, mail, name):
    """The mail's HTML as a phone shows it: nothing is loaded, nothing is wider than the screen."""
    page = opened(browser, "about:blank")
    page.set_viewport_size({"width": 360, "height": 700})
    page.set_content(mail.get_body(("html",)).get_content())
    if os.environ.get("PICTURES"):
        page.screenshot(path=f"{os.environ['PICTURES']}/mail-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.left == []
    page.context.close()


def test_someone_answers_both_kinds_on_a_phone(browser, portal, mailbox, tmp_path):
    officer = Officer(portal, portal.first_link())
    officer.get("/admin")
    processor = {"name": "files", "title": "Branch files", "mailbox": FILES, "notes": HOSTILE}
    assert officer.post("/admin/processor", access="yes", deletion="yes", **processor).ok
    number = officer.new(kind="access", email="maria.alvarez@example.com", name=HOSTILE)
    mail = mailbox.next_to(FILES)
    mail_looked_at(browser, mail, "asked")

    page = opened(browser, portal.url)
    page.goto(link_in(mail))
    assert page.url == f"{portal.url}/direct"
    looked_at(page, "direct-hello", widths=(360, 1280))
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Here is what we hold").check()
    page.get_by_label("Your name").fill(HOSTILE)
    page.get_by_label("Your e-mail address").fill("frank@lender.example")
    page.get_by_label("My answer is true").check()
    page.get_by_role("button", name="Send the answer").click()
    assert "Add the files" in page.inner_text("main")
    looked_at(page, "direct-wrong", widths=(360, 1280))
    scan = tmp_path / "scan.txt"
    scan.write_text("Maria, file 7")
    page.get_by_label("Files").set_input_files(scan)
    page.get_by_role("button", name="Send the answer").click()
    assert "We have your answer" in page.inner_text("main")
    looked_at(page, "direct-receipt", widths=(360, 1280))
    officer.wait_for(number, "In review")
    assert "scan.txt" in officer.page and page.ran == []

    number = officer.new(kind="erasure", email="maria.alvarez@example.com")
    officer.wait_for(number, "In review")
    digest = re.search(r'name="digest" value="([^"]+)"', officer.page)[1]
    assert officer.post(f"/requests/{number}/approve", digest=digest, reason="enough").ok
    assert officer.post(f"/requests/{number}/delete").ok
    page.goto(link_in(mailbox.next_to(FILES)))
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Partly deleted").check()
    page.get_by_label("what is left").fill("One box is off-site")
    page.get_by_role("button", name="Mail me the code").click()
    assert page.get_by_label("what is left").input_value() == "One box is off-site"
    code = mailbox.next_to(FILES)
    mail_looked_at(browser, code, "code")
    page.get_by_label("Code").fill(re.search(r"\b\d{6}\b", text_of(code))[0])
    page.get_by_label("Your name").fill("Frank")
    page.get_by_label("Your e-mail address").fill("frank@lender.example")
    page.get_by_label("My answer is true").check()
    looked_at(page, "direct-deletion", widths=(360, 1280))
    page.get_by_role("button", name="Send the answer").click()
    assert "We have your answer" in page.inner_text("main")
    assert page.left == [] and page.ran == [], "nothing leaves the host, and no script runs"
    page.context.close()


def test_an_upload_of_two_gigabytes_is_refused_before_it_is_read(portal):
    host, port = portal.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = (
            f"POST /direct HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {portal.url}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {2 * 1024**3}\r\n\r\n"
        )
        connection.sendall(head.encode() + b"--x\r\n")
        assert connection.recv(200).startswith(b"HTTP/1.1 413 ")
