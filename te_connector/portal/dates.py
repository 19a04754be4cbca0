"""When a request is due. Pure: calendar dates in, calendar dates out, in the lender's time zone.

Due dates always count from the day of receipt, and weekends add nothing.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

Date = datetime.date
Urgency = Literal["overdue", "at risk", "on track", "closed"]
AT_RISK_DAYS: Final = 7


@attrs.frozen
class Law:
    """How long a law gives: in months or in days, at first and when extended."""

    name: str
    unit: Literal["months", "days"]
    first: int
    extended: int
    identity_pauses: bool
    """Whether the time for checking identity doesn't count."""
    confirm_business_days: int | None = None
    """Business days within which the request must be confirmed to the person."""


GDPR: Final = Law("GDPR", "months", 1, 3, identity_pauses=True)  # Art. 12(3), 12(6) GDPR
CCPA: Final = Law(  # 11 CCR 7021: 45 days, 90 extended, whatever the identity check takes
    "CCPA", "days", 45, 90, identity_pauses=False, confirm_business_days=10
)
BUILT_IN: Final = {law.name: law for law in (GDPR, CCPA)}


def law_named(name: str, own: Mapping[str, Any]) -> Law:
    """The law of that name. ``own`` are the lender's, by name; an unknown name counts as CCPA's."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    given = own.get(name, {})
    return Law(
        name,
        "days",
        int(given.get("days", CCPA.first)),
        int(given.get("extended", CCPA.extended)),
        identity_pauses=bool(given.get("identity_pauses", False)),
    )


def add_months(day: Date, months: int) -> Date:
    """The same day some months later, or else that month's last day (31 January: 28 February)."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return Date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due(law: Law, received: Date, *, extended: bool = False, paused_days: int = 0) -> Date:
    """The last day for the answer. ``paused_days`` count only where the law allows a pause."""
    length = law.extended if extended else law.first
    day = (
        add_months(received, length)
        if law.unit == "months"
        else received + datetime.timedelta(days=length)
    )
    return day + datetime.timedelta(days=paused_days if law.identity_pauses else 0)


def add_business_days(day: Date, count: int) -> Date:
    """The day some business days (Monday to Friday) later."""
    while count > 0:
        day += datetime.timedelta(days=1)
        if day.weekday() < 5:
            count -= 1
    return day


def confirm_by(law: Law, received: Date) -> Date | None:
    """The day by which to confirm the request to the person; None where the law asks for none."""
    if law.confirm_business_days is None:
        return None
    return add_business_days(received, law.confirm_business_days)


def urgency(due_on: Date, today: Date, *, closed: bool = False) -> Urgency:
    """How a request stands to its due date."""
    if closed:
        return "closed"
    if today > due_on:
        return "overdue"
    return "at risk" if (due_on - today).days <= AT_RISK_DAYS else "on track"
