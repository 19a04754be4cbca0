"""What it costs to compare one scanned contact with a thousand subjects, in microseconds.

    python benchmarks/bench_matching.py [--runs 51] [--pages 20] [--most 5]

A contact has three phones, two e-mail addresses and two external ids, spelled as people spell them; a
subject has two e-mail addresses, two phones, an external id and a service id. None of the contacts is
a subject's, as nearly all that are scanned. Each page of 100 is parsed anew before it is compared, as in
a scan. Prints the median and the least of several runs, in CPU time of this process alone; exits with 1
where the least is above ``--most``, since what the others add is this machine's other work.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import time
from typing import Any

from te_connector.manifest import loading as manifest
from te_connector.matching import subjects
from te_connector.matching.matcher import Matcher

PHONES = (
    *("({}) {}-{}", "{}-{}-{}", "({}){}-{}", "{}{}{}", "{}.{}.{}", "{} {} {}") * 2,
    *("+1 {} {} {}", "+1{}{}{}", "1-{}-{}-{}", "+1 ({}) {}-{}"),
    "{}-{}-{} x12",
)
EMAILS = (
    *("{0}.{1}{2}@example.com", "{0}{2}@Example.org", "{0}{1}{2}@example.net") * 2,
    *("{0}_{1}{2}@mail.example.net", "{0}-{1}.{2}@example.com"),
    "{0}+crm{2}@example.com",
)
PAGE = 100
NAMES = ("alex", "bianca", "chris", "dana", "Elif", "frank", "GRACE", "hugo")


def phone(rng: random.Random, spelling: str) -> str:
    """A number that is valid, or looks so."""
    return spelling.format(
        rng.choice((612, 763, 651, 952)), rng.randint(200, 999), f"{rng.randrange(10**4):04}"
    )


def contacts(count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Strangers."""
    phones, emails = itertools.cycle(PHONES), itertools.cycle(EMAILS)
    return [
        {
            "id": 5_000_000 + number,
            "first_name": rng.choice(NAMES),
            "last_name": rng.choice(NAMES),
            "email": next(emails).format(rng.choice(NAMES), rng.choice(NAMES), number),
            "email_work": next(emails).format(rng.choice(NAMES), "work", number),
            "phone_cell": phone(rng, next(phones)),
            "phone_home": phone(rng, next(phones)),
            "phone_office": phone(rng, next(phones)),
            "source": "LOS",
            "external_id": f"L-{number}",
            "external_ids": [
                {"source": "LOS", "external_id": f"L-{number}"},
                {"source": "POS", "external_id": f"{number:08}"},
            ],
            "owner": {"id": 59, "username": "lender"},
            "custom": [],
        }
        for number in range(count)
    ]


def wanted(count: int, rng: random.Random) -> list[dict[str, Any]]:
    """Subjects, none of them among the contacts."""
    return [
        {
            "id": f"req-{number}",
            "identifiers": {
                "email": [f"subject.{number}@example.com", f"s{number}@example.org"],
                "phone": [phone(rng, "(218) {1}-{2}"), phone(rng, "+1 320 {1} {2}")],
                "external_id": [f"LOS:S-{number}"],
                "service_id": [str(number + 1)],
            },
        }
        for number in range(count)
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=51)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--subjects", type=int, default=1000)
    parser.add_argument("--most", type=float, default=5.0)
    given = parser.parse_args()
    rng = random.Random(7)
    packaged = manifest.load()
    asked = subjects.read(wanted(given.subjects, rng), packaged)
    matcher = Matcher(packaged.objects["contact"], packaged.kinds, asked)
    pages = [json.dumps(contacts(PAGE, rng)) for _ in range(given.pages)]
    costs, hits = [], 0
    for _ in range(given.runs):
        spent, hits = 0.0, 0
        for page in pages:
            scanned = json.loads(page)  # fresh, as in a scan
            start = time.process_time()
            for contact in scanned:
                hits += matcher.match(contact) is not None
            spent += time.process_time() - start
        costs.append(spent / (PAGE * len(pages)) * 1e6)
    median = statistics.median(costs)
    print(
        f"{median:.2f} microseconds a contact (median of {given.runs} runs, least {min(costs):.2f}), "
        f"{given.subjects} subjects, {hits} of {PAGE * len(pages)} contacts equal or close to one"
    )
    return 0 if min(costs) <= given.most else 1


if __name__ == "__main__":
    sys.exit(main())
