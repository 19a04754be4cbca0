"""Runs the portal under waitress, or a worker, until it is stopped."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from te_connector.errors import SettingsError
from te_connector.portal import connections
from te_connector.portal.settings import PortalSettings
from te_connector.portal.signin import accounts
from te_connector.portal.store.crypto import Keys
from te_connector.portal.store.database import Database
from te_connector.storage.files import make_folder

_THREADS = 16
MOST_BYTES = 60 * 1024 * 1024
"""Of one request: a processor's five files of 10 MB each."""


def opened(settings: PortalSettings) -> Database:
    """The portal's database, up to date."""
    os.umask(0o077)  # SQLite makes its files with the umask alone
    make_folder(settings.folder)
    database = Database(settings.database, Keys.load())
    database.migrate()
    return database


@contextlib.contextmanager
def working(database: Database, settings: PortalSettings) -> Iterator[Any]:
    """Durable work, for as long as the context lasts."""
    from te_connector.portal.work import Work

    connections.sync(database, settings)
    work = Work(database, settings)
    work.start()
    try:
        yield work
    finally:
        work.stop()


def serve(
    settings: PortalSettings,
    announce: Callable[[str, str | None], None],
    prepare: Callable[[Database], None] | None = None,
) -> None:
    """Serve until KeyboardInterrupt. ``announce`` gets the address, and the first account's link.

    ``prepare`` fills the database first (the demo).

    :raises SettingsError: the address can't be used.
    """
    database = opened(settings)
    server = _server(database, settings)
    try:
        settings = attrs.evolve(settings, port=server.effective_port)
        with working(database, settings):
            url = settings.url
            if prepare is not None:
                prepare(database)
            announce(url, _first_link(database, url))
            server.run()
    finally:
        server.close()
        database.close()


def _server(database: Database, settings: PortalSettings) -> Any:
    from waitress.server import create_server

    from te_connector.portal.web.app import create_app

    options: dict[str, Any] = {
        "ident": None,
        "clear_untrusted_proxy_headers": True,
        "max_request_body_size": MOST_BYTES,
    }
    if settings.trusted_proxy is not None:
        headers = {"x-forwarded-proto", "x-forwarded-for", "x-forwarded-host"}
        options |= {"trusted_proxy": settings.trusted_proxy, "trusted_proxy_headers": headers}
    try:
        return create_server(
            create_app(database, settings),
            host=settings.host,
            port=settings.port,
            threads=_THREADS,
            **options,
        )
    except OSError as error:
        raise SettingsError(
            f"{settings.host}:{settings.port} can't be used ({error.strerror}). Choose another with "
            "--host or --port."
        ) from None


def _first_link(database: Database, url: str) -> str | None:
    with database.begin() as db:
        if not accounts.is_empty(db):
            return None
        return f"{url}/join/{accounts.invite(db, 'admin', first=True)}"
