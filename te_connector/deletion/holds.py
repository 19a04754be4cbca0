"""The hold list: what must not be deleted, whoever asks (a legal hold, a running loan)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector.contract import Record
from te_connector.errors import Fault, SubjectError
from te_connector.manifest import locations as resources
from te_connector.manifest.model import Manifest
from te_connector.matching.matcher import match_one
from te_connector.matching.phones import phones
from te_connector.matching.subjects import Subject, read_one
from te_connector.text.check import check
from te_connector.text.document import Document, fail, read, read_json

_NO_KINDS = ("object", "reason")


@attrs.frozen
class Holds:
    """What is held, by object and by identifiers, each with its reason."""

    manifest: Manifest
    objects: Mapping[tuple[str, str], str] = attrs.Factory(dict)
    people: tuple[tuple[Subject, str], ...] = attrs.field(default=(), repr=False)

    def reason(self, record: Record) -> str | None:
        """Why a record is held, or None where it is not."""
        named = self.objects.get((record["object_type"], record["id"]))
        if named is not None:
            return named
        object_type = self.manifest.objects[record["object_type"]]
        for person, reason in self.people:
            if match_one(record["data"], object_type, self.manifest, person):
                return reason
        return None


def load(path: Path, manifest: Manifest) -> Holds:
    """Read a hold list.

    :raises FileFaults: all that is wrong with it, one line each, quoting no value.
    """
    document = read(path)
    fail(check(document, read_json(resources.grammar("hold")), quote=False))
    fail(list(_faults(document, manifest)))
    objects: dict[tuple[str, str], str] = {}
    people: list[tuple[Subject, str]] = []
    for entry in document.data:
        if "object" in entry:
            object_type, _, name = entry["object"].partition(":")
            objects[object_type, name.strip()] = entry["reason"]
        identifiers = _identifiers(entry)
        if identifiers:
            person = read_one({"id": "hold", "identifiers": identifiers}, manifest)
            people.append((person, entry["reason"]))
    return Holds(manifest, objects, tuple(people))


def _identifiers(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    return {kind: [str(value)] for kind, value in entry.items() if kind not in _NO_KINDS}


def _faults(document: Document, manifest: Manifest) -> Iterator[Fault]:
    for index, entry in enumerate(document.data):
        if "object" in entry and entry["object"].partition(":")[0] not in manifest.objects:
            known = ", ".join(manifest.objects)
            yield document.fault(
                (index, "object"), f"the manifest has no such object type; it has {known}"
            )
        for kind, values in _identifiers(entry).items():
            if kind not in manifest.kinds:
                known = ", ".join((*_NO_KINDS, *manifest.kinds))
                yield document.key_fault(
                    (index, kind), f"there is an unknown key here; known are {known}"
                )
                continue
            try:
                read_one({"id": "hold", "identifiers": {kind: values}}, manifest)
            except SubjectError:
                yield document.fault(
                    (index, kind), f"this value of the kind {kind} cannot be read; correct it"
                )
                continue
            how = manifest.kinds[kind]
            if how.compare == "phone" and not phones(values[0], how.region).numbers:
                yield document.fault(
                    (index, kind),
                    "this is no valid phone number, so the hold would never hold anything; correct it",
                )
