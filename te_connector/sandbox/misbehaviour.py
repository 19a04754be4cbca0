"""What the sandbox can be told to do wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from te_connector.sandbox.server import Sandbox


@attrs.frozen(kw_only=True)
class Misbehaviour:
    """Knobs; with none turned, the sandbox does what is documented.

    ``sandbox.misbehaviour`` may be replaced while the sandbox runs.
    """

    filters: Literal["honest", "ignored", "substring", "refused"] = "honest"
    """``ignored`` lists all, ``substring`` finds parts of values, ``refused`` answers 400."""

    case_sensitive: bool = False
    """Text filters tell capitals from small letters."""

    exact_phone: bool = False
    """Phone filters compare the stored text rather than its digits."""

    external_id_array: bool = False
    """The filter ``external_id`` looks into ``external_ids`` as well."""

    survey_filter: bool = False
    """The survey responses know the undocumented filter ``contact_id``."""

    envelope: Literal["items", "objects"] = "items"
    """The key of the list in a page: examples say ``items``, prose says ``objects``."""

    next_link: Literal["number", "null", "absent"] = "number"
    """``null`` and ``absent`` hide on every page that there is another."""

    nested_ids_as_text: bool = False
    """Ids inside nested objects are text: ``{"owner": {"id": "59"}}``."""

    sort_ignored: bool = False
    """Contacts come newest first, whatever ``sort`` says."""

    page_cap: int | None = None
    """No page holds more than this, and nothing says so."""

    empty_is_422: bool = False
    """A list without items answers 422, as a page beyond the end does."""

    fail_every: int = 0
    """Each so-many-th answer is replaced by ``fail_with``; 0 is never, 1 is always."""

    fail_with: int | Literal["html", "drop", "cut"] = 429
    """A status, ``html`` (a page with 200), ``drop`` (no answer) or ``cut`` (half a body)."""

    fail_on: str = ""
    """Only requests whose ``METHOD /v1/path`` contains this fail (and are counted for it).

    Requests for a token are spared unless this names their path.
    """

    fail_times: int | None = None
    """After this many failures all is well."""

    retry_after: int | str | None = None
    """``Retry-After`` of 429 and 503: seconds, ``date`` (two seconds ahead) or a text sent as is."""

    delete: int | Literal["hard", "lies", "soft", "lost", "redirect"] = "hard"
    """What DELETE does with an object that is there.

    ``lies`` answers 200 and keeps it. ``soft`` archives it: gone from the list, still
    readable. ``lost`` deletes it and drops the connection. ``redirect`` answers 302 and
    keeps it. A status below 300 deletes and answers so; any other refuses.
    """

    redirect_to: str = "/v1/heartbeat"
    """Where ``redirect`` points; the default answers 200 to whoever follows."""

    cascade: bool = False
    """A contact's survey responses, notes and activity go with it."""

    read_after_delete: int = 404
    """What reading a deleted object answers."""

    missing_scopes: tuple[str, ...] = ()
    """Scopes that the client was not given."""

    scope_status: int = 401
    """What a lacking scope answers: 401 in an example, 403 in the table of codes."""

    token_lifetime: int = 3600
    """Seconds that a token lives, as its answer says."""

    token_uses: int | None = None
    """After so many uses a token is refused, whatever its answer said."""

    refresh_tokens: bool = False
    """Token answers carry a refresh token, which works once and is then replaced."""

    between: Callable[[Sandbox], None] | None = None
    """Called after each answer but a token's, so that objects come and go between pages."""
