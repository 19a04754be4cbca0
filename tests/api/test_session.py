"""The token: one for everybody who shares a state directory, and no request for one in vain."""

from __future__ import annotations

import base64
import concurrent.futures
import datetime
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import vendor as v
from conftest import CONNECTOR, ROOT, Edit, Host, coverage_of, subject
from vendor import Vendor

from te_connector import errors
from te_connector.api import connection as connections
from te_connector.api.session import Token, TokenProvider
from te_connector.api.transport import Transport

ADA = subject(email="ada@example.com")
SCOPES = ["leadInteraction", "leadSurveyInteraction", "getUsers"]


class Clock:
    """A clock that goes when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


Keep = Callable[..., TokenProvider]


@pytest.fixture(name="keep")
def _keep(connection: dict[str, Any], clock: Clock) -> Keep:
    """Makes a keeper as a hook does; another one stands for another process."""

    def make(**changes: Any) -> TokenProvider:
        settings = connections.resolve({**connection, **changes})
        return TokenProvider(settings, Transport(settings), clock=clock)

    return make


def _known(vendor: Vendor, access: str = "tok-1") -> str:
    """A token that the vendor knows already."""
    vendor.tokens[access] = (float("inf"), SCOPES)
    return access


def _token_file(connection: dict[str, Any]) -> Path:
    (path,) = Path(connection["state_dir"]).glob("accounts/*/token")
    return path


# What is sent


def test_the_token_request_is_what_the_vendor_documents(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    assert host.validate(connection)["ok"] is True
    (seen,) = vendor.requests("POST", "/token")
    pair = ":".join(vendor.credentials.values()).encode()
    assert seen.headers["authorization"] == "Basic " + base64.b64encode(pair).decode()
    assert seen.headers["content-type"] == "application/json"
    assert seen.query == {}
    assert json.loads(seen.body) == {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}


def test_the_body_is_a_form_where_the_manifest_says_so(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited({"sign_in.body": "form"})
    assert host.validate(connection)["ok"] is True
    (seen,) = vendor.requests("POST", "/token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(seen.body.decode())) == {
        "grant_type": "client_credentials",
        "scope": " ".join(SCOPES),
    }


def test_path_and_scopes_come_from_the_manifest(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited(
        {"sign_in.path": "/oauth/token", "sign_in.scopes": [*SCOPES, "loanInteraction"]}
    )
    access = _known(vendor)
    vendor.script("POST", "/oauth/token", v.Status(200, {"access_token": access}))
    host.fetch(connection, [ADA])
    (seen,) = vendor.requests("POST")
    assert json.loads(seen.body)["scope"] == " ".join([*SCOPES, "loanInteraction"])


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize(
    ("name", "secret"),
    [("kunde-é", "geheim-ß"), ("客户", "пароль: £€"), ("a b&c=d", "100% {}\"'\\"), ("x", "🔑" * 9)],
)
def test_secrets_may_hold_any_character(
    host: Host,
    connection: dict[str, Any],
    vendor: Vendor,
    edited: Edit,
    name: str,
    secret: str,
    body: str,
) -> None:
    vendor.credentials = {"client_id": name, "client_secret": secret}
    connection["credentials"] = dict(vendor.credentials)
    connection["manifest"] = edited({"sign_in.body": body})
    assert host.validate(connection)["ok"] is True


def test_netrc_is_never_read(
    host: Host,
    connection: dict[str, Any],
    vendor: Vendor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / "home" / ".netrc"
    netrc.parent.mkdir()
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    host.fetch(connection, [ADA])
    sent = {seen.headers["authorization"].split()[0] for seen in vendor.log}
    assert sent == {"Basic", "Bearer"}
    assert not any(
        base64.b64encode(b"somebody:else").decode() in seen.headers["authorization"]
        for seen in vendor.log
    )


def test_no_process_wide_switch_is_set_or_needed(
    host: Host, connection: dict[str, Any], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    during: list[dict[str, str]] = []
    vendor.before = lambda _vendor, _seen: during.append(dict(os.environ))
    vendor.granted_scopes = "leadInteraction"
    host.fetch(connection, [ADA])
    assert during
    for environment in (dict(os.environ), *during):
        environment.pop("PYTEST_CURRENT_TEST", None)
        assert environment == {
            name: value for name, value in before.items() if name != "PYTEST_CURRENT_TEST"
        }


# One for all


def test_one_token_serves_all_hooks(host: Host, connection: dict[str, Any], vendor: Vendor) -> None:
    vendor.tables["contacts"] = [v.contact(1, email="ada@example.com")]
    for _ in range(2):
        host.validate(connection)
        host.fetch(connection, [ADA])
    host.delete(connection, "contact", "1", ADA)
    assert vendor.token_requests == 1


def test_one_token_serves_all_threads(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.script("POST", "/token", v.Then(lambda _vendor: together.wait(5)))
    together = threading.Barrier(2)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(host.fetch, connection, [ADA]) for _ in range(8)]
        together.wait(5)  # the token is not given before all others can have come
        answers = [call.result() for call in calls]
    assert all(entry["complete"] for answer in answers for entry in answer["coverage"])
    assert vendor.token_requests == 1
    assert vendor.count(status=401) == 0


_PROCESS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from conftest import Host
connection = json.loads(sys.argv[2])
answer = Host().fetch(connection, [{"id": "a", "identifiers": {"email": ["ada@example.com"]}}])
print(json.dumps([entry["complete"] for entry in answer["coverage"]]))
"""


@pytest.mark.slow
def test_one_token_serves_all_processes(connection: dict[str, Any], vendor: Vendor) -> None:
    vendor.always("POST", "/token", v.Then(lambda _vendor: threading.Event().wait(0.3)))
    command = [sys.executable, "-c", _PROCESS, str(ROOT / "tests"), json.dumps(connection)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for each in running:
        out, err = each.communicate(timeout=60)
        assert (each.returncode, out.strip()) == (0, "[true, true, true]"), err
    assert vendor.token_requests == 1


def test_accounts_and_base_urls_have_tokens_of_their_own(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    assert host.validate(connection)["ok"] is True
    first = dict(vendor.credentials)
    vendor.credentials = {"client_id": "second", "client_secret": first["client_secret"]}
    other = {**connection, "credentials": dict(vendor.credentials)}
    assert host.validate(other)["ok"] is True
    assert vendor.token_requests == 2
    with Vendor(credentials=first) as elsewhere:
        assert host.validate({**connection, "base_url": elsewhere.base_url})["ok"] is True
        assert elsewhere.token_requests == 1


def test_the_token_file_is_the_owners_alone_and_shows_no_token(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.refresh_tokens = True
    host.validate(connection)
    path = _token_file(connection)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    hidden = [*vendor.tokens, *vendor._refresh, *vendor.credentials.values()]
    assert len(hidden) == 4
    for file in Path(connection["state_dir"]).rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(each.encode() in content for each in hidden), file


def test_a_token_file_that_others_can_read_is_refused(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    host.validate(connection)
    _token_file(connection).chmod(0o644)
    with pytest.raises(errors.StateError, match="chmod 600"):
        host.fetch(connection, [ADA])


@pytest.mark.parametrize("content", [b"", b"x", b"gAAAA", b"\xff" * 200])
def test_a_token_file_that_cannot_be_opened_is_as_good_as_none(
    host: Host, connection: dict[str, Any], vendor: Vendor, content: bytes
) -> None:
    host.validate(connection)
    _token_file(connection).write_bytes(content)
    assert host.validate(connection)["ok"] is True
    assert vendor.token_requests == 2


@pytest.mark.parametrize("kept", ["[]", "{}", "5", "{", '{"access": "a", "refresh": null}'])
def test_a_token_file_with_odd_content_is_as_good_as_none(
    host: Host, connection: dict[str, Any], vendor: Vendor, kept: str
) -> None:
    from te_connector.storage.secret import Secret
    from te_connector.storage.vault import seal, token_key

    host.validate(connection)
    key = token_key(Secret(connection["credentials"]["client_secret"]))
    _token_file(connection).write_bytes(seal(key, kept.encode()))
    assert host.validate(connection)["ok"] is True
    assert vendor.token_requests == 2


def test_without_the_secret_nobody_can_use_the_stored_token(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    host.validate(connection)
    connection["credentials"]["client_secret"] += "x"
    with pytest.raises(errors.CredentialsRefused):
        host.fetch(connection, [ADA])
    assert vendor.count("GET") == 3


def test_other_scopes_get_a_new_token(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    host.validate(connection)
    vendor.granted_scopes = "leadInteraction leadSurveyInteraction getUsers loanInteraction"
    connection["manifest"] = edited({"sign_in.scopes": [*SCOPES, "loanInteraction"]})
    assert host.validate(connection)["checks"][1]["ok"] is True
    assert vendor.token_requests == 2
    assert host.validate(connection)["ok"] is True
    assert vendor.token_requests == 2


def test_a_forgotten_token_is_gone(keep: Keep, connection: dict[str, Any], vendor: Vendor) -> None:
    keeper = keep()
    assert keeper.forget() is False
    keeper.current()
    assert keeper.forget() is True
    assert list(Path(connection["state_dir"]).glob("accounts/*/token")) == []
    keeper.current()
    assert vendor.token_requests == 2


# Renewal


def test_a_token_is_used_until_a_minute_before_its_end(
    keep: Keep, clock: Clock, vendor: Vendor
) -> None:
    keeper = keep()
    first = keeper.current()
    clock.now += 3600 - 61
    assert keeper.current().access == first.access
    assert keep().current().access == first.access
    clock.now += 2
    assert keeper.current().access != first.access
    assert vendor.token_requests == 2


def test_a_short_life_leaves_a_tenth_of_it(keep: Keep, clock: Clock, vendor: Vendor) -> None:
    vendor.token_lifetime = 10
    keeper = keep()
    first = keeper.current()
    clock.now += 8.9
    assert keeper.current().access == first.access
    clock.now += 0.2
    assert keeper.current().access != first.access


LIFETIMES: dict[str, tuple[dict[str, Any], float]] = {
    "missing": ({}, 3600 - 60),
    "null": ({"expires_in": None}, 3600 - 60),
    "zero": ({"expires_in": 0}, 3600 - 60),
    "negative": ({"expires_in": -5}, 3600 - 60),
    "text of a number": ({"expires_in": "1000"}, 1000 - 60),
    "text of a fraction": ({"expires_in": "3600.7"}, 3600.7 - 60),
    "a fraction": ({"expires_in": 1000.5}, 1000.5 - 60),
    "nonsense": ({"expires_in": "soon"}, 3600 - 60),
    "a list": ({"expires_in": [3600]}, 3600 - 60),
    "absurd": ({"expires_in": 10**12}, 3600 - 60),
    "absurd number": ({"expires_in": 10**400}, 3600 - 60),
    "absurd text": ({"expires_in": "9" * 400}, 3600 - 60),
    "not a number": ({"expires_in": "nan"}, 3600 - 60),
}


@pytest.mark.parametrize("case", LIFETIMES, ids=lambda case: case.replace(" ", "-"))
def test_any_lifetime_is_survived(keep: Keep, clock: Clock, vendor: Vendor, case: str) -> None:
    body, used_for = LIFETIMES[case]
    vendor.script("POST", "/token", v.Status(200, {"access_token": "tok-1", **body}))
    token = keep().current()
    assert token.access.reveal() == "tok-1"
    assert token.expires_at == pytest.approx(clock.now + used_for)
    assert keep().current().access == token.access
    assert vendor.token_requests == 1


def test_a_refresh_token_is_used_and_the_one_that_comes_with_its_answer_is_kept(
    keep: Keep, clock: Clock, vendor: Vendor, edited: Edit
) -> None:
    vendor.refresh_tokens = True
    path = edited({"limits.tokens": {"count": 9, "seconds": 3600}})
    for _ in range(4):
        keep(manifest=path).current()
        clock.now += 3600
    bodies = [json.loads(seen.body) for seen in vendor.requests("POST", "/token")]
    assert [body["grant_type"] for body in bodies] == ["client_credentials"] + ["refresh_token"] * 3
    assert len({body.get("refresh_token") for body in bodies}) == 4  # they rotate
    assert vendor.count("POST", "/token", status=200) == 4
    for seen in vendor.requests("POST", "/token"):
        assert seen.headers["authorization"].startswith("Basic ")
        assert "allow_redirects" not in seen.body.decode()


def test_a_refresh_token_that_does_not_rotate_is_used_again(
    keep: Keep, clock: Clock, vendor: Vendor, edited: Edit
) -> None:
    path = edited({"limits.tokens": {"count": 9, "seconds": 3600}})
    first = {"access_token": "a", "refresh_token": "r-1"}
    vendor.script(
        "POST", "/token", [v.Status(200, first), *[v.Status(200, {"access_token": "b"})] * 2]
    )
    for _ in range(3):
        keep(manifest=path).current()
        clock.now += 3600
    bodies = [json.loads(seen.body) for seen in vendor.requests("POST", "/token")]
    assert [body.get("refresh_token") for body in bodies] == [None, "r-1", "r-1"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_refresh_token_is_followed_by_a_new_grant(
    keep: Keep, clock: Clock, vendor: Vendor, edited: Edit, status: int
) -> None:
    vendor.refresh_tokens = True
    path = edited({"limits.tokens": {"count": 9, "seconds": 3600}})
    keep(manifest=path).current()
    clock.now += 3600
    vendor.script("POST", "/token", v.Status(status, {"error": "invalid_grant"}))
    token = keep(manifest=path).current()
    assert token.access.reveal() in vendor.tokens
    bodies = [json.loads(seen.body) for seen in vendor.requests("POST", "/token")]
    assert [body["grant_type"] for body in bodies] == [
        "client_credentials", "refresh_token", "client_credentials",
    ]  # fmt: skip


@pytest.mark.parametrize("fault", [v.Status(429), v.Status(500), v.Html(502), v.Html(200)])
def test_a_refresh_that_fails_for_another_reason_spends_no_second_request(
    keep: Keep, clock: Clock, vendor: Vendor, edited: Edit, fault: v.Fault
) -> None:
    vendor.refresh_tokens = True
    path = edited({"limits.tokens": {"count": 9, "seconds": 3600}})
    keep(manifest=path).current()
    clock.now += 3600
    vendor.script("POST", "/token", fault)
    with pytest.raises(errors.SignInError):
        keep(manifest=path).current()
    assert vendor.token_requests == 2


def test_a_401_on_the_current_token_renews_it_once(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    host.validate(connection)
    vendor.revoke()
    answer = host.fetch(connection, [ADA])
    assert all(entry["complete"] for entry in answer["coverage"])
    assert vendor.token_requests == 2


def test_a_401_that_a_new_token_does_not_mend_spends_no_third(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited({"limits.tokens": {"count": 9, "seconds": 3600}})
    vendor.always("GET", "/users", v.Status(401, {"error": "invalid_token"}))
    answer = host.fetch(connection, [ADA])
    assert vendor.token_requests == 2
    assert coverage_of(answer, "contact")["complete"] is True
    assert [(each["code"], each["object_type"]) for each in answer["problems"]] == [
        ("forbidden", "user")
    ]


def test_many_threads_that_meet_a_401_renew_the_token_once(keep: Keep, vendor: Vendor) -> None:
    keeper = keep()
    old = keeper.current()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        renewed = [
            call.result() for call in [pool.submit(keeper.refresh_after_401, old) for _ in range(8)]
        ]
    assert vendor.token_requests == 2
    assert len({token.access.reveal() for token in renewed}) == 1
    assert keep().refresh_after_401(old).access == renewed[0].access  # another process's newer one
    assert vendor.token_requests == 2


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("where", ["body", "header"])
def test_insufficient_scope_never_spends_a_token_request(
    host: Host, connection: dict[str, Any], vendor: Vendor, status: int, where: str
) -> None:
    body = {"error": "insufficient_scope"} if where == "body" else {}
    told = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'} if where == "header" else {}
    vendor.always("GET", ".*", v.Status(status, body, told))
    answer = host.fetch(connection, [ADA])
    assert {each["code"] for each in answer["problems"]} == {"scope_missing"}
    assert vendor.token_requests == 1


SCOPE: dict[str, tuple[Any, tuple[str, ...] | None]] = {
    "as text": (" ".join(SCOPES), tuple(SCOPES)),
    "as a list": (SCOPES, tuple(SCOPES)),
    "less": ("leadInteraction", ("leadInteraction",)),
    "more": (" ".join([*SCOPES, "crm"]), (*SCOPES, "crm")),
    "in another order": (" ".join(reversed(SCOPES)), tuple(reversed(SCOPES))),
    "none": ("", ()),
    "null": (None, None),
    "a number": (5, None),
    "a list with a number": ([5], None),
}


@pytest.mark.parametrize("case", SCOPE, ids=lambda case: case.replace(" ", "-"))
def test_whatever_scopes_are_echoed_the_token_is_used(
    keep: Keep, vendor: Vendor, case: str
) -> None:
    scope, granted = SCOPE[case]
    vendor.script("POST", "/token", v.Status(200, {"access_token": "tok-1", "scope": scope}))
    token = keep().current()
    assert token.access.reveal() == "tok-1"
    assert token.granted == granted


def test_missing_scopes_are_named_and_scopes_that_are_not_named_are_no_fault(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    access = _known(vendor)
    vendor.script("POST", "/token", [
        v.Status(200, {"access_token": access, "scope": "leadInteraction"}),
        v.Status(200, {"access_token": access}),
    ])  # fmt: skip
    check = host.validate(connection)["checks"][1]
    assert (check["name"], check["ok"]) == ("scopes", False)
    assert "leadSurveyInteraction, getUsers" in check["detail"]
    connection["state_dir"] += "-2"
    check = host.validate(connection)["checks"][1]
    assert (check["ok"], check["detail"]) == (
        True, "the server does not say which scopes it granted",
    )  # fmt: skip


# The budget


def test_every_attempt_counts_and_the_error_names_when_the_next_is_allowed(
    keep: Keep, clock: Clock, vendor: Vendor
) -> None:
    vendor.always("POST", "/token", v.Status(500))
    for _ in range(2):
        with pytest.raises(errors.SignInError, match="500"):
            keep().current()
        clock.now += 100
    with pytest.raises(errors.TokenBudgetSpent) as caught:
        keep().current()
    assert vendor.token_requests == 2
    at = datetime.datetime.fromtimestamp(clock.now - 200 + 3600, datetime.UTC)
    assert abs((caught.value.allowed_at - at).total_seconds()) <= 1
    assert at.isoformat(timespec="minutes")[:16] in str(caught.value)
    assert caught.value.code == "token_budget_spent"
    again = datetime.datetime.fromisoformat(str(caught.value.retry_at))
    assert 0 <= again.timestamp() - (clock.now - 200 + 3600) <= 1
    clock.now += 3600
    vendor.calm()
    assert keep().current().access.reveal() in vendor.tokens


def test_a_refused_secret_is_followed_by_a_warning_before_it_uses_the_last_token_request(
    keep: Keep, vendor: Vendor
) -> None:
    vendor.always("POST", "/token", v.Status(400, {"error": "invalid_client"}))
    with pytest.raises(errors.CredentialsRefused, match="one token request left"):
        keep().current()
    with pytest.raises(errors.CredentialsRefused) as last:
        keep().current()
    assert "left" not in str(last.value)


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 90), (503, 90)], ids=["too many requests", "out of order"]
)
def test_a_sign_in_that_can_be_repeated_says_when(
    keep: Keep, vendor: Vendor, status: int, seconds: int
) -> None:
    vendor.always("POST", "/token", v.Status(status, headers={"Retry-After": str(seconds)}))
    before = time.time()
    with pytest.raises(errors.SignInError) as caught:
        keep().current()
    again = datetime.datetime.fromisoformat(str(caught.value.retry_at)).timestamp()
    assert before + seconds <= again <= time.time() + seconds + 1


def test_a_refused_secret_is_not_to_be_tried_again_later(keep: Keep, vendor: Vendor) -> None:
    vendor.always("POST", "/token", v.Status(400, {"error": "invalid_client"}))
    with pytest.raises(errors.CredentialsRefused) as caught:
        keep().current()
    assert caught.value.retry_at is None


def test_the_budget_holds_for_all_accounts_on_a_host_and_port(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    for name in ("one", "two", "three"):
        vendor.credentials = {"client_id": name, "client_secret": "s"}
        answer = host.validate({**connection, "credentials": dict(vendor.credentials)})
        assert answer["ok"] is (name != "three")
    assert answer["checks"][0]["code"] == "token_budget_spent"
    assert vendor.token_requests == 2
    with pytest.raises(errors.TokenBudgetSpent):
        host.fetch({**connection, "credentials": dict(vendor.credentials)}, [ADA])
    with Vendor(credentials=vendor.credentials) as elsewhere:
        there = {**connection, "base_url": elsewhere.base_url,
                 "credentials": dict(elsewhere.credentials)}  # fmt: skip
        assert host.validate(there)["ok"] is True


def test_a_budget_of_the_manifest_holds(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited({"limits.tokens": {"count": 1, "seconds": 60}})
    host.validate(connection)
    vendor.revoke()
    answer = host.fetch(connection, [ADA])
    assert vendor.token_requests == 1
    assert {each["code"] for each in answer["problems"]} == {"token_budget_spent"}
    assert not any(entry["complete"] for entry in answer["coverage"])


def test_a_refused_connection_is_not_counted(keep: Keep, vendor: Vendor) -> None:
    vendor.stop()
    for _ in range(5):
        with pytest.raises(errors.Unreachable) as caught:
            keep().current()
        assert caught.value.sent is False
    vendor.start()
    keep().current()
    keep().refresh_after_401(keep().current())
    assert vendor.token_requests == 2


@pytest.mark.parametrize("fault", [v.DropBefore(), v.DropBefore(reset=True), v.Torn()])
def test_a_request_that_may_have_arrived_is_counted_and_not_repeated(
    keep: Keep, vendor: Vendor, edited: Edit, fault: v.Fault
) -> None:
    vendor.always("POST", "/token", fault)
    for _ in range(2):
        with pytest.raises(errors.Unreachable) as caught:
            keep().current()
        assert caught.value.sent is True
    with pytest.raises(errors.TokenBudgetSpent):
        keep().current()
    assert vendor.token_requests == 2


# Odd answers

ODD: dict[str, tuple[v.Fault, str, str]] = {
    "documented refusal": (
        v.Status(400, {"error": "invalid_client", "error_description": "x"}),
        "credentials_refused", "client id and secret",
    ),
    "401": (v.Status(401, {"error": "invalid_client"}), "credentials_refused", "client id"),
    "403 of a gateway": (v.Html(403), "sign_in_failed", "in front of"),
    "403 of a gateway with JSON": (
        v.Status(403, {"message": "Forbidden"}), "sign_in_failed", "in front of",
    ),
    "403": (v.Status(403, {"error": "access_denied"}), "credentials_refused", "client id"),
    "unauthorized client": (
        v.Status(400, {"error": "unauthorized_client"}), "credentials_refused", "client id",
    ),
    "refused scopes": (v.Status(400, {"error": "invalid_scope"}), "sign_in_failed", "sign_in.scopes"),
    "another 400": (v.Status(400, {"error": "invalid_request"}), "sign_in_failed", "400"),
    "404": (v.Status(404, {"message": "Not found"}), "sign_in_failed", "such as /v1"),
    "429": (v.Status(429), "sign_in_failed", "429"),
    "429 with a time": (v.Status(429, b"", {"Retry-After": "60"}), "sign_in_failed", "before 20"),
    "429 with nonsense": (
        v.Status(429, b"", {"Retry-After": "soon"}), "sign_in_failed", "within the hour",
    ),
    "500": (v.Status(500), "sign_in_failed", "500"),
    "503 with HTML": (v.Html(503), "sign_in_failed", "503"),
    "HTML": (v.Html(200), "sign_in_failed", "didn't answer the sign-in with a token"),
    "an array": (v.Status(200, []), "sign_in_failed", "didn't answer"),
    "an array with a token": (v.Status(200, [{"access_token": "x"}]), "sign_in_failed", "didn't"),
    "half JSON": (v.HalfJson(), "sign_in_failed", "didn't answer"),
    "an empty object": (v.Status(200, {}), "sign_in_failed", "didn't answer"),
    "an empty token": (v.Status(200, {"access_token": ""}), "sign_in_failed", "didn't answer"),
    "a null token": (v.Status(200, {"access_token": None}), "sign_in_failed", "didn't answer"),
    "a number for a token": (v.Status(200, {"access_token": 5}), "sign_in_failed", "didn't answer"),
    "nothing": (v.Status(204), "sign_in_failed", "didn't answer"),
    "an error with 200": (
        v.Status(200, {"error": "invalid_client"}), "credentials_refused", "client id",
    ),
    "a token with a line break": (
        v.Status(200, {"access_token": "a\r\nX-Evil: 1"}), "sign_in_failed", "didn't answer",
    ),
    "a token beyond latin-1": (
        v.Status(200, {"access_token": "tök€n"}), "sign_in_failed", "didn't answer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.replace(" ", "-"))
def test_an_odd_answer_is_the_right_error_and_no_second_request(
    host: Host, connection: dict[str, Any], vendor: Vendor, case: str
) -> None:
    fault, code, words = ODD[case]
    vendor.script("POST", "/token", fault)
    with pytest.raises(errors.SignInError) as caught:
        host.fetch(connection, [ADA])
    assert caught.value.code == code
    assert words in str(caught.value)
    assert len(vendor.log) == 1
    assert connection["credentials"]["client_secret"] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_of_the_sign_in_is_never_followed(
    host: Host, connection: dict[str, Any], vendor: Vendor, code: int
) -> None:
    with Vendor(credentials=vendor.credentials) as evil:
        vendor.script("POST", "/token", v.Redirect(f"{evil.base_url}/token", code))
        with pytest.raises(errors.SignInError, match="redirect"):
            host.fetch(connection, [ADA])
        assert evil.log == []
    assert len(vendor.log) == 1


def test_a_token_shows_nothing_of_itself(keep: Keep) -> None:
    token = keep().current()
    assert isinstance(token, Token)
    assert token.access.reveal() not in repr(token)
    assert token.access.reveal() not in f"{token.access} {token.access!r} {token.access:>50}"


def test_the_connector_is_the_one_that_was_asked(host: Host) -> None:
    with pytest.raises(errors.CredentialsMissing):
        host.fetch({"connector": CONNECTOR}, [ADA])
