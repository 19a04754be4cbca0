"""The portal on a real Postgres, with a second process that must not do the first one's work."""

from __future__ import annotations

import re

import psycopg
import pytest
from portal_process import Officer, Portal
from postgres import needs_postgres, postgres_fixture, worker  # noqa: F401  a fixture

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110), needs_postgres]


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


def test_a_backup_of_sqlite_is_restored_to_postgres(postgres, tmp_path):
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("CREATE DATABASE moved")
    url = postgres.rpartition("/")[0] + "/moved"
    backup = tmp_path / "portal.backup"
    with Sandbox(contacts=20) as sandbox:
        portal = Portal(sandbox, tmp_path)
        try:
            officer = Officer(portal, portal.first_link())
            first = officer.new(kind="access", email="maria.alvarez@example.com")
            officer.wait_for(first, "In review")
            portal.command("portal", "backup", str(backup))
            portal.stop()
            portal.env |= {"TE_DATABASE_URL": url, "TE_STATE_DIR": str(tmp_path / "new")}
            assert portal.command("portal", "restore", str(backup)) == "1 request restored."
            portal.start()
            officer.wait_for(first, "In review")
            second = officer.new(kind="access", email="maria.alvarez@example.com")
            assert second == first + 1, "Postgres counts on"
            officer.wait_for(second, "In review")
            other = tmp_path / "again.backup"
            portal.command("portal", "backup", str(other))
            assert portal.status == 0 and other.is_file()
        finally:
            portal.stop()
