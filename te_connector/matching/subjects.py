"""A host's subjects as frozen values: every identifier readable, or an error before any request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import attrs

from te_connector.errors import Fault, FileFaults, SubjectError
from te_connector.manifest.model import IdentifierKind, Manifest, ObjectType
from te_connector.matching.emails import readable_email
from te_connector.matching.ids import MAX_LENGTH, has_shape, id_key, split_type
from te_connector.matching.phones import possible_phone
from te_connector.text.answers import BadJson, parse

MAX_ID = 200
MAX_BYTES = 64 * 1024 * 1024
"""For one file of subjects: some hundred thousand of them."""
_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
"""What a kind looks like: anything else could be a value in the wrong place."""


@attrs.frozen
class RequestedId:
    """A vendor's id that a subject gave, and the object type that it means, if any.

    ``named``: the type was given with it (``TYPE:ID``), so it is compared with that type alone. A bare
    id means the kind's default type and is weak in any other.
    """

    id: str
    object_type: str | None
    named: bool


@attrs.frozen
class Subject:
    """A data subject: the requester's id, and the values given for each kind of identifier, as given."""

    id: str
    values: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)
    _ids: Mapping[str, tuple[RequestedId, ...]] = attrs.field(factory=dict, repr=False)

    def ids(self, kind: str) -> tuple[RequestedId, ...]:
        """The vendor's ids that the subject gave for a kind."""
        return self._ids.get(kind, ())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Subject is not pickled")


def requested_ids(subjects: Iterable[Subject], object_type: ObjectType) -> list[str]:
    """The ids that subjects gave and that can be read by id in this type, each once."""
    found = (
        requested.id
        for mapping in object_type.mapped
        if mapping.by_id
        for subject in subjects
        for requested in subject.ids(mapping.kind)
        if not requested.named or requested.object_type == object_type.name
    )
    return list(dict.fromkeys(found))


def read(subjects: Any, manifest: Manifest) -> tuple[Subject, ...]:
    """The subjects of a call.

    :raises SubjectError: names everything that is wrong by subject id, kind, and position, never by
        value.
    """
    if isinstance(subjects, (str, bytes, Mapping)) or not isinstance(subjects, Sequence):
        raise SubjectError("subjects must be a list of subjects.")
    if not subjects:
        raise SubjectError("There is no subject. Give at least one.")
    faults: list[str] = []
    found: dict[str, Subject] = {}
    for position, given in enumerate(subjects, 1):
        subject = _subject(given, manifest, f"Subject number {position}", faults)
        if subject is None:
            continue
        if subject.id in found:
            faults.append(f"Two subjects have the id {subject.id!r}. Give each its own.")
        found[subject.id] = subject
    if faults:
        raise SubjectError(" ".join(dict.fromkeys(faults)))
    return tuple(found.values())


def read_one(subject: Any, manifest: Manifest) -> Subject:
    """The subject of a deletion.

    :raises SubjectError: names everything that is wrong by subject id, kind, and position, never by
        value.
    """
    faults: list[str] = []
    found = _subject(subject, manifest, "The subject", faults)
    if found is None or faults:
        raise SubjectError(" ".join(faults))
    return found


def _subject(given: Any, manifest: Manifest, who: str, faults: list[str]) -> Subject | None:
    """A subject as a frozen value; None if it has no id or no identifiers. Adds to ``faults``."""
    if not isinstance(given, Mapping) or set(given) != {"id", "identifiers"}:
        faults.append(f"{who} must be a mapping with the keys id and identifiers.")
        return None
    name, identifiers = given["id"], given["identifiers"]
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_ID or _is_broken(name):
        faults.append(f"{who} needs an id: text of 1 to {MAX_ID} characters.")
        return None
    if not isinstance(identifiers, Mapping):
        faults.append(f"Subject {name!r}: identifiers must be a mapping by kind.")
        return None
    before = len(faults)
    values: dict[str, tuple[str, ...]] = {}
    ids: dict[str, tuple[RequestedId, ...]] = {}
    for kind_name, given_values in identifiers.items():
        kind = manifest.kinds.get(kind_name) if isinstance(kind_name, str) else None
        if kind is None:
            faults.append(_unknown_kind(name, kind_name, manifest))
            continue
        read_values = tuple(_values(name, kind, given_values, manifest, faults))
        if read_values:
            values[kind.name] = read_values
        if kind.compare == "id":
            ids[kind.name] = tuple(_requested_id(text, kind, manifest) for text in read_values)
    if not values and len(faults) == before:
        faults.append(f"Subject {name!r} has no identifier. Give at least one.")
    return Subject(name, values, ids)


def _unknown_kind(subject: str, kind: Any, manifest: Manifest) -> str:
    known = ", ".join(manifest.kinds)
    named = f" {kind}" if isinstance(kind, str) and _WORD.fullmatch(kind) else ""
    return f"Subject {subject!r} has an unknown kind of identifier{named}. Known: {known}."


def _is_broken(text: str) -> bool:
    """Whether a text holds half a character (a lone surrogate), so that it can't be written."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _values(
    subject: str, kind: IdentifierKind, given: Any, manifest: Manifest, faults: list[str]
) -> Iterator[str]:
    """The values of a kind that can be read; each other one adds to ``faults``."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        faults.append(f"Subject {subject!r}: {kind.name} must be a list of texts.")
        return
    for position, value in enumerate(given, 1):
        text = value if isinstance(value, str) or kind.compare == "email" else id_key(value)
        if not isinstance(text, str) or len(text) > MAX_LENGTH or not text.strip():
            fault: str | None = "isn't a text"
        else:
            fault = _fault_of(text, kind, manifest)
        if fault is None and isinstance(text, str):
            yield text
        else:
            faults.append(f"Subject {subject!r}: {kind.name} #{position} {fault}.")


def _fault_of(text: str, kind: IdentifierKind, manifest: Manifest) -> str | None:
    """Why a text can't be an identifier of its kind; None if it can."""
    if kind.compare == "email":
        if not readable_email(text):
            return (
                "isn't a plain e-mail address; give the address alone, without mailto:, quotes, "
                "brackets, or a query"
            )
    elif kind.compare == "phone":
        if not possible_phone(text, kind.region):
            return "isn't a phone number; give it with its area code"
    elif not text.strip().isprintable():
        return "holds an invisible character; type it anew"
    elif kind.compare == "id":
        return _id_fault(text, kind, manifest)
    return None


def _id_fault(text: str, kind: IdentifierKind, manifest: Manifest) -> str | None:
    """Why no object that is searched can have an id; None if one can."""
    named, alone = split_type(text, manifest.objects)
    mapped = _types_of(kind, manifest)
    if named is not None and named not in mapped:
        searched = ", ".join(mapped) or "none"
        return f"names the object type {named}, which isn't searched by this kind; use {searched}"
    types = [manifest.objects[named]] if named is not None else list(mapped.values())
    if any(_can_be_in(alone, kind, object_type) for object_type in types):
        return None
    return (
        f"isn't an id of any object type; give the id alone or TYPE:ID, such as {_sample(mapped)}"
    )


def _sample(mapped: Mapping[str, ObjectType]) -> str:
    return f"{next(iter(mapped), 'contact')}:ID"


def _types_of(kind: IdentifierKind, manifest: Manifest) -> dict[str, ObjectType]:
    """The object types that are turned on and map the kind."""
    return {
        name: object_type
        for name, object_type in manifest.objects.items()
        if object_type.access and any(mapping.kind == kind.name for mapping in object_type.mapped)
    }


def _can_be_in(alone: str, kind: IdentifierKind, object_type: ObjectType) -> bool:
    """Whether an id can be one of the type; a field that is not the type's own id has any shape."""
    return any(
        mapping.field != object_type.id_field or has_shape(alone, object_type.id_shape)
        for mapping in object_type.mapped
        if mapping.kind == kind.name
    )


def _requested_id(text: str, kind: IdentifierKind, manifest: Manifest) -> RequestedId:
    named, alone = split_type(text, manifest.objects)
    if named is not None:
        return RequestedId(alone, named, named=True)
    types = [
        name
        for name, object_type in manifest.objects.items()
        if any(mapping.kind == kind.name for mapping in object_type.mapped)
    ]
    # Without a default in the manifest, a bare id is certain only if one type alone has such ids.
    meant = kind.default if kind.default is not None else types[0] if len(types) == 1 else None
    return RequestedId(alone, meant, named=False)


def read_lines(path: Path) -> list[Any]:
    """The subjects of a JSON Lines file, one mapping per line.

    :raises FileFaults: every line that is not JSON, by its number, without its content.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)  # a device has no size and no end
    except OSError as error:
        raise FileFaults(
            [Fault(str(path), 1, f"the file cannot be read ({error.strerror})")]
        ) from None
    if len(raw) > MAX_BYTES:
        raise FileFaults(
            [Fault(str(path), 1, f"the file is larger than {MAX_BYTES // 1048576} MiB; split it")]
        )
    found, faults = [], []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append((number, parse(line)))
        except BadJson as fault:
            faults.append(Fault(str(path), number, f"this line is not one JSON object: {fault}"))
    if faults:
        raise FileFaults(faults)
    if not found:
        raise FileFaults(
            [Fault(str(path), 1, "the file has no subject; write one JSON object a line")]
        )
    return found


def check_lines(path: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """The subjects of a JSON Lines file, each checked, as plain mappings for ``fetch``.

    :raises FileFaults: every line that is not a readable subject, by its number.
    """
    subjects: list[dict[str, Any]] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, given in read_lines(path):
        try:
            subject = read_one(given, manifest)
        except SubjectError as error:
            faults.append(Fault(str(path), number, str(error)))
            continue
        if subject.id in seen:
            again = f"this line has the same id as line {seen[subject.id]}"
            faults.append(Fault(str(path), number, again))
        seen[subject.id] = number
        subjects.append(json.loads(json.dumps(given)))
    if faults:
        raise FileFaults(faults)
    return subjects
