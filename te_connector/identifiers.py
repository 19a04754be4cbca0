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

_KEYPAD = dict(zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True))
# Blanks and the punctuation within one number go; all other signs stay, so that they are noticed.
_WITHIN_A_NUMBER = str.maketrans("", "", " ()-.+\t\u00a0")
_DIGITS_ONLY = {code: None for code in range(128) if not chr(code).isdigit()}
_KEYPAD_DIGITS = {
    code: _KEYPAD.get(chr(code).lower()) for code in range(128) if not chr(code).isdigit()
}
_SEPARATORS = re.compile(
    r"[/|\\&\n\r\t]|,|;(?!ext=|isub=|phone-context=)|\b(?:or|and)\b", re.IGNORECASE
)
_EXTENSION = re.compile(r"(?:ext|x|#|,)[.:\s]*\d+\s*$", re.IGNORECASE)
TAIL = 7
"""So many last digits make two numbers worth a closer look: a number without its area code."""


def email_key(text: str) -> str | None:
    """The key of an e-mail address, or None where the text is none."""
    if text.isascii() and text.isprintable():
        key = text.strip().lower()
        at = key.rfind("@")
        if 0 < at < len(key) - 1 and " " not in key and "xn--" not in key:
            return key
        if at <= 0 or at == len(key) - 1 or " " in key:
            return None
    if len(text) > MAX_LENGTH:
        return None
    return _email_key_slowly(text)


def _email_key_slowly(text: str) -> str | None:
    visible = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    local, _, domain = unicodedata.normalize("NFC", visible).strip().rpartition("@")
    if not local or not domain or any(char.isspace() for char in local + domain):
        return None
    local = unicodedata.normalize("NFC", local.lower())
    return f"{local}@{_domain_key(domain)}"


def _domain_key(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
    except UnicodeError:
        return unicodedata.normalize("NFC", domain.lower())


def email_neighbourhood(key: str) -> str:
    """What addresses share that are a plus-tag or dots apart: close, but not equal.

    Dots go from the domain too, which is cheaper and at worst makes somebody look twice.
    """
    if "+" in key:
        local, _, domain = key.rpartition("@")
        key = f"{local.partition('+')[0]}@{domain}"
    return key.replace(".", "")


@attrs.frozen
class Number:
    """A valid phone number: E.164, without its country code, and whether an extension followed."""

    e164: str
    national: str
    extension: bool


@attrs.frozen
class Phones:
    """What a text says of phone numbers: the valid ones in it, and its digits."""

    numbers: tuple[Number, ...]
    digits: str

    @property
    def readable(self) -> bool:
        """Whether there is anything in it that a phone number could be."""
        return len(self.digits) >= 3


def phones(text: str, region: str) -> Phones:
    """All valid phone numbers in a text, and its digits (letters read as on a keypad do not count)."""
    if len(text) > MAX_LENGTH:
        return Phones((), "")
    text = unicodedata.normalize("NFKC", text)
    digits = "".join(str(unicodedata.digit(char)) for char in text if char.isdigit())
    found: dict[str, Number] = {}
    for number in _numbers(text, region):
        known = found.get(number.e164)
        if known is None or (known.extension and not number.extension):
            found[number.e164] = number
    return Phones(tuple(found.values()), digits)


def _numbers(text: str, region: str) -> Iterator[Number]:
    """The text as one number; where it is none, its parts, and numbers among other words."""
    import phonenumbers

    whole = _number(text, region)
    if whole is not None:
        yield whole
        return
    parts = [part for part in _SEPARATORS.split(text) if part and any(map(str.isdigit, part))]
    some = [number for part in parts if (number := _number(part, region)) is not None]
    if some:
        yield from some
        return
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        yield _read(match.number, match.number.extension is not None)


def _number(text: str, region: str) -> Number | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text.strip(), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension = number.extension is not None or _EXTENSION.search(text) is not None
    return _read(number, extension)


def _read(number: Any, extension: bool) -> Number:
    import phonenumbers

    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164, phonenumbers.national_significant_number(number), extension)


def possible_phone(text: str, region: str) -> bool:
    """Whether a subject's phone can be read at all: some valid number, or one that is possible."""
    import phonenumbers

    if phones(text, region).numbers:
        return True
    try:
        number = phonenumbers.parse(text.strip(), region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


def plain_digits(text: str) -> str | None:
    """The digits of a text that is at most one number without extension; None: it may be more."""
    digits = text.translate(_WITHIN_A_NUMBER)
    return digits if digits.isdecimal() and digits.isascii() else None


def digit_strings(text: str) -> tuple[str, ...] | None:
    """All digits of an ASCII text, also with letters read as on a keypad; None: look closer.

    It costs a hundredth of reading numbers, and every valid number in the text has its last digits
    somewhere in one of these strings.
    """
    if not text.isascii():
        return None
    return text.translate(_DIGITS_ONLY), text.translate(_KEYPAD_DIGITS)


def id_key(value: Any) -> str | None:
    """The key of an id: the text of a text or whole number."""
    if isinstance(value, str):
        return value.strip()[:MAX_LENGTH] or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
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
