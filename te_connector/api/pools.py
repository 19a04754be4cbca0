"""Connections that a watching thread can cut: each knows the request that is under way on it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from te_connector.api.proxies import Proxy
from te_connector.errors import SettingsError

_MAX_CONNECTIONS = 64
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Flight:
    """One request under way: its connection, once known, and when it must be over."""

    __slots__ = ("connection", "cut", "secured", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.connection: HTTPConnection | None = None
        self.cut = False
        self.secured = False  # the TLS handshake is over, so the request may have been sent


mine = threading.local()
"""What this thread sends: ``mine.flight``."""


class _Plain(HTTPConnection):
    debuglevel = 0  # http.client would print headers where a host has switched that on

    def request(self, *args: Any, **kwargs: Any) -> None:
        mine.flight.connection = self
        super().request(*args, **kwargs)

    def connect(self) -> None:
        mine.flight.connection = self
        super().connect()


class _Tls(HTTPSConnection):
    debuglevel = 0

    def request(self, *args: Any, **kwargs: Any) -> None:
        mine.flight.connection = self
        mine.flight.secured = self.sock is not None
        super().request(*args, **kwargs)

    def connect(self) -> None:
        mine.flight.connection = self
        super().connect()


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Tls


def cut(flight: Flight) -> None:
    """End a connection under another thread's hands: its read returns at once."""
    flight.cut = True
    connection = flight.connection
    with contextlib.suppress(Exception):  # it may close or open at this very moment
        if connection is not None and connection.sock is not None:
            with socket.socket(fileno=os.dup(connection.sock.fileno())) as twin:
                twin.shutdown(socket.SHUT_RDWR)


def manager_for(proxy: Proxy | None, ca_bundle: str | None) -> urllib3.PoolManager:
    """The pools for a proxy and a CA bundle.

    :raises SettingsError: the CA bundle doesn't exist.
    """
    trusted = ca_bundle or next(filter(None, map(os.environ.get, _CA_VARIABLES)), None)
    if trusted is None:
        import certifi

        trusted = certifi.where()
    trusted = os.path.expanduser(trusted)
    if not Path(trusted).exists():
        raise SettingsError("The CA bundle file doesn't exist. Check ca_bundle or its variable.")
    options: dict[str, Any] = {
        "maxsize": _MAX_CONNECTIONS,
        "cert_reqs": "CERT_REQUIRED",
        "ca_cert_dir" if Path(trusted).is_dir() else "ca_certs": trusted,
    }
    if proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        manager = urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager
