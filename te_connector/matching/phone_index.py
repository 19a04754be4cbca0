"""The subjects' phone numbers, by the digits that a record's text must hold to be worth reading."""

from __future__ import annotations

from collections.abc import Sequence

from te_connector.matching.evidence import Evidence, Found, Near, note
from te_connector.matching.phones import (
    TAIL,
    WITHIN_A_NUMBER,
    digit_strings,
    national_digits,
    phones,
)
from te_connector.matching.regions import own_code, shortest_number


class PhoneIndex:
    """Phone numbers of subjects. A text is read in full only if its digits hold a subject's tail.

    ``alone_strong``: what the manifest says of a match by nothing but a phone. Otherwise every match
    by phone is weak, because numbers are reassigned and shared.
    """

    def __init__(self, kind: str, region: str, *, alone_strong: bool = False) -> None:
        self.kind = kind
        self.region = region
        self._alone_strong = alone_strong
        self._numbers: dict[str, dict[tuple[str, bool], None]] = {}
        self._ends: dict[str, list[str]] = {}
        self._tails: set[bytes] = set()
        self._lengths: set[int] = set()
        # A number that is not of another country has at least this many digits before its end. If a
        # tail has another length than usual, numbers are looked for anywhere.
        self._least = max(TAIL, shortest_number(region))
        self._usual = TAIL
        self._code = own_code(region)

    def add(self, subject: str, value: str) -> None:
        """Index one subject's number. One that is not valid is only ever near."""
        read = phones(value, self.region)
        for number in read.numbers:
            self._numbers.setdefault(number.e164, {})[subject, number.beside] = None
            self._add_tail(number.tail)
            self._add_end(number.national, subject)
        if not read.numbers:
            self._add_end(read.digits, subject)
            self._add_end(national_digits(value, self.region), subject)

    def match(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record, and add what it shows to ``found``."""
        least = self._least
        if "+" in value and not value.startswith(self._code):
            least = self._usual  # a number of another country
        digits = value.encode("ascii", "replace").translate(None, WITHIN_A_NUMBER)
        if digits.isdigit():
            if len(digits) <= least and digits[-TAIL:] not in self._tails:
                return
            strings: tuple[bytes, ...] = (digits,)
        else:
            strings = digit_strings(value)
        if not strings or self._holds_a_tail(strings, least):
            self._match_closely(value, field, found)

    def fits_nobody(self, values: Sequence[str]) -> bool:
        """Whether :meth:`match` surely finds nothing for any of these values; else it may find something.

        It looks at all of them as one text. None of the values may be empty.
        """
        text = "\n".join(values)
        if text.count("+") != f"\n{text}".count(f"\n{self._code}"):
            return False  # numbers of other countries, or marks in an odd place
        numbers = text.encode("ascii", "replace").translate(None, WITHIN_A_NUMBER).split(b"\n")
        if len(numbers) != len(values) or b"" in numbers or not b"".join(numbers).isdigit():
            return False
        if max(map(len, numbers)) > self._least:
            return False
        return self._tails.isdisjoint([number[-TAIL:] for number in numbers])

    def _add_end(self, digits: str, subject: str) -> None:
        if len(digits) >= TAIL:
            note(self._ends, digits[-TAIL:], subject)
            self._add_tail(digits[-TAIL:])

    def _add_tail(self, tail: str) -> None:
        self._tails.add(tail.encode())
        self._lengths.add(len(tail))
        if len(tail) != TAIL:
            self._least = self._usual = 0

    def _holds_a_tail(self, strings: tuple[bytes, ...], least: int) -> bool:
        """Whether a subject's tail is where a number can end: not before ``least`` digits."""
        tails = self._tails
        for digits in strings:
            for length in self._lengths:
                end = len(digits)
                while end >= least or end == len(digits):
                    if digits[end - length : end] in tails:
                        return True
                    end -= 1
        return False

    def _match_closely(self, value: str, field: str, found: Found) -> None:
        read = phones(value, self.region)
        for number in read.numbers:
            for subject, beside in self._numbers.get(number.e164, ()):
                weak = not self._alone_strong or beside or number.beside
                found.append(Evidence(subject, self.kind, field, weak, number.e164))
        ends = {number.national[-TAIL:] for number in read.numbers}
        ends.update(read.digits[end - TAIL : end] for end in range(TAIL, len(read.digits) + 1))
        why = _why(field, read.digits, valid=bool(read.numbers))
        found.extend(Near(subject, why) for end in ends for subject in self._ends.get(end, ()))


def _why(field: str, digits: str, *, valid: bool) -> str:
    if valid:
        return f"{field} ends in the same seven digits, under another area code or country"
    if len(digits) <= TAIL:
        return f"{field} holds the same seven digits without an area code"
    return f"{field} holds the same seven digits, but no valid number"
