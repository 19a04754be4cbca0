"""A host's subjects as frozen values: every identifier readable, or an error before any request."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import attrs

from te_connector.errors import SubjectError
from te_connector.manifest.model import IdentifierKind, Manifest, ObjectType
from te_connector.matching.emails import readable_email
from te_connector.matching.ids import MAX_LENGTH, has_shape, id_key
from te_connector.matching.phones import phones, possible_phone

MAX_ID = 200
_MAX_FAULTS = 100
_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
"""What a kind looks like: anything else could be a value in the wrong place."""


@attrs.frozen
class GivenId:
    """An id of the vendor's as a subject gave it: ``TYPE:ID`` names its type, a bare id names none."""

    object_type: str | None
    object_id: str = attrs.field(repr=False)
    meant: str | None = None
    """The type that was named, or the one that a bare id means. In any other, a bare id is weak."""


@attrs.frozen
class Subject:
    """A data subject: the requester's id, and the values given for each kind of identifier.

    ``given_ids`` has the values of kinds that are compared as ids, taken apart.
    """

    id: str
    values: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)
    given_ids: Mapping[str, tuple[GivenId, ...]] = attrs.field(factory=dict, repr=False)

    def ids(self, kind: str) -> tuple[GivenId, ...]:
        """The ids given for a kind."""
        if kind in self.given_ids:
            return self.given_ids[kind]
        return tuple(GivenId(None, value.strip()) for value in self.values.get(kind, ()))

    def ids_in(self, kind: str, object_type: str) -> list[str]:
        """The ids given for a kind that can be ids of this type: those that name it, and bare ones."""
        return [
            given.object_id for given in self.ids(kind) if given.object_type in (None, object_type)
        ]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Subject is not pickled")


def read(subjects: Any, manifest: Manifest) -> tuple[Subject, ...]:
    """The subjects of a call.

    :raises SubjectError: names every value that can't be read, by subject id, kind and position.
    """
    if isinstance(subjects, (str, bytes, Mapping)) or not isinstance(subjects, Sequence):
        raise SubjectError("subjects must be a list of subjects.")
    if not subjects:
        raise SubjectError("There is no subject. Give at least one.")
    read_ones: list[Subject] = []
    faults: list[str] = []
    seen: set[str] = set()
    for position, given in enumerate(subjects, 1):
        try:
            subject = _subject(given, manifest, f"Subject number {position}")
        except SubjectError as error:
            faults.append(str(error))
            continue
        if subject.id in seen:
            faults.append(f"Two subjects have the id {subject.id!r}. Give each its own.")
        seen.add(subject.id)
        read_ones.append(subject)
    if faults:
        raise SubjectError(_joined(faults))
    return tuple(read_ones)


def _joined(faults: Sequence[str]) -> str:
    """All faults, or the first hundred and how many more there are."""
    shown = list(faults[:_MAX_FAULTS])
    if len(faults) > _MAX_FAULTS:
        shown.append(f"{len(faults) - _MAX_FAULTS} more subjects can't be read.")
    return "\n".join(shown)


def read_one(subject: Any, manifest: Manifest) -> Subject:
    """The subject of a deletion.

    :raises SubjectError: names every value that can't be read, by subject id, kind and position.
    """
    return _subject(subject, manifest, "The subject")


def _subject(given: Any, manifest: Manifest, who: str) -> Subject:
    if not isinstance(given, Mapping) or set(given) != {"id", "identifiers"}:
        raise SubjectError(f"{who} must be a mapping with the keys id and identifiers.")
    subject_id, identifiers = given["id"], given["identifiers"]
    if (
        not isinstance(subject_id, str)
        or not subject_id.strip()
        or len(subject_id) > MAX_ID
        or _is_broken(subject_id)
    ):
        raise SubjectError(f"{who} needs an id: text of 1 to {MAX_ID} characters.")
    if not isinstance(identifiers, Mapping):
        raise SubjectError(f"Subject {subject_id!r}: identifiers must be a mapping by kind.")
    values: dict[str, tuple[str, ...]] = {}
    given_ids: dict[str, tuple[GivenId, ...]] = {}
    faults: list[str] = []
    for kind, given_values in identifiers.items():
        if kind not in manifest.kinds:
            known = ", ".join(manifest.kinds)
            odd = f" {kind}" if isinstance(kind, str) and _WORD.fullmatch(kind) else ""
            faults.append(f"has an unknown kind of identifier{odd}; known: {known}")
            continue
        how = manifest.kinds[kind]
        read_values, unreadable = _values(how, manifest, given_values)
        faults += unreadable
        if read_values:
            values[kind] = read_values
            if how.compare == "id":
                given_ids[kind] = tuple(_given_id(value, how, manifest) for value in read_values)
    if faults:
        raise SubjectError("\n".join(f"Subject {subject_id!r}: {fault}." for fault in faults))
    if not values:
        raise SubjectError(f"Subject {subject_id!r} has no identifier. Give at least one.")
    return Subject(subject_id, values, given_ids)


def _is_broken(text: str) -> bool:
    """Whether a text holds half a character (a lone surrogate), so that it can't be written."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _values(
    kind: IdentifierKind, manifest: Manifest, given: Any
) -> tuple[tuple[str, ...], list[str]]:
    """The values of one kind, and what is wrong with each that can't be one, by position."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        return (), [f"{kind.name} must be a list of text"]
    values: list[str] = []
    faults: list[str] = []
    for position, value in enumerate(given, 1):
        text = value if isinstance(value, str) or kind.compare == "email" else id_key(value)
        if not isinstance(text, str) or len(text) > MAX_LENGTH or _is_broken(text):
            faults.append(f"{kind.name} #{position} isn't text of at most {MAX_LENGTH} characters")
            continue
        fault = _fault(text, kind, manifest)
        if fault:
            faults.append(f"{kind.name} #{position} {fault}")
        values.append(text)
    return tuple(values), faults


def _fault(value: str, kind: IdentifierKind, manifest: Manifest) -> str:
    """Why a value can't be an identifier of its kind; empty if it can."""
    if kind.compare == "email":
        return "" if readable_email(value) else "isn't a valid e-mail address"
    if kind.compare == "phone":
        return "" if possible_phone(value, kind.region) else "isn't a phone number"
    if id_key(value) is None or not value.isprintable():
        return "isn't an id"
    if kind.compare == "id":
        return _id_fault(value, kind, manifest)
    return ""


def _given_id(value: str, kind: IdentifierKind, manifest: Manifest) -> GivenId:
    object_type, colon, object_id = value.strip().partition(":")
    if colon and object_type in manifest.objects:
        return GivenId(object_type, object_id.strip(), meant=object_type)
    return GivenId(None, value.strip(), meant=_meant_by_a_bare_id(kind, manifest))


def _meant_by_a_bare_id(kind: IdentifierKind, manifest: Manifest) -> str | None:
    """The manifest's default type or, without one, the only type that has such ids."""
    if kind.default is not None:
        return kind.default
    types = [
        item.name
        for item in manifest.objects.values()
        if any(mapping.kind == kind.name for mapping in item.mapped)
    ]
    return types[0] if len(types) == 1 else None


def _id_fault(value: str, kind: IdentifierKind, manifest: Manifest) -> str:
    """An id must have the shape of the type that it names, or of any type if it names none."""
    given = _given_id(value, kind, manifest)
    fitting = {
        item.name: item
        for item in manifest.objects.values()
        if item.access and any(mapping.kind == kind.name for mapping in item.mapped)
    }
    if given.object_type is not None:
        item = fitting.get(given.object_type)
        if item is None:
            return (
                f"names a type that isn't searched by {kind.name}; use one of {', '.join(fitting)}"
            )
        return "" if _can_be_in(item, kind, given) else f"isn't an id of a {item.name}"
    if any(_can_be_in(item, kind, given) for item in fitting.values()):
        return ""
    return "isn't an id that Total Expert gives" if fitting else ""


def _can_be_in(object_type: ObjectType, kind: IdentifierKind, given: GivenId) -> bool:
    """Whether an object of the type can have the id. A field that isn't its own id has any shape."""
    return given.object_type in (None, object_type.name) and any(
        mapping.field != object_type.id_field or has_shape(given.object_id, object_type.id_shape)
        for mapping in object_type.mapped
        if mapping.kind == kind.name
    )


def uncompared(
    subjects: Sequence[Subject], manifest: Manifest, searched: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str, int]]:
    """Each value that no field of a searched type was compared with: subject id, kind, position.

    ``searched`` has the kinds that were compared, by the name of the searched type.
    """
    types = [manifest.objects[name] for name in searched]
    for subject in subjects:
        for name, values in subject.values.items():
            kind = manifest.kinds[name]
            mapped = [item for item in types if name in searched[item.name]]
            ids = subject.ids(name)
            for position, value in enumerate(values, 1):
                if kind.compare == "id":
                    given = ids[position - 1]
                    compared = any(_can_be_in(item, kind, given) for item in mapped)
                elif kind.compare == "phone":
                    compared = bool(mapped) and bool(phones(value, kind.region).numbers)
                else:
                    compared = bool(mapped)
                if not compared:
                    yield subject.id, name, position
