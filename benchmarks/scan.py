"""Measures exhaustive scans beside the sequential loop that people write today.

    python benchmarks/scan.py            the whole table (about nine minutes)
    python benchmarks/scan.py latency    one row of it

Each client runs in a process of its own against a server in another; figures are medians of three
runs, CPU and wall time of the work alone. "Missed" are people who were there all the time and were
not found, while every 25th request deletes somebody in the first half of the list.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling is no part of the work
CASES = {
    "latency": ("100 ms latency, 10,000 contacts", ["--latency", "0.1"], [], 3),
    "no latency": ("no latency, 10,000 contacts", [], [], 3),
    "limit": (
        "100 ms latency, limit 100 in 3 s, 30,000 contacts",
        ["--latency", "0.1", "--limit", "100", "--window", "3", "--contacts", "30000"],
        ["--limits", "100/3", "--contacts", "30000"],
        1,
    ),
    "vendor's limit": (
        "100 ms latency, limit 1,000 in 60 s, 150,000 contacts",
        ["--latency", "0.1", "--limit", "1000", "--window", "60", "--contacts", "150000"],
        ["--limits", "1000/60", "--contacts", "150000"],
        1,
    ),
    "1000 subjects": (
        "no latency, 1,000 subjects of whom ten exist",
        [],
        ["--subjects", "1000"],
        3,
    ),
    "memory 10k": ("10,000 contacts, 20 ms latency", ["--latency", "0.02"], [], 1),
    "memory 200k": (
        "200,000 contacts, 20 ms latency",
        ["--latency", "0.02", "--contacts", "200000"],
        ["--limits", "1000000/60", "--contacts", "200000"],
        1,
    ),
    "deletions": (
        "20 ms latency, one deletion every 25 requests, one subject",
        ["--latency", "0.02", "--delete-every", "25"],
        [],
        3,
    ),
    "deletions, all": (
        "20 ms latency, one deletion every 25 requests, 10,000 subjects",
        ["--latency", "0.02", "--delete-every", "25"],
        ["--every", "1"],
        1,
    ),
}


def run(client: str, server_options: list[str], client_options: list[str]) -> dict[str, object]:
    """One client against a fresh server."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), *server_options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        options = (
            client_options
            if client == "connector"
            else [
                option
                for pair in zip(client_options[::2], client_options[1::2], strict=True)
                if pair[0] != "--limits"
                for option in pair
            ]
        )
        told = subprocess.run(
            [sys.executable, str(HERE / "clients.py"), client, "--port", str(port), *options],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        result: dict[str, object] = json.loads(told)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as answer:  # noqa: S310
            result |= json.load(answer)
    finally:
        server.kill()
        server.wait()
    return result


def missed(result: dict[str, object], contacts: int) -> int | str:
    """How many of those who were there all the time were not found."""
    if len(result["found"]) < 100:  # type: ignore[arg-type]
        return "-"
    there = set(range(1, contacts + 1)) - set(result["deleted"])  # type: ignore[call-overload]
    return len(there - {int(name) for name in result["found"]})  # type: ignore[attr-defined]


def main() -> None:
    chosen = sys.argv[1:] or list(CASES)
    print("| case | client | wall s | CPU s | requests | 429 | peak MB | missed | complete |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in chosen:
        title, server_options, client_options, times = CASES[name]
        for client in ("loop", "connector"):
            results = [run(client, server_options, client_options) for _ in range(times)]
            middle = {
                key: statistics.median(result[key] for result in results)  # type: ignore[type-var]
                for key in ("wall", "cpu", "requests", "refused", "peak_mb")
            }
            print(
                f"| {title} | {client} | {middle['wall']:.2f} | {middle['cpu']:.2f} "
                f"| {middle['requests']:g} | {middle['refused']:g} | {middle['peak_mb']:.1f} "
                f"| {missed(results[0], 10_000)} | {results[0]['complete']} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
