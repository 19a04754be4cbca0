"""``python -m fuzz [--minutes 10] [--jobs 2] [TARGET …]``: fuzz, count executions, tell findings.

Inputs are led by coverage where ``atheris`` is installed; without it they are random changes of the
seeds, which find less. Each target runs in a process of its own and stops at its first finding; the
input that broke it is kept in ``fuzz/findings/`` and its path is printed. Exit status 1: something
was found.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FINDINGS = Path(__file__).parent / "findings"
_LONGEST_SECONDS = 20


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which (all)")
    parser.add_argument("--minutes", type=float, default=10, help="for each target (10)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return _inside(given.inside, given.minutes * 60)
    from fuzz.targets import TARGETS

    unknown = set(given.targets) - set(TARGETS)
    if unknown:
        parser.error(f"unknown target; there are {', '.join(TARGETS)}")
    names = given.targets or list(TARGETS)
    FINDINGS.mkdir(exist_ok=True)
    found = 0
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for name, (count, seconds, finding) in zip(
            names, pool.map(lambda one: _outside(one, given.minutes), names), strict=True
        ):
            found += bool(finding)
            told = f"{name:12} {count:>10} executions in {seconds:6.0f} s  {finding or 'nothing found'}"
            sys.stdout.write(f"{told}\n")
            sys.stdout.flush()
    return 1 if found else 0


def _outside(name: str, minutes: float) -> tuple[int, float, str]:
    """One target in its own process; gives executions, seconds and what was found."""
    started = time.monotonic()
    command = [sys.executable, "-m", "fuzz", "--inside", name, "--minutes", str(minutes)]
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(
        prefix="te-fuzz-", dir=memory
    ) as folder:  # libFuzzer clears none
        done = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "TMPDIR": folder}
        )
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    counted = re.search(r"number_of_executed_units: (\d+)", text)
    finding = ""
    if done.returncode:
        log = FINDINGS / f"{name}.log"
        log.write_text(text, encoding="utf-8")
        kept = re.search(r"Test unit written to (\S+)", text)
        finding = f"FOUND: {kept[1] if kept else 'no input'} (see {log})"
    return int(counted[1]) if counted else 0, time.monotonic() - started, finding


def _inside(name: str, seconds: float) -> int:
    try:
        import atheris
    except ImportError:
        return _at_random(name, seconds)
    with atheris.instrument_imports(include=["te_connector"]):
        from fuzz import targets
    fuzzed = targets.TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="te-corpus-") as corpus:
        for index, seed in enumerate(fuzzed.seeds()):
            Path(corpus, f"seed{index}").write_bytes(seed)
        options = [
            f"-max_total_time={int(seconds)}",
            f"-max_len={fuzzed.longest}",
            f"-artifact_prefix={FINDINGS}/{name}-",
            f"-timeout={_LONGEST_SECONDS}",
            "-print_final_stats=1",
            "-rss_limit_mb=4096",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], fuzzed.run)
        atheris.Fuzz()  # it ends the process
    return 0


def _at_random(name: str, seconds: float) -> int:
    """Random changes of the seeds, where there is nothing better."""
    import random

    from fuzz import targets

    fuzzed, count, until = targets.TARGETS[name], 0, time.monotonic() + seconds
    seeds = fuzzed.seeds()
    while time.monotonic() < until:
        data = bytearray(random.choice(seeds))
        for _ in range(random.randrange(1, 8)):
            at = random.randrange(len(data) + 1)
            data[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
        count += 1
        try:
            fuzzed.run(bytes(data))
        except BaseException:
            path = FINDINGS / f"{name}-crash-{count}"
            path.write_bytes(data)
            sys.stdout.write(f"Test unit written to {path}\nnumber_of_executed_units: {count}\n")
            raise
    sys.stdout.write(f"number_of_executed_units: {count}\n")
    targets.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
