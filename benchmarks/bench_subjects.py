"""How many requests 1 and 1,000 subjects cost, by coverage and kind of server: docs/coverage.md.

    python benchmarks/bench_subjects.py [--contacts 10000] [--subjects 1 1000]

Every subject gives an e-mail address and a phone; one in a hundred is a contact of the sandbox, the
others are nobody there. Prints a table in Markdown; with ``--seconds`` also how long each took here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from typing import Any, Literal

import pluggy

import te_connector.hookspecs
from te_connector.sandbox import Limits, Misbehavior, Sandbox

Server = Literal["honest", "ignored", "substring", "refused"]
SERVERS: tuple[Server, ...] = ("honest", "ignored", "substring", "refused")
TYPES = ("contact", "user", "contact_survey_response")


def subjects(sandbox: Sandbox, count: int) -> list[dict[str, Any]]:
    """The first subject, and every hundredth after it, is somebody there."""
    there = [
        contact
        for contact in sandbox.contacts.values()
        if contact["email"] and contact["phone_cell"] and contact["email"].isascii()
    ]
    made = []
    for number in range(count):
        email, phone = (
            f"nobody.{number}@example.net",
            f"+1 218 {200 + number // 100} {number % 100:04}",
        )
        if number % 100 == 0:
            someone = there[number // 100 * 7]
            email, phone = someone["email"].strip(), someone["phone_cell"]
        made.append({"id": f"req-{number}", "identifiers": {"email": [email], "phone": [phone]}})
    return made


def fetched(sandbox: Sandbox, count: int, coverage: str) -> tuple[dict[str, Any], float]:
    """One answer, and how long it took."""
    plugins = pluggy.PluginManager("privacy_connector")
    plugins.add_hookspecs(te_connector.hookspecs)
    plugins.load_setuptools_entrypoints("privacy_connector")
    settings = sandbox.settings()
    with tempfile.TemporaryDirectory() as folder:
        connection = {
            "connector": "total-expert",
            "base_url": settings["TE_BASE_URL"],
            "credentials": {
                "client_id": settings["TE_CLIENT_ID"],
                "client_secret": settings["TE_CLIENT_SECRET"],
            },
            "state_dir": folder,
        }
        start = time.perf_counter()
        answer = plugins.hook.fetch(
            connection=connection,
            subjects=subjects(sandbox, count),
            options={"coverage": coverage},
        )
    return answer, time.perf_counter() - start


def row(
    server: Server, answer: dict[str, Any], coverage: str, count: int, took: float | None
) -> str:
    """One line of the table."""
    by_type = {entry["object_type"]: entry for entry in answer["coverage"]}
    requests = [by_type[name]["requests"] for name in TYPES]
    looked = [field for fields in by_type["contact"]["fields"].values() for field in fields]
    found = len({one["subject"] for one in answer["records"]})
    cells = [
        coverage,
        server,
        f"{count:,}",
        *(f"{number:,}" for number in (*requests, sum(requests))),
    ]
    cells += [", ".join(looked) or "none", str(found)]
    if took is not None:
        cells.append(f"{took:.1f}")
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--subjects", type=int, nargs="*", default=[1, 1000])
    parser.add_argument("--seconds", action="store_true")
    given = parser.parse_args()
    heads = ["coverage", "filters", "subjects", "contacts", "users", "responses", "all requests"]
    heads += ["fields of contacts looked at", "subjects found"]
    if given.seconds:
        heads.append("seconds")
    print("| " + " | ".join(heads) + " |")
    print("| " + " | ".join("---" for _ in heads) + " |")
    limits = Limits(requests=None, tokens=None)
    for coverage in ("exhaustive", "quick"):
        for server in SERVERS:
            with Sandbox(
                contacts=given.contacts, limits=limits, misbehavior=Misbehavior(filters=server)
            ) as sandbox:
                for count in given.subjects:
                    answer, took = fetched(sandbox, count, coverage)
                    told = took if given.seconds else None
                    print(row(server, answer, coverage, count, told), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
