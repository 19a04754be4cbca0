"""A host that knows only the contract, and a vendor that follows the API document.

Everything here goes through a real plugin manager, entry points and a real socket.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import vendor as v
from conftest import CONNECTOR, Edit, Host, coverage_of, ids_of, subject
from vendor import Vendor

import te_connector.hookspecs
from te_connector import errors

ADA = "ada.lovelace@example.com"
PHONE = "+1 763 555 0123"
TYPES = ["contact", "user", "contact_survey_response"]
HOOKS = {
    "validate_connection": ("connection",),
    "discover": ("connection",),
    "fetch": ("connection", "subjects", "options"),
    "delete_object": ("connection", "object_type", "object_id", "subject", "options"),
}


def _fill(vendor: Vendor) -> None:
    """Ada in five contacts, each found by another identifier; a user; answers; 230 strangers."""
    vendor.tables["contacts"] = [
        v.contact(2317, email="Ada.Lovelace@Example.com", surprise={"kept": [1, None, "é\u2028"]}),
        v.contact(2318, email="other@example.org", email_work=ADA),
        v.contact(2319, phone_home="(763) 555-0123"),
        v.contact(2320, source="LOS", external_id="A-1"),
        v.contact(2321, external_ids=[{"source": "CORE", "external_id": 77}]),
        *v.many(230),
    ]
    vendor.tables["users"] = [v.user(59, email=ADA), v.user(60), v.user(2319)]
    vendor.tables["contact-survey-responses"] = [
        v.response(1, 2317),
        v.response(2, 2319),
        v.response(3, 100_000),
        v.response(4, 2317, internal_created_at="2025-03-01 00:00:00"),
    ]


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    _fill(vendor)
    return vendor


def _row(vendor: Vendor, table: str, key: str) -> dict[str, Any]:
    (row,) = [row for row in vendor.tables[table] if str(row["id"]) == key]
    return json.loads(json.dumps(row))


# The hooks themselves.


def _specs() -> list[str]:
    marks = inspect.getmembers(
        te_connector.hookspecs, lambda each: hasattr(each, "privacy_connector_spec")
    )
    return [name for name, _ in marks]


def test_there_are_the_four_hooks_of_the_contract_and_no_other() -> None:
    assert sorted(_specs()) == sorted(HOOKS)


@pytest.mark.parametrize("name", _specs())
def test_every_hook_has_a_test_here(name: str) -> None:
    assert [each for each in globals() if each.startswith(f"test_hook_{name}")]


@pytest.mark.parametrize(("name", "arguments"), HOOKS.items(), ids=list(HOOKS))
def test_every_hook_is_firstresult_and_takes_the_arguments_of_the_contract(
    host: Host, name: str, arguments: tuple[str, ...]
) -> None:
    caller = getattr(host.pm.hook, name)
    assert caller.spec.opts["firstresult"] is True
    assert caller.spec.argnames == arguments
    (implementation,) = caller.get_hookimpls()
    assert implementation.plugin_name == CONNECTOR
    assert implementation.argnames == arguments


@pytest.mark.parametrize("connector", ["salesforce", "", None, 5, ["total-expert"]])
@pytest.mark.parametrize("name", list(HOOKS))
def test_another_connectors_connection_is_answered_with_none(
    host: Host, name: str, connector: Any
) -> None:
    arguments = dict.fromkeys(HOOKS[name], "nonsense")
    arguments["connection"] = {"connector": connector, "what": "ever"}  # type: ignore[assignment]
    assert getattr(host.pm.hook, name)(**arguments) is None


@pytest.mark.parametrize("connection", [None, "total-expert", [], {}])
@pytest.mark.parametrize("name", list(HOOKS))
def test_what_is_no_connection_is_answered_with_none(
    host: Host, name: str, connection: Any
) -> None:
    arguments = {**dict.fromkeys(HOOKS[name]), "connection": connection}
    assert getattr(host.pm.hook, name)(**arguments) is None


def test_two_connectors_live_in_one_host(host: Host, connection: dict[str, Any]) -> None:
    class Other:
        @te_connector.plugin.hookimpl
        def discover(self, connection: Mapping[str, Any]) -> Any:
            return {"mine": True} if connection["connector"] == "other" else None

    host.pm.register(Other())
    assert host.discover({"connector": "other"}) == {"mine": True}
    assert host.discover(connection)["connector"] == CONNECTOR


# fetch

FOUND: dict[str, tuple[dict[str, str], list[str], list[str], list[str]]] = {
    # identifiers: contacts, users, survey responses
    "e-mail and work e-mail, in any letter case": (
        {"email": "ADA.lovelace@EXAMPLE.com"}, ["2317", "2318"], ["59"], ["1", "4"],
    ),
    "phone in another spelling": ({"phone": "763.555.0123"}, ["2319"], [], ["2"]),
    "the id that Total Expert gave": (
        {"service_id": "2319"}, ["2319"], ["2319"], ["2"],
    ),
    "the lender's id with its source": ({"external_id": "LOS:A-1"}, ["2320"], [], []),
    "a further lender's id with its source": ({"external_id": "CORE:77"}, ["2321"], [], []),
    "the lender's id alone": ({"external_id": "77"}, ["2321"], [], []),
    "another source with the same id": ({"external_id": "OTHER:77"}, [], [], []),
    "all at once, each object once": (
        {"email": ADA, "phone": PHONE, "service_id": "2317", "external_id": "LOS:A-1"},
        ["2317", "2318", "2319", "2320"], ["59"], ["1", "2", "4"],
    ),
    "nothing": ({"email": "nobody@example.com"}, [], [], []),
}  # fmt: skip


@pytest.mark.parametrize("coverage", ["exhaustive", "quick"])
@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.replace(" ", "-"))
def test_hook_fetch_finds_exactly_the_subjects_objects(
    host: Host, connection: dict[str, Any], filled: Vendor, case: str, coverage: str
) -> None:
    identifiers, contacts, users, responses = FOUND[case]
    answer = host.fetch(connection, [subject(**identifiers)], {"coverage": coverage})
    assert set(ids_of(answer, "user")) <= set(users)
    assert set(ids_of(answer, "contact")) <= set(contacts)
    if coverage == "exhaustive":
        assert ids_of(answer, "contact") == contacts
        assert ids_of(answer, "user") == users
        told = [f"{int(each):016x}" for each in responses]
        assert ids_of(answer, "contact_survey_response") == told
        looked = {"email", "service_id"} & set(identifiers)  # what the manifest maps to users
        complete = [entry["complete"] for entry in answer["coverage"]]
        assert complete == [True, bool(looked), True]
    else:  # what quick coverage did not look at, it says
        for name, wanted in (("contact", contacts), ("user", users)):
            entry = coverage_of(answer, name)
            assert ids_of(answer, name) == wanted or not entry["complete"]


def test_a_quick_search_finds_what_has_a_filter(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    assert ids_of(answer, "contact") == ["2317"]
    assert ids_of(answer, "user") == ["59"]
    entry = coverage_of(answer, "contact")
    assert entry["method"] == "lookup"
    assert entry["complete"] is False
    assert entry["fields"] == {"email": ["email"]}
    assert "email_work" in entry["reason"]
    assert entry["requests"] < 10


def test_a_record_has_the_contracts_shape_to_the_letter(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA)])
    assert set(answer) == {"records", "coverage", "problems", "near_misses"}
    (record,) = [one for one in answer["records"] if one["id"] == "2317"]
    data = _row(filled, "contacts", "2317")
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert record == {
        "subject": "req-1",
        "object_type": "contact",
        "id": "2317",
        "data": data,
        "digest": hashlib.sha256(canonical.encode("utf-8")).hexdigest(),
        "matched_by": [{"identifier": "email", "field": "email"}],
        "strength": "strong",
        "deletable": True,
        "schema_issues": [],
    }
    assert record["data"]["surprise"] == {"kept": [1, None, "é\u2028"]}


def test_every_records_data_is_what_was_sent_and_its_digest_is_of_that(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA, phone=PHONE)])
    tables = {"contact": "contacts", "user": "users"}
    tables["contact_survey_response"] = "contact-survey-responses"
    assert len(answer["records"]) == 7
    for record in answer["records"]:
        data = _row(filled, tables[record["object_type"]], record["id"])
        assert record["data"] == data
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert record["digest"] == hashlib.sha256(text.encode("utf-8")).hexdigest()
        assert isinstance(record["id"], str)


def test_an_answer_is_json(host: Host, connection: dict[str, Any], filled: Vendor) -> None:
    for answer in (
        host.fetch(connection, [subject(email=ADA)]),
        host.fetch(connection, [subject(email=ADA)], {"plan_only": True}),
        host.validate(connection),
        host.discover(connection),
        host.delete(connection, "contact", 2317, subject(email=ADA)),
    ):
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer


@pytest.mark.parametrize("nested", ["number", "text"])
def test_a_survey_response_is_matched_by_its_contact_and_is_as_strong(
    host: Host, connection: dict[str, Any], filled: Vendor, nested: Any
) -> None:
    filled.nested_ids = nested
    filled.tables["contacts"][2]["email"] = "somebody.else@example.org"
    answer = host.fetch(connection, [subject(email=ADA, phone=PHONE)])
    answers = {
        record["data"]["contact"]["id"]: record
        for record in answer["records"]
        if record["object_type"] == "contact_survey_response"
    }
    as_sent: Callable[[int], Any] = str if nested == "text" else int
    for key, strength in ((2317, "strong"), (2319, "weak")):
        record = answers[as_sent(key)]
        assert record["strength"] == strength
        assert record["deletable"] is False
        assert record["matched_by"] == [
            {"identifier": "contact", "field": "contact.id", "id": str(key)}
        ]


def test_an_object_found_by_several_identifiers_is_one_record(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.tables["contacts"] = [
        v.contact(7, email=ADA, email_work=ADA, phone_cell=PHONE, source="LOS", external_id="7")
    ]
    asked = subject(email=ADA, phone=PHONE, service_id="7", external_id=["LOS:7", "7"])
    (record,) = host.fetch(connection, [asked])["records"]
    assert sorted((why["identifier"], why["field"]) for why in record["matched_by"]) == [
        ("email", "email"),
        ("email", "email_work"),
        ("external_id", "external_id"),
        ("phone", "phone_cell"),
        ("service_id", "id"),
    ]
    assert record["strength"] == "strong"


WEAK: dict[str, tuple[list[dict[str, Any]], dict[str, str], str]] = {
    "by phone alone": ([{"phone_cell": PHONE}], {"phone": PHONE}, "weak"),
    "by phone alone, with a stranger's e-mail": (
        [{"phone_cell": PHONE, "email": "x@example.org"}], {"phone": PHONE}, "weak",
    ),
    "by phone alone, shared with another record": (
        [{"phone_cell": PHONE}, {"phone_home": PHONE}], {"phone": PHONE}, "weak",
    ),
    "by a number with an extension": (
        [{"phone_cell": f"{PHONE} ext 5"}], {"phone": PHONE}, "weak",
    ),
    "by a lender's id without its source": (
        [{"source": "LOS", "external_id": "9"}], {"external_id": "9"}, "weak",
    ),
    "by a lender's id with its source": (
        [{"source": "LOS", "external_id": "9"}], {"external_id": "LOS:9"}, "strong",
    ),
    "by phone and e-mail": (
        [{"phone_cell": PHONE, "email": ADA}], {"phone": PHONE, "email": ADA}, "strong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WEAK, ids=lambda case: case.replace(" ", "-"))
def test_a_match_is_as_strong_as_the_contract_says(
    host: Host, connection: dict[str, Any], vendor: Vendor, case: str
) -> None:
    rows, identifiers, strength = WEAK[case]
    vendor.tables["contacts"] = [v.contact(10 + at, **row) for at, row in enumerate(rows)]
    answer = host.fetch(connection, [subject(**identifiers)], {"object_types": ["contact"]})
    assert [record["strength"] for record in answer["records"]] == [strength] * len(rows)


def test_a_phone_that_is_possible_but_not_valid_is_accepted_and_never_matches(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.tables["contacts"] = [v.contact(1, phone_cell="555-1234")]
    answer = host.fetch(connection, [subject(phone="555-1234")], {"object_types": ["contact"]})
    assert answer["records"] == []
    assert coverage_of(answer, "contact")["complete"] is True


def test_what_is_close_but_not_equal_is_a_near_miss_and_no_record(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    filled.insert("contacts", v.contact(900_000, email="ada.lovelace+x@example.com"))
    answer = host.fetch(connection, [subject(email=ADA)])
    assert "900000" not in ids_of(answer, "contact")
    (miss,) = answer["near_misses"]
    assert set(miss) == {"subject", "object_type", "id", "why"}
    assert (miss["subject"], miss["object_type"], miss["id"]) == ("req-1", "contact", "900000")
    assert miss["why"]
    receipt = host.delete(connection, "contact", "900000", subject(email=ADA))
    assert receipt["status"] == "refused"
    assert filled.count("DELETE") == 0


def test_several_subjects_are_answered_in_one_pass(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    alone = host.fetch(connection, [subject(email=ADA)])
    mark = len(filled.log)
    asked = [
        subject("a", email=ADA),
        subject("b", phone=PHONE),
        subject("c", email="nobody@example.com"),
    ]
    answer = host.fetch(connection, asked)
    assert len(filled.log) - mark <= mark
    assert {record["subject"] for record in answer["records"]} == {"a", "b"}
    assert coverage_of(answer, "contact")["seen"] == coverage_of(alone, "contact")["seen"] == 235


def test_coverage_has_the_contracts_shape_and_counts(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA, phone=PHONE)])
    assert [entry["object_type"] for entry in answer["coverage"]] == TYPES
    for entry in answer["coverage"]:
        assert set(entry) == {
            "object_type", "method", "requests", "seen", "complete", "fields", "reason",
        }  # fmt: skip
        assert entry["method"] == "scan"
        assert entry["complete"] is True
        assert "archived" in entry["reason"]
    assert [entry["seen"] for entry in answer["coverage"]] == [235, 3, 4]
    assert [entry["fields"] for entry in answer["coverage"]] == [
        {"email": ["email", "email_work"], "phone": ["phone_cell", "phone_home", "phone_office"]},
        {"email": ["email"]},
        {"contact": ["contact.id"]},
    ]
    sent = [filled.count("GET", path) for path in ("/contacts", "/users", "/contact-survey-.*")]
    assert [entry["requests"] for entry in answer["coverage"]] == sent
    assert filled.token_requests == 1


def test_only_the_object_types_asked_for_are_answered(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(email=ADA)], {"object_types": ["user"]})
    assert [entry["object_type"] for entry in answer["coverage"]] == ["user"]
    assert {record["object_type"] for record in answer["records"]} == {"user"}
    assert filled.count("GET", "/contacts.*") == 0


def test_a_child_type_asked_for_alone_is_found_through_its_parent(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    wanted = {"object_types": ["contact_survey_response"]}
    answer = host.fetch(connection, [subject(email=ADA)], wanted)
    assert len(answer["records"]) == 2
    assert [entry["object_type"] for entry in answer["coverage"]] == ["contact_survey_response"]


def test_service_ids_alone_are_read_one_by_one_and_that_is_complete(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(
        connection, [subject(service_id=["2317", "99999"])], {"object_types": ["contact"]}
    )
    entry = coverage_of(answer, "contact")
    assert (entry["method"], entry["complete"], entry["seen"]) == ("lookup", True, 1)
    assert ids_of(answer, "contact") == ["2317"]
    assert filled.count("GET", "/contacts") == 1  # to take another contact for the proof


def test_an_absence_by_id_is_not_complete_where_no_object_could_be_read_by_id(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    filled.always("GET", "/contacts/.*", v.Status(404, {"message": "no"}))
    answer = host.fetch(connection, [subject(service_id="2317")], {"object_types": ["contact"]})
    assert coverage_of(answer, "contact")["complete"] is False
    assert [each["code"] for each in answer["problems"]] == ["absence_unproven"]


def test_what_no_given_identifier_is_mapped_to_is_skipped_and_said(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.fetch(connection, [subject(phone=PHONE)])
    entry = coverage_of(answer, "user")
    assert (entry["method"], entry["complete"], entry["requests"]) == ("skipped", False, 0)
    assert entry["reason"]


def test_the_vendors_filter_decides_nothing(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    for name in filled.filters["contacts"]:
        filled.filters["contacts"][name] = v.ignored
    for name in filled.filters["users"]:
        filled.filters["users"][name] = lambda _value, row: row["id"] == 60
    answer = host.fetch(connection, [subject(email=ADA)], {"coverage": "quick"})
    assert set(ids_of(answer, "contact")) <= {"2317", "2318"}
    assert ids_of(answer, "user") == []
    for name in ("contact", "user"):
        assert coverage_of(answer, name)["complete"] is False
        assert coverage_of(answer, name)["fields"] == {}


def test_check_only_checks_the_call_and_sends_nothing(
    host: Host, connection: dict[str, Any], filled: Vendor, tmp_path: Any
) -> None:
    """It needs no credentials and makes no state directory."""
    del connection["credentials"]
    answer = host.fetch(connection, [subject(email=ADA)], {"check_only": True})
    assert answer == {"plan": []}
    with pytest.raises(errors.SubjectError):
        host.fetch(connection, [subject(email="none")], {"check_only": True})
    with pytest.raises(errors.OptionError):
        host.fetch(connection, [subject(email=ADA)], {"check_only": True, "coverage": "slow"})
    assert filled.log == []
    assert filled.token_requests == 0


def test_plan_only_says_what_would_be_done(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    plan = host.fetch(connection, [subject(email=ADA)], {"plan_only": True})
    assert set(plan) == {"plan"}
    assert [step["object_type"] for step in plan["plan"]] == TYPES
    for step in plan["plan"]:
        assert set(step) == {"object_type", "method", "requests", "seconds"}
        assert step["method"] == "scan"
    before = len(filled.log)
    answer = host.fetch(connection, [subject(email=ADA)])
    planned = sum(step["requests"] for step in plan["plan"])
    assert abs(planned - (len(filled.log) - before)) <= 3
    assert len(answer["records"]) == 5


def test_plan_only_of_a_quick_search_and_of_what_is_skipped(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    options = {"plan_only": True, "coverage": "quick"}
    plan = host.fetch(connection, [subject(phone=PHONE)], options)["plan"]
    assert [step["method"] for step in plan] == ["lookup", "skipped", "lookup"]
    assert plan[1] == {"object_type": "user", "method": "skipped", "requests": 0, "seconds": 0.0}
    plan = host.fetch(connection, [subject(service_id="1")], {"plan_only": True})["plan"]
    assert [(step["method"], step["requests"]) for step in plan[:2]] == [("lookup", 1)] * 2


@pytest.mark.parametrize(
    "answer", [v.Status(422, {"error": "Page requested is outside of result set"}), v.Html(200)]
)
def test_plan_only_knows_no_number_where_the_list_does_not_give_one(
    host: Host,
    connection: dict[str, Any],
    filled: Vendor,
    edited: Edit,
    impatient: None,
    answer: v.Fault,
) -> None:
    connection["manifest"] = edited({"limits.retry_for": 1})
    filled.always("GET", "/contacts", answer)
    options = {"plan_only": True, "object_types": ["contact"]}
    (step,) = host.fetch(connection, [subject(email=ADA)], options)["plan"]
    assert step["method"] == "scan"
    assert step["requests"] == (1 if isinstance(answer, v.Status) else None)
    assert (step["seconds"] is None) == (step["requests"] is None)


def test_options_may_be_none_or_an_empty_mapping(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    asked = [subject(email=ADA)]
    assert host.fetch(connection, asked, None) == host.fetch(connection, asked, {})


def test_progress_gets_mappings_in_the_calling_thread(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    import threading

    told: list[Any] = []
    here: set[int] = set()

    def progress(event: Any) -> None:
        told.append(dict(event))
        here.add(threading.get_ident())

    filled.latency = 0.02
    host.fetch(connection, [subject(email=ADA)], {"progress": progress})
    assert here == {threading.get_ident()}
    assert [each["object_type"] for each in told if each["event"] == "object_type"] == TYPES
    pages = [each for each in told if each["event"] == "pages"]
    assert {each["object_type"] for each in pages} == set(TYPES)
    assert max(each["read"] for each in pages if each["object_type"] == "contact") >= 3
    assert ADA not in json.dumps(told)


class _Enough(Exception):
    """What a host raises in its progress callable."""


@pytest.mark.slow
@pytest.mark.parametrize("latency", [0.0, 0.03])
@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_exception_in_progress_stops_the_run_and_leaves_nothing(
    host: Host,
    connection: dict[str, Any],
    filled: Vendor,
    threads: Callable[[], list[Any]],
    latency: float,
    after: int,
) -> None:
    filled.tables["contacts"] += v.many(2000, start=200_000)
    filled.latency = latency
    count = 0

    def progress(_event: Any) -> None:
        nonlocal count
        count += 1
        if count >= after:
            raise _Enough

    with pytest.raises(_Enough):
        host.fetch(connection, [subject(email=ADA)], {"progress": progress})
    assert threads() == []
    requests = len(filled.log)
    assert count == after
    filled.latency = 0.0
    assert len(host.fetch(connection, [subject(email=ADA)])["records"]) == 5  # and works again
    assert filled.token_requests == 1
    assert requests < 24


def test_no_thread_is_left_behind_by_any_hook(
    host: Host, connection: dict[str, Any], filled: Vendor, threads: Callable[[], list[Any]]
) -> None:
    filled.latency = 0.01
    host.validate(connection)
    host.fetch(connection, [subject(email=ADA)])
    host.delete(connection, "contact", "2317", subject(email=ADA))
    with pytest.raises(errors.Unreachable):
        host.fetch({**connection, "base_url": f"http://127.0.0.1:{_closed_port()}/v1"},
                   [subject(email=ADA)])  # fmt: skip
    assert threads() == []


# The vendor's manners.

MANNERS: dict[str, dict[str, Any]] = {
    "objects": {"envelope": "objects"},
    "next null": {"next_style": "null"},
    "next absent": {"next_style": "absent"},
    "last absent": {"last_style": "absent"},
    "last as text": {"last_style": "text"},
    "last absent and next null": {"last_style": "absent", "next_style": "null"},
    "last absent and next absent": {"last_style": "absent", "next_style": "absent"},
    "nested ids as text": {"nested_ids": "text"},
    "422 for an empty list": {"empty_list": "422"},
    "nothing sorted": {"sortable": set()},
    "everything sorted": {"sortable": {"contacts", "users", "contact-survey-responses"}},
    "smaller pages than asked for": {"page_cap": 40},
    "one on a page": {"page_cap": 7},
}


@pytest.mark.slow
@pytest.mark.parametrize("manner", MANNERS, ids=lambda case: case.replace(" ", "-"))
def test_every_manner_of_listing_gives_the_same_records(
    host: Host, connection: dict[str, Any], filled: Vendor, manner: str
) -> None:
    for name, value in MANNERS[manner].items():
        setattr(filled, name, value)
    answer = host.fetch(connection, [subject(email=ADA, phone=PHONE)])
    assert ids_of(answer, "contact") == ["2317", "2318", "2319"]
    assert ids_of(answer, "user") == ["59"]
    assert len(ids_of(answer, "contact_survey_response")) == 3
    assert [entry["complete"] for entry in answer["coverage"]] == [True] * 3
    assert [entry["seen"] for entry in answer["coverage"]] == [235, 3, 4]


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("style", ["200", "422"])
@pytest.mark.parametrize("last_style", ["normal", "absent"])
def test_an_empty_list_is_a_complete_answer_that_nothing_is_held(
    host: Host, connection: dict[str, Any], vendor: Vendor, style: Any, last: int, last_style: Any
) -> None:
    vendor.empty_list, vendor.empty_last, vendor.last_style = style, last, last_style
    answer = host.fetch(connection, [subject(email=ADA)])
    assert answer["records"] == answer["problems"] == answer["near_misses"] == []
    assert [(entry["complete"], entry["seen"]) for entry in answer["coverage"]] == [(True, 0)] * 3
    assert host.validate(connection)["ok"] is True


# What does not work.


def test_hook_validate_connection_checks_credentials_scopes_and_each_object_type(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    answer = host.validate(connection)
    assert set(answer) == {"ok", "checks"}
    assert answer["ok"] is True
    assert [check["name"] for check in answer["checks"]] == ["credentials", "scopes", *TYPES]
    for check in answer["checks"]:
        assert set(check) == {"name", "ok", "code", "detail"}
        assert (check["ok"], check["code"]) == (True, None)
        assert check["detail"]
    assert filled.token_requests == 1
    assert len(filled.log) == 4


def test_validate_reads_no_object_type_that_is_turned_off(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit
) -> None:
    connection["manifest"] = edited({"objects.user.access": False})
    answer = host.validate(connection)
    assert answer["ok"] is True
    assert "user" not in {check["name"] for check in answer["checks"]}
    assert filled.count("GET", "/users") == 0
    assert host.discover(connection)["object_types"][1]["access"] is False


def test_a_wrong_secret_is_an_answer_of_validate_and_an_error_elsewhere(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    wrong = "s3cr3t-that-is-wrong"
    connection["credentials"]["client_secret"] = wrong
    answer = host.validate(connection)
    assert answer["ok"] is False
    checks = {check["name"]: check for check in answer["checks"]}
    assert list(checks) == ["credentials", "scopes", *TYPES]
    assert not any(check["ok"] for check in answer["checks"])
    assert "client id and secret" in checks["credentials"]["detail"]
    assert checks["credentials"]["code"] == "credentials_refused"
    assert wrong not in json.dumps(answer)
    for call in (
        lambda: host.fetch(connection, [subject(email=ADA)]),
        lambda: host.delete(connection, "contact", "2317", subject(email=ADA)),
    ):
        connection["state_dir"] += "x"  # each with a token budget of its own
        with pytest.raises(errors.CredentialsRefused) as refused:
            call()
        assert wrong not in str(refused.value)
    assert filled.count("DELETE") == 0


def test_missing_credentials_are_an_answer_of_validate_and_an_error_elsewhere(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    del connection["credentials"]
    answer = host.validate(connection)
    assert answer["ok"] is False
    assert answer["checks"][0]["name"] == "credentials"
    assert "te-connector login" in answer["checks"][0]["detail"]
    with pytest.raises(errors.CredentialsMissing):
        host.fetch(connection, [subject(email=ADA)])
    assert filled.log == []


LACKING = {
    "/contacts": ("leadSurveyInteraction getUsers", "contact"),
    "/users": ("leadInteraction leadSurveyInteraction", "user"),
    "/contact-survey-responses": ("leadInteraction getUsers", "contact_survey_response"),
}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", list(LACKING))
def test_a_missing_scope_is_reported_for_its_type_and_the_others_go_on(
    host: Host, connection: dict[str, Any], filled: Vendor, path: str, status: int
) -> None:
    filled.granted_scopes, lacking = LACKING[path]
    filled.scope_status = status
    validated = host.validate(connection)
    assert validated["ok"] is False
    checks = {check["name"]: check for check in validated["checks"]}
    assert [name for name, check in checks.items() if not check["ok"]] == ["scopes", lacking]
    assert checks[lacking]["code"] == checks["scopes"]["code"] == "scope_missing"
    answer = host.fetch(connection, [subject(email=ADA)])
    assert filled.token_requests == 1  # none was spent on insufficient_scope
    told = {entry["object_type"]: entry["complete"] for entry in answer["coverage"]}
    assert told[lacking] is False
    assert [each["code"] for each in answer["problems"] if each["object_type"] == lacking] == [
        "scope_missing"
    ]
    if lacking == "contact":  # whose children cannot be known then
        assert told == {"contact": False, "user": True, "contact_survey_response": False}
        assert ids_of(answer, "user") == ["59"]
    else:
        assert [name for name, complete in told.items() if not complete] == [lacking]
        assert ids_of(answer, "contact") == ["2317", "2318"]


@pytest.mark.parametrize("body", [{"error": "forbidden"}, [], "<html>no</html>"])
def test_403_for_another_reason_is_that_types_problem(
    host: Host, connection: dict[str, Any], filled: Vendor, body: Any
) -> None:
    filled.always("GET", "/users", v.Status(403, body))
    answer = host.fetch(connection, [subject(email=ADA)])
    assert [(each["code"], each["object_type"]) for each in answer["problems"]] == [
        ("forbidden", "user")
    ]
    assert ids_of(answer, "contact") == ["2317", "2318"]
    assert filled.token_requests == 1


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.timeout(10)
@pytest.mark.parametrize("hook", ["validate_connection", "fetch", "delete_object"])
@pytest.mark.parametrize("where", ["refused", "unknown"])
def test_an_unreachable_host_is_reported_at_once(
    host: Host, connection: dict[str, Any], where: str, hook: str, threads: Callable[[], list[Any]]
) -> None:
    connection["base_url"] = (
        "https://nobody.invalid/v1" if where == "unknown" else f"http://127.0.0.1:{_closed_port()}"
    )
    if hook == "validate_connection":
        answer = host.validate(connection)
        assert answer["ok"] is False
        assert answer["checks"][0]["name"] == "credentials"
        assert answer["checks"][0]["code"] == "unreachable"
        return
    with pytest.raises(errors.Unreachable) as caught:
        if hook == "fetch":
            host.fetch(connection, [subject(email=ADA)])
        else:
            host.delete(connection, "contact", "1", subject(email=ADA))
    assert caught.value.code == "unreachable"
    assert "base URL" in str(caught.value)


@pytest.mark.parametrize("hook", ["validate_connection", "fetch"])
def test_a_base_url_without_its_version_is_reported_as_such(
    host: Host, connection: dict[str, Any], filled: Vendor, hook: str
) -> None:
    connection["base_url"] = connection["base_url"].removesuffix("/v1")
    if hook == "validate_connection":
        answer = host.validate(connection)
        assert answer["ok"] is False
        told = answer["checks"][0]["detail"]
    else:
        with pytest.raises(errors.SignInError) as caught:
            host.fetch(connection, [subject(email=ADA)])
        told = str(caught.value)
    assert "404" in told
    assert "/v1" in told


def test_one_types_failure_is_its_own(
    host: Host, connection: dict[str, Any], filled: Vendor, edited: Edit, impatient: None
) -> None:
    connection["manifest"] = edited({"limits.retry_for": 0.2})
    filled.always("GET", "/users", v.Status(503))
    answer = host.fetch(connection, [subject(email=ADA)])
    assert [entry["complete"] for entry in answer["coverage"]] == [True, False, True]
    (problem,) = answer["problems"]
    assert set(problem) == {"code", "object_type", "subject", "id", "detail"}
    assert (problem["code"], problem["object_type"], problem["subject"]) == (
        "gave_up", "user", None,
    )  # fmt: skip
    assert "503" in problem["detail"]
    assert coverage_of(answer, "user")["reason"] == problem["detail"]


# Wrong calls.

_VALUE = "very-private"
WRONG_FETCH: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    # subjects, options, what the message names
    "an unknown option": ([subject(email=ADA)], {"colour": _VALUE}, ("coverage",)),
    "options that are a list": ([subject(email=ADA)], ["quick"], ("mapping",)),
    "options that are a text": ([subject(email=ADA)], "quick", ("mapping",)),
    "no object types": ([subject(email=ADA)], {"object_types": []}, ("object_types",)),
    "object types as text": ([subject(email=ADA)], {"object_types": "user"}, ("object_types",)),
    "an unknown object type": (
        [subject(email=ADA)], {"object_types": ["pipeline"]}, ("contact", "user"),
    ),
    "an object type of another kind": ([subject(email=ADA)], {"object_types": [["user"]]}, ()),
    "an unknown coverage": ([subject(email=ADA)], {"coverage": "fast"}, ("exhaustive", "quick")),
    "a progress that cannot be called": ([subject(email=ADA)], {"progress": 5}, ("progress",)),
    "a plan_only that is no truth value": ([subject(email=ADA)], {"plan_only": 1}, ("plan_only",)),
    "a check_only that is no truth value": ([subject(email=ADA)], {"check_only": 1}, ("check_only",)),
    "an independent that is no truth value": (
        [subject(email=ADA)], {"independent": "no"}, ("independent",),
    ),
    "no subjects": ([], None, ("subject",)),
    "subjects that are None": (None, None, ("subjects",)),
    "subjects that are a subject": (subject(email=ADA), None, ("subjects",)),
    "subjects that are a text": ("req-1", None, ("subjects",)),
    "a subject that is a text": (["req-1"], None, ("1",)),
    "a subject with a further key": ([{**subject(email=ADA), "x": 1}], None, ("id",)),
    "a subject without id": ([{"identifiers": {"email": [ADA]}}], None, ("id",)),
    "a subject with a number for an id": ([{**subject(email=ADA), "id": 1}], None, ("id",)),
    "a subject with a blank id": ([subject("  ", email=ADA)], None, ("id",)),
    "a subject with an endless id": ([subject("x" * 201, email=ADA)], None, ("id",)),
    "identifiers that are a list": ([{"id": "s-9", "identifiers": [ADA]}], None, ("s-9",)),
    "an empty subject": ([subject("s-9")], None, ("s-9",)),
    "a subject of empty lists": ([subject("s-9", email=[])], None, ("s-9",)),
    "an unknown kind": ([subject("s-9", passport=_VALUE)], None, ("s-9", "service_id")),
    "two subjects with one id": (
        [subject("s-9", email=ADA), subject("s-9", email="b@example.com")], None, ("s-9",),
    ),
    "a value that is no list": (
        [{"id": "s-9", "identifiers": {"email": _VALUE}}], None, ("s-9", "email"),
    ),
    "a value that is None": (
        [{"id": "s-9", "identifiers": {"email": None}}], None, ("s-9", "email"),
    ),
    "an unreadable e-mail": ([subject("s-9", email=_VALUE)], None, ("s-9", "email")),
    "an e-mail that is a number": ([subject("s-9", email=[5])], None, ("s-9", "email")),
    "a blank e-mail among good ones": ([subject("s-9", email=[ADA, " "])], None, ("s-9", "email")),
    "an unreadable phone": ([subject("s-9", phone=_VALUE)], None, ("s-9", "phone")),
    "a phone of two digits": ([subject("s-9", phone="12")], None, ("s-9", "phone")),
    "a blank service id": ([subject("s-9", service_id=" ")], None, ("s-9", "service_id")),
    "a service id with a line break": (
        [subject("s-9", service_id=f"{_VALUE}\n1")], None, ("s-9", "service_id"),
    ),
    "a service id that is a truth value": (
        [subject("s-9", service_id=[True])], None, ("s-9", "service_id"),
    ),
    "a blank external id": ([subject("s-9", external_id="")], None, ("s-9", "external_id")),
    "an endless external id": (
        [subject("s-9", external_id=_VALUE * 100)], None, ("s-9", "external_id"),
    ),
    "one bad subject among good ones": (
        [subject("s-8", email=ADA), subject("s-9", email=_VALUE)], None, ("s-9", "email"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_FETCH, ids=lambda case: case.replace(" ", "-"))
def test_a_wrong_call_of_fetch_is_an_error_before_any_request(
    host: Host, connection: dict[str, Any], vendor: Vendor, case: str
) -> None:
    subjects, options, named = WRONG_FETCH[case]
    with pytest.raises(errors.UsageError) as caught:
        host.fetch(connection, subjects, options)
    assert vendor.log == []
    assert caught.value.code in {"subject_unreadable", "option_unknown"}
    for word in named:
        assert word in str(caught.value)
    assert _VALUE not in str(caught.value)
    assert ADA not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


WRONG_DELETE: dict[str, tuple[Any, Any, Any, Any]] = {
    "an unknown object type": ("pipeline", "1", subject(email=ADA), None),
    "an object type that is turned off": ("loan", "1", subject(email=ADA), None),
    "an object type of another kind": (["contact"], "1", subject(email=ADA), None),
    "no id": ("contact", None, subject(email=ADA), None),
    "an id that is a fraction": ("contact", 1.5, subject(email=ADA), None),
    "an unknown option": ("contact", "1", subject(email=ADA), {"force": True}),
    "a hold that is no text": ("contact", "1", subject(email=ADA), {"hold": True}),
    "a progress that cannot be called": ("contact", "1", subject(email=ADA), {"progress": "x"}),
    "a list of subjects": ("contact", "1", [subject(email=ADA)], None),
    "an empty subject": ("contact", "1", subject("s-9"), None),
    "an unreadable value": ("contact", "1", subject("s-9", email=_VALUE), None),
}


@pytest.mark.parametrize("case", WRONG_DELETE, ids=lambda case: case.replace(" ", "-"))
def test_a_wrong_call_of_delete_is_an_error_before_any_request(
    host: Host, connection: dict[str, Any], vendor: Vendor, case: str
) -> None:
    object_type, object_id, asked, options = WRONG_DELETE[case]
    with pytest.raises(errors.UsageError) as caught:
        host.delete(connection, object_type, object_id, asked, options)
    assert vendor.log == []
    assert _VALUE not in str(caught.value)


# discover


def test_hook_discover_needs_no_network_no_credentials_and_no_state_dir(
    host: Host, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    before = sorted(tmp_path.rglob("*"))
    answer = host.discover({"connector": CONNECTOR})
    assert sorted(tmp_path.rglob("*")) == before
    assert set(answer) == {
        "contract", "connector", "api_version", "object_types", "not_searched",
    }  # fmt: skip
    assert answer["contract"] == "2"
    assert [item["parent"] for item in answer["object_types"]][:3] == [None, None, "contact"]
    assert (answer["connector"], answer["api_version"]) == (CONNECTOR, "v1")
    for item in answer["object_types"]:
        assert set(item) == {
            "name", "title", "path", "schema", "identifiers", "parent", "scopes", "access", "deletable",
        }  # fmt: skip
        assert item["schema"]["$schema"].endswith("2020-12/schema")
    told = {item["name"]: item for item in answer["object_types"]}
    assert [name for name, item in told.items() if item["access"]] == TYPES
    assert told["contact"]["identifiers"] == {
        "email": ["email", "email_work"],
        "phone": ["phone_cell", "phone_home", "phone_office"],
        "service_id": ["id"],
        "external_id": ["external_id", "external_ids[].external_id"],
    }
    assert told["contact"]["scopes"] == ["leadInteraction"]
    assert [item["deletable"] for item in answer["object_types"]][:3] == [True, False, False]
    assert [item["access"] for item in answer["object_types"]][:4] == [True, True, True, False]
    for item in answer["not_searched"]:
        assert set(item) == {"what", "why"}
    told_of = " ".join(item["what"].lower() for item in answer["not_searched"])
    for word in ("notes", "activity", "insights", "loans", "accounts", "opportunities",
                 "unsubscribes", "archived"):  # fmt: skip
        assert word in told_of


# delete_object


def test_hook_delete_object_deletes_and_proves_it(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    asked = subject(email=ADA)
    records = host.fetch(connection, [asked])["records"]
    (record,) = [each for each in records if each["id"] == "2317"]
    receipt = host.delete(
        connection, "contact", 2317, asked, {"reviewed": record["digest"], "actor": "officer"}
    )
    assert set(receipt) == {
        "receipt_id", "object_type", "id", "subject", "status", "verified", "at", "reason", "audit",
    }  # fmt: skip
    assert (receipt["object_type"], receipt["id"], receipt["subject"]) == (
        "contact", "2317", "req-1",
    )  # fmt: skip
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", receipt["at"])
    assert set(receipt["audit"]) == {"seq", "mac"}
    assert filled.deleted == [("contacts", 2317)]
    again = host.delete(connection, "contact", "2317", asked)
    assert again["verified"] is True
    assert again["receipt_id"] != receipt["receipt_id"]
    assert filled.count("DELETE") == 1


def test_what_the_subject_does_not_match_is_refused_and_nothing_is_sent_that_could_delete(
    host: Host, connection: dict[str, Any], filled: Vendor
) -> None:
    for object_id, options in (
        ("100000", None),  # a stranger's
        ("2317", {"reviewed": "0" * 64}),
        ("2317", {"hold": "litigation"}),
        ("../users/59", None),
    ):
        receipt = host.delete(connection, "contact", object_id, subject(email=ADA), options)
        assert (receipt["status"], receipt["verified"]) == ("refused", False)
        assert receipt["reason"]
    assert filled.count("DELETE") == 0


@pytest.mark.parametrize(
    ("object_type", "object_id"),
    [("user", "59"), ("contact_survey_response", "0000000000000001")],
)
def test_what_the_api_cannot_delete_is_not_deletable_and_the_reason_says_what_to_do(
    host: Host, connection: dict[str, Any], filled: Vendor, object_type: str, object_id: str
) -> None:
    receipt = host.delete(connection, object_type, object_id, subject(email=ADA))
    assert receipt["status"] == "not_deletable"
    assert "still there" in receipt["reason"]
    assert "Total Expert" in receipt["reason"]
    assert filled.count("DELETE") == 0
