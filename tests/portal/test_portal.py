"""An officer's work, over a real socket, with the portal as its own process."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile

import pytest
import requests
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
MARIA = {"email": "maria.alvarez@example.com", "phone": "763-555-0123"}


@pytest.fixture(name="sandbox")
def _sandbox():
    with Sandbox(contacts=20) as sandbox:
        yield sandbox


@pytest.fixture(name="portal")
def _portal(sandbox, tmp_path):
    portal = Portal(sandbox, tmp_path)
    yield portal
    portal.stop()


def digest_in(page):
    return re.search(r'name="digest" value="([^"]+)"', page)[1]


def test_an_access_request_goes_out_without_what_was_left_out(portal):
    assert portal.url.startswith("http://127.0.0.1:")
    officer = Officer(portal, portal.first_link())
    number = officer.new(kind="access", **MARIA)
    officer.wait_for(number, "In review")
    row = re.search(r'name="chosen" value="(\d+)" aria-label="contact 2328"', officer.page)[1]
    kept = [
        one
        for one in re.findall(r'name="chosen" value="(\d+)"[^>]* checked', officer.page)
        if one != row
    ]
    shown = re.findall(r'name="shown" value="(\d+)"', officer.page)
    strong = [one for one in shown if one in kept or one == row]
    refused = officer.post(f"/requests/{number}/objects", shown=strong, chosen=kept)
    assert refused.status_code == 409 and "Enter a reason" in refused.text
    officer.post(
        f"/requests/{number}/objects",
        shown=strong,
        chosen=kept,
        **{f"why-{row}": "Not this person's"},
    )
    officer.post(
        f"/requests/{number}/fields",
        connection="default",
        object_type="contact",
        field=["email", "employer_name"],
        kept="email",
        **{"why-employer_name": "Trade secret"},
    )
    officer.post(f"/requests/{number}/package")
    preview = officer.http.get(f"{portal.url}/requests/{number}/preview")
    assert "sandbox" in preview.headers["Content-Security-Policy"] and "2317" in preview.text
    officer.get(f"/requests/{number}")
    digest = digest_in(officer.page)
    assert officer.post(f"/requests/{number}/approve", digest=digest).ok
    again = officer.post(f"/requests/{number}/approve", digest=digest)
    assert again.status_code == 409
    officer.post(f"/requests/{number}/release")
    with zipfile.ZipFile(
        io.BytesIO(officer.get(f"/requests/{number}/package.zip").content)
    ) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert archive.read("index.html").decode() == preview.text
    assert b"2317" in everything and b"2328" not in everything
    assert b"HYPERLINK" not in everything
    for hidden in (portal.folder / "stderr").read_text(), preview.url:
        assert "alvarez" not in hidden.lower()


def test_an_erasure_request_ends_with_receipts_and_evidence(portal, sandbox, tmp_path):
    officer = Officer(portal, portal.first_link())
    number = officer.new(kind="erasure", **MARIA)
    officer.wait_for(number, "In review")
    assert officer.post(f"/requests/{number}/approve", digest=digest_in(officer.page)).ok
    officer.post(f"/requests/{number}/delete")
    officer.wait_for(number, "Done")
    assert 2317 not in sandbox.contacts and 2328 not in sandbox.contacts
    content = officer.get(f"/requests/{number}/evidence.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert b"maria" not in b"".join(files.values()).lower()
    assert (
        files["receipts.jsonl"].count(b"\n") == files["trail-default.jsonl"].count(b'"receipt"') > 2
    )
    for one in json.loads(files["decisions.json"])["objects"]:
        assert one["included"] == (one["match"] == "strong")
    assert b"urvey" in files["vendor-letter.txt"]
    (tmp_path / "evidence.zip").write_bytes(content)
    (tmp_path / "key.pem").write_bytes(files["public_key.pem"])
    assert verified(portal, tmp_path)
    assert verified(portal, tmp_path, "--public-key", str(tmp_path / "key.pem"))
    for name in ("manifest.json", "manifest.sig"):
        (tmp_path / name).write_bytes(files[name])
    openssl = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in manifest.json -sigfile manifest.sig"
    assert subprocess.run(openssl.split(), cwd=tmp_path, check=False).returncode == 0
    with zipfile.ZipFile(tmp_path / "evidence.zip", "w") as archive:
        for name, old in files.items():
            archive.writestr(name, old.replace(b'"status": "deleted"', b'"status": "refused"'))
    assert not verified(portal, tmp_path)
    assert not verified(portal, tmp_path, "--public-key", str(tmp_path / "key.pem"))
    assert "receipts.jsonl was changed" in portal.printed


def verified(portal, folder, *options):
    """Whether the command accepts the evidence."""
    portal.command("audit", "verify", *options, str(folder / "evidence.zip"))
    return portal.status == 0


def test_a_killed_portal_goes_on_where_it_was(portal):
    officer = Officer(portal, portal.first_link())
    numbers = [officer.new(kind="erasure", **MARIA) for _ in range(2)]
    portal.kill()
    portal.start()
    for number in numbers:
        officer.wait_for(number, "In review")
    assert officer.post(
        f"/requests/{numbers[0]}/approve", digest=_approvable(officer, numbers[0])
    ).ok
    officer.post(f"/requests/{numbers[0]}/delete")
    portal.kill()
    portal.start()
    officer.wait_for(numbers[0], "Done")


def _approvable(officer, number):
    officer.get(f"/requests/{number}")
    return digest_in(officer.page)


def test_intake_by_program(portal):
    token = portal.command("portal", "token", "new")
    call = requests.Session()
    call.headers["Authorization"] = f"Bearer {token}"
    url = f"{portal.url}/api/v1/requests"
    body = {
        "kind": "access",
        "law": "GDPR",
        "received": "2026-01-31",
        "identifiers": {"email": ["maria.alvarez@example.com"]},
        "reference": "T-1",
    }
    made = call.post(url, json=body)
    assert made.status_code == 201 and made.json()["due"] == "2026-02-28", made.text
    same = call.post(url, json=body)
    assert same.status_code == 200 and same.json()["id"] == made.json()["id"]
    assert call.post(url, json={**body, "law": "CCPA"}).status_code == 409
    assert call.post(url, json={**body, "extra": 1}).status_code == 400
    bad = call.post(
        url, json={**body, "reference": "T-2", "identifiers": {"email": ["mailto:x@example.com"]}}
    )
    assert bad.status_code == 400 and set(bad.json()) == {"code", "detail"}
    one = call.get(f"{url}/{made.json()['id']}")
    assert set(one.json()) == {"id", "kind", "state", "due", "waits_for", "records", "receipts"}
    assert call.get(url).json()["next"] is None
    assert requests.get(url).status_code == 401
    assert requests.get(f"{portal.url}/api/v1/openapi.json").json()["openapi"] == "3.1.0"


def test_a_form_of_another_site_is_refused(portal):
    officer = Officer(portal, portal.first_link())
    answer = officer.http.post(
        f"{portal.url}/new", {"kind": "access"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert officer.http.post(f"{portal.url}/new", {"kind": "access"}).status_code == 403
    page = requests.get(f"{portal.url}/sign-in")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


def test_a_held_object_is_shown_as_held_and_stays(portal, sandbox):
    officer = Officer(portal, portal.first_link())
    portal.command("hold", "add", "--object", "contact:2317", "--reason", "lawsuit 7")
    assert portal.status == 0
    number = officer.new(kind="erasure", **MARIA)
    officer.wait_for(number, "In review")
    assert "held: lawsuit 7" in officer.page
    assert officer.post(f"/requests/{number}/approve", digest=digest_in(officer.page)).ok
    officer.post(f"/requests/{number}/delete")
    officer.wait_for(number, "In review")
    assert "refused" in officer.page
    assert 2317 in sandbox.contacts and 2328 not in sandbox.contacts


def test_what_belongs_to_a_left_out_contact_stays_out_of_the_deletion_and_the_letter(
    portal, sandbox
):
    officer = Officer(portal, portal.first_link())
    number = officer.new(kind="erasure", **MARIA)
    officer.wait_for(number, "In review")
    whole = officer.get(f"/requests/{number}/vendor-letter.txt").text
    rows = re.findall(
        r'name="shown" value="(\d+)".*?<a href[^>]*>([\w ]+)</a>',
        officer.get(f"/requests/{number}").text,
        re.S,
    )
    by_name = {name: row for row, name in rows}
    left = by_name["contact 2317"]
    kept = [row for row, _ in rows if row != left]
    officer.post(
        f"/requests/{number}/objects", shown=[row for row, _ in rows], chosen=kept,
        **{f"why-{left}": "A lawsuit"},
    )  # fmt: skip
    assert "Left out with the object that it belongs to" in officer.page
    letter = officer.get(f"/requests/{number}/vendor-letter.txt").text
    of_2317 = [str(one["id"]) for one in sandbox.responses.values() if one["contact"]["id"] == 2317]
    assert of_2317
    assert all(one in whole and one not in letter for one in of_2317)
    officer.get(f"/requests/{number}")
    assert officer.post(f"/requests/{number}/approve", digest=digest_in(officer.page)).ok
    officer.post(f"/requests/{number}/delete")
    officer.wait_for(number, "Done")
    assert 2317 in sandbox.contacts and 2328 not in sandbox.contacts
    assert not any(f">{one}<" in officer.page or f" {one}</th>" in officer.page for one in of_2317)
