"""A real Postgres of the machine's own package, and a worker process on it."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

INITDB = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
needs_postgres = pytest.mark.skipif(not INITDB, reason="Postgres isn't installed")


def _as_postgres(*words):
    """Postgres doesn't run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(name="postgres", scope="module")
def postgres_fixture():
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
