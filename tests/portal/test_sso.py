"""Single sign-on with an OpenID provider that runs in a process of its own."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
PEOPLE = [
    {"sub": "1", "email": "Olive@example.com", "email_verified": True, "name": "Olive O."},
    {"sub": "2", "email": "nina@example.com", "email_verified": True, "name": "Nina New"},
    {"sub": "3", "email": "olive@example.com", "email_verified": False, "name": "Mallory"},
]


@pytest.fixture(name="issuer", scope="module")
def _issuer():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    people = [word for one in PEOPLE for word in ("--user-claims", json.dumps(one))]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", "from oidc_provider_mock.__main__ import run; run()",
         "--port", str(port), *people],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            document = requests.get(f"{url}/.well-known/openid-configuration", timeout=5).json()
            break
        except requests.RequestException:
            time.sleep(0.1)
    yield document["issuer"].rstrip("/")
    process.terminate()
    process.wait(20)


@pytest.fixture(name="sandbox", scope="module")
def _sandbox():
    with Sandbox(contacts=5) as sandbox:
        yield sandbox


@pytest.fixture(name="portal", scope="module")
def _portal(sandbox, issuer, tmp_path_factory):
    settings = {
        "TE_OIDC_ISSUER": issuer,
        "TE_OIDC_CLIENT_ID": "portal",
        "TE_OIDC_CLIENT_SECRET": "secret",
    }
    portal = Portal(sandbox, tmp_path_factory.mktemp("sso"), **settings)
    Officer(portal, portal.first_link())
    yield portal
    portal.stop()


def at_provider(portal, subject):
    """A browser that went to the provider and chose who it is, and the address that it is sent back to."""
    browser = requests.Session()
    browser.headers["Sec-Fetch-Site"] = "same-origin"
    page = browser.get(portal.url + "/sso")
    assert "/sso" not in urlsplit(page.url).path, "the browser is at the provider"
    sent = browser.post(page.url, {"sub": subject}, allow_redirects=False)
    assert sent.status_code in (302, 303), sent.text
    return browser, sent.headers["Location"]


def test_an_account_is_signed_in_by_its_checked_address(portal):
    page = requests.get(portal.url + "/sign-in").text
    assert "Sign in with your organization" in page
    browser, back = at_provider(portal, "1")
    answer = browser.get(back)
    assert answer.ok and "Sign out" in answer.text and "Settings" in answer.text
    assert "te_sso" not in browser.cookies


def test_without_an_account_or_a_checked_address_nobody_is_signed_in(portal):
    for subject in ("2", "3"):
        browser, back = at_provider(portal, subject)
        answer = browser.get(back)
        assert answer.status_code == 409 and "admin" in answer.text, subject
        assert "Sign out" not in browser.get(portal.url + "/").text


def test_an_answer_counts_once_and_for_the_browser_that_asked(portal):
    browser, back = at_provider(portal, "1")
    stranger = requests.Session()
    assert stranger.get(back).status_code == 409, "no attempt of this browser"
    other, other_back = at_provider(portal, "1")
    assert other.get(back).status_code == 409, "another attempt's answer"
    state = parse_qs(urlsplit(back).query)["state"][0]
    forged = back.replace(state, "x" * len(state))
    assert browser.get(forged).status_code == 409
    assert browser.get(re.sub("code=[^&]+", "code=guess", back)).status_code == 409
    assert "Sign out" in other.get(other_back).text
    assert other.get(other_back).status_code == 409, "the answer was used"


def test_a_role_in_the_settings_makes_the_account(portal, sandbox, issuer, tmp_path):
    second = Portal(
        sandbox, tmp_path, TE_OIDC_ISSUER=issuer, TE_OIDC_CLIENT_ID="portal",
        TE_OIDC_CLIENT_SECRET="secret", TE_OIDC_ROLE="auditor",
    )  # fmt: skip
    try:
        Officer(second, second.first_link())
        browser, back = at_provider(second, "2")
        answer = browser.get(back)
        assert "Sign out" in answer.text and "Settings" not in answer.text
        by_password = {"email": "nina@example.com", "password": ""}
        visitor = requests.Session()
        visitor.headers["Sec-Fetch-Site"] = "same-origin"
        assert visitor.post(second.url + "/sign-in", by_password).status_code == 401
    finally:
        second.stop()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"TE_OIDC_ISSUER": "http://login.example.com"}, "TE_OIDC_ISSUER"),
        ({"TE_OIDC_ISSUER": "https://login.example.com"}, "TE_OIDC_CLIENT_ID"),
        (
            {
                "TE_OIDC_ISSUER": "https://login.example.com",
                "TE_OIDC_CLIENT_ID": "a",
                "TE_OIDC_CLIENT_SECRET": "b",
                "TE_OIDC_ROLE": "admin",
            },
            "TE_OIDC_ROLE",
        ),
    ],
)
def test_settings_that_cannot_work_are_said_at_the_start(settings, text, tmp_path):
    from te_connector.errors import SettingsError
    from te_connector.portal.settings import read_settings

    with pytest.raises(SettingsError, match=text):
        read_settings(settings, {}, tmp_path)
