"""The sandbox and its socket."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any, Self, cast

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from te_connector.sandbox import people, records
from te_connector.sandbox.app import create_app
from te_connector.sandbox.auth import Authority, Limits, Window
from te_connector.sandbox.cast import SAMPLE
from te_connector.sandbox.misbehaviour import Misbehaviour
from te_connector.sandbox.store import Json, Table


class Journal:
    """What was asked and answered; safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._requests: list[tuple[str, str]] = []
            self._counts: Counter[str] = Counter()
            self._statuses: Counter[int] = Counter()

    def request(self, method: str, path: str, rule: str) -> None:
        """Note a request."""
        with self._lock:
            self._requests.append((method, path))
            self._counts[f"{method} {rule}"] += 1

    def status(self, code: int) -> None:
        """Note an answer."""
        with self._lock:
            self._statuses[code] += 1

    def copies(self) -> tuple[list[tuple[str, str]], Counter[str], Counter[int]]:
        """Copies of the requests, their counts and the counts of answers."""
        with self._lock:
            return list(self._requests), self._counts.copy(), self._statuses.copy()


class _Handler(WSGIRequestHandler):
    """Keeps connections open and can break them, neither of which werkzeug's own does."""

    protocol_version = "HTTP/1.1"
    # The head and the body are two writes; Nagle would hold the second for 40 ms.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(self._body(environ))
        # werkzeug copies the environment, so what the routes add comes back in this list.
        broken = environ["sandbox.broken"] = []
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        body = b"".join(chunks)
        self.close_connection = self.close_connection or bool(broken)
        if "drop" in broken:
            return
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if broken else body)

    def _body(self, environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):
            return cast("bytes", environ["wsgi.input"].read())
        return self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the sandbox keeps its own record, and paths hold personal data."""


class _Server(ThreadedWSGIServer):
    """Remembers its connections, so that stopping also ends those kept alive."""

    def __init__(self, listener: socket.socket, app: Any) -> None:
        self._open: set[Any] = set()
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections."""
        for connection in tuple(self._open):
            # The client may be quicker.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """A Total Expert look-alike with invented people in it.

    ``contacts`` is how many; the hand-made cast comes first and takes twelve.
    ``port`` 0 takes a free one. ``latency`` is what each answer waits, in seconds.
    """

    def __init__(
        self,
        contacts: int = 40,
        port: int = 0,
        *,
        misbehaviour: Misbehaviour | None = None,
        latency: float = 0.0,
        limits: Limits | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.client_id = "sandbox-client"
        self.client_secret = "sandbox-secret-8c1f04"
        self.sample = dict(SAMPLE)
        self.misbehaviour = misbehaviour or Misbehaviour()
        self.latency = latency
        self.limits = limits or Limits()
        self.journal = Journal()
        self.authority = Authority(self.client_id, self.client_secret)
        self.request_window, self.token_window = Window(), Window()
        self.tables = _tables(contacts)
        self._address = (host, port)
        self._app = create_app(self)
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen and answer in the background; again after ``stop``, on the same port."""
        if self._server is not None:
            raise RuntimeError("The sandbox is running already.")
        with socket.create_server(self._address, backlog=128) as listener:
            self._address = listener.getsockname()[:2]
            self._server = _Server(listener, self._app)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="te-sandbox", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and end all connections; no matter if it is not running."""
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
        # In slices, since a join without end cannot be interrupted everywhere.
        while thread is not None and thread.is_alive():
            thread.join(0.2)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where the API is, ``http://127.0.0.1:PORT/v1``; known once it was started."""
        host, port = self._address
        if not port:
            raise RuntimeError("The sandbox has no port before it is started.")
        return f"http://{host}:{port}/v1"

    def settings(self) -> dict[str, str]:
        """The environment variables that point the connector here."""
        return {
            "TE_BASE_URL": self.base_url,
            "TE_CLIENT_ID": self.client_id,
            "TE_CLIENT_SECRET": self.client_secret,
        }

    @property
    def requests(self) -> list[tuple[str, str]]:
        """A copy of all requests so far: method, and path with query as it was sent."""
        return self.journal.copies()[0]

    @property
    def counts(self) -> Counter[str]:
        """How often each route was asked, such as ``GET /v1/contacts/{id}``."""
        return self.journal.copies()[1]

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered; 0 is a dropped connection."""
        return self.journal.copies()[2]

    def clear_requests(self) -> None:
        """Forget the requests so far; limits go on counting."""
        self.journal.clear()

    @property
    def contacts(self) -> dict[int, Json]:
        """The contacts that are held now, by id."""
        return {item["id"]: item for item in self.tables["contacts"].all()}

    @property
    def users(self) -> dict[int, Json]:
        """The users that are held now, by id."""
        return {item["id"]: item for item in self.tables["users"].all()}

    @property
    def responses(self) -> dict[str, Json]:
        """The survey responses that are held now, by id."""
        return {item["id"]: item for item in self.tables["responses"].all()}

    def put(self, table: str, item: Json) -> None:
        """Add or replace an object; ``table`` is a key of ``tables``."""
        self.tables[table].put(item)

    def discard(self, table: str, object_id: int | str, *, archive: bool = False) -> None:
        """Delete (or archive) an object, with what the ``cascade`` knob says."""
        if archive:
            self.tables[table].archive(str(object_id))
            return
        self.tables[table].remove(str(object_id))
        if table == "contacts" and self.misbehaviour.cascade:
            for name in ("responses", "notes", "activity"):
                for item in self.tables[name].all():
                    contact = item.get("contact") or {"id": item.get("contact_id")}
                    if str(contact["id"]) == str(object_id):
                        self.tables[name].remove(str(item["id"]))


def serve(sandbox: Sandbox, announce: Callable[[dict[str, str]], object]) -> None:
    """Run until interrupted, and tell ``announce`` the settings once it listens."""
    with sandbox:
        announce(sandbox.settings())
        with suppress(KeyboardInterrupt):
            sandbox.wait()


def _tables(contacts: int) -> dict[str, Table]:
    users = people.users(contacts)
    clients = people.contacts(contacts, users)
    return {
        "contacts": Table(clients, lambda item: item["id"]),
        "users": Table(users, lambda item: item["id"]),
        "responses": Table(
            records.responses(clients), lambda item: (item["internal_created_at"], item["id"])
        ),
        "notes": Table(records.notes(clients), lambda item: item["id"]),
        "activity": Table(records.activity(clients), lambda item: item["id"]),
    }
