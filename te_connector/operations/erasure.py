"""``delete_object``: refuse what is not the subject's, delete, and prove that it is gone.

The order of things is what makes it safe. The object is read right before it is deleted, and must
match the subject and be what was reviewed. The intent is on disk before the request goes out. What
the request brought is found out by reading, never by believing the answer: accepted and still there
is ``failed``, a lost answer and gone is ``deleted``. ``DELETE`` is never repeated before a read has
shown the object still there. Absence counts as proven only where reading by id is known to give
objects, for a wrong path answers 404 to everything.

That ``DELETE /contacts/{id}`` may only archive is not excluded by the vendor's documents; so an
object that can still be read is never called erased.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from te_connector.api import connection as connections
from te_connector.api.call import Call
from te_connector.api.client import Client, Deletion, object_path
from te_connector.api.objects import is_listed_empty, read_object, reading_by_id_works
from te_connector.api.retry import backoff
from te_connector.contract import Receipt, Status
from te_connector.errors import (
    AnswerError,
    ConnectorError,
    GaveUp,
    NotFound,
    OptionError,
    SignInError,
    Stopped,
    Unreachable,
)
from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching import subjects as subject_reader
from te_connector.matching.ids import has_shape, id_key
from te_connector.matching.matcher import match_one
from te_connector.matching.subjects import Subject
from te_connector.operations.audit import Line, Trail
from te_connector.operations.options import CALL_OPTIONS, call_of, mapping_of
from te_connector.text.field_paths import steps_of, values_at

_KNOWN = ("reviewed", "reviewed_fields", "actor", "hold", "receipt_id", *CALL_OPTIONS)


@attrs.frozen
class Options:
    """The options of one deletion, checked."""

    reviewed: str | None
    reviewed_fields: Mapping[str, str] | None
    actor: str
    hold: str | None
    receipt_id: str
    call: Call


def read_options(options: Any) -> Options:
    """Check the options of a call.

    :raises OptionError: one is unknown or of the wrong kind.
    """
    given = mapping_of(options, _KNOWN)
    for name in ("reviewed", "actor", "hold", "receipt_id"):
        value = given.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > 1000):
            raise OptionError(f"The option {name} must be text of at most 1000 characters.")
    fields = given.get("reviewed_fields")
    if fields is not None and not (
        isinstance(fields, Mapping)
        and all(isinstance(text, str) for item in fields.items() for text in item)
    ):
        raise OptionError("The option reviewed_fields must be a mapping of texts to texts.")
    return Options(
        reviewed=given.get("reviewed"),
        reviewed_fields=fields,
        actor=given.get("actor") or "",
        hold=given.get("hold"),
        receipt_id=given.get("receipt_id") or str(uuid.uuid4()),
        call=call_of(given),
    )


def delete(
    connection: Mapping[str, Any], object_type: Any, object_id: Any, subject: Any, options: Any
) -> Receipt:
    """The hook ``delete_object``; see :mod:`te_connector.hookspecs`."""
    manifest = connections.manifest_of(connection)
    of_type = manifest.type_in_use(object_type)
    person = subject_reader.read_one(subject, manifest)
    wanted = read_options(options)
    name = id_key(object_id)
    if name is None:
        raise OptionError("object_id must be text or a whole number.")
    settings = connections.resolve(connection)
    trail = Trail.of(settings.state, settings.base_url, settings.client_id)
    client = Client(settings)
    erasure = Erasure(client, trail, of_type, name, person, wanted)
    earlier = erasure.earlier()
    if earlier is not None:
        return earlier

    def work() -> Receipt:
        with client.open(wanted.call.tell):
            return erasure.run()

    return wanted.call.run(work, client.stop)


@attrs.frozen
class _Reading:
    """What reading the object brought: its data, or that it is absent, or why nobody can say."""

    data: dict[str, Any] | None = attrs.field(default=None, repr=False)
    absent: bool = False
    by_api: bool = True
    told: str = ""


class Erasure:
    """One deletion of one object of one subject."""

    def __init__(
        self,
        client: Client,
        trail: Trail,
        object_type: ObjectType,
        name: str,
        subject: Subject,
        options: Options,
    ) -> None:
        self._client = client
        self._trail = trail
        self._type = object_type
        self._name = name
        self._subject = subject
        self._options = options
        self._started = time.monotonic()
        self._is_id = has_shape(name, object_type.id_shape)
        # Where an id may be any text, somebody may take an e-mail address for one.
        self._traced = trail.safe_id(name, is_id=self._is_id and "@" not in name)

    @property
    def _manifest(self) -> Manifest:
        return self._client.settings.manifest

    def earlier(self) -> Receipt | None:
        """The receipt that the trail already has under this receipt id.

        :raises OptionError: it is another object's or subject's.
        """
        line = self._trail.receipt(self._options.receipt_id)
        return None if line is None else self._receipt(line)

    def run(self) -> Receipt:
        """Do it."""
        self._note(
            "asked",
            actor=self._options.actor,
            subject=self._subject.id,
            identifiers=self._trail.hashes(self._subject, self._manifest.kinds),
            reviewed=bool(self._options.reviewed),
        )
        if self._options.hold is not None:
            return self._finish("refused", f"held: {self._options.hold or 'no reason given'}")
        if not self._is_id:
            return self._finish("refused", f"the id is not one of the type {self._type.name}")
        self._client.sign_in()
        self._options.call.tell(
            {"event": "deleting", "object_type": self._type.name, "id": self._name}
        )
        first = self._read()
        if first.absent:
            return self._found_absent(first)
        if first.data is None:
            return self._finish("failed", f"it could not be read before the deletion: {first.told}")
        refusal = self._refusal(first.data)
        if refusal:
            return self._finish("refused", refusal)
        if not self._type.deletable:
            return self._finish("not_deletable", f"it is still there. {self._type.instead}")
        return self._delete()

    # Reading

    def _read(self, *, again: bool = False) -> _Reading:
        """Read the object by its id. After a DELETE no failure is raised: it is an unproven absence."""
        try:
            reading = _Reading(data=read_object(self._client, self._type, self._name))
            told = "200"
        except NotFound as error:
            reading = _Reading(absent=True, by_api=error.by_api)
            told = str(error.status)
        except AnswerError as error:
            reading, told = _Reading(told=str(error)), error.code
        except (Unreachable, SignInError) as error:
            if not again:
                raise
            reading, told = _Reading(told=str(error)), error.code
        self._note("read_again" if again else "read", result=told)
        return reading

    def _path_is_right(self, reading: _Reading, *, ours: bool = False) -> bool:
        """Whether a 404 means what it says. One that is not the API's own JSON is checked anew.

        No other object can show the path where ours was the last one; there an empty list does, for
        the trail holds that this object was read before our own DELETE.
        """
        try:
            if reading_by_id_works(
                self._client, self._type, self._name, recheck=not reading.by_api
            ):
                return True
            return ours and reading.by_api and is_listed_empty(self._client, self._type)
        except Stopped:
            raise
        except ConnectorError:
            return False

    def _ours(self) -> bool:
        """Whether another DELETE of ours than the one just refused may have deleted it."""
        return self._trail.may_have_deleted(self._type.name, self._traced)

    def _found_absent(self, reading: _Reading) -> Receipt:
        ours = self._ours()
        if not self._path_is_right(reading, ours=ours):
            return self._finish(
                "failed",
                f"reading it gives 404, but no other {self._type.name} could be read by its id, so it "
                "is not known that the path is right; check the base URL",
            )
        if ours:
            return self._finish(
                "deleted", "it was there before our own earlier request and is gone", verified=True
            )
        return self._finish("already_absent", "it was gone before anything was sent", verified=True)

    # Refusing

    def _refusal(self, data: Mapping[str, Any]) -> str:
        """Why this object must not be deleted; empty where it may."""
        mismatch = self._mismatch(self._type, data)
        if mismatch:
            return mismatch
        reviewed = self._options.reviewed
        if reviewed is not None and reviewed.lower() != schemas.digest(data):
            differing = ", ".join(self._differing(data))
            return "it is no longer what was reviewed" + (
                f": {differing} changed" if differing else ""
            )
        return ""

    def _mismatch(self, object_type: ObjectType, data: Mapping[str, Any]) -> str:
        if object_type.parent is None:
            if match_one(data, object_type, self._manifest, self._subject):
                return ""
            compared = ", ".join(
                field
                for kind, fields in object_type.fields().items()
                if kind in self._subject.values
                for field in fields
            )
            return f"no identifier of the subject matches it (compared: {compared or 'nothing'})"
        above = self._manifest.objects[object_type.parent.object]
        names = [id_key(value) for value in values_at(data, steps_of(object_type.parent.field))]
        for name in names:
            if name is None or not has_shape(name, above.id_shape):
                continue
            try:
                parent = read_object(self._client, above, name)
            except NotFound:
                if not self._type.deletable:
                    return ""  # its parent is gone already; what is left is told, not touched
                continue
            except AnswerError as error:
                return (
                    f"its {above.name} could not be read, so it is not known whose it is: {error}"
                )
            return self._mismatch(above, parent)
        return f"the {above.name} that it belongs to could not be found, so it is not known whose it is"

    def _differing(self, data: Mapping[str, Any]) -> Iterator[str]:
        """The names of the fields that differ from what was reviewed, never their values."""
        reviewed = self._options.reviewed_fields
        if reviewed is None:
            return
        for field in sorted(set(reviewed) | set(data)):
            if field not in data or reviewed.get(field) != schemas.digest(data[field]):
                yield field

    # Deleting

    def _delete(self) -> Receipt:
        """Send DELETE, read, and send it again only while it is lost and the object still there."""
        attempt = 0
        while True:
            attempt += 1
            self._note("intent", attempt=attempt, sync=True)
            answer = self._send_delete()
            due = time.monotonic() + (backoff(attempt) if answer.wait is None else answer.wait)
            self._note("answered", outcome=answer.outcome, told=answer.told)
            reading = self._read(again=True)
            if reading.absent:
                return self._gone(answer, reading)
            if reading.data is None:
                return self._finish(
                    "failed",
                    f"DELETE was sent, but whether it is gone could not be read: {reading.told}",
                )
            outcome = self._still_there(answer, reading.data, due)
            if outcome is not None:
                return outcome

    def _send_delete(self) -> Deletion:
        path = object_path(self._type.path, self._name)
        try:
            return self._client.delete(path, template=f"{self._type.path}/{{id}}")
        except GaveUp as error:  # asked to wait for longer than is permitted
            return Deletion("lost", str(error), math.inf)
        except AnswerError as error:
            return Deletion("lost", str(error))
        except (SignInError, Unreachable) as error:
            self._note("answered", outcome="refused", told=f"it was not sent: {error.code}")
            raise

    def _gone(self, answer: Deletion, reading: _Reading) -> Receipt:
        if not reading.by_api and not self._path_is_right(reading):
            return self._finish(
                "failed",
                "reading it gives 404 that is not the API's own, and no other object could be read "
                "by its id either, so its absence is not proven",
            )
        if answer.outcome == "refused" and not self._ours():
            return self._finish(
                "already_absent",
                f"it went while it was being deleted: to the DELETE {answer.told}",
                verified=True,
            )
        told = {
            "accepted": "DELETE was accepted",
            "lost": f"the answer to DELETE was lost ({answer.told})",
            "refused": f"an earlier DELETE of ours was carried out after all (now {answer.told})",
        }[answer.outcome]
        return self._finish(
            "deleted", f"{told}; reading it gave 200 before and gives 404 now", verified=True
        )

    def _still_there(self, answer: Deletion, data: Mapping[str, Any], due: float) -> Receipt | None:
        """The receipt of an object that a DELETE did not remove; None to send it again."""
        archived = self._type.archived
        if archived is not None and archived.value in list(
            values_at(data, steps_of(archived.field))
        ):
            return self._finish(
                "failed", f"it was only archived ({archived.field}): suppressed is not erased"
            )
        if answer.outcome == "accepted":
            return self._finish("failed", "DELETE was accepted, but it can still be read")
        if answer.outcome == "refused":
            return self._finish("failed", f"DELETE was refused ({answer.told}); it is still there")
        lost = f"DELETE got no usable answer ({answer.told}) and it is still there"
        try:
            refusal = self._refusal(data)
        except (SignInError, Unreachable) as error:
            refusal = str(error)
        if refusal:
            return self._finish("failed", f"{lost}; it was not sent again: {refusal}")
        if due >= self._started + self._manifest.retry_for:
            return self._finish("failed", f"{lost}; retry_for permits no further try")
        self._client.rest(max(0.0, due - time.monotonic()))
        return None

    # Telling

    def _note(self, kind: str, *, sync: bool = False, **fields: Any) -> None:
        self._trail.append(
            kind,
            sync=sync,
            receipt_id=self._options.receipt_id,
            object_type=self._type.name,
            object_id=self._traced,
            **fields,
        )

    def _finish(self, status: Status, reason: str, *, verified: bool = False) -> Receipt:
        entry = {
            "receipt_id": self._options.receipt_id,
            "object_type": self._type.name,
            "object_id": self._traced,
            "subject": self._subject.id,
            "status": status,
            "verified": verified,
            "reason": reason,
        }
        return self._receipt(self._trail.close(entry))

    def _receipt(self, line: Line) -> Receipt:
        """What a line of the trail tells.

        :raises OptionError: it tells of another object or subject.
        """
        entry = line.entry
        told = (entry["object_type"], entry["object_id"], entry["subject"])
        if told != (self._type.name, self._traced, self._subject.id):
            raise OptionError(
                "The receipt_id was used for another object or subject; choose another."
            )
        return {
            "receipt_id": entry["receipt_id"],
            "object_type": entry["object_type"],
            "id": self._name,
            "subject": entry["subject"],
            "status": entry["status"],
            "verified": entry["verified"],
            "at": entry["at"],
            "reason": entry["reason"],
            "audit": {"seq": line.place["seq"], "mac": line.place["mac"]},
        }
