"""Each row of the table in docs/coverage.md about objects is as it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import vendor as v
from conftest import ROOT, Edit, Host, coverage_of, subject
from vendor import Vendor

from te_connector.manifest.model import Limit
from te_connector.search.scan import seconds_left

ADA = "ada@example.com"
DOC = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
TABLE = DOC.partition("### What the objects show")[2].partition("\n### ")[0]
ROWS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| (.*?) \| (yes|no) \| (?:`(\w+)` )?\|$", TABLE, re.MULTILINE)
}


def lacking(count: int) -> list[Any]:
    """So many contacts without the field ``email_work``."""
    return [
        {key: value for key, value in row.items() if key != "email_work"} for row in v.many(count)
    ]


def deep() -> Any:
    """A value that is nested too deeply."""
    value: Any = {}
    for _ in range(80):
        value = {"a": value}
    return value


Fill = Callable[[Vendor], None]


def contacts(*rows: Any) -> Fill:
    """Fills the contacts."""
    return lambda vendor: vendor.tables.__setitem__("contacts", list(rows))


def responses(*rows: Any) -> Fill:
    """Fills the survey responses of one found contact."""

    def fill(vendor: Vendor) -> None:
        vendor.tables["contacts"] = [v.contact(1, email=ADA)]
        vendor.tables["contact-survey-responses"] = list(rows)

    return fill


CASES: dict[str, Fill] = {
    "none of fewer than a hundred has a mapped field that you asked for": contacts(*lacking(99)),
    "none of a hundred or more has such a field": contacts(*lacking(100)),
    "none has such a field, and the manifest says `optional: true`": contacts(*lacking(100)),
    "a mapped field holds `true`, or a number with a fraction": contacts(
        v.contact(1, email=True), v.contact(2, email=1.5)
    ),
    "a mapped field holds a list that is sent as an object": contacts(
        v.contact(1, email={"1": ADA, "2": "x@example.org"})
    ),
    "a mapped field is empty everywhere": contacts(*(v.contact(n) for n in range(1, 120))),
    "an object of a child type names no parent": responses({**v.response(1, 1), "contact": None}),
    "an object that matches is nested too deeply": contacts(v.contact(1, email=ADA, custom=deep())),
}


def test_the_table_has_the_rows_that_are_tested() -> None:
    assert set(ROWS) == set(CASES)


@pytest.mark.parametrize("row", CASES)
def test_a_row_of_the_table_is_true(
    host: Host, connection: Any, vendor: Vendor, edited: Edit, row: str
) -> None:
    CASES[row](vendor)
    if "optional" in row:
        fields = [{"field": "email"}, {"field": "email_work", "optional": True}]
        connection["manifest"] = edited({"objects.contact.identifiers.email": fields})
    answer = host.fetch(connection, [subject(email=ADA)])
    name = "contact_survey_response" if "child" in row else "contact"
    complete, code = ROWS[row]
    assert coverage_of(answer, name)["complete"] is (complete == "yes")
    assert {one["code"] for one in answer["problems"] if one["object_type"] == name} == (
        {code} if code else set()
    )


def test_the_time_left_follows_the_pace_and_the_limit() -> None:
    limit = Limit(1000, 60)
    assert seconds_left(0, 10, 1.0, limit) is None
    assert seconds_left(5, 10, 2.0, limit) == 2.0
    assert seconds_left(10, 10, 2.0, limit) == 0.0
    assert seconds_left(12, 10, 2.0, limit) == 0.0
    assert seconds_left(100, 5100, 1.0, limit) == 240.0
