"""Reads the subjects of a JSON Lines file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from te_connector.errors import Fault, FileFaults, SubjectError
from te_connector.manifest.model import Manifest
from te_connector.matching.subjects import read_one
from te_connector.text.answers import BadJson, parse

MAX_BYTES = 64 * 1024 * 1024
"""For one file: some hundred thousand subjects."""


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
            [Fault(str(path), 1, "the file has no subject; write one JSON object on each line")]
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
            message = f"this line repeats the id of line {seen[subject.id]}"
            faults.append(Fault(str(path), number, message))
        seen[subject.id] = number
        subjects.append(json.loads(json.dumps(given)))
    if faults:
        raise FileFaults(faults)
    return subjects
