"""How fast the portal's queue page answers with 10,000 requests, 200 of them open.

``python benchmarks/bench_queue.py`` fills a new database, serves the real application over a socket, and
prints the median and the slowest of 60 answers. Each figure has its page.
"""

from __future__ import annotations

import datetime
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
from waitress.server import create_server

from te_connector.portal.desk import intake
from te_connector.portal.desk.requests import Person
from te_connector.portal.refusal import SYSTEM
from te_connector.portal.serve import opened
from te_connector.portal.settings import Choices, PortalSettings
from te_connector.portal.signin import accounts
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import requests as table
from te_connector.portal.web.app import create_app

MANY, OPEN = 10_000, 200
PAGES = ("/", "/?state=all", "/?state=all&after=9900", "/?state=denied")


def fill(database: Database) -> str:
    """Make the requests, close all but some, and return a session of an officer."""
    received = datetime.date(2026, 11, 1)
    for start in range(0, MANY, 500):
        with database.begin() as db:
            for number in range(start, start + 500):
                person = Person({"email": [f"person-{number}@example.com"]})
                new = intake.New("access", "CCPA", received, person)
                intake.create(database, db, new, SYSTEM, Choices())
    with database.begin() as db:
        db.execute(sa.update(table).where(table.c.id > OPEN).values(state="denied"))
        user = accounts.add(database, db, "o@example.com", "O", "officer", "a long enough password")
        return accounts.begin_session(db, user.id)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TE_KEY_FILE"] = f"{folder}/key"
        settings = PortalSettings(Path(folder), {}, port=0)
        database = opened(settings)
        began = time.perf_counter()
        token = fill(database)
        print(f"{MANY:,} requests, {OPEN} open, made in {time.perf_counter() - began:.0f} s")
        server: Any = create_server(create_app(database, settings), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        url = f"http://127.0.0.1:{server.effective_port}"
        browser = requests.Session()
        browser.cookies.set("te_portal", token)
        for page in PAGES:
            seconds = []
            for _ in range(60):
                began = time.perf_counter()
                answer = browser.get(url + page, timeout=30)
                seconds.append(time.perf_counter() - began)
                assert "Queue" in answer.text
            middle, slowest = statistics.median(seconds), max(seconds)
            print(f"{page:28} median {middle * 1000:4.0f} ms, slowest {slowest * 1000:4.0f} ms")
        server.close()


if __name__ == "__main__":
    main()
