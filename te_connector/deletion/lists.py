"""Hold lists in files: what must not be deleted, and why, written by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from te_connector.errors import Fault, OptionError, SubjectError
from te_connector.manifest import locations as resources
from te_connector.manifest.model import Manifest
from te_connector.operations.holds.cover import NO_IDENTIFIERS, make_hold
from te_connector.text.check import check
from te_connector.text.document import Document, fail, read, read_json


def read_hold_list(path: Path, manifest: Manifest) -> list[dict[str, Any]]:
    """The entries of a hold list. Every value is taken as it is written: ``0012345`` stays ``0012345``.

    :raises FileFaults: all that is wrong with it, one line each, quoting no value.
    """
    document = read(path, as_written=True)
    fail(check(document, read_json(resources.grammar("hold")), quote=False))
    fail(list(_faults(document, manifest)))
    return [dict(entry) for entry in document.data]


def _faults(document: Document, manifest: Manifest) -> Iterator[Fault]:
    for index, entry in enumerate(document.data):
        for key, value in entry.items():
            if key == "reason":
                continue
            if key != "object" and key not in manifest.kinds:
                known = ", ".join((*NO_IDENTIFIERS, *manifest.kinds))
                yield document.key_fault((index, key), f"unknown key; known are {known}")
                continue
            yield from _value_faults(document, index, key, {key: value, "reason": "x"}, manifest)


def _value_faults(
    document: Document, index: int, key: str, content: Mapping[str, Any], manifest: Manifest
) -> Iterator[Fault]:
    place = (index, key)
    try:
        make_hold("in this line", content, manifest)
    except SubjectError:
        yield document.fault(place, f"this isn't a valid {key}; correct it")
    except OptionError:
        known = ", ".join(manifest.objects)
        yield document.fault(place, f"this must be TYPE:ID with a valid id; the types are {known}")
