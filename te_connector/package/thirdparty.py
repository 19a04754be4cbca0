"""Released fields that can be about other people: a hint for the officer, never a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from te_connector.package import words
from te_connector.package.layout import Layout
from te_connector.package.policy import Steps
from te_connector.package.selection import Released
from te_connector.package.terms import Terms
from te_connector.text.field_paths import values_at

ABOUT_OTHERS = ("third-party", "free-text")
"""Values of a schema's annotation ``x-concerns``: fields that name other people, and fields in which
somebody can have written about them (notes, custom fields, survey answers)."""


def third_party(kept: Iterable[Released], terms: Terms) -> tuple[str, ...]:
    """The filled fields, such as ``contact.owner``."""
    ways = {name: list(_ways(layout, ())) for name, layout in terms.layouts.items()}
    found = {
        ".".join((one.object_type, *steps)): None
        for one in kept
        for steps in ways.get(one.object_type, ())
        if any(not words.is_empty(value) for value in values_at(one.data, steps))
    }
    return tuple(found)


def _ways(layout: Layout, at: Steps) -> Iterator[Steps]:
    for key, field in layout.fields.items():
        if field.concerns in ABOUT_OTHERS:
            yield (*at, key)
        else:
            yield from _ways(field, (*at, key))
