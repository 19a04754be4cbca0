"""Which account a connection signs in to, without signing in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from te_connector.manifest import loading
from te_connector.manifest.model import Manifest
from te_connector.storage import vault
from te_connector.storage.state import StateDir


def manifest_of(config: Mapping[str, Any]) -> Manifest | None:
    """The connection's manifest; None for a plugin that isn't ours.

    :raises FileFaults: the manifest has faults.
    """
    manifest = loading.load(Path(config["manifest"]) if config.get("manifest") else None)
    return manifest if manifest.connector == config["connector"] else None


def client_of(
    config: Mapping[str, Any], manifest: Manifest, state: StateDir
) -> tuple[str, str] | None:
    """The base URL and the client id; None without credentials."""
    given = config.get("credentials")
    if given:
        return str(config.get("base_url") or manifest.base_url), given["client_id"]
    login = vault.load(state, str(config.get("name") or config.get("profile") or "default"))
    return None if login is None else (login.base_url, login.client_id)
