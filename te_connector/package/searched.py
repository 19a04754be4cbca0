"""What was searched and how completely, what was not, and with what: in words for the page.

No number of objects is told, since it would tell of strangers, and no sentence of fetch's that
could name an object or a subject that is not this reader's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from te_connector.contract import Coverage, Subject
from te_connector.package import words
from te_connector.package.terms import Terms
from te_connector.result import Result


@attrs.frozen
class Searched:
    """How one object type was looked at."""

    object_type: str
    title: str
    how: str
    complete: bool
    compared: tuple[str, ...]
    reason: str


@attrs.frozen
class Strangers:
    """All ids of subjects and objects in a result, but the reader's own."""

    names: frozenset[str]
    own: frozenset[str | None]

    def harmless(self, text: str) -> str:
        """The text, or nothing if a word of it is the id of a stranger."""
        words_of = re.findall(r"[^\s,;:()\[\]'\"]+", text.rstrip("."))
        return "" if self.names.intersection(words_of) - self.own else words.plain(text)


def names_in(result: Result) -> frozenset[str]:
    """All ids of subjects and objects in a result."""
    return frozenset(
        [subject["id"] for subject in result.subjects]
        + [record["id"] for record in result.records]
        + [miss["id"] for miss in result.near_misses]
    )


def searched(result: Result, terms: Terms, strangers: Strangers) -> list[Searched]:
    """How each object type was looked at."""
    return [
        Searched(
            object_type=one["object_type"],
            title=terms.title(one["object_type"]),
            how=_how(one),
            complete=one["complete"],
            compared=tuple(_compared(one, terms)),
            reason=strangers.harmless(one["reason"]),
        )
        for one in result.coverage
        if one["method"] != "skipped"
    ]


def _how(coverage: Coverage) -> str:
    if coverage["method"] == "lookup":
        return (
            "Complete: everything that could match was looked up directly."
            if coverage["complete"]
            else "Not complete: entries were looked up directly, and not all were compared."
        )
    if coverage["complete"]:
        return "Complete: every entry that the system lists was compared."
    return "Not complete: not every entry could be compared."


def _compared(coverage: Coverage, terms: Terms) -> Iterator[str]:
    for kind, fields in coverage["fields"].items():
        if kind in terms.manifest.objects:
            yield f"{terms.title(kind)} (each entry names the one that it belongs to)"
        else:
            titles = [terms.field(coverage["object_type"], field) for field in fields]
            yield f"{terms.kind(kind)} (in: {words.listed(titles)})"


def not_searched(result: Result, terms: Terms, strangers: Strangers) -> list[tuple[str, str]]:
    """What was not looked at, and why: types that were left out, and what the manifest names."""
    covered = {one["object_type"]: one for one in result.coverage}
    left_out = []
    for name, item in terms.manifest.objects.items():
        if name not in covered:
            left_out.append((item.title, "This search was not asked to look there."))
        elif covered[name]["method"] == "skipped":
            reason = strangers.harmless(covered[name]["reason"])
            left_out.append((item.title, reason or "It was left out of this search."))
    return left_out + [(item.what, item.why) for item in terms.manifest.not_searched]


def searched_with(subject: Subject, terms: Terms) -> dict[str, int]:
    """The kinds of identifier that were given, and how many of each: never their values."""
    return {
        terms.kind(kind): len(values) for kind, values in subject["identifiers"].items() if values
    }
