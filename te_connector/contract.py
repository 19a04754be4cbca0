"""The shapes that cross the border to a host, version 2: plain JSON-compatible mappings.

These types serve readers and type checkers. At run time each of them is a ``dict``, and each list a
``list``. Only two values are not JSON: ``options["progress"]`` (a callable) and
``options["cancel"]`` (an object with ``is_set()``).

Every key has its meaning beside it. Keys marked ``NotRequired``, and all keys of the options, may be
left out. Times are RFC 3339 in UTC, ids are text, durations are seconds.

The codes in :data:`ProblemCode` and the codes of errors are explained in ``docs/errors.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NotRequired, Protocol, TypedDict

CONTRACT = "2"
"""The version of this contract, as ``discover`` gives it under ``contract``."""

# ---------------------------------------------------------------------------- what a host gives


class Credentials(TypedDict):
    """OAuth 2.0 client credentials."""

    client_id: str
    """The client's id, as Total Expert issued it."""
    client_secret: str
    """The client's secret. It never appears in an answer, an error or a log."""


class Connection(TypedDict):
    """What a hook needs to reach one Total Expert account.

    An unknown key is an error (``settings_wrong``), so that a typo can't change where data goes.
    """

    connector: str
    """The connector's name, ``total-expert``. Other connectors answer to other names."""
    name: NotRequired[str]
    """Which stored credentials to use when ``credentials`` is absent. Default: ``default``."""
    base_url: NotRequired[str]
    """Where the API is. Default: the stored login's, then the packaged manifest's."""
    manifest: NotRequired[str]
    """Path of a manifest to use instead of the packaged ``connector.yaml``."""
    credentials: NotRequired[Credentials]
    """Absent: the stored credentials called ``name``."""
    state_dir: NotRequired[str]
    """Folder for tokens, budgets and audit trails. ``~`` is the home folder."""
    proxy: NotRequired[str]
    """Proxy URL. Default: the usual environment variables. Loopback never uses a proxy."""
    ca_bundle: NotRequired[str]
    """Path of a CA bundle. Default: the usual environment variables, then certifi's."""


class Subject(TypedDict):
    """A data subject: the request's own id and what is known of the person."""

    id: str
    """The host's id for this request, unique within the call."""
    identifiers: dict[str, list[str]]
    """Values by identifier kind. The kinds are the manifest's: ``email``, ``phone``,
    ``service_id`` (``TYPE:ID`` or a bare id) and ``external_id`` (``SOURCE:ID`` or a bare id)."""


class Cancel(Protocol):
    """A flag that stops a call, such as a ``threading.Event``."""

    def is_set(self) -> bool:
        """Whether the call must stop. It then raises ``Stopped`` within a second."""


CoverageMode = Literal["exhaustive", "quick"]
"""``exhaustive`` compares every object. ``quick`` looks up by filter and is never ``complete``."""


class FetchOptions(TypedDict, total=False):
    """Options of ``fetch``. An unknown key is an error (``option_unknown``)."""

    object_types: list[str]
    """Which object types to search. Default: all that the manifest turns on."""
    coverage: CoverageMode | dict[str, CoverageMode]
    """How to search: one mode for all types, or a mode by object type (others: exhaustive)."""
    progress: Progress
    """Called with :data:`ProgressEvent` in the calling thread, at least every two seconds while
    something runs or waits. An exception that it raises stops the call and reaches the caller."""
    cancel: Cancel
    """Once set, the call raises ``Stopped`` within a second."""
    deadline: float
    """Seconds from the call, sign-in included. After that ``fetch`` returns what it has, with
    ``complete: false`` and the problem ``deadline_reached``."""
    check_only: bool
    """Check the call and the subjects, send nothing, and answer ``{"plan": []}``."""
    plan_only: bool
    """Don't search; answer with a :class:`Plan`."""
    independent: bool
    """Subjects don't affect each other: for a host that merges unrelated requests in one call."""


class DeleteOptions(TypedDict, total=False):
    """Options of ``delete_object``. An unknown key is an error (``option_unknown``)."""

    reviewed: str
    """The digest of the record that was reviewed. An object that has changed is ``refused``."""
    reviewed_fields: dict[str, str]
    """Each field's name with the SHA-256 of its JSON value: lets a refusal name what changed."""
    receipt_id: str
    """Makes the call repeatable: the receipt that already has this id is returned, nothing sent."""
    actor: str
    """Who decided, as text for the audit trail."""
    hold: str
    """Why the object is held. It is then ``refused``."""
    progress: Progress
    """As in :class:`FetchOptions`."""
    cancel: Cancel
    """As in :class:`FetchOptions`."""
    deadline: float
    """Seconds from the call. Without a DELETE sent by then the receipt is ``failed``; with one, the
    hook goes on to find out the truth, within the manifest's ``retry_for``."""


# -------------------------------------------------------------------------------------- progress


class ObjectTypeEvent(TypedDict):
    """The search of an object type begins."""

    event: Literal["object_type"]
    object_type: str
    """The type's name."""


class PagesEvent(TypedDict):
    """Pages of a list were read."""

    event: Literal["pages"]
    object_type: str
    """The type whose list is read."""
    read: int
    """Pages read so far."""
    known: int
    """Pages that the list is known to have."""
    found: int
    """Matches so far, of all subjects."""
    sent: int
    """Requests sent so far in this call."""
    seconds_left: NotRequired[float | None]
    """Estimate for this type; None while nothing is known."""


class IdsEvent(TypedDict):
    """Objects were read one by one, by id."""

    event: Literal["ids"]
    object_type: str
    """The type of the objects."""
    found: int
    """Matches so far, of all subjects."""


WaitReason = Literal["quota", "retry_after", "retry", "token_budget", "lock"]
"""``quota``: the vendor's request limit. ``retry_after``: the server asked to wait. ``retry``:
backoff after a failure. ``token_budget``: the limit on token requests. ``lock``: another process."""


class WaitingEvent(TypedDict):
    """Nothing can be sent for a while."""

    event: Literal["waiting"]
    why: WaitReason
    """What is waited for."""
    seconds: float
    """How long, as far as known."""


class DeletingEvent(TypedDict):
    """The deletion of an object begins."""

    event: Literal["deleting"]
    object_type: str
    """The object's type."""
    id: str
    """The object's id."""


ProgressEvent = ObjectTypeEvent | PagesEvent | IdsEvent | WaitingEvent | DeletingEvent
"""Any progress event. Ignore an ``event`` that you don't know."""

Progress = Callable[[ProgressEvent], None]
"""The type of ``options["progress"]``."""

# ---------------------------------------------------------------------------- validate, discover


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


# ----------------------------------------------------------------------------------------- fetch


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


# ---------------------------------------------------------------------------------------- delete


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
