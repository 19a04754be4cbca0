"""The look-alike vendor does what its module says, through real sockets."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

import pytest
import vendor as v
from vendor import Vendor

Reply = tuple[int, Any, http.client.HTTPMessage]


class Client:
    """One keep-alive connection with a token; closed when the test ends."""

    everyone: ClassVar[list[Client]] = []

    def __init__(self, vendor: Vendor, *, sign_in: bool = True) -> None:
        self.vendor = vendor
        where = urlsplit(vendor.base_url)
        assert where.hostname
        self.everyone.append(self)
        self.http = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        self.headers: dict[str, str] = {}
        if sign_in:
            status, body, _ = self.token({"grant_type": "client_credentials"})
            assert status == 200
            self.headers = {"Authorization": f"Bearer {body['access_token']}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        self.http.request(method, self.vendor.prefix + path, body, self.headers | headers)
        answer = self.http.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None, answer.headers

    def get(self, path: str) -> Any:
        return self.call("GET", path)[1]

    def token(self, body: dict[str, str]) -> Reply:
        pair = ":".join(self.vendor.credentials.values())
        basic = "Basic " + b64encode(pair.encode()).decode()
        kind = {"Content-Type": "application/json"}
        return self.call("POST", "/token", json.dumps(body), **kind, Authorization=basic)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Client.everyone:
        Client.everyone.pop().http.close()


@pytest.fixture(name="vendor")
def _vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


def ids(page: Any) -> list[Any]:
    return [item["id"] for item in page["items"]]


def raw(vendor: Vendor, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", vendor.port), timeout=10) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def bearer(client: Client, path: str, method: str = "GET") -> bytes:
    token = client.headers["Authorization"]
    return f"{method} /v1{path} HTTP/1.1\r\nAuthorization: {token}\r\n\r\n".encode()


def test_tokens(vendor: Vendor) -> None:
    """JSON and form, the documented answer, narrowed scopes, refused credentials."""
    client = Client(vendor, sign_in=False)
    status, body, _ = client.token({"grant_type": "client_credentials", "scope": "getUsers"})
    assert (status, body["scope"], body["expires_in"]) == (200, "getUsers", 3600)
    assert len(bytes.fromhex(body["access_token"])) == 20
    assert set(body) == {"access_token", "expires_in", "token_type", "scope"}
    assert client.call("GET", "/contacts")[:2] == (401, [])
    client.headers = {"Authorization": f"Bearer {body['access_token']}"}
    status, refusal, _ = client.call("GET", "/contacts")
    assert (status, refusal["error"]) == (401, "insufficient_scope")
    vendor.scope_status = 403
    assert client.call("GET", "/contacts")[0] == 403
    assert client.call("GET", "/users")[0] == 200
    pair = b64encode(":".join(vendor.credentials.values()).encode()).decode()
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {pair}"}
    assert client.call("POST", "/token", "grant_type=client_credentials", **form)[0] == 200
    wrong = client.call("POST", "/token", "grant_type=client_credentials", Authorization="Basic x")
    assert (wrong[0], wrong[1]["error"]) == (400, "invalid_client")
    assert client.token({"grant_type": "refresh_token", "refresh_token": "x"})[0] == 400
    assert vendor.token_requests == 4


def test_refresh_tokens_rotate(vendor: Vendor) -> None:
    """A refresh token works once and brings the next."""
    vendor.refresh_tokens = True
    client = Client(vendor, sign_in=False)
    first = client.token({"grant_type": "client_credentials"})[1]["refresh_token"]
    again = {"grant_type": "refresh_token", "refresh_token": first}
    status, body, _ = client.token(again)
    assert status == 200
    assert body["refresh_token"] != first
    assert client.token(again)[1]["error"] == "invalid_grant"


def test_tokens_end(vendor: Vendor) -> None:
    """Expired and revoked tokens are distinguished."""
    client = Client(vendor)
    assert client.call("GET", "/teapot")[0] == 418
    vendor.revoke()
    assert client.get("/contacts")["error"] == "invalid_token"
    vendor.token_lifetime = 0
    assert Client(vendor).get("/contacts")["error"] == "expired_token"


def test_pages(vendor: Vendor) -> None:
    """Ten a page, at most a hundred, numbers for links, 422 past the end."""
    vendor.tables["contacts"] = v.many(205)
    client = Client(vendor)
    page = client.get("/contacts")
    assert len(page["items"]) == 10
    assert page["links"] == {"first": 1, "last": 21, "next": 2, "prev": None}
    assert page["items"] == vendor.tables["contacts"][:10]
    page = client.get("/contacts?page[number]=3&page%5Bsize%5D=500")
    assert len(page["items"]) == 5
    assert page["links"] == {"first": 1, "last": 3, "next": None, "prev": 2}
    past = client.call("GET", "/contacts?page[number]=4&page[size]=100")
    assert past[:2] == (422, {"error": "Page requested is outside of result set"})
    assert client.call("GET", "/contacts?page[number]=0")[0] == 422
    assert vendor.count("GET", "/contacts", {"page[size]": "100"}, status=422) == 1


def test_styles(vendor: Vendor) -> None:
    """Envelope, links, ids and empty lists as told."""
    client = Client(vendor)
    assert client.get("/contacts")["items"] == []
    vendor.empty_list = "422"
    assert client.call("GET", "/contacts")[0] == 422
    vendor.insert("contacts", v.contact(1))
    vendor.envelope, vendor.next_style, vendor.last_style = "objects", "absent", "text"
    vendor.nested_ids = "text"
    page = client.get("/contacts")
    assert page["links"] == {"first": 1, "last": "1", "prev": None}
    assert page["objects"][0]["id"] == 1
    assert page["objects"][0]["owner"]["id"] == "59"
    vendor.tables["contacts"][0]["owner"]["id"] = 60
    assert client.get("/contacts/1")["owner"]["id"] == "60"
    vendor.prefix = "/v2"
    assert client.call("GET", "/contacts")[0] == 200
    assert client.call("GET", "/../v1/contacts")[0] == 404


def test_sort(vendor: Vendor) -> None:
    """Sorting is for the tables that are said to have it, nulls and all."""
    rows = [v.contact(3, city="B"), v.contact(1), v.contact(2, city="A")]
    vendor.tables["contacts"], vendor.tables["users"] = rows, [v.user(2), v.user(1)]
    client = Client(vendor)
    assert ids(client.get("/contacts")) == [3, 1, 2]
    assert ids(client.get("/contacts?sort=-id")) == [3, 2, 1]
    assert ids(client.get("/contacts?sort=city,-id")) == [1, 2, 3]
    assert ids(client.get("/users?sort=id")) == [2, 1]


@pytest.mark.parametrize(
    ("make", "value", "found"),
    [
        (v.honest, "ADA@example.com", [1]),
        (v.exact, "ADA@example.com", []),
        (v.substring, "ada@", [1, 2]),
        (v.honest, "a+b@example.com", [4]),
    ],
)
def test_filters(vendor: Vendor, make: Any, value: str, found: list[int]) -> None:
    """Comparers compare as they are called."""
    mails = enumerate(["ada@example.com", "bada@example.com", None, "a+b@example.com"], 1)
    vendor.tables["contacts"] = [v.contact(key, email=mail) for key, mail in mails]
    vendor.filters["contacts"]["email"] = make("email")
    assert ids(Client(vendor).get(f"/contacts?filter=email={quote(value)}")) == found


def test_filters_that_fail(vendor: Vendor) -> None:
    """Filters are ANDed; unknown ones are ignored or refused, as told."""
    stamp = "2026-01-01 00:00:00"
    vendor.tables["contacts"] = [
        v.contact(1, phone_cell="(612)200-0001", internal_updated_at=stamp),
        v.contact(2, phone_cell="6122000001"),
    ]
    client = Client(vendor)
    assert ids(client.get("/contacts?filter=phone_cell=6122000001")) == [2]
    vendor.filters["contacts"]["phone_cell"] = v.digits("phone_cell")
    assert ids(client.get("/contacts?filter=phone_cell=612-200-0001")) == [1, 2]
    both = "internal_updated_at_start=2026-01-01T00:00:00Z,phone_cell=6122000001"
    assert ids(client.get(f"/contacts?filter={both}")) == [1]
    assert ids(client.get("/contacts?filter=owner_id=59,colour=red")) == [1, 2]
    vendor.unlisted_filter = v.refused
    assert client.call("GET", "/contacts?filter=colour=red")[0] == 400


def test_by_id_and_delete(vendor: Vendor) -> None:
    """Read, delete, 404 afterwards; 405 where there is no deletion; children go if told."""
    vendor.tables["contacts"] = [v.contact(1), v.contact(2)]
    vendor.tables["contact-survey-responses"] = [v.response(5, 1), v.response("ab", 2)]
    vendor.cascade = {"contact-survey-responses"}
    client = Client(vendor)
    assert client.get("/contacts/1")["id"] == 1
    assert client.call("DELETE", "/contacts/1")[:2] == (200, [])
    gone = client.call("GET", "/contacts/1")
    assert gone[:2] == (404, {"message": "Object with id '1' not found"})
    assert client.call("DELETE", "/contacts/1")[0] == 404
    assert client.call("DELETE", "/contact-survey-responses/ab")[0] == 405
    assert client.call("PATCH", "/contacts/2")[0] == 405
    assert client.call("GET", "/nothing")[0] == 404
    assert ids(client.get("/contact-survey-responses")) == ["ab"]
    assert vendor.deleted == [("contacts", 1)]
    assert vendor.connections == 1


def test_limits(vendor: Vendor) -> None:
    """A sliding window, counted on arrival, with Retry-After if told."""
    client = Client(vendor)
    vendor.request_limit, vendor.retry_after, vendor.count_refused = (3, 0.3), 1, False
    statuses = [client.call("GET", "/contacts") for _ in range(5)]
    assert [reply[0] for reply in statuses] == [200, 200, 200, 429, 429]
    assert statuses[-1][2]["Retry-After"] == "1"
    time.sleep(0.31)
    assert client.call("GET", "/contacts")[0] == 200
    vendor.request_limit, vendor.token_limit = None, (1, 60)
    assert client.token({"grant_type": "client_credentials"})[0] == 200
    assert client.token({"grant_type": "client_credentials"})[0] == 429
    assert vendor.busiest(60, "GET", "/contacts") == 6


def test_before_and_then(vendor: Vendor) -> None:
    """A hook may change the tables between any two answers."""
    vendor.tables["contacts"] = [v.contact(1), v.contact(2)]
    client = Client(vendor)

    def before(vendor: Vendor, seen: v.Seen) -> None:
        if seen.path == "/contacts" and vendor.count("GET", "/contacts") == 2:
            vendor.delete("contacts", 1)

    vendor.before = before
    assert ids(client.get("/contacts")) == [1, 2]
    assert ids(client.get("/contacts")) == [2]
    vendor.script("GET", "/contacts", v.Then(lambda it: it.insert("contacts", v.contact(9), at=0)))
    assert ids(client.get("/contacts")) == [9, 2]
    assert vendor.deleted == []


def test_script_order(vendor: Vendor) -> None:
    """Each scripted answer once and in order, then what is always, then the truth."""
    vendor.tables["contacts"] = v.many(30)
    client = Client(vendor)
    vendor.always("GET", "/contacts", v.Status(418, {"error": "tea"}), {"page[number]": "3"})
    faults = [v.Normal(), v.Status(503, "later", {"Retry-After": "7"}), v.Redirect("//evil/")]
    vendor.script("GET", "/contacts", faults)
    assert client.call("GET", "/contacts")[0] == 200
    client.http.request("GET", "/v1/contacts", headers=client.headers)
    answer = client.http.getresponse()
    assert (answer.status, answer.headers["Retry-After"], answer.read()) == (503, "7", b"later")
    reply = client.call("GET", "/contacts?page[number]=3")
    assert (reply[0], reply[2]["Location"], vendor.pending) == (302, "//evil/", 0)
    assert client.call("GET", "/contacts?page[number]=3")[0] == 418
    assert client.call("GET", "/contacts?page[number]=2")[0] == 200
    assert [seen.status for seen in vendor.requests("GET")] == [200, 503, 302, 418, 200]


@pytest.mark.parametrize(
    ("fault", "removed"),
    [(v.DropBefore(), False), (v.DropBefore(reset=True), False), (v.DropAfter(), True),
     (v.DropAfter(reset=True), True), (v.Hang(0.05), False), (v.Hang(0.05, work=True), True)],
)  # fmt: skip
def test_lost_answers(vendor: Vendor, fault: v.Fault, removed: bool) -> None:
    """The connection ends without an answer; the row is gone only if the work was done."""
    vendor.tables["contacts"] = [v.contact(1)]
    client = Client(vendor)
    vendor.script("DELETE", "/contacts/1", fault)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.call("DELETE", "/contacts/1")
    assert vendor.deleted == ([("contacts", 1)] if removed else [])
    assert vendor.requests("DELETE")[0].status == 0


def test_lie(vendor: Vendor) -> None:
    """A deletion that is said and not done."""
    vendor.tables["contacts"] = [v.contact(1)]
    client = Client(vendor)
    vendor.script("DELETE", r"/contacts/\d+", v.Lie())
    assert client.call("DELETE", "/contacts/1")[:2] == (200, [])
    assert client.call("GET", "/contacts/1")[0] == 200


def test_broken_bodies(vendor: Vendor) -> None:
    """Torn, halved and wrong bodies."""
    vendor.tables["contacts"] = [v.contact(1)]
    client = Client(vendor)
    vendor.script("GET", "/contacts", [v.Torn(), v.HalfJson(), v.Html(), v.Raw(b"nonsense")])
    with pytest.raises(http.client.IncompleteRead):
        client.get("/contacts")
    client.http.close()
    with pytest.raises(json.JSONDecodeError):
        client.get("/contacts")
    with pytest.raises(json.JSONDecodeError):
        client.get("/contacts")
    assert raw(vendor, bearer(client, "/contacts")) == b"nonsense"


@pytest.mark.parametrize("part", ["body", "headers"])
def test_drip(vendor: Vendor, part: Literal["body", "headers"]) -> None:
    """Slow answers are whole in the end."""
    client = Client(vendor)
    vendor.script("GET", "/contacts", v.Drip(400, part))
    start = time.monotonic()
    assert client.get("/contacts")["items"] == []
    assert 0.1 < time.monotonic() - start < 2


@pytest.mark.parametrize("kind", ["gzip", "plain"])
def test_bomb(vendor: Vendor, kind: Literal["gzip", "plain"]) -> None:
    """A bomb is one valid page without a Content-Length."""
    client = Client(vendor)
    vendor.script("GET", "/contacts", v.Bomb(kind, 3))
    head, _, body = raw(vendor, bearer(client, "/contacts")).partition(b"\r\n\r\n")
    assert b"Content-Length" not in head
    assert (len(body) > 3 * 2**20) == (kind == "plain")
    page = json.loads(gzip.decompress(body) if kind == "gzip" else body)
    assert len(page["items"][0]["email"]) == 3 * 2**20


def test_huge_headers(vendor: Vendor) -> None:
    """Headers as large as told."""
    vendor.script("GET", "/contacts", v.HugeHeaders(0.5))
    answer = raw(vendor, b"GET /v1/contacts HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert 2**19 < len(answer) < 2**19 + 2**10
    vendor.script("GET", "/contacts", v.HugeHeaders(0.5))
    with pytest.raises(http.client.HTTPException):
        Client(vendor).get("/contacts")


def test_parallel(vendor: Vendor) -> None:
    """Sixty-four connections at once are served at once."""
    vendor.tables["contacts"] = v.many(100)
    clients = [Client(vendor) for _ in range(64)]
    vendor.latency = 0.3
    with ThreadPoolExecutor(64) as pool:
        start = time.monotonic()
        pages = list(pool.map(lambda it: it.get("/contacts?page[size]=100"), clients))
    assert {len(page["items"]) for page in pages} == {100}
    assert time.monotonic() - start < 10  # one after the other it would be 19
    assert 32 < vendor.peak <= 64
    assert vendor.in_flight == 0


def test_stop_and_start(vendor: Vendor) -> None:
    """Stopping is quick, even amid a hang; the port can be taken up again."""
    vendor.always("GET", "/contacts", v.Hang(60))
    client = Client(vendor)
    client.http.request("GET", "/v1/contacts", headers=client.headers)
    while not vendor.count("GET"):
        time.sleep(0.001)
    start, port = time.monotonic(), vendor.port
    vendor.stop()
    assert time.monotonic() - start < 1
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.http.getresponse()
    with pytest.raises(ConnectionRefusedError):
        Client(vendor)
    vendor.start()
    assert Client(vendor) and vendor.port == port


def test_hooks_that_fail() -> None:
    """What a hook raises reaches the test."""

    def before(vendor: Vendor, seen: v.Seen) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Vendor(before=before) as vendor:
        assert Client(vendor, sign_in=False).call("GET", "/contacts")[0] == 500
    with pytest.raises(AttributeError):
        vendor.envelop = "objects"  # type: ignore[attr-defined]


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_tls(tmp_path: Path) -> None:
    """TLS with a given certificate; a client that breaks off the handshake disturbs nobody."""
    cert, key = v.certificate(tmp_path)
    with Vendor().tls(cert, key) as vendor:
        assert vendor.base_url.startswith("https://127.0.0.1:")
        client = Client(vendor, sign_in=False)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            client.call("GET", "/heartbeat")
        for host in ("127.0.0.1", "localhost"):
            context = ssl.create_default_context(cafile=str(cert))
            client.http = http.client.HTTPSConnection(host, vendor.port, context=context)
            assert client.get("/heartbeat")["running_item"] == "Total Expert External API"
            client.http.close()
        client.http = http.client.HTTPSConnection("127.0.0.1", vendor.port)
        with pytest.raises(ssl.SSLCertVerificationError):
            client.call("GET", "/heartbeat")


def test_strangers() -> None:
    """Ids rise with gaps; no e-mail, phone or external id comes twice."""
    rows = v.many(5000)
    keys = [row["id"] for row in rows]
    assert keys == sorted(set(keys))
    assert keys[-1] - keys[0] > len(keys)
    for name in ("email", "external_id"):
        assert len({row[name] for row in rows}) == 5000
    phones = {"".join(filter(str.isdigit, row["phone_cell"]))[-10:] for row in rows}
    assert len(phones) == 5000
    assert {phone[:3] for phone in phones} == {"612", "763", "651"}
