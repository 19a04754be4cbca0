"""Forty deletions at 100 ms latency: eight objects under way at once, beside one after the other.

    python benchmarks/bench_deletions.py

Both run the same job (``te_connector.deletion.run``) against a vendor in another process (``tests/vendor.py``
as a program), each with a fresh state directory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

SERVER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import vendor as v
server = v.Vendor(latency=0.1)
server.tables["contacts"] = [v.contact(4000 + n, email="ada@example.com") for n in range(40)] + v.many(50)
server.start()
print(json.dumps([server.base_url, server.credentials]), flush=True)
time.sleep(600)
"""


def seconds(at_once: int) -> float:
    """The wall seconds of one run."""
    from te_connector import host, result
    from te_connector.cli.answer_file import content_of, document_of
    from te_connector.deletion import Choice, Done, prepare, run
    from te_connector.manifest import loading

    tests = str(Path(__file__).resolve().parent.parent / "tests")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, tests], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    base_url, credentials = json.loads(server.stdout.readline())
    module = sys.modules["te_connector.deletion.run"]
    module.MOST_AT_ONCE = at_once  # type: ignore[attr-defined]
    try:
        with tempfile.TemporaryDirectory() as folder:
            connection = {
                "connector": "total-expert",
                "base_url": base_url,
                "credentials": credentials,
                "state_dir": f"{folder}/state",
            }
            person = {"id": "r", "identifiers": {"email": ["ada@example.com"]}}
            answer = host.fetch(connection, [person], {"object_types": ["contact"]})  # type: ignore[arg-type]
            file = Path(folder, "result.json")
            file.write_bytes(content_of(document_of(connection, [person], answer)))  # type: ignore[arg-type]
            job = prepare(
                connection,
                result.load(file),
                loading.load(),
                Choice(every=True),
                Path(folder, "receipts.jsonl"),
            )
            done = Done()
            started = time.perf_counter()
            run(job, host.delete, lambda _event: None, done)
            took = time.perf_counter() - started
            statuses = {(receipt["status"], receipt["verified"]) for receipt in done.receipts}
            assert len(done.receipts) == 40
            assert statuses == {("deleted", True)}, statuses
            return took
    finally:
        server.kill()
        server.wait()


def main() -> None:
    one, eight = seconds(1), seconds(8)
    print(
        f"one after the other: {one:.1f} s; eight at once: {eight:.1f} s ({eight / one:.2f} of it)"
    )


if __name__ == "__main__":
    main()
