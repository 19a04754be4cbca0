"""Compares every object of a list: with the identifiers, or with the parents that were found."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import attrs

from te_connector.api.lists.reader import read_list
from te_connector.api.lists.tally import rests_on
from te_connector.manifest.model import Limit
from te_connector.matching.child_matcher import ChildMatcher
from te_connector.matching.matcher import Matcher
from te_connector.search.collector import Collector
from te_connector.search.context import Search
from te_connector.search.ids import read_ids
from te_connector.search.outcome import Note, Outcome
from te_connector.search.strategy import Strategy

_READ_AFTER_SCAN = 10
"""At most this many ids that the list lacks are read one by one, and one more for each 20 pages."""


def scan(search: Search, strategy: Strategy) -> Outcome:
    """Compare every object of the list, and read the given ids that the list lacks."""
    object_type = strategy.object_type
    matcher = Matcher(object_type, search.manifest.kinds, strategy.subjects)
    collector = Collector(object_type, matcher)
    blank = Outcome(object_type, "scan", fields=strategy.fields)

    def work() -> Outcome:
        outcome = _read_list(search, blank, collector)
        known = outcome.compared.owners()
        missing = [object_id for object_id in strategy.ids if object_id not in known]
        return _with_unlisted(search, outcome, missing, collector) if missing else outcome

    return search.guarded(blank, collector, work)


def scan_children(
    search: Search, strategy: Strategy, parents: Mapping[str, Sequence[str]]
) -> Outcome:
    """Compare every object of a child type with the parents: id -> subjects."""
    object_type = strategy.object_type
    collector = Collector(object_type, ChildMatcher(object_type, parents))
    blank = Outcome(object_type, "scan", fields=strategy.fields)
    return search.guarded(blank, collector, lambda: _read_list(search, blank, collector))


def _read_list(search: Search, blank: Outcome, collector: Collector) -> Outcome:
    object_type, client, started = blank.object_type, search.client, time.monotonic()
    limit = search.manifest.requests

    def done(read: int, known: int) -> None:
        search.call.tell(
            {
                "event": "pages",
                "object_type": object_type.name,
                "read": read,
                "known": known,
                "found": collector.found,
                "sent": client.sent,
                "seconds_left": seconds_left(read, known, time.monotonic() - started, limit),
            }
        )

    tally = read_list(client, object_type, collector.add, done)
    return attrs.evolve(
        blank,
        compared=collector.compared(tally.seen),
        whole=tally.complete,
        reasons=(rests_on(tally, object_type.title.lower()),) if tally.complete else (),
        notes=tuple(
            Note("answer_cached" if what == "cached" else "list_unsteady", why)
            for what, why in tally.faults.items()
        ),
    )


def seconds_left(read: int, known: int, elapsed: float, limit: Limit) -> float | None:
    """How long the rest of a list takes: at the pace so far, and at least what the limit makes of it."""
    if read == 0 or known == 0:
        return None
    left = max(0, known - read)
    beyond = max(0, left - limit.count)  # this many requests must wait for the next windows
    return round(max(elapsed / read * left, beyond / limit.count * limit.seconds), 1)


def _with_unlisted(
    search: Search, outcome: Outcome, missing: Sequence[str], collector: Collector
) -> Outcome:
    """The outcome with the objects that the list leaves out (archived ones, say), read by id."""
    seen = outcome.compared.seen
    pages = seen // max(1, outcome.object_type.page_size)
    if len(missing) > max(_READ_AFTER_SCAN, pages // 20):
        reason = f"{len(missing)} of the ids that were given aren't in the list and weren't read"
        return attrs.evolve(outcome, reasons=(*outcome.reasons, reason))
    ids = read_ids(search, outcome.object_type, missing, collector, prove=False)
    reasons = outcome.reasons
    if ids.read:
        reasons = (*reasons, f"{ids.read} objects that the list leaves out were read by their ids")
    return attrs.evolve(
        outcome,
        compared=collector.compared(seen + ids.read),
        reasons=reasons,
        notes=(*outcome.notes, *ids.notes),
    )
