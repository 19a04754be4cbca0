"""The state directory: what is kept between calls and shared between processes.

::

    STATE/hosts/HOST_PORT/    requests.window, tokens.window     the vendor counts by address
    STATE/accounts/ID/        token, audit.jsonl, …              one for each base URL and client id
    STATE/keys/               the keys of the audit trails
    STATE/logins/             stored credentials

Folders are mode 0700 and files 0600; a file that others can read is refused. Files are written
whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import attrs

from te_connector.errors import SettingsError
from te_connector.storage.files import make_folder


def default_root() -> Path:
    """The default state directory: ``TE_STATE_DIR``, or the user's state folder."""
    named = os.environ.get("TE_STATE_DIR")
    if named:
        return expanded(named)
    import platformdirs

    return Path(platformdirs.user_state_dir("te-connector"))


def expanded(path: str | Path) -> Path:
    """A path of the settings, in which ``~`` means the home folder.

    :raises SettingsError: no file system has such a path, or no user is called so.
    """
    try:
        os.fsencode(path)
        if "\0" in str(path):
            raise ValueError
        return Path(path).expanduser()
    except (ValueError, RuntimeError):
        raise SettingsError(
            "A path in the settings can't be used; write it in full, like /var/lib/te-connector."
        ) from None


@attrs.frozen
class StateDir:
    """One state directory."""

    root: Path

    def host(self, host: str, port: int) -> Path:
        """The folder of the budgets of one host and port."""
        return self._folder("hosts", re.sub(r"[^A-Za-z0-9.-]", "_", f"{host}_{port}"))

    def account(self, base_url: str, client_id: str) -> Path:
        """The folder of one client at one base URL."""
        return self._folder("accounts", account_name(base_url, client_id))

    def logins(self) -> Path:
        """The folder of the stored credentials."""
        return self._folder("logins")

    def keys(self) -> Path:
        """The folder of the audit trails' keys."""
        return self._folder("keys")

    def _folder(self, *names: str) -> Path:
        folder = self.root
        make_folder(folder)
        for name in names:
            folder = folder / name
            make_folder(folder)
        return folder


def account_name(base_url: str, client_id: str) -> str:
    """The folder name of one client at one base URL: a hash, for a client id can be anything."""
    return hashlib.sha256(f"{base_url}\n{client_id}".encode("utf-8", "replace")).hexdigest()[:24]
