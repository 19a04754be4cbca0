"""The portal on a real Postgres, with a second process that must not do the first one's work."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

INITDB = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(110),
    pytest.mark.skipif(not INITDB, reason="Postgres isn't installed"),
]


def _as_postgres(*words):
    """Postgres doesn't run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(name="postgres", scope="module")
def _postgres():
    folder = Path(tempfile.mkdtemp(prefix="te-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    programs = Path(INITDB[-1]).parent
    data = folder / "data"
    _as_postgres(programs / "initdb", "-D", data, "-A", "trust", "-U", "te", "-N")
    flags = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
    _as_postgres(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", flags, "-w", "start")
    yield f"postgresql://te@127.0.0.1:{port}/postgres"
    _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@contextlib.contextmanager
def worker(portal, name):
    process = subprocess.Popen(
        [sys.executable, "-m", "te_connector", "worker", "--worker", name],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=portal.env,
    )  # fmt: skip
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_an_erasure_on_postgres_ends_right_and_the_database_refuses_illegal_changes(
    postgres, tmp_path
):
    with Sandbox(contacts=20) as sandbox:
        portal = Portal(sandbox, tmp_path, TE_DATABASE_URL=postgres)
        try:
            officer = Officer(portal, portal.first_link())
            with worker(portal, "main") as second, worker(portal, "main-2") as other:
                assert second == "Worker main: stand-by", "one process does a worker's work"
                assert other == "Worker main-2: active", "names that begin alike are two workers"
                number = officer.new(kind="erasure", email="maria.alvarez@example.com")
                officer.wait_for(number, "In review")
                digest = re.search(r'name="digest" value="([^"]+)"', officer.page)[1]
                assert officer.post(f"/requests/{number}/approve", digest=digest).ok
                portal.kill()
                portal.start()
                officer.post(f"/requests/{number}/delete")
                officer.wait_for(number, "Done")
            assert 2317 not in sandbox.contacts
        finally:
            portal.stop()
    with psycopg.connect(postgres) as db:
        for change in (
            "UPDATE requests SET state = 'review'",
            "UPDATE log SET actor = 'nobody'",
            "DELETE FROM log",
            "UPDATE receipts SET status = 'deleted'",
            "INSERT INTO requests SELECT * FROM requests",
        ):
            with pytest.raises(psycopg.Error), db.transaction():
                db.execute(change)
        texts = db.execute("SELECT CAST(requests AS text) FROM requests").fetchall()
        assert "alvarez" not in str(texts).lower()
