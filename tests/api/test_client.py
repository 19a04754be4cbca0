"""One request: tried again while that makes sense, one typed error else; proxies, CAs and the log."""

from __future__ import annotations

import base64
import email.utils
import http.client
import http.server
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from vendor import Vendor
from vendor_faults import Exchange

from te_connector import errors
from te_connector.api import connection as connections
from te_connector.api.client import Client, object_path
from te_connector.api.transport import Answer
from te_connector.text import answers

ADA = "ada.lovelace@example.com"
ASKED = [subject(email=ADA)]
CONTACTS = {"object_types": ["contact"]}
PAST_END = {"error": "Page requested is outside of result set"}


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    vendor.tables["contacts"] = [*v.many(430), v.contact(900_000, email=ADA)]
    return vendor


@pytest.fixture(name="quick")
def _quick(connection: dict[str, Any], edited: Edit, impatient: None) -> dict[str, Any]:
    """A connection whose patience is half a second, and which may ask as often as it likes."""
    limits = {"requests": {"count": 10**6, "seconds": 1}, "tokens": {"count": 9, "seconds": 3600}}
    return {**connection, "manifest": edited({"limits": {**limits, "retry_for": 0.5}})}


# Trying again

PASSING: dict[str, v.Fault] = {
    "429": v.Status(429, {"error": "Too many requests"}),
    "500": v.Status(500),
    "502": v.Html(502),
    "503": v.Status(503, "busy"),
    "504": v.Html(504),
    "dropped": v.DropBefore(),
    "reset": v.DropBefore(reset=True),
    "dropped after the work": v.DropAfter(),
    "torn body": v.Torn(),
    "half JSON": v.HalfJson(),
    "HTML with 200": v.Html(200),
    "nothing with 200": v.Status(200),
    "no JSON with 200": v.Status(200, "OK"),
    "a Retry-After of nothing": v.Status(429, b"", {"Retry-After": "0"}),
    "a Retry-After that cannot be read": v.Status(503, b"", {"Retry-After": "a while"}),
    "a broken status line": v.Raw(b"HTTP/1.1 abc\r\n\r\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("page", ["1", "3", "5"], ids=["first", "middle", "last"])
@pytest.mark.parametrize("case", PASSING, ids=lambda case: case.replace(" ", "-"))
def test_a_passing_fault_is_tried_again_and_costs_nothing(
    host: Host, quick: dict[str, Any], filled: Vendor, case: str, page: str
) -> None:
    filled.script("GET", "/contacts", [PASSING[case]] * 2, query={"page[number]": page})
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert filled.pending == 0
    assert ids_of(answer, "contact") == ["900000"]
    entry = coverage_of(answer, "contact")
    assert (entry["complete"], entry["seen"]) == (True, 431)
    assert answer["problems"] == []
    assert entry["requests"] == filled.count("GET")
    assert filled.token_requests == 1


CODES = {"429": "gave_up", "500": "gave_up", "502": "gave_up", "503": "gave_up", "504": "gave_up",
         "dropped": "unreachable", "reset": "unreachable", "dropped after the work": "unreachable",
         "torn body": "unreachable", "half JSON": "answer_odd", "HTML with 200": "answer_odd",
         "nothing with 200": "answer_odd", "no JSON with 200": "answer_odd"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CODES, ids=lambda case: case.replace(" ", "-"))
def test_a_lasting_fault_is_that_types_problem_once_patience_is_over(
    host: Host, quick: dict[str, Any], filled: Vendor, case: str
) -> None:
    filled.always("GET", "/contacts", PASSING[case])
    filled.tables["users"] = [v.user(1, email=ADA)]
    answer = host.fetch(quick, ASKED)
    (problem,) = [each for each in answer["problems"] if each["object_type"] == "contact"]
    assert problem["code"] == CODES[case]
    assert coverage_of(answer, "contact")["complete"] is False
    assert ids_of(answer, "user") == ["1"]
    assert coverage_of(answer, "user")["complete"] is True
    assert filled.count("GET", "/contacts") > 1
    assert ADA not in json.dumps(answer["problems"])


@pytest.mark.parametrize("page", ["2", "3", "5"])
def test_a_page_that_fails_is_never_the_end_and_what_came_is_kept(
    host: Host, quick: dict[str, Any], filled: Vendor, page: str
) -> None:
    filled.insert("contacts", v.contact(1, email=ADA), at=0)
    filled.always("GET", "/contacts", v.Status(503), query={"page[number]": page})
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert coverage_of(answer, "contact")["complete"] is False
    assert [each["code"] for each in answer["problems"]] == ["gave_up"]
    assert "1" in ids_of(answer, "contact")


def test_nonsense_is_tried_a_few_times_and_not_for_as_long_as_patience_lasts(
    host: Host, connection: dict[str, Any], filled: Vendor, impatient: None
) -> None:
    filled.always("GET", "/contacts", v.Html(200))
    answer = host.fetch(connection, ASKED, CONTACTS)
    assert [each["code"] for each in answer["problems"]] == ["answer_odd"]
    assert filled.count("GET", "/contacts") == 4


def test_the_error_of_nonsense_holds_nothing_of_the_answer(
    connection: dict[str, Any], filled: Vendor, impatient: None
) -> None:
    """Neither in its text nor in an error that it came from, where a host's crash report would look."""
    filled.always("GET", "/contacts", v.Html(200))
    client = Client(connections.resolve(connection))
    with client.open(), pytest.raises(errors.OddAnswer) as caught:
        client.get("/contacts")
    assert caught.value.__context__ is None
    frames = [frame.frame.f_locals for frame in caught.traceback[1:] if frame]
    assert not any(isinstance(value, bytes | Answer) for held in frames for value in held.values())


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 415, 418, 422])
def test_a_refusal_is_not_tried_again(
    host: Host, quick: dict[str, Any], filled: Vendor, status: int
) -> None:
    filled.always("GET", "/users", v.Status(status, {"error": "no"}))
    answer = host.fetch(quick, ASKED, {"object_types": ["user"]})
    code = "not_found" if status in {404, 410} else "rejected"
    assert [each["code"] for each in answer["problems"]] == [code]
    assert filled.count("GET", "/users") <= 2  # the second without sorting, where that was refused
    assert str(status) in answer["problems"][0]["detail"]


@pytest.mark.parametrize("status", [201, 202, 206, 304, 305, 600, 999])
def test_an_undocumented_status_is_an_error_and_not_a_page(
    host: Host, quick: dict[str, Any], filled: Vendor, status: int
) -> None:
    filled.always("GET", "/users", v.Status(status, {"items": [], "links": {}}))
    answer = host.fetch(quick, ASKED, {"object_types": ["user"]})
    assert coverage_of(answer, "user")["complete"] is False
    assert len(answer["problems"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_in_both_forms(
    host: Host, connection: dict[str, Any], filled: Vendor, form: str
) -> None:
    told = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
    filled.script("GET", "/contacts", v.Status(503, b"", {"Retry-After": told}))
    told_of: list[Any] = []
    answer = host.fetch(connection, ASKED, {**CONTACTS, "progress": told_of.append})
    assert coverage_of(answer, "contact")["complete"] is True
    first, second = filled.requests("GET", "/contacts")[:2]
    assert second.at - first.at >= (1.0 if form == "seconds" else 0.5)


@pytest.mark.parametrize(
    ("told", "when"),
    [
        ("Fri, 31 Dec 2099 23:59:59 GMT", "2099-12-31T23:59:59Z"),
        ("999999999999999999", "a time beyond the calendar"),
        ("3600", "asks to wait until 20"),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_beyond_patience_is_an_error_at_once_that_names_the_time(
    host: Host, connection: dict[str, Any], filled: Vendor, told: str, when: str, status: int
) -> None:
    filled.always("GET", "/contacts", v.Status(status, b"", {"Retry-After": told}))
    answer = host.fetch(connection, ASKED, CONTACTS)
    (problem,) = answer["problems"]
    assert problem["code"] == "gave_up"
    assert when in problem["detail"]
    assert filled.count("GET", "/contacts") == 1


RETRY_AFTER: dict[str, float | None] = {
    "0": 0.0, "120": 120.0, " 7 ": 7.0, "999999999999999999": 999999999999999999.0,
    "": None, "-5": None, "1.5": None, "+5": None, "\u0661": None, "soon": None, "9" * 19: None,
    "Thu, 01 Jan 1970 00:01:40 GMT": 90.0, "Thu, 01 Jan 1970 00:00:00 GMT": 0.0,
    "Thu, 01 Jan 1970 00:01:40": 90.0, "Thu, 01 Jan 1970 01:01:40 +0100": 90.0,
    "Thu, 99 Jan 1970 00:00:00 GMT": None, "Thu, 01 Jan 99999999999 00:00:00 GMT": None,
    "1970-01-01": None, "x" * 61: None, "Mon,": None,
}  # fmt: skip


@pytest.mark.parametrize("told", list(RETRY_AFTER), ids=lambda told: told[:30] or "nothing")
def test_retry_after_is_read_or_it_is_as_if_it_were_not_there(told: str) -> None:
    assert answers.retry_after({"retry-after": told}, 10.0) == RETRY_AFTER[told]
    assert answers.retry_after({}, 10.0) is None


def test_a_moment_is_shown_in_utc_and_one_beyond_the_calendar_as_such() -> None:
    assert answers.moment(0) == "1970-01-01T00:00:00Z"
    assert answers.moment(1e18) == answers.moment(float("inf")) == "a time beyond the calendar"


# What an answer must look like

BODIES: dict[str, tuple[bytes, str]] = {
    "a list": (b"[]", "something other than an object"),
    "null": (b"null", "something other than an object"),
    "a number": (b"5", "something other than an object"),
    "no list": (b"{}", "without a list under items or objects"),
    "another key": (b'{"data": []}', "without a list"),
    "a null list": (b'{"items": null}', "without a list"),
    "a text for a list": (b'{"items": "x"}', "without a list"),
    "a text in the list": (b'{"items": ["x"]}', "without a readable id"),
    "an object without id": (b'{"items": [{"email": "private"}]}', "without a readable id"),
    "a null id": (b'{"items": [{"id": null}]}', "without a readable id"),
    "a fraction for an id": (b'{"items": [{"id": 1.5}]}', "without a readable id"),
    "links that are a text": (b'{"items": [], "links": "x"}', "page links that aren't an object"),
    "links that are a list": (b'{"items": [], "links": [1]}', "page links that aren't an object"),
    "a key twice": (b'{"items": [], "items": [{"id": 1}]}', "the same key twice"),
    "not a number": (b'{"items": [{"id": 1, "x": NaN}]}', "a number that isn't JSON"),
    "endless nesting": (b'{"items": ' + b"[" * 10**5, "nested too deeply"),
    "not UTF-8": (b'{"items": [{"id": 1, "x": "\xff"}]}', "not UTF-8"),
    "half": (b'{"items": [{"id": 1}', "not whole JSON"),
    "two": (b'{"items": []}{"items": []}', "not whole JSON"),
}


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.replace(" ", "-"))
def test_a_wrong_shape_is_an_error_that_names_the_endpoint_and_what_was_odd(
    host: Host, quick: dict[str, Any], filled: Vendor, case: str
) -> None:
    body, words = BODIES[case]
    filled.always("GET", "/contacts", v.Status(200, body))
    answer = host.fetch(quick, ASKED, CONTACTS)
    (problem,) = answer["problems"]
    assert problem["code"] == "answer_odd"
    assert "GET /contacts" in problem["detail"]
    assert words in problem["detail"]
    assert "private" not in problem["detail"]
    entry = coverage_of(answer, "contact")
    assert (entry["complete"], entry["reason"]) == (False, problem["detail"])


@pytest.mark.parametrize("body", [b'{"items": []}', b'{"objects": [], "links": []}',
                                  b'{"items": [], "links": {"last": null}}', b'\xef\xbb\xbf{"items":[]}'])  # fmt: skip
def test_an_empty_list_without_links_is_an_empty_list(
    host: Host, quick: dict[str, Any], filled: Vendor, body: bytes
) -> None:
    filled.always("GET", "/contacts", v.Status(200, body))
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert answer["problems"] == []
    assert coverage_of(answer, "contact")["complete"] is True


@dataclass(frozen=True)
class Changed(v.Fault):
    """The honest page, with its objects changed by a function."""

    change: Callable[[list[Any], Vendor], list[Any]]

    def play(self, exchange: Exchange) -> None:
        answer = exchange.compute()
        body = json.loads(answer.content)
        body["items"] = self.change(body["items"], exchange.vendor)
        exchange.send(v.Answer(200, body))


MIDDLE: dict[str, Callable[[list[Any], Vendor], list[Any]]] = {
    "short": lambda items, _vendor: items[:60],
    "empty": lambda _items, _vendor: [],
    "one that came before": lambda _items, vendor: vendor.tables["contacts"][:100],
}


@pytest.mark.parametrize("case", sorted(MIDDLE))
def test_an_odd_page_in_the_middle_is_never_the_end(
    host: Host, quick: dict[str, Any], filled: Vendor, case: str
) -> None:
    filled.insert("contacts", v.contact(1, email=ADA), at=0)
    filled.always("GET", "/contacts", Changed(MIDDLE[case]), query={"page[number]": "3"})
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert ids_of(answer, "contact") == ["1", "900000"]  # on the first page and the last
    if case == "one that came before":
        assert coverage_of(answer, "contact")["complete"] is False


@pytest.mark.parametrize("last_style", ["normal", "absent"])
def test_a_list_is_read_to_its_end_whatever_its_links_leave_out(
    host: Host, quick: dict[str, Any], filled: Vendor, last_style: Any
) -> None:
    filled.last_style, filled.next_style = last_style, "absent"
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert ids_of(answer, "contact") == ["900000"]
    assert coverage_of(answer, "contact")["seen"] == 431


# Redirects


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_the_token_goes_nowhere_else(
    host: Host, quick: dict[str, Any], filled: Vendor, code: int
) -> None:
    with Vendor() as evil:
        filled.always("GET", "/contacts", v.Redirect(f"{evil.base_url}/contacts", code))
        filled.always("DELETE", ".*", v.Redirect(f"{evil.base_url}/contacts/1", code))
        answer = host.fetch(quick, ASKED, CONTACTS)
        assert [each["code"] for each in answer["problems"]] == ["redirected"]
        assert "base URL" in answer["problems"][0]["detail"]
        assert filled.count("GET", "/contacts") == 1
        receipt = host.delete(quick, "contact", "900000", ASKED[0])
        assert (receipt["status"], receipt["verified"]) == ("failed", False)
        assert evil.log == []
    assert filled.deleted == []


# The client itself


@pytest.fixture(name="client")
def _client(quick: dict[str, Any]) -> Iterator[Client]:
    with Client(connections.resolve(quick)).open() as client:
        yield client


def test_an_id_is_quoted_whole() -> None:
    assert object_path("/contacts", "1/../2?x=1#y") == "/contacts/1%2F..%2F2%3Fx%3D1%23y"


def test_a_401_that_a_new_token_did_not_mend_is_not_asked_about_again(
    client: Client, vendor: Vendor
) -> None:
    vendor.always("GET", "/users", v.Status(401, {"error": "invalid_token"}))
    for _ in range(3):
        with pytest.raises(errors.Forbidden):
            client.get("/users")
    assert vendor.token_requests == 2
    client.get("/contacts")


def test_a_server_that_went_away_since_the_sign_in_is_reported_at_once(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    host.validate(connection)
    filled.stop()
    with pytest.raises(errors.Unreachable) as caught:
        host.fetch(connection, ASKED)
    assert caught.value.sent is False


def test_a_record_that_is_nested_beyond_reason_is_reported_and_not_given(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    deep: Any = {}
    for _ in range(70):
        deep = [deep]
    vendor.tables["contacts"] = [v.contact(1, email=ADA, custom=deep), v.contact(2, email=ADA)]
    answer = host.fetch(connection, ASKED, CONTACTS)
    assert ids_of(answer, "contact") == ["2"]
    assert coverage_of(answer, "contact")["complete"] is False
    assert [each["code"] for each in answer["problems"]] == ["answer_odd"]


@pytest.mark.parametrize("body", [b"," * 5_000_001, b"[" * 1_000_001], ids=["commas", "nests"])
def test_an_answer_of_more_values_than_any_is_not_taken_apart(body: bytes) -> None:
    with pytest.raises(answers.BadJson, match="more values than any answer"):
        answers.parse(body)


def test_queries_are_encoded(client: Client, vendor: Vendor) -> None:
    client.get("/contacts", {"page[number]": "1", "filter": "email=a+b@x.example&c=é d"})
    (seen,) = vendor.requests("GET")
    assert seen.query == {"page[number]": "1", "filter": "email=a+b@x.example&c=é d"}


def test_a_page_past_the_end_is_distinguished_from_another_422(
    client: Client, vendor: Vendor
) -> None:
    with pytest.raises(errors.PastEnd):
        client.get("/contacts", {"page[number]": "9"})
    vendor.always("GET", "/contacts", v.Status(422, {"error": "Unable to find target"}))
    with pytest.raises(errors.Rejected) as caught:
        client.get("/contacts", {"page[number]": "9"})
    assert caught.value.status == 422


@pytest.mark.parametrize(("body", "by_api"), [({"message": "no"}, True), ("<html>", False)])
def test_a_404_says_whether_it_is_the_apis_own(
    client: Client, vendor: Vendor, body: Any, by_api: bool
) -> None:
    vendor.always("GET", "/contacts/1", v.Status(404, body))
    with pytest.raises(errors.NotFound) as caught:
        client.get("/contacts/1", template="/contacts/{id}")
    assert caught.value.by_api is by_api
    assert str(caught.value) == "GET /contacts/{id} answered 404."


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (v.Status(200, []), "accepted"),
        (v.Status(204), "accepted"),
        (v.Status(202, {}), "accepted"),
        (v.Html(200), "lost"),
        (v.Status(503), "lost"),
        (v.Status(429), "lost"),
        (v.DropAfter(), "lost"),
        (v.Torn(), "lost"),
        (v.Status(404, {"message": "no"}), "refused"),
        (v.Status(403, []), "refused"),
        (v.Redirect("http://127.0.0.1:1/"), "refused"),
        (v.Status(422, PAST_END), "refused"),
    ],
)
def test_a_delete_is_sent_once_and_what_it_brought_is_reported(
    client: Client, vendor: Vendor, answer: v.Fault, outcome: str
) -> None:
    client.get("/contacts")
    vendor.always("DELETE", ".*", answer)
    assert client.delete("/contacts/1", template="/contacts/{id}").outcome == outcome
    assert vendor.count("DELETE") == 1


def test_a_delete_that_must_wait_too_long_is_an_error_at_once(
    client: Client, vendor: Vendor
) -> None:
    vendor.always("DELETE", ".*", v.Status(429, b"", {"Retry-After": "99"}))
    with pytest.raises(errors.GaveUp, match="99 seconds") as caught:
        client.delete("/contacts/1", template="/contacts/{id}")
    assert caught.value.retry_at is not None
    assert vendor.count("DELETE") == 1


def test_a_stop_ends_waiting_and_everything_under_way(client: Client, vendor: Vendor) -> None:
    vendor.always("GET", ".*", v.Hang(30))
    ended: list[BaseException] = []

    def call() -> None:
        try:
            client.get("/contacts")
        except errors.ConnectorError as error:
            ended.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not vendor.count("GET"):
        time.sleep(0.005)
    client.stop()
    thread.join(10)
    assert [type(error) for error in ended] == [errors.Stopped]
    with pytest.raises(errors.Stopped):
        client.get("/contacts")
    with pytest.raises(errors.Stopped):
        client.rest(30)


@pytest.mark.slow
def test_it_says_that_it_waits_for_the_quota_and_how_long(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited({"limits.requests": {"count": 4, "seconds": 1.5}})
    told: list[Any] = []
    answer = host.fetch(connection, ASKED, {**CONTACTS, "progress": told.append})
    assert coverage_of(answer, "contact")["complete"] is True
    waits = [each for each in told if each["event"] == "waiting"]
    assert waits[0]["why"] == "quota"
    assert 1 < waits[0]["seconds"] < 1.6 + 40
    assert filled.busiest(1.5) <= 4


def test_it_counts_what_it_sends_and_how_far_away_the_server_is(
    client: Client, vendor: Vendor
) -> None:
    assert (client.sent, client.latency, client.reached) == (0, 0.0, False)
    vendor.latency = 0.02
    client.get("/contacts")
    assert (client.sent, client.reached) == (1, True)
    assert client.latency >= 0.02


@pytest.mark.parametrize("body", [b'{"items": []}', b"\x1f\x8bno", b"plain"])
def test_compression_that_is_announced_and_not_done_is_reported_in_these_words(
    host: Host, quick: dict[str, Any], vendor: Vendor, body: bytes
) -> None:
    vendor.always("GET", "/contacts.*", v.Status(200, body, {"Content-Encoding": "gzip"}))
    answer = host.fetch(quick, ASKED)
    (problem,) = [each for each in answer["problems"] if each["object_type"] == "contact"]
    assert "announced a compressed answer" in problem["detail"]


# TLS


@pytest.fixture(name="certificate", scope="module")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return v.certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture(name="secure")
def _secure(
    vendor: Vendor, connection: dict[str, Any], certificate: tuple[Path, Path]
) -> dict[str, Any]:
    vendor.tls(*certificate)
    vendor.tables["contacts"] = [v.contact(1, email=ADA)]
    return {**connection, "base_url": vendor.base_url}


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(
    host: Host, secure: dict[str, Any], vendor: Vendor
) -> None:
    with pytest.raises(errors.Unreachable, match="ca_bundle"):
        host.fetch(secure, ASKED)
    answer = host.validate(secure)
    assert answer["ok"] is False
    assert "certificate" in answer["checks"][0]["detail"]
    assert vendor.log == []


@pytest.mark.parametrize(
    "how", ["ca_bundle", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
)
def test_a_ca_bundle_of_the_bank_is_trusted(
    host: Host,
    secure: dict[str, Any],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    if how == "ca_bundle":
        secure["ca_bundle"] = str(certificate[0])
    else:
        monkeypatch.setenv(how, str(certificate[0]))
    assert ids_of(host.fetch(secure, ASKED), "contact") == ["1"]


@pytest.mark.parametrize("kind", ["missing", "not a certificate"])
def test_a_ca_bundle_that_cannot_be_used_is_reported(
    host: Host, secure: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "ca.pem"
    if kind != "missing":
        path.write_text("this is no certificate")
    secure["ca_bundle"] = str(path)
    with pytest.raises(errors.ConnectorError, match="ca_bundle"):
        host.fetch(secure, ASKED)


# The log


def test_the_log_shows_what_is_done_and_no_personal_data(
    host: Host,
    quick: dict[str, Any],
    vendor: Vendor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in (
        "te_connector",
        "requests_oauthlib",
        "urllib3",
        "oauthlib",
        "requests",
        "filelock",
    ):
        caplog.set_level(logging.DEBUG, logger=name)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    vendor.refresh_tokens = True
    vendor.tables["contacts"] = [v.contact(2317, email=ADA, phone_cell="763-555-0123"), *v.many(5)]
    vendor.script("GET", "/contacts", [v.Status(503), v.DropBefore()])
    asked = subject(
        "req-1", email=ADA, phone="763-555-0123", service_id="2317", external_id="LOS:77"
    )
    for coverage in ("quick", "exhaustive"):
        host.fetch(quick, [asked], {"coverage": coverage})
    vendor.revoke()
    assert host.delete(quick, "contact", "2317", asked)["status"] == "deleted"
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("te_connector")]
    text = "\n".join(ours)
    assert "GET /contacts status=503 attempt=1" in text
    assert "GET /contacts attempt=2 broke" in text
    assert "GET /contacts status=200 attempt=3" in text
    assert "GET /contacts again in" in text
    assert "GET /contacts/{id} status=200" in text
    assert "DELETE /contacts/{id} status=200" in text
    assert "GET /contacts/{id} status=404" in text
    assert "signed in" in text
    out = capfd.readouterr()
    everything = caplog.text + out.out + out.err
    # Addresses of locks and the port are any digits, sometimes those of the id.
    everything = re.sub(r"(?i)\block \d+", "lock", everything).replace(str(vendor.port), "")
    pair = ":".join(vendor.credentials.values())
    hidden = {
        "access token": list(vendor.tokens),
        "refresh token": list(vendor._refresh),
        "secret": [vendor.credentials["client_secret"], vendor.credentials["client_id"]],
        "basic": [base64.b64encode(pair.encode()).decode()],
        "e-mail": [ADA, "ada.lovelace", "lovelace%40"],
        "phone": ["5550123", "555-0123"],
        "ids": ["2317", "LOS"],
        "subject": ["req-1"],
    }
    for what, values in hidden.items():
        assert values, what
        for value in values:
            assert value.lower() not in everything.lower(), what


def test_a_hosts_own_use_of_the_same_libraries_is_logged_as_ever(
    host: Host, connection: dict[str, Any], vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.before = lambda _vendor, _seen: logging.getLogger("urllib3.connectionpool").debug("mine")
    host.validate(connection)
    logging.getLogger("urllib3.connectionpool").debug("mine too")
    told = [each.getMessage() for each in caplog.records if each.name.startswith("urllib3")]
    assert told == ["mine"] * len(vendor.log) + ["mine too"]


def test_a_library_says_nothing_unless_it_is_asked_to(capfd: pytest.CaptureFixture[str]) -> None:
    import subprocess
    import sys

    code = "import te_connector.api.client, logging; logging.getLogger('te_connector.api.client').info('x')"
    subprocess.run([sys.executable, "-c", code], check=True)
    out = capfd.readouterr()
    assert out.out + out.err == ""


@dataclass(frozen=True)
class Aged(v.Fault):
    """The right answer, as a cache gives it after this many seconds."""

    seconds: int

    def play(self, exchange: Exchange) -> None:
        answer = exchange.compute()
        exchange.send(
            v.Answer(answer.status, answer.content, {**answer.headers, "Age": str(self.seconds)})
        )


@pytest.mark.parametrize("status", [408, 425, 500, 501, 520, 522, 524, 530, 598, 599])
def test_what_a_gateway_answers_is_tried_again(
    host: Host, quick: dict[str, Any], filled: Vendor, status: int
) -> None:
    """Any 5xx, 408 and 425 on one page, fine before and after: the scan goes on."""
    filled.script("GET", "/contacts", [v.Normal(), v.Status(status, "<h1>gateway</h1>")])
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert coverage_of(answer, "contact")["complete"]
    assert answer["problems"] == []


def test_an_answer_from_a_cache_is_asked_for_once_more(
    host: Host, quick: dict[str, Any], filled: Vendor
) -> None:
    """Its ``Age`` is above 0. A second one that is fresh will do; every request forbids caches."""
    filled.script("GET", "/contacts", [Aged(7), Aged(0)])
    answer = host.fetch(quick, ASKED, CONTACTS)
    assert (coverage_of(answer, "contact")["complete"], answer["problems"]) == (True, [])
    assert {seen.headers["cache-control"] for seen in filled.requests("GET", "/contacts")} == {
        "no-cache"
    }


def test_a_list_from_a_cache_is_searched_but_not_complete(
    host: Host, quick: dict[str, Any], filled: Vendor
) -> None:
    """Twice from the cache: reported as that; what it has is compared all the same."""
    filled.always("GET", "/contacts", Aged(7), {"page[number]": "1"})
    answer = host.fetch(quick, ASKED, CONTACTS)
    entry = coverage_of(answer, "contact")
    assert (entry["complete"], entry["seen"]) == (False, len(filled.tables["contacts"]))
    assert [problem["code"] for problem in answer["problems"]] == ["answer_cached"]


def test_a_deletion_that_reads_from_a_cache_sends_no_delete(
    host: Host, quick: dict[str, Any], filled: Vendor
) -> None:
    """A cached read could be another object of long ago."""
    key = filled.tables["contacts"][0]["id"]
    filled.always("GET", f"/contacts/{key}", Aged(30))
    receipt = host.delete(quick, "contact", key, ASKED[0])
    assert (receipt["status"], filled.count("DELETE")) == ("failed", 0)
    assert "cache" in receipt["reason"]
