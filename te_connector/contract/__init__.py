"""The shapes that cross the border to a host, version 2: plain JSON-compatible mappings.

These types serve readers and type checkers. At run time each of them is a ``dict``, and each list a
``list``. Only two values are not JSON: ``options["progress"]`` (a callable) and
``options["cancel"]`` (an object with ``is_set()``).

Every key has its meaning beside it. Keys marked ``NotRequired``, and all keys of the options, may be
left out. Times are RFC 3339 in UTC, ids are text, durations are seconds.

The codes in :data:`ProblemCode` and the codes of errors are explained in ``docs/errors.md``.
"""

from __future__ import annotations

from te_connector.contract.answers import (
    AuditPlace,
    Check,
    Discovery,
    NotSearched,
    ObjectType,
    Receipt,
    Status,
    Validation,
)
from te_connector.contract.calls import (
    Cancel,
    Connection,
    CoverageMode,
    Credentials,
    DeleteOptions,
    FetchOptions,
    Subject,
)
from te_connector.contract.progress import (
    DeletingEvent,
    IdsEvent,
    ObjectTypeEvent,
    PagesEvent,
    Progress,
    ProgressEvent,
    WaitingEvent,
    WaitReason,
)
from te_connector.contract.search import (
    Coverage,
    Fetched,
    MatchedBy,
    Method,
    NearMiss,
    Plan,
    PlanStep,
    Problem,
    ProblemCode,
    Record,
    SchemaIssue,
    Strength,
)

CONTRACT = "2"
"""The version of this contract, as ``discover`` gives it under ``contract``."""

__all__ = [
    "CONTRACT",
    "AuditPlace",
    "Cancel",
    "Check",
    "Connection",
    "Coverage",
    "CoverageMode",
    "Credentials",
    "DeleteOptions",
    "DeletingEvent",
    "Discovery",
    "FetchOptions",
    "Fetched",
    "IdsEvent",
    "MatchedBy",
    "Method",
    "NearMiss",
    "NotSearched",
    "ObjectType",
    "ObjectTypeEvent",
    "PagesEvent",
    "Plan",
    "PlanStep",
    "Problem",
    "ProblemCode",
    "Progress",
    "ProgressEvent",
    "Receipt",
    "Record",
    "SchemaIssue",
    "Status",
    "Strength",
    "Subject",
    "Validation",
    "WaitReason",
    "WaitingEvent",
]
