"""Reads the file that ``fetch --output`` wrote, and takes nothing in it on trust.

Access packages and deletions start from such a file, and it may have been edited since. So it is
plain JSON (no key twice, no NaN), has the shape of ``schemas/result.schema.json``, names only its
own subjects, holds no object twice, and every record still has the digest that it was given. A
fault says the place and what is wrong there, and never quotes a value: the values are people's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from te_connector.api import connection as connections
from te_connector.contract import Coverage, NearMiss, Problem, Record, Subject
from te_connector.errors import Fault
from te_connector.manifest import locations as resources
from te_connector.manifest.model import Manifest
from te_connector.manifest.schemas import digest
from te_connector.matching import subjects as subject_reader
from te_connector.matching.ids import id_key
from te_connector.search.classification import classify_records
from te_connector.text import json_file as jsonfile
from te_connector.text.check import check
from te_connector.text.document import Document, fail, read_json

MAX_FAULTS = 100
SHARED = "record_matches_several_subjects"
"""The problem code of fetch for an object that matches more than one subject."""

Key = tuple[str, str]
"""An object's type and id."""


def key_of(record: Record) -> Key:
    """The record's object type and id."""
    return record["object_type"], record["id"]


def parents_of(record: Record) -> list[Key]:
    """The objects through which a record of a child type was matched; empty for other records."""
    return [
        (reason["identifier"], reason["id"]) for reason in record["matched_by"] if "id" in reason
    ]


@attrs.frozen
class Result:
    """What an earlier ``fetch`` found. The values are people's, so ``repr`` shows none."""

    path: Path
    connector: str
    base_url: str
    account: str | None
    """The account's fingerprint. A file without one comes from version 0.1, or from another host."""
    fetched_at: str | None
    subjects: tuple[Subject, ...] = attrs.field(repr=False)
    records: tuple[Record, ...] = attrs.field(repr=False)
    coverage: tuple[Coverage, ...]
    problems: tuple[Problem, ...] = attrs.field(repr=False)
    near_misses: tuple[NearMiss, ...] = attrs.field(repr=False)

    def by_subject(self) -> dict[str, list[Record]]:
        """The records of every subject, in the order of the file; a subject may have none."""
        found: dict[str, list[Record]] = {subject["id"]: [] for subject in self.subjects}
        for record in self.records:
            found[record["subject"]].append(record)
        return found

    def by_key(self) -> dict[Key, list[Record]]:
        """The records of every object: more than one where it was matched for several subjects."""
        found: dict[Key, list[Record]] = defaultdict(list)
        for record in self.records:
            found[key_of(record)].append(record)
        return dict(found)

    def shared(self) -> frozenset[Key]:
        """The objects that are more than one subject's, or that fetch said are."""
        seen: set[Key] = set()
        shared: set[Key] = set()
        for key in map(key_of, self.records):
            (shared if key in seen else seen).add(key)
        for problem in self.problems:
            if problem["code"] == SHARED and problem["object_type"] and problem["id"]:
                shared.add((problem["object_type"], problem["id"]))
        return frozenset(shared)


def account_of(connection: Mapping[str, Any]) -> str:
    """The fingerprint of the account that a connection leads to.

    :raises CredentialsMissing: the connection names no client.
    """
    return connections.account_of(connections.resolve(connection))


def classified_again(result: Result, manifest: Manifest) -> Result:
    """The result with strength, matches, digests and shared objects computed anew.

    Nothing in the file is trusted but the data and the subjects. A record of a child type whose parent
    isn't in the file can't be checked here: it counts as weak, and the hook checks it by reading.

    :raises FileFaults: a record isn't its subject's, or isn't the object that it says.
    """
    subjects = subject_reader.read(list(result.subjects), manifest)
    items: dict[Key, dict[str, Any]] = {}
    faults: list[Fault] = []
    for number, record in enumerate(result.records, 1):
        object_type = manifest.objects.get(record["object_type"])
        if object_type is None:
            continue
        if items.setdefault(key_of(record), record["data"]) != record["data"]:
            faults.append(
                _fault(result, number, "the same object has other data in another record")
            )
        if id_key(record["data"].get(object_type.id_field)) != record["id"]:
            faults.append(_fault(result, number, "its data is another object's"))
    objects = [(*key, data) for key, data in items.items()]
    again = classify_records(manifest, subjects, objects)
    computed = {(one["subject"], *key_of(one)): one for one in again.records}
    records: list[Record] = []
    for number, record in enumerate(result.records, 1):
        object_type = manifest.objects.get(record["object_type"])
        fresh = computed.get((record["subject"], *key_of(record)))
        parents = parents_of(record)
        if fresh is not None:
            records.append({**fresh, "schema_issues": record["schema_issues"]})
        elif object_type is None or (parents and not any(key in items for key in parents)):
            records.append({**record, "strength": "weak"})
        else:
            faults.append(_fault(result, number, "no identifier of its subject matches it"))
    _fail(faults)
    problems = [*result.problems, *(one for one in again.problems if one["code"] == SHARED)]
    return attrs.evolve(result, records=tuple(records), problems=tuple(problems))


def _fault(result: Result, number: int, what: str) -> Fault:
    return Fault(str(result.path), 1, f"record {number}: {what}; fetch again")


def load(path: Path) -> Result:
    """Read and check a result file.

    :raises FileFaults: all that is wrong with it, one line each, quoting no value.
    """
    with jsonfile.collector_paused():
        return _load(Path(path))


def _load(path: Path) -> Result:
    schema = read_json(resources.grammar("result"))
    document = jsonfile.read(path, schema)
    data = shape = document.data
    records = data.get("records") if isinstance(data, dict) else None
    if isinstance(records, list) and all(map(_sound, records)):
        shape = {**data, "records": []}  # the schema would say the same, a hundred times slower
    _fail(check(attrs.evolve(document, data=shape), schema, quote=False))
    _fail(list(_contradictions(document)))
    return Result(
        path=path,
        connector=data["connector"],
        base_url=data["base_url"],
        account=data.get("account"),
        fetched_at=data.get("fetched_at"),
        subjects=tuple(data["subjects"]),
        records=tuple(data["records"]),
        coverage=tuple(data["coverage"]),
        problems=tuple(data["problems"]),
        near_misses=tuple(data["near_misses"]),
    )


def _fail(faults: list[Fault]) -> None:
    if len(faults) > MAX_FAULTS:
        last = faults[MAX_FAULTS - 1]
        more = f"and {len(faults) - MAX_FAULTS} more faults like these"
        faults = [*faults[:MAX_FAULTS], attrs.evolve(last, message=more)]
    fail(faults)


def _sound(record: Any) -> bool:
    """Whether a record has the shape that the schema asks for; false may also mean "look closer"."""
    try:
        reasons = record["matched_by"]
        texts = (record["subject"], record["object_type"], record["id"], record["digest"])
        return (
            all(type(text) is str and text != "" for text in texts)
            and len(record["digest"]) == 64
            and set(record["digest"]) <= _HEX
            and type(record["data"]) is dict
            and record["strength"] in ("strong", "weak")
            and type(record["deletable"]) is bool
            and record["schema_issues"] == []
            and type(reasons) is list
            and len(reasons) > 0
            and all(_sound_reason(reason) for reason in reasons)
        )
    except (KeyError, TypeError):
        return False


_HEX = frozenset("0123456789abcdef")


def _sound_reason(reason: Any) -> bool:
    texts = (reason["identifier"], reason["field"], reason.get("id", "-"))
    return type(reason) is dict and all(type(text) is str and text != "" for text in texts)


def _contradictions(document: Document) -> Iterator[Fault]:
    """What the schema cannot say: subjects, doubles and digests."""
    subjects: set[str] = set()
    for index, subject in enumerate(document.data["subjects"]):
        if subject["id"] in subjects:
            yield document.fault(("subjects", index), "two subjects have this id; fetch again")
        subjects.add(subject["id"])
    seen: set[tuple[str, str, str]] = set()
    for index, record in enumerate(document.data["records"]):
        place = ("records", index)
        whose = (record["subject"], record["object_type"], record["id"])
        if record["subject"] not in subjects:
            yield document.fault(place, "its subject is not among the subjects; fetch again")
        if whose in seen:
            yield document.fault(place, "this object is listed twice for one subject; fetch again")
        seen.add(whose)
        if _digest(record) != record["digest"]:
            yield document.fault(
                place, "its data is not what was fetched (the digest differs); fetch again"
            )


def _digest(record: Record) -> str:
    try:
        return digest(record["data"])
    except RecursionError:  # such data was never fetched
        return ""
