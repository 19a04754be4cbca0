"""Direct Contact over a real SMTP server: people are asked, remind, answer, and what becomes of it."""

from __future__ import annotations

import html
import io
import json
import re
import subprocess
import sys
import zipfile
from mailbox import link_in, mailbox_fixture, text_of  # noqa: F401  a fixture

import pytest
import requests
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
MARIA = "maria.alvarez@example.com"
FILES, PAPER = "files@lender.example", "paper@lender.example"
LATER = """
import os, sys
from te_connector.portal.direct import reminding
from te_connector.portal.serve import opened
from te_connector.portal.settings import read_settings
from te_connector.portal.store.database import after, now
from pathlib import Path
settings = read_settings(os.environ, {}, Path(os.environ["TE_STATE_DIR"]))
database = opened(settings)
reminding.tick(database, settings, after(now(), days=int(sys.argv[1])))
"""


@pytest.fixture(name="portal", scope="module")
def _portal(mailbox, tmp_path_factory):
    with Sandbox(contacts=20) as sandbox:
        more = {
            "TE_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "TE_MAIL_FROM": "desk@lender.example",
            "TE_MAIL_REPLY_TO": "watched@lender.example",
        }
        portal = Portal(sandbox, tmp_path_factory.mktemp("direct"), **more)
        yield portal
        portal.stop()


@pytest.fixture(name="officer", scope="module")
def _officer(portal):
    officer = Officer(portal, portal.first_link())
    add(officer, name="branch-files", title="Branch files", mailbox=FILES, notes="Shelf 3")
    return officer


def add(officer, **values):
    officer.get("/admin")
    values = {"access": "yes", "deletion": "yes", **values}
    answer = officer.post("/admin/processor", **values)
    assert answer.ok, answer.text


def turn(officer, name, active):
    officer.get("/admin")
    assert officer.post("/admin/turn", name=name, active=active).ok


def later(portal, days):
    """The portal's own work, at a later time."""
    done = subprocess.run(
        [sys.executable, "-c", LATER, str(days)], env=portal.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


class Person:
    """Someone who opens a link, in a browser of their own."""

    def __init__(self, portal, link):
        self.http, self.url, self.link = requests.Session(), f"{portal.url}/direct", link
        self.http.headers["Sec-Fetch-Site"] = "same-origin"
        self.first = self.http.get(link)

    def post(self, files=(), **values):
        answer = self.http.post(self.url, values, files=[("files", one) for one in files])
        self.page = html.unescape(answer.text)
        return answer

    def answer(self, answer, files=(), **values):
        values = {"name": "Frank Files", "email": FILES, "confirmed": "yes", **values}
        return self.post(files, step="answer", answer=answer, **values)

    def confirm(self, mailbox, answer, **values):
        assert self.post(step="code").ok
        code = re.search(r"\b\d{6}\b", text_of(mailbox.next_to(FILES)))[0]
        return self.answer(answer, code=code, **values)


def task_in(page):
    return re.search(r'name="task" value="(\d+)"', page)[1]


def approved(officer, number):
    digest = re.search(r'name="digest" value="([^"]+)"', officer.get(f"/requests/{number}").text)[1]
    return officer.post(f"/requests/{number}/approve", digest=digest, reason="enough is searched")


def asked(officer, mailbox, kind="access"):
    number = officer.new(kind=kind, email=MARIA, name="Maria Alvarez")
    if kind == "erasure":
        officer.wait_for(number, "In review")
        assert approved(officer, number).ok
        officer.post(f"/requests/{number}/delete")
    return number, mailbox.next_to(FILES)


def test_a_file_goes_from_the_link_through_the_review_into_the_package(portal, officer, mailbox):
    number, mail = asked(officer, mailbox)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == "watched@lender.example"
    assert mail["Message-ID"].endswith("@lender.example>")
    whole = mail.as_string().lower() + text_of(mail).lower()
    assert "maria" not in whole and "alvarez" not in whole
    assert f"#{number}" in mail["Subject"] and "Branch files" in mail["Subject"]
    officer.wait_for(number, "Waiting")
    assert "250 accepted" in officer.page

    person = Person(portal, link_in(mail))
    assert "Maria" not in person.first.text and "Continue" in person.first.text
    person.post(step="open")
    assert "Maria Alvarez" in person.page and MARIA in person.page and "Shelf 3" in person.page
    officer.get(f"/requests/{number}")
    assert re.search(r"Opened</dt><dd><span", officer.page)
    wrong = person.answer("files")
    assert wrong.status_code == 422 and "Add the files" in wrong.text
    sent = person.answer(
        "files", [("../../scan.csv", b"name,city\nMaria,Austin\n")], note="two pages"
    )
    assert "We have your answer" in sent.text and "Maria" not in sent.text

    officer.wait_for(number, "In review")
    assert "Here is what we hold" in officer.page and "not decided" in officer.page
    made = officer.post(f"/requests/{number}/package")
    assert made.ok, made.text
    assert "Decide about each file" in approved(officer, number).text
    found = dict(re.findall(r'files/(\d+)">([\w.]+)<', officer.get(f"/requests/{number}").text))
    by_name = {name: one for one, name in found.items()}
    got = officer.http.get(f"{portal.url}/requests/{number}/files/{by_name['scan.csv']}")
    assert got.content == b"name,city\nMaria,Austin\n"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    no_reason = officer.post(f"/requests/{number}/files", chosen=by_name["scan.csv"])
    assert no_reason.status_code == 409 and "Enter why" in no_reason.text
    reason = {f"why-file-{by_name['note.txt']}": "About another person"}
    assert officer.post(f"/requests/{number}/files", chosen=by_name["scan.csv"], **reason).ok
    officer.post(f"/requests/{number}/package")
    shown = officer.http.get(f"{portal.url}/requests/{number}/preview").text
    assert "Answered by a person on" in shown and "1 file was left out" in shown
    inside = officer.http.get(f"{portal.url}/requests/{number}/preview/from-branch-files/scan.csv")
    assert inside.headers["Content-Disposition"].startswith("attachment")
    assert approved(officer, number).ok
    officer.post(f"/requests/{number}/release")
    package = officer.http.get(f"{portal.url}/requests/{number}/package.zip")
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        names = archive.namelist()
        assert archive.read("from-branch-files/scan.csv") == b"name,city\nMaria,Austin\n"
        assert "default/data.json" in names and not any("note" in one for one in names)


def test_a_mail_scanner_changes_nothing_and_uses_nothing_up(portal, officer, mailbox):
    number, mail = asked(officer, mailbox)
    link = link_in(mail)
    for _ in range(2):
        assert requests.head(link, allow_redirects=True).status_code in (200, 404)
        without_cookies = requests.get(link, allow_redirects=False)
        assert without_cookies.status_code == 303
        assert link.rpartition("/")[2] not in without_cookies.headers["Location"]
        assert (
            requests.get(
                without_cookies.headers["Location"]
                if "://" in without_cookies.headers["Location"]
                else portal.url + without_cookies.headers["Location"]
            ).status_code
            == 404
        )
        assert "Continue" in requests.Session().get(link).text
    officer.wait_for(number, "Waiting")
    assert "Opened</dt><dd>no" in officer.page
    assert "We have your answer" in Person(portal, link).answer("nothing").text
    again = Person(portal, link)
    assert "We have your answer" in again.first.text and "Maria" not in again.first.text
    assert "We have your answer" in again.answer("files", [("a.txt", b"other")]).text
    officer.wait_for(number, "In review")
    assert "We hold nothing" in officer.page and "a.txt" not in officer.page
    log = (portal.folder / "stderr").read_text()
    assert link.rpartition("/")[2] not in log


def test_a_wrong_a_withdrawn_and_a_foreign_link_give_the_same_page(portal, officer, mailbox):
    number, mail = asked(officer, mailbox)
    wrong = Person(portal, f"{portal.url}/direct/{'x' * 43}").first
    assert wrong.status_code == 404
    officer.wait_for(number, "Waiting")
    task = task_in(officer.page)
    assert (
        "Enter the reason"
        in officer.post(f"/requests/{number}/end-task", task=task, reason="").text
    )
    assert officer.post(f"/requests/{number}/ask-again", task=task, mailbox=PAPER).ok
    told = mailbox.next_to(FILES)
    assert "withdrawn" in told["Subject"].lower() and told["In-Reply-To"] == mail["Message-ID"]
    other = mailbox.next_to(PAPER)
    for link in (link_in(mail), f"{portal.url}/direct/{'y' * 43}"):
        over = Person(portal, link)
        assert (over.first.status_code, over.first.text) == (404, wrong.text)
        assert over.post(step="open").status_code == 404 and "Maria" not in over.page
    assert officer.post(f"/requests/{number}/stop", reason="The person took it back").ok
    assert "withdrawn" in mailbox.next_to(PAPER)["Subject"].lower()
    assert Person(portal, link_in(other)).first.text == wrong.text


def test_a_late_answer_pauses_and_an_officer_skips_it_with_a_reason(portal, officer, mailbox):
    add(officer, name="paper", title="Paper archive", mailbox=PAPER)
    try:
        number, mail = asked(officer, mailbox)
        late = mailbox.next_to(PAPER)
        assert "We have your answer" in Person(portal, link_in(mail)).answer("nothing").text
        for number_of_reminder, days in ((1, 6), (2, 11)):
            for _ in range(2):
                later(portal, days)
            reminder = mailbox.next_to(PAPER)
            assert reminder["Subject"].startswith("Reminder"), number_of_reminder
            assert reminder["In-Reply-To"] == reminder["References"] == late["Message-ID"]
            assert link_in(reminder) == link_in(late)
        later(portal, 15)
        told = mailbox.next_to("olive@example.com")
        assert "decision" in told["Subject"] and "maria" not in told.as_string().lower()
        assert Person(portal, link_in(late)).first.status_code == 404
        officer.wait_for(number, "Waiting")
        assert "Late" in officer.page and ">Reminders</dt><dd>2" in officer.page
        task = re.findall(r'name="task" value="(\d+)"', officer.page)[-1]
        assert officer.post(
            f"/requests/{number}/end-task", task=task, reason="The archive burned"
        ).ok
        officer.wait_for(number, "In review")
        officer.post(f"/requests/{number}/package")
        shown = officer.http.get(f"{portal.url}/requests/{number}/preview").text
        assert "Not looked at" in shown and "We hold nothing about you there" in shown
    finally:
        turn(officer, "paper", "no")


def test_partly_keeps_an_erasure_open_until_it_is_reopened_and_answered(portal, officer, mailbox):
    number, mail = asked(officer, mailbox, "erasure")
    officer.wait_for(number, "Waiting")
    person = Person(portal, link_in(mail))
    assert "delete what you hold" in person.post(step="open").text
    no_code = person.answer("deleted")
    assert no_code.status_code == 422 and "code is wrong" in no_code.text
    unsaid = person.confirm(mailbox, "partly")
    assert unsaid.status_code == 422 and "what is left" in unsaid.text
    assert (
        "We have your answer" in person.confirm(mailbox, "partly", note="one box is off-site").text
    )
    officer.wait_for(number, "Waiting")
    assert "one box is off-site" in officer.page and "something is left" in officer.page
    task = task_in(officer.page)
    assert officer.post(f"/requests/{number}/reopen", task=task, reason="Get the box").ok
    again = mailbox.next_to(FILES)
    assert Person(portal, link_in(mail)).first.status_code == 404
    second = Person(portal, link_in(again))
    assert "We have your answer" in second.confirm(mailbox, "deleted").text
    officer.wait_for(number, "Done")

    evidence = officer.http.get(f"{portal.url}/requests/{number}/evidence.zip").content
    with zipfile.ZipFile(io.BytesIO(evidence)) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
        (found,) = json.loads(archive.read("processors.json"))
    assert b"Maria" not in whole and MARIA.encode() not in whole
    assert [one["answer"] for one in found["attested_receipts"]] == ["partly", "deleted"]
    assert all(one["kind"] == "attested" for one in found["attested_receipts"])
    assert found["mail"]["message_id"] == again["Message-ID"]
    path = portal.folder / "evidence.zip"
    path.write_bytes(evidence)
    portal.command("audit", "verify", str(path))
    assert portal.status == 0, portal.printed


def test_a_mail_that_the_server_refuses_counts_as_not_sent(portal, officer, mailbox):
    turn(officer, "branch-files", "no")
    add(officer, name="gone", title="Old archive", mailbox="refused@lender.example")
    try:
        number = officer.new(kind="access", email=MARIA)
        told = mailbox.next_to("olive@example.com")
        assert "decision" in told["Subject"]
        officer.wait_for(number, "Waiting")
        assert "Not delivered" in officer.page and "550" in officer.page
        task = task_in(officer.page)
        assert officer.post(f"/requests/{number}/ask-again", task=task, mailbox=FILES).ok
        assert (
            "We have your answer"
            in Person(portal, link_in(mailbox.next_to(FILES))).answer("nothing").text
        )
        officer.wait_for(number, "In review")
    finally:
        turn(officer, "gone", "no")
        turn(officer, "branch-files", "yes")


def test_a_test_mail_shows_what_the_mail_server_said(officer, mailbox):
    officer.get("/admin")
    assert officer.post("/admin/test-mail", name="branch-files").ok
    assert mailbox.next_to(FILES)["Subject"].startswith("Test mail")


def test_many_guesses_from_one_address_are_refused(portal):
    guesser = requests.Session()
    answers = []
    for number in range(30):
        guesser.cookies.set("te_direct", f"{number:043d}", path="/direct")
        answers.append(guesser.get(f"{portal.url}/direct").status_code)
    assert answers[0] == 404 and answers[-1] == 429
