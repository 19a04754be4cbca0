"""The short answers at the top of the page, from the released objects only."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import attrs

from te_connector.package import words
from te_connector.package.html.rows import ANSWERS
from te_connector.package.html.searched import Searched
from te_connector.package.selection import Released
from te_connector.package.terms import Terms
from te_connector.text.field_paths import steps_of, values_at

LAST_CONTACT = "last_contacted_date"

Anchored = tuple[str, Released]
"""The place of an object on the page, and the object."""


@attrs.frozen
class Held:
    """An address or a number, in one spelling, with every field that has it."""

    text: str
    titles: tuple[str, ...]
    anchor: str


@attrs.frozen
class Survey:
    """A survey response: which survey, when (for machines, for people), and where on the page."""

    name: str
    date: tuple[str, str] | None
    anchor: str


@attrs.frozen
class Glance:
    """The answers to the first questions."""

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
            Survey(
                survey_name(kept.data) or terms.title(kept.object_type), _date(kept, terms), anchor
            )
            for anchor, kept in anchored
            if kept.data.get(ANSWERS)
        ),
        surveys_searched=_surveys_searched(terms, searched),
        last_contact=_last_contact(anchored, terms),
    )


def _held(compare: str, anchored: Sequence[Anchored], terms: Terms) -> tuple[Held, ...]:
    """Each value once, from all fields that the manifest maps to kinds with this comparison."""
    kinds = {name for name, kind in terms.manifest.kinds.items() if kind.compare == compare}
    ways = {
        name: [
            (terms.field(name, mapped.field), steps_of(mapped.field))
            for mapped in item.mapped
            if mapped.kind in kinds
        ]
        for name, item in terms.manifest.objects.items()
    }
    regions = [kind.region for kind in terms.manifest.kinds.values() if kind.compare == compare]
    region = next((region for region in regions if region), "US")
    found: dict[str, Held] = {}
    for anchor, kept in anchored:
        for title, steps in ways.get(kept.object_type, ()):
            for value in values_at(kept.data, steps):
                if isinstance(value, (str, int)) and not words.is_empty(value):
                    key, text = _spelling(words.scalar(value), compare, region)
                    before = found.get(key)
                    if before is None:
                        found[key] = Held(text, (title,), anchor)
                    elif title not in before.titles:
                        found[key] = attrs.evolve(before, titles=(*before.titles, title))
    return tuple(found.values())


@functools.lru_cache(maxsize=65536)
def _spelling(text: str, compare: str, region: str) -> tuple[str, str]:
    """A key that is equal for equal values, and the spelling to show."""
    if compare != "phone":
        return text.strip().casefold(), text.strip()
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text.casefold(), text
    if not phonenumbers.is_valid_number(number):
        return text.casefold(), text
    own = phonenumbers.region_code_for_number(number) == region
    style = phonenumbers.PhoneNumberFormat
    form = style.NATIONAL if own else style.INTERNATIONAL
    shown = phonenumbers.format_number(number, form)
    return f"{phonenumbers.format_number(number, style.E164)};{number.extension or ''}", shown


def survey_name(data: dict[str, Any]) -> str:
    """The name of the survey; empty if the data doesn't have it."""
    survey = data.get("survey")
    name = survey.get("survey_name") if isinstance(survey, dict) else None
    return words.plain(name) if isinstance(name, str) else ""


def _date(kept: Released, terms: Terms) -> tuple[str, str] | None:
    text = kept.data.get("internal_created_at")
    return words.date(text, terms.zone) if isinstance(text, str) else None


def _surveys_searched(terms: Terms, searched: Sequence[Searched]) -> str:
    """Whether survey responses were searched: ``complete``, ``incomplete`` or ``no``."""
    names = [name for name, layout in terms.layouts.items() if ANSWERS in layout.fields]
    looked = [one for one in searched if one.object_type in names]
    if not names or len(looked) < len(names):
        return "no"
    return "complete" if all(one.complete for one in looked) else "incomplete"


def _last_contact(anchored: Sequence[Anchored], terms: Terms) -> tuple[tuple[str, str], str] | None:
    found = [
        (date, anchor)
        for anchor, kept in anchored
        if isinstance(text := kept.data.get(LAST_CONTACT), str)
        and (date := words.date(text, terms.zone))
    ]
    return max(found, default=None)
