"""Quick coverage: looks up what the API can filter, after each filter stood a trial.

The vendor documents filters, but not how they compare, and a filter that is ignored returns everybody.
So before one is relied upon it is tried in the same run: a value that cannot exist must return
nothing; a value taken from a listed object must return that object; and so must the same value in
another letter case or, for a phone, in another spelling. What a filter did not pass is not relied
upon: its field counts as not looked at. Whatever a filter returns is compared here all the same, so
it never shows a stranger's record.

No value with a comma or an equals sign is ever sent in a filter: they have a meaning there, and no
way to escape them is documented.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import attrs
import idna

from te_connector.api.client import Client
from te_connector.api.pages import Item, params_of, read_page
from te_connector.errors import PastEnd, Rejected
from te_connector.manifest.model import FieldMapping, IdentifierKind, ObjectType
from te_connector.matching.emails import email_key
from te_connector.matching.ids import id_key
from te_connector.matching.matcher import ChildMatcher, Matcher
from te_connector.matching.phones import phones
from te_connector.search.findings import Findings
from te_connector.search.scan import Search, ids_asked, read_ids
from te_connector.text.field_paths import steps_of, values_at

_MOST_PAGES = 5
"""A filter that returns more pages than this does not narrow anything down."""
_NOT_AN_ID = "9007199254740993"


@attrs.frozen
class Verdict:
    """What a filter passed, and why not more.

    ``any`` spelling will do; ``digits``: a phone in any spelling, but with its country and without
    are two; ``exact``: the exact text alone; or ``nothing``.
    """

    passed: Literal["any", "digits", "exact", "nothing"]
    why: str = ""

    @property
    def relied_upon(self) -> bool:
        """Whether what the filter does not return is not there."""
        return self.passed in ("any", "digits")


def _sendable(value: str) -> bool:
    return value != "" and "," not in value and "=" not in value and value.isprintable()


class Filters:
    """The filters of one object type, tried when they are first needed."""

    def __init__(self, client: Client, object_type: ObjectType) -> None:
        self._client = client
        self._type = object_type
        self._sample: list[Item] | None = None

    def sample(self) -> list[Item]:
        """The objects of the list's first page, from which trials take their values."""
        if self._sample is None:
            try:
                params = params_of(self._client, self._type, 1)
                self._sample = read_page(self._client, self._type, params)[1]
            except PastEnd:
                self._sample = []
        return self._sample

    def ask(self, name: str, value: str, most: int = _MOST_PAGES) -> list[Item] | None:
        """The objects that a filter returns; None where they are more pages than it should be.

        :raises Rejected: the server refused the filter.
        """
        found: list[Item] = []
        for number in range(1, most + 1):
            params = params_of(self._client, self._type, number)
            params[self._client.settings.manifest.filter_param] = f"{name}={value}"
            try:
                page, items = read_page(self._client, self._type, params)
            except PastEnd:
                return found
            found.extend(items)
            if not page.goes_on:
                return found
        return None

    def try_out(self, name: str, way: str, kind: IdentifierKind) -> Verdict:
        """Put one filter on trial."""
        try:
            if self.ask(name, _impossible(kind), 1) != []:
                return Verdict(
                    "nothing", "its filter returns objects for a value that no object has"
                )
            sample = self._sample_value(way, kind)
            if sample is None:
                return Verdict(
                    "nothing", "no listed object has a value there to try its filter with"
                )
            owner, value = sample
            if not self._returns(name, value, owner):
                return Verdict("nothing", "its filter does not return an object that has the value")
            for other, failed in _other_spellings(value, kind):
                if not self._returns(name, other, owner):
                    return failed
        except Rejected:
            return Verdict("nothing", "the server refuses its filter")
        return Verdict("any")

    def _returns(self, name: str, value: str, owner: str) -> bool:
        items = self.ask(name, value) or []
        return any(id_key(item.get(self._type.id_field)) == owner for item in items)

    def _sample_value(self, way: str, kind: IdentifierKind) -> tuple[str, str] | None:
        """An object's id and its value in the field, one that its filter can be tried with."""
        for item in self.sample():
            owner = id_key(item.get(self._type.id_field))
            for value in values_at(item, steps_of(way)):
                text = id_key(value)
                if owner and text and _sendable(text) and _telling(text, kind):
                    return owner, text
        return None


def _telling(value: str, kind: IdentifierKind) -> bool:
    """Whether a value can be spelled otherwise, so that trying it says something."""
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


def _other_spellings(value: str, kind: IdentifierKind) -> list[tuple[str, Verdict]]:
    """The value as an honest filter should find it too, and what it is if it does not."""
    exact = Verdict("exact", "its filter compares the exact text")
    if kind.compare == "email":
        return [(value.swapcase(), exact)]
    if kind.compare == "phone":
        read = phones(value, kind.region)
        (number,) = read.numbers
        spaced = " ".join(read.digits)
        abroad = number.e164 if read.digits == number.national else number.national
        return [(spaced, exact), (abroad, Verdict("digits"))]
    return []


def _queries(values: Iterable[str], kind: IdentifierKind, verdict: Verdict) -> list[str]:
    """What is sent for subjects' values: one spelling where the filter finds any, else several."""
    queries: list[str] = []
    for value in values:
        text = value.strip()
        if kind.compare == "email":
            queries += _email_queries(text, exact=verdict.passed == "exact")
        elif kind.compare == "phone":
            queries += _phone_queries(text, kind, verdict)
        elif kind.compare == "external_id":
            queries += _after_colons(text)
        else:
            queries.append(text)
    return list(dict.fromkeys(queries))


def _phone_queries(text: str, kind: IdentifierKind, verdict: Verdict) -> list[str]:
    """With the country, and without it unless the filter sees no difference."""
    queries = [text] if verdict.passed == "exact" else []
    for number in phones(text, kind.region).numbers:
        queries.append(number.e164)
        if verdict.passed != "any":
            queries.append(number.national)
    return queries


def _email_queries(text: str, *, exact: bool) -> list[str]:
    """The key, and the texts that are the same address but for the spelling of what is not ASCII."""
    key = email_key(text) or text
    queries = [key]
    if exact or not text.isascii():
        queries.insert(0, text)
    local, _, domain = key.rpartition("@")
    if "xn--" in domain:
        with contextlib.suppress(UnicodeError):
            queries.append(f"{local}@{idna.decode(domain)}")
    return queries


def _after_colons(text: str) -> list[str]:
    """An external id as it was given, and without what may be its source."""
    queries, colon = [text], ":"
    while colon:
        _, colon, text = text.partition(":")
        queries.append(text)
    return [query for query in queries if query]


def look_quickly(search: Search, matcher: Matcher, findings: Findings) -> None:
    """Look up what can be looked up; say what was not looked at."""
    object_type, kinds = findings.object_type, search.client.settings.manifest.kinds
    findings.method, findings.fields = "lookup", {}
    filters = Filters(search.client, object_type)
    asked = [mapped for mapped in object_type.mapped if mapped.kind in matcher.fields]
    whole = True
    for mapped in asked:
        if mapped.by_id:
            read_ids(search, matcher, findings, ids_asked(search, object_type))
            findings.fields.setdefault(mapped.kind, []).append(mapped.field)
            continue
        whole = False
        verdict = _look_up(search, matcher, findings, filters, mapped, kinds[mapped.kind])
        if verdict.relied_upon:
            findings.fields.setdefault(mapped.kind, []).append(mapped.field)
        else:
            findings.reasons.append(f"{mapped.field} was not looked at: {verdict.why}")
    findings.complete = whole
    if not whole:
        findings.reasons.append(
            "quick coverage looks up by filters and does not read the whole list"
        )
    findings.seen = max(findings.seen, len(findings.owners()))


_TRIAL = {"email": 3, "phone": 4, "id": 2, "external_id": 2}
"""So many requests a filter's trial takes: what cannot exist, a sample, and its other spellings."""


def requests_expected(search: Search, object_type: ObjectType, matcher: Matcher) -> int:
    """How many requests lookups by filter take at most, where every filter stands its trial."""
    kinds = search.client.settings.manifest.kinds
    filtered = [
        mapped
        for mapped in object_type.mapped
        if mapped.kind in matcher.fields and mapped.filter is not None
    ]
    count = 1 if filtered else 0  # the page that samples are taken from
    for mapped in filtered:
        kind = kinds[mapped.kind]
        values = [
            value for subject in search.subjects for value in subject.values.get(kind.name, ())
        ]
        likely = Verdict("digits" if kind.compare == "phone" else "any")
        queries = [query for query in _queries(values, kind, likely) if _sendable(query)]
        count += _TRIAL[kind.compare] + len(queries)
    return count


def _look_up(
    search: Search,
    matcher: Matcher,
    findings: Findings,
    filters: Filters,
    mapped: FieldMapping,
    kind: IdentifierKind,
) -> Verdict:
    if mapped.filter is None:
        return Verdict("nothing", "the API has no filter for it")
    verdict = filters.try_out(mapped.filter, mapped.field, kind)
    if verdict.passed == "nothing":
        return verdict
    values = [value for subject in search.subjects for value in subject.values.get(kind.name, ())]
    for query in _queries(values, kind, verdict):
        if not _sendable(query):
            verdict = Verdict(
                "exact", "a value with a comma or an equals sign is not sent in a filter"
            )
            continue
        try:
            items = filters.ask(mapped.filter, query)
        except Rejected:
            return Verdict("nothing", "the server refuses its filter for what was asked")
        if items is None:
            return Verdict("nothing", "its filter returns more objects than it should")
        findings.take(matcher, items)
    return verdict


def look_up_children(
    search: Search, parents: Mapping[str, Sequence[str]], findings: Findings
) -> None:
    """Look up the children of the parents that were found, where a filter stands its trial."""
    object_type = findings.object_type
    parent = object_type.parent
    assert parent is not None
    if parent.filter is None:
        findings.reasons.append(f"{parent.field} was not looked at: the API has no filter for it")
        return
    kind = IdentifierKind(parent.object, parent.object, "id", "US")
    filters = Filters(search.client, object_type)
    verdict = filters.try_out(parent.filter, parent.field, kind)
    if verdict.passed == "nothing":
        findings.reasons.append(f"{parent.field} was not looked at: {verdict.why}")
        return
    findings.method, findings.fields = "lookup", object_type.fields()
    matcher = ChildMatcher(object_type, parents)
    for name in parents:
        items = filters.ask(parent.filter, name)
        if items is None:
            findings.flaw("filter_wide", f"the filter {parent.filter} returns more than it should")
            return
        findings.take(matcher, items)
    findings.seen = len(findings.owners())
    findings.reasons.append("quick coverage looks up by filters and does not read the whole list")
