"""Values for people: dates, yes or no, and text that is safe to show.

Nothing here is markup: the template escapes everything. This module handles what escaping does not:
invisible characters, and characters that reverse the direction of text.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable
from typing import Any

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?)?"
)
_INVISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    **dict.fromkeys((*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    **{code: f"[U+{code:04X}]" for code in (0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, 0x2060, 0x00AD)},
    **dict.fromkeys((0x0A, 0x0B, 0x0C, 0x2028, 0x2029), "\n"),
    0x09: "\t",
    0x0D: "",
}


def plain(text: str) -> str:
    """The text with visible control and direction characters; line breaks stay."""
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)


def is_empty(value: Any) -> bool:
    """Whether there is nothing to show: no value, or only empty values inside."""
    if value is None or value == "":
        return True
    if isinstance(value, str):
        return value.startswith("0000-00-00") or value.isspace()
    if isinstance(value, dict):
        return all(map(is_empty, value.values()))
    return isinstance(value, list) and all(map(is_empty, value))


def scalar(value: Any) -> str:
    """A value that is neither a list nor a mapping, as text."""
    if value is True:
        return "Yes"
    if value is False:
        return "No"
    return plain(value) if isinstance(value, str) else str(value)


def flag(value: Any) -> str:
    """A yes or no as the vendor writes it: true, 1, or "1"."""
    if value in (True, 1, "1"):
        return "Yes"
    return "No" if value in (False, 0, "0") else scalar(value)


@functools.lru_cache(maxsize=65536)
def date(text: str, zone: datetime.tzinfo = datetime.UTC) -> tuple[str, str] | None:
    """A vendor's date for machines and for people; None if the text is no date.

    The vendor's times have no zone; its API document says that they are UTC.

    >>> date("2025-03-14 09:30:00")
    ('2025-03-14T09:30:00Z', 'March 14, 2025, 9:30 AM UTC')
    >>> date("2025-03-14 00:00:00")
    ('2025-03-14', 'March 14, 2025')
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, time, offset = match.groups()
    try:
        if time is None:
            return day, _day(datetime.date.fromisoformat(day))
        moment = datetime.datetime.fromisoformat(f"{day}T{time}{offset or '+00:00'}")
        moment = moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
    if offset is None and time == "00:00:00":
        return day, _day(moment)
    local = moment.astimezone(zone)
    hour, half = local.hour % 12 or 12, "AM" if local.hour < 12 else "PM"
    shown = f"{_day(local)}, {hour}:{local:%M} {half} {local:%Z}"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}", shown


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _day(day: datetime.date) -> str:
    # Not strftime, because its names follow the locale.
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def without_year(text: str) -> tuple[str, str] | None:
    """A date whose year is a placeholder, as in the vendor's birthdays."""
    found = date(text[:10])
    if found is None:
        return None
    day = datetime.date.fromisoformat(found[0])
    return f"--{day:%m-%d}", f"{_MONTHS[day.month - 1]} {day.day}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words in a row: ``a``, ``a and b``, ``a, b, and c``."""
    *first, end = list(words) or [""]
    if not first:
        return end
    comma = "," if len(first) > 1 else ""
    return f"{', '.join(first)}{comma} {last} {end}"
