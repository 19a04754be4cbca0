"""A server for benchmarks alone: contacts made on the fly, with latency, a limit and deletions.

It follows the documented paging of contacts and nothing more; it costs little, so that what is
measured is the client.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FILLER = {f"custom_text_{number}": "some text of a usual length" for number in range(30)}
_USUAL = 100
"""The page size that both clients ask for."""
_KEPT = 200
"""How many pages are kept as bytes."""


class State:
    """The list and what happened to it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.lock = threading.Lock()
        self.ids = tuple(range(1, options.contacts + 1))
        self.requests = self.refused = self.tokens = 0
        self.arrivals: deque[float] = deque()
        self.busiest = 0
        self.deleted: list[int] = []
        self.pages: dict[tuple[int, int], bytes] = {}
        for number in range(1, min(_KEPT, -(-options.contacts // _USUAL)) + 1):
            self.page(number, _USUAL)  # made before anyone measures

    def arrive(self, now: float) -> bool:
        """Count an arrival; False where the limit is passed."""
        with self.lock:
            self.requests += 1
            if self.options.limit:
                while self.arrivals and self.arrivals[0] <= now - self.options.window:
                    self.arrivals.popleft()
                if len(self.arrivals) >= self.options.limit:
                    self.refused += 1
                    return False
                self.arrivals.append(now)
                self.busiest = max(self.busiest, len(self.arrivals))
            every = self.options.delete_every
            if every and self.requests % every == 0 and len(self.ids) > 10:
                place = (self.requests * 7919) % (len(self.ids) // 2)
                self.deleted.append(self.ids[place])
                self.ids = self.ids[:place] + self.ids[place + 1 :]
                self.pages = {}  # a page that is made now goes into the old ones
            return True

    def page(self, number: int, size: int) -> bytes | None:
        """The bytes of one page; None behind the end."""
        with self.lock:
            ids, pages = self.ids, self.pages
        last = max(1, -(-len(ids) // size))
        if number > last:
            return None
        key = number, size
        if key not in pages:
            items = [contact(name) for name in ids[(number - 1) * size : number * size]]
            following = number + 1 if number < last else None
            links = {"first": 1, "last": last, "next": following, "prev": number - 1 or None}
            body = json.dumps({"items": items, "links": links}).encode()
            if len(pages) > _KEPT:
                pages.clear()
            pages[key] = body
            return body
        return pages[key]


def contact(name: int) -> dict[str, object]:
    """One contact of about 1.9 kB."""
    return {
        "id": name,
        "first_name": f"First{name}",
        "last_name": f"Last{name}",
        "email": f"person{name}@example.com",
        "email_work": f"Person{name}@Work.Example.com",
        "phone_cell": f"(612) {200 + name % 700}-{name % 10000:04}",
        "phone_home": f"763-{200 + name % 700}-{name % 9973:04}",
        "phone_office": None,
        "source": "Encompass",
        "external_id": f"L-{name}",
        "external_ids": [{"source": "Encompass", "external_id": f"L-{name}"}],
        "owner": {
            "id": 7,
            "username": "owner",
            "email": "owner@lender.example",
            "external_id": None,
        },
        "preferences": {"is_silenced": False},
        "contact_groups": [{"id": 1, "group_name": "Past clients"}],
        **FILLER,
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: State

    def log_message(self, *args: object) -> None:
        """Print nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.state.tokens += 1
        self.answer(
            200,
            json.dumps(
                {
                    "access_token": "0" * 40,
                    "expires_in": 3600,
                    "token_type": "bearer",
                    "scope": "leadInteraction",
                }
            ).encode(),
        )

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/stats":
            state = self.state
            told = {
                "requests": state.requests,
                "refused": state.refused,
                "tokens": state.tokens,
                "busiest": state.busiest,
                "deleted": state.deleted,
            }
            return self.answer(200, json.dumps(told).encode())
        if not self.state.arrive(time.monotonic()):
            return self.answer(429, b'{"error": "too many requests"}')
        if self.state.options.latency:
            time.sleep(self.state.options.latency)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        page = self.state.page(int(query.get("page[number]", 1)), int(query.get("page[size]", 10)))
        if page is None:
            return self.answer(422, b'{"error": "Page requested is outside of result set"}')
        return self.answer(200, page)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--delete-every", type=int, default=0)
    Handler.state = State(parser.parse_args())
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
