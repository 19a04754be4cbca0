"""The short answers at the top of the page, drawn from the objects that go out and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from te_connector.package import words
from te_connector.package.rows import ANSWERS
from te_connector.package.searched import Searched
from te_connector.package.selection import Released
from te_connector.package.terms import Terms
from te_connector.text.field_paths import steps_of, values_at

LAST_CONTACT = "last_contacted_date"

Anchored = tuple[str, Released]
"""The place of an object on the page, and the object."""


@attrs.frozen
class Held:
    """An address or a number that is held."""

    text: str
    title: str
    anchor: str


@attrs.frozen
class Survey:
    """A survey response: which survey, when (for machines, for people), and where it stands."""

    name: str
    date: tuple[str, str] | None
    anchor: str


@attrs.frozen
class Glance:
    """What the reader asks first."""

    emails: tuple[Held, ...]
    phones: tuple[Held, ...]
    surveys: tuple[Survey, ...]
    surveys_searched: str
    last_contact: tuple[tuple[str, str], str] | None


def glance(anchored: Sequence[Anchored], terms: Terms, searched: Sequence[Searched]) -> Glance:
    """The answers for one subject."""
    return Glance(
        emails=_held("email", anchored, terms),
        phones=_held("phone", anchored, terms),
        surveys=tuple(
            Survey(survey_name(kept.data) or terms.title(kept.object_type), _date(kept), anchor)
            for anchor, kept in anchored
            if kept.data.get(ANSWERS)
        ),
        surveys_searched=_surveys_searched(terms, searched),
        last_contact=_last_contact(anchored),
    )


def _held(compare: str, anchored: Sequence[Anchored], terms: Terms) -> tuple[Held, ...]:
    """The values of all fields that the manifest maps to kinds which compare so."""
    kinds = {name for name, kind in terms.manifest.kinds.items() if kind.compare == compare}
    ways = {
        name: [
            (terms.field(name, mapped.field), steps_of(mapped.field))
            for mapped in item.mapped
            if mapped.kind in kinds
        ]
        for name, item in terms.manifest.objects.items()
    }
    held: dict[str, Held] = {}
    for anchor, kept in anchored:
        for title, steps in ways.get(kept.object_type, ()):
            for value in values_at(kept.data, steps):
                if isinstance(value, (str, int)) and not words.is_empty(value):
                    text = words.scalar(value)
                    held.setdefault(text.casefold(), Held(text, title, anchor))
    return tuple(held.values())


def survey_name(data: dict[str, Any]) -> str:
    """The name of the survey that a response answers; empty if the data does not tell."""
    survey = data.get("survey")
    name = survey.get("survey_name") if isinstance(survey, dict) else None
    return words.plain(name) if isinstance(name, str) else ""


def _date(kept: Released) -> tuple[str, str] | None:
    text = kept.data.get("internal_created_at")
    return words.date(text) if isinstance(text, str) else None


def _surveys_searched(terms: Terms, searched: Sequence[Searched]) -> str:
    """Whether survey responses were searched: ``complete``, ``incomplete`` or ``no``."""
    names = [name for name, layout in terms.layouts.items() if ANSWERS in layout.fields]
    looked = [one for one in searched if one.object_type in names]
    if not names or len(looked) < len(names):
        return "no"
    return "complete" if all(one.complete for one in looked) else "incomplete"


def _last_contact(anchored: Sequence[Anchored]) -> tuple[tuple[str, str], str] | None:
    found = [
        (date, anchor)
        for anchor, kept in anchored
        if isinstance(text := kept.data.get(LAST_CONTACT), str) and (date := words.date(text))
    ]
    return max(found, default=None)
