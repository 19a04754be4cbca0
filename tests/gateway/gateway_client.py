"""Runs the gateway as a process of its own, and talks to it as a platform does."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from command import settings_of, started
from vendor import Vendor, contact, response, user

from te_connector.gateway.tokens import Tokens

MARIA = "maria.alvarez@example.com"
PHONE = "763-555-0123"


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Gateway:
    """One running gateway."""

    environment: dict[str, str]
    process: Any = None
    url: str = ""
    token: str = ""
    log: list[str] = field(default_factory=list)

    def start(self) -> Gateway:
        self.process = started(
            "gateway", "--port", "0", env=self.environment, stderr=subprocess.PIPE
        )
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.stderr.read()
        return self

    def command(self, *argv: str) -> Any:
        done = started("gateway", *argv, env=self.environment)
        out, err = done.communicate(timeout=30)
        return done.returncode, out, err

    def new_token(self) -> str:
        self.token = self.command("token", "new")[1].strip()
        return self.token

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        token: str | None = None,
        method: str = "POST",
        timeout: float = 60,
    ) -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        if content:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, content, headers)
            with connection.getresponse() as got:
                return Answer(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()

    def stop(self) -> str:
        """Stop it; returns what it logged."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=20)
        return err

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


def people(vendor: Vendor) -> None:
    """Maria has two contacts with answers; another contact has her phone number."""
    vendor.tables["contacts"] += [
        contact(2317, first_name="Maria", email=MARIA, phone_cell=PHONE),
        contact(2328, first_name="Maria", email_work=MARIA.title()),
        contact(2340, first_name="Daniel", email="daniel@example.com", phone_home=PHONE),
        contact(2350, first_name="Oscar", email="o'neil@example.com"),
    ]
    vendor.tables["contact-survey-responses"] += [response(1, 2317), response(2, 2340)]
    vendor.tables["users"] += [user(9, email="someone@lender.example")]


@pytest.fixture(name="gateway")
def _gateway(vendor: Vendor, tmp_path: Path) -> Iterator[Gateway]:
    people(vendor)
    gateway = Gateway(
        {
            **settings_of(vendor),
            "TE_STATE_DIR": str(tmp_path / "gateway-state"),
            "TE_KEY_FILE": str(tmp_path / "gateway-key"),
        }
    )
    gateway.token = Tokens(tmp_path / "gateway-state").new()[1]
    gateway.start()
    yield gateway
    if gateway.process.poll() is None:
        gateway.stop()
