"""When are two phone numbers equal? E.164 of every *valid* number in a text. Pure.

Numbers are read with the data of ``phonenumbers``, in the manifest's region if they name no country. A
country code that is written counts. Digits beside a number (an extension, a menu option, anything that
isn't part of a number) are noted: a switchboard is many people.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import attrs

from te_connector.matching.emails import visible
from te_connector.matching.ids import MAX_LENGTH

_EXTENSION = re.compile(r"(?:ext|x|#|,|;isub=)[.:\s]*\d+\s*$", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(
    r"[|&\n\r\t,]|;(?!ext=|isub=|phone-context=)|\b(?:or|and)\b", re.IGNORECASE
)
_COUNTRY_IN_FRONT = re.compile(r"(?:\+|(?:^|\D)(?:00|011))[\s().\-]*\d{1,3}[\s().\-/]*$")
"""A country code right before a number: the number belongs to that country, valid there or not."""
_OPTION_IN_FRONT = re.compile(r"[^\W\d_][\s:#.\-]*\d[\s:,]+\(?\d")
"""A word, one digit, then a number: ``option 1 612-555-0133`` isn't dialed with a leading 1."""

_TEN_DIGITS = r"(?=(?:[\s().\-]*\d){10}(?!\d))"
_OLD_SPELLINGS = (
    # Mexico dropped the mobile 1 behind +52, and its trunk prefixes, in August 2019 (IFT, dialing plan);
    # carriers and address books still write them, and the library calls them invalid.
    (None, re.compile(r"(?P<keep>(?:\+|\b(?:00|011)[\s().\-]*)52)[\s().\-]*1" + _TEN_DIGITS)),
    ("MX", re.compile(r"(?P<keep>^|[^\d+])(?:01|044|045|1)" + _TEN_DIGITS)),
)

TAIL = 7
"""This many last digits make two numbers worth a closer look: a number without its area code."""
_SURE_TAIL = 5
"""This many last digits stay where a region writes its numbers differently from how it dials them."""

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
    text = _modern(unicodedata.normalize("NFKC", visible(text)), region)
    reading = _read(text, region)
    found: dict[str, Number] = {}
    for number in reading.numbers:
        beside = number.beside or bool(reading.leftover)
        if number.e164 not in found or not beside:
            found[number.e164] = attrs.evolve(number, beside=beside)
    return Phones(tuple(found.values()), _digits(text))


def possible_phone(text: str, region: str) -> bool:
    """Whether a subject's phone can be read at all: a valid number, or one that is possible."""
    import phonenumbers

    if phones(text, region).numbers:
        return True
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", visible(text)), region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


def digit_strings(text: str) -> tuple[bytes, ...]:
    """The digits of an ASCII text, and those with letters read as on a keypad; none: look closer.

    It costs a hundredth of reading numbers, and every valid number in the text has its tail in one
    of these strings. (``phone-context`` is part of the number before it: look closer.)
    """
    if not text.isascii() or (";" in text and "context" in text.lower()):
        return ()
    raw = text.encode()
    digits, keys = raw.translate(None, _NO_DIGITS), raw.translate(_KEYPAD, _NO_KEYS)
    return (digits, keys) if len(keys) - len(digits) >= _LEAST_LETTERS else (digits,)


def rewrites(region: str) -> bool:
    r"""Whether numbers of a region can be written with other digits than they are dialed with.

    ``\2`` alone keeps a part of what was written, ``9\\1`` (Argentina) does not.
    """
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    rule = data.national_prefix_transform_rule if data is not None else None
    return rule is not None and re.fullmatch(r"\\\d", rule) is None


def shortest_number(region: str) -> int:
    """The fewest digits that a number of the region has when written without its country."""
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    usual = data.general_desc if data is not None else None
    return 0 if usual is None or rewrites(region) else min(usual.possible_length)


def own_code(region: str) -> str:
    """How a region's numbers begin when written with their country, such as ``+1``."""
    import phonenumbers

    return f"+{phonenumbers.country_code_for_region(region)}"


def _modern(text: str, region: str) -> str:
    """A text with numbers in old spellings written as they are now."""
    for only_in, pattern in _OLD_SPELLINGS:
        if only_in in (None, region):
            text = pattern.sub(lambda found: found["keep"] + " ", text)
    return text


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal())


def _read(text: str, region: str) -> _Reading:
    """The text as one number; if it is none, its parts, or numbers among other words."""
    whole = _whole(text, region)
    digits = _digits(text)
    if whole is not None and not whole.beside and whole.tail in digits:
        return _Reading((whole,))
    apart = _apart(text, region)
    if len(apart.numbers) > (
        0 if whole is None else 1
    ):  # what looked like an extension is a number
        return apart
    if whole is None or whole.tail not in digits:  # a name is not for dialing
        among = _among_words(text, region)
        if among.numbers:
            return among
    return _Reading((whole,)) if whole is not None else _Reading(leftover=digits)


def _whole(text: str, region: str) -> Number | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    beside = (
        number.extension is not None
        or _EXTENSION.search(text) is not None
        or ";isub=" in text.lower()
        or _OPTION_IN_FRONT.match(text.lstrip()) is not None
    )
    return _number(number, region, beside=beside)


def _apart(text: str, region: str) -> _Reading:
    """The parts of a text between marks that separate numbers, each read by itself."""
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if _digits(part)]
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
