"""The state directory damaged in one place: each call gives a right answer or one clear error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from conftest import CONNECTOR, Host, subject
from vendor import Vendor, contact

from te_connector.errors import ConnectorError
from te_connector.operations.holds import HoldStore
from te_connector.storage import vault
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir

pytestmark = pytest.mark.slow

ADA = subject(email="ada@example.com")


def _edit(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.write_bytes(change(file.read_bytes()))

    return damage


def _flip(at: Callable[[int], int]) -> Callable[[Path], None]:
    def change(old: bytes) -> bytes:
        n = at(len(old))
        return old[:n] + bytes([old[n] ^ 1]) + old[n + 1 :] if old else b"x"

    return _edit(change)


def _replaced_by(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.unlink()
        make(file)

    return damage


def _linked(file: Path) -> None:
    elsewhere = file.parent.parent / "elsewhere"
    shutil.move(file, elsewhere)
    file.symlink_to(elsewhere)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink,
    "empty": _edit(lambda _: b""),
    "half": _edit(lambda old: old[: len(old) // 2]),
    "last line lost": _edit(lambda old: b"".join(old.splitlines(keepends=True)[:-1])),
    "last line twice": _edit(lambda old: old + b"".join(old.splitlines(keepends=True)[-1:])),
    "garbage": _edit(lambda _: bytes(range(256)) * 4),
    "zeros": _edit(lambda old: b"\0" * (len(old) + 1)),
    "a list": _edit(lambda _: b"[]\n"),
    "null": _edit(lambda _: b"null\n"),
    "an absurd number": _edit(lambda _: b"1e999\n" + b"9" * 5000),
    "other line ends": _edit(lambda old: old.replace(b"\n", b"\r\n") + b"\r\n"),
    "first bit": _flip(lambda _: 0),
    "a bit in the middle": _flip(lambda size: size // 2),
    "last bit": _flip(lambda size: size - 2 if size > 1 else 0),
    "a folder": _replaced_by(lambda file: file.mkdir()),
    "a link": _linked,
    "a dead link": _replaced_by(lambda file: file.symlink_to(file.parent / "nowhere")),
    "a pipe": _replaced_by(lambda file: os.mkfifo(file)),
    "open to all": lambda file: file.chmod(0o777),
}

FILES = [
    "logins/default.json", "hosts/*/requests.window", "hosts/*/tokens.window", "hosts/*/requests.lock",
    "holds/audit.jsonl", "holds/audit.last", "holds/audit.lock", "keys/holds.audit", "keys/[!h]*.audit",
    "accounts/*/audit.jsonl", "accounts/*/audit.last", "accounts/*/audit.lock", "accounts/*/token",
    "../key",
]  # fmt: skip


@attrs.frozen
class Site:
    """A vendor, and a state directory with a login, a hold, and a deletion in it."""

    vendor: Vendor
    folder: Path
    earlier: dict[str, Any]


@pytest.fixture(name="site", scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with Vendor() as vendor, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TE_KEY_FILE", str(folder / "key"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        state = StateDir(folder / "state")
        secret = Secret(vendor.credentials["client_secret"])
        client = vendor.credentials["client_id"]
        vault.save(state, vault.Login("default", vendor.base_url, client, secret))
        HoldStore(state).add({"object": "contact:99", "reason": "lawsuit"}, "officer")
        vendor.tables["contacts"].append(contact(7, email="ada@example.com"))
        vendor.tables["contacts"].append(contact(1, email="other@example.com"))
        connection = {"connector": CONNECTOR, "state_dir": str(folder / "state")}
        earlier = Host().delete(connection, "contact", "7", ADA, {"receipt_id": "earlier"})
        assert earlier["verified"]
        yield Site(vendor, folder, earlier)


def test_an_undamaged_state_directory_deletes_what_is_not_held(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the test below can fail."""
    shutil.copytree(site.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("TE_KEY_FILE", str(tmp_path / "key"))
    connection = {"connector": CONNECTOR, "state_dir": str(tmp_path / "state")}
    site.vendor.tables["contacts"].append(contact(6, email="ada@example.com"))
    receipt = Host().delete(connection, "contact", "6", ADA, {"receipt_id": "r-6"})
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert Host().delete(connection, "contact", "7", ADA, {"receipt_id": "earlier"}) == site.earlier


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_state_directory_gives_a_right_answer_or_one_clear_error(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, damage: str
) -> None:
    shutil.copytree(site.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("TE_KEY_FILE", str(tmp_path / "key"))
    (damaged,) = (tmp_path / "state").glob(file) if file[0] != "." else [tmp_path / "key"]
    DAMAGES[damage](damaged)
    vendor, connection = site.vendor, {"connector": CONNECTOR, "state_dir": str(tmp_path / "state")}
    for key in (8, 99):
        if not any(one["id"] == key for one in vendor.tables["contacts"]):
            vendor.tables["contacts"].append(contact(key, email="ada@example.com"))

    def there(key: int) -> bool:
        return any(one["id"] == key for one in vendor.tables["contacts"])

    for key in ("8", "99", "7"):
        receipt_id = "earlier" if key == "7" else f"r-{key}"
        try:
            # A budget that cannot be read is full, so this call would wait for a minute.
            options = {"receipt_id": receipt_id, "deadline": 2}
            receipt = Host().delete(connection, "contact", key, ADA, options)
        except ConnectorError as error:
            assert str(error)
            continue
        if receipt["verified"]:
            assert not there(int(key))
        if key == "7":
            assert receipt == site.earlier or receipt["status"] in ("already_absent", "failed")
    assert there(99), "the hold was kept"
