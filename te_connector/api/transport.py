"""Sends the bytes of one request to the one host that the connection is bound to.

It follows no redirect, keeps no cookie, reads no ``.netrc``. Every wait has an end: to connect, for
the next byte, and for the whole answer, however slowly it drips; an answer may be so large and no
larger, unpacked. A thread watches the clock while requests may be under way (:meth:`Transport.open`)
and cuts the connection of one that is over its time, or all of them when asked to stop.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import attrs
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from te_connector.api.connection import Settings, is_loopback
from te_connector.api.pools import Flight, cut, manager_for, mine
from te_connector.api.proxies import proxy_for
from te_connector.errors import DeadlineReached, Oversized, Stopped, Unreachable
from te_connector.storage.secret import hushed

CONNECT_SECONDS = 5.0
"""To open a connection. A bank's proxy answers within this or not at all."""
READ_SECONDS = 20.0
"""Between two bytes of an answer: a slow list query is silent for a while before its first."""
ANSWER_SECONDS = 40.0
"""For one whole answer, so that one that drips a byte a second ends."""
RESOLVE_SECONDS = 8.0
LATER = 60.0
"""How long a caller should wait after a temporary failure, if the server doesn't say."""
MAX_BODY = 32 * 1024 * 1024
"""For one unpacked answer: a page of ten thousand contacts, a hundred times the documented one."""
_CHUNK = 1024 * 1024


@attrs.frozen
class Answer:
    """What came back: status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)


class Transport:
    """Connections to one host, shared by threads."""

    def __init__(self, settings: Settings) -> None:
        self._base = urlsplit(settings.base_url)
        self._host, self._port = settings.host, settings.port
        self._proxy = proxy_for(
            self._base.scheme,
            settings.host,
            settings.port,
            settings.proxy,
            loopback=is_loopback(settings.host),
        )
        self._manager = manager_for(self._proxy, settings.ca_bundle)
        self._resolved = False
        self._lock = threading.Lock()
        self._flights: set[Flight] = set()
        self._stopped = threading.Event()
        self._reason: type[Stopped | DeadlineReached] = Stopped

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Within it requests may be sent; the watching thread lives as long and no longer."""
        self._stopped.clear()
        over = threading.Event()
        watch = threading.Thread(
            target=self._watch, args=(over,), name="te-connector-watch", daemon=True
        )
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()
            self._manager.clear()

    def stop(self, reason: type[Stopped | DeadlineReached] = Stopped) -> None:
        """Cut every request under way and refuse new ones, by raising the reason, until opened again."""
        self._reason = reason
        self._stopped.set()
        with self._lock:
            flights = list(self._flights)
        for flight in flights:
            cut(flight)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        max_bytes: int = MAX_BODY,
    ) -> Answer:
        """Send one request to ``path`` (with its query) below the base URL.

        :raises Unreachable: no connection, or none that lasted until the answer was whole;
            ``sent`` says whether the request may have arrived.
        :raises Oversized: the answer, unpacked, has more than ``max_bytes`` bytes.
        :raises Stopped: :meth:`stop` was called.
        """
        self._resolve()
        flight = Flight(time.monotonic() + ANSWER_SECONDS)
        mine.flight = flight
        with self._lock:
            self._flights.add(flight)
        try:
            if self._stopped.is_set():
                raise self._reason()
            with hushed():
                return self._exchange(method, path, headers, body, max_bytes)
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            failure = self._failure(error, flight)
        finally:
            with self._lock:
                self._flights.discard(flight)
            mine.flight = None
        raise failure  # here, so that it has no context: the library's error knows the query

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, max_bytes: int
    ) -> Answer:
        url = f"{self._base.scheme}://{self._base.netloc}{self._base.path}{path}"
        response = self._manager.urlopen(
            method,
            url,
            body=body,
            headers={"Accept-Encoding": "gzip", **headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )
        try:
            if response.status < 200:
                response.close()  # an interim answer: the real one must not answer what is sent next
            parts, size = [], 0
            for part in response.stream(_CHUNK, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > max_bytes:
                    raise Oversized(
                        f"{method} answered with more than {max_bytes // 1048576} MiB, which no "
                        "answer of the API has; check the base URL.",
                        status=response.status,
                    )
            named = {name.lower(): value for name, value in response.headers.items()}
            named.pop("location", None)  # without it, no library can follow the redirect
            whole = parts[0] if len(parts) == 1 else b"".join(parts)
            response.release_conn()
            if mine.flight.cut:
                raise TimeoutError  # what looks whole was ended by us: a head or body without length
            return Answer(response.status, named, whole)
        except BaseException:
            response.close()
            raise

    def _resolve(self) -> None:
        """Look the host's name up, once, in bounded time: the system's resolver has none."""
        if self._resolved or self._proxy is not None:
            return
        outcome: list[OSError | None] = []

        def look_up() -> None:
            try:
                socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                outcome.append(None)
            except (OSError, UnicodeError) as error:
                outcome.append(error if isinstance(error, OSError) else OSError())

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        until = time.monotonic() + RESOLVE_SECONDS
        while thread.is_alive() and time.monotonic() < until:
            thread.join(0.1)
            if self._stopped.is_set():
                raise self._reason()
        if not outcome or outcome[0] is not None:
            raise Unreachable(
                f"The host {self._host} can't be found on this network. Check the base URL and DNS."
            )
        self._resolved = True

    def _failure(self, error: Exception, flight: Flight) -> Exception:
        if self._stopped.is_set():
            return self._reason()
        where = f"{self._host}:{self._port}"
        if isinstance(error, (ProxyError, LocationParseError)) and not flight.cut:
            return Unreachable(
                f"The proxy on the way to {where} cannot be used; check its setting."
            )
        if isinstance(error, (SSLError, ssl.SSLError)) and not (flight.cut or flight.secured):
            return Unreachable(
                f"No trusted TLS connection to {where}: its certificate or protocol was refused; "
                "in a network with its own authority, name its file with ca_bundle."
            )
        if isinstance(error, NameResolutionError):
            return Unreachable(f"The host {self._host} is not known; check the base URL and DNS.")
        if isinstance(error, (NewConnectionError, ConnectTimeoutError)):
            return Unreachable(
                f"Nothing answers at {where}; check the base URL, the network and the proxy."
            ).retriable(time.time() + LATER)
        if isinstance(error, DecodeError):
            return Unreachable(
                f"{where} announced a compressed answer and sent something else; look at the proxy or "
                "gateway on the way.",
                sent=True,
            )
        if flight.cut:
            return Unreachable(
                f"{where} did not complete its answer within {ANSWER_SECONDS:g} seconds.", sent=True
            ).retriable(time.time() + LATER)
        return Unreachable(
            f"The connection to {where} broke before its answer was whole.", sent=True
        ).retriable(time.time() + LATER)

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(0.25):
            now = time.monotonic()
            with self._lock:
                late = [flight for flight in self._flights if flight.until < now]
            for flight in late:
                cut(flight)
