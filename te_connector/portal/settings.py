"""The portal's settings: flags and environment, read once; and those that an admin may change."""

from __future__ import annotations

import datetime
import importlib.util
import ipaddress
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import sqlalchemy as sa

from te_connector.errors import SettingsError
from te_connector.portal.store.database import Database, sqlite_url


@attrs.frozen
class PortalSettings:
    """What a process needs to know before it starts."""

    state_dir: Path
    connection: Mapping[str, Any] = attrs.field(repr=False)
    """The connection of the ``TE_*`` settings; it is there as ``default`` without a file."""
    host: str = "127.0.0.1"
    port: int = 8080
    database_url: str = attrs.field(default="", repr=False)
    public_url: str = ""
    trusted_proxy: str | None = None
    connections_file: Path | None = None
    worker: str = "main"
    smtp_url: str = attrs.field(default="", repr=False)
    mail_from: str = "privacy@localhost"
    reply_to: str = ""
    scan_command: str = ""
    oidc: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """The portal's own folder in the state directory."""
        return self.state_dir / "portal"

    @property
    def url(self) -> str:
        """The address that links in mails begin with."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or sqlite_url(self.folder)


def read_settings(
    environment: Mapping[str, str],
    connection: Mapping[str, Any],
    state_dir: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    worker: str | None = None,
) -> PortalSettings:
    """Read and check the settings.

    :raises SettingsError: a value can't be used, or plain http would leave this machine.
    """
    proxy = environment.get("TE_PORTAL_TRUSTED_PROXY") or None
    public = (environment.get("TE_PORTAL_URL") or "").rstrip("/")
    _check_exposure(host, proxy, public)
    file = environment.get("TE_CONNECTIONS")
    return PortalSettings(
        state_dir=state_dir,
        connection=connection,
        host=host,
        port=port,
        database_url=environment.get("TE_DATABASE_URL", ""),
        public_url=public,
        trusted_proxy=proxy,
        connections_file=Path(file).expanduser() if file else None,
        worker=worker or environment.get("TE_WORKER") or "main",
        smtp_url=environment.get("TE_SMTP_URL", ""),
        mail_from=environment.get("TE_MAIL_FROM") or "privacy@localhost",
        reply_to=environment.get("TE_MAIL_REPLY_TO", ""),
        scan_command=environment.get("TE_SCAN_COMMAND", ""),
        oidc=_oidc(environment),
    )


_OIDC: Final = (
    ("issuer", "TE_OIDC_ISSUER"),
    ("client_id", "TE_OIDC_CLIENT_ID"),
    ("client_secret", "TE_OIDC_CLIENT_SECRET"),
    ("role", "TE_OIDC_ROLE"),
)


def _oidc(environment: Mapping[str, str]) -> dict[str, str]:
    given = {key: environment[name] for key, name in _OIDC if environment.get(name)}
    _check_oidc(given)
    return given


def _check_oidc(given: Mapping[str, str]) -> None:
    if not given.get("issuer"):
        return
    parts = urlsplit(given["issuer"])
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise SettingsError("TE_OIDC_ISSUER must be a URL like https://login.example.com.")
    if not given.get("client_id") or not given.get("client_secret"):
        raise SettingsError("Set TE_OIDC_CLIENT_ID and TE_OIDC_CLIENT_SECRET too.")
    if given.get("role", "officer") not in ("officer", "approver", "auditor"):
        raise SettingsError("TE_OIDC_ROLE must be officer, approver, or auditor.")
    if importlib.util.find_spec("authlib") is None:
        raise SettingsError('Single sign-on needs: pip install "te-connector[oidc]".')


def _check_exposure(host: str, proxy: str | None, public: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host.lower() == "localhost"
    if not loopback and proxy is None:
        raise SettingsError(
            "The portal speaks plain http, so it listens on this machine only. To serve another "
            "address, put a TLS proxy in front, name its IP address in TE_PORTAL_TRUSTED_PROXY, "
            "and set TE_PORTAL_URL."
        )
    if public and urlsplit(public).scheme not in ("http", "https"):
        raise SettingsError("TE_PORTAL_URL must be a URL like https://privacy.example.com.")


@attrs.frozen
class Choices:
    """What an admin sets in the portal. The attribute's name is the setting's key."""

    lender: str = "Our privacy team"
    contact: str = ""
    time_zone: str = "America/Chicago"
    laws: Mapping[str, Any] = attrs.Factory(dict)
    second_approver: str = "off"
    """``off``, ``erasure`` or ``all``."""
    reasons: tuple[str, ...] = (
        "About another person",
        "Trade secret",
        "Privileged: legal advice",
        "Withheld by law (account numbers and the like)",
        "Not this person's",
    )
    purge_days: int = 90
    log_months: int = 24
    idle_minutes: int = 30
    link_days: int = 7
    reminder_days: int = 5
    deadline_days: int = 14
    late_processor: str = "pause"
    """``pause`` or ``skip``."""

    def approvals_needed(self, kind: str) -> int:
        """How many people must approve a request of that kind."""
        wanted = self.second_approver
        return 2 if wanted == "all" or (wanted == "erasure" and kind == "erasure") else 1

    @property
    def zone(self) -> datetime.tzinfo:
        """The lender's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)

    def today(self) -> datetime.date:
        """Today's date where the lender is."""
        return datetime.datetime.now(self.zone).date()


LIMITS: Final = {
    "purge_days": (1, 3650),
    "log_months": (24, 120),
    "idle_minutes": (1, 720),
    "link_days": (1, 30),
    "reminder_days": (1, 60),
    "deadline_days": (1, 120),
}


def read_choices(database: Database, db: sa.Connection) -> Choices:
    """The settings that an admin changed, with defaults for the others."""
    kept = dict(database.setting(db, "choices", {}))
    known = {field.name for field in attrs.fields(Choices)}
    if "reasons" in kept:
        kept["reasons"] = tuple(kept["reasons"])
    return Choices(**{key: value for key, value in kept.items() if key in known})
