"""Runs the gateway under waitress until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from te_connector.errors import SettingsError
from te_connector.gateway.app import create_app
from te_connector.gateway.bodies import MAX_BYTES
from te_connector.gateway.service import Gateway
from te_connector.gateway.settings import GatewaySettings
from te_connector.gateway.tokens import Tokens

_THREADS = 128
"""A waiting request holds a thread; beyond the waiters there must be some to answer the others."""
_CONNECTIONS = 400
_CLEAN_SECONDS = 60.0


def serve(settings: GatewaySettings, announce: Callable[[str, int], None]) -> None:
    """Serve until KeyboardInterrupt. ``announce`` gets the host and port once both are bound.

    :raises SettingsError: the address cannot be used.
    """
    from waitress.server import create_server

    gateway = Gateway(settings)
    app = create_app(
        gateway, Tokens(settings.state_dir), behind_proxy=settings.trusted_proxy is not None
    )
    try:
        server: Any = create_server(app, **_options(settings))
    except OSError as error:
        gateway.close()
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be used ({error.strerror}). Choose another "
            "with --host or --port."
        ) from None
    stop = threading.Event()
    cleaner = threading.Thread(target=_clean, args=(gateway, stop), daemon=True)
    cleaner.start()
    try:
        announce(str(server.effective_host), int(server.effective_port))
        server.run()
    finally:
        stop.set()
        gateway.close()
        server.close()


def _options(settings: GatewaySettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "threads": _THREADS,
        "connection_limit": _CONNECTIONS,
        "channel_timeout": 60,
        "max_request_body_size": MAX_BYTES * 2,  # the app says 413 in JSON; this bounds the memory
        "max_request_header_size": 64 * 1024,
        "ident": None,
        "clear_untrusted_proxy_headers": True,
    }
    if settings.trusted_proxy is not None:
        options |= {
            "trusted_proxy": settings.trusted_proxy,
            "trusted_proxy_headers": {"x-forwarded-proto"},
        }
    return options


def _clean(gateway: Gateway, stop: threading.Event) -> None:
    """Remove answers and requests whose time is over, once a minute."""
    while not stop.wait(_CLEAN_SECONDS):
        gateway.store.expire()
