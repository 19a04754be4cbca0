"""A host's connection mapping: read whole, bound to one host, told where it cannot work."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import attrs
import pytest
from conftest import CONNECTOR, ROOT, Edit, Host, subject
from vendor import Vendor

from te_connector import errors
from te_connector.api import connection as connections
from te_connector.storage import vault
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir

ASKED = [subject(email="ada@example.com")]
GIVEN = {"client_id": "me", "client_secret": "hush"}
PRODUCTION = "https://public.totalexpert.net/v1"

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"pasword": "hush"}, "unknown key. The keys are base_url, ca_bundle, connector"),
    "a base URL that is None": ({"base_url": None}, "'base_url' must be text and not empty"),
    "an empty base URL": ({"base_url": ""}, "'base_url' must be text and not empty"),
    "a state directory that is a number": ({"state_dir": 5}, "'state_dir' must be text"),
    "a manifest that is a mapping": ({"manifest": {}}, "'manifest' must be text"),
    "an empty proxy": ({"proxy": ""}, "'proxy' must be text"),
    "a name that is no name": ({"name": "../x", "credentials": None}, "login's name can have only letters"),
    "credentials that are a text": ({"credentials": "me:hush"}, "must have client_id and client_secret"),
    "credentials that lack one": (
        {"credentials": {"client_id": "me"}}, "must have client_id and client_secret",
    ),
    "credentials with a further key": (
        {"credentials": {**GIVEN, "token": "x"}}, "must have client_id and client_secret",
    ),
    "an empty secret": (
        {"credentials": {**GIVEN, "client_secret": ""}}, "must be text and not empty",
    ),
    "a secret that is a number": (
        {"credentials": {**GIVEN, "client_secret": 5}}, "must be text and not empty",
    ),
    "plain http elsewhere": ({"base_url": "http://public.totalexpert.net/v1"}, "Plain http"),
    "plain http to a name like this machine's": ({"base_url": "http://localhost.evil/v1"}, "Plain http"),
    "plain http to an address like this machine's": ({"base_url": "http://128.0.0.1/v1"}, "Plain http"),
    "no scheme": ({"base_url": "public.totalexpert.net/v1"}, "must be an http(s) address"),
    "another scheme": ({"base_url": "ftp://x/v1"}, "must be an http(s) address"),
    "no host": ({"base_url": "https:///v1"}, "must be an http(s) address"),
    "a user": ({"base_url": "https://me:hush@x/v1"}, "can't have a user"),
    "a query": ({"base_url": "https://x/v1?a=1"}, "can't have a user, query, or fragment"),
    "a fragment": ({"base_url": "https://x/v1#a"}, "can't have a user, query, or fragment"),
    "a port that is none": ({"base_url": "https://x:99999/v1"}, "isn't valid"),
    "a port of letters": ({"base_url": "https://x:y/v1"}, "isn't valid"),
    "half an address": ({"base_url": "https://[::1/v1"}, "isn't valid"),
    "odd characters in the host": ({"base_url": "https://x y/v1"}, "invalid characters"),
    "odd characters in the path": ({"base_url": "https://x/v1/%2e%2e"}, "path has invalid characters"),
    "a climb in the path": ({"base_url": "https://x/../v1"}, "path has invalid characters"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "-"))
def test_what_cannot_work_is_reported_by_every_hook_that_needs_it(
    host: Host, case: str, tmp_path: Path
) -> None:
    changes, words = WRONG[case]
    connection = {"connector": CONNECTOR, "credentials": GIVEN, "state_dir": str(tmp_path / "s")}
    connection.update(changes)
    if connection["credentials"] is None:
        del connection["credentials"]
    for call in (
        lambda: host.validate(connection),
        lambda: host.fetch(connection, ASKED),
        lambda: host.delete(connection, "contact", "1", ASKED[0]),
    ):
        with pytest.raises(errors.SettingsError) as caught:
            call()
        assert words in str(caught.value)
        assert "hush" not in str(caught.value)


URLS: dict[str, tuple[str, str, int]] = {
    # as written: in one spelling, and host and port
    "HTTPS://Public.TotalExpert.NET/v1/": (PRODUCTION, "public.totalexpert.net", 443),
    " https://x:443/v1 ": ("https://x/v1", "x", 443),
    "https://x:8443/a/b_c.d~e-f": ("https://x:8443/a/b_c.d~e-f", "x", 8443),
    "https://x": ("https://x", "x", 443),
    "http://127.0.0.1:80/v1": ("http://127.0.0.1/v1", "127.0.0.1", 80),
    "http://127.9.9.9:5/v1": ("http://127.9.9.9:5/v1", "127.9.9.9", 5),
    "http://localhost:5/v1": ("http://localhost:5/v1", "localhost", 5),
    "http://[::1]:5/v1": ("http://[::1]:5/v1", "::1", 5),
    "https://[2001:DB8::1]/v1": ("https://[2001:db8::1]/v1", "2001:db8::1", 443),
}


@pytest.mark.parametrize("written", list(URLS))
def test_a_base_url_has_one_spelling(written: str, tmp_path: Path) -> None:
    settings = connections.resolve(
        {"connector": CONNECTOR, "credentials": GIVEN, "base_url": written,
         "state_dir": str(tmp_path)}
    )  # fmt: skip
    assert (settings.base_url, settings.host, settings.port) == URLS[written]


def test_without_settings_the_packaged_manifest_says_where(tmp_path: Path) -> None:
    settings = connections.resolve({"connector": CONNECTOR, "credentials": GIVEN})
    assert settings.base_url == PRODUCTION
    assert settings.manifest.packaged is True
    assert settings.state.root == tmp_path / "default-state"
    assert (settings.proxy, settings.ca_bundle) == (None, None)


@pytest.mark.parametrize("around", ["\n", "\r\n", " ", "\t", "\ufeff"])
def test_what_editors_leave_around_credentials_is_cleaned(around: str, tmp_path: Path) -> None:
    given = {name: f"{around}{value}{around}" for name, value in GIVEN.items()}
    settings = connections.resolve(
        {"connector": CONNECTOR, "credentials": given, "state_dir": str(tmp_path)}
    )
    assert settings.client_id == GIVEN["client_id"]
    assert settings.client_secret.reveal() == GIVEN["client_secret"]


def test_a_tilde_means_the_home_folder_in_every_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = connections.resolve(
        {
            "connector": CONNECTOR,
            "credentials": GIVEN,
            "state_dir": "~/state",
            "ca_bundle": "~/ca.pem",
        }
    )
    assert settings.state.root == tmp_path / "state"
    assert settings.ca_bundle == str(tmp_path / "ca.pem")


def test_paths_may_be_path_objects(host: Host, connection: dict[str, Any]) -> None:
    connection["state_dir"] = Path(connection["state_dir"])
    connection["manifest"] = ROOT / "connector.yaml"
    assert host.validate(connection)["ok"] is True


def test_a_manifest_cannot_move_the_base_url(
    host: Host, vendor: Vendor, edited: Edit, tmp_path: Path
) -> None:
    connection = {"connector": CONNECTOR, "credentials": dict(vendor.credentials),
                  "manifest": edited({"base_url": vendor.base_url}), "state_dir": str(tmp_path / "s")}  # fmt: skip
    with pytest.raises(errors.SettingsError, match="cannot move credentials"):
        host.fetch(connection, ASKED)
    assert vendor.log == []
    assert host.discover(connection)["connector"] == CONNECTOR
    connection["base_url"] = vendor.base_url  # confirmed
    assert host.validate(connection)["ok"] is True


@pytest.mark.parametrize("named", [None, "https://PUBLIC.totalexpert.net:443/v1/"])
def test_a_manifest_that_names_the_same_or_no_base_url_moves_nothing(
    edited: Edit, named: str | None
) -> None:
    connection = {
        "connector": CONNECTOR,
        "credentials": GIVEN,
        "manifest": edited({"base_url": named}),
    }
    assert connections.resolve(connection).base_url == PRODUCTION


def _login(connection: dict[str, Any], vendor: Vendor, name: str = "default") -> None:
    """Store the vendor's credentials, and take them out of the connection."""
    given = vault.Login(
        name,
        vendor.base_url,
        vendor.credentials["client_id"],
        Secret(vendor.credentials["client_secret"]),
    )
    vault.save(StateDir(Path(connection["state_dir"])), given)
    connection.pop("credentials", None)
    connection.pop("base_url", None)


@pytest.mark.parametrize("name", ["default", "bank-2"])
def test_stored_credentials_bring_their_base_url(
    host: Host, connection: dict[str, Any], vendor: Vendor, name: str
) -> None:
    _login(connection, vendor, name)
    if name != "default":
        with pytest.raises(errors.CredentialsMissing):
            host.fetch(connection, ASKED)
        connection["name"] = name
    assert host.validate(connection)["ok"] is True
    assert host.fetch(connection, ASKED)["problems"] == []


def test_stored_credentials_go_to_no_other_host(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    _login(connection, vendor)
    with Vendor(credentials=vendor.credentials) as evil:
        connection["base_url"] = evil.base_url
        with pytest.raises(errors.SettingsError, match="belong to another host"):
            host.fetch(connection, ASKED)
        assert evil.log == vendor.log == []
    connection["base_url"] = vendor.base_url + "/"
    assert host.validate(connection)["ok"] is True


def test_a_manifest_cannot_move_stored_credentials_either(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    _login(connection, vendor)
    with Vendor(credentials=vendor.credentials) as evil:
        connection["manifest"] = edited({"base_url": evil.base_url})
        assert host.validate(connection)["ok"] is True
        assert evil.log == []


def test_settings_show_no_secret_and_are_not_pickled(connection: dict[str, Any]) -> None:
    connection["proxy"] = "http://me:hidden@127.0.0.1:1"
    settings = connections.resolve(connection)
    told = repr(settings)
    assert connection["credentials"]["client_secret"] not in told
    assert connection["credentials"]["client_id"] not in told
    assert "hidden" not in told
    assert connection["credentials"]["client_secret"] not in str(attrs.asdict(settings))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings.client_secret)


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert f"{Secret('a')}{Secret('a')!r}{Secret('a'):>9}" == "Secret(***)" * 3


def test_the_connection_of_the_host_is_not_changed(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    before = {**connection, "credentials": dict(connection["credentials"])}
    host.validate(connection)
    host.fetch(connection, ASKED)
    assert connection == before


def test_a_state_directory_that_cannot_be_made_is_reported(
    host: Host, connection: dict[str, Any], vendor: Vendor, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    connection["state_dir"] = str(tmp_path / "file" / "state")
    with pytest.raises(errors.StateError, match="TE_STATE_DIR or state_dir"):
        host.fetch(connection, ASKED)
    assert vendor.log == []


@pytest.mark.parametrize("key", ["state_dir", "ca_bundle", "manifest"])
@pytest.mark.parametrize("path", ["a\0b", "~no-such-user-here/x", "a\ud800"])
def test_a_path_that_no_file_system_has_is_an_error_of_the_settings(
    host: Host, connection: dict[str, Any], key: str, path: str
) -> None:
    with pytest.raises(errors.SettingsError, match="in full"):
        host.fetch({**connection, key: path}, [subject(email="ada@example.com")])
