"""What a policy says: rules for object types, single objects, the controller, and the page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self

import attrs

Steps = tuple[str, ...]


@attrs.frozen
class Withhold:
    """A withheld field; with ``where``, only in list entries that have these values."""

    field: Steps
    why: str
    where: Mapping[str, Any] = attrs.Factory(dict)


@attrs.frozen
class Rule:
    """What is released of one object type."""

    release: bool = True
    why: str = ""
    withhold: tuple[Withhold, ...] = ()
    only: tuple[Steps, ...] | None = None
    why_not: str = ""


@attrs.frozen
class Named:
    """One object that the officer included or excluded.

    ``subject`` None means every subject that has it. ``line`` 0 means that it came as a flag.
    """

    object_type: str
    id: str
    subject: str | None
    why: str
    line: int

    @classmethod
    def of(cls, entry: Any, line: int) -> Self:
        """The object of an entry that fits the grammar: TYPE:ID, or a mapping with it."""
        given = {"object": entry} if isinstance(entry, str) else entry
        object_type, _, object_id = given["object"].partition(":")
        return cls(object_type, object_id, given.get("subject"), given.get("why", ""), line)

    def __str__(self) -> str:
        return f"{self.object_type}:{self.id}"


@attrs.frozen
class Controller:
    """Who answers the request."""

    name: str
    contact: str
    note: str


@attrs.frozen
class PageSettings:
    """How the page is worded: the law, the due date (for people), the time zone, an introduction."""

    law: str = ""
    due: str = ""
    zone: datetime.tzinfo = datetime.UTC
    intro: str = ""


RELEASED = Rule()


def zone_of(name: str) -> datetime.tzinfo | None:
    """The time zone of that name, such as ``America/Chicago``; None if there is none."""
    import zoneinfo

    try:
        return datetime.UTC if name == "UTC" else zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, or no name at all
        return None
