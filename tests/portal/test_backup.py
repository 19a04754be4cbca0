"""Backup and restore by the commands: everything is there again, and nothing is overwritten."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile

import pytest
from portal_process import Officer, Portal

from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
MARIA = "maria.alvarez@example.com"


def moved(portal, folder):
    """The same settings with an empty state directory, on what is to be a new machine."""
    folder.mkdir()
    portal.env["TE_STATE_DIR"] = str(folder / "state")


def test_a_backup_of_a_running_portal_is_restored_and_its_work_goes_on(tmp_path):
    backup = tmp_path / "portal.backup"
    with Sandbox(contacts=20) as sandbox:
        portal = Portal(sandbox, tmp_path)
        try:
            officer = Officer(portal, portal.first_link())
            number = officer.new(kind="erasure", email=MARIA, name="Maria Alvarez")
            officer.wait_for(number, "In review")
            digest = re.search(r'name="digest" value="([^"]+)"', officer.page)[1]
            assert officer.post(f"/requests/{number}/approve", digest=digest).ok
            portal.command("hold", "add", "--object", "contact:9999", "--reason", "lawsuit")
            assert portal.status == 0
            printed = portal.command("portal", "backup", str(backup))
            assert portal.status == 0 and printed.startswith("1 request. SHA-256 "), printed
            assert stat.S_IMODE(backup.stat().st_mode) == 0o600
            with zipfile.ZipFile(backup) as archive:
                whole = b"".join(archive.read(name) for name in archive.namelist())
            assert MARIA.encode() not in whole and b"Alvarez" not in whole
            portal.command("portal", "backup", str(backup))
            assert portal.status == 2, "a file that exists is kept"
            portal.command("portal", "restore", str(backup))
            assert portal.status != 0, "a database that holds something is kept"
            portal.kill()

            moved(portal, tmp_path / "other")
            shutil.move(tmp_path / "key", tmp_path / "safe")
            portal.command("portal", "restore", str(backup))
            assert portal.status != 0, "without the key nobody can read the data"
            (tmp_path / "key").unlink(missing_ok=True)
            shutil.move(tmp_path / "safe", tmp_path / "key")
            damaged = tmp_path / "damaged"
            content = bytearray(backup.read_bytes())
            content[len(content) // 2] ^= 1
            damaged.write_bytes(content)
            portal.command("portal", "restore", str(damaged))
            assert portal.status != 0, "a damaged backup restores nothing"
            assert portal.command("portal", "restore", str(backup)) == "1 request restored."
            assert "9999" in portal.command("hold", "list")

            portal.start()
            officer.portal = portal
            officer.wait_for(number, "Approved")
            assert "Maria Alvarez" in officer.page
            assert officer.post(f"/requests/{number}/delete").ok
            officer.wait_for(number, "Done")
            assert 2317 not in sandbox.contacts
        finally:
            portal.stop()
