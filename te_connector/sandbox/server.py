"""The sandbox: a CRM with a socket."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from te_connector.sandbox.app import create_app
from te_connector.sandbox.auth import Limits
from te_connector.sandbox.cast import SAMPLE
from te_connector.sandbox.crm import CLIENT_ID, CLIENT_SECRET, Crm
from te_connector.sandbox.misbehavior import Misbehavior
from te_connector.sandbox.store import Json, Tables
from te_connector.sandbox.wire import Server


class Sandbox:
    """A look-alike of Total Expert that holds invented people.

    ``contacts`` is their number; the hand-made cast comes first and takes twelve.
    ``port`` 0 takes a free one. ``latency`` is how long each answer waits, in seconds.
    """

    def __init__(
        self,
        contacts: int = 40,
        port: int = 0,
        *,
        misbehavior: Misbehavior | None = None,
        latency: float = 0.0,
        limits: Limits | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        self.sample = dict(SAMPLE)
        self.crm = Crm(contacts, misbehavior or Misbehavior(), limits or Limits(), latency)
        self._address = (host, port)
        self._app = create_app(self.crm)
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen and answer in the background; after ``stop``, on the same port again."""
        if self._server is not None:
            raise RuntimeError("The sandbox is already running.")
        with socket.create_server(self._address, backlog=128) as listener:
            self._address = listener.getsockname()[:2]
            self._server = Server(listener, self._app)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="te-sandbox", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and close all connections; does nothing if the sandbox is not running."""
        with self._lock:
            server, thread = self._server, self._thread
            self._server = self._thread = None
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()
            server.hang_up()

    def wait(self) -> None:
        """Wait until the sandbox is stopped."""
        thread = self._thread
        # In slices, because some platforms cannot interrupt a join without a timeout.
        while thread is not None and thread.is_alive():
            thread.join(0.2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where the API is, ``http://127.0.0.1:PORT/v1``; known after the first start."""
        host, port = self._address
        if not port:
            raise RuntimeError("Start the sandbox first: it has no port yet.")
        return f"http://{host}:{port}/v1"

    def settings(self) -> dict[str, str]:
        """The environment variables that point the connector here."""
        return {
            "TE_BASE_URL": self.base_url,
            "TE_CLIENT_ID": self.client_id,
            "TE_CLIENT_SECRET": self.client_secret,
        }

    @property
    def misbehavior(self) -> Misbehavior:
        """The rules that it breaks now."""
        return self.crm.misbehavior

    @misbehavior.setter
    def misbehavior(self, misbehavior: Misbehavior) -> None:
        self.crm.misbehavior = misbehavior

    @property
    def tables(self) -> Tables:
        """The data."""
        return self.crm.tables

    @property
    def requests(self) -> list[tuple[str, str]]:
        """A copy of all requests: method, and path with query as the client sent it."""
        return self.crm.journal.requests

    @property
    def counts(self) -> Counter[str]:
        """How often each route was called, such as ``GET /v1/contacts/{id}``."""
        return self.crm.journal.counts

    @property
    def contacts(self) -> dict[int, Json]:
        """The current contacts by id, archived ones too."""
        return {item["id"]: item for item in self.tables.contacts.all()}

    @property
    def users(self) -> dict[int, Json]:
        """The current users by id."""
        return {item["id"]: item for item in self.tables.users.all()}

    @property
    def responses(self) -> dict[str, Json]:
        """The current survey responses by id."""
        return {item["id"]: item for item in self.tables.responses.all()}


def serve(sandbox: Sandbox, announce: Callable[[dict[str, str]], object]) -> None:
    """Run until interrupted; call ``announce`` with the settings once the sandbox listens."""
    with sandbox:
        announce(sandbox.settings())
        with suppress(KeyboardInterrupt):
            sandbox.wait()
