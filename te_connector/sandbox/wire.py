"""The sandbox's HTTP/1.1 server: it keeps connections open, closes them when asked, and can break them."""

from __future__ import annotations

import socket
from contextlib import suppress
from io import BytesIO
from typing import Any, cast

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

MAX_BODY = 1_000_000
"""Bytes of a request's body; the API takes far smaller ones."""


class Handler(WSGIRequestHandler):
    """Reads one request after another from a connection; werkzeug's own handler reads only one."""

    protocol_version = "HTTP/1.1"
    # The head and the body are two writes; Nagle's algorithm would hold the second for 40 ms.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        options = {
            part.strip().lower() for part in self.headers.get("Connection", "").split(",") if part
        }
        # http.server compares the whole header, but it is a list (RFC 9110, section 7.6.1).
        if "close" in options:
            self.close_connection = True
        environ = self.make_environ()
        body = self._body(environ)
        if body is None:
            return
        environ["wsgi.input"] = BytesIO(body)
        # werkzeug copies the environment, so the routes report back through this list.
        broken = environ["sandbox.broken"] = []
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        self._send(status, list(headers), b"".join(chunks), broken, options)

    def _body(self, environ: dict[str, Any]) -> bytes | None:
        """The request's body, or None after an answer to one that cannot be read."""
        if environ.get("wsgi.input_terminated"):
            return cast("bytes", environ["wsgi.input"].read(MAX_BODY))
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            status = "413 Content Too Large" if length.isdecimal() else "400 Bad Request"
            self._send(status, [("Content-Length", "0")], b"", [], set())
            return None
        return self.rfile.read(int(length))

    def _send(
        self,
        status: str,
        headers: list[tuple[str, str]],
        body: bytes,
        broken: list[str],
        options: set[str],
    ) -> None:
        self.close_connection = self.close_connection or bool(broken)
        if "drop" in broken:
            return
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            # Clients that pool connections reuse one that is not announced as closed.
            self.send_header("Connection", "close")
        elif "keep-alive" in options:
            # An HTTP/1.0 client keeps the connection only if the answer says so.
            self.send_header("Connection", "keep-alive")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if broken else body)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Print nothing: the journal has the requests, and paths hold personal data."""


class Server(ThreadedWSGIServer):
    """Remembers its connections, so that stopping ends the idle ones too."""

    def __init__(self, listener: socket.socket, app: Any) -> None:
        self._open: set[Any] = set()
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, app, handler=Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close all connections."""
        for connection in tuple(self._open):
            # The client may have closed it already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
