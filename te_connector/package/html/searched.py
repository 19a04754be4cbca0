"""What was searched and how completely, and what was not, in words for the data subject.

The officer's sentences (``reason`` in the coverage) are about order keys, rights, and vendors, and can
name other people's objects. None of them is on the page. Neither are counts of objects, which would
reveal something about other people.
"""

from __future__ import annotations

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


def searched(result: Result, terms: Terms, subject: Subject) -> list[Searched]:
    """How each object type was searched for this subject's own identifiers."""
    own = {kind for kind, values in subject["identifiers"].items() if values}
    return [
        Searched(
            object_type=one["object_type"],
            title=terms.title(one["object_type"]),
            how=_how(one),
            complete=one["complete"],
            compared=tuple(_compared(one, terms, own)),
        )
        for one in result.coverage
        if one["method"] != "skipped"
    ]


def _how(coverage: Coverage) -> str:
    if coverage["method"] == "lookup":
        return (
            "Complete: we looked up everything that could match."
            if coverage["complete"]
            else "Not complete: we looked up some entries, and didn't compare all of them."
        )
    if coverage["complete"]:
        return "Complete: we compared every entry."
    return "Not complete: we couldn't compare every entry."


def _compared(coverage: Coverage, terms: Terms, own: set[str]) -> Iterator[str]:
    for kind, fields in coverage["fields"].items():
        if kind in terms.manifest.objects:
            yield f"the {terms.title(kind).lower()} that each entry belongs to"
        elif kind in own:
            titles = [terms.field(coverage["object_type"], field) for field in fields]
            yield f"{terms.kind(kind)} (in {words.listed(titles)})"


def not_searched(result: Result, terms: Terms) -> list[str]:
    """What was not searched: types that were left out, and what the manifest lists.

    The manifest's reasons are for officers, so they are not here.
    """
    covered = {one["object_type"]: one for one in result.coverage}
    left_out = []
    for name, item in terms.manifest.objects.items():
        if name not in covered or covered[name]["method"] == "skipped":
            left_out.append(item.title)
    return left_out + [item.what for item in terms.manifest.not_searched]


def searched_with(subject: Subject, terms: Terms) -> dict[str, int]:
    """The identifier kinds in the request, with the number of values of each."""
    return {
        terms.kind(kind): len(values) for kind, values in subject["identifiers"].items() if values
    }
