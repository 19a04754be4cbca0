"""What officers do in a browser, from the first link to the evidence, in a real Chromium."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from browsing import HOSTILE, MARKS, browser_fixture, forms, looked_at, opened  # noqa: F401
from browsing import refuses_a_foreign_form as refuses
from portal_process import Portal

from te_connector.sandbox import Sandbox

pytestmark = MARKS
MARIA = "maria.alvarez@example.com"
PASSWORD = "a long enough password"  # noqa: S105


@pytest.fixture(name="sandbox", scope="module")
def _sandbox():
    with Sandbox(contacts=20) as sandbox:
        hostile = {**sandbox.contacts[2317], "employer_name": HOSTILE, "title": "x" * 400}
        sandbox.tables.contacts.put(hostile)
        yield sandbox


@pytest.fixture(name="portal", scope="module")
def _portal(sandbox, tmp_path_factory):
    portal = Portal(sandbox, tmp_path_factory.mktemp("journeys"))
    yield portal
    portal.stop()


@pytest.fixture(name="officer", scope="module")
def _officer(browser, portal):
    page = opened(browser, portal.url)
    page.goto(portal.first_link())
    looked_at(page, "join")
    signed_up(page, "olive")
    return page


def signed_up(page, name):
    page.get_by_label("Your name").fill(name.title())
    page.get_by_label("E-mail address").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make account").click()
    page.get_by_role("heading", name="Queue").wait_for()


def requested(page, kind, **values):
    """Make a request and wait until it was searched. Returns its number."""
    page.get_by_role("link", name="New request").click()
    page.get_by_label("Kind").select_option(label=kind)
    page.get_by_label("E-mail addresses").fill(MARIA)
    page.get_by_label("How it was checked").fill("Called back")
    for label, value in values.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Make request and search").click()
    number = re.search(r"/requests/(\d+)", page.url)[1]
    reaches(page, "In review")
    return number


def reaches(page, state):
    """Reload until the request is in a state, as an officer does."""
    for _ in range(80):
        if f"· {state}" in page.inner_text("main"):
            return
        page.wait_for_timeout(250)
        page.goto(re.match(r"http://[^/]+/requests/\d+", page.url)[0])
    raise AssertionError(page.inner_text("main"))


def untick(page, label, reason):
    """By keyboard: to the box, Space, and to the field of its reason."""
    box = page.get_by_label(label, exact=True)
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked()
    if reason is not None:
        page.get_by_label(re.compile(f"^Reason for {label}$")).fill(reason)


def entered(page):
    """The Enter key sends the form."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def saved(page, button):
    with page.expect_download() as got:
        page.get_by_role("link", name=button).click()
    return got.value.path().read_bytes()


def test_an_officer_reviews_previews_and_releases_exactly_what_was_previewed(officer, portal):
    page = officer
    number = requested(page, "Access", Name=HOSTILE)
    untick(page, "contact 2328", None)
    entered(page)
    assert "Enter a reason." in page.inner_text("main table >> nth=1")
    assert not page.get_by_label("contact 2328", exact=True).is_checked(), "the choice is kept"
    looked_at(page, "refused", widths=(360, 1280))
    page.get_by_label("Reason for contact 2328").fill("Not this person's")
    entered(page)
    assert ", 5 chosen" in page.inner_text("main")

    page.get_by_role("link", name="contact 2317").click()
    assert HOSTILE in page.inner_text("main"), "hostile text is shown as text"
    looked_at(page, "object", widths=(360, 1280))
    untick(page, "employer_name", "Trade secret")
    entered(page)
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("link", name="Back to the request").click()
    page.locator("#fields ~ div").get_by_role("link", name="contact", exact=True).click()
    looked_at(page, "fields", widths=(360, 1280))
    untick(
        page, "birthday" if page.get_by_label("birthday", exact=True).count() else "city", "Other"
    )
    entered(page)
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("link", name="Back to the request").click()

    assert all(refuses(page, action) for action in set(forms(page)))
    page.get_by_role("button", name="Make the package").click()
    with page.context.expect_page() as shown:
        page.get_by_role("link", name="Preview the exact package").click()
    preview = shown.value.content()
    assert "2317" in preview and "2328" not in preview and shown.value.title() != "ran"
    shown.value.close()
    looked_at(page, "made", widths=(1280,))
    page.get_by_role("button", name="Approve the release").click()
    page.get_by_role("button", name="Release as a zip").click()
    content = saved(page, "Download the package")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    as_shown = page.context.request.get(f"{portal.url}/requests/{number}/preview").body()
    assert files["index.html"] == as_shown
    everything = b"".join(files.values())
    assert b"2317" in everything
    for gone in (b"2328", b"onerror", b"employer_name"):
        assert gone not in everything, gone
    looked_at(page, "released", widths=(1280,))
    page.get_by_role("button", name="I handed it over").click()
    assert "· Done" in page.inner_text("main")
    assert page.left == [] and page.ran == []


def test_two_people_approve_an_erasure_and_its_evidence_is_verified(
    officer, browser, portal, sandbox, tmp_path
):
    page = officer
    page.goto(f"{portal.url}/admin")
    page.get_by_label("Second approver").select_option(label="For erasure")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("combobox", name="Role", exact=True).select_option("approver")
    page.get_by_role("button", name="Make an invitation").click()
    second = opened(browser, portal.url)
    second.goto(page.inner_text("[role=status] code"))
    signed_up(second, "ann")
    portal.command("hold", "add", "--object", "contact:2328", "--reason", "lawsuit 7")

    number = requested(page, "Erasure", Phone_numbers="763-555-0123")
    assert "held: lawsuit 7" in page.inner_text("main")
    assert not page.get_by_label("contact 310042117", exact=True).is_checked(), "a weak match"
    page.get_by_label("contact 310042117", exact=True).check()
    page.get_by_role("button", name="Save choices").last.click()
    untick(page, "contact 2328", "Held: lawsuit 7")
    entered(page)
    assert "A hold keeps" not in page.inner_text("main")
    assert "Left out with the object that it belongs to" in page.inner_text("main")
    numbers = page.inner_text("caption >> xpath=..").split("\n")
    assert "contact\t3\t2\t0\t0\t1" in numbers
    assert b"by id:" in saved(page, "send this letter")
    looked_at(page, "erasure", widths=(360, 1280))

    address = f"{portal.url}/requests/{number}"
    second.goto(address)
    page.get_by_role("button", name="Approve the deletion").click()
    assert "1 of 2 approvals" in page.inner_text("main")
    page.get_by_role("button", name="Approve the deletion").click()
    assert "Another person must approve it too" in page.inner_text("[role=alert]")
    second.get_by_role("button", name="Approve the deletion").click()
    second.get_by_role("button", name="Delete now").click()
    reaches(second, "Done")
    receipts = second.inner_text("#receipts ~ div")
    assert receipts.count("Deleted") == 2 and "API can't delete it" in receipts
    assert 2328 in sandbox.contacts and not {2317, 310042117} & set(sandbox.contacts)
    looked_at(second, "receipts", widths=(360, 1280))

    content = saved(second, "Download the evidence")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    held = [one for one in json.loads(files["decisions.json"])["objects"] if not one["included"]]
    assert "2328" in {one["id"] for one in held}
    (tmp_path / "evidence.zip").write_bytes(content)
    portal.command("audit", "verify", str(tmp_path / "evidence.zip"))
    assert portal.status == 0
    (tmp_path / "index.html").write_bytes(files["index.html"])
    report = browser.new_context().new_page()
    report.goto(f"file://{tmp_path}/index.html")
    looked_at(report, "evidence", widths=(360, 1280))
    assert second.left == [] and second.ran == []


def test_two_officers_approve_at_once_and_one_is_informed(officer, browser, portal):
    page = officer
    requested(page, "Access")
    page.get_by_role("button", name="Make the package").click()
    other = opened(browser, portal.url)
    other.goto(portal.url)
    other.get_by_label("E-mail").fill("olive@example.com")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.goto(page.url)
    for one in (page, other):  # both are sent before either is answered
        one.get_by_role("button", name="Approve the release").click(no_wait_after=True)
    for one in (page, other):
        one.get_by_text("· Approved").wait_for()
    alerts = [one.locator("[role=alert]").all_inner_texts() for one in (page, other)]
    assert sorted(map(len, alerts)) == [0, 1]
    assert "your approval didn't count" in str(alerts)
