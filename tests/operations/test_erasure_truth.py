"""Whatever the server does, the receipt of a deletion tells the truth and nothing else goes.

Each row is a deletion of Ada's contact through the hook, against a vendor that misbehaves in one way.
Besides what the row says, every one of them proves: no other object was deleted, DELETE was never
sent again before a read had shown the object still there, and the trail tells the same story.

What was sent is written in letters: R reads the object by its id, D is its DELETE, L reads the first
page of the list, O reads another object by its id.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, subject
from vendor import Vendor

from te_connector import errors
from te_connector.operations.audit import Trail
from te_connector.storage.state import StateDir

ADA = "ada.lovelace@example.com"
PERSON = subject(email=ADA)
KEY = 2317
ONE = f"/contacts/{KEY}"
STRANGERS = v.many(5)
OTHER = r"/contacts/1\d{5}"

HTML_404 = v.Html(404)
EXPIRED = v.Status(401, {"error": "expired_token"})
JSON_404 = v.Status(404, {"message": "Object not found"})


@dataclass(frozen=True)
class Done(v.Fault):
    """Do the work, then answer as told."""

    answer: v.Fault

    def play(self, exchange: v.Exchange) -> None:
        exchange.compute()
        self.answer.play(exchange)


def on_delete(*answers: v.Fault) -> Callable[[Vendor], None]:
    """These answers to the first DELETEs, the honest one to those after."""
    return lambda vendor: vendor.script("DELETE", ONE, list(answers))


def ever_on_delete(answer: v.Fault) -> Callable[[Vendor], None]:
    return lambda vendor: vendor.always("DELETE", ONE, answer)


def before(*answers: v.Fault) -> Callable[[Vendor], None]:
    """These answers to the first reads of the object."""
    return lambda vendor: vendor.script("GET", ONE, list(answers))


def after(*answers: v.Fault) -> Callable[[Vendor], None]:
    """An honest first read, then these."""
    return before(v.Normal(), *answers)


def ever(path: str, answer: v.Fault) -> Callable[[Vendor], None]:
    return lambda vendor: vendor.always("GET", path, answer)


def ever_after(path: str, answer: v.Fault) -> Callable[[Vendor], None]:
    """This answer to every read of those paths that comes after a DELETE."""

    def set_up(vendor: Vendor) -> None:
        vendor.script("DELETE", ONE, v.Then(lambda it: it.always("GET", path, answer), v.Normal()))

    return set_up


def gone(vendor: Vendor) -> None:
    vendor.delete("contacts", KEY)


def both(*steps: Callable[[Vendor], None]) -> Callable[[Vendor], None]:
    def set_up(vendor: Vendor) -> None:
        for step in steps:
            step(vendor)

    return set_up


def alone(vendor: Vendor) -> None:
    """There is no other contact."""
    vendor.tables["contacts"] = [r for r in vendor.tables["contacts"] if r["id"] == KEY]


def ada_changes(**fields: Any) -> Callable[[Vendor], object]:
    def change(vendor: Vendor) -> None:
        row = next(row for row in vendor.tables["contacts"] if row["id"] == KEY)
        row.update(fields)

    return change


def to_heartbeat(vendor: Vendor) -> v.Fault:
    return v.Redirect(f"{vendor.base_url}/heartbeat")


@dataclass(frozen=True)
class Row:
    """How the vendor misbehaves, and what must come of it."""

    set_up: Callable[[Vendor], None]
    status: str
    reason: str
    sent: str  # a regular expression over the letters
    verified: bool | None = None  # None: as the status has it
    goes: bool | None = None  # whether it is gone in the end; None: as the status has it
    retry_for: float = 60.0
    manifest: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


HASTY = 0.2  # seconds of retry_for, where trying again has to end
ARCHIVED = {"objects.contact.archived": {"field": "classification", "value": "archived"}}

ROWS = {
    # The honest server, and what is not there.
    "honest": Row(lambda _: None, "deleted", "accepted.*reading it gives 4", "RDRLOR"),
    "gone_before": Row(gone, "already_absent", "gone before anything was sent", "RLOR"),
    "gone_before_410": Row(
        both(gone, before(v.Status(410, {"message": "gone"}))), "already_absent", "gone", "RLOR"
    ),
    "gone_and_no_other_to_show_the_path": Row(
        both(gone, lambda it: it.tables["contacts"].clear()),
        "failed",
        "no other contact could be read",
        "RL",
        goes=True,
    ),
    "gone_and_an_empty_list_is_422": Row(
        both(
            gone,
            lambda it: it.tables["contacts"].clear(),
            lambda it: setattr(it, "empty_list", "422"),
        ),
        "failed",
        "no other contact could be read",
        "RL",
        goes=True,
    ),
    "gone_but_the_list_still_names_it_alone": Row(
        both(alone, ever(ONE, JSON_404)), "failed", "no other contact could be read", "RL"
    ),
    "gone_and_others_cannot_be_read_either": Row(
        both(gone, ever(OTHER, JSON_404)),
        "failed",
        "no other contact could be read",
        "RLOOO",
        goes=True,
    ),
    "gone_and_others_are_forbidden": Row(
        both(gone, ever(OTHER, v.Status(403))),
        "failed",
        "no other contact could be read",
        "RLO",
        goes=True,
    ),
    "gone_and_the_list_is_forbidden": Row(
        both(gone, ever("/contacts", v.Status(403))),
        "failed",
        "no other contact could be read",
        "RL",
        goes=True,
    ),
    "gone_and_the_other_is_not_what_was_asked": Row(
        both(gone, ever(OTHER, v.Status(200, {"id": 1}))),
        "failed",
        "no other contact could be read",
        "RLO",
        goes=True,
    ),
    "gone_told_by_a_gateway_while_others_are_read": Row(
        both(gone, before(HTML_404)), "already_absent", "gone", "RLOR"
    ),
    "a_gateway_knows_no_path": Row(
        ever(".*", HTML_404), "failed", "no other contact could be read", "RL"
    ),
    # The read before.
    "redirect_before": Row(before(v.Redirect("/v1/heartbeat")), "failed", "redirect", "R"),
    "redirect_before_to_the_object": Row(before(v.Redirect(f"/v1{ONE}")), "failed", "302", "R"),
    "forbidden_before": Row(before(v.Status(403)), "failed", "could not be read.*403", "R"),
    "missing_scope_before": Row(
        before(v.Status(401, {"error": "insufficient_scope"})), "failed", "scope", "R"
    ),
    "wrong_method_before": Row(before(v.Status(405)), "failed", "refused", "R"),
    "html_before": Row(ever(ONE, v.Html()), "failed", "could not be read", "RRRR"),
    "html_once_before": Row(before(v.Html()), "deleted", "accepted", "RRDRLOR"),
    "a_list_instead_of_the_object": Row(
        before(v.Status(200, [])), "failed", "something other", "R"
    ),
    "another_object_for_the_id": Row(
        before(v.Status(200, {**v.contact(KEY + 1), "email": ADA})),
        "failed",
        "something other",
        "R",
    ),
    "an_object_without_id": Row(
        before(v.Status(200, {"email": ADA})), "failed", "something other than that object", "R"
    ),
    "an_absurdly_nested_object": Row(
        before(v.Status(200, b'{"id": 2317, "x": ' + b"[" * 70 + b"]" * 70 + b"}")),
        "failed",
        "nested",
        "R",
    ),
    "the_object_in_an_envelope": Row(
        before(v.Status(200, {"items": [v.contact(KEY, email=ADA)]})), "deleted", "", "RDRLOR"
    ),
    "the_object_alone_in_an_envelope": Row(
        before(v.Status(200, {"objects": v.contact(KEY, email=ADA)})), "deleted", "", "RDRLOR"
    ),
    "two_objects_in_an_envelope": Row(
        before(v.Status(200, {"items": [v.contact(KEY, email=ADA)] * 2})),
        "failed",
        "something other than that object",
        "R",
    ),
    "500_then_200_before": Row(before(v.Status(500)), "deleted", "accepted", "RRDRLOR"),
    "500_before": Row(
        ever(ONE, v.Status(500)), "failed", "500 until the .* seconds", "R+", retry_for=HASTY
    ),
    "dropped_once_before": Row(before(v.DropBefore()), "deleted", "accepted", "RRDRLOR"),
    # The DELETE.
    "lies": Row(on_delete(v.Lie()), "failed", "accepted.*can still be read", "RDR+", retry_for=2.0),
    "lies_with_202": Row(
        on_delete(v.Status(202)), "failed", "can still be read", "RDR+", retry_for=2.0
    ),
    "accepts_with_an_error_inside": Row(
        on_delete(v.Status(200, {"error": "no"})),
        "failed",
        "can still be read",
        "RDR+",
        retry_for=2.0,
    ),
    "204": Row(on_delete(Done(v.Status(204))), "deleted", "accepted", "RDRLOR"),
    "drops_after_having_deleted": Row(on_delete(v.DropAfter()), "deleted", "lost", "RDRLOR"),
    "resets_after_having_deleted": Row(
        on_delete(v.DropAfter(reset=True)), "deleted", "lost", "RDRLOR"
    ),
    "tears_its_answer": Row(on_delete(v.Torn()), "deleted", "lost", "RDRLOR"),
    "drops_before_having_deleted": Row(
        on_delete(v.DropBefore()), "deleted", "accepted", "RDRDRLOR"
    ),
    "drops_twice": Row(
        on_delete(v.DropBefore(), v.DropBefore(reset=True)), "deleted", "accepted", "RDRDRDRLOR"
    ),
    "drops_before_then_after": Row(
        on_delete(v.DropBefore(), v.DropAfter()), "deleted", "lost", "RDRDRLOR"
    ),
    "always_drops": Row(
        ever_on_delete(v.DropBefore()),
        "failed",
        "lost.*can still be read",
        "R(DR)+",
        retry_for=HASTY,
    ),
    "redirects": Row(on_delete(v.Redirect("/v1/elsewhere")), "failed", "refused .*302", "RDR"),
    "redirects_to_what_answers_200": Row(
        lambda it: it.script("DELETE", ONE, to_heartbeat(it)), "failed", "refused .*302", "RDR"
    ),
    "redirects_to_a_deletion": Row(
        on_delete(v.Redirect("/v1/contacts/100000", 307)), "failed", "refused .*307", "RDR"
    ),
    "404_though_it_is_there": Row(on_delete(JSON_404), "failed", "refused .*404", "RDR"),
    "deleted_by_another_meanwhile": Row(
        lambda it: it.script("DELETE", ONE, v.Then(gone)),
        "already_absent",
        "refused .*404",
        "RDRLOR",
    ),
    "404_after_a_lost_answer": Row(
        on_delete(v.DropBefore(), v.Then(gone)),
        "deleted",
        "may have reached it, and this one was refused .*404",
        "RDRDRLOR",
    ),
    **{
        str(code): Row(
            on_delete(v.Status(code)), "failed", f"refused .*{code}.* can still be read", "RDR"
        )
        for code in (400, 403, 405, 409, 418, 422)
    },
    "missing_scope": Row(
        on_delete(v.Status(401, {"error": "insufficient_scope"})), "failed", "refused .*401", "RDR"
    ),
    "401_then_200": Row(on_delete(EXPIRED), "deleted", "accepted", "RDRDRLOR"),
    "401_though_deleted": Row(on_delete(Done(EXPIRED)), "deleted", "lost .*401", "RDRLOR"),
    "401_each_time": Row(
        ever_on_delete(EXPIRED),
        "failed",
        "may have reached it, and this one was refused .*401",
        "RDRDR",
    ),
    "429": Row(on_delete(v.Status(429)), "deleted", "accepted", "RDRDRLOR"),
    "429_retry_at_once": Row(
        on_delete(v.Status(429, headers={"Retry-After": "0"})), "deleted", "accepted", "RDRDRLOR"
    ),
    "429_retry_after_a_date": Row(
        on_delete(v.Status(429, headers={"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"})),
        "deleted",
        "accepted",
        "RDRDRLOR",
    ),
    "429_each_time": Row(
        ever_on_delete(v.Status(429)),
        "failed",
        "lost.*can still be read",
        "R(DR)+",
        retry_for=HASTY,
    ),
    "429_for_longer_than_retry_for": Row(
        on_delete(v.Status(429, headers={"Retry-After": "3600"})),
        "failed",
        "lost.*asks to wait",
        "RDR",
    ),
    "503_for_longer_than_retry_for_but_deleted": Row(
        on_delete(Done(v.Status(503, headers={"Retry-After": "3600"}))), "deleted", "lost", "RDRLOR"
    ),
    "500_then_200": Row(on_delete(v.Status(500)), "deleted", "accepted", "RDRDRLOR"),
    "500_though_deleted": Row(on_delete(Done(v.Status(500))), "deleted", "lost", "RDRLOR"),
    "502_html_then_200": Row(on_delete(v.Html(502)), "deleted", "accepted", "RDRDRLOR"),
    "html_with_200": Row(on_delete(v.Html()), "deleted", "accepted", "RDRDRLOR"),
    "html_with_200_though_deleted": Row(on_delete(Done(v.Html())), "deleted", "lost", "RDRLOR"),
    "html_with_200_each_time": Row(
        ever_on_delete(v.Html()), "failed", "lost.*can still be read", "R(DR)+", retry_for=HASTY
    ),
    "an_endless_answer": Row(
        on_delete(Done(v.Bomb("gzip", 70))), "deleted", "lost .*with more than 32 MiB", "RDRLOR"
    ),
    # The read afterwards.
    "410_after": Row(
        after(v.Status(410, {"message": "gone"})),
        "deleted",
        "accepted.*reading it gives 4",
        "RDRLOR",
    ),
    "403_after": Row(
        after(v.Status(403)), "deleted", "accepted.*reading it gives 4", "RDRRLOR", goes=True
    ),
    "500_then_404_after": Row(after(v.Status(500)), "deleted", "", "RDRRLOR"),
    "500_after": Row(
        ever_after(ONE, v.Status(500)),
        "failed",
        "could not be read.*500",
        "RDR+",
        goes=True,
        retry_for=HASTY,
    ),
    "drops_after": Row(
        ever_after(ONE, v.DropBefore()),
        "failed",
        "could not be read",
        "RDR+",
        goes=True,
        retry_for=HASTY,
    ),
    "dropped_once_after": Row(after(v.DropBefore()), "deleted", "accepted", "RDRRLOR"),
    "redirect_after": Row(
        after(v.Redirect("/v1/")), "deleted", "accepted.*reading it gives 4", "RDRRLOR", goes=True
    ),
    "html_after": Row(
        ever_after(ONE, v.Html()), "failed", "could not be read", "RDR+", goes=True, retry_for=2.0
    ),
    "another_object_after": Row(
        after(v.Status(200, v.contact(1))),
        "deleted",
        "accepted.*reading it gives 4",
        "RDRRLOR",
        goes=True,
    ),
    "html_404_after_while_others_are_read": Row(after(HTML_404), "deleted", "", "RDRLOR"),
    "html_404_after_for_everything": Row(
        ever_after(".*", HTML_404),
        "failed",
        "accepted.*reading it gives 4",
        "RDR(LR)+L",
        goes=True,
        retry_for=2.0,
    ),
    "html_404_after_of_the_last_contact": Row(
        both(alone, after(HTML_404)), "deleted", "accepted.*reading it gives 4", "RDRLR", goes=True
    ),
    "the_last_contact": Row(alone, "deleted", "", "RDRLR"),
    # Archived is not erased.
    "archived_instead": Row(
        lambda it: it.script(
            "DELETE", ONE, v.Then(ada_changes(classification="archived"), v.Lie())
        ),
        "failed",
        "only archived .classification.*suppressed is not erased",
        "RDR",
        manifest=ARCHIVED,
    ),
    "archived_and_the_answer_lost": Row(
        lambda it: it.script(
            "DELETE", ONE, v.Then(ada_changes(classification="archived"), v.DropBefore())
        ),
        "failed",
        "only archived",
        "RDR",
        manifest=ARCHIVED,
    ),
    "archived_unknown_to_the_manifest": Row(
        lambda it: it.script(
            "DELETE", ONE, v.Then(ada_changes(classification="archived"), v.Lie())
        ),
        "failed",
        "can still be read",
        "RDR+",
        retry_for=2.0,
    ),
    # Changed or given away between a lost DELETE and the next: not sent again.
    "given_away_after_a_lost_answer": Row(
        lambda it: it.script(
            "DELETE", ONE, v.Then(ada_changes(email="eve@example.com"), v.DropBefore())
        ),
        "failed",
        "not sent again.*no identifier",
        "RDR",
    ),
}


GONE = "reading it gave 200 before and gives 404 now"
NO_PATH = (
    "reading it gives 404, but no other contact could be read by its id, so it is not known that the "
    "path is right; check the base URL"
)


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    vendor.tables["contacts"] = [v.contact(KEY, email=ADA), *copy.deepcopy(STRANGERS)]
    return vendor


def letters(vendor: Vendor) -> str:
    """What was sent but for tokens, in letters."""
    told = []
    for seen in vendor.requests():
        if seen.path != "/token":
            names = {("GET", ONE): "R", ("DELETE", ONE): "D", ("GET", "/contacts"): "L"}
            other = "O" if seen.method == "GET" and re.fullmatch(OTHER, seen.path) else "?"
            told.append(names.get((seen.method, seen.path), other))
    return "".join(told)


def prove_no_blind_delete(vendor: Vendor) -> None:
    """Before each DELETE the last thing seen of the object is a read that showed it."""
    shown = False
    for seen in vendor.requests(path=ONE):
        if seen.method == "DELETE":
            assert shown, "DELETE without a read before it that showed the object"
        shown = seen.method == "GET" and seen.status == 200


def trail_of(connection: Mapping[str, Any]) -> Trail:
    state = StateDir(Path(connection["state_dir"]))
    return Trail.of(state, connection["base_url"], connection["credentials"]["client_id"])


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_the_receipt_is_true_and_nothing_else_is_deleted(
    row: Row, host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    """Status, proof and reason are what happened; the requests are those that the issue permits."""
    limits = {
        "limits.retry_for": row.retry_for,
        "limits.requests": {"count": 1000000, "seconds": 60},
    }
    connection["manifest"] = edited({**limits, **row.manifest})
    row.set_up(filled)
    others = [each for each in filled.tables["contacts"] if each["id"] != KEY]
    receipt = host.delete(connection, "contact", KEY, PERSON, dict(row.options))
    assert receipt["status"] == row.status, receipt["reason"]
    assert re.search(row.reason, receipt["reason"]), receipt["reason"]
    proven = row.status in ("deleted", "already_absent")
    assert receipt["verified"] is (proven if row.verified is None else row.verified)
    assert re.fullmatch(row.sent, letters(filled)), letters(filled)
    prove_no_blind_delete(filled)
    assert [each for each in filled.tables["contacts"] if each["id"] != KEY] == others
    assert set(filled.deleted) <= {("contacts", KEY)}
    there = any(each["id"] == KEY for each in filled.tables["contacts"])
    assert there is not (proven if row.goes is None else row.goes)
    verdict = trail_of(connection).verify([receipt])
    assert (verdict.faults, verdict.notes) == ((), ())
    assert ADA not in str(receipt)


def test_a_connection_that_breaks_each_time_before_anything_was_sent_is_an_error(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit, impatient: None
) -> None:
    """The first read that never comes through raises: nothing is known and nothing was sent."""
    connection["manifest"] = edited({"limits.retry_for": HASTY})
    filled.always("GET", ONE, v.DropBefore())
    with pytest.raises(errors.Unreachable):
        host.delete(connection, "contact", KEY, PERSON, None)
    assert filled.count("DELETE") == 0


def test_a_server_that_deletes_and_never_answers_is_found_out_by_reading(
    host: Host, filled: Vendor, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not come is a lost one."""
    monkeypatch.setattr("te_connector.api.transport.READ_SECONDS", 0.3)
    filled.script("DELETE", ONE, v.Hang(60, work=True))
    receipt = host.delete(connection, "contact", KEY, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert "lost" in receipt["reason"]
    assert letters(filled) == "RDRLOR"


def test_a_server_that_stops_while_it_deletes_leaves_absence_unproven(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit, impatient: None
) -> None:
    """A host that is gone after DELETE is a receipt ``failed``, not an error, and not absence."""
    connection["manifest"] = edited({"limits.retry_for": HASTY})
    filled.script("DELETE", ONE, v.Then(lambda it: it.stop(), v.DropBefore()))
    receipt = host.delete(connection, "contact", KEY, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("failed", False)
    assert "could not be read" in receipt["reason"]


@dataclass(frozen=True)
class AsToken(v.Fault):
    """Sign-in, wherever it was asked for."""

    def play(self, exchange: v.Exchange) -> None:
        exchange.seen.path = "/token"
        exchange.send(exchange.compute())


def test_a_base_url_without_its_version_proves_no_absence(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """The server signs in there too and answers 404 to everything else: ``failed``, not absent."""
    filled.always("POST", "outside:/token", AsToken())
    connection["base_url"] = connection["base_url"].removesuffix("/v1")
    receipt = host.delete(connection, "contact", KEY, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("failed", False)
    assert "base URL" in receipt["reason"]
    assert [s.path for s in filled.requests("GET")] == [f"outside:{ONE}", "outside:/contacts"]
    assert filled.count("DELETE") == 0


def test_each_deletion_checks_the_path_itself(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A path that worked in an earlier call proves nothing: each absence costs three more requests."""
    for key in (901, 902, 903):
        receipt = host.delete(connection, "contact", key, PERSON, None)
        assert (receipt["status"], receipt["verified"]) == ("already_absent", True)
    sent = [seen.path.rpartition("/")[2] for seen in filled.requests("GET")]
    assert sent == [
        part for key in ("901", "902", "903") for part in (key, "contacts", str(KEY), key)
    ]


def test_a_second_deletion_is_already_absent(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """What was deleted once is absent the next time, once the path is checked."""
    first = host.delete(connection, "contact", KEY, PERSON, None)
    again = host.delete(connection, "contact", str(KEY), PERSON, None)
    assert (first["status"], again["status"]) == ("deleted", "already_absent")
    assert again["verified"]
    assert first["receipt_id"] != again["receipt_id"]
    assert letters(filled) == "RDRLORRLOR"


def test_a_deletion_after_one_that_failed_says_that_ours_did_it(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit, impatient: None
) -> None:
    """Accepted, not readable, and found gone the next time: our request did it."""
    connection["manifest"] = edited({"limits.retry_for": 1})
    filled.script("GET", ONE, [v.Normal(), *[v.Status(403)] * 20])
    first = host.delete(connection, "contact", KEY, PERSON, None)
    filled.calm()
    again = host.delete(connection, "contact", KEY, PERSON, None)
    assert (first["status"], first["verified"]) == ("failed", False)
    assert (again["status"], again["verified"]) == ("deleted", True)
    assert "an earlier DELETE of ours may have reached it" in again["reason"]
    third = host.delete(connection, "contact", KEY, PERSON, None)
    assert third["status"] == "already_absent"


def test_a_refused_deletion_does_not_make_a_later_absence_ours(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """The API refused; somebody else deleted it; so it is ``already_absent`` and not ``deleted``."""
    filled.script("DELETE", ONE, v.Status(409))
    assert host.delete(connection, "contact", KEY, PERSON, None)["status"] == "failed"
    gone(filled)
    receipt = host.delete(connection, "contact", KEY, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("already_absent", True)


ODD_IDS = {
    "up": "../users/1",
    "up_from_an_id": "1/../2",
    "encoded_dots": "%2e%2e",
    "encoded_slash": "1%2F..%2F2",
    "query": "1?x=1",
    "fragment": "2317#1",
    "semicolon": "2317;1",
    "unicode_digits": "\u0662\u0663\u0661\u0667",
    "wide_digits": "\uff12\uff13\uff11\uff17",
    "superscript": "2317\u00b2",
    "very_long": "9" * 5000,
    "longer_than_any": "1" * 21,
    "sign": "-2317",
    "negative_number": -2317,
    "decimal": "2317.0",
    "hex": "0x90d",
    "line_end": "2317\n2318",
    "nul": "2317\x00",
    "blank": "23 17",
    "dots": "..",
    "star": "*",
    "email": ADA,
    "surrogate": "2317\ud800",
    "enormous_number": 10**30,
}


@pytest.mark.parametrize("name", ODD_IDS.values(), ids=ODD_IDS.keys())
def test_an_id_of_another_shape_is_refused_and_nothing_is_sent(
    name: Any, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """What cannot be an id of the type names no path, and the trail has it as a hash."""
    receipt = host.delete(connection, "contact", name, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("refused", False)
    assert "the id is not exactly an id of the type contact" in receipt["reason"]
    assert filled.log == []
    trail = trail_of(connection)
    assert trail.verify([receipt]).faults == ()
    kept = {entry["object_id"] for entry in trail.story(receipt["receipt_id"])}
    assert all(one.startswith("hash:") for one in kept)


@pytest.mark.parametrize("name", [KEY, str(KEY)], ids=["number", "text"])
def test_the_object_id_may_be_text_or_a_number(
    name: Any, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Both name the same object, and the receipt has it as text."""
    receipt = host.delete(connection, "contact", name, PERSON, None)
    assert (receipt["id"], receipt["status"]) == (str(KEY), "deleted")


@pytest.mark.parametrize("name", [f" {KEY}", f"{KEY}\n", f"0{KEY}", f"{KEY}\u200b", "", " "])
def test_an_id_in_another_spelling_is_refused(
    name: str, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    assert host.delete(connection, "contact", name, PERSON, None)["status"] == "refused"
    assert filled.log == []


def test_an_id_of_another_type_deletes_nothing(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A user's id is a stranger's contact, which does not match, or no contact at all."""
    filled.tables["users"] = [v.user(100_000, email=ADA), v.user(77, email=ADA)]
    stranger = host.delete(connection, "contact", 100_000, PERSON, None)
    nobody = host.delete(connection, "contact", 77, PERSON, None)
    assert (stranger["status"], nobody["status"]) == ("refused", "already_absent")
    assert filled.deleted == []
    assert filled.count("DELETE") == 0


def test_a_token_that_dies_meanwhile_is_renewed(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A 401 on the read afterwards costs a token and not the proof."""
    filled.script("GET", ONE, [v.Normal(), v.Then(lambda it: it.revoke())])
    receipt = host.delete(connection, "contact", KEY, PERSON, None)
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert letters(filled) == "RDRRLOR"
    assert filled.token_requests == 2
