"""What was found of one object type: whose records, why, what came close, how it was looked at."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import attrs

from te_connector.api.pages import Item
from te_connector.contract import Problem, ProblemCode
from te_connector.manifest.model import ObjectType
from te_connector.matching.ids import id_key
from te_connector.matching.matcher import ChildMatcher, Evidence, Matcher
from te_connector.text.answers import too_deep

MOST_NEAR = 100
"""So many near misses of one subject and type are listed; the rest is counted."""


@attrs.define
class Found:
    """One subject's object: as it was last seen, and why it is theirs."""

    data: dict[str, Any]
    evidence: tuple[Evidence, ...]


@attrs.define
class Findings:
    """All subjects' objects of one type, and how complete the look at the type was."""

    object_type: ObjectType
    method: str = "skipped"
    requests: int = 0
    seen: int = 0
    complete: bool = False
    flawed: bool = False
    fields: dict[str, list[str]] = attrs.Factory(dict)
    reasons: list[str] = attrs.Factory(list)
    problems: list[Problem] = attrs.Factory(list)
    found: dict[tuple[str, str], Found] = attrs.Factory(dict)
    near: dict[tuple[str, str], str] = attrs.Factory(dict)
    unlisted_near: dict[str, int] = attrs.Factory(dict)
    _listed_near: Counter[str] = attrs.field(factory=Counter, repr=False)
    _more_near: set[tuple[str, str]] = attrs.field(factory=set, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, repr=False)

    def take(self, matcher: Matcher | ChildMatcher, items: Sequence[Item]) -> None:
        """Compare objects and keep those that are somebody's; called from any thread."""
        for item in items:
            look = matcher.match(item)
            if look is None:
                continue
            name = id_key(item.get(self.object_type.id_field)) or ""
            with self._lock:
                for subject in {reason.subject for reason in look.evidence}:
                    mine = tuple(reason for reason in look.evidence if reason.subject == subject)
                    self._keep(subject, name, dict(item), mine)
                for miss in look.near:
                    self._keep_near(miss.subject, name, miss.why)

    def _keep(
        self, subject: str, name: str, data: dict[str, Any], mine: tuple[Evidence, ...]
    ) -> None:
        if too_deep(data):
            self.flaw("answer_odd", "an object is nested too deeply to be read", subject, name)
            return
        self.found[subject, name] = Found(data, mine)
        self.near.pop((subject, name), None)

    def _keep_near(self, subject: str, name: str, why: str) -> None:
        if (subject, name) in self.found or (subject, name) in self.near:
            return
        if self._listed_near[subject] < MOST_NEAR:
            self._listed_near[subject] += 1
            self.near[subject, name] = why
        elif (subject, name) not in self._more_near:  # one object may come more than once
            self._more_near.add((subject, name))
            self.unlisted_near[subject] = self.unlisted_near.get(subject, 0) + 1

    def flaw(
        self, code: str, detail: str, subject: str | None = None, object_id: str | None = None
    ) -> None:
        """Note why the look at this type is not complete."""
        self.flawed = True
        self.reasons.append(detail)
        self.problem(code, detail, subject, object_id)

    def problem(
        self, code: str, detail: str, subject: str | None = None, object_id: str | None = None
    ) -> None:
        """Note something that a person should know."""
        told: Problem = {
            "code": cast("ProblemCode", code),
            "object_type": self.object_type.name,
            "subject": subject,
            "id": object_id,
            "detail": detail,
        }
        if told not in self.problems:
            self.problems.append(told)

    def owners(self) -> dict[str, list[str]]:
        """The ids of the objects found, each with the subjects whose it is."""
        owners: dict[str, list[str]] = {}
        for subject, name in self.found:
            owners.setdefault(name, []).append(subject)
        return owners
