"""Kills ``te-connector delete`` at random moments, runs it again, and looks at what came of it.

    python benchmarks/crash_runs.py                 100 runs of 40 deletions (some minutes)
    python benchmarks/crash_runs.py --runs 10 --deletions 10 --seed 7

In each run a fresh state directory and receipts file, and a vendor (``tests/vendor.py``, a process'
distance away) with the objects to delete among others, some of them the same person's. The command is
killed by SIGKILL from outside one to three times, each after a random number of requests and a random
part of the time that a request takes, and then run to its end. A run is good if

- all that was chosen is absent, deleted once, and nothing else is gone;
- the receipts file holds exactly one receipt for each, ``deleted`` and verified;
- the audit trail verifies with these receipts, and holds one final receipt for each;
- no DELETE was sent again before a read had shown the object still there.

Prints what failed, by seed, and the figures; exits with 1 if anything did.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import vendor as v

ADA = "ada.lovelace@example.com"
REQUESTS_EACH = 3
LONGEST_PAUSE = 0.012  # seconds after a request's arrival; an exchange takes about 4 ms


class Crashes:
    """Runs against one vendor, which gets its objects back before each."""

    def __init__(self, folder: Path, deletions: int) -> None:
        self.folder, self.deletions = folder, deletions
        self.vendor = v.Vendor()
        self.killed_at: Counter[str] = Counter()
        spared = max(2, deletions // 8)  # Ada's too, and not chosen
        everybody = v.many(deletions + 10)
        for number in range(deletions + spared):
            everybody.insert(2 * number % len(everybody), v.contact(5000 + number, email=ADA))
        keys = [5000 + number for number in range(deletions + spared)]
        self.chosen = random.Random(0).sample(keys, deletions)
        self.tables = {
            **self.vendor.tables,
            "contacts": everybody,
            "users": [v.user(5000), v.user(59, email=ADA)],
            "contact-survey-responses": [v.response(key, key) for key in keys[::9]],
        }

    def fill(self) -> None:
        """Everything is there again, and nothing was asked."""
        self.vendor.tables = copy.deepcopy(self.tables)
        self.vendor.log.clear()
        self.vendor.deleted.clear()
        self.vendor.calm()

    def environment(self, folder: Path) -> dict[str, str]:
        """The settings of one run."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TE_")}
        return {
            **clean,
            "HOME": str(folder),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TE_BASE_URL": self.vendor.base_url,
            "TE_CLIENT_ID": self.vendor.credentials["client_id"],
            "TE_CLIENT_SECRET": self.vendor.credentials["client_secret"],
            "TE_STATE_DIR": str(folder / "state"),
        }

    def command(self, folder: Path, *argv: object) -> subprocess.Popen[str]:
        """The command, begun."""
        return subprocess.Popen(
            [sys.executable, "-m", "te_connector", *map(str, argv)],
            env=self.environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def fetched(self) -> Path:
        """The result that all runs delete from: read once, for the objects are always the same."""
        result = self.folder / "fetched.json"
        if not result.exists():
            self.fill()
            fetch = ("fetch", "--email", ADA, "--output", result)
            told = self.command(self.folder, *fetch)
            _, err = told.communicate(timeout=120)
            assert told.returncode == 0, err
        return result

    def run(self, seed: int) -> list[str]:
        """One run; what is wrong with what came of it."""
        rng = random.Random(seed)
        folder = self.folder / f"run-{seed}"
        folder.mkdir()
        result = Path(shutil.copy(self.fetched(), folder / "result.json"))
        self.fill()
        receipts = folder / "receipts.jsonl"
        selected = [part for key in self.chosen for part in ("--select", f"contact:{key}")]
        delete = ("delete", result, *selected, "--yes", "--receipts", receipts)
        for _ in range(rng.randint(1, 3)):
            self.killed(self.command(folder, *delete), rng)
        last = self.command(folder, *delete)
        _, err = last.communicate(timeout=120)
        wrong = (
            [] if last.returncode == 0 else [f"the last run ended with {last.returncode}: {err}"]
        )
        verify = self.command(folder, "audit", "verify", receipts, "--json")
        told, err = verify.communicate(timeout=60)
        if verify.returncode != 0:
            wrong.append(f"the trail does not verify: {told}{err}")
        return wrong + self.looked_at(folder, receipts)

    def killed(self, process: subprocess.Popen[str], rng: random.Random) -> None:
        """Wait for a random moment of what is left to do, and kill."""
        begun = len(self.vendor.log)
        left = REQUESTS_EACH * (self.deletions - len(self.vendor.deleted)) + 2
        moment = begun + rng.randrange(left + 1)
        pause = rng.uniform(0, LONGEST_PAUSE)
        while len(self.vendor.log) < moment and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        if process.returncode != -signal.SIGKILL:
            self.killed_at["it had come to its end"] += 1
        elif len(self.vendor.log) == begun:
            self.killed_at["before its first request"] += 1
        else:
            seen = self.vendor.log[-1]
            self.killed_at[
                {"GET": "after a read arrived", "DELETE": "after a DELETE arrived"}.get(
                    seen.method, "while it signed in"
                )
            ] += 1

    def looked_at(self, folder: Path, receipts: Path) -> list[str]:
        """What is wrong with the vendor's objects, the receipts, the trail and the requests."""
        wrong = []
        deleted = self.vendor.deleted
        if sorted(deleted) != sorted(("contacts", key) for key in self.chosen):
            wrong.append(f"deleted were {len(deleted)} objects, and not once each that was chosen")
        for name, rows in self.tables.items():
            kept = [row for row in rows if name != "contacts" or row["id"] not in self.chosen]
            if self.vendor.tables[name] != kept:
                wrong.append(f"{name}: what is left is not all that was not chosen")
        texts = receipts.read_text(encoding="utf-8").splitlines()
        given = [one for one in map(json.loads, texts) if one["object_type"] == "contact"]
        if sorted(one["id"] for one in given) != sorted(map(str, self.chosen)):
            wrong.append(f"{len(given)} final receipts, and not one for each that was chosen")
        odd = Counter(one["status"] for one in given if not _proven(one))
        if odd:
            wrong.append(f"not all are deleted and verified: {dict(odd)}")
        (trail,) = folder.glob("state/accounts/*/audit.jsonl")
        finals = Counter(
            entry["receipt_id"] for entry in _entries(trail) if entry["kind"] == "receipt"
        )
        if finals != Counter(json.loads(text)["receipt_id"] for text in texts):
            wrong.append("the trail and the receipts file do not hold the same receipts, once each")
        return wrong + self.blind_deletes()

    def blind_deletes(self) -> list[str]:
        shown: set[str] = set()
        wrong = []
        for seen in self.vendor.log:
            if seen.method == "DELETE":
                if seen.path not in shown:
                    wrong.append(f"a DELETE of {seen.path} without a read that showed it")
                shown.discard(seen.path)
            elif seen.status == 200:
                shown.add(seen.path)
        return wrong


def _proven(receipt: dict[str, Any]) -> bool:
    return receipt["status"] == "deleted" and receipt["verified"] is True


def _entries(trail: Path) -> list[dict[str, Any]]:
    entries = []
    for line in trail.read_bytes().splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue  # torn by a kill; verify says whether it was closed
    return entries


def main() -> int:
    """All runs; tells the figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--deletions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    bad, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-runs-") as folder:
        crashes = Crashes(Path(folder), given.deletions)
        with crashes.vendor:
            for seed in range(given.seed, given.seed + given.runs):
                wrong = crashes.run(seed)
                bad += bool(wrong)
                for fault in wrong:
                    print(f"seed {seed}: {fault}")
                shutil.rmtree(crashes.folder / f"run-{seed}")
    kills = crashes.killed_at.total()
    print(
        f"{given.runs} runs of {given.deletions} deletions, {kills} kills, "
        f"{given.runs - bad} good, {bad} bad, {time.monotonic() - started:.0f} seconds"
    )
    for where, count in crashes.killed_at.most_common():
        print(f"  {count:4} killed {where}" if "end" not in where else f"  {count:4} {where}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
