"""Reads one object and what it belongs to, and says what that shows: :class:`ObjectReader`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.api.client import Client
from te_connector.api.objects import Path, read_object, show_path
from te_connector.api.retry import backoff
from te_connector.errors import (
    AnswerError,
    ConnectorError,
    DeadlineReached,
    NotFound,
    SignInError,
    StateError,
    Stopped,
    Unreachable,
)
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.operations import ownership
from te_connector.operations.audit.trail import Trail
from te_connector.operations.erasure.outcomes import Answer, Reading
from te_connector.operations.ownership import Lineage, Relative
from te_connector.text.field_paths import steps_of, values_at


@attrs.frozen
class Read:
    """What one reading showed, with the words for people and the data, if it is there."""

    reading: Reading
    told: str
    data: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    list_empty: bool = False
    """Whether an empty list, not another object, proves the absence."""


class ObjectReader:
    """Reads for one deletion.

    ``was_absent``: the object was read as absent since this was last set to False. ``was_sent``: a DELETE
    was sent, so that a connection that breaks ends nothing any more.
    """

    def __init__(
        self, client: Client, trail: Trail, object_type: ObjectType, object_id: str
    ) -> None:
        self.was_absent = self.was_sent = False
        self._client = client
        self._trail = trail
        self._type, self._id = object_type, object_id

    @property
    def _manifest(self) -> Manifest:
        return self._client.settings.manifest

    def read(self, answer: Answer) -> Read:
        """Read the object by its id. A 404 counts only beside a 200 of another object."""
        read = self._read_once(answer)
        if read.reading == "absent":
            read = self._proven(read, answer)
        archived = self._type.archived
        if read.data is not None and archived is not None:
            values = list(values_at(read.data, steps_of(archived.field)))
            if archived.value in values and answer not in ("nothing sent", "sent earlier"):
                read = attrs.evolve(read, reading="archived")
        if read.reading in ("absent", "unproven"):
            self.was_absent = True
        elif read.reading == "there" and self.was_absent and answer in ("accepted", "lost"):
            read = attrs.evolve(read, reading="back again")
        return read

    def _read_once(self, answer: Answer) -> Read:
        try:
            data = read_object(self._client, self._type, self._id)
        except NotFound as error:
            return Read("absent", str(error.status))
        except AnswerError as error:
            return Read("unreadable", str(error))
        except (Unreachable, SignInError) as error:
            if answer in ("nothing sent", "sent earlier"):
                raise  # nothing is known, and this call has sent nothing
            return Read("unreadable", str(error))
        return Read("there", "200", data)

    def _proven(self, absent: Read, answer: Answer) -> Read:
        """A 404 is proof between a 200 of another object and a second 404.

        For ``deleted`` an empty list serves too: we saw the object before our own DELETE.
        """
        path = self._path(self._type, self._id)
        if path == "unknown" or (path == "empty" and answer in ("nothing sent", "refused")):
            return attrs.evolve(absent, reading="unproven")
        self.was_absent = True
        again = self._read_once("accepted")
        if again.reading != "absent":
            return again
        return attrs.evolve(absent, list_empty=path == "empty")

    def _path(self, object_type: ObjectType, object_id: str) -> Path:
        """Whether reading by id works now; the absence of objects that we may be deleting proves nothing.

        If there are no others, and those are gone, this waits for the end of their deletions, within
        ``retry_for``.
        """

        def may_go(other: str) -> bool:
            return self._trail.is_being_deleted(object_type.name, other)

        until, number = time.monotonic() + self._manifest.retry_for, 0
        while True:
            number += 1
            try:
                path = show_path(self._client, object_type, object_id, may_go=may_go)
            except (Stopped, DeadlineReached, StateError):
                raise
            except ConnectorError:
                return "unknown"
            if path != "busy":
                return path
            if time.monotonic() + backoff(number) >= until:
                return "unknown"
            self._client.rest(backoff(number))

    def lineage(self, data: Mapping[str, Any]) -> Lineage:
        """The object, whose data were read, and what it belongs to."""
        return ownership.lineage_of(
            Relative(self._type, self._id, data), self._manifest, self.relative
        )

    def relative(self, object_type: ObjectType, object_id: str) -> Relative:
        """An object that this one belongs to, or the reason why it can't be read."""
        try:
            data = read_object(self._client, object_type, object_id)
        except NotFound:
            return Relative(object_type, object_id)
        except AnswerError as error:
            return Relative(object_type, object_id, unread=str(error))
        except (Unreachable, SignInError) as error:
            if not self.was_sent:
                raise
            return Relative(object_type, object_id, unread=str(error))
        return Relative(object_type, object_id, data)

    def is_gone(self, object_type: ObjectType, object_id: str) -> bool:
        """Whether a 404 for an object of another type is proof: other objects of it can be read."""
        return self._path(object_type, object_id) != "unknown"
