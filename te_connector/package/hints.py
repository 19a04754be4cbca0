"""Hints for the officer, never decisions: rules that matched nothing, and fields about other people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from te_connector.contract import Record
from te_connector.package import words
from te_connector.package.policy import Policy
from te_connector.package.redaction import matches
from te_connector.package.rules import Withhold
from te_connector.package.selection import Released
from te_connector.package.terms import Terms
from te_connector.result import Result
from te_connector.text.field_paths import values_at

ABOUT_OTHERS = ("third-party", "free-text")
"""Values of a schema's annotation ``x-concerns``: fields that name other people, and fields in which
somebody can have written about them (notes, custom fields, survey answers)."""


def third_party(kept: Iterable[Released], terms: Terms) -> tuple[str, ...]:
    """The filled fields, such as ``contact.owner``."""
    ways = {name: list(layout.marked(*ABOUT_OTHERS)) for name, layout in terms.layouts.items()}
    found = {
        ".".join((one.object_type, *steps)): None
        for one in kept
        for steps in ways.get(one.object_type, ())
        if any(not words.is_empty(value) for value in values_at(one.data, steps))
    }
    return tuple(found)


def unused_rules(result: Result, policy: Policy) -> tuple[str, ...]:
    """A sentence for each rule that matched nothing, although the result has objects of its type."""
    records: dict[str, list[Record]] = {}
    for record in result.records:
        records.setdefault(record["object_type"], []).append(record)
    return tuple(_sentences(records, policy))


def _sentences(records: Mapping[str, Sequence[Record]], policy: Policy) -> Iterator[str]:
    for name, rule in policy.rules.items():
        data = [record["data"] for record in records.get(name, ())]
        if not data:
            continue
        for entry in rule.withhold:
            if not any(matches(item, entry) for item in data):
                yield f"{name}: {_written(entry)} matched nothing.{_suggestion(entry, data)}"
        for steps in rule.only or ():
            if not any(True for item in data for _ in values_at(item, steps)):
                yield f"{name}: only: {'.'.join(steps)} matched nothing."


def _written(entry: Withhold) -> str:
    where = ", ".join(f"{key}: {value}" for key, value in entry.where.items())
    return f"withhold: {'.'.join(entry.field)}" + (f" where {where}" if where else "")


def _suggestion(entry: Withhold, data: Sequence[Mapping[str, Any]]) -> str:
    for key, value in entry.where.items():
        known = {
            str(found).strip()
            for item in data
            for found in values_at(item, (*entry.field, key))
            if isinstance(found, str | int | float)
        }
        close = difflib.get_close_matches(str(value), sorted(known), n=1, cutoff=0.6)
        if close and close[0] != str(value):
            return f" Did you mean {key}: {close[0]}?"
    return ""
