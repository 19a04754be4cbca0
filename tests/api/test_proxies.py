"""Which requests go through a proxy, and what happens if its setting can't be used."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import vendor as v
from conftest import Host, subject
from vendor import Vendor

from te_connector import errors
from te_connector.api import proxies

ADA = "ada@example.com"
ASKED = [subject("req-1", email=ADA)]
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Proxy:
    """A proxy on loopback that notes what it is asked for, and leads every name to one port."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self.auth: list[str | None] = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def note(self) -> None:
                proxy.asked.append(f"{self.command} {self.path}")
                proxy.auth.append(self.headers.get("Proxy-Authorization"))

            def refuse(self) -> None:
                self.note()
                self.send_error(502)

            do_GET = do_POST = do_DELETE = refuse

            def do_CONNECT(self) -> None:
                self.note()
                there = socket.create_connection(("127.0.0.1", port), timeout=10)
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
                back.start()
                _pump(self.connection, there)
                back.join()
                there.close()
                self.close_connection = True

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # either side went away


@pytest.fixture(name="certificate", scope="module")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return v.certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture(name="far")
def _far(
    vendor: Vendor,
    connection: dict[str, Any],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    """A connection to https://crm.example, a name that only the proxy can reach."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    vendor.tls(*certificate)
    vendor.tables["contacts"] = [v.contact(1, email=ADA)]
    path = urlsplit(vendor.base_url).path
    return {
        **connection,
        "base_url": f"https://crm.example{path}",
        "ca_bundle": str(certificate[0]),
    }


@pytest.fixture(name="proxy")
def _proxy(vendor: Vendor, far: dict[str, Any]) -> Iterator[Proxy]:
    proxy = Proxy(urlsplit(vendor.base_url).port or 0)
    thread = threading.Thread(target=proxy.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()
    thread.join()


def contact_ids(answer: dict[str, Any]) -> list[str]:
    return [record["id"] for record in answer["records"] if record["object_type"] == "contact"]


@pytest.mark.parametrize(
    "how", ["connection", "https_proxy", "HTTPS_PROXY", "all_proxy", "bare", "blanks"]
)
def test_a_proxy_is_used_for_the_sign_in_and_all_requests(
    host: Host,
    far: dict[str, Any],
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """From the connection or the environment, with and without a scheme."""
    if how == "connection":
        far["proxy"] = proxy.url
    else:
        text = {"bare": proxy.url.removeprefix("http://"), "blanks": f" {proxy.url} "}
        name = how if how not in text else "https_proxy"
        monkeypatch.setenv(name, text.get(how, proxy.url))
    assert contact_ids(host.fetch(far, ASKED)) == ["1"]
    assert host.delete(far, "contact", "1", ASKED[0])["status"] == "deleted"
    assert set(proxy.asked) == {"CONNECT crm.example:443"}


@pytest.mark.parametrize(
    "word", ["p:w", "us@er/?#[", "hunter2 \N{EURO SIGN}", "pałac", "пароль", "密码"]
)
def test_a_proxys_credentials_are_sent_to_it_alone_in_utf_8(
    host: Host, far: dict[str, Any], vendor: Vendor, proxy: Proxy, word: str
) -> None:
    """Passwords of any script."""
    far["proxy"] = proxy.url.replace("//", f"//me:{quote(word, safe='')}@")
    assert contact_ids(host.fetch(far, ASKED)) == ["1"]
    expected = base64.b64encode(f"me:{word}".encode()).decode()
    assert set(proxy.auth) == {f"Basic {expected}"}
    assert not any("proxy-authorization" in str(seen).lower() for seen in vendor.log)


def test_a_proxy_that_does_not_answer_is_reported_without_its_credentials(
    host: Host, far: dict[str, Any], vendor: Vendor
) -> None:
    """The message says that it's the proxy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    far["proxy"] = f"http://me:hidden@127.0.0.1:{port}"
    with pytest.raises(errors.Unreachable) as caught:
        host.fetch(far, ASKED)
    assert "proxy" in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert vendor.log == []


UNUSABLE = ["socks5://127.0.0.1:1", "socks5h://me:hunter2@127.0.0.1:1", "ftp://x", "http://", "://", "http://[", "http://[::1",
    "http://127.0.0.1:port", "http://127.0.0.1:99999", "http://127.0.0.1:0", "http://me:hunter2@", "http://a b:1", "http://[zz]:1",
    "http://pr\u00f6xy.bank:1", "http://" + "a" * 64 + ":1", "http://a..b:1", "http://me:hunter2@[::g]:8",
    "http://%zz:8", "http://proxy.bank:-1", "http://me:hunter2@ho\nst:1"]  # fmt: skip


@pytest.mark.parametrize("way", ["connection", "https_proxy", "all_proxy"])
@pytest.mark.parametrize("setting", UNUSABLE, ids=ascii)
def test_a_setting_that_cannot_be_used_is_one_clear_error_without_its_value(
    host: Host,
    far: dict[str, Any],
    vendor: Vendor,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    way: str,
) -> None:
    """Whatever it holds; nothing is sent, and no other exception leaves the hook."""
    if way == "connection":
        far["proxy"] = setting
    else:
        monkeypatch.setenv(way, setting)
    with pytest.raises(errors.SettingsError, match="proxy") as caught:
        host.fetch(far, ASKED)
    assert "hunter2" not in f"{caught.value!r} {vars(caught.value)} {caught.value.__context__}"
    assert vendor.log == []


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "connection"])
@pytest.mark.parametrize("setting", ["http://192.0.2.1:3128", "http://127.0.0.1:9"])
def test_a_request_to_this_machine_never_goes_through_a_proxy(
    host: Host,
    connection: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    setting: str,
) -> None:
    """So the demo runs behind one, and no token leaves the machine in plain http."""
    if name == "connection":
        connection["proxy"] = setting
    else:
        monkeypatch.setenv(name, setting)
    assert host.validate(connection)["ok"] is True


def test_an_environment_that_cannot_be_used_does_not_matter_on_this_machine(
    host: Host, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SOCKS proxy for everything else, say."""
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:1080")
    assert host.validate(connection)["ok"] is True


@pytest.mark.parametrize(
    ("listed", "host", "left_out"),
    [
        ("*", "crm.example", True),
        ("crm.example", "crm.example", True),
        ("CRM.Example", "crm.example", True),
        ("example", "crm.example", True),
        (".example", "crm.example", True),
        ("*.example", "crm.example", True),
        (".crm.example", "crm.example", True),
        ("rm.example", "crm.example", False),
        ("m.example", "crm.example", False),
        ("crm.example.com", "crm.example", False),
        ("localhost, crm.example", "crm.example", True),
        ("localhost crm.example", "crm.example", True),
        ("localhost,,crm.example,", "crm.example", True),
        ("crm.example:443", "crm.example", True),
        ("crm.example:8443", "crm.example", False),
        ("*:8443", "crm.example", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3/16", "10.1.9.9", True),
        ("10.0.0.0/8:443", "10.1.2.3", True),
        ("10.0.0.0/8", "crm.example", False),
        ("fd00::/8", "fd12::1", True),
        ("[fd12::1]", "fd12::1", True),
        ("[fd12::1]:443", "fd12::1", True),
        ("fd12::1", "fd12::2", False),
        ("10.0.0.0/99, nonsense/8, crm.example", "crm.example", True),
        (".", "crm.example", False),
        ("", "crm.example", False),
        ("crm.example.", "crm.example", True),
        ("crm.example", "crm.example.", True),
    ],
)
def test_no_proxy_holds_hosts_domains_and_ranges(listed: str, host: str, left_out: bool) -> None:
    """In the ways that curl, Go, and Python programs write them."""
    assert proxies.leaves_out(listed, host, 443) is left_out


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_no_proxy_names_is_reached_directly(
    host: Host, far: dict[str, Any], proxy: Proxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Here nothing is at that name, and the proxy isn't asked."""
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv(name, "example")
    with pytest.raises(errors.Unreachable):
        host.fetch(far, ASKED)
    assert proxy.asked == []
