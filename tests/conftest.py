"""What tests of the connector share: a host, the vendor, a connection, a manifest to edit.

The host knows the contract alone: it loads what is installed through entry points and calls hooks.
No test reaches anything but loopback, and none sees the settings or the keyring of who runs it.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import pluggy
import pytest
import yaml
from vendor import Vendor

import te_connector.hookspecs

# `.ci/check --fast` uses it; the complete check keeps Hypothesis's own number of examples.
hypothesis.settings.register_profile("fast", max_examples=20)

ROOT = Path(__file__).resolve().parent.parent
CONNECTOR = "total-expert"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Host:
    """A host of privacy connectors: it knows pluggy, the group's name and the hooks, no more."""

    def __init__(self) -> None:
        self.pm = pluggy.PluginManager("privacy_connector")
        self.pm.add_hookspecs(te_connector.hookspecs)
        self.pm.load_setuptools_entrypoints("privacy_connector")
        self.pm.check_pending()

    def validate(self, connection: Mapping[str, Any]) -> Any:
        return self.pm.hook.validate_connection(connection=connection)

    def discover(self, connection: Mapping[str, Any]) -> Any:
        return self.pm.hook.discover(connection=connection)

    def fetch(self, connection: Mapping[str, Any], subjects: Any, options: Any = None) -> Any:
        return self.pm.hook.fetch(connection=connection, subjects=subjects, options=options)

    def delete(
        self,
        connection: Mapping[str, Any],
        object_type: str,
        object_id: Any,
        subject: Any,
        options: Any = None,
    ) -> Any:
        return self.pm.hook.delete_object(
            connection=connection,
            object_type=object_type,
            object_id=object_id,
            subject=subject,
            options=options,
        )


def subject(name: str = "req-1", **identifiers: str | list[str]) -> dict[str, Any]:
    """A subject with these identifiers, each one value or a list."""
    return {
        "id": name,
        "identifiers": {
            kind: [given] if isinstance(given, str) else given
            for kind, given in identifiers.items()
        },
    }


def coverage_of(answer: Mapping[str, Any], object_type: str) -> dict[str, Any]:
    """The coverage entry of one object type; there is exactly one."""
    (entry,) = [one for one in answer["coverage"] if one["object_type"] == object_type]
    return entry


def ids_of(answer: Mapping[str, Any], object_type: str) -> list[str]:
    """The ids of one type's records, in order."""
    return sorted(one["id"] for one in answer["records"] if one["object_type"] == object_type)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's settings gets in, and nothing of the test gets out."""
    for name in list(os.environ):
        if name.startswith("TE_") or name.lower() in _PROXIES or name in _BUNDLES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TE_STATE_DIR", str(tmp_path / "default-state"))
    monkeypatch.setenv("TE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(name="host")
def _host() -> Host:
    return Host()


@pytest.fixture(name="vendor")
def _vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture(name="connection")
def _connection(vendor: Vendor, tmp_path: Path) -> dict[str, Any]:
    """A connection to the vendor, with a state directory of its own."""
    return {
        "connector": CONNECTOR,
        "base_url": vendor.base_url,
        "credentials": dict(vendor.credentials),
        "state_dir": str(tmp_path / "state"),
    }


class _Plain(yaml.SafeDumper):
    """Writes no anchors, which the manifest may not have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Edit = Callable[..., str]


@pytest.fixture(name="edited")
def _edited(tmp_path: Path) -> Edit:
    """Makes a copy of the packaged manifest and schemas, changed, and gives its path.

    ``edited({"limits.retry_for": 1, "query": None}, schemas={"note.json": "{}"})`` sets the keys (a
    dotted way each; None takes the key out) and adds the schema files.
    """
    made = 0

    def edit(
        changes: Mapping[str, Any] | None = None, schemas: Mapping[str, str] | None = None
    ) -> str:
        nonlocal made
        made += 1
        folder = tmp_path / f"manifest-{made}"
        shutil.copytree(ROOT / "schemas", folder / "schemas")
        data = yaml.safe_load((ROOT / "connector.yaml").read_text(encoding="utf-8"))
        for way, value in (changes or {}).items():
            *above, last = way.split(".")
            holder = data
            for key in above:
                holder = holder[key]
            if value is None:
                del holder[last]
            else:
                holder[last] = value
        for name, text in (schemas or {}).items():
            (folder / "schemas" / name).write_text(text, encoding="utf-8")
        path = folder / "connector.yaml"
        path.write_text(yaml.dump(data, Dumper=_Plain, sort_keys=False), encoding="utf-8")
        return str(path)

    return edit


@pytest.fixture(name="impatient")
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits before trying again are as short as can be; how long they are is another test's matter."""
    import te_connector.api.quota
    import te_connector.api.retry

    monkeypatch.setattr(te_connector.api.retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(te_connector.api.quota, "_FIRST_PACE", 0.0001)


@pytest.fixture(name="threads")
def _threads() -> Callable[[], list[threading.Thread]]:
    """Gives the threads that were not there before the test, the vendor's own left out."""
    before = set(threading.enumerate())
    of_vendor = ("process_request_thread", "serve_forever")

    def new() -> list[threading.Thread]:
        return [
            thread
            for thread in threading.enumerate()
            if thread not in before and not any(name in thread.name for name in of_vendor)
        ]

    return new
