"""The body of an answer as plain data, or one clear fault: strict where leniency would hide rows."""

from __future__ import annotations

import datetime
import decimal
import email.utils
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from te_connector.errors import rfc3339

_MAX_DEPTH = 60
_MAX_MEMBERS = 5_000_000
_MAX_NESTS = 1_000_000
"""More commas or brackets than ten thousand contacts have: each costs memory out of all proportion."""


class BadJson(ValueError):
    """The body is not JSON that can be relied upon; the text says how, without quoting it."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadJson("an object names the same key twice")
    return made


def _constant(_name: str) -> Any:
    raise BadJson("it has a number that isn't JSON (NaN or Infinity)")


class NumberText(str):
    """A number as text, because no float gives it back digit for digit.

    Hosts and spreadsheets read JSON numbers as floats, so as a number it would lose digits on the way.
    """

    __slots__ = ()


_MAX_NUMBER = 10_000
"""A number of more characters than this is nonsense."""
_SAFE_DIGITS = 15
"""Every whole number of this many digits is a float too."""


def exact_int(text: str) -> int | NumberText:
    """A whole number of a JSON text, as text if no float gives it back."""
    if len(text) <= _SAFE_DIGITS:
        return int(text)
    if len(text) > _MAX_NUMBER:
        raise BadJson("it has a number with too many digits")
    exact = decimal.Decimal(text)
    return int(text) if _is_float(exact) else NumberText(text)


def exact_float(text: str) -> float | NumberText:
    """A number with a fraction or exponent, as text if no float gives back its value."""
    if len(text) > _MAX_NUMBER:
        raise BadJson("it has a number with too many digits")
    value = float(text)
    try:
        exact = decimal.Decimal(text)
    except decimal.DecimalException:  # an exponent beyond what anyone can compute with
        return NumberText(text)
    return value if _is_float(exact) else NumberText(text)


def _is_float(exact: decimal.Decimal) -> bool:
    """Whether the shortest spelling of the nearest float has the same value, digit for digit."""
    nearest = float(exact)
    return math.isfinite(nearest) and decimal.Decimal(repr(nearest)) == exact


_decoder = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_float=exact_float,
    parse_int=exact_int,
)


def _is_crowded(body: bytes) -> bool:
    """Whether a body would cost far more memory as values than as text; a small one never does."""
    return body.count(b",") > _MAX_MEMBERS or body.count(b"[") + body.count(b"{") > _MAX_NESTS


def parse(body: bytes) -> Any:
    """The JSON value of a body: UTF-8, no key twice, no NaN, no absurd numbers or nesting.

    :raises BadJson: it is something else.
    """
    if len(body) > _MAX_NESTS and _is_crowded(body):
        raise BadJson("it has more values than any answer of the API")
    value = _parse_quickly(body) if len(body) <= _MOST_QUICK else _UNSURE
    return parse_slowly(body) if value is _UNSURE else value


def value_or_fault(body: bytes) -> tuple[Any, str]:
    """As :func:`parse`, but gives what is wrong with the body: an error would hold it."""
    try:
        return parse(body), ""
    except BadJson as fault:
        return None, str(fault)


_BLANKS = b" \t\r\n"
_UNSURE = object()
_MOST_QUICK = 4 * 1024 * 1024
"""In bytes: the text that is written again needs as much memory as the body."""


def _parse_quickly(body: bytes) -> Any:
    """The value of a body if it, written again, is the same text but for blanks; else ``_UNSURE``.

    orjson is more than twice as fast as ``json``, but keeps only the last of two equal keys, and rounds
    long numbers. Both would show in the text: it has as many keys as the values have, and each number
    has the digits that its value has. Blanks are left out on both sides, even inside strings, since no
    blank can begin or end a key or a number. Whole numbers of more than 53 bits are refused here.
    """
    try:
        value = orjson.loads(body)
        again = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except (ValueError, TypeError):  # orjson's errors
        return _UNSURE
    plain = body.replace(b"\\/", b"/") if b"\\" in body else body  # PHP writes a slash like this
    return value if again.translate(None, _BLANKS) == plain.translate(None, _BLANKS) else _UNSURE


def parse_slowly(body: bytes) -> Any:
    """As :func:`parse`, whatever the body looks like: it sees each pair of a key and a value.

    :raises BadJson: it is something else.
    """
    try:
        return _decoder.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        fault = "it is not UTF-8 text"
    except BadJson:
        raise
    except RecursionError:
        fault = "it is nested too deeply"
    except ValueError:
        fault = "it is not whole JSON"
    raise BadJson(fault)  # here, so that it has no context: the decoder's error holds the body


def too_deep(value: Any, depth: int = _MAX_DEPTH) -> bool:
    """Whether a value is nested so deeply that it is no record of the API's."""
    if not isinstance(value, (dict, list)):
        return False
    if depth == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(too_deep(item, depth - 1) for item in inner)


def error_words(body: bytes) -> tuple[str, bool]:
    """The text under ``error`` or ``message`` of an error answer, and whether it was the API's JSON.

    The text is for comparing, never for showing: it can quote what was sent.
    """
    try:
        data = parse(body)
    except BadJson:
        return "", False
    if not isinstance(data, dict):
        return "", isinstance(data, list)
    words = data.get("error", data.get("message", ""))
    return (words if isinstance(words, str) else ""), True


_LEAST_EPOCH = 1_000_000_000.0
"""September 2001: as a wait it would be 31 years, as a moment it's past."""
_MOST_EPOCH = 100_000_000_000.0


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that ``Retry-After`` asks to wait: seconds or a date (RFC 9110, section 10.2.3).

    Some gateways write a moment in epoch seconds, so a number as large as that is one. None if it is
    unreadable or absent.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,18}", text):
        seconds = float(text)
        return max(0.0, seconds - now) if _LEAST_EPOCH <= seconds < _MOST_EPOCH else seconds
    if not text or text[0].isdigit() or len(text) > 60:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def moment(timestamp: float) -> str:
    """A moment as RFC 3339 text in UTC, for people; far beyond the calendar it says so."""
    return rfc3339(timestamp) or "a time beyond the calendar"
