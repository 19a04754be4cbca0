"""What the search of one object type brought, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs

from te_connector.contract import Coverage, Method, Problem, ProblemCode
from te_connector.manifest.model import ObjectType
from te_connector.matching.matcher import Evidence

MOST_NEAR = 100
"""The most near misses that are listed for each subject and type; the rest are counted."""


@attrs.frozen
class Match:
    """One object of one subject: as it was last read, and why it is theirs."""

    data: dict[str, Any] = attrs.field(repr=False)
    evidence: tuple[Evidence, ...]


MatchKey = tuple[str, str]
"""The subject's id and the object's id."""


@attrs.frozen
class Note:
    """Something to report about a type. ``fatal``: because of it, the type isn't complete."""

    code: str
    detail: str
    subject: str | None = None
    object_id: str | None = None
    fatal: bool = True

    def problem(self, object_type: ObjectType) -> Problem:
        """The note as the contract reports it."""
        return {
            "code": cast("ProblemCode", self.code),
            "object_type": object_type.name,
            "subject": self.subject,
            "id": self.object_id,
            "detail": self.detail,
        }


@attrs.frozen
class Compared:
    """What comparing objects brought, whichever way they came."""

    matches: Mapping[MatchKey, Match] = attrs.Factory(dict)
    near: Mapping[MatchKey, str] = attrs.Factory(dict)
    unlisted: Mapping[str, int] = attrs.Factory(dict)
    """How many near misses of each subject aren't listed."""
    seen: int = 0
    """How many distinct objects were compared."""
    notes: tuple[Note, ...] = ()

    def owners(self) -> dict[str, list[str]]:
        """The ids of the matching objects, each with the subjects that it matches."""
        owners: dict[str, list[str]] = {}
        for subject, object_id in self.matches:
            owners.setdefault(object_id, []).append(subject)
        return owners


@attrs.frozen
class Outcome:
    """What the search of one object type brought, and how complete it is."""

    object_type: ObjectType
    method: Method
    compared: Compared = Compared()
    whole: bool = False
    """Whether everything that the strategy asks for was read."""
    requests: int = 0
    fields: Mapping[str, list[str]] = attrs.Factory(dict)
    reasons: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def all_notes(self) -> tuple[Note, ...]:
        """Every note, each once."""
        return tuple(dict.fromkeys((*self.compared.notes, *self.notes)))

    @property
    def complete(self) -> bool:
        """Whether the promise of complete coverage holds."""
        return self.whole and not any(note.fatal for note in self.all_notes)

    def problems(self) -> list[Problem]:
        """The notes as the contract reports them."""
        return [note.problem(self.object_type) for note in self.all_notes]

    def coverage(self) -> Coverage:
        """The type's entry under ``coverage``."""
        fatal = [note.detail for note in self.all_notes if note.fatal]
        return {
            "object_type": self.object_type.name,
            "method": self.method,
            "requests": self.requests,
            "seen": self.compared.seen,
            "complete": self.complete,
            "fields": {kind: list(fields) for kind, fields in self.fields.items()},
            "reason": "; ".join(dict.fromkeys((*fatal, *self.reasons))),
        }
