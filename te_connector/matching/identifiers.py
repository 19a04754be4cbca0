"""When are two identifiers equal? Keys for equality, used for subjects and records alike. Pure.

======== ================================================================================
e-mail   outer blanks and invisible characters go, letter case goes, Unicode is composed, the domain
         is spelled by IDNA (UTS 46, non-transitional: ``straße.de`` is not ``strasse.de``). Plus-tags
         and dots are kept: they are other addresses.
phone    E.164 of every *valid* number in the text, read with the manifest's region where it names
         no country. Extensions do not count, but are noted: a switchboard is many people.
id       the text of a number or text, outer blanks removed.
external ``SOURCE:ID`` as text; ``ID`` alone is a weaker thing to know.
======== ================================================================================

What cannot be a key is None and matches nothing, not even itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

import attrs
import idna

MAX_LENGTH = 1000
"""Longer texts are no identifiers of anybody."""

_JOINERS = "\u200c\u200d"
"""They tell domains of some scripts apart, where IDNA permits them; elsewhere they are invisible."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What is invisible without being a format or control character."""

WITHIN_AN_ADDRESS = b".@-_+"
"""The marks of a plain address: with letters and digits alone between them it is its own key."""
_NOT_IN_ONE = re.compile(r"[\s;<>]|,[^@]*$")
"""What no single address has in it: a comma can stand in front of the @ alone."""
_BETWEEN_ADDRESSES = re.compile(r"[\s,;:<>()\[\]\"'|/\\]+")
_EXTENSION = re.compile(r"(?:ext|x|#|,)[.:\s]*\d+\s*$", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(
    r"[|&\n\r\t,]|;(?!ext=|isub=|phone-context=)|\b(?:or|and)\b", re.IGNORECASE
)
TAIL = 7
"""So many last digits make two numbers worth a closer look: a number without its area code."""
_SURE_TAIL = 5
"""So many last digits stay where a region writes its numbers otherwise than it dials them."""

WITHIN_A_NUMBER = b" ()-.+\t"
"""Blanks and marks within plain numbers; digits with other signs between them can be anything."""
_LEAST_LETTERS = 3
"""Fewer letters than these are never read as digits."""
_NO_DIGITS = bytes(code for code in range(256) if not bytes([code]).isdigit())
_NO_KEYS = bytes(code for code in range(256) if not bytes([code]).isalnum())
_KEYPAD = bytes.maketrans(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", b"22233344455566677778889999" * 2
)


def email_key(text: str) -> str | None:
    """The key of an e-mail address, or None where the text is none."""
    key = text.strip().lower()
    if len(key) > MAX_LENGTH:
        return None
    if not text.isascii() or not text.isprintable():
        return _email_key_slowly(text.strip())
    return key if _is_one_address(key) else None


def _is_one_address(text: str) -> bool:
    return text.count("@") == 1 and "@" not in (text[0], text[-1]) and not _NOT_IN_ONE.search(text)


def _email_key_slowly(text: str) -> str | None:
    local, _, domain = text.partition("@")
    local, domain = _visible(local), _visible(domain, keep=_JOINERS)
    shown = _visible(domain)
    if not _is_one_address(f"{local}@{shown}"):
        return None
    return f"{_lower(local)}@{_domain_key(domain, shown)}"


def _visible(text: str, keep: str = "") -> str:
    """A text composed, without what cannot be seen and without outer blanks."""
    chars = (char for char in text if char in keep or not _is_unseen(char))
    return unicodedata.normalize("NFC", "".join(chars)).strip()


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    return category == "Cf" or _UNSEEN.match(char) is not None


def _lower(text: str) -> str:
    """Letter case gone, one letter for one: ``ß`` is not ``ss``."""
    return unicodedata.normalize(
        "NFC",
        "".join(low if len(low := char.casefold()) == 1 else char.lower() for char in text),
    )


def _domain_key(domain: str, shown: str) -> str:
    """A domain as IDNA spells it; what IDNA does not permit (``_``, an emoji) label by label."""
    for spelled in (domain, shown):
        try:
            return idna.encode(spelled, uts46=True).decode("ascii")
        except UnicodeError:
            pass
    try:
        shown = idna.uts46_remap(shown, std3_rules=False)
    except UnicodeError:
        shown = _lower(shown)
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
        for label in shown.split(".")
    )


def email_keys(text: str) -> Iterator[str]:
    """The keys of all addresses in a text, between whatever other words and marks."""
    for word in _BETWEEN_ADDRESSES.split(text):
        key = email_key(word)
        if key is not None:
            yield key


def email_neighbourhood(key: str) -> str:
    """What addresses share that are a plus-tag or dots apart: close, but not equal.

    Dots go from the domain too, which is cheaper and at worst makes somebody look twice.
    """
    if "+" in key:
        local, _, domain = key.partition("@")
        key = f"{local.partition('+')[0]}@{domain}"
    return key.replace(".", "")


@attrs.frozen
class Number:
    """A valid phone number: E.164, without its country code, and whether an extension followed.

    ``tail`` is as many of its last digits as stand together in whatever spelling of it.
    """

    e164: str
    national: str
    tail: str
    extension: bool


@attrs.frozen
class Phones:
    """What a text says of phone numbers: the valid ones in it, and its digits."""

    numbers: tuple[Number, ...]
    digits: str


def phones(text: str, region: str) -> Phones:
    """All valid phone numbers in a text, and its digits (letters read as on a keypad do not count)."""
    if len(text) > MAX_LENGTH:
        return Phones((), "")
    text = _phone_text(text)
    found: dict[str, Number] = {}
    for number in _numbers(text, region):
        known = found.get(number.e164)
        if known is None or known.extension:
            found[number.e164] = number
    return Phones(tuple(found.values()), _digits(text))


def _phone_text(text: str) -> str:
    return unicodedata.normalize("NFKC", _visible(text))


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal())


def _numbers(text: str, region: str) -> list[Number]:
    """The text as one number; where it is none, its parts, or numbers among other words."""
    whole = _number(text, region)
    if whole is not None and not whole.extension and whole.tail in _digits(text):
        return [whole]
    found = [] if whole is None else [whole]
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if _digits(part)]
    if len(parts) > 1:
        apart = [number for part in parts for number in _numbers(part, region)]
        if len(apart) > len(found):  # what looked like an extension is a number
            return apart
    if whole is None or whole.tail not in _digits(text):  # a name is not for dialling
        return _among_words(text, region) or found
    return found


def _among_words(text: str, region: str) -> list[Number]:
    """The numbers that stand among words, their letters not read as digits."""
    import phonenumbers

    return [
        _read(match.number, region, match.number.extension is not None)
        for match in phonenumbers.PhoneNumberMatcher(text, region)
    ]


def _number(text: str, region: str) -> Number | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension = number.extension is not None or _EXTENSION.search(text) is not None
    return _read(number, region, extension)


def _read(number: Any, region: str, extension: bool) -> Number:
    import phonenumbers

    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.national_significant_number(number)
    main = phonenumbers.region_code_for_country_code(number.country_code)
    tail = _SURE_TAIL if rewrites(region) or rewrites(main) else TAIL
    return Number(e164, national, national[-tail:], extension)


def rewrites(region: str) -> bool:
    r"""Whether numbers of a region can be written with other digits than they are dialled with.

    ``\2`` alone keeps a part of what was written, ``9\\1`` (Argentina) does not.
    """
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    rule = data.national_prefix_transform_rule if data is not None else None
    return rule is not None and re.fullmatch(r"\\\d", rule) is None


def shortest_number(region: str) -> int:
    """How many digits a number has at least where it is written without its country."""
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    usual = data.general_desc if data is not None else None
    return 0 if usual is None or rewrites(region) else min(usual.possible_length)


def own_code(region: str) -> str:
    """How a region's numbers begin where they are written with their country."""
    import phonenumbers

    return f"+{phonenumbers.country_code_for_region(region)}"


def possible_phone(text: str, region: str) -> bool:
    """Whether a subject's phone can be read at all: some valid number, or one that is possible."""
    import phonenumbers

    if phones(text, region).numbers:
        return True
    try:
        number = phonenumbers.parse(_phone_text(text), region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


def digit_strings(text: str) -> tuple[bytes, ...]:
    """The digits of an ASCII text, and those with letters read as on a keypad; none: look closer.

    It costs a hundredth of reading numbers, and every valid number in the text has its tail somewhere
    in one of these strings. (``phone-context`` is part of the number before it: look closer.)
    """
    if not text.isascii() or (";" in text and "context" in text.lower()):
        return ()
    raw = text.encode()
    digits, keys = raw.translate(None, _NO_DIGITS), raw.translate(_KEYPAD, _NO_KEYS)
    return (digits, keys) if len(keys) - len(digits) >= _LEAST_LETTERS else (digits,)


def id_key(value: Any) -> str | None:
    """The key of an id: the text of a text or whole number."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < MAX_LENGTH else None
    return None


_SHAPES = {
    "integer": re.compile(r"[0-9]{1,20}"),
    "hex": re.compile(r"[0-9A-Fa-f]{1,64}"),
    "uuid": re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "text": re.compile(r"[A-Za-z0-9_~@:+=-][A-Za-z0-9_.~@:+=-]{0,199}"),
}


def has_shape(key: str, shape: Literal["integer", "hex", "uuid", "text"]) -> bool:
    """Whether an id can be one of a type whose ids look like that; any other is never sent."""
    return _SHAPES[shape].fullmatch(key) is not None


def external_key(source: Any, alone: str) -> str | None:
    """A record's external id with its source, or None where it names none."""
    origin = id_key(source)
    return f"{origin}:{alone}" if origin and alone else None
