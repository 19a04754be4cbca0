"""The sandbox's socket."""

from __future__ import annotations

import ast
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_client import MARIA, Client, contacts_by, running

import te_connector.sandbox
from te_connector.sandbox import Sandbox, serve


class TestServer:
    def test_settings(self, client: Client) -> None:
        """The settings are what the connector reads from the environment."""
        sandbox = client.sandbox
        assert sandbox.settings() == {
            "TE_BASE_URL": sandbox.base_url,
            "TE_CLIENT_ID": sandbox.client_id,
            "TE_CLIENT_SECRET": sandbox.client_secret,
        }
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", sandbox.base_url)

    def test_record(self) -> None:
        """Requests are kept as they were sent, and counted by route and by status."""
        with running() as client:
            client.sandbox.crm.journal.clear()
            client.get("/contacts?page%5Bsize%5D=1")
            client.get(f"/contacts/{MARIA}")
            client.get("/contacts/2")
            client.sandbox.requests.clear()
            assert client.sandbox.requests == [
                ("GET", "/v1/contacts?page%5Bsize%5D=1"),
                ("GET", "/v1/contacts/2317"),
                ("GET", "/v1/contacts/2"),
            ]
            assert client.sandbox.counts == {"GET /v1/contacts": 1, "GET /v1/contacts/{id}": 2}
            assert client.sandbox.crm.journal.statuses == {200: 2, 404: 1}

    def test_keep_alive(self, client: Client) -> None:
        """Answers share one connection."""
        url, headers = f"{client.sandbox.base_url}/contacts", client.http.headers
        with requests.Session() as http:
            for _ in range(20):
                assert http.get(url, headers=headers, timeout=5).status_code == 200
            (pool,) = http.get_adapter(url).poolmanager.pools._container.values()  # type: ignore[attr-defined]
            assert (pool.num_connections, pool.num_requests) == (1, 20)

    def test_close(self, client: Client) -> None:
        """A request with ``Connection: close`` gets an answer with the same header."""
        for value in ("close", "Close", "TE, close"):
            connection = http.client.HTTPConnection(*address(client), timeout=5)
            connection.request("GET", "/v1/heartbeat", headers={"Connection": value})
            answer = connection.getresponse()
            assert answer.getheader("Connection") == "close"
            assert answer.read() == HEARTBEAT
            assert connection.sock is None

    def test_no_header(self, client: Client) -> None:
        """An HTTP/1.1 connection stays open without a header."""
        connection = http.client.HTTPConnection(*address(client), timeout=5)
        for _ in range(3):
            connection.request("GET", "/v1/heartbeat")
            answer = connection.getresponse()
            assert (answer.read(), answer.getheader("Connection")) == (HEARTBEAT, None)
        assert connection.sock is not None
        connection.close()

    @pytest.mark.parametrize(
        ("request_head", "connection", "stays"),
        [
            ("GET /v1/heartbeat HTTP/1.0\r\n", "close", False),
            ("GET /v1/heartbeat HTTP/1.0\r\nConnection: keep-alive\r\n", "keep-alive", True),
            ("GET /v1/heartbeat HTTP/1.1\r\nConnection: keep-alive\r\n", "keep-alive", True),
            ("GET http://127.0.0.1/v1/heartbeat HTTP/1.1\r\n", None, True),
            ("HEAD /v1/heartbeat HTTP/1.1\r\nConnection: close\r\n", "close", False),
        ],
        ids=["1.0", "1.0 keep-alive", "1.1 keep-alive", "absolute URL", "head"],
    )
    def test_clients(
        self, client: Client, request_head: str, connection: str | None, stays: bool
    ) -> None:
        """The sandbox serves HTTP/1.0 and HTTP/1.1 clients, keep-alive or not."""
        with socket.create_connection(address(client), timeout=5) as wire:
            for _ in range(2 if stays else 1):
                wire.sendall(f"{request_head}Host: 127.0.0.1\r\n\r\n".encode())
                answer = http.client.HTTPResponse(wire, method=request_head.split()[0])
                answer.begin()
                assert (answer.status, answer.getheader("Connection")) == (200, connection)
                answer.read()
            if not stays:
                assert wire.recv(1) == b""

    @pytest.mark.parametrize(("length", "status"), [("x", 400), ("99999999", 413)])
    def test_unreadable_length(
        self, client: Client, capfd: pytest.CaptureFixture[str], length: str, status: int
    ) -> None:
        """A body whose length makes no sense gets an answer, and the connection closes."""
        with socket.create_connection(address(client), timeout=5) as wire:
            wire.sendall(f"POST /v1/token HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(wire, method="POST")
            answer.begin()
            assert (answer.status, answer.getheader("Connection")) == (status, "close")
        assert capfd.readouterr().err == ""

    def test_expect(self, client: Client) -> None:
        """A client that waits for 100 Continue before it sends its body gets it."""
        head = "POST /v1/token HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        with socket.create_connection(address(client), timeout=5) as wire:
            wire.sendall(head.encode())
            assert wire.recv(100).startswith(b"HTTP/1.1 100 ")
            wire.sendall(b"{}")
            assert wire.recv(100).startswith(b"HTTP/1.1 400 ")

    def test_chunked_body(self, client: Client) -> None:
        """A body sent in chunks is read, and the connection goes on."""
        login = (client.sandbox.client_id, client.sandbox.client_secret)
        body = iter([b'{"grant_type":', b'"client_credentials"}'])
        answer = client.http.post(f"{client.sandbox.base_url}/token", auth=login, data=body)
        assert answer.status_code == 200
        assert client.get("/contacts").status_code == 200

    def test_threads(self, client: Client) -> None:
        """Many clients at once each get their answer."""
        with ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(client.ids, [f"/contacts?page[size]={n + 1}" for n in range(40)]))
        assert [len(ids) for ids in pages] == list(range(1, 41))

    def test_stop(self) -> None:
        """Stopping ends kept connections too, and starting again takes the same port."""
        with running() as client:
            url = client.sandbox.base_url
            assert client.get("/contacts").status_code == 200
            client.sandbox.stop()
            client.sandbox.stop()
            with pytest.raises(requests.ConnectionError):
                client.get("/contacts")
            client.sandbox.start()
            assert client.sandbox.base_url == url
            assert client.get("/contacts").status_code == 200
            with pytest.raises(RuntimeError):
                client.sandbox.start()

    def test_port(self) -> None:
        """A port can be named; a taken one is an ordinary ``OSError``."""
        with running() as client:
            port = int(client.sandbox.base_url.split(":")[2].removesuffix("/v1"))
            with pytest.raises(OSError, match="in use"):
                Sandbox(0, port=port).start()
        with Sandbox(0, port=port) as sandbox:
            assert f":{port}/" in sandbox.base_url

    def test_no_port_yet(self) -> None:
        """Without a start there is no address."""
        with pytest.raises(RuntimeError):
            _ = Sandbox(0).base_url

    def test_latency(self) -> None:
        """Each answer waits as told."""
        with Sandbox(0, latency=0.1) as sandbox:
            begun = time.perf_counter()
            requests.get(f"{sandbox.base_url}/heartbeat", timeout=5)
        assert time.perf_counter() - begun >= 0.1

    def test_quiet(self, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is printed, since paths hold personal data."""
        with running(fail_every=3, fail_with="drop", fail_on="teapot") as client:
            client.get(contacts_by("email=maria.alvarez@example.com"))
            client.get("/contacts/1")
        assert capfd.readouterr() == ("", "")

    def test_serve(self) -> None:
        """``serve`` announces the settings once it listens, and ends when it is stopped."""
        sandbox, announced, listening = Sandbox(0), [], threading.Event()

        def announce(settings: dict[str, str]) -> None:
            announced.append(settings)
            listening.set()

        thread = in_background(lambda: serve(sandbox, announce))
        assert listening.wait(5)
        assert (
            requests.get(f"{announced[0]['TE_BASE_URL']}/heartbeat", timeout=5).status_code == 200
        )
        sandbox.stop()
        thread.join(5)
        assert not thread.is_alive()

    def test_serve_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """``serve`` ends quietly on Ctrl-C, and the port is free again."""
        sandbox = Sandbox(0)

        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(sandbox, "wait", interrupt)
        serve(sandbox, lambda settings: None)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{sandbox.base_url}/heartbeat", timeout=5)

    def test_imports_only_itself(self) -> None:
        """The sandbox imports nothing else from the package, not even in a function."""
        folder = Path(te_connector.sandbox.__file__).parent
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    assert node.level == 0
                    names = [str(node.module)]
                own = [name for name in names if name.split(".")[0] == "te_connector"]
                assert all(name.startswith("te_connector.sandbox") for name in own), path


HEARTBEAT = b'{"running_item": "Total Expert External API"}'


def address(client: Client) -> tuple[str, int]:
    return urlsplit(client.sandbox.base_url).hostname or "", urlsplit(
        client.sandbox.base_url
    ).port or 0


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
