"""Values as people read them: dates as dates, flags as yes or no, and text that is safe to show.

Nothing here is markup: the template escapes everything. What is made safe here is what escaping
leaves alone: characters that are invisible or that turn the reading direction of the text around.
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
    """The text with control and direction characters made visible; line breaks stay."""
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)


def is_empty(value: Any) -> bool:
    """Whether there is nothing to show: nothing at all, or nothing but empty values inside."""
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
    """A yes or no as the vendor writes it: true, 1 or "1"."""
    if value in (True, 1, "1"):
        return "Yes"
    return "No" if value in (False, 0, "0") else scalar(value)


@functools.lru_cache(maxsize=65536)
def date(text: str) -> tuple[str, str] | None:
    """A vendor's date for machines and for people, in UTC; None if the text is no date.

    >>> date("2025-03-14 09:30:00")
    ('2025-03-14T09:30:00Z', '14 March 2025, 09:30 UTC')
    >>> date("2025-03-14 00:00:00")
    ('2025-03-14', '14 March 2025')
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    day, time, zone = match.groups()
    try:
        if time is None:
            return day, _day(datetime.date.fromisoformat(day))
        moment = datetime.datetime.fromisoformat(f"{day}T{time}{zone or '+00:00'}")
        moment = moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
    if zone is None and time == "00:00:00":
        return day, _day(moment)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{_day(moment)}, {moment:%H:%M} UTC"


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
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"  # strftime's names follow the locale


def without_year(text: str) -> tuple[str, str] | None:
    """A date whose year means nothing, as the vendor's birthdays are."""
    found = date(text[:10])
    if found is None:
        return None
    day = datetime.date.fromisoformat(found[0])
    return f"--{day:%m-%d}", f"{day.day} {_MONTHS[day.month - 1]}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words in a row: ``a, b and c``."""
    *first, end = list(words) or [""]
    return f"{', '.join(first)} {last} {end}" if first else end
