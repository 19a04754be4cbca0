"""The answers of ``fetch``: records, coverage, problems, near misses, and plans."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class SchemaIssue(TypedDict):
    """Where a record differs from its schema. The record is returned whole all the same."""

    path: str
    """The JSON path of the value. It never holds a value."""
    rule: str
    """The schema keyword that it breaks, or ``number_as_text``: a number that no float represents
    digit for digit was handed over as text."""


class MatchedBy(TypedDict):
    """Why a record is the subject's."""

    identifier: str
    """The identifier kind, or the parent's object type."""
    field: str
    """The mapped field that is equal."""
    id: NotRequired[str]
    """For a child type: the parent's id."""


Strength = Literal["strong", "weak"]
"""How sure a match is; ``docs/matching.md`` has the rules. A weak match needs a second look."""


class Record(TypedDict):
    """One object of one subject."""

    subject: str
    """The subject's id."""
    object_type: str
    """The object's type."""
    id: str
    """The object's id in Total Expert, as text."""
    data: dict[str, Any]
    """What the vendor sent, every field of it."""
    digest: str
    """SHA-256 (hex) of ``data`` as canonical JSON; pass it as ``reviewed`` to ``delete_object``."""
    matched_by: list[MatchedBy]
    """Every identifier and field that is equal."""
    strength: Strength
    """``strong`` or ``weak``."""
    deletable: bool
    """Whether the API can delete it."""
    schema_issues: list[SchemaIssue]
    """Where ``data`` differs from the type's schema."""


Method = Literal["scan", "lookup", "skipped"]
"""``scan``: the whole list was read. ``lookup``: by filter or by id. ``skipped``: not searched."""


class Coverage(TypedDict):
    """How one object type was searched."""

    object_type: str
    """The type."""
    method: Method
    """How it was searched."""
    requests: int
    """Requests sent for it."""
    seen: int
    """Distinct objects that were compared."""
    complete: bool
    """A promise: every object that the API lists to this token, and that was there from the first
    request to the last, was compared with every field in ``fields``."""
    fields: dict[str, list[str]]
    """The fields that were compared, by identifier kind (for a child type, by the parent's name)."""
    reason: str
    """For people: what the promise rests on, or why there is none. May be empty."""


ProblemCode = Literal[
    # One request or one type failed: the codes of errors.
    "answer_cached",
    "answer_odd",
    "answer_unexpected",
    "credentials_refused",
    "forbidden",
    "gave_up",
    "not_found",
    "past_end",
    "redirected",
    "rejected",
    "scope_missing",
    "sign_in_failed",
    "token_budget_spent",
    "unreachable",
    # The search is not proven complete.
    "absence_unproven",
    "deadline_reached",
    "field_absent",
    "field_odd",
    "filter_wide",
    "identifier_not_compared",
    "list_unsteady",
    "parent_missing",
    # A record needs a second look.
    "foreign_email",
    "near_misses_cut",
    "phone_shared",
    "record_matches_several_subjects",
]
"""Every code that ``problems`` may hold. ``docs/errors.md`` says what each means and what to do."""


class Problem(TypedDict):
    """Something to know before you rely on the answer. Act on ``code``, never on ``detail``."""

    code: ProblemCode
    """Which problem it is."""
    object_type: str | None
    """The type that it concerns; None for all."""
    subject: str | None
    """The subject that it concerns; None for all."""
    id: str | None
    """The object that it concerns; None where it concerns no single object."""
    detail: str | None
    """For people. It holds no identifier's value."""


class NearMiss(TypedDict):
    """Close to an identifier, but not equal: for a person to look at, never a record."""

    subject: str
    """The subject's id."""
    object_type: str
    """The object's type."""
    id: str
    """The object's id."""
    why: str
    """For people: what is close."""


class Fetched(TypedDict):
    """The answer of ``fetch``."""

    records: list[Record]
    """Every object that matches a subject."""
    coverage: list[Coverage]
    """One entry for each object type that was asked for."""
    problems: list[Problem]
    """What went wrong, and what needs a second look."""
    near_misses: list[NearMiss]
    """What is close to an identifier."""


class PlanStep(TypedDict):
    """What ``fetch`` would do for one object type."""

    object_type: str
    """The type."""
    method: Method
    """How it would be searched."""
    requests: int | None
    """About how many requests; None where it can't be known beforehand."""
    seconds: float | None
    """How long the vendor's request limit makes that take; None where it can't be known."""


class Plan(TypedDict):
    """The answer of ``fetch`` with ``plan_only`` (or ``check_only``: an empty plan)."""

    plan: list[PlanStep]
    """One step for each object type that was asked for."""
