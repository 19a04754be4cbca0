"""The answers of ``validate_connection``, ``discover`` and ``delete_object``."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class Check(TypedDict):
    """One step of ``validate_connection``."""

    name: str
    """``credentials``, ``scopes``, or the object type that was read."""
    ok: bool
    """Whether the step works."""
    code: str | None
    """The code of the error that made it fail (``docs/errors.md``), or None."""
    detail: str
    """For people: what was seen, and what to do about it."""


class Validation(TypedDict):
    """The answer of ``validate_connection``."""

    ok: bool
    """Whether all checks are ok."""
    checks: list[Check]
    """All steps, in order."""


class ObjectType(TypedDict):
    """One object type of ``discover``."""

    name: str
    """The name in every other answer and option."""
    title: str
    """The name for people."""
    path: str
    """The list's path below the base URL."""
    schema: dict[str, Any]
    """The JSON Schema (draft 2020-12) of a record's ``data``, with titles for people."""
    identifiers: dict[str, list[str]]
    """The fields that are compared, by identifier kind. A child type has its parent's name here
    with the fields that hold the parent's id."""
    parent: str | None
    """The object type that objects of this one belong to, or None."""
    scopes: list[str]
    """The scopes that reading needs; empty when they aren't known."""
    access: bool
    """Whether the manifest turns the type on. Asking for a type that is off is an error."""
    deletable: bool
    """Whether the API can delete objects of this type."""


class NotSearched(TypedDict):
    """Something that the system may hold about a person and that isn't searched."""

    what: str
    """What it is."""
    why: str
    """Why it isn't searched."""


class Discovery(TypedDict):
    """The answer of ``discover``."""

    contract: str
    """The version of this contract: ``"2"``."""
    connector: str
    """The connector's name."""
    api_version: str
    """The version of the vendor's API."""
    object_types: list[ObjectType]
    """All object types of the manifest, those that are turned off included."""
    not_searched: list[NotSearched]
    """What else the system may hold, and the types that are turned off."""


class AuditPlace(TypedDict):
    """A receipt's place in the audit trail."""

    seq: int
    """The number of its line, from 1."""
    mac: str
    """The line's authentication code (hex)."""


Status = Literal["deleted", "already_absent", "refused", "not_deletable", "failed"]
"""What became of a deletion; ``docs/erasure.md`` says when each is given."""


class Receipt(TypedDict):
    """The answer of ``delete_object``."""

    receipt_id: str
    """The receipt's id: the option's, or a new one."""
    object_type: str
    """The object's type."""
    id: str
    """The object's id."""
    subject: str
    """The subject's id."""
    status: Status
    """What became of it."""
    verified: bool
    """Whether its absence is proven."""
    at: str
    """When the receipt was made, RFC 3339 in UTC."""
    reason: str
    """For people: why, and what to do next. May be empty."""
    audit: AuditPlace
    """Where the audit trail has it."""
