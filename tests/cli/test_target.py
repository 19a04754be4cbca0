"""`--output`: checked before the search, then written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import threading
import time

import pytest
from command import MARIA, command_fixture, fetched, finished, started  # noqa: F401
from vendor import Hang

from te_connector.cli import target
from te_connector.errors import StateError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(name="folder")
def _folder(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def test_an_existing_file_is_kept_without_force(command, vendor, folder):
    (folder / "r.json").write_text("older")
    ran = fetched(command, "--output", folder / "r.json")
    assert (ran.status, ran.out) == (2, "")
    assert "--force" in ran.err
    assert (folder / "r.json").read_text() == "older"
    assert not vendor.log


def test_force_replaces_an_existing_file(command, folder):
    (folder / "r.json").write_text("older")
    assert fetched(command, "--output", folder / "r.json", "--force").status == 0
    assert json.loads((folder / "r.json").read_text())["records"]
    assert stat.S_IMODE((folder / "r.json").stat().st_mode) == 0o600
    assert names(folder) == ["r.json"]


def test_a_link_to_a_file_stays_a_link(command, folder):
    (folder / "real.json").write_text("older")
    (folder / "link.json").symlink_to("real.json")
    assert fetched(command, "--output", folder / "link.json", "--force").status == 0
    assert (folder / "link.json").is_symlink()
    assert json.loads((folder / "real.json").read_text())["records"]


@pytest.mark.parametrize("name", ["r" * 255, "r" * 256, "r" * 5000, "no/such/r.json", "."])
def test_a_name_that_cannot_be_written_is_an_error_before_the_search(
    command, vendor, folder, monkeypatch, name
):
    monkeypatch.chdir(folder)
    ran = fetched(command, "--output", name)
    if len(name) == 255:
        assert ran.status == 0
        assert names(folder) == [name]
        return
    assert (ran.status, ran.out) == (2, "")
    assert not vendor.log
    assert names(folder) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write anywhere")
def test_a_folder_without_write_permission_is_an_error_before_the_search(command, vendor, folder):
    folder.chmod(0o500)
    assert fetched(command, "--output", folder / "r.json").status == 2
    assert not vendor.log


@pytest.fixture(name="without_unnamed_files", params=[False, True], ids=["unnamed", "draft"])
def _without_unnamed_files(request, monkeypatch):
    """Both ways to write: with a file that has no name yet, and with a draft beside the target."""
    if request.param:
        monkeypatch.setattr(target.os, "O_TMPFILE", 0o777 << 40, raising=False)
        monkeypatch.delattr(target.os, "O_TMPFILE")


@pytest.mark.usefixtures("without_unnamed_files")
@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_written_whole_and_private(folder, force):
    if force:
        (folder / "r.json").write_text("older")
    target.write(target.checked(folder / "r.json", force=force), b"data")
    assert (folder / "r.json").read_bytes() == b"data"
    assert stat.S_IMODE((folder / "r.json").stat().st_mode) == 0o600
    assert names(folder) == ["r.json"]


@pytest.mark.usefixtures("without_unnamed_files")
def test_a_full_disk_leaves_no_file(folder, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    where = target.checked(folder / "r.json")
    monkeypatch.setattr(target.os, "fsync", full)
    with pytest.raises(StateError, match="No space left"):
        target.write(where, b"data")
    assert names(folder) == []


@pytest.mark.usefixtures("without_unnamed_files")
def test_a_file_that_another_process_made_meanwhile_is_kept(folder):
    where = target.checked(folder / "r.json")
    (folder / "r.json").write_text("theirs")
    with pytest.raises(StateError, match="File exists"):
        target.write(where, b"ours")
    assert (folder / "r.json").read_text() == "theirs"
    assert names(folder) == ["r.json"]


def test_a_pipe_is_written_through(command, folder):
    os.mkfifo(folder / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe").read_bytes()))
    reader.start()
    assert fetched(command, "--output", folder / "pipe").status == 0
    reader.join(10)
    assert json.loads(got[0])["records"]
    assert stat.S_ISFIFO((folder / "pipe").lstat().st_mode)


@pytest.mark.slow
def test_dev_stdout_gets_the_document_and_nothing_else(command):
    ran = finished(started("fetch", "--email", MARIA, "--output", "/dev/stdout"))
    assert ran.status == 0
    assert ran.document["records"]


@pytest.mark.slow
def test_dev_stdout_works_for_a_file_too(command, folder):
    with (folder / "out.json").open("w") as out:
        ran = started("fetch", "--email", MARIA, "--output", "/dev/stdout", stdout=out)
        ran.communicate(timeout=30)
    assert json.loads((folder / "out.json").read_text())["records"]


def test_dev_null_is_no_file_to_replace(command):
    assert fetched(command, "--output", "/dev/null").status == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.slow
def test_a_killed_fetch_leaves_nothing(command, vendor, folder):
    vendor.always("GET", "/contacts", Hang(30))
    process = started("fetch", "--email", MARIA, "--output", folder / "r.json")
    while not vendor.count("GET", "/contacts"):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert names(folder) == []
