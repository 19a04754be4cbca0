"""A host's subjects as frozen values: every identifier readable, or an error before any request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import attrs

from te_connector.errors import Fault, FileFaults, SubjectError
from te_connector.manifest.model import IdentifierKind, Manifest
from te_connector.matching.identifiers import MAX_LENGTH, email_key, id_key, possible_phone
from te_connector.text.answers import BadJson, parse

MAX_ID = 200
MAX_BYTES = 64 * 1024 * 1024
"""For one file of subjects: some hundred thousand of them."""
_WORD = re.compile(r"[a-z]+(_[a-z]+)*")
"""What a kind looks like: anything else could be a value that stands in the wrong place."""


@attrs.frozen
class Subject:
    """A data subject: the requester's id, and the values given for each kind of identifier."""

    id: str
    values: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Subject is not pickled")


def read(subjects: Any, manifest: Manifest) -> tuple[Subject, ...]:
    """The subjects of a call.

    :raises SubjectError: names subject id and kind, never the value.
    """
    if isinstance(subjects, (str, bytes, Mapping)) or not isinstance(subjects, Sequence):
        raise SubjectError("subjects must be a list of subjects.")
    if not subjects:
        raise SubjectError("There is no subject; give at least one.")
    read_ones: list[Subject] = []
    seen: set[str] = set()
    for position, given in enumerate(subjects, 1):
        subject = _subject(given, manifest, f"Subject number {position}")
        if subject.id in seen:
            raise SubjectError(f"Two subjects have the id {subject.id!r}; give each its own.")
        seen.add(subject.id)
        read_ones.append(subject)
    return tuple(read_ones)


def read_one(subject: Any, manifest: Manifest) -> Subject:
    """The subject of a deletion.

    :raises SubjectError: names subject id and kind, never the value.
    """
    return _subject(subject, manifest, "The subject")


def _subject(given: Any, manifest: Manifest, who: str) -> Subject:
    if not isinstance(given, Mapping) or set(given) != {"id", "identifiers"}:
        raise SubjectError(f"{who} must be a mapping with the keys id and identifiers.")
    name, identifiers = given["id"], given["identifiers"]
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_ID or _is_broken(name):
        raise SubjectError(f"{who} needs an id: text of 1 to {MAX_ID} characters.")
    if not isinstance(identifiers, Mapping):
        raise SubjectError(f"Subject {name!r}: identifiers must be a mapping by kind.")
    values: dict[str, tuple[str, ...]] = {}
    for kind, given_values in identifiers.items():
        if kind not in manifest.kinds:
            known = ", ".join(manifest.kinds)
            odd = f" {kind}" if isinstance(kind, str) and _WORD.fullmatch(kind) else ""
            raise SubjectError(
                f"Subject {name!r} has an unknown kind of identifier{odd}; known: {known}."
            )
        read_values = tuple(_values(name, manifest.kinds[kind], given_values))
        if read_values:
            values[kind] = read_values
    if not values:
        raise SubjectError(f"Subject {name!r} has no identifier; give at least one.")
    return Subject(name, values)


def _is_broken(text: str) -> bool:
    """Whether a text holds half a character (a lone surrogate), so that it cannot be written."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _values(subject: str, kind: IdentifierKind, given: Any) -> Iterator[str]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        raise SubjectError(f"Subject {subject!r}: {kind.name} must be a list of texts.")
    for value in given:
        text = value if isinstance(value, str) or kind.compare == "email" else id_key(value)
        if not isinstance(text, str) or len(text) > MAX_LENGTH or not _readable(text, kind):
            raise SubjectError(
                f"Subject {subject!r}: a value of the kind {kind.name} cannot be read; correct it."
            )
        yield text


def _readable(value: str, kind: IdentifierKind) -> bool:
    if kind.compare == "email":
        return email_key(value) is not None
    if kind.compare == "phone":
        return possible_phone(value, kind.region)
    return id_key(value) is not None and value.isprintable()


def read_lines(path: Path) -> list[Any]:
    """The subjects of a JSON Lines file, one mapping a line.

    :raises FileFaults: every line that is not JSON, by its number, and nothing of its content.
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
            [Fault(str(path), 1, "the file holds no subject; write one JSON object a line")]
        )
    return found


def check_lines(path: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """The subjects of a JSON Lines file, each checked, as plain mappings for ``fetch``.

    :raises FileFaults: every line that is no readable subject, by its number.
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
            told = f"the id of line {seen[subject.id]} stands here again"
            faults.append(Fault(str(path), number, told))
        seen[subject.id] = number
        subjects.append(json.loads(json.dumps(given)))
    if faults:
        raise FileFaults(faults)
    return subjects
