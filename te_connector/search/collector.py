"""Compares objects as they come, from any thread, and collects what matches."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs

from te_connector.api.pages import Item
from te_connector.manifest.model import ObjectType
from te_connector.matching.child_matcher import ChildMatcher
from te_connector.matching.evidence import Evidence
from te_connector.matching.ids import id_key
from te_connector.matching.matcher import Matcher
from te_connector.search.outcome import MOST_NEAR, Compared, Match, MatchKey, Note
from te_connector.text.answers import too_deep

ENOUGH = 100
"""If this many objects lack a mapped field, the mapping is likely wrong."""


class Collector:
    """What was compared so far. Pass objects to :meth:`add`, and take :meth:`compared` at the end."""

    def __init__(self, object_type: ObjectType, matcher: Matcher | ChildMatcher) -> None:
        self._type = object_type
        self._matcher = matcher
        self._lock = threading.Lock()
        self._matches: dict[MatchKey, Match] = {}
        self._near: dict[MatchKey, str] = {}
        self._listed: Counter[str] = Counter()
        self._unlisted: set[MatchKey] = set()
        self._notes: list[Note] = []
        self._seen_some = False

    @property
    def found(self) -> int:
        """How many matches there are so far."""
        return len(self._matches)

    def add(self, items: Sequence[Item]) -> None:
        """Compare objects and keep those that match; one object may come more than once."""
        self._seen_some = self._seen_some or bool(items)
        for item, match in self._matcher.matches(items):
            object_id = id_key(item.get(self._type.id_field)) or ""
            data = dict(item)  # one copy, however many subjects it matches
            by_subject: dict[str, list[Evidence]] = {}
            for reason in match.evidence:
                by_subject.setdefault(reason.subject, []).append(reason)
            deep = bool(by_subject) and too_deep(data)
            with self._lock:
                for subject, mine in by_subject.items():
                    self._keep((subject, object_id), data, tuple(mine), deep=deep)
                for miss in match.near:
                    self._keep_near((miss.subject, object_id), miss.why)

    def _keep(
        self, key: MatchKey, data: dict[str, Any], mine: tuple[Evidence, ...], *, deep: bool
    ) -> None:
        if deep:
            detail = "an object that matches is nested too deeply to be read"
            self._notes.append(Note("answer_odd", detail, key[0], key[1]))
            return
        self._matches[key] = Match(data, mine)
        self._near.pop(key, None)

    def _keep_near(self, key: MatchKey, why: str) -> None:
        if key in self._matches or key in self._near:
            return
        if self._listed[key[0]] < MOST_NEAR:
            self._listed[key[0]] += 1
            self._near[key] = why
        else:
            self._unlisted.add(key)

    def compared(self, seen: int) -> Compared:
        """What was compared; ``seen`` is how many distinct objects came."""
        return Compared(
            dict(self._matches),
            dict(self._near),
            dict(Counter(subject for subject, _ in self._unlisted)),
            seen,
            (*self._notes, *self._odd(), *self._absences(seen)),
        )

    def interrupted(self) -> Compared:
        """What was compared when not all objects came: which fields are absent isn't known then."""
        made = self.compared(0)
        notes = tuple(note for note in made.notes if note.code != "field_absent")
        return attrs.evolve(made, seen=len(made.owners()), notes=notes)

    def _odd(self) -> list[Note]:
        notes = [
            Note(
                "field_odd",
                f"{field} holds something in some objects that is neither text nor a whole number, so "
                "it couldn't be compared",
            )
            for field in self._matcher.odd
        ]
        if isinstance(self._matcher, ChildMatcher) and self._matcher.unlinked:
            notes.append(
                Note(
                    "parent_missing", f"some objects don't say which {self._parent} they belong to"
                )
            )
        return notes

    @property
    def _parent(self) -> str:
        return self._type.parent.object if self._type.parent is not None else ""

    def _absences(self, seen: int) -> list[Note]:
        """The mapped fields that no object has: after enough objects, the mapping must be wrong."""
        if not self._seen_some:
            return []
        optional = {mapping.field for mapping in self._type.mapped if mapping.optional}
        return [
            Note(
                "field_absent",
                f"none of the {seen} compared objects has the field {field}",
                fatal=seen >= ENOUGH and field not in optional,
            )
            for field in self._matcher.absent
        ]
