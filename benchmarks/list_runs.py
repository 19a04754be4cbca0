"""Attacks the reading of lists: seeded runs of a server that changes and misbehaves.

    python benchmarks/list_runs.py                 20,000 runs (about two minutes)
    python benchmarks/list_runs.py --runs 2000 --from 50000
    python benchmarks/list_runs.py --sockets 40    also some over real sockets, with the real client

Each run reads one list while objects are deleted and added between any two answers, with none, one,
two, or many misbehaviors (tests/listmodel.py). A run breaks the promise if the reading says complete and
an object was missed that was listed from the first request to the last. A run is excused if it broke
what the reason names: an object that was restored while another was deleted, or that changed its key.
Exit status 1: a run broke the promise, or fewer than 99 % of the runs without misbehavior are complete.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from listmodel import CHANGES, SWITCHES, run, run_over_sockets

PAIRS = list(itertools.combinations(SWITCHES, 2))


def switches_of(seed: int) -> set[str]:
    """Which switches are on: none, each pair in turn, or each with a chance of a third."""
    rng = random.Random(seed)
    kind = seed % 5
    if kind == 0:
        on: set[str] = set()
    elif kind == 4:
        on = {each for each in SWITCHES if rng.random() < 1 / 3}
    elif kind == 3:
        on = {SWITCHES[seed // 5 % len(SWITCHES)]}
    else:
        on = set(PAIRS[seed // 5 % len(PAIRS)])
    return on | {each for each in CHANGES if rng.random() < 0.7}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--sockets", type=int, default=0)
    given = parser.parse_args()
    started, counts, broken = time.monotonic(), Counter[str](), []
    for seed in range(given.first, given.first + given.runs):
        switches = switches_of(seed)
        outcome = run(seed, switches)
        kind = "misbehaving" if switches - set(CHANGES) else "regular"
        counts[f"{kind}"] += 1
        counts[f"{kind}, complete"] += outcome.complete
        counts[f"{kind}, complete and missed, excused"] += bool(
            outcome.complete and outcome.missed and outcome.excused
        )
        counts[f"{kind}, incomplete and missed"] += bool(outcome.missed and not outcome.complete)
        if outcome.broken:
            broken.append((seed, sorted(switches)))
    for seed in range(given.sockets):
        switches = switches_of(seed)
        outcome = run_over_sockets(seed, switches)
        counts["over sockets"] += 1
        counts["over sockets, complete"] += outcome.complete
        if outcome.broken:
            broken.append((seed, ["sockets", *sorted(switches)]))
    for name, count in sorted(counts.items()):
        print(f"{count:7,} {name}")
    print(f"{len(broken):7,} broke the promise, in {time.monotonic() - started:.0f} s")
    for seed, on in broken:
        print(f"        seed {seed}: {', '.join(on)}")
    regular = counts["regular, complete"] / max(1, counts["regular"])
    return 1 if broken or regular < 0.99 else 0


if __name__ == "__main__":
    sys.exit(main())
