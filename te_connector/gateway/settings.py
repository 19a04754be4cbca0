"""The gateway's settings, read from the environment once."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from te_connector.errors import SettingsError

MAX_RETRY_AFTER = 300
"""Seconds. Fides gives up on a longer ``Retry-After`` (its engine, read November 2026)."""


@attrs.frozen
class GatewaySettings:
    """What the gateway needs to know. Times are in seconds unless the name says otherwise."""

    connection: Mapping[str, Any] = attrs.field(repr=False)
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8081
    trusted_proxy: str | None = None
    answer_hours: float = 24.0
    identifier_days: float = 30.0
    wait_seconds: float = 50.0
    retry_seconds: float = 60.0
    weak: Literal["review", "platform"] = "review"

    @property
    def retry_after(self) -> int:
        """The ``Retry-After`` of an answer that is not ready."""
        return max(1, min(MAX_RETRY_AFTER, round(self.retry_seconds)))


def read_settings(
    environment: Mapping[str, str],
    connection: Mapping[str, Any],
    state_dir: Path,
    *,
    host: str,
    port: int,
) -> GatewaySettings:
    """Read and check the settings.

    :raises SettingsError: a value is out of range, or the host is not loopback and no TLS proxy
        is named.
    """
    weak = environment.get("TE_GATEWAY_WEAK") or "review"
    if weak not in ("review", "platform"):
        raise SettingsError("TE_GATEWAY_WEAK must be review or platform.")
    proxy = environment.get("TE_GATEWAY_TRUSTED_PROXY") or None
    _check_exposure(host, proxy)
    return GatewaySettings(
        connection=connection,
        state_dir=state_dir,
        host=host,
        port=port,
        trusted_proxy=proxy,
        answer_hours=_number(environment, "TE_GATEWAY_ANSWER_HOURS", 24, 0.001, 24 * 365),
        identifier_days=_number(environment, "TE_GATEWAY_IDENTIFIER_DAYS", 30, 0.001, 365),
        wait_seconds=_number(environment, "TE_GATEWAY_WAIT_SECONDS", 50, 0, 170),
        retry_seconds=_number(environment, "TE_GATEWAY_RETRY_SECONDS", 60, 0, MAX_RETRY_AFTER),
        weak="platform" if weak == "platform" else "review",
    )


def _check_exposure(host: str, proxy: str | None) -> None:
    """Plain http may only be spoken on this machine, or to the TLS proxy in front of it."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host.lower() == "localhost"
    if not loopback and proxy is None:
        raise SettingsError(
            "The gateway speaks plain http, so it listens on this machine only. To serve another "
            "address, put a TLS proxy in front and name the proxy's address in "
            "TE_GATEWAY_TRUSTED_PROXY."
        )
    if proxy is not None:
        try:
            ipaddress.ip_address(proxy)
        except ValueError:
            raise SettingsError(
                "TE_GATEWAY_TRUSTED_PROXY must be the IP address of the TLS proxy."
            ) from None


def _number(
    environment: Mapping[str, str], name: str, default: float, low: float, high: float
) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise SettingsError(f"{name} must be a number from {low:g} to {high:g}.")
    return value
