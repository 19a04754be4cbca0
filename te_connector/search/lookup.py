"""Quick coverage: looks up what the API can filter, and says what that leaves out.

A lookup by filter is never complete: the API document doesn't say how filters compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from te_connector.errors import Rejected
from te_connector.manifest.model import FieldMapping, IdentifierKind
from te_connector.matching.child_matcher import ChildMatcher
from te_connector.matching.matcher import Matcher
from te_connector.search.collector import Collector
from te_connector.search.context import Search
from te_connector.search.filters import FilterCheck, Filters, queries, sendable
from te_connector.search.ids import read_ids
from te_connector.search.outcome import Note, Outcome
from te_connector.search.strategy import Strategy

_QUICK = "quick coverage looks up by filters and doesn't read the whole list"
_CHECK_COST = {"email": 3, "phone": 4, "id": 2, "external_id": 2}
"""How many requests a filter's check takes: an impossible value, a sample, its other spellings."""


def look_up(search: Search, strategy: Strategy) -> Outcome:
    """Read the given ids, and ask the filters of the other fields."""
    object_type, kinds = strategy.object_type, search.manifest.kinds
    collector = Collector(object_type, Matcher(object_type, kinds, strategy.subjects))
    blank = Outcome(object_type, "lookup")

    def work() -> Outcome:
        filters = Filters(search, object_type)
        fields: dict[str, list[str]] = {}
        reasons, notes, read = [_QUICK], list[Note](), 0
        for mapping in _asked(strategy):
            if mapping.by_id:
                ids = read_ids(search, object_type, strategy.ids, collector)
                notes += ids.notes
                read += ids.read
                check = FilterCheck("any")
            else:
                check = _look_up(collector, filters, mapping, kinds[mapping.kind], strategy)
            if check.relied_on:
                fields.setdefault(mapping.kind, []).append(mapping.field)
            else:
                reasons.append(f"{mapping.field} wasn't compared: {check.why}")
        compared = collector.interrupted()
        return attrs.evolve(
            blank,
            compared=attrs.evolve(compared, seen=max(read, compared.seen)),
            fields=fields,
            reasons=tuple(reasons),
            notes=tuple(notes),
        )

    return search.guarded(blank, collector, work)


def _asked(strategy: Strategy) -> list[FieldMapping]:
    return [mapping for mapping in strategy.object_type.mapped if mapping.kind in strategy.fields]


def _values(strategy: Strategy, kind: str) -> list[str]:
    return [value for subject in strategy.subjects for value in subject.values.get(kind, ())]


def _look_up(
    collector: Collector,
    filters: Filters,
    mapping: FieldMapping,
    kind: IdentifierKind,
    strategy: Strategy,
) -> FilterCheck:
    if mapping.filter is None:
        return FilterCheck("nothing", "the API has no filter for it")
    check = filters.check(mapping.filter, mapping.field, kind)
    if check.passed == "nothing":
        return check
    for query in queries(_values(strategy, kind.name), kind, check):
        if not sendable(query):
            check = FilterCheck(
                "exact", "a value with a comma or an equals sign can't be filtered by"
            )
            continue
        try:
            items = filters.ask(mapping.filter, query)
        except Rejected:
            return FilterCheck("nothing", "the server refuses its filter for what was given")
        if items is None:
            return FilterCheck("nothing", "its filter returns more objects than it should")
        collector.add(items)
    return check


def look_up_children(
    search: Search, strategy: Strategy, parents: Mapping[str, Sequence[str]]
) -> Outcome:
    """Look up the children of each parent, if the filter by parent passes its check."""
    object_type = strategy.object_type
    parent = object_type.parent
    assert parent is not None
    assert parent.filter is not None  # the strategy skips a type without one
    name = parent.filter
    collector = Collector(object_type, ChildMatcher(object_type, parents))
    others = [
        f"{field} wasn't compared: the API has no filter for it" for field in parent.fields[1:]
    ]
    compared = {parent.object: [parent.field]}
    blank = Outcome(object_type, "lookup", fields=compared, reasons=(_QUICK, *others))

    def work() -> Outcome:
        filters = Filters(search, object_type)
        kind = IdentifierKind(parent.object, parent.object, "id")
        check = filters.check(name, parent.field, kind)
        if check.passed == "nothing":
            reason = f"{parent.field} wasn't compared: {check.why}"
            return Outcome(object_type, "skipped", reasons=(reason,))
        for object_id in parents:
            items = filters.ask(name, object_id)
            if items is None:
                wide = Note("filter_wide", f"the filter {name} returns more than it should")
                return attrs.evolve(blank, compared=collector.interrupted(), notes=(wide,))
            collector.add(items)
        return attrs.evolve(blank, compared=collector.interrupted())

    return search.guarded(blank, collector, work)


def requests_expected(search: Search, strategy: Strategy) -> int:
    """How many requests the lookups by filter take at most, if every filter passes its check."""
    filtered = [mapping for mapping in _asked(strategy) if mapping.filter is not None]
    count = 1 if filtered else 0  # the page that samples are taken from
    for mapping in filtered:
        kind = search.manifest.kinds[mapping.kind]
        likely = FilterCheck("digits" if kind.compare == "phone" else "any")
        asked = queries(_values(strategy, kind.name), kind, likely)
        count += _CHECK_COST[kind.compare] + sum(map(sendable, asked))
    return count
