"""The subjects' e-mail addresses and ids by key, one index for each way of comparing.

An index is asked with one value of one record and adds what it shows: :class:`Evidence` if the value is
equal to a subject's, :class:`Near` if it is close. A value that fits nobody costs a few dictionary
look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat
from operator import contains
from typing import Any

from te_connector.matching.emails import (
    WITHIN_AN_ADDRESS,
    email_key,
    email_keys,
    neighborhood,
)
from te_connector.matching.evidence import Evidence, Found, Near, note
from te_connector.matching.ids import external_key, id_key, loosened
from te_connector.matching.subjects import GivenId

_GMAIL = ("@gmailcom", "@googlemailcom")
_AT_AN_END = re.compile(r"\n[.@\-_+]|[.@\-_+]\n")
"""In a text with an address on each line: a mark where a plain address has a letter or digit."""


class EmailIndex:
    """E-mail addresses. Near: a plus-tag or dots apart, lookalikes, or an address among other text."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._keys: dict[str, list[str]] = {}
        self._around: dict[str, list[str]] = {}

    def add(self, subject: str, value: str) -> None:
        """Index one subject's address."""
        key = email_key(value)
        if key is None:
            return
        note(self._keys, key, subject)
        for close in {neighborhood(key), *map(neighborhood, email_keys(value))}:
            note(self._around, close, subject)
            if close.endswith(_GMAIL[0]):  # a plain address of a record is looked up as it is
                note(self._around, close.removesuffix(_GMAIL[0]) + _GMAIL[1], subject)

    def match(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record."""
        key = value.lower()
        if key.encode("ascii", "replace").translate(None, WITHIN_AN_ADDRESS).isalnum():
            # Nearly all addresses are plain, and then this is the key.
            close = neighborhood(key) if "+" in key else key.replace(".", "")
            plain = key.count("@") == 1 and key[0].isalnum() and key[-1].isalnum()
        else:
            key = email_key(value) or ""
            close, plain = neighborhood(key), False
        if close in self._around:
            self._add(key, close, field, found)
        elif not plain:
            self._match_among_others(value, field, found)

    def fits_nobody(self, values: Sequence[str]) -> bool:
        """Whether :meth:`match` surely finds nothing for any of these values; else it may find something.

        It looks at all of them as one text. None of the values may be empty.
        """
        text = "\n".join(values).lower()
        keys = text.split("\n")
        marks = WITHIN_AN_ADDRESS + b"\n"
        if len(keys) != len(values) or not all(map(contains, keys, repeat("@"))):
            return False
        bare = text.encode("ascii", "replace").translate(None, marks)
        if not bare.isalnum() or text.count("@") != len(keys) or _AT_AN_END.search(f"\n{text}\n"):
            return False
        if "+" in text:
            close = [neighborhood(key) if "+" in key else key.replace(".", "") for key in keys]
        else:
            close = text.replace(".", "").split("\n")
        return self._around.keys().isdisjoint(close)

    def _add(self, key: str, close: str, field: str, found: Found) -> None:
        owners = self._keys.get(key, ())
        found.extend(Evidence(subject, self.kind, field) for subject in owners)
        why = f"{field} is nearly the same address"
        found.extend(Near(subject, why) for subject in self._around[close])

    def _match_among_others(self, value: str, field: str, found: Found) -> None:
        why = f"{field} holds the address among other text, or in another spelling"
        for key in email_keys(value):
            found.extend(Near(subject, why) for subject in self._around.get(neighborhood(key), ()))


class IdIndex:
    """The vendor's ids, compared as text. A bare id is strong only in the type that it means."""

    def __init__(self, kind: str, object_type: str) -> None:
        self.kind = kind
        self._type = object_type
        self._keys: dict[str, dict[tuple[str, bool], None]] = {}
        self._loose: dict[str, list[str]] = {}

    def add(self, subject: str, given: GivenId) -> None:
        """Index one subject's id; one that names another type is never compared here."""
        if given.object_type not in (None, self._type):
            return
        weak = given.meant != self._type
        self._keys.setdefault(given.object_id, {})[subject, weak] = None
        note(self._loose, loosened(given.object_id), subject)

    def fits_nobody(self, values: Sequence[str]) -> bool:
        """Whether :meth:`match` surely finds nothing for any of these values; else it may find something.

        None of the values may be empty.
        """
        text = "".join(values)
        return text.isascii() and text.isalnum() and self._keys.keys().isdisjoint(values)

    def match(self, value: str, field: str, found: Found) -> None:
        """Compare one value of a record."""
        owners = self._keys.get(value.strip())
        if owners is not None:
            found.extend(Evidence(subject, self.kind, field, weak) for subject, weak in owners)
        elif not (value.isascii() and value.isalnum()):
            why = f"{field} is the same id but for blanks or invisible characters"
            close = self._loose.get(loosened(value), ())
            found.extend(Near(subject, why) for subject in close)


class ExternalIndex:
    """The lender's own ids: with their source, or (weak) without.

    ``parts`` are all texts that an id of a record can be equal to or close to; no other is compared.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._keys: dict[str, list[str]] = {}
        self._behind_source: dict[str, list[str]] = {}
        self._loose: dict[str, list[str]] = {}
        self.parts: set[str] = set()

    def add(self, subject: str, value: str) -> None:
        """Index one subject's id."""
        key = id_key(value)
        if key is None:
            return
        note(self._keys, key, subject)
        self.parts.add(key)
        _, colon, alone = key.partition(":")
        if colon:
            note(self._behind_source, alone, subject)
        while colon:  # the source may hold a colon itself
            self.parts.add(alone)
            self.parts.add(alone.strip())
            _, colon, alone = alone.partition(":")
        loose, colon = loosened(key), ":"
        while colon:
            note(self._loose, loose, subject)
            self.parts.add(loose)
            _, colon, loose = loose.partition(":")

    def wants(self, value: str) -> bool:
        """Whether an id of a record needs a closer look."""
        if value in self.parts:
            return True
        if value.isascii() and value.isprintable() and " " not in value:
            return False  # nearly all are like that, and then the id has one spelling
        return loosened(value) in self._loose

    def match(self, value: str, source: Any, field: str, found: Found) -> None:
        """Compare one id of a record, with the source beside it."""
        alone = value.strip()
        whole = external_key(source, alone)
        exact = len(found)
        for subject in self._keys.get(whole or "", ()):
            found.append(Evidence(subject, self.kind, field))
        for subject in self._keys.get(alone, ()):
            found.append(Evidence(subject, self.kind, field, weak=True))
        why = f"{field} is the same id of another source, or of none"
        found.extend(Near(subject, why) for subject in self._behind_source.get(alone, ()))
        if len(found) == exact:
            why = f"{field} is the same id but for blanks or invisible characters"
            close = self._loose.get(loosened(alone), ())
            found.extend(Near(subject, why) for subject in close)
