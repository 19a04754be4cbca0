"""CPU of an exhaustive scan without latency beside the sequential loop, both in one warm process.

    python benchmarks/warm.py

What a process pays once (imports, the manifest, the first use of cipher and schemas) is left out: each
runs once beforehand, then in turn, and the ratio is taken pair by pair.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clients


def main() -> None:
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("server.py"))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    base = clients.BASE.format(port=int(server.stdout.readline()))
    wanted = {"person7@example.com"}

    def connector() -> float:
        with tempfile.TemporaryDirectory() as folder:
            client = clients.Connector(base, "", folder)
            started = time.process_time()
            client.fetch(wanted)
            return time.process_time() - started

    def loop() -> float:
        started = time.process_time()
        clients.loop(base, wanted)
        return time.process_time() - started

    try:
        connector(), loop()
        ratios = [connector() / loop() for _ in range(15)]
    finally:
        server.kill()
        server.wait()
    print(
        f"CPU of the connector over the loop's, 15 pairs: median {statistics.median(ratios):.2f}, "
        f"least {min(ratios):.2f}, most {max(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
