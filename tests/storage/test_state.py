"""Files on disk are private and whole, or not there, under any umask and after any kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from te_connector.api.quota import Window
from te_connector.errors import StateError
from te_connector.manifest.model import Limit
from te_connector.storage import locks
from te_connector.storage.files import Draft, make_folder, read_private, write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir, account_name, default_root

BASE = "https://public.totalexpert.net/v1"


def modes_of(root: Path) -> dict[str, str]:
    """Every path below a folder whose mode lets others in, with that mode."""
    return {
        str(path.relative_to(root)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in [root, *root.rglob("*")]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    }


_UMASK_0 = """
import os, sys
os.umask(0)
from pathlib import Path
from te_connector.storage.files import write_private
from te_connector.storage.locks import locked
from te_connector.storage.state import StateDir
from te_connector.api.quota import Window
from te_connector.manifest.model import Limit
from te_connector.operations.audit import Trail
from te_connector.storage.vault import Login, save
from te_connector.storage.secret import Secret
state = StateDir(Path(sys.argv[1]) / "not" / "yet" / "there")
account = state.account("https://a.example", "id")
write_private(account / "token", b"x")
with locked(account / "token.lock"):
    pass
Window(state.host("a.example", 443) / "requests.window", Limit(10, 60), 40).take()
Trail.of(state, "https://a.example", "id").append("asked", receipt_id="r")
save(state, Login("default", "https://a.example", "id", Secret("s")))
"""


def test_with_umask_zero_every_folder_is_0700_and_every_file_0600(tmp_path: Path) -> None:
    environment = {**os.environ, "TE_KEY_FILE": str(tmp_path / "config" / "deep" / "key")}
    subprocess.run(
        [sys.executable, "-c", _UMASK_0, str(tmp_path / "state")], check=True, env=environment
    )
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in made} >= {
        "token", "token.lock", "requests.window", "audit.jsonl", "default.json", "key",
    }  # fmt: skip
    assert modes_of(tmp_path / "state") == {}
    assert modes_of(tmp_path / "config") == {}


def test_an_empty_folder_that_was_made_for_us_is_shut(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    make_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_filled_folder_keeps_its_mode_and_ours_inside_are_shut(tmp_path: Path) -> None:
    (tmp_path / "of somebody").touch()
    tmp_path.chmod(0o755)
    folder = StateDir(tmp_path).account(BASE, "id")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    for mode in (0o777, 0o770, 0o702):
        tmp_path.chmod(mode)
        with pytest.raises(StateError, match="chmod 700"):
            StateDir(tmp_path).account(BASE, "id")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(StateError, match="another user"):
        StateDir(folder).account(BASE, "id")


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_is_no_regular_file_is_neither_read_nor_cut(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"private" * 100)
    victim.chmod(0o600)
    path = tmp_path / "requests.window"
    if kind == "link":
        path.symlink_to(victim)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path, 0o600)
    with pytest.raises(StateError):
        Window(path, Limit(1, 60), 40).take()
    assert victim.read_bytes() == b"private" * 100


def test_a_draft_that_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    with Draft(tmp_path / "token", size=4096):
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 4096
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666, 0o777])
def test_a_file_that_others_can_use_is_refused_and_the_remedy_is_named(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "token"
    write_private(path, b"content-kq7")
    path.chmod(mode)
    with pytest.raises(StateError, match="chmod 600") as caught:
        read_private(path)
    assert "content-kq7" not in str(caught.value)


def test_a_file_of_ours_is_read_again_and_one_that_is_not_there_is_none(tmp_path: Path) -> None:
    write_private(tmp_path / "a", b"\0\xff")
    assert read_private(tmp_path / "a") == b"\0\xff"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert read_private(tmp_path / "b") is None


@pytest.mark.parametrize("what", ["folder", "link to a folder", "file in the way"])
def test_what_cannot_be_read_is_reported_as_one_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "token"
    if what == "folder":
        path.mkdir()
    elif what == "link to a folder":
        path.symlink_to(tmp_path)
    else:
        path.touch(0o600)
        path = path / "inside"
    with pytest.raises(StateError):
        read_private(path)


def test_a_state_directory_that_cannot_be_made_is_reported_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="TE_STATE_DIR"):
        StateDir(tmp_path / "file" / "state").account(BASE, "id")


def test_a_link_in_a_file_s_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"of somebody")
    (tmp_path / "token").symlink_to(outside)
    write_private(tmp_path / "token", b"ours")
    assert outside.read_bytes() == b"of somebody"
    assert not (tmp_path / "token").is_symlink()


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_write_that_fails_anywhere_leaves_the_old_content_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "token"
    write_private(path, b"old")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(os, "fdopen", fail)
    else:
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(StateError, match="No space left"):
        write_private(path, b"new")
    monkeypatch.undo()
    assert read_private(path) == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["token"]


_WRITER = """
import sys
from pathlib import Path
from te_connector.storage.files import write_private
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        write_private(path, bytes([letter]) * 300_000)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_private(path, b"a" * 300_000)
    for pause in (0.0, 0.003, 0.011, 0.023, 0.04):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        content = read_private(path)
        assert content in (b"a" * 300_000, b"b" * 300_000)
    rests = [each for each in tmp_path.iterdir() if each != path]
    assert not [each for each in rests if stat.S_IMODE(each.stat().st_mode) & 0o077]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, over = tmp_path / "token", threading.Event()
    write_private(path, b"a" * 100_000)

    def write() -> None:
        while not over.is_set():
            write_private(path, b"b" * 100_000)
            write_private(path, b"a" * 100_000)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(100):
            assert len(set(read_private(path) or b"")) == 1
    finally:
        over.set()
        thread.join(10)


def test_a_client_id_can_be_anything_and_names_no_path(tmp_path: Path) -> None:
    for client_id in ("../../x", "a/b", "\0", "\udce9", "x" * 10_000, "CON", ""):
        folder = StateDir(tmp_path).account(BASE, client_id)
        assert folder.parent == tmp_path / "accounts"
        assert len(folder.name) == 24
    assert account_name(BASE, "a") != account_name(BASE, "b") != account_name(BASE + "x", "a")


@pytest.mark.parametrize("host", ["..", "a/b", "::1", "x" * 50, "evil\0host"])
def test_a_host_s_folder_stays_among_hosts(tmp_path: Path, host: str) -> None:
    folder = StateDir(tmp_path).host(host, 443)
    assert folder.resolve().parent == tmp_path / "hosts"


def test_the_root_is_the_environment_s_or_the_user_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TE_STATE_DIR", str(tmp_path / "named"))
    assert default_root() == tmp_path / "named"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TE_STATE_DIR", "~/named")
    assert default_root() == tmp_path / "named"
    monkeypatch.delenv("TE_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert default_root() == tmp_path / "xdg" / "te-connector"


def _hold(path: Path, held: object, seconds: float) -> None:
    with locked(path):
        held.set()  # type: ignore[attr-defined]
        time.sleep(seconds)


@pytest.mark.slow
def test_a_lock_holds_other_processes_back_and_ends_with_its_holder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(tmp_path / "lock", held, 60.0))
    process.start()
    try:
        assert held.wait(30)
        got = threading.Event()

        def want() -> None:
            with locked(tmp_path / "lock"):
                got.set()

        thread = threading.Thread(target=want)
        thread.start()
        assert not got.wait(0.2)
        process.kill()
        assert got.wait(30)
        thread.join(10)
    finally:
        process.kill()
        process.join(10)
        process.close()


def test_a_lock_that_is_never_given_up_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", 0.1)
    with locked(tmp_path / "lock"), pytest.raises(StateError, match="may hang"):  # noqa: SIM117
        with locked(tmp_path / "lock"):
            pass
