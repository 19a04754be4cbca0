"""How long an access package of 20,000 records takes, and how much memory.

    python benchmarks/bench_package.py [--contacts 10000] [--subjects 1]

Every contact is rich (all documented fields) and has one survey response with three answers. The
clock runs over reading and checking the result file, choosing, and writing all folders.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "schema_samples"
PACK = """
import sys, pathlib
from te_connector import result
from te_connector.manifest import loading as manifest
from te_connector.package import write_package
found = result.load(pathlib.Path(sys.argv[1]))
write_package(found, manifest.load(), pathlib.Path(sys.argv[2]), None)
"""


def record(subject: str, kind: str, data: dict[str, Any], parent: str | None) -> dict[str, Any]:
    """One record as fetch gives it."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    matched = {"identifier": "email", "field": "email"}
    if parent is not None:
        matched = {"identifier": "contact", "field": "contact.id", "id": parent}
    return {
        "subject": subject,
        "object_type": kind,
        "id": str(data["id"]),
        "data": data,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "matched_by": [matched],
        "strength": "strong",
        "deletable": kind == "contact",
        "schema_issues": [],
    }


def varied_contact(sample: dict[str, Any], subject: str, number: int) -> dict[str, Any]:
    """A contact of its own: names, numbers and dates differ, one of fifty people owns it."""
    owner = {**sample["owner"], "id": number % 50, "email": f"officer{number % 50}@example.com"}
    return {
        **sample,
        "id": 1_000_000 + number,
        "first_name": f"Maribel {number}",
        "email": f"{subject}@example.com",
        "phone_cell": f"(763) 555-{number:04}",
        "address": f"{number} Example Lane",
        "external_ids": [{"source": "LOS", "external_id": str(number)}],
        "last_contacted_date": f"2026-{1 + number % 12:02}-{1 + number % 28:02} 17:45:{number % 60:02}",
        "owner": owner,
        "assignee": owner,
        "custom": [{**sample["custom"][0], "value": number}, sample["custom"][1]],
    }


def varied_response(sample: dict[str, Any], number: int) -> dict[str, Any]:
    """Answers of its own to the same survey."""
    first, second, third = sample["question_responses"]
    return {
        **sample,
        "id": f"{number:016x}",
        "internal_created_at": f"2026-06-{1 + number % 28:02} 18:{number % 60:02}:07",
        "contact": {"id": 1_000_000 + number},
        "question_responses": [
            {**first, "response_value": str(number % 11)},
            second,
            {**third, "response_value": f"Answer the phone sooner, said number {number}."},
        ],
    }


def write_result(file: Path, contacts: int, subjects: int) -> None:
    """A result with so many contacts, spread over so many subjects."""
    contact = json.loads((SAMPLES / "contact.good.json").read_text())
    response = json.loads((SAMPLES / "contact_survey_response.good.json").read_text())
    names = [f"req-{number}" for number in range(1, subjects + 1)]
    records = []
    for number in range(contacts):
        subject = names[number % subjects]
        data = varied_contact(contact, subject, number)
        records.append(record(subject, "contact", data, None))
        answer = varied_response(response, number)
        records.append(record(subject, "contact_survey_response", answer, str(data["id"])))
    coverage = [
        {
            "object_type": kind,
            "method": "scan",
            "requests": 100,
            "seen": contacts,
            "complete": True,
            "fields": {"email": ["email"]},
            "reason": "",
        }
        for kind in ("contact", "user", "contact_survey_response")
    ]
    whole = {
        "connector": "total-expert",
        "base_url": "https://public.totalexpert.net/v1",
        "fetched_at": "2026-11-24T16:00:00Z",
        "subjects": [
            {"id": name, "identifiers": {"email": [f"{name}@example.com"]}} for name in names
        ],
        "records": records,
        "coverage": coverage,
        "problems": [],
        "near_misses": [],
    }
    file.write_text(json.dumps(whole))


def main() -> None:
    """Make a result, package it in a process of its own, tell seconds and MiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--subjects", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "result.json"), Path(folder, "out")
        write_result(file, asked.contacts, asked.subjects)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", PACK, str(file), str(output)], check=True, cwd=ROOT)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(
        f"{2 * asked.contacts} records of {asked.subjects} subject(s): {seconds:.1f} s "
        f"({used.ru_utime + used.ru_stime:.1f} s of CPU), {used.ru_maxrss / 1024:.0f} MiB at most, {size / 1e6:.0f} MB written"
    )


if __name__ == "__main__":
    main()
