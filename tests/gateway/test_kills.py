"""Killed at random under load: no finished deletion is done twice, and no answer changes.

``TE_TEST_KILLS=50 python -m pytest -n0 tests/gateway/test_kills.py`` is the long run.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import os
import random
import threading
import time
from typing import Any

import pytest
from gateway_client import Gateway
from vendor import Vendor, contact

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

KILLS = int(os.environ.get("TE_TEST_KILLS", "4"))
PEOPLE = max(12, min(40, 2 * KILLS))


def test_killed_at_random_under_load_nothing_is_done_twice(
    gateway: Gateway, vendor: Vendor
) -> None:
    random.seed(20)
    gateway.stop()
    gateway.environment |= {"TE_GATEWAY_RETRY_SECONDS": "0", "TE_GATEWAY_WAIT_SECONDS": "5"}
    gateway.start()
    vendor.latency = 0.02
    for n in range(PEOPLE):
        vendor.tables["contacts"].append(contact(7000 + n, email=f"p{n}@example.net"))
    answers: dict[int, list[Any]] = {n: [] for n in range(PEOPLE)}
    receipts: dict[int, list[Any]] = {n: [] for n in range(PEOPLE)}
    over = threading.Event()

    def ask(path: str, body: Any) -> Any:
        try:
            return gateway.ask(path, body, timeout=20)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)  # it was killed; the platform asks again
            return None

    last: dict[int, Any] = {}

    def platform(n: int) -> None:
        body = {"request": f"k{n}", "email": f"p{n}@example.net"}
        while not over.is_set():
            got = ask("/v1/access", body)
            last[n] = got and (got.status, got.body.get("code"))
            if got is not None and got.status == 200:
                answers[n].append(got.body)
                gone = ask("/v1/delete/shown", body)
                if gone is not None and gone.status == 200:
                    receipts[n].append(gone.body)
                    if len(receipts[n]) >= 3:
                        return

    # A kill during sign-in costs one of the two tokens an hour; two of them would stop this test.
    while (got := ask("/v1/access", {"request": "first", "email": "x@example.net"})) is None or (
        got.status == 503
    ):
        time.sleep(0.1)
    with concurrent.futures.ThreadPoolExecutor(PEOPLE) as pool:
        futures = [pool.submit(platform, n) for n in range(PEOPLE)]
        for _ in range(KILLS):
            time.sleep(random.uniform(0.2, 1.5))
            gateway.kill()
            gateway.start()
        done, waiting = concurrent.futures.wait(futures, 200)
        over.set()
        assert not waiting, last
        for future in done:
            future.result()
    for n in range(PEOPLE):
        assert all(answer == answers[n][0] for answer in answers[n]), "no answer changes"
        assert all(receipt == receipts[n][0] for receipt in receipts[n]), "no receipt changes"
        assert [one["status"] for one in receipts[n][0]["receipts"]] == ["deleted"]
    deleted = [key for _, key in vendor.deleted]
    assert sorted(deleted) == [7000 + n for n in range(PEOPLE)], "each was deleted once"
