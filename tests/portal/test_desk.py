"""The desk's daily work: links by mail, two approvers, denial, extension, accounts, and settings.

One portal and one SMTP server serve all tests of this module, because a start costs seconds.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from mailbox import mailbox_fixture  # noqa: F401  a fixture

import pytest
import requests
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
MARIA = "maria.alvarez@example.com"
PASSWORD = "a long enough password"  # noqa: S105


@pytest.fixture(name="portal", scope="module")
def _portal(mailbox, tmp_path_factory):
    with Sandbox(contacts=20) as sandbox:
        more = {
            "TE_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "TE_MAIL_FROM": "desk@lender.example",
        }
        portal = Portal(sandbox, tmp_path_factory.mktemp("desk"), **more)
        yield portal
        portal.stop()


@pytest.fixture(name="officer", scope="module")
def _officer(portal):
    return Officer(portal, portal.first_link())


def joined(portal, officer, role, name):
    """A second browser, of someone who came by an invitation."""
    officer.get("/admin")
    assert officer.post("/admin/invite", role=role).ok
    link = re.search(r"http://[^\"<\s]+/join/[\w-]+", officer.page)[0]
    other = Officer.__new__(Officer)
    other.portal, other.http = portal, requests.Session()
    other.http.headers["Sec-Fetch-Site"] = "same-origin"
    other.http.get(link)
    values = {"name": name, "email": f"{name}@example.com", "password": PASSWORD}
    weak = other.http.post(f"{portal.url}/join", {**values, "password": "short"})
    assert weak.status_code == 422 and "12 characters" in weak.text
    assert other.http.post(f"{portal.url}/join", values).ok
    assert other.http.get(link).status_code == 404, "an invitation is used once"
    return other


def reviewed(officer, **values):
    number = officer.new(kind="access", email=MARIA, **values)
    officer.wait_for(number, "In review")
    return number


def digest_in(page):
    return re.search(r'name="digest" value="([^"]+)"', page)[1]


def due_in(page):
    return re.search(r"due\s*<[^>]*>(\d{4}-\d\d-\d\d)", page)[1]


def settings(officer, **changed):
    officer.get("/admin")
    values = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', officer.page))
    for key in ("lender", "contact", "time_zone"):
        values.setdefault(
            key, {"lender": "Lender", "contact": "x", "time_zone": "America/Chicago"}[key]
        )
    return officer.post("/admin/settings", **{**values, "second_approver": "off", **changed})


def test_a_package_goes_out_by_a_link_and_a_code(portal, officer, mailbox):
    number = reviewed(officer)
    officer.post(f"/requests/{number}/package")
    officer.get(f"/requests/{number}")
    assert officer.post(f"/requests/{number}/approve", digest=digest_in(officer.page)).ok
    wrong = officer.post(f"/requests/{number}/link", mailbox="nobody")
    assert wrong.status_code == 409 and "e-mail address" in wrong.text
    assert officer.post(f"/requests/{number}/link", mailbox="maria@home.example").ok
    mail = mailbox.next()
    assert mail["To"] == "maria@home.example" and mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "alvarez" not in text.lower() and "Maria" not in text
    link = re.search(r"http://\S+/get/\S+", text)[0]

    person = requests.Session()
    person.headers["Sec-Fetch-Site"] = "same-origin"
    for _ in range(2):  # a scanner opens it too, and uses nothing up
        assert person.get(link).ok
    assert requests.get(f"{portal.url}/get/{'x' * 43}").status_code == 404
    assert person.post(f"{portal.url}/get", {"step": "code"}).ok
    code = re.search(r"\d{8}", mailbox.next().get_content())[0]
    bad = person.post(f"{portal.url}/get", {"step": "download", "code": "00000000"})
    assert "wrong or over" in bad.text
    got = person.post(f"{portal.url}/get", {"step": "download", "code": code})
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        assert b"2317" in archive.read("data.json")
    officer.wait_for(number, "Done")
    log = (portal.folder / "stderr").read_text()
    assert link.rpartition("/")[2] not in log and code not in log


def test_a_revoked_link_opens_nothing_and_the_request_comes_back_to_review(
    portal, officer, mailbox
):
    number = reviewed(officer)
    officer.post(f"/requests/{number}/package")
    officer.get(f"/requests/{number}")
    assert officer.post(f"/requests/{number}/approve", digest=digest_in(officer.page)).ok
    assert officer.post(f"/requests/{number}/link", mailbox="maria@home.example").ok
    person = requests.Session()
    person.headers["Sec-Fetch-Site"] = "same-origin"
    assert person.get(re.search(r"http://\S+/get/\S+", mailbox.next().get_content())[0]).ok
    officer.get(f"/requests/{number}")
    release = re.search(r'name="release" value="(\d+)"', officer.page)[1]
    assert officer.post(f"/requests/{number}/revoke", release=release).ok
    assert "· In review" in officer.page
    assert person.post(f"{portal.url}/get", {"step": "code"}).status_code == 404


def test_a_finished_request_can_not_be_approved_or_changed_by_any_route(officer):
    number = reviewed(officer)
    denied = officer.post(f"/requests/{number}/deny", reason="")
    assert denied.status_code == 409 and "Enter the reason" in denied.text
    assert officer.post(f"/requests/{number}/deny", reason="GLBA data only").ok
    officer.get(f"/requests/{number}")
    assert "GLBA data only" in officer.page
    for action in ("approve", "release", "delete", "back", "search", "package", "stop", "extend",
                   "handed-over", "identity", "objects", "fields"):  # fmt: skip
        answer = officer.post(
            f"/requests/{number}/{action}", digest="x", reason="y", how="z", field="email",
            connection="default", object_type="contact", shown="1",
        )  # fmt: skip
        assert answer.status_code == 409, action
        assert "· Denied" in answer.text, action
    assert officer.post(f"/requests/{number}/nonsense").status_code == 404


def test_a_due_date_is_extended_once_with_a_reason(officer):
    number = reviewed(officer)
    before = due_in(officer.page)
    assert "Enter the reason" in officer.post(f"/requests/{number}/extend", reason=" ").text
    assert officer.post(f"/requests/{number}/extend", reason="complex").ok
    assert "complex" in officer.page and due_in(officer.page) > before
    assert officer.post(f"/requests/{number}/extend", reason="again").status_code == 409


def test_comments_identity_and_duplicates(officer):
    first, second = reviewed(officer), reviewed(officer, name="Maria A.")
    assert officer.post(f"/requests/{second}/comment", text="").status_code == 409
    assert officer.post(f"/requests/{second}/comment", text="<b>called</b> at noon").ok
    assert "&lt;b&gt;called&lt;/b&gt; at noon" in officer.page
    assert officer.post(f"/requests/{second}/identity", how="").status_code == 409
    assert officer.post(f"/requests/{second}/identity", how="passport seen").ok
    assert f"#{first}" in officer.get(f"/requests/{second}").text, "the duplicate is suggested"
    assert officer.post(f"/requests/{second}/merge", into=second).status_code == 409
    assert officer.post(f"/requests/{second}/merge", into=first).ok
    assert "· Stopped" in officer.get(f"/requests/{second}").text
    found = officer.post("/find", find=MARIA.upper())
    assert found.ok and f"/requests/{first}" in found.text and "alvarez" not in found.url
    assert f"/requests/{first}" in officer.post("/find", find=f"#{first}").text
    assert f"/requests/{first}" not in officer.post("/find", find="x@example.com").text


def test_what_cannot_be_a_request_is_refused(officer):
    officer.get("/new")
    day = re.search(r'max="([0-9-]+)"', officer.page)[1]
    good = {"kind": "access", "law": "CCPA", "received": day, "email": MARIA}
    for wrong in ({"email": ""}, {"received": "soon"}, {"received": "2999-01-01"}, {"kind": "other"},
                  {"email": "mailto:a@b.example"}):  # fmt: skip
        answer = officer.post("/new", **{**good, **wrong})
        assert answer.status_code == 422, wrong


def test_two_must_approve_where_the_lender_says_so(portal, officer):
    assert settings(officer, second_approver="all").ok
    try:
        number = reviewed(officer)
        officer.post(f"/requests/{number}/package")
        officer.get(f"/requests/{number}")
        digest = digest_in(officer.page)
        assert officer.post(f"/requests/{number}/approve", digest=digest).ok
        assert "· In review" in officer.page
        again = officer.post(f"/requests/{number}/approve", digest=digest)
        assert again.status_code == 409 and "Another person" in again.text
        second = joined(portal, officer, "approver", "ann")
        second.get(f"/requests/{number}")
        assert second.post(f"/requests/{number}/approve", digest="old").status_code == 409
        assert second.post(f"/requests/{number}/approve", digest=digest).ok
        assert "· Approved" in second.page
        assert officer.post(f"/requests/{number}/approve", digest=digest).status_code == 409
    finally:
        settings(officer)


def test_settings_that_cannot_be_are_refused(officer):
    for wrong in ({"second_approver": "everyone"}, {"time_zone": "Mars"}, {"link_days": "x"},
                  {"link_days": "99999"}):  # fmt: skip
        assert settings(officer, **wrong).status_code == 409, wrong
    assert settings(officer).ok


def test_an_auditor_reads_only_and_only_an_admin_sets(portal, officer):
    number = reviewed(officer)
    auditor = joined(portal, officer, "auditor", "aud")
    assert auditor.get(f"/requests/{number}").ok
    assert auditor.post(f"/requests/{number}/comment", text="x").status_code == 403
    assert auditor.get("/admin").status_code == 403
    officer.get("/admin")
    users = re.findall(r'name="user" value="(\d+)"', officer.page)
    refused = [
        answer
        for user in users
        if (answer := officer.post("/admin/account", user=user, role="auditor")).status_code == 409
    ]
    assert len(refused) == 1 and "Keep one active admin" in refused[0].text
    assert officer.get("/admin").ok, "the last admin is still one"
    assert "/sign-in" in auditor.get(f"/requests/{number}").url, (
        "an account turned off is signed out"
    )


def test_wrong_passwords_are_refused_alike_and_limited(portal, officer):
    visitor = requests.Session()
    visitor.headers["Sec-Fetch-Site"] = "same-origin"

    def attempt(mailbox, password):
        return visitor.post(f"{portal.url}/sign-in", {"email": mailbox, "password": password})

    unknown, wrong = attempt("nobody@example.com", "x"), attempt("olive@example.com", "x")
    assert (unknown.status_code, wrong.status_code) == (401, 401)
    assert "The e-mail address or the password is wrong" in unknown.text
    assert attempt("olive@example.com", PASSWORD).ok
    assert visitor.get(f"{portal.url}/new").ok
    csrf = re.search(r'name="csrf" value="([^"]+)"', visitor.get(f"{portal.url}/").text)[1]
    visitor.post(f"{portal.url}/sign-out", {"csrf": csrf})
    assert "/sign-in" in visitor.get(f"{portal.url}/new").url
    statuses = [attempt("limit@example.com", "x").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_a_connection_is_added_and_checked_on_the_page(officer):
    officer.get("/admin")
    assert officer.post("/admin/check", name="default").ok
    assert (
        officer.post("/admin/connection", name="b/d", connector="total-expert").status_code == 409
    )
    assert officer.post("/admin/connection", name="second", title="Second", profile="none").ok
    assert "Second" in officer.get("/admin").text
    officer.post("/admin/check", name="second")
    assert "login" in officer.get("/admin").text.lower()
    assert officer.post("/admin/nonsense").status_code == 404


def test_a_token_that_is_revoked_opens_nothing(portal):
    token = portal.command("portal", "token", "new")
    url, headers = f"{portal.url}/api/v1/requests", {"Authorization": f"Bearer {token}"}
    assert requests.get(url, headers=headers).status_code == 200
    assert requests.get(f"{url}/99999", headers=headers).status_code == 404
    listed = portal.command("portal", "token", "list", "--json")
    assert portal.status == 0 and token not in listed
    name = re.findall(r'"name": "(\w+)"', listed)[-1]
    portal.command("portal", "token", "revoke", name)
    assert portal.status == 0
    assert requests.get(url, headers=headers).status_code == 401
    portal.command("portal", "token", "revoke", "nothing")
    assert portal.status == 1


def test_check_says_what_is_missing(portal, tmp_path):
    before = portal.command("portal", "check", "--json")
    assert '"connection default"' in before
    faulty = tmp_path / "connections.yaml"
    faulty.write_text(
        "connections:\n"
        "  - name: a b\n    connector: total-expert\n"
        "  - nonsense\n"
        "  - name: c\n    colour: red\n"
    )
    portal.env["TE_CONNECTIONS"] = str(faulty)
    try:
        shown = portal.command("portal", "check", "--json")
        assert portal.status != 0
        for line in (2, 4, 6):
            assert f"connections.yaml:{line}: " in shown
    finally:
        del portal.env["TE_CONNECTIONS"]


def test_a_request_waits_for_identity_and_goes_on_when_it_is_checked(officer):
    number = reviewed(officer, identity_how="")
    assert officer.post(f"/requests/{number}/wait", reason="").status_code == 409
    assert officer.post(f"/requests/{number}/wait", reason="a copy of an ID").ok
    assert "· Waiting" in officer.page and "a copy of an ID" in officer.page
    assert officer.post(f"/requests/{number}/approve", digest="x").status_code == 409
    assert officer.post(f"/requests/{number}/identity", how="ID seen").ok
    assert "· In review" in officer.page and "ID seen" in officer.page
    assert officer.post(f"/requests/{number}/wait", reason="again").status_code == 409


def test_letters_and_reminders_follow_the_law(portal, officer):
    number = reviewed(officer, name="Maria Alvarez")
    assert "Confirm the request" in officer.page
    assert "confirm by" in officer.get("/").text
    letter = officer.get(f"/requests/{number}/confirmation-letter.txt").text
    assert "Hello Maria Alvarez," in letter and f"#{number}" in letter
    assert officer.get(f"/requests/{number}/extension-letter.txt").status_code == 404
    officer.get(f"/requests/{number}")
    assert officer.post(f"/requests/{number}/confirmed").ok
    assert "Confirm the request" not in officer.page
    assert officer.post(f"/requests/{number}/confirmed").status_code == 409
    assert officer.post(f"/requests/{number}/extend", reason="Two archives to search").ok
    due = datetime.date.fromisoformat(due_in(officer.page))
    letter = officer.get(f"/requests/{number}/extension-letter.txt").text
    assert "Two archives to search" in letter and f"{due:%B} {due.day}, {due.year}" in letter
    officer.get(f"/requests/{number}")
    assert officer.post(f"/requests/{number}/deny", reason="GLBA data only").ok
    letter = officer.get(f"/requests/{number}/denial-letter.txt").text
    assert "GLBA data only" in letter and "California Privacy Protection Agency" in letter
    gdpr = officer.new(kind="access", email=MARIA, law="GDPR")
    assert "Confirm the request" not in officer.get(f"/requests/{gdpr}").text


def test_figures_count_each_request_once_with_the_days_to_the_answer(officer):
    denied = reviewed(officer)
    assert officer.post(f"/requests/{denied}/deny", reason="GLBA data only").ok
    before = rows_of(officer)
    first, second = reviewed(officer), reviewed(officer)
    officer.get(f"/requests/{second}")
    assert officer.post(f"/requests/{second}/merge", into=str(first)).ok
    officer.get(f"/requests/{first}")
    assert officer.post(f"/requests/{first}/deny", reason="GLBA data only").ok
    after = rows_of(officer)
    assert int(after["Received"]) == int(before["Received"]) + 1
    assert int(after["Denied"]) == int(before["Denied"]) + 1
    assert float(after["Median days"]) == 0
    assert "Median days" in officer.get("/figures").text


def rows_of(officer):
    """The figures of CCPA access requests."""
    lines = csv.DictReader(io.StringIO(officer.get("/figures.csv").text))
    (row,) = (one for one in lines if (one["Law"], one["Kind"]) == ("CCPA", "access"))
    return row
