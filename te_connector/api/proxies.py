"""Which proxy a connection goes through, if any. Pure, except for reading the environment.

The connection's ``proxy`` comes first, then the usual variables (``https_proxy``, ``all_proxy``), then
what macOS and Windows keep in their settings. ``NO_PROXY`` holds hosts, domains, and address ranges. A
request to this machine never goes through a proxy.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import urllib.request
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from te_connector.errors import SettingsError

_LAST_PORT = 65535
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ADVICE = "write it like http://proxy.bank:3128"


@attrs.frozen
class Proxy:
    """A proxy's address, and the headers that name its user."""

    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)


def proxy_for(
    scheme: str, host: str, port: int, given: str | None, *, loopback: bool
) -> Proxy | None:
    """The proxy for requests to a host; None if they go there directly.

    ``given`` is the connection's own setting. It is checked even if it isn't used.

    :raises SettingsError: the setting can't be used. Holds nothing of it.
    """
    if given is not None:
        proxy = read(given, "the connection's proxy")
        return None if loopback else proxy
    if loopback:
        return None
    named = urllib.request.getproxies()
    found = named.get(scheme) or named.get("all")
    if not found or _is_left_out(host, port):
        return None
    return read(found, f"the environment's proxy for {scheme} ({scheme}_proxy or all_proxy)")


def _is_left_out(host: str, port: int) -> bool:
    """Whether ``NO_PROXY``, or without it the system's setting, says to go there directly."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    if listed is not None:
        return leaves_out(listed, host, port)
    return bool(urllib.request.proxy_bypass(host))


def leaves_out(no_proxy: str, host: str, port: int) -> bool:
    """Whether a ``NO_PROXY`` list names a host.

    An entry is ``*``, a host, a domain (with or without a dot or ``*.`` in front; it covers all hosts
    below it), an address, or an address range such as ``10.0.0.0/8``; each with a port at will.
    """
    host = host.lower().strip("[]").rstrip(".")
    return any(
        _covers(entry, host, port) for entry in re.split(r"[,;\s]+", no_proxy.lower()) if entry
    )


def _covers(entry: str, host: str, port: int) -> bool:
    entry, entry_port = _without_port(entry)
    if entry_port is not None and entry_port != port:
        return False
    if entry == "*":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        domain = entry.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
    try:
        return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return False


def _without_port(entry: str) -> tuple[str, int | None]:
    """An entry and its port. A bare IPv6 address has colons, but no port."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", entry)
    return (entry, None) if found is None else (found[1], int(found[2]))


def read(text: str, what: str) -> Proxy:
    """A proxy's setting, such as ``http://user:password@proxy.bank:3128``.

    :raises SettingsError: it can't be used. Names ``what`` was wrong and never the value.
    """
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    parts, port = _split(text)
    if parts is None:
        raise SettingsError(f"Can't read {what}; {_ADVICE}.")
    if parts.scheme.lower() not in ("http", "https"):
        raise SettingsError(
            f"Can't use {what}: it isn't an http or https proxy (SOCKS isn't supported); {_ADVICE}."
        )
    host = parts.hostname or ""
    if not _is_host(host):
        raise SettingsError(f"Can't read the host of {what}; {_ADVICE}.")
    where = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme.lower() == "https" else 80
    who = parts.netloc.rpartition("@")[0]
    url = f"{parts.scheme.lower()}://{where}:{port or default}"
    return Proxy(url, _headers(who) if who else {})


def _split(text: str) -> tuple[SplitResult | None, int | None]:
    if not text.isprintable():  # urlsplit would drop a line end, and read on
        return None, None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None, None
    if port is not None and not 0 < port <= _LAST_PORT:
        return None, None
    return parts, port


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(host) is not None


def _headers(who: str) -> dict[str, str]:
    """Basic credentials in UTF-8 (RFC 7617 allows it; other charsets can't hold every password)."""
    raw = unquote(who, errors="surrogateescape").encode("utf-8", "surrogateescape")
    return {"proxy-authorization": f"Basic {base64.b64encode(raw).decode('ascii')}"}
