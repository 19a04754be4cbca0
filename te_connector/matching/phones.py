"""When are two phone numbers equal? E.164 of every *valid* number in a text. Pure.

Numbers are read with the data of ``phonenumbers``, in the manifest's region if they name no country. A
country code that is written counts. Digits beside a number (an extension, a menu option, anything that
isn't part of a number) are noted, because many people share a switchboard. Old spellings that carriers
and messengers still use are read as today's number (:data:`_OLD_SPELLINGS`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import unquote

import attrs

from te_connector.matching.emails import visible
from te_connector.matching.ids import MAX_LENGTH
from te_connector.matching.regions import rewrites

_EXTENSION = re.compile(r"(?:ext|x|#|,|;isub=)[.:\s]*\d+\s*$", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(
    r"[|&\n\r\t,]|;(?!ext=|isub=|phone-context=)|\b(?:or|and)\b", re.IGNORECASE
)
_COUNTRY_IN_FRONT = re.compile(
    r"(?:\+|(?:^|\D)(?:00|011))[\s().\-]*\d{1,3}\b[^\d+]{0,12}(?:\(0\)[^\d+]{0,12})?$"
)
"""A country code right before a number: the number belongs to that country, valid there or not."""
_OPTION_IN_FRONT = re.compile(
    r"(?:#|(?<![^\W\d_])(?!(?:tel|phone|cell|mobile|home|work|office)\b)[^\W\d_]+)[\s:#.\-]*\d[\s:,\-]+\(?\d",
    re.IGNORECASE,
)
"""A word, one digit, then a number: ``option 1 612-555-0133`` isn't dialed with a leading 1."""
_GROUP_AT_END = re.compile(r"(?<=\d)[^\d+]+\d{1,5}\W*$")
_GROUP_IN_FRONT = re.compile(r"^[^\d+]*[1-9]\d{0,4}[^\d+]+(?=\d)")

_OLD_MEXICO = re.compile(
    r"((?:\+|\b(?:00|011)[\s().\-]*)52)[\s().\-]*1(?=(?:[\s().\-]*\d){10}(?!\d))"
)
_OLD_SPELLINGS = (
    # Mexico dropped the 1 of mobile numbers, and its trunk prefixes, in August 2019 (IFT, dialing plan).
    (52, re.compile(r"(?:1|01|04[45])([2-9]\d{9})"), r"\1"),
    # Brazil put a 9 before all mobile numbers by 2016. WhatsApp still writes them without it.
    (55, re.compile(r"([1-9]\d)([6-9]\d{7})"), r"\g<1>9\2"),
    # Benin put 01 before all numbers in November 2024.
    (229, re.compile(r"([2-9]\d{7})"), r"01\1"),
)
"""Country code, the national digits as they were written, and what they are now."""

TAIL = 7
"""This many last digits make two numbers worth a closer look: a number without its area code."""
_SURE_TAIL = 5
"""This many last digits stay where a region writes its numbers differently from how it dials them."""

_DASHES = str.maketrans(dict.fromkeys("\u00b7\u2022\u2027\u2219\u22c5_", "-"))
"""Dots and lines that people write between the groups of a number, and the library doesn't read."""

WITHIN_A_NUMBER = b" ()-.+\t"
"""Blanks and marks within plain numbers; digits with other signs between them can be anything."""
_LEAST_LETTERS = 3
"""Fewer letters than these are never read as digits."""
_NO_DIGITS = bytes(code for code in range(256) if not bytes([code]).isdigit())
_NO_KEYS = bytes(code for code in range(256) if not bytes([code]).isalnum())
_KEYPAD = bytes.maketrans(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", b"22233344455566677778889999" * 2
)


@attrs.frozen
class Number:
    """A valid phone number: E.164, and without its country code.

    ``tail`` is as many of its last digits as come together in any spelling of it. ``beside`` says
    whether an extension or other digits are written beside the number.
    """

    e164: str
    national: str
    tail: str
    beside: bool


@attrs.frozen
class Phones:
    """What a text says of phone numbers: the valid ones in it, and its digits."""

    numbers: tuple[Number, ...]
    digits: str


@attrs.frozen
class _Reading:
    """Numbers of a text, and the digits of it that belong to none of them."""

    numbers: tuple[Number, ...] = ()
    leftover: str = ""


def phones(text: str, region: str) -> Phones:
    """All valid phone numbers in a text, and its digits (letters on a keypad don't count)."""
    if len(text) > MAX_LENGTH:
        return Phones((), "")
    text = _normalized(text)
    reading = _read(text, region)
    found: dict[str, Number] = {}
    for number in reading.numbers:
        beside = number.beside or bool(reading.leftover)
        if number.e164 not in found or not beside:
            found[number.e164] = attrs.evolve(number, beside=beside)
    return Phones(tuple(found.values()), _digits(text))


def _normalized(text: str) -> str:
    """A text in plain digits and marks, without percent encoding."""
    if "%" in text:
        text = unquote(text)
    text = unicodedata.normalize("NFKC", visible(text)).translate(_DASHES)
    return _OLD_MEXICO.sub(r"\1 ", text) if "52" in text else text


def possible_phone(text: str, region: str) -> bool:
    """Whether a subject's phone can be read at all: a valid number, or one that is possible."""
    import phonenumbers

    if phones(text, region).numbers:
        return True
    try:
        number = phonenumbers.parse(_normalized(text), region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


def national_digits(text: str, region: str) -> str:
    """The digits of a number without its country code and extension, valid or not; empty: no number."""
    import phonenumbers

    try:
        number = phonenumbers.parse(_normalized(text), region)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.national_significant_number(number))


def digit_strings(text: str) -> tuple[bytes, ...]:
    """The digits of an ASCII text, and those with letters read as on a keypad; none: look closer.

    It costs a hundredth of reading numbers, and every valid number in the text has its tail in one
    of these strings. (``phone-context`` is part of the number before it: look closer.)
    """
    if not text.isascii() or "%" in text or (";" in text and "context" in text.lower()):
        return ()
    raw = text.encode()
    digits, keys = raw.translate(None, _NO_DIGITS), raw.translate(_KEYPAD, _NO_KEYS)
    return (digits, keys) if len(keys) - len(digits) >= _LEAST_LETTERS else (digits,)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal())


def _read(text: str, region: str) -> _Reading:
    """The text as one number; if it is none, its parts, or numbers among other words."""
    whole = _whole(text, region)
    digits = _digits(text)
    if whole is not None and not whole.beside and whole.tail in digits:
        return _Reading((whole,))
    if "phone-context=" in text.lower() and not _is_several(text):
        return _Reading(() if whole is None else (whole,), digits if whole is None else "")
    apart = _apart(text, region)
    if len(apart.numbers) > (
        0 if whole is None else 1
    ):  # what looked like an extension is a number
        return apart
    if whole is None or whole.tail not in digits:  # a name is not for dialing
        among = _among_words(text, region)
        if among.numbers:
            return among
        shorter = _without_a_group(text, region)
        if shorter.numbers and whole is None:
            return shorter
    return _Reading((whole,)) if whole is not None else _Reading(leftover=digits)


def _whole(text: str, region: str) -> Number | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    number = _as_it_is_now(number)
    if not phonenumbers.is_valid_number(number):
        return None
    beside = (
        number.extension is not None
        or _EXTENSION.search(text) is not None
        or ";isub=" in text.lower()
        or _OPTION_IN_FRONT.search(text) is not None
    )
    return _number(number, region, beside=beside)


def _as_it_is_now(number: Any) -> Any:
    """The number in today's numbering plan, if it is valid there and not as it was written."""
    import phonenumbers

    if phonenumbers.is_valid_number(number):
        return number
    for code, written, now in _OLD_SPELLINGS:
        if number.country_code == code:
            national = phonenumbers.national_significant_number(number)
            found = written.fullmatch(national)
            if found is not None:
                text = f"+{code}{found.expand(now)}"
                today = phonenumbers.parse(text)
                today.extension = number.extension
                return today if phonenumbers.is_valid_number(today) else number
    return number


def _without_a_group(text: str, region: str) -> _Reading:
    """The number that is left if one short group of digits at an end is left out: ``…-0133-5``."""
    for group in (_GROUP_AT_END, _GROUP_IN_FRONT):
        shorter = group.sub("", text)
        if shorter != text:
            number = _whole(shorter, region)
            if number is not None and number.tail in _digits(shorter):
                return _Reading((attrs.evolve(number, beside=True),))
    return _Reading()


def _is_several(text: str) -> bool:
    return sum(bool(_digits(part)) for part in _BETWEEN_NUMBERS.split(text)) > 1


def _apart(text: str, region: str) -> _Reading:
    """The parts of a text between marks that separate numbers, each read by itself."""
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if _digits(part)]
    parts = [
        part
        for before, part in zip(("", *parts), parts, strict=False)
        if not _COUNTRY_IN_FRONT.search(before) or _COUNTRY_IN_FRONT.search(part)
    ]
    if len(parts) < 2:
        return _Reading()
    readings = [_read(part, region) for part in parts]
    return _Reading(
        tuple(number for reading in readings for number in reading.numbers),
        "".join(reading.leftover for reading in readings),
    )


def _among_words(text: str, region: str) -> _Reading:
    """The numbers among words, their letters not read as digits, and the digits outside of them."""
    import phonenumbers

    numbers: list[Number] = []
    leftover, end = "", 0
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        before = text[end : match.start]
        if _COUNTRY_IN_FRONT.search(before):
            continue
        leftover, end = leftover + _digits(before), match.end
        beside = match.number.extension is not None
        numbers.append(_number(match.number, region, beside=beside))
    return _Reading(tuple(numbers), leftover + _digits(text[end:]))


def _number(number: Any, region: str, *, beside: bool) -> Number:
    import phonenumbers

    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.national_significant_number(number)
    main = phonenumbers.region_code_for_country_code(number.country_code)
    tail = _SURE_TAIL if rewrites(region) or rewrites(main) else TAIL
    return Number(e164, national, national[-tail:], beside)
