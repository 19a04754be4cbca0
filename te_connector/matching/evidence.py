"""Why a record is someone's, or close to it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Evidence:
    """One reason why a record is a subject's.

    ``weak`` is a reason that is weak by itself: a phone number (unless the manifest says otherwise), an
    external id without its source, a bare id in a type that it doesn't mean. ``number`` is the E.164
    form if a phone matched, ``parent`` the parent's id in a child type.
    """

    subject: str
    identifier: str
    field: str
    weak: bool = False
    number: str | None = attrs.field(default=None, repr=False)
    parent: str | None = None


@attrs.frozen
class Near:
    """Close to a subject's identifier, but not equal to it."""

    subject: str
    why: str


Found = list[Evidence | Near]
"""Where the comparison of one record puts what it finds."""


def note(index: dict[str, list[str]], key: str, subject: str) -> None:
    """Add a subject under a key of an index, once."""
    owners = index.setdefault(key, [])
    if not owners or owners[-1] != subject:  # a subject's values are added one after the other
        owners.append(subject)
