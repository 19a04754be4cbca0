"""Carries out the strategies: parents first, each type's outcome as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from te_connector.errors import ConnectorError, DeadlineReached
from te_connector.matching.matcher import Matcher
from te_connector.search.collector import Collector
from te_connector.search.context import Search
from te_connector.search.ids import read_ids
from te_connector.search.lookup import look_up, look_up_children
from te_connector.search.outcome import Note, Outcome
from te_connector.search.scan import scan, scan_children
from te_connector.search.strategy import Strategy


def search_types(search: Search, strategies: Sequence[Strategy]) -> dict[str, Outcome]:
    """The outcome of each type, in the order of the strategies (parents first)."""
    outcomes: dict[str, Outcome] = {}
    named: dict[str, Mapping[str, Sequence[str]]] = {}
    for strategy in strategies:
        item = strategy.object_type
        named[item.name] = strategy.named
        try:
            search.client.check()
        except DeadlineReached as error:
            outcomes[item.name] = _not_begun(strategy, error)
            continue
        search.call.tell({"event": "object_type", "object_type": item.name})
        if item.parent is None or strategy.how == "skip":
            outcomes[item.name] = _search(search, strategy)
        else:
            above = outcomes[item.parent.object]
            outcomes[item.name] = _below(search, strategy, above, named[item.parent.object])
    return outcomes


def _not_begun(strategy: Strategy, error: ConnectorError) -> Outcome:
    note = Note(error.code, "the deadline passed before the search of this type began")
    return Outcome(strategy.object_type, "scan", notes=(note,))


def _search(search: Search, strategy: Strategy) -> Outcome:
    if strategy.how == "scan":
        return scan(search, strategy)
    if strategy.how == "ids":
        return _by_ids(search, strategy)
    if strategy.how == "filters":
        return look_up(search, strategy)
    return Outcome(strategy.object_type, "skipped", reasons=(strategy.reason,))


def _by_ids(search: Search, strategy: Strategy) -> Outcome:
    """Only ids were given: read each of them."""
    object_type = strategy.object_type
    matcher = Matcher(object_type, search.manifest.kinds, strategy.subjects)
    collector = Collector(object_type, matcher)
    blank = Outcome(object_type, "lookup", fields=strategy.fields)

    def work() -> Outcome:
        ids = read_ids(search, object_type, strategy.ids, collector)
        return attrs.evolve(
            blank,
            compared=collector.compared(ids.read),
            whole=True,
            reasons=(
                "each id that was given was read",
                *(["the list is empty"] if ids.list_empty else []),
            ),
            notes=ids.notes,
        )

    return search.guarded(blank, collector, work)


def _below(
    search: Search,
    strategy: Strategy,
    above: Outcome,
    named: Mapping[str, Sequence[str]],
) -> Outcome:
    """Search a child type; it's no more complete than the search of its parents."""
    title, object_type = above.object_type.name, strategy.object_type
    parents = _parents(above, named)
    later = f"What belonged to a {title} that was deleted earlier is only found by the {title}'s id"
    if not parents:
        return Outcome(
            object_type,
            "skipped",
            whole=above.complete,
            fields=strategy.fields,
            reasons=(
                f"no {title} was found, so nothing of this type can belong to one. {later}"
                if above.complete
                else f"no {title} was found, but not every {title} was compared",
            ),
        )
    if strategy.how == "children_by_filter":
        return look_up_children(search, strategy, parents)
    outcome = scan_children(search, strategy, parents)
    if above.complete:
        return attrs.evolve(outcome, reasons=(". ".join((*outcome.reasons, later)),))
    reason = f"not every {title} was compared, so there may be more"
    return attrs.evolve(outcome, whole=False, reasons=(reason, *outcome.reasons))


def _parents(above: Outcome, named: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The parents whose children belong to a subject: those found, and those named by their id.

    A parent that is gone is still named by its children.
    """
    parents = above.compared.owners()
    for object_id, subjects in named.items():
        known = parents.get(object_id, [])
        parents[object_id] = list(dict.fromkeys([*known, *subjects]))
    return parents
