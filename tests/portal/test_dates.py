"""Due dates, counted from the day of receipt."""

from __future__ import annotations

from datetime import date

import pytest

from te_connector.portal import dates

OWN = {"Our law": {"days": 20, "extended": 30}}


@pytest.mark.parametrize(
    ("law", "received", "extended", "due"),
    [
        ("GDPR", date(2026, 1, 31), False, date(2026, 2, 28)),
        ("GDPR", date(2026, 1, 31), True, date(2026, 4, 30)),
        ("GDPR", date(2028, 1, 31), False, date(2028, 2, 29)),
        ("GDPR", date(2026, 11, 30), True, date(2027, 2, 28)),
        ("CCPA", date(2026, 1, 31), False, date(2026, 3, 17)),
        ("CCPA", date(2026, 1, 31), True, date(2026, 5, 1)),
        ("Our law", date(2026, 1, 31), False, date(2026, 2, 20)),
        ("Our law", date(2026, 1, 31), True, date(2026, 3, 2)),
        ("Unknown", date(2026, 1, 31), False, date(2026, 3, 17)),
    ],
)
def test_a_due_date_is_counted_from_receipt(law, received, extended, due):
    assert dates.due(dates.law_named(law, OWN), received, extended=extended) == due


def test_an_identity_check_pauses_the_clock_of_gdpr_alone():
    received = date(2026, 3, 2)
    for law, days in (("GDPR", 5), ("CCPA", 0)):
        named = dates.law_named(law, {})
        paused = dates.due(named, received, paused_days=5)
        assert (paused - dates.due(named, received)).days == days


def test_a_confirmation_is_due_in_ten_business_days_under_ccpa():
    assert dates.confirm_by(dates.CCPA, date(2026, 11, 26)) == date(2026, 12, 10)
    assert dates.confirm_by(dates.GDPR, date(2026, 11, 26)) is None


def test_urgency():
    due = date(2026, 3, 17)
    found = [
        dates.urgency(due, day) for day in (date(2026, 1, 1), date(2026, 3, 16), date(2026, 3, 18))
    ]
    assert found == ["on track", "at risk", "overdue"]
    assert dates.urgency(due, date(2027, 1, 1), closed=True) == "closed"
