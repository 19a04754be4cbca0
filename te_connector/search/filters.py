"""Asks the vendor's filters, and checks each one before it is relied on.

The vendor documents filters, but not how they compare, and a filter that is ignored returns everybody.
So each is checked in the same run: a value that can't exist must return nothing; a value taken from a
listed object must return that object; and so must the same value in another letter case or, for a
phone, in another spelling. What a filter returns is compared here all the same, so it never decides
whose an object is.

No value with a comma or an equals sign is ever sent: they have a meaning in a filter, and the API
document has no way to escape them.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from typing import Literal

import attrs
import idna

from te_connector.api.pages import Item, params_of, read_page
from te_connector.errors import PastEnd, Rejected
from te_connector.manifest.model import IdentifierKind, ObjectType
from te_connector.matching.emails import email_key
from te_connector.matching.ids import id_key
from te_connector.matching.phones import phones
from te_connector.search.context import Search
from te_connector.text.field_paths import steps_of, values_at

_MOST_PAGES = 5
"""A filter that returns more pages than this doesn't narrow anything down."""
_NOT_AN_ID = "9007199254740993"


@attrs.frozen
class FilterCheck:
    """How a filter compares, and why it can't be relied on.

    ``any`` spelling will do; ``digits``: a phone in any spelling, but with and without its country
    are different; ``exact``: the exact text alone; ``nothing``: it doesn't work.
    """

    passed: Literal["any", "digits", "exact", "nothing"]
    why: str = ""

    @property
    def relied_on(self) -> bool:
        """Whether an object that the filter doesn't return doesn't have the value."""
        return self.passed in ("any", "digits")


def sendable(value: str) -> bool:
    """Whether a value can be sent in a filter."""
    return value != "" and "," not in value and "=" not in value and value.isprintable()


class Filters:
    """The filters of one object type."""

    def __init__(self, search: Search, object_type: ObjectType) -> None:
        self._client = search.client
        self._param = search.manifest.filter_param
        self._type = object_type
        self._sample: list[Item] | None = None

    def sample(self) -> list[Item]:
        """The objects of the list's first page, from which checks take their values."""
        if self._sample is None:
            try:
                params = params_of(self._client, self._type, 1)
                self._sample = read_page(self._client, self._type, params)[1]
            except PastEnd:
                self._sample = []
        return self._sample

    def ask(self, name: str, value: str, most: int = _MOST_PAGES) -> list[Item] | None:
        """The objects that a filter returns; None if they fill more pages than they should.

        :raises Rejected: the server refused the filter.
        """
        found: list[Item] = []
        for number in range(1, most + 1):
            params = params_of(self._client, self._type, number)
            params[self._param] = f"{name}={value}"
            try:
                page, items = read_page(self._client, self._type, params)
            except PastEnd:
                return found
            found.extend(items)
            if not page.goes_on:
                return found
        return None

    def check(self, name: str, path: str, kind: IdentifierKind) -> FilterCheck:
        """Check one filter with values that can't and that do exist."""
        try:
            if self.ask(name, _impossible(kind), 1) != []:
                return FilterCheck("nothing", "its filter returns objects for an impossible value")
            sample = self._sample_value(path, kind)
            if sample is None:
                return FilterCheck(
                    "nothing", "no listed object has a value to check its filter with"
                )
            owner, value = sample
            if not self._returns(name, value, owner):
                return FilterCheck("nothing", "its filter misses an object that has the value")
            for other, failed in _other_spellings(value, kind):
                if not self._returns(name, other, owner):
                    return failed
        except Rejected:
            return FilterCheck("nothing", "the server refuses its filter")
        return FilterCheck("any")

    def _returns(self, name: str, value: str, owner: str) -> bool:
        items = self.ask(name, value) or []
        return any(id_key(item.get(self._type.id_field)) == owner for item in items)

    def _sample_value(self, path: str, kind: IdentifierKind) -> tuple[str, str] | None:
        """An object's id and its value in the field, one that its filter can be checked with."""
        for item in self.sample():
            owner = id_key(item.get(self._type.id_field))
            for value in values_at(item, steps_of(path)):
                text = id_key(value)
                if owner and text and sendable(text) and _telling(text, kind):
                    return owner, text
        return None


def _telling(value: str, kind: IdentifierKind) -> bool:
    """Whether a value can be spelled in another way, so that a check with it means something."""
    if kind.compare == "email":
        return email_key(value) is not None and value.swapcase() != value
    if kind.compare == "phone":
        numbers = phones(value, kind.region).numbers
        return len(numbers) == 1 and not numbers[0].beside
    return True


def _impossible(kind: IdentifierKind) -> str:
    """A value that no object can have."""
    if kind.compare == "email":
        return f"te-connector-{secrets.token_hex(8)}@nobody.invalid"
    if kind.compare == "phone":  # in no country, and unlike the zeros that people fill in
        return f"0000000{secrets.randbelow(10**9):09}"
    if kind.compare == "id":
        return _NOT_AN_ID
    return f"te-connector-{secrets.token_hex(8)}"


def _other_spellings(value: str, kind: IdentifierKind) -> list[tuple[str, FilterCheck]]:
    """The value as a filter should find it too, and what the filter is if it doesn't."""
    exact = FilterCheck("exact", "its filter compares the exact text")
    if kind.compare == "email":
        return [(value.swapcase(), exact)]
    if kind.compare == "phone":
        read = phones(value, kind.region)
        (number,) = read.numbers
        spaced = " ".join(read.digits)
        abroad = number.e164 if read.digits == number.national else number.national
        return [(spaced, exact), (abroad, FilterCheck("digits"))]
    return []


def queries(values: Iterable[str], kind: IdentifierKind, check: FilterCheck) -> list[str]:
    """What to send for the values: one spelling if the filter finds any, else several."""
    found: list[str] = []
    for value in values:
        text = value.strip()
        if kind.compare == "email":
            found += _email_queries(text, exact=check.passed == "exact")
        elif kind.compare == "phone":
            found += _phone_queries(text, kind, check)
        elif kind.compare == "external_id":
            found += _after_colons(text)
        else:
            found.append(text)
    return list(dict.fromkeys(found))


def _phone_queries(text: str, kind: IdentifierKind, check: FilterCheck) -> list[str]:
    """With the country, and without it unless the filter sees no difference."""
    found = [text] if check.passed == "exact" else []
    for number in phones(text, kind.region).numbers:
        found.append(number.e164)
        if check.passed != "any":
            found.append(number.national)
    return found


def _email_queries(text: str, *, exact: bool) -> list[str]:
    """The key, and the texts that are the same address but for the spelling of what isn't ASCII."""
    key = email_key(text) or text
    found = [key]
    if exact or not text.isascii():
        found.insert(0, text)
    local, _, domain = key.rpartition("@")
    if "xn--" in domain:
        with contextlib.suppress(UnicodeError):
            found.append(f"{local}@{idna.decode(domain)}")
    return found


def _after_colons(text: str) -> list[str]:
    """An external id as it was given, and without what may be its source."""
    found, colon = [text], ":"
    while colon:
        _, colon, text = text.partition(":")
        found.append(text)
    return [query for query in found if query]
