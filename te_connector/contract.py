"""The shapes of what crosses the border to a host: plain JSON-compatible mappings.

These are types for readers and type checkers alone; at run time every one of them is a ``dict``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NotRequired, TypedDict

Progress = Callable[[Mapping[str, Any]], None]
"""Gets mappings with at least ``event``; an exception raised in it stops the run."""


class Credentials(TypedDict):
    """OAuth 2.0 client credentials."""

    client_id: str
    client_secret: str


class Connection(TypedDict):
    """What a hook needs to reach one Total Expert account."""

    connector: str
    name: NotRequired[str]
    base_url: NotRequired[str]
    manifest: NotRequired[str]
    credentials: NotRequired[Credentials]
    state_dir: NotRequired[str]
    proxy: NotRequired[str]
    ca_bundle: NotRequired[str]


class Subject(TypedDict):
    """A data subject: the requester's id and what is known of the person, by identifier kind."""

    id: str
    identifiers: dict[str, list[str]]


class FetchOptions(TypedDict, total=False):
    """Options of ``fetch``."""

    object_types: list[str]
    coverage: Literal["exhaustive", "quick"]
    progress: Progress
    plan_only: bool


class DeleteOptions(TypedDict, total=False):
    """Options of ``delete_object``.

    ``reviewed`` is the digest of the record that the officer saw. ``reviewed_fields`` (each field's
    name with the SHA-256 of its JSON value) lets a refusal name the fields that differ.
    ``receipt_id`` makes the call repeatable: called again with one that the audit trail already
    has, the hook returns that receipt and sends nothing.
    """

    reviewed: str
    reviewed_fields: dict[str, str]
    actor: str
    hold: str
    progress: Progress
    receipt_id: str


class Check(TypedDict):
    """One step of ``validate_connection``."""

    name: str
    ok: bool
    detail: str


class Validation(TypedDict):
    """The answer of ``validate_connection``."""

    ok: bool
    checks: list[Check]


class ObjectType(TypedDict):
    """One object type of ``discover``; ``schema`` is its JSON Schema."""

    name: str
    title: str
    path: str
    schema: dict[str, Any]
    identifiers: dict[str, list[str]]
    scopes: list[str]
    access: bool
    deletable: bool


class NotSearched(TypedDict):
    """Something that the system may hold about a person and that is not looked at."""

    what: str
    why: str


class Discovery(TypedDict):
    """The answer of ``discover``."""

    connector: str
    api_version: str
    object_types: list[ObjectType]
    not_searched: list[NotSearched]


class SchemaIssue(TypedDict):
    """Where a record drifts from its schema: the place and the rule, never the value."""

    path: str
    rule: str


class MatchedBy(TypedDict):
    """Why a record is the subject's; ``id`` is the parent's, for a record of a child type."""

    identifier: str
    field: str
    id: NotRequired[str]


class Record(TypedDict):
    """One object of one subject; ``data`` is what the vendor sent, whole."""

    subject: str
    object_type: str
    id: str
    data: dict[str, Any]
    digest: str
    matched_by: list[MatchedBy]
    strength: Literal["strong", "weak"]
    deletable: bool
    schema_issues: list[SchemaIssue]


class Coverage(TypedDict):
    """How one object type was looked at; ``complete`` is a promise."""

    object_type: str
    method: Literal["scan", "lookup", "skipped"]
    requests: int
    seen: int
    complete: bool
    fields: dict[str, list[str]]
    reason: str


class Problem(TypedDict):
    """Something that a person should know before relying on the answer."""

    code: str
    object_type: str | None
    subject: str | None
    detail: str | None


class NearMiss(TypedDict):
    """Close to an identifier, but not equal to it: for a person to look at."""

    subject: str
    object_type: str
    id: str
    why: str


class Fetched(TypedDict):
    """The answer of ``fetch``."""

    records: list[Record]
    coverage: list[Coverage]
    problems: list[Problem]
    near_misses: list[NearMiss]


class PlanStep(TypedDict):
    """What ``fetch`` would do for one object type; None where it cannot be known beforehand."""

    object_type: str
    method: Literal["scan", "lookup", "skipped"]
    requests: int | None
    seconds: float | None


class Plan(TypedDict):
    """The answer of ``fetch`` with ``plan_only``."""

    plan: list[PlanStep]


class AuditPlace(TypedDict):
    """A receipt's place in the audit trail."""

    seq: int
    mac: str


Status = Literal["deleted", "already_absent", "refused", "not_deletable", "failed"]


class Receipt(TypedDict):
    """The answer of ``delete_object``."""

    receipt_id: str
    object_type: str
    id: str
    subject: str
    status: Status
    verified: bool
    at: str
    reason: str
    audit: AuditPlace
