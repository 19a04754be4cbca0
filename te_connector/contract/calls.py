"""What a host passes to the hooks: the connection, the subjects and the options."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Protocol, TypedDict

from te_connector.contract.progress import Progress


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
    holds: list[dict[str, Any]]
    """More holds for this call, beside those that the state directory keeps. An entry has a ``reason``,
    and ``object`` (``TYPE:ID``) or identifiers; each is one value or a list."""
    progress: Progress
    """As in :class:`FetchOptions`."""
    cancel: Cancel
    """As in :class:`FetchOptions`."""
    deadline: float
    """Seconds from the call. Without a DELETE sent by then the receipt is ``failed``; with one, the
    hook goes on to find out the truth, within the manifest's ``retry_for``."""
