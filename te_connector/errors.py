"""What can go wrong, each with a stable ``code`` and one sentence that names the next step.

::

    ConnectorError
    ├── UsageError                   the call, the settings or a file is wrong: nothing was sent
    │   ├── SubjectError             a subject or identifier cannot be read
    │   ├── OptionError              an option or argument is unknown or of the wrong kind
    │   ├── SettingsError            connection settings that cannot work
    │   ├── CredentialsMissing       no client id and secret were given or stored
    │   ├── FileFaults               a manifest, policy or other file has faults (all at once)
    │   └── StateError               the state directory or a file in it cannot be used
    ├── SignInError                  the server returned no token
    │   ├── CredentialsRefused       the server refused the client id and secret
    │   └── TokenBudgetSpent         the token requests of this hour are used up
    ├── Unreachable                  the host cannot be reached (refused, unknown, TLS, proxy)
    ├── DeadlineReached              the call's deadline passed
    ├── Stopped                      the caller asked to stop
    ├── DeletionNotRecorded          DELETE was sent, and what came of it could not be written down
    ├── TrailMissing                 the account has no audit trail, or its key is missing
    └── AnswerError                  one request was answered, but not with what was asked
        ├── MissingScope             the token lacks the scope for this
        ├── Forbidden                401 or 403 for another reason
        ├── NotFound                 404 or 410
        ├── PastEnd                  a page behind the end of a list
        ├── Rejected                 another 4xx: the request itself was refused
        ├── Redirected               3xx: never followed
        ├── CachedAnswer             a cache answered, twice
        ├── OddAnswer                not the shape that the API documents
        │   └── Oversized            larger than any that the API gives
        └── GaveUp                   retried for ``retry_for``, or asked to wait longer

No message, attribute or chained cause holds a secret or personal data: an error carries the method,
the path *template*, the status and the object type, never a body, a query or an address.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from typing import Any, Self

import attrs


class ConnectorError(Exception):
    """The root: catch this one to catch them all. ``str()`` of it is safe to show."""

    code = "connector_error"

    retry_at: str | None = None
    """When the same call can succeed (RFC 3339, UTC); None if waiting alone doesn't help."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def retriable(self, timestamp: float) -> Self:
        """This error, with ``retry_at`` set to a moment in seconds since 1970, rounded up."""
        self.retry_at = rfc3339(math.ceil(timestamp)) if math.isfinite(timestamp) else None
        return self


def rfc3339(timestamp: float) -> str | None:
    """A moment (seconds since 1970) in UTC as RFC 3339 writes it; None if no calendar has it."""
    try:
        when = datetime.datetime.fromtimestamp(timestamp, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


class UsageError(ConnectorError):
    """The call, the settings, or a file is wrong. Nothing was sent."""

    code = "usage"


class SubjectError(UsageError):
    """A subject or one of its identifiers cannot be read; names subject id and kind."""

    code = "subject_unreadable"


class OptionError(UsageError):
    """An argument or option is unknown or of the wrong kind."""

    code = "option_unknown"


class SettingsError(UsageError):
    """Settings of the connection that cannot work together, or that are unsafe."""

    code = "settings_wrong"


class CredentialsMissing(UsageError):
    """Neither the connection nor the store has a client id and secret."""

    code = "credentials_missing"


@attrs.frozen
class Fault:
    """One thing that is wrong in a file: where, and what to write instead."""

    path: str
    line: int
    """The first line is 1."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class FileFaults(UsageError):
    """A file has faults, all of them in ``faults``; ``str()`` has one ``FILE:LINE: text`` a line."""

    code = "file_faulty"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.faults,)


class StateError(UsageError):
    """The state directory, or a file in it, cannot be used as it is."""

    code = "state_unusable"


class SignInError(ConnectorError):
    """The server returned no token."""

    code = "sign_in_failed"


class CredentialsRefused(SignInError):
    """The server refused the client id and secret."""

    code = "credentials_refused"


class TokenBudgetSpent(SignInError):
    """All token requests that the vendor permits in the window are used.

    ``allowed_at`` is when the next one may be made.
    """

    code = "token_budget_spent"

    def __init__(self, allowed_at: datetime.datetime, count: int, seconds: float) -> None:
        self.allowed_at, self._limit = allowed_at, (count, seconds)
        super().__init__(
            f"All {count} token requests that are permitted in {seconds:g} seconds are used; "
            f"the next is allowed at {allowed_at.isoformat(timespec='seconds')}. Try again then."
        )
        self.retriable(allowed_at.timestamp())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.allowed_at, *self._limit)


class Unreachable(ConnectorError):
    """The host cannot be reached. ``sent`` says whether a byte of the request can have left."""

    code = "unreachable"

    def __init__(self, message: str, *, sent: bool = False) -> None:
        self.sent = sent
        super().__init__(message)


class Stopped(ConnectorError):
    """The caller asked to stop; nothing was left half done."""

    code = "stopped"

    def __init__(self) -> None:
        super().__init__("Stopped as asked.")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class DeadlineReached(ConnectorError):
    """The call's deadline passed before the work was done. A hook turns it into an answer."""

    code = "deadline_reached"

    def __init__(self) -> None:
        super().__init__("The deadline passed. Call again with more time.")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class DeletionNotRecorded(ConnectorError):
    """DELETE was sent for an object, and then the trail or the receipts file couldn't be written.

    Never read it as "nothing was sent". Run the same command again: it finds out by reading.
    """

    code = "deletion_not_recorded"


class TrailMissing(ConnectorError):
    """The account has no audit trail, or its key is missing or no key of ours."""

    code = "trail_missing"


class AnswerError(ConnectorError):
    """One request was answered, but not with what was asked for."""

    code = "answer_unexpected"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class MissingScope(AnswerError):
    """The token lacks the scope for this endpoint (401 or 403 ``insufficient_scope``)."""

    code = "scope_missing"


class Forbidden(AnswerError):
    """401 or 403 that a new token doesn't fix."""

    code = "forbidden"


class NotFound(AnswerError):
    """404 or 410. ``by_api`` is False where the body is not the API's JSON (a gateway's page)."""

    code = "not_found"

    def __init__(self, message: str, *, status: int | None = None, by_api: bool = True) -> None:
        self.by_api = by_api
        super().__init__(message, status=status)


class PastEnd(AnswerError):
    """The page asked for lies behind the end of the list (the documented 422)."""

    code = "past_end"


class Rejected(AnswerError):
    """Another 4xx: the server refused the request itself."""

    code = "rejected"


class Redirected(AnswerError):
    """A redirect: never followed, since it could lead the token to another host."""

    code = "redirected"


class CachedAnswer(AnswerError):
    """A cache answered instead of the API, twice: it can be old, or another client's."""

    code = "answer_cached"


class OddAnswer(AnswerError):
    """An answer that doesn't have the documented shape."""

    code = "answer_odd"


class Oversized(OddAnswer):
    """An answer that is larger than any of the API's, or than one that is read beside others may be."""


class GaveUp(AnswerError):
    """Tried again until ``retry_for`` was over, or asked by the server to wait longer than that."""

    code = "gave_up"


__all__ = [
    "AnswerError",
    "CachedAnswer",
    "ConnectorError",
    "CredentialsMissing",
    "CredentialsRefused",
    "DeadlineReached",
    "DeletionNotRecorded",
    "Fault",
    "FileFaults",
    "Forbidden",
    "GaveUp",
    "MissingScope",
    "NotFound",
    "OddAnswer",
    "OptionError",
    "Oversized",
    "PastEnd",
    "Redirected",
    "Rejected",
    "SettingsError",
    "SignInError",
    "StateError",
    "Stopped",
    "SubjectError",
    "TokenBudgetSpent",
    "TrailMissing",
    "Unreachable",
    "UsageError",
]
