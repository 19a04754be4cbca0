"""A plain HTTP client for tests of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from te_connector.sandbox import Limits, Misbehavior, Sandbox

UNLIMITED = Limits(requests=None, tokens=None)
MARIA = 2317
MARIAS = {2317, 2328, 310042117}


class Client:
    """A plain client without retries, with a token of its own."""

    def __init__(self, sandbox: Sandbox, *, scope: str = "", sign_in: bool = True) -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        if sign_in:
            body = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
            token = self.token(body).json()["access_token"]
            self.http.headers["Authorization"] = f"Bearer {token}"

    def token(self, body: dict[str, str], *, form: bool = False) -> requests.Response:
        login = (self.sandbox.client_id, self.sandbox.client_secret)
        kind = "data" if form else "json"
        return self.http.post(f"{self.sandbox.base_url}/token", auth=login, **{kind: body})  # type: ignore[arg-type]

    def send(self, method: str, path: str) -> requests.Response:
        url = self.sandbox.base_url + path
        return self.http.request(method, url, timeout=5, allow_redirects=False)

    def get(self, path: str) -> requests.Response:
        return self.send("GET", path)

    def delete(self, path: str) -> requests.Response:
        return self.send("DELETE", path)

    def ids(self, path: str) -> list[Any]:
        return [item["id"] for item in self.get(path).json()["items"]]


@contextmanager
def running(contacts: int = 40, limits: Limits = UNLIMITED, **knobs: Any) -> Iterator[Client]:
    """A client of a sandbox that misbehaves in these ways."""
    misbehavior = Misbehavior(**knobs)
    with Sandbox(contacts, misbehavior=misbehavior, limits=limits) as sandbox:
        yield Client(sandbox)


def contacts_by(filter_text: str, size: int = 100) -> str:
    return f"/contacts?page[size]={size}&filter={filter_text}"
