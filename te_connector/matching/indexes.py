"""The subjects' identifiers by key, one index for each way of comparing.

Each index is asked with one value of one record and adds what it finds to ``evidence`` (equal) or to
``near`` (close, but not equal). A look that finds nothing costs a few dictionary look-ups.
"""

from __future__ import annotations

from typing import Any

import attrs

from te_connector.matching.identifiers import (
    TAIL,
    WITHIN_A_NUMBER,
    WITHIN_AN_ADDRESS,
    digit_strings,
    email_key,
    email_keys,
    email_neighbourhood,
    external_key,
    id_key,
    own_code,
    phones,
    shortest_number,
)


@attrs.frozen
class Evidence:
    """One reason why a record is a subject's.

    ``weak`` is a reason that is weak by itself: a number with an extension, an external id without
    its source. ``number`` is the E.164 form where a phone matched, ``parent`` the parent's id in a
    child type.
    """

    subject: str
    identifier: str
    field: str
    weak: bool = False
    number: str | None = attrs.field(default=None, repr=False)
    parent: str | None = None


@attrs.frozen
class Near:
    """Close to a subject's identifier, but not equal to it."""

    subject: str
    why: str


Found = list[Evidence | Near]
"""Where a look at one record puts what it finds."""


def _note(index: dict[str, list[str]], key: str, subject: str) -> None:
    owners = index.setdefault(key, [])
    if subject not in owners:
        owners.append(subject)


class EmailIndex:
    """E-mail addresses; near are those a plus-tag or dots apart, or one among others in a field."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._keys: dict[str, list[str]] = {}
        self._around: dict[str, list[str]] = {}

    def add(self, subject: str, value: str) -> None:
        """Index one subject's address."""
        key = email_key(value)
        if key is not None:
            _note(self._keys, key, subject)
            _note(self._around, email_neighbourhood(key), subject)

    def look(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record."""
        key = value.lower()
        plain = key.encode("ascii", "replace").translate(None, WITHIN_AN_ADDRESS).isalnum()
        if not plain:  # nearly all are, and then this is the key
            key = email_key(value) or ""
        around = email_neighbourhood(key) if "+" in key else key.replace(".", "")
        if around in self._around:
            self._tell(key, around, field, found)
        elif not plain:
            self._among_others(value, field, found)

    def _tell(self, key: str, around: str, field: str, found: Found) -> None:
        owners = self._keys.get(key, ())
        found.extend(Evidence(subject, self.kind, field) for subject in owners)
        why = f"{field} is the same address but for a plus-tag or dots"
        found.extend(Near(subject, why) for subject in self._around[around])

    def _among_others(self, value: str, field: str, found: Found) -> None:
        why = f"{field} holds the address among other text"
        for key in email_keys(value):
            found.extend(Near(subject, why) for subject in self._keys.get(key, ()))


class PhoneIndex:
    """Phone numbers. Read in full only where a field's digits hold the tail of a wanted number."""

    def __init__(self, kind: str, region: str) -> None:
        self.kind = kind
        self.region = region
        self._numbers: dict[str, list[tuple[str, bool]]] = {}
        self._ends: dict[str, list[str]] = {}
        self._tails: set[bytes] = set()
        self._lengths: set[int] = set()
        # So many digits at least stand before the end of a number that is not of another country.
        # Where a tail is not of the usual length, numbers are looked for anywhere.
        self._least = max(TAIL, shortest_number(region))
        self._usual = TAIL
        self._code = own_code(region)

    def add(self, subject: str, value: str) -> None:
        """Index one subject's number. One that is not valid is only ever near."""
        read = phones(value, self.region)
        for number in read.numbers:
            owner = (subject, number.extension)
            owners = self._numbers.setdefault(number.e164, [])
            if owner not in owners:
                owners.append(owner)
            self._add_tail(number.tail)
            self._add_end(number.national, subject)
        if not read.numbers:
            self._add_end(read.digits, subject)

    def _add_end(self, digits: str, subject: str) -> None:
        if len(digits) >= TAIL:
            _note(self._ends, digits[-TAIL:], subject)
            self._add_tail(digits[-TAIL:])

    def _add_tail(self, tail: str) -> None:
        self._tails.add(tail.encode())
        self._lengths.add(len(tail))
        if len(tail) != TAIL:
            self._least = self._usual = 0

    def look(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record."""
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
        if not strings or self._hold_tail(strings, least):
            self._look_closely(value, field, found)

    def _hold_tail(self, strings: tuple[bytes, ...], least: int) -> bool:
        """Whether a wanted tail stands where a number can end: not before ``least`` digits."""
        tails = self._tails
        for digits in strings:
            for length in self._lengths:
                end = len(digits)
                while end >= least or end == len(digits):
                    if digits[end - length : end] in tails:
                        return True
                    end -= 1
        return False

    def _look_closely(self, value: str, field: str, found: Found) -> None:
        read = phones(value, self.region)
        for number in read.numbers:
            for subject, extension in self._numbers.get(number.e164, ()):
                weak = extension or number.extension
                found.append(Evidence(subject, self.kind, field, weak, number.e164))
        ends = {number.national[-TAIL:] for number in read.numbers}
        if not read.numbers:
            ends = {read.digits[end - TAIL : end] for end in range(TAIL, len(read.digits) + 1)}
        why = self._why(field, read.digits, bool(read.numbers))
        found.extend(Near(subject, why) for end in ends for subject in self._ends.get(end, ()))

    def _why(self, field: str, digits: str, valid: bool) -> str:
        if valid:
            return f"{field} ends in the same seven digits under another area code or country"
        if len(digits) <= TAIL:
            return f"{field} holds the same seven digits without an area code"
        return f"{field} holds the same seven digits, but no valid number of this region"


class IdIndex:
    """Ids, compared as text."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._keys: dict[str, list[str]] = {}

    def add(self, subject: str, value: str) -> None:
        """Index one subject's id."""
        key = id_key(value)
        if key is not None:
            _note(self._keys, key, subject)

    def look(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record."""
        for subject in self._keys.get(value.strip(), ()):
            found.append(Evidence(subject, self.kind, field))


class ExternalIndex:
    """The lender's own ids: with their source, or (weak) without.

    ``parts`` are all texts that an id of a record can be equal or close by; any other needs no look.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._keys: dict[str, list[str]] = {}
        self._behind_source: dict[str, list[str]] = {}
        self.parts: set[str] = set()

    def add(self, subject: str, value: str) -> None:
        """Index one subject's id."""
        key = id_key(value)
        if key is not None:
            _note(self._keys, key, subject)
            self.parts.add(key)
            _, colon, alone = key.partition(":")
            if colon:
                _note(self._behind_source, alone, subject)
            while colon:  # the source may hold a colon itself
                self.parts.add(alone)
                _, colon, alone = alone.partition(":")

    def look(self, value: str, source: Any, field: str, found: Found) -> None:
        """Compare one id of a record, with the source that stands beside it."""
        alone = value.strip()
        whole = external_key(source, alone)
        for subject in self._keys.get(whole or "", ()):
            found.append(Evidence(subject, self.kind, field))
        for subject in self._keys.get(alone, ()):
            found.append(Evidence(subject, self.kind, field, weak=True))
        why = f"{field} is the same id of another source, or of none"
        found.extend(Near(subject, why) for subject in self._behind_source.get(alone, ()))
