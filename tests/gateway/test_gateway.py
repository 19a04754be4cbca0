"""The gateway as a platform meets it: a process of its own, real HTTP, tokens made by the command."""

from __future__ import annotations

import concurrent.futures
import json
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from gateway_client import MARIA, PHONE, Gateway
from vendor import Status, Vendor, contact

pytestmark = pytest.mark.slow


def until(condition: Any, seconds: float = 20) -> Any:
    """Poll until the condition gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = condition()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_a_person_is_found_and_deleted_and_the_receipt_says_so(
    gateway: Gateway, vendor: Vendor
) -> None:
    assert gateway.ask("/v1/health", method="GET").body["ok"]
    got = gateway.ask("/v1/access", {"request": "r1", "email": MARIA})
    assert got.status == 200, got.raw
    records = got.body["records"]
    assert sorted((r["object_type"], r["id"]) for r in records)[:2] == [
        ("contact", "2317"), ("contact", "2328"),
    ]  # fmt: skip
    assert {r["te_strength"] for r in records} == {"strong"}
    for record in records:
        if not record["deletable"]:
            continue
        body = {"request": "r1", "object_type": record["object_type"], "id": record["id"],
                "reviewed": record["te_digest"]}  # fmt: skip
        gone = gateway.ask("/v1/delete", body)
        assert (gone.status, gone.body["status"], gone.body["verified"]) == (200, "deleted", True)
        assert gateway.ask("/v1/delete", body).body == gone.body, (
            "the same receipt, not a second DELETE"
        )
    assert [key for _, key in vendor.deleted] == [2317, 2328]


def test_the_list_route_gives_each_object_as_the_vendor_sent_it(gateway: Gateway) -> None:
    body = {"request": "r1", "email": MARIA, "object_type": "contact"}
    got = gateway.ask("/v1/access/list", body).body
    assert sorted(item["id"] for item in got) == ["2317", "2328"]
    assert all(item["object_type"] == "contact" and "email" in item for item in got)


def test_another_object_type_filters_the_same_search_at_no_cost(
    gateway: Gateway, vendor: Vendor
) -> None:
    gateway.ask("/v1/access", {"request": "r1", "email": MARIA})
    before = vendor.count()
    for object_type in ("contact", "user", "contact_survey_response"):
        got = gateway.ask(
            "/v1/access", {"request": "r1", "email": MARIA, "object_type": object_type}
        )
        assert got.status == 200
        assert {r["object_type"] for r in got.body["records"]} <= {object_type}
        assert [entry["object_type"] for entry in got.body["coverage"]] == [object_type]
    assert vendor.count() == before


def test_the_same_request_with_other_identifiers_is_refused(gateway: Gateway) -> None:
    assert gateway.ask("/v1/access", {"request": "r1", "email": MARIA}).status == 200
    got = gateway.ask("/v1/access", {"request": "r1", "email": "daniel@example.com"})
    assert (got.status, got.body["code"]) == (409, "request_differs")


def test_an_undecided_weak_match_is_409_until_a_person_decides(
    gateway: Gateway, vendor: Vendor
) -> None:
    body = {"request": "r2", "email": MARIA, "phone": PHONE}
    paths = ["/v1/access", "/v1/access/list", "/v1/identifiers/email", "/v1/delete/shown"]
    for path in paths:
        got = gateway.ask(path, body)
        assert (got.status, got.body["code"]) == (409, "needs_review"), path
    assert got.body["undecided"]["contact"] == 1
    listed = json.loads(gateway.command("--json", "review", "list")[1])
    assert {"request": "r2", "object_type": "contact", "id": "2340"}.items() <= listed[0].items()
    one = {"request": "r2", "object_type": "contact", "id": "2340"}
    assert gateway.ask("/v1/delete", one).status == 409
    assert gateway.command("review", "exclude", "r2", "contact:2340")[0] == 0
    got = gateway.ask("/v1/access", body)
    assert got.status == 200
    assert "2340" not in {r["id"] for r in got.body["records"]}
    assert gateway.ask("/v1/delete", one).status == 409, "an excluded object is never deleted"
    assert vendor.deleted == []
    assert gateway.command("review", "include", "r2", "contact:2340")[0] == 0
    assert "2340" in {r["id"] for r in gateway.ask("/v1/access", body).body["records"]}


def test_an_incomplete_search_is_never_200_and_after_three_searches_it_is_409(
    vendor: Vendor, gateway: Gateway
) -> None:
    gateway.stop()
    gateway.environment |= {"TE_GATEWAY_RETRY_SECONDS": "0"}
    gateway.start()
    vendor.always("GET", "/users", Status(403))
    body = {"request": "r3", "email": MARIA}
    statuses = []
    for path in ("/v1/access", "/v1/access/list", "/v1/identifiers/email", "/v1/access"):
        got = gateway.ask(path, body)
        statuses.append((got.status, got.body["code"]))
        assert got.body["coverage"]
    assert statuses[:2] == [(503, "incomplete")] * 2
    assert statuses[2:] == [(409, "incomplete")] * 2
    before = vendor.count()
    assert gateway.ask("/v1/access", body).status == 409
    assert gateway.ask("/v1/delete/shown", body).status == 409
    assert vendor.count() == before, "the next search is possible in an hour"
    vendor.calm()


def test_a_running_search_is_503_and_the_platform_gets_the_answer_when_it_asks_again(
    vendor: Vendor, gateway: Gateway
) -> None:
    gateway.stop()
    gateway.environment |= {"TE_GATEWAY_WAIT_SECONDS": "0"}
    gateway.start()
    vendor.latency = 0.2
    body = {"request": "r4", "email": MARIA}
    first = gateway.ask("/v1/access", body)
    assert (first.status, first.body["code"]) == (503, "running")
    assert 1 <= int(first.headers["Retry-After"]) <= 300

    def answered() -> Any:
        got = gateway.ask("/v1/access", body)
        return got if got.status == 200 else None

    assert len(until(answered).body["records"]) >= 2


def test_fifty_requests_at_once_cost_one_or_two_sweeps_and_each_gets_only_its_own(
    vendor: Vendor, gateway: Gateway
) -> None:
    for n in range(50):
        vendor.tables["contacts"].append(contact(5000 + n, email=f"person{n}@example.net"))
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        asked = [
            pool.submit(
                gateway.ask, "/v1/access", {"request": f"p{n}", "email": f"person{n}@example.net"}
            )
            for n in range(50)
        ]
        answers = [future.result() for future in asked]
    assert [answer.status for answer in answers] == [200] * 50
    for n, answer in enumerate(answers):
        assert [r["id"] for r in answer.body["records"]] == [str(5000 + n)]
    sweeps = len(list(vendor.requests("GET", "/users")))
    assert 1 <= sweeps <= 10, (
        "one sweep reads the users' page a few times; fifty would be 100 or more"
    )


def test_a_restart_loses_no_finished_answer(vendor: Vendor, gateway: Gateway) -> None:
    body = {"request": "r5", "email": MARIA}
    first = gateway.ask("/v1/access", body).body
    gateway.kill()
    before = vendor.count()
    gateway.start()
    assert gateway.ask("/v1/access", body).body == first
    assert vendor.count() == before


def test_a_failed_deletion_is_not_final(vendor: Vendor, gateway: Gateway) -> None:
    records = gateway.ask("/v1/access", {"request": "r6", "email": MARIA}).body["records"]
    record = next(r for r in records if r["id"] == "2317")
    body = {
        "request": "r6",
        "object_type": "contact",
        "id": "2317",
        "reviewed": record["te_digest"],
    }
    vendor.always("DELETE", "/contacts/2317", Status(422))
    got = gateway.ask("/v1/delete", body)
    assert (got.status, got.body["status"]) == (502, "failed")
    vendor.calm()
    assert gateway.ask("/v1/delete", body).body["status"] == "deleted"


def test_delete_shown_deletes_what_was_shown_and_names_what_is_left(
    vendor: Vendor, gateway: Gateway
) -> None:
    body = {"request": "r7", "email": MARIA}
    early = gateway.ask("/v1/delete/shown", body)
    assert (early.status, early.body["code"]) == (409, "request_unknown"), "nothing was shown yet"
    gateway.ask("/v1/access", body)
    vendor.cascade = {"contact-survey-responses"}
    got = gateway.ask("/v1/delete/shown", body)
    assert got.status == 200, got.raw
    assert {r["status"] for r in got.body["receipts"]} <= {"deleted", "already_absent"}
    assert sorted(key for _, key in vendor.deleted) == [2317, 2328]


def test_delete_shown_is_409_while_an_undeletable_object_is_left(
    vendor: Vendor, gateway: Gateway
) -> None:
    body = {"request": "r8", "email": MARIA}
    gateway.ask("/v1/access", body)
    got = gateway.ask("/v1/delete/shown", body)
    assert (got.status, got.body["code"]) == (409, "left")
    assert [r["status"] for r in got.body["left"]] == ["not_deletable"]
    assert sorted(key for _, key in vendor.deleted) == [2317, 2328]


def test_delete_shown_is_bound_to_the_digests_that_were_shown(
    vendor: Vendor, gateway: Gateway
) -> None:
    body = {"request": "r9", "email": MARIA}
    gateway.ask("/v1/access", body)
    row = next(row for row in vendor.tables["contacts"] if row["id"] == 2317)
    row["first_name"] = "Changed"
    got = gateway.ask("/v1/delete/shown", body)
    assert got.status == 409
    assert {(r["id"], r["status"]) for r in got.body["left"]} >= {("2317", "refused")}
    assert 2317 not in [key for _, key in vendor.deleted]


def test_identifiers_are_those_of_the_strong_matches(gateway: Gateway) -> None:
    got = gateway.ask("/v1/identifiers/phone", {"request": "r10", "email": MARIA})
    assert got.body == [{"phone": PHONE}]
    assert gateway.ask("/v1/identifiers/shoe", {"request": "r10", "email": MARIA}).status == 404


def test_delete_without_access_is_request_unknown(gateway: Gateway) -> None:
    got = gateway.ask("/v1/delete", {"request": "nobody", "object_type": "contact", "id": "2317"})
    assert (got.status, got.body["code"]) == (409, "request_unknown")


def test_an_unreadable_identifier_is_400_before_any_request(
    vendor: Vendor, gateway: Gateway
) -> None:
    before = vendor.count()
    got = gateway.ask("/v1/access", {"request": "r11", "email": "mailto:maria@example.com"})
    assert got.status == 400
    assert b"maria" not in got.raw
    assert vendor.count() == before


def test_tokens_are_checked_on_every_route_and_a_revoked_one_stops_at_once(
    gateway: Gateway,
) -> None:
    for method, path in (("GET", "/v1/health"), ("POST", "/v1/access"), ("POST", "/v1/none")):
        got = gateway.ask(path, method=method, token="wrong")
        assert (got.status, got.body["code"]) == (401, "token_refused")
    old = gateway.token
    new = gateway.new_token()
    assert gateway.ask("/v1/health", method="GET", token=old).status == 200
    assert gateway.ask("/v1/health", method="GET", token=new).status == 200
    status, _, err = gateway.command("token", "new")
    assert status == 2
    assert "Revoke one first" in err
    name = json.loads(gateway.command("--json", "token", "list")[1])[0]["name"]
    assert gateway.command("token", "revoke", name)[0] == 0
    assert gateway.ask("/v1/health", method="GET", token=old).status == 401
    assert gateway.ask("/v1/health", method="GET", token=new).status == 200


def test_hostile_bodies_get_clear_errors(gateway: Gateway) -> None:
    assert gateway.ask("/v1/access", raw=b"x" * (1024 * 1024 + 1)).status == 413
    assert gateway.ask("/v1/access", raw=b"[" * 500_000).status == 400
    assert (
        gateway.ask("/v1/access", raw=b'{"request":"a","request":"b","email":"a@b.example"}').status
        == 400
    )
    assert gateway.ask("/v1/nowhere", {}).body["code"] == "route_unknown"
    wrong = gateway.ask("/v1/access", method="GET")
    assert (wrong.status, "POST" in wrong.headers["Allow"]) == (405, True)


def test_two_hundred_idle_connections_do_not_keep_others_out(gateway: Gateway) -> None:
    parts = urlsplit(gateway.url)
    idle = []
    for _ in range(200):
        one = socket.create_connection((parts.hostname, parts.port), timeout=5)
        one.sendall(b"POST /v1/access HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        idle.append(one)
    try:
        assert gateway.ask("/v1/health", method="GET").status == 200
    finally:
        for one in idle:
            one.close()


def test_no_log_and_no_file_holds_a_person_or_a_token(
    gateway: Gateway, vendor: Vendor, tmp_path: Path
) -> None:
    request = "request-of-maria"
    gateway.ask("/v1/access", {"request": request, "email": MARIA, "phone": PHONE})
    gateway.ask("/v1/access?email=" + MARIA, {"request": "r", "email": MARIA})
    gateway.ask(f"/v1/{MARIA}", {"request": "r", "email": MARIA})
    gateway.ask("/v1/delete", {"request": "r", "object_type": "contact", "id": "2317"})
    log = gateway.stop()
    assert "/v1/access 200" in log
    kept = b"".join(
        path.read_bytes()
        for path in (tmp_path / "gateway-state" / "gateway").rglob("*")
        if path.is_file()
    )
    for secret in (MARIA, "Maria", PHONE, request, gateway.token):
        assert secret not in log
        assert secret.encode() not in kept


def test_answers_and_identifiers_are_removed_in_time(
    vendor: Vendor, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.stop()
    gateway.environment |= {"TE_GATEWAY_ANSWER_HOURS": "0.001"}  # 3.6 seconds
    gateway.start()
    body = {"request": "r12", "email": MARIA}
    gateway.ask("/v1/access", body)
    before = vendor.count()
    assert gateway.ask("/v1/access", body).status == 200
    assert vendor.count() == before
    until(lambda: gateway.ask("/v1/access", body).status == 200 and vendor.count() > before)
    with sqlite3.connect(tmp_path / "gateway-state" / "gateway" / "gateway.sqlite") as db:
        assert db.execute("SELECT count(*) FROM requests").fetchone() == (1,)


def test_another_address_than_loopback_needs_a_tls_proxy(gateway: Gateway) -> None:
    status, _, err = gateway.command("--host", "0.0.0.0", "--port", "0")
    assert status == 2
    assert "TE_GATEWAY_TRUSTED_PROXY" in err


def test_behind_a_proxy_a_request_that_did_not_come_over_tls_is_refused(gateway: Gateway) -> None:
    gateway.stop()
    gateway.environment |= {"TE_GATEWAY_TRUSTED_PROXY": "127.0.0.1"}
    gateway.start()
    got = gateway.ask("/v1/health", method="GET")
    assert (got.status, got.body["code"]) == (403, "tls_required")
