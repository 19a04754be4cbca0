"""The rules that the sandbox can break on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import attrs

from te_connector.sandbox.store import Tables


@attrs.frozen(kw_only=True)
class Misbehavior:
    """One setting for each way to misbehave; with the defaults, the sandbox follows the API document.

    You can replace ``sandbox.misbehavior`` while the sandbox runs.
    """

    filters: Literal["honest", "ignored", "substring", "refused"] = "honest"
    """``ignored`` returns all rows, ``substring`` matches parts of values, ``refused`` answers 400."""

    case_sensitive: bool = False
    """Text filters distinguish upper and lower case."""

    exact_phone: bool = False
    """Phone filters compare the stored text instead of its digits."""

    external_id_array: bool = False
    """The ``external_id`` filter searches ``external_ids`` too."""

    survey_filter: bool = False
    """Survey responses accept the undocumented ``contact_id`` filter."""

    envelope: Literal["items", "objects"] = "items"
    """The key of the list in a page: the document's examples say ``items``, its prose ``objects``."""

    next_link: Literal["number", "null", "absent"] = "number"
    """``null`` and ``absent`` hide the next page on every page."""

    nested_ids_as_text: bool = False
    """Ids inside nested objects are strings: ``{"owner": {"id": "59"}}``."""

    sort_ignored: bool = False
    """Contacts come newest first, whatever ``sort`` asks for."""

    ties: bool = False
    """Creation times have no time of day, and a list sorted by them shuffles each day's rows."""

    page_cap: int | None = None
    """No page holds more rows than this, and the answer does not mention it."""

    empty_is_422: bool = False
    """An empty list answers 422, as a page past the end does."""

    fail_every: int = 0
    """Every n-th answer is replaced by ``fail_with``; 0 is never, 1 is always."""

    fail_with: int | Literal["html", "drop", "cut"] = 429
    """A status, ``html`` (a web page with 200), ``drop`` (no answer), or ``cut`` (half a body)."""

    fail_on: str = ""
    """Only requests whose ``METHOD /v1/path`` contains this text fail and count.

    Token requests fail only if this text names their path.
    """

    fail_times: int | None = None
    """After this many failures, everything works."""

    retry_after: int | str | None = None
    """``Retry-After`` of 429 and 503: seconds, ``date`` (two seconds ahead), or any text."""

    delete: int | Literal["hard", "lies", "soft", "lost", "redirect"] = "hard"
    """What DELETE does to an object that exists.

    ``lies`` answers 200 and keeps it. ``soft`` archives it: it leaves the list and stays
    readable. ``lost`` deletes it and drops the connection. ``redirect`` answers 302 and
    keeps it. A status below 300 deletes and returns that status; any other status refuses.
    """

    redirect_to: str = "/v1/heartbeat"
    """Where ``redirect`` points; the default answers 200 to a client that follows it."""

    cascade: bool = False
    """Deleting a contact deletes its survey responses, notes, and activity."""

    read_after_delete: int = 404
    """The status for reading a deleted object."""

    missing_scopes: tuple[str, ...] = ()
    """Scopes that the client does not get."""

    scope_status: int = 401
    """The status for a missing scope: 401 in the document's example, 403 in its table of codes."""

    token_lifetime: int = 3600
    """Lifetime of a token in seconds, as its answer says."""

    token_uses: int | None = None
    """A token is refused after this many uses, whatever its answer said."""

    refresh_tokens: bool = False
    """Token answers include a refresh token, which works once."""

    between: Callable[[Tables], None] | None = None
    """Called after each answer except a token's, so rows can come and go between pages."""


PRESETS: dict[str, tuple[str, Misbehavior]] = {
    "filters-ignored": ("Filters return every row.", Misbehavior(filters="ignored")),
    "filters-substring": ("Filters match parts of values.", Misbehavior(filters="substring")),
    "filters-refused": ("Filters answer 400.", Misbehavior(filters="refused")),
    "filters-case-sensitive": (
        "Text filters distinguish upper and lower case.",
        Misbehavior(case_sensitive=True),
    ),
    "filters-exact-phone": (
        "Phone filters compare the stored spelling.",
        Misbehavior(exact_phone=True),
    ),
    "survey-filter": (
        "Survey responses accept the undocumented contact_id filter.",
        Misbehavior(survey_filter=True),
    ),
    "objects-envelope": ("Pages list their rows under objects.", Misbehavior(envelope="objects")),
    "no-next-link": ("Pages do not link to the next page.", Misbehavior(next_link="absent")),
    "short-pages": ("Pages hold at most 7 rows.", Misbehavior(page_cap=7)),
    "empty-422": ("An empty list answers 422.", Misbehavior(empty_is_422=True)),
    "text-ids": ("Ids of nested objects are strings.", Misbehavior(nested_ids_as_text=True)),
    "sort-ignored": ("Contacts come newest first.", Misbehavior(sort_ignored=True)),
    "ties": (
        "Rows share creation times; lists sorted by them change between requests.",
        Misbehavior(ties=True),
    ),
    "soft-delete": ("DELETE archives the object.", Misbehavior(delete="soft")),
    "delete-lies": ("DELETE answers 200 and keeps the object.", Misbehavior(delete="lies")),
    "delete-lost": ("DELETE works, but its answer is lost.", Misbehavior(delete="lost")),
    "delete-redirect": ("DELETE answers 302.", Misbehavior(delete="redirect")),
    "delete-refused": ("DELETE answers 403.", Misbehavior(delete=403)),
    "cascade": ("Deleting a contact deletes what belongs to it.", Misbehavior(cascade=True)),
    "gone-403": ("Reading a deleted object answers 403.", Misbehavior(read_after_delete=403)),
    "no-users-scope": (
        "The client lacks the getUsers scope.",
        Misbehavior(missing_scopes=("getUsers",)),
    ),
    "short-tokens": ("Tokens are refused after 5 uses.", Misbehavior(token_uses=5)),
    "rate-limited": (
        "Every third answer is 429 with Retry-After: 1.",
        Misbehavior(fail_every=3, fail_with=429, retry_after=1),
    ),
    "server-errors": ("Every third answer is 502.", Misbehavior(fail_every=3, fail_with=502)),
    "drops": ("Every third answer is missing.", Misbehavior(fail_every=3, fail_with="drop")),
    "login-page": (
        "Every third answer is a web page.",
        Misbehavior(fail_every=3, fail_with="html"),
    ),
}
"""What ``te-connector sandbox --misbehave`` accepts: a name, what it does, and the settings."""


def combined(names: Iterable[str]) -> Misbehavior:
    """The settings of several presets together; a later name wins over an earlier one.

    Raises ``KeyError`` for a name that is not in ``PRESETS``.
    """
    usual = attrs.asdict(Misbehavior(), recurse=False)
    changed: dict[str, Any] = {}
    for name in names:
        settings = attrs.asdict(PRESETS[name][1], recurse=False)
        changed |= {key: value for key, value in settings.items() if value != usual[key]}
    return Misbehavior(**changed)
