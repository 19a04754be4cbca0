"""The portal and its workers killed at random moments while twenty erasures run: all end right.

``TE_TEST_KILLS=50`` runs it with 50 kills; the default is a short run.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time

import psycopg
import pytest
import requests
from portal_process import Officer, Portal
from postgres import needs_postgres, postgres_fixture  # noqa: F401  a fixture

from te_connector.sandbox import Sandbox

KILLS = int(os.environ.get("TE_TEST_KILLS", "2"))
REQUESTS = 20 if KILLS > 5 else 4
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def sign_in_first(portal):
    """A kill during sign-in costs one of the two tokens an hour, and two would end this test: have a token before."""
    portal.command("validate")
    assert portal.status == 0, portal.printed


class Worker:
    """A second process of the worker ``main``: it stands by until the first one is gone."""

    def __init__(self, portal):
        self.portal = portal
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "te_connector", "worker"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.portal.env,
        )  # fmt: skip

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def step(officer, number):
    """Take one request on, if the portal answers just now. Returns whether it is done."""
    with contextlib.suppress(requests.ConnectionError, TypeError):
        page = officer.get(f"/requests/{number}").text
        if "· In review" in page:
            digest = re.search(r'name="digest" value="([^"]+)"', page)[1]
            officer.post(f"/requests/{number}/approve", digest=digest)
        elif "· Approved" in page:
            officer.post(f"/requests/{number}/delete")
        return "· Done" in page
    return False


def driven(officer, numbers, processes, watch):
    """Work through all requests while the processes are killed. Returns how many kills there were."""
    chance, kills, left = random.Random(11), 0, list(numbers)  # noqa: S311  the moments of the kills
    end = time.monotonic() + 500
    while left and time.monotonic() < end:
        until = time.monotonic() + chance.uniform(0.0, 0.6)
        while left and time.monotonic() < until:
            watch()
            left = [number for number in left if not step(officer, number)]
        if kills < KILLS and left:
            victim = chance.choice(processes)
            victim.kill()
            kills += 1
            victim.start()
    assert not left, officer.get(f"/requests/{left[0]}").text
    print(f"{len(numbers)} requests, {kills} kills")
    return kills


def numbers_of(officer, emails):
    return [officer.new(kind="erasure", email=one) for one in emails]


def emails_in(sandbox):
    found = [str(one.get("email")) for one in sandbox.contacts.values()]
    clean = [one for one in found if re.fullmatch(r"[a-z0-9.]+@example\.(com|net|org)", one)]
    return [one for one in clean if clean.count(one) == 1 and "alvarez" not in one][:REQUESTS]


RECEIPTS = (
    "SELECT request_id, record_id, count(*) FROM receipts WHERE status IS NOT NULL"
    " GROUP BY request_id, record_id"
)
CHOSEN = "SELECT count(*) FROM records WHERE chosen"


def is_right(rows, chosen, sandbox, emails):
    assert len(rows) == chosen >= REQUESTS, "each chosen object has a final receipt"
    assert all(count == 1 for _, _, count in rows), "and one alone"
    left = {str(one.get("email")) for one in sandbox.contacts.values()}
    assert not left & set(emails), "the people are gone"


def test_twenty_erasures_end_right_however_often_the_portal_is_killed(tmp_path):
    with Sandbox(contacts=60) as sandbox:
        portal = Portal(sandbox, tmp_path)
        try:
            sign_in_first(portal)
            officer = Officer(portal, portal.first_link())
            emails = emails_in(sandbox)
            numbers = numbers_of(officer, emails)
            assert driven(officer, numbers, [portal], lambda: None) > 0
        finally:
            portal.stop()
        with contextlib.closing(sqlite3.connect(tmp_path / "state/portal/portal.sqlite")) as db:
            chosen = db.execute(CHOSEN).fetchone()[0]
            is_right(db.execute(RECEIPTS).fetchall(), chosen, sandbox, emails)


@needs_postgres
def test_on_postgres_two_workers_never_sweep_one_connection_at_a_time(postgres, tmp_path):
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("CREATE DATABASE killed")
    url = postgres.rpartition("/")[0] + "/killed"
    sweeps = (
        "SELECT count(*) FROM dbos.workflow_status WHERE status = 'PENDING' AND name = 'search'"
    )
    with Sandbox(contacts=60) as sandbox:
        portal = Portal(sandbox, tmp_path, TE_DATABASE_URL=url)
        worker = Worker(portal)
        try:
            sign_in_first(portal)
            officer = Officer(portal, portal.first_link())
            emails = emails_in(sandbox)
            numbers = numbers_of(officer, emails)
            with psycopg.connect(url, autocommit=True) as db:

                def watch():
                    assert db.execute(sweeps).fetchone()[0] <= 1

                assert driven(officer, numbers, [portal, worker], watch) > 0
        finally:
            worker.kill()
            portal.stop()
        with psycopg.connect(url) as db:
            chosen = db.execute(CHOSEN).fetchone()[0]
            is_right(db.execute(RECEIPTS).fetchall(), chosen, sandbox, emails)
