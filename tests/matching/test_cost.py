"""What it costs if thousands of records or subjects share one number: counted in calls, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from te_connector.manifest import loading as manifest
from te_connector.matching import subjects
from te_connector.matching.matcher import Matcher
from te_connector.search.classification import classify_records

PACKAGED = manifest.load()
NUMBER = "612-555-0142"
MOST_GROWTH = 2.3
"""Twice the work may cost a little more than twice the calls, and never four times."""


def calls_of(work: Callable[[], Any]) -> int:
    """How many calls of functions, generators and builtins the work makes."""
    count = 0

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def people(count: int, kind: str, value: str) -> list[dict[str, Any]]:
    return [{"id": f"req-{number}", "identifiers": {kind: [value]}} for number in range(count)]


def contacts(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("contact", str(number), {"id": number, "email": "", "phone_home": NUMBER, "source": "LOS",
                                  "external_id": "A"})
        for number in range(1, count + 1)
    ]  # fmt: skip


def classified(subject_count: int, record_count: int, kind: str, value: str) -> int:
    read = subjects.read(people(subject_count, kind, value), PACKAGED)
    records = contacts(record_count)
    found = classify_records(PACKAGED, read, records)
    assert len(found.records) == subject_count * record_count
    return calls_of(lambda: classify_records(PACKAGED, read, records))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value"), [("phone", NUMBER), ("external_id", "LOS:A"), ("external_id", "A")]
)
def test_many_records_that_share_a_value_cost_linear_time(kind: str, value: str) -> None:
    """Twenty thousand contacts of one household number are an ordinary day's work."""
    assert classified(1, 800, kind, value) < MOST_GROWTH * classified(1, 400, kind, value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value"),
    [("phone", NUMBER), ("external_id", "LOS:A"), ("service_id", "1"), ("service_id", "contact:1")],
)
def test_many_subjects_that_share_a_record_cost_linear_time(kind: str, value: str) -> None:
    """Each subject more costs the same, and the record itself is read once."""
    assert classified(800, 1, kind, value) < MOST_GROWTH * classified(400, 1, kind, value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", NUMBER),
        ("email", "ada@example.com"),
        ("external_id", "LOS:A"),
        ("service_id", "7"),
    ],
)
def test_reading_and_indexing_many_equal_subjects_costs_linear_time(kind: str, value: str) -> None:
    """A file of fifty thousand requests may name one person again and again."""

    def index(count: int) -> int:
        given = people(count, kind, value)
        return calls_of(
            lambda: Matcher(
                PACKAGED.objects["contact"], PACKAGED.kinds, subjects.read(given, PACKAGED)
            )
        )

    index(1)
    assert index(800) < MOST_GROWTH * index(400)


def test_a_strangers_record_costs_the_same_with_one_subject_and_with_a_thousand() -> None:
    """So one pass answers everybody."""
    record = {"id": 9_000_001, "email": "bob@example.com", "email_work": "b.b@example.org",
              "phone_cell": "(763) 555-0199", "external_id": "Z-1", "source": "LOS",
              "external_ids": [{"source": "LOS", "external_id": "Z-1"}]}  # fmt: skip

    def cost(count: int) -> int:
        given = [
            {"id": f"r{n}", "identifiers": {"email": [f"s{n}@example.net"], "phone": [f"651 556 {n:04}"],
                                            "external_id": [f"LOS:S-{n}"], "service_id": [str(n + 1)]}}
            for n in range(count)
        ]  # fmt: skip
        made = Matcher(PACKAGED.objects["contact"], PACKAGED.kinds, subjects.read(given, PACKAGED))
        made.match(record)
        return calls_of(lambda: made.match(record))

    assert cost(1000) <= cost(1) + 5
