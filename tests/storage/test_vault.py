"""Stored credentials are encrypted, bound to their host, and opened by nobody without the key."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest
from conftest import CONNECTOR, Host, subject
from keyring.backend import KeyringBackend
from vendor import Vendor

from te_connector.errors import CredentialsMissing, SettingsError, StateError
from te_connector.storage import system_keyring, vault
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir
from te_connector.storage.vault import Login

BASE = "https://public.totalexpert.net/v1"
ID, SECRET = "kq7-client-id", "zw9-client-secret"


class Working(KeyringBackend):
    """A keyring that works."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


class PlainText(Working):
    """One of those that keep plain text: they rate themselves below 1."""

    priority = 0.5  # type: ignore[assignment]


class Raising(Working):
    """Locked, or without its daemon."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"no daemon for {password}")

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked


class Forgetful(Working):
    """Takes everything and gives another thing back."""

    def get_password(self, service: str, username: str) -> str | None:
        return "something else"


@pytest.fixture(autouse=True)
def _keyring_restored() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture(name="working")
def _working() -> Working:
    backend = Working()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> StateDir:
    return StateDir(tmp_path / "state")


def login(name: str = "default", base_url: str = BASE) -> Login:
    return Login(name, base_url, ID, Secret(SECRET))


def everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_keyring_that_works_keeps_the_secret_and_the_file_does_not(
    state: StateDir, working: Working, tmp_path: Path
) -> None:
    assert vault.save(state, login()) == "keyring"
    (kept,) = working.kept.values()
    assert SECRET in kept
    assert SECRET.encode() not in everything(tmp_path)
    assert ID.encode() not in everything(tmp_path)
    loaded = vault.load(state, "default")
    assert loaded == login()
    assert vault.forget(state, "default")
    assert working.kept == {}
    assert vault.load(state, "default") is None


@pytest.mark.parametrize(
    "backend",
    [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, Raising, Forgetful, PlainText],
)
def test_without_a_keyring_that_works_an_encrypted_file_keeps_the_secret(
    state: StateDir, backend: Callable[[], Any], tmp_path: Path
) -> None:
    ring = backend()
    keyring.set_keyring(ring)
    assert vault.save(state, login()) == "file"
    assert vault.load(state, "default") == login()
    for text in (ID, SECRET):
        assert text.encode() not in everything(tmp_path)
    assert SECRET not in repr(getattr(ring, "kept", ""))  # nothing stays in a ring that failed


class Silent(Working):
    """Never answers: somebody would have to unlock it."""

    def __init__(self) -> None:
        super().__init__()
        self.locked = False
        self.unlocked = threading.Event()

    def _wait(self) -> None:
        if self.locked:
            self.unlocked.wait()

    def set_password(self, service: str, username: str, password: str) -> None:
        self._wait()
        super().set_password(service, username, password)

    def get_password(self, service: str, username: str) -> str | None:
        self._wait()
        return super().get_password(service, username)

    def delete_password(self, service: str, username: str) -> None:
        self._wait()
        super().delete_password(service, username)


@pytest.fixture(name="silent")
def _silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    backend = Silent()
    keyring.set_keyring(backend)
    monkeypatch.setattr(system_keyring, "WAIT_SECONDS", 0.05)
    yield backend
    backend.unlocked.set()


def test_a_keyring_that_never_answers_ends_with_the_way_around_it(
    state: StateDir, silent: Silent
) -> None:
    silent.locked = True
    with pytest.raises(
        StateError, match=r"keyring didn't answer.*PYTHON_KEYRING_BACKEND"
    ) as caught:
        vault.save(state, login())
    assert SECRET not in str(caught.value)
    silent.locked = False
    assert vault.save(state, login()) == "keyring"
    silent.locked = True
    with pytest.raises(StateError, match="TE_CLIENT_ID"):
        vault.load(state, "default")


def test_a_login_is_kept_if_its_keyring_does_not_answer_and_goes_if_a_file_keeps_it(
    state: StateDir, silent: Silent
) -> None:
    assert vault.save(state, login()) == "keyring"
    silent.locked = True
    with pytest.raises(StateError, match="keyring"):
        vault.forget(state, "default")
    silent.locked = False
    assert vault.load(state, "default") == login()
    keyring.set_keyring(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]
    assert vault.save(state, login()) == "file"
    silent.locked = True
    keyring.set_keyring(silent)
    assert vault.forget(state, "default")
    assert vault.load(state, "default") is None


def test_a_home_folder_is_understood_in_the_key_files_name(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TE_KEY_FILE", "~/key")
    assert vault.save(state, login()) == "file"
    assert (tmp_path / "key").is_file()


def test_the_file_and_its_key_are_apart_and_both_0600(
    state: StateDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TE_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    vault.save(state, login())
    key = tmp_path / "config" / "te-connector" / "key"
    assert vault.key_path() == key
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((state.root / "logins" / "default.json").stat().st_mode) == 0o600
    assert key.read_bytes() not in everything(state.root)


def test_a_key_that_is_there_is_used_and_never_replaced(state: StateDir, tmp_path: Path) -> None:
    vault.save(state, login())
    key = (tmp_path / "key").read_bytes()
    vault.save(state, login("other"))
    assert (tmp_path / "key").read_bytes() == key
    assert vault.load(state, "default") == login()


@pytest.mark.parametrize("which", ["key", "state/logins/default.json"])
def test_a_key_or_file_that_others_can_read_is_refused(
    state: StateDir, tmp_path: Path, which: str
) -> None:
    vault.save(state, login())
    (tmp_path / which).chmod(0o640)
    with pytest.raises(StateError, match="chmod 600"):
        vault.load(state, "default")


def _edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def edit(tmp_path: Path) -> None:
        path = tmp_path / "state" / "logins" / "default.json"
        note = json.loads(path.read_bytes())
        made = change(note)
        path.write_text(json.dumps(note if made is None else made), encoding="utf-8")

    return edit


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: (path / "key").unlink(), id="the key is gone"),
        pytest.param(_edit(lambda note: note.update(sealed="gAAAA")), id="the seal is cut"),
        pytest.param(_edit(lambda note: note.update(sealed="\u00e9")), id="the seal is no ASCII"),
        pytest.param(_edit(lambda note: note.update(sealed=5)), id="the seal is a number"),
        pytest.param(_edit(lambda note: note.pop("sealed")), id="the seal is gone"),
        pytest.param(
            _edit(lambda note: note.update(kept_in="keyring")), id="said to be in a keyring"
        ),
        pytest.param(
            _edit(lambda note: note.update(base_url="https://evil.example/v1")), id="moved"
        ),
        pytest.param(_edit(lambda note: note.update(base_url="https://[")), id="moved to nonsense"),
        pytest.param(_edit(lambda _note: [1]), id="a list"),
        pytest.param(
            lambda path: (path / "state/logins/default.json").write_bytes(b"\xff{"), id="not text"
        ),
    ],
)
def test_credentials_that_were_tampered_with_are_refused_and_never_moved(
    state: StateDir, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """The base URL is sealed with them: an edit of the file cannot send them elsewhere."""
    vault.save(state, login())
    change(tmp_path)
    with pytest.raises(StateError, match="store them again") as caught:
        vault.load(state, "default")
    assert SECRET not in str(caught.value)


def test_a_key_file_with_nonsense_in_it_is_reported_and_not_overwritten(
    state: StateDir, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(b"my other key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(StateError, match="no key"):
        vault.save(state, login())
    assert (tmp_path / "key").read_bytes() == b"my other key"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\0b", "x" * 101, " a", "\u00e9", 5]
)
def test_a_login_s_name_is_no_path(state: StateDir, name: Any) -> None:
    with pytest.raises(SettingsError, match="name"):
        vault.load(state, name)


@pytest.mark.parametrize(
    ("there", "bound"),
    [
        (BASE, True),
        ("https://public.totalexpert.net/v2", True),
        ("http://public.totalexpert.net/v1", False),
        ("https://public.totalexpert.net:8443/v1", False),
        ("https://totalexpert.net/v1", False),
        ("https://public.totalexpert.net.evil.example/v1", False),
    ],
)
def test_a_login_is_bound_to_scheme_host_and_port(there: str, bound: bool) -> None:
    assert login().bound_to(there) is bound


def test_stored_credentials_go_to_no_other_host(
    host: Host, vendor: Vendor, state: StateDir
) -> None:
    """A connection that names another base URL than the login's is refused before anything is sent."""
    vault.save(state, login())
    connection = {"connector": CONNECTOR, "state_dir": str(state.root), "base_url": vendor.base_url}
    with pytest.raises(SettingsError, match="belong to another host"):
        host.fetch(connection, [subject(email="a@example.com")])
    assert vendor.connections == 0


def test_a_host_uses_stored_credentials_by_name(
    host: Host, vendor: Vendor, state: StateDir
) -> None:
    given = vendor.credentials
    vault.save(
        state, Login("bank", vendor.base_url, given["client_id"], Secret(given["client_secret"]))
    )
    connection = {"connector": CONNECTOR, "state_dir": str(state.root), "name": "bank"}
    assert host.validate(connection)["checks"][0]["ok"]
    assert vendor.token_requests == 1
    with pytest.raises(CredentialsMissing):
        host.fetch({**connection, "name": "other"}, [subject(email="a@example.com")])


def test_logins_are_found_by_name_from_any_folder(
    state: StateDir, tmp_path: Path, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    vault.save(StateDir(Path("state")), login())
    assert vault.load(state, "default") == login()


def test_a_login_shows_neither_id_nor_secret(state: StateDir) -> None:
    assert ID not in repr(login())
    assert SECRET not in repr(login())


def test_a_token_s_key_depends_on_the_whole_secret() -> None:
    one = vault.token_key(Secret(SECRET))
    sealed = vault.seal(one, b"token")
    assert vault.unseal(one, sealed) == b"token"
    assert b"token" not in sealed
    assert vault.unseal(vault.token_key(Secret(SECRET + "x")), sealed) is None
    assert vault.unseal(None, sealed) is None
    assert vault.unseal(one, sealed[:-1]) is None


def test_the_token_file_is_encrypted_and_another_secret_does_not_open_it(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    host.validate(connection)
    (file,) = Path(connection["state_dir"]).glob("accounts/*/token")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (token,) = vendor.tokens
    assert token.encode() not in file.read_bytes()
    vendor.credentials["client_secret"] = "another"
    connection["credentials"] = dict(vendor.credentials)
    host.validate(connection)
    assert vendor.token_requests == 2
