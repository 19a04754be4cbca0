"""A hostile or broken vendor ends in bounded time and memory: the right answer or one clear error.

Every fault goes through the hooks, over a real socket. What may never come out is a short result that
looks whole: where the person's record is missing, the coverage says so.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, coverage_of, ids_of, subject
from vendor import Exchange, Fault, Raw, Status, Vendor

from te_connector import errors
from te_connector.api import transport
from te_connector.errors import (
    CredentialsRefused,
    SignInError,
    TokenBudgetSpent,
    Unreachable,
)

ADA = "ada.lovelace@example.com"
PERSON = subject(email=ADA)
BOUND = 90.0
"""Seconds within which everything here ends; nearly all of it ends within one."""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("impatient")]


@pytest.fixture(name="connection")
def _connection(vendor: Vendor, edited: Edit, tmp_path: Path) -> dict[str, Any]:
    """A patient vendor's 250 contacts, Ada among them on the middle page, and little patience."""
    vendor.tables["contacts"] = [*v.many(150), v.contact(500_000, email=ADA), *v.many(99, 600_000)]
    vendor.tables["users"] = [v.user(1), v.user(2)]
    changes = {"limits.retry_for": 0.3, "limits.tokens.count": 1000, "paging.max_pages": 60}
    return {
        "connector": "total-expert",
        "base_url": vendor.base_url,
        "credentials": dict(vendor.credentials),
        "state_dir": str(tmp_path / "state"),
        "manifest": edited(changes),
    }


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < BOUND


def look(host: Host, connection: dict[str, Any], **options: Any) -> Any:
    """Ask for Ada among contacts; whatever is answered must not look whole when it is not."""
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"], **options})
    coverage = coverage_of(answer, "contact")
    if coverage["complete"]:
        assert ids_of(answer, "contact") == ["500000"]
        assert coverage["seen"] == 250
    else:
        assert answer["problems"] or options.get("coverage") == "quick"
        assert coverage["reason"]
    return answer


def codes(answer: Any) -> list[str]:
    return [problem["code"] for problem in answer["problems"]]


def http(
    body: bytes = b"",
    status: str = "200 OK",
    *headers: str,
    version: str = "HTTP/1.1",
    length: Any = -1,
) -> Raw:
    """An answer written out by hand."""
    lines = [f"{version} {status}", "Content-Type: application/json", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length == -1 else length}")
    return Raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def page(*items: Any, **links: Any) -> bytes:
    return json.dumps({"items": list(items), "links": {"first": 1, "last": 1, **links}}).encode()


def around(text: str) -> bytes:
    """A page whose only contact is Ada's, with some JSON text in it as it stands."""
    return b'{"items":[{"id":1,"email":"%s","odd":%s}],"links":{"last":1}}' % (
        ADA.encode(),
        text.encode(),
    )


GOOD = page({"id": 1, "email": ADA})


@dataclass(frozen=True)
class Late(Fault):
    """An interim answer at once, the real one a little later, on the same connection."""

    interim: bytes
    real: bytes

    def play(self, exchange: Exchange) -> None:
        exchange.seen.status = 103
        exchange.write(self.interim)
        exchange.wait(0.15)
        exchange.write(self.real)


# What makes one answer unusable, and how it is reported.
UNUSABLE: dict[str, tuple[Fault, str]] = {
    "html": (v.Html(), "answer_odd"),
    "nothing": (Status(200, b""), "answer_odd"),
    "204": (Status(204), "answer_odd"),
    "206": (Status(206, GOOD), "answer_odd"),
    "status 999": (Status(999, GOOD), "answer_odd"),
    "a list": (Status(200, [1]), "answer_odd"),
    "no list in it": (Status(200, {"links": {"last": 1}}), "answer_odd"),
    "null for the list": (Status(200, {"items": None}), "answer_odd"),
    "text for links": (Status(200, {"items": [], "links": "x"}), "answer_odd"),
    "deep nesting": (Status(200, around("[" * 50_000 + "]" * 50_000)), "answer_odd"),
    "deep nesting that Python reads": (Status(200, around("[" * 700 + "]" * 700)), "answer_odd"),
    "a key twice": (Status(200, b'{"items":[],"items":[{"id":1}],"links":{}}'), "answer_odd"),
    "a key twice in a record": (Status(200, around('{"a":1,"a":2}')), "answer_odd"),
    "NaN": (Status(200, around("NaN")), "answer_odd"),
    "Infinity": (Status(200, around("-Infinity")), "answer_odd"),
    "UTF-16": (Status(200, GOOD.decode().encode("utf-16")), "answer_odd"),
    "latin-1": (Status(200, around('"\u00e9"').decode().encode("latin-1")), "answer_odd"),
    "invalid UTF-8": (Status(200, around('"x"').replace(b'"x"', b'"\xff\xfe"')), "answer_odd"),
    "an id that is a list": (Status(200, page({"id": [1], "email": ADA})), "answer_odd"),
    "an id that is a mapping": (Status(200, page({"id": {"id": 1}, "email": ADA})), "answer_odd"),
    "an id that is true": (Status(200, page({"id": True, "email": ADA})), "answer_odd"),
    "an id that is a float": (Status(200, page({"id": 1.5, "email": ADA})), "answer_odd"),
    "an id that is null": (Status(200, page({"id": None, "email": ADA})), "answer_odd"),
    "an id that is missing": (Status(200, page({"email": ADA})), "answer_odd"),
    "an entry that is no mapping": (Status(200, page("x")), "answer_odd"),
    "half a body": (v.HalfJson(), "answer_odd"),
    "a torn body": (v.Torn(), "unreachable"),
    "a connection that ends": (v.DropBefore(), "unreachable"),
    "a reset before the answer": (v.DropBefore(reset=True), "unreachable"),
    "a reset after the work": (v.DropAfter(reset=True), "unreachable"),
    "a reset within the head": (Raw(b"HTTP/1.1 200 OK\r\nContent-"), "answer_odd"),
    "no HTTP": (Raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "unreachable"),
    "binary": (Raw(bytes(range(256)) * 10), "unreachable"),
    "a length that is too long": (http(GOOD, length=len(GOOD) + 5), "unreachable"),
    "a length that is too short": (http(GOOD, length=len(GOOD) - 5), "answer_odd"),
    "two lengths": (http(GOOD, "200 OK", "Content-Length: 3"), "unreachable"),
    "chunked garbage": (
        http(b"zz\r\n{}\r\n", "200 OK", "Transfer-Encoding: chunked", length=None),
        "unreachable",
    ),
    "chunks without end": (
        http(b'5\r\n{"a":', "200 OK", "Transfer-Encoding: chunked", length=None),
        "unreachable",
    ),
    "a chunk of gigabytes": (
        http(b"7fffffffff\r\n{}", "200 OK", "Transfer-Encoding: chunked", length=None),
        "unreachable",
    ),
    "headers of megabytes": (v.HugeHeaders(2), "unreachable"),
    "one header of megabytes": (http(GOOD, "200 OK", "X-Pad: " + "a" * 2_000_000), "unreachable"),
    "broken gzip": (
        http(b"\x1f\x8b\x08garbage", "200 OK", "Content-Encoding: gzip"),
        "unreachable",
    ),
    "gzip that ends early": (
        http(gzip.compress(GOOD)[:-12], "200 OK", "Content-Encoding: gzip"),
        "answer_odd",
    ),
    "an encoding that nobody knows": (
        http(b"\x00\x01\x02", "200 OK", "Content-Encoding: rot13"),
        "answer_odd",
    ),
    "gzip in gzip in gzip …": (
        http(b"x", "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 50)),
        "unreachable",
    ),
    "an interim answer alone": (
        http(b"", "103 Early Hints", "Link: </x>", length=None),
        "answer_odd",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_page_that_cannot_be_used_is_reported_and_the_coverage_is_not_complete(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    fault, code = UNUSABLE[name]
    vendor.always("GET", "/contacts", fault, {"page[number]": "2"})
    answer = look(host, connection)
    if name == "gzip that ends early" and codes(answer) == ["unreachable"]:
        return  # either is true of it
    assert code in codes(answer)
    assert set(codes(answer)) <= {
        code,
        "list_unsteady",
    }  # a page that can be read is also out of place
    assert not coverage_of(answer, "contact")["complete"]


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_page_that_could_not_be_used_at_first_is_read_again(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    """One nonsense answer of a gateway costs nothing where a second look brings the right one."""
    fault, _ = UNUSABLE[name]
    vendor.script("GET", "/contacts", fault, {"page[number]": "2"})
    answer = look(host, connection)
    assert coverage_of(answer, "contact")["complete"] or "answer_odd" in codes(answer)


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_sign_in_that_is_answered_with_nonsense_is_one_typed_error_and_one_request(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    """The vendor permits two token requests an hour, so none is ever repeated blindly."""
    vendor.always("POST", "/token", UNUSABLE[name][0])
    with pytest.raises((SignInError, Unreachable)):
        look(host, connection)
    assert vendor.token_requests == 1
    assert host.validate(connection)["ok"] is False


@pytest.mark.parametrize("number", ["1e999", "9" * 10_000, "0.1000"])
def test_a_number_of_any_size_is_read_with_every_digit(
    host: Host, vendor: Vendor, connection: dict[str, Any], number: str
) -> None:
    vendor.always("GET", "/contacts", Status(200, around(number)))
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"]})
    assert "answer_odd" not in codes(answer)
    (record,) = answer["records"]
    assert f"{number}" in json.dumps(record["data"]) or float(number) == record["data"]["odd"]


_NO_FAULT_OF_ONE = {"a list", "no list in it", "null for the list", "text for links"}


@pytest.mark.parametrize("name", sorted(set(UNUSABLE) - _NO_FAULT_OF_ONE))
def test_an_object_that_cannot_be_read_before_its_deletion_is_never_deleted(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    vendor.always("GET", "/contacts/500000", UNUSABLE[name][0])
    try:
        receipt = host.delete(connection, "contact", "500000", PERSON)
    except Unreachable:
        receipt = None
    assert receipt is None or (receipt["status"], receipt["verified"]) == ("failed", False)
    assert vendor.count("DELETE") == 0


@pytest.mark.parametrize("name", UNUSABLE)
def test_after_a_deletion_whose_answer_is_nonsense_reading_shows_what_happened(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    """DELETE is answered with nonsense and nothing is done: the object is there, so it is not deleted."""
    vendor.always("DELETE", "/contacts/500000", UNUSABLE[name][0])
    receipt = host.delete(connection, "contact", "500000", PERSON)
    gone = not any(row["id"] == 500_000 for row in vendor.tables["contacts"])
    assert receipt["status"] == ("deleted" if gone else "failed")
    assert receipt["verified"] is gone


@pytest.mark.parametrize("name", sorted(set(UNUSABLE) - {"half a body"}))  # half of a 404 is one
def test_a_deletion_that_cannot_be_proven_is_not_called_one(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    """After the DELETE every read is nonsense: nobody can say, so the receipt says that."""
    vendor.script("GET", "/contacts/500000", v.Normal())
    vendor.always("GET", "/contacts/500000", UNUSABLE[name][0])
    receipt = host.delete(connection, "contact", "500000", PERSON)
    assert (receipt["status"], receipt["verified"]) == ("failed", False)


# Answers that are odd and lawful.

LAWFUL: dict[str, Callable[[bytes], Fault]] = {
    "HTTP/1.0": lambda body: http(body, version="HTTP/1.0"),
    "HTTP/1.0 without a length": lambda body: http(body, version="HTTP/1.0", length=None),
    "no length": lambda body: http(body, "200 OK", "Connection: close", length=None),
    "100 first": lambda body: Raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + http(body).data),
    "gzip": lambda body: http(gzip.compress(body), "200 OK", "Content-Encoding: gzip"),
    "chunks of one byte": lambda body: http(
        b"".join(b"1\r\n%c\r\n" % byte for byte in body[:2000])
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - 2000, body[2000:]),
        "200 OK",
        "Transfer-Encoding: chunked",
        length=None,
    ),
    "a mark in front": lambda body: http(b"\xef\xbb\xbf" + body),
    "text/html": lambda body: http(body, "200 OK", "Content-Type: text/html"),
    "another charset said": lambda body: http(
        body, "200 OK", "Content-Type: application/json; charset=utf-16"
    ),
    "no reason": lambda body: http(body, "200"),
    "a cookie": lambda body: http(body, "200 OK", "Set-Cookie: a=b; Domain=127.0.0.1"),
    "folded and odd headers": lambda body: http(body, "200 OK", "X: a\r\n b", "no colon here"),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_an_odd_but_lawful_answer_is_read_right(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    @dataclass(frozen=True)
    class Odd(Fault):
        def play(self, exchange: Exchange) -> None:
            LAWFUL[name](exchange.compute().content).play(exchange)

    vendor.always("GET", "/contacts", Odd(), {"page[number]": "1"})
    answer = look(host, connection)
    assert coverage_of(answer, "contact")["complete"]
    assert not any("cookie" in seen.headers for seen in vendor.log)


def test_a_late_answer_is_never_taken_for_the_answer_to_the_next_question(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    """Behind a 103 the real answer comes late: on a kept connection it would answer the next request."""
    late = http(page({"id": 1, "email": "x@example.org"}), "200 OK").data
    vendor.always(
        "GET", "/contacts", Late(b"HTTP/1.1 103 Early Hints\r\n\r\n", late), {"page[number]": "1"}
    )
    answer = host.fetch(
        connection, [subject(email="user1@example.com")], {"object_types": ["contact", "user"]}
    )
    assert not coverage_of(answer, "contact")["complete"]
    assert coverage_of(answer, "user")["seen"] == 2
    assert ids_of(answer, "user") == ["1"]


@pytest.mark.parametrize("text", ["\ud800", "\udfff x", "a\ud800@example.com"])
def test_a_record_with_half_a_character_is_delivered_with_a_digest_that_holds(
    host: Host, vendor: Vendor, connection: dict[str, Any], text: str
) -> None:
    row = v.contact(500_000, email=ADA, first_name=text, custom=[{text: text}])
    vendor.tables["contacts"] = [row]
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"]})
    (record,) = answer["records"]
    assert record["data"] == row
    vendor.tables["contacts"].append(v.contact(600_000))
    receipt = host.delete(connection, "contact", "500000", PERSON, {"reviewed": record["digest"]})
    assert receipt["status"] == "deleted"


@pytest.mark.parametrize(
    ("key", "told"), [("x" * 900, "x" * 900), (10**29, str(10**29)), ("../users/1", "../users/1")]
)
def test_an_id_of_another_type_is_reported_as_it_is_and_never_sent(
    host: Host, vendor: Vendor, connection: dict[str, Any], key: Any, told: str
) -> None:
    vendor.tables["contacts"] = [v.contact(0) | {"id": key, "email": ADA}]
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"]})
    assert ids_of(answer, "contact") == [told]
    sent = len(vendor.log)
    receipt = host.delete(connection, "contact", told, PERSON)
    assert receipt["status"] == "refused"
    assert len(vendor.log) == sent


def test_another_object_under_the_id_is_not_the_one_that_was_asked_for(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.always("GET", "/contacts/500000", Status(200, v.contact(500_001, email=ADA)))
    receipt = host.delete(connection, "contact", "500000", PERSON)
    assert (receipt["status"], vendor.count("DELETE")) == ("failed", 0)
    answer = host.fetch(connection, [subject(service_id="500000")], {"object_types": ["contact"]})
    assert not coverage_of(answer, "contact")["complete"]
    assert answer["records"] == []


def test_a_page_of_a_hundred_thousand_objects_is_read(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    items = [{"id": number, "email": f"s{number}@example.org"} for number in range(100_000)]
    items[77_777]["email"] = ADA
    vendor.tables["contacts"] = []
    vendor.always("GET", "/contacts", Status(200, page(*items)), {"page[number]": "1"})
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"]})
    assert coverage_of(answer, "contact")["seen"] == 100_000
    assert ids_of(answer, "contact") == ["77777"]


# Redirects.


@pytest.fixture(name="elsewhere")
def _elsewhere() -> Iterator[Vendor]:
    with Vendor() as elsewhere:
        yield elsewhere


CODES = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("to", ["elsewhere", "here", "//", "file"])
def test_a_redirect_is_never_followed_wherever_it_comes_from(
    host: Host, vendor: Vendor, elsewhere: Vendor, connection: dict[str, Any], code: int, to: str
) -> None:
    """Token, list, by id and DELETE; to another host nothing is sent, not even a connection."""
    target = {
        "elsewhere": f"{elsewhere.base_url}/token",
        "here": f"{vendor.base_url}/token",
        "//": f"//127.0.0.1:{elsewhere.port}/v1/token",
        "file": "file:///etc/passwd",
    }[to]
    redirect = v.Redirect(target, code)

    vendor.script("POST", "/token", redirect)
    with pytest.raises(SignInError, match="redirect"):
        look(host, connection)
    assert vendor.token_requests == 1

    vendor.always("GET", "/contacts", redirect, {"page[number]": "3"})
    assert codes(look(host, connection)) == ["redirected"]
    vendor.calm()

    vendor.always("DELETE", ".*", redirect)
    receipt = host.delete(connection, "contact", "500000", PERSON)
    assert (receipt["status"], receipt["verified"]) == ("failed", False)
    assert vendor.count("DELETE") == 1

    vendor.always("GET", "/contacts/500000", redirect)
    receipt = host.delete(connection, "contact", "500000", PERSON)
    assert receipt["status"] == "failed"
    assert vendor.count("DELETE") == 1
    assert elsewhere.connections == 0


# Lists that are none.


@dataclass(frozen=True)
class Page(Fault):
    """A page made by a function of its number."""

    make: Callable[[int], dict[str, Any]]

    def play(self, exchange: Exchange) -> None:
        number = int(exchange.seen.query.get("page[number]", "1"))
        exchange.send(v.Answer(200, self.make(number)))


def rows(number: int, count: int = 100) -> list[dict[str, Any]]:
    return [
        {"id": number * 1000 + at, "email": f"s{number}x{at}@example.org"} for at in range(count)
    ]


def cut(number: int, last: int, made: dict[str, Any]) -> dict[str, Any]:
    """A page of a list with this number of pages; after the last, nothing."""
    return made if number <= last else {"items": [], "links": {"last": last, "next": None}}


LISTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "has no end": lambda n: {"items": rows(n), "links": {"last": n + 1, "next": n + 1}},
    "has no end and names none": lambda n: {"items": rows(n), "links": {"next": n + 1}},
    "has no links": lambda n: {"items": rows(n)},
    "claims a million pages": lambda n: {"items": rows(n), "links": {"last": 10**6}},
    "claims more pages than numbers": lambda n: {
        "items": rows(n),
        "links": {"last": 10**30, "next": n + 1},
    },
    "always gives the first page": lambda n: {"items": rows(1), "links": {"last": 5}},
    "gives two pages by turns": lambda n: {"items": rows(n % 2), "links": {"last": 6}},
    "goes backwards": lambda n: {"items": rows(9 - n), "links": {"last": 8, "next": max(1, n - 1)}},
    "has a last that grows": lambda n: {"items": rows(n), "links": {"last": 3 + n}},
    "has a last that shrinks": lambda n: cut(
        n, 8, {"items": rows(n), "links": {"last": max(1, 9 - n)}}
    ),
    "has a negative last": lambda n: {"items": rows(n), "links": {"last": -5, "next": n + 1}},
    "has words for last": lambda n: {"items": rows(n), "links": {"last": "many", "next": n + 1}},
    "has a list for last": lambda n: {"items": rows(n), "links": {"last": [3], "next": n + 1}},
    "has a fraction for last": lambda n: {"items": rows(n), "links": {"last": 2.5, "next": n + 1}},
    "has pages of nothing in the middle": lambda n: {
        "items": rows(n) if n != 3 else [],
        "links": {"last": 5},
    },
    "falls": lambda n: cut(n, 4, {"items": rows(n)[::-1], "links": {"last": 4}}),
    "says that nothing is its last page": lambda n: {
        "items": rows(n),
        "links": {"last": 0, "next": None},
    },
}


WHOLE = {"has a last that shrinks": 800}
"""Lists that are odd and can be read whole all the same, and how many objects they hold."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
        )
        for name in LISTS
    ],
)
def test_a_list_that_is_none_ends_and_is_not_called_complete(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    vendor.always("GET", "/contacts", Page(LISTS[name]))
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact"]})
    coverage = coverage_of(answer, "contact")
    if coverage["complete"]:
        assert coverage["seen"] == WHOLE.get(name), f"a list that {name}"
        return
    assert answer["problems"]
    assert set(codes(answer)) <= {"answer_odd", "list_unsteady", "field_absent"}
    assert vendor.count("GET") < 400


@pytest.mark.parametrize("coverage", ["exhaustive", "quick"])
def test_a_list_that_has_no_end_holds_nobody_up_in_either_coverage(
    host: Host, vendor: Vendor, connection: dict[str, Any], coverage: str
) -> None:
    vendor.always("GET", "/contacts", Page(LISTS["has no end"]))
    answer = look(host, connection, coverage=coverage)
    assert not coverage_of(answer, "contact")["complete"]
    assert vendor.count("GET") < 400


def test_one_type_s_hostile_list_does_not_keep_the_others_from_being_read(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.tables["users"].append(v.user(3, email=ADA))
    vendor.always("GET", "/contacts", Page(LISTS["has no end"]))
    answer = host.fetch(connection, [PERSON], {"object_types": ["contact", "user"]})
    assert not coverage_of(answer, "contact")["complete"]
    assert coverage_of(answer, "user")["complete"]
    assert ids_of(answer, "user") == ["3"]


# Time.


@pytest.fixture(name="hasty")
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(transport, "READ_SECONDS", 0.5)


class Endless(Fault):
    """Interim answers without end."""

    def play(self, exchange: Exchange) -> None:
        while True:
            exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            exchange.wait(0.05)


SLOW: dict[str, Fault] = {
    "body that drips": v.Drip(20),
    "head that drips": v.Drip(20, "headers"),
    "silence": v.Hang(30),
    "interim answers without end": Endless(),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", SLOW)
def test_an_answer_that_drips_or_does_not_come_is_cut_off(
    host: Host, vendor: Vendor, connection: dict[str, Any], name: str
) -> None:
    vendor.always("GET", "/contacts", SLOW[name], {"page[number]": "2"})
    started = time.monotonic()
    assert codes(look(host, connection)) == ["unreachable"]
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", SLOW)
def test_a_sign_in_that_drips_or_does_not_come_is_cut_off_and_counted(
    host: Host, vendor: Vendor, connection: dict[str, Any], edited: Edit, name: str
) -> None:
    """The request may have arrived, so it is one of the two that the vendor permits."""
    connection["manifest"] = edited({"limits.tokens.count": 1})
    vendor.always("POST", "/token", SLOW[name])
    with pytest.raises(Unreachable):
        look(host, connection)
    with pytest.raises(TokenBudgetSpent):
        look(host, connection)
    assert vendor.token_requests == 1


@pytest.mark.usefixtures("hasty")
def test_a_deletion_whose_answer_drips_is_settled_by_reading(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.script("DELETE", ".*", v.Hang(30, work=True))
    receipt = host.delete(connection, "contact", "500000", PERSON)
    assert (receipt["status"], receipt["verified"], vendor.count("DELETE")) == ("deleted", True, 1)


@pytest.mark.parametrize("after", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_server_that_asks_for_no_wait_again_and_again_is_given_up(
    host: Host, vendor: Vendor, connection: dict[str, Any], after: str
) -> None:
    """A date in the past is what a clock that goes wrong sends; it must not become thousands of tries."""
    vendor.always("GET", "/contacts", Status(503, b"", {"Retry-After": after}))
    over = threading.Timer(6, vendor.stop)
    over.start()
    assert codes(look(host, connection)) == ["gave_up"]
    over.cancel()
    assert vendor.count("GET") < 60


@pytest.mark.parametrize("after", ["99999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "3600"])
def test_a_wait_beyond_all_patience_is_an_error_at_once(
    host: Host, vendor: Vendor, connection: dict[str, Any], after: str
) -> None:
    vendor.always("GET", "/contacts", Status(429, b"", {"Retry-After": after}))
    assert codes(look(host, connection)) == ["gave_up"]
    assert vendor.count("GET") == 1


# Tokens.


def token(**fields: Any) -> Status:
    return Status(
        200, {"access_token": "abc", "expires_in": 3600, "token_type": "bearer", **fields}
    )


@dataclass(frozen=True)
class TokenWith(Fault):
    """The vendor's own token, said to live so long, or with other fields."""

    fields: tuple[tuple[str, Any], ...]

    def play(self, exchange: Exchange) -> None:
        answer = exchange.compute()
        assert isinstance(answer.body, dict)
        exchange.send(v.Answer(200, {**answer.body, **dict(self.fields)}))


@pytest.mark.parametrize(
    "life", [0, 1, -5, 0.001, "0", "1", None, True, 1e308, 2**63, "3600.5", "soon", [], {}]
)
def test_a_token_that_is_said_to_live_no_time_or_without_end_is_used_until_it_is_refused(
    host: Host, vendor: Vendor, connection: dict[str, Any], life: Any
) -> None:
    vendor.always("POST", "/token", TokenWith((("expires_in", life),)))
    try:
        answer = look(host, connection)
        assert coverage_of(answer, "contact")["complete"]
    except SignInError:  # what the library cannot read at all
        assert life in ("3600.5", "soon", [], {})
    assert vendor.token_requests <= 2


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"access_token": "a\r\nX-Evil: 1"}, id="a token with a line end"),
        pytest.param({"access_token": "\ud800"}, id="a token that is half a character"),
        pytest.param({"access_token": "\u20ac"}, id="a token beyond latin-1"),
        pytest.param({"access_token": ["x"]}, id="a list for a token"),
        pytest.param({"access_token": ""}, id="an empty token"),
        pytest.param({"access_token": None}, id="no token"),
    ],
)
def test_a_token_answer_that_is_none_is_one_typed_error(
    host: Host, vendor: Vendor, connection: dict[str, Any], fields: dict[str, Any]
) -> None:
    vendor.always("POST", "/token", token(**fields))
    with pytest.raises(SignInError):
        look(host, connection)
    assert vendor.count("GET") == 0
    assert vendor.token_requests == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"token_type": 5},
        {"token_type": None},
        {"refresh_token": ["x"]},
        {"x": "y" * 10**6},
        {"expires_in": 10**400},
        {"scope": 5},
        {"scope": {"a": 1}},
        {"scope": True},
    ],
)
def test_odd_fields_next_to_a_good_token_do_no_harm(
    host: Host, vendor: Vendor, connection: dict[str, Any], fields: dict[str, Any]
) -> None:
    vendor.always("POST", "/token", TokenWith(tuple(fields.items())))
    assert coverage_of(look(host, connection), "contact")["complete"]


def test_a_token_that_is_refused_at_once_and_always_costs_two_sign_ins_and_no_more(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.always("GET", ".*", Status(401, {"error": "invalid_token"}))
    assert codes(look(host, connection)) == ["forbidden"]
    assert vendor.token_requests == 2


# The way there.


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Callable[[str], tuple[Path, Path, Path]]:
    """Makes a certificate for a name, and gives it, its key and its CA."""
    folder = tmp_path / "ca"
    folder.mkdir()
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        folder,
        "req",
        "-x509",
        *ec,
        "-days",
        "30",
        "-subj",
        "/CN=Test CA",
        "-out",
        "ca.pem",
        "-keyout",
        "ca.key",
    )

    def make(name: str) -> tuple[Path, Path, Path]:
        (folder / "ext").write_text(f"subjectAltName={name}\n")
        _openssl(folder, "req", *ec, "-subj", "/CN=x", "-out", "x.csr", "-keyout", "x.key")
        _openssl(
            folder, "x509", "-req", "-in", "x.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "ext", "-days", "5", "-out", "x.pem",
        )  # fmt: skip
        return folder / "x.pem", folder / "x.key", folder / "ca.pem"

    return make


def test_a_certificate_of_a_named_authority_is_trusted(
    host: Host, vendor: Vendor, connection: dict[str, Any], authority: Any
) -> None:
    certificate, key, ca = authority("IP:127.0.0.1")
    vendor.tls(certificate, key)
    connection |= {"base_url": vendor.base_url, "ca_bundle": str(ca)}
    assert coverage_of(look(host, connection), "contact")["complete"]


@pytest.mark.parametrize("fault", ["self-signed", "wrong host", "unknown authority"])
def test_a_certificate_that_cannot_be_trusted_is_refused_before_a_secret_is_sent(
    host: Host,
    vendor: Vendor,
    connection: dict[str, Any],
    authority: Any,
    tmp_path: Path,
    fault: str,
) -> None:
    name = "DNS:other.example" if fault == "wrong host" else "IP:127.0.0.1"
    certificate, key, ca = authority(name)
    if fault == "self-signed":
        certificate, key = v.certificate(tmp_path)
    vendor.tls(certificate, key)
    connection["base_url"] = vendor.base_url
    if fault != "unknown authority":
        connection["ca_bundle"] = str(ca)
    with pytest.raises(Unreachable, match="certificate"):
        look(host, connection)
    (check, *_) = host.validate(connection)["checks"]
    assert not check["ok"]
    assert vendor.log == []


def test_an_expired_certificate_is_refused(
    host: Host, vendor: Vendor, connection: dict[str, Any], tmp_path: Path
) -> None:
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    old = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), 1, old, old + datetime.timedelta(days=9)
        )
        .add_extension(names, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, keyfile = tmp_path / "old.pem", tmp_path / "old.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    keyfile.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    vendor.tls(pem, keyfile)
    connection |= {"base_url": vendor.base_url, "ca_bundle": str(pem)}
    with pytest.raises(Unreachable, match="certificate"):
        look(host, connection)
    assert vendor.log == []


def test_plain_http_behind_an_https_address_is_refused_and_nothing_is_sent(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    connection["base_url"] = vendor.base_url.replace("http:", "https:")
    with pytest.raises(Unreachable):
        look(host, connection)
    assert vendor.count("POST") == vendor.count("GET") == 0


class _Garble(Fault):
    """Bytes that are no TLS record, in the middle of a TLS connection."""

    def play(self, exchange: Exchange) -> None:
        exchange.seen.status = 0
        descriptor = os.dup(exchange.socket.fileno())
        with socket.socket(fileno=descriptor) as below:
            below.sendall(b"\x17\x03\x03\x00\x20" + b"\xaa" * 32 + b"no TLS at all")
        exchange.close()


def test_a_sign_in_whose_tls_breaks_after_it_was_sent_counts_as_sent(
    host: Host, vendor: Vendor, connection: dict[str, Any], edited: Edit, tmp_path: Path
) -> None:
    """It may have arrived, so it is one of the two that the vendor permits."""
    certificate, key = v.certificate(tmp_path)
    vendor.tls(certificate, key)
    vendor.always("POST", "/token", _Garble())
    connection |= {
        "base_url": vendor.base_url,
        "ca_bundle": str(certificate),
        "manifest": edited({"limits.tokens.count": 1}),
    }
    with pytest.raises(Unreachable):
        look(host, connection)
    with pytest.raises(TokenBudgetSpent):
        look(host, connection)


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a..b.invalid", "x" * 70 + ".invalid"])
def test_a_host_that_nobody_knows_is_reported_within_ten_seconds(
    host: Host, connection: dict[str, Any], name: str
) -> None:
    connection["base_url"] = f"https://{name}/v1"
    started = time.monotonic()
    with pytest.raises((Unreachable, errors.SettingsError)):
        look(host, connection)
    assert time.monotonic() - started < 10


def test_a_resolver_that_never_answers_is_not_waited_for(
    host: Host, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RESOLVE_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(3) or [])
    with pytest.raises(Unreachable, match="DNS"):
        look(host, connection)


def test_a_port_where_nobody_listens_is_reported_within_ten_seconds(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.stop()
    started = time.monotonic()
    with pytest.raises(Unreachable):
        look(host, connection)
    assert time.monotonic() - started < 10
    assert host.validate(connection)["ok"] is False


def test_credentials_that_are_refused_are_asked_about_once(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    connection["credentials"]["client_secret"] = "another"
    with pytest.raises(CredentialsRefused):
        look(host, connection)
    assert vendor.token_requests == 1


# Memory.

_FETCH = """
import json, resource, sys
from conftest import Host, subject
host, connection = Host(), json.loads(sys.argv[1])
answer = host.fetch(connection, [subject(email="ada.lovelace@example.com")], {"object_types": ["contact"]})
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
for line in open("/proc/self/status") if sys.platform == "linux" else ():
    if line.startswith("VmHWM"):  # the figure above is also that of the process that started this one
        peak = int(line.split()[1]) // 1024
print(json.dumps([[p["code"] for p in answer["problems"]], answer["coverage"][0]["complete"], peak]))
"""


def fetched_alone(connection: dict[str, Any]) -> tuple[list[str], bool, int]:
    """Problems, whether complete, and the peak of memory (MiB) of a fetch in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", _FETCH, json.dumps(connection)],
        capture_output=True, check=True, env=environment, timeout=100,
    )  # fmt: skip
    told, complete, peak = json.loads(done.stdout)
    return told, complete, peak


class Many(Fault):
    """A body of many small things, packed: a page of 30 megabytes that comes as a few thousand bytes."""

    def __init__(self, thing: bytes) -> None:
        self.packed = zlib.compress(
            b'{"items":[' + thing * (30 * 2**20 // len(thing)) + b'{"id":1}],"links":{"last":1}}',
            1,
            31,
        )

    def play(self, exchange: Exchange) -> None:
        http(self.packed, "200 OK", "Content-Encoding: gzip").play(exchange)


HEAVY: dict[str, Callable[[], Fault]] = {
    "gigabytes, plain": lambda: v.Bomb("plain", 2048),
    "gigabytes, packed": lambda: v.Bomb("gzip", 400),
    "millions of empty lists": lambda: Many(b"[],"),
    "millions of objects": lambda: Many(b'{"id":1},'),
    "millions of numbers": lambda: Many(b"1.5,"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_body_of_gigabytes_or_a_bomb_costs_bounded_memory(
    vendor: Vendor, connection: dict[str, Any], name: str, record_property: Any
) -> None:
    """Measured in a process of its own: the peak of resident memory, the interpreter included."""
    vendor.always("GET", "/contacts", HEAVY[name]())
    told, complete, peak = fetched_alone(connection)
    record_property("peak", peak)
    print(f"{name}: {peak} MiB")
    assert not complete
    assert told == ["answer_odd"]
    assert peak < 400


class ManyPages(Fault):
    """Seven pages of 17 megabytes between two small ones, packed, from far away."""

    def play(self, exchange: Exchange) -> None:
        exchange.wait(0.1)
        page, size = (int(exchange.seen.query[f"page[{key}]"]) for key in ("number", "size"))
        if (page - 1) * size > 800:
            Status(422, {"error": "Page requested is outside of result set"}).play(exchange)
            return
        things = [
            b'{"id":%d,"email":null,"email_work":null,"first_name":"%s"}'
            % (row, b"x" * (170_000 if 100 <= row < 800 else 10))
            for row in range((page - 1) * size, min(801, page * size))
        ]
        body = b'{"items":[' + b",".join(things) + b'],"links":{"first":1}}'
        packed = zlib.compress(body, 1, 31)
        http(packed, "200 OK", "Content-Encoding: gzip", "Connection: close").play(exchange)


def test_many_large_answers_at_once_cost_no_more_memory_than_one(
    vendor: Vendor, connection: dict[str, Any]
) -> None:
    """Where pages are read beside others and turn out large, they are read one by one."""
    vendor.always("GET", "/contacts", ManyPages())
    told, complete, peak = fetched_alone(connection)
    print(f"{peak} MiB")
    assert (told, complete) == ([], True)
    assert vendor.peak >= 6
    assert peak < 300


def test_the_limits_of_this_file_are_those_that_the_package_ships() -> None:
    assert transport.MAX_BODY <= 32 * 2**20
    assert transport.ANSWER_SECONDS <= 60
    assert transport.RESOLVE_SECONDS < 10
