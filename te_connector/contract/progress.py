"""Progress events: what ``options["progress"]`` is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NotRequired, TypedDict


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
