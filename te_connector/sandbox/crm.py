"""The CRM behind the API: its data, its client, its limits, and its journal. It knows no socket."""

from __future__ import annotations

import threading
from collections import Counter

from te_connector.sandbox import people, records, whole_person
from te_connector.sandbox.auth import Authority, Limits, Window
from te_connector.sandbox.misbehavior import Misbehavior
from te_connector.sandbox.store import Table, Tables

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret-8c1f04"


class Journal:
    """What clients asked and what they got; safe to use from several threads."""

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
        """Add a request."""
        with self._lock:
            self._requests.append((method, path))
            self._counts[f"{method} {rule}"] += 1

    def status(self, code: int) -> None:
        """Add an answer."""
        with self._lock:
            self._statuses[code] += 1

    @property
    def requests(self) -> list[tuple[str, str]]:
        """A copy of all requests: method, and path with query as the client sent it."""
        with self._lock:
            return list(self._requests)

    @property
    def counts(self) -> Counter[str]:
        """How often each route was called, such as ``GET /v1/contacts/{id}``."""
        with self._lock:
            return self._counts.copy()

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was returned; 0 is a dropped connection."""
        with self._lock:
            return self._statuses.copy()


class Crm:
    """Everything that the routes read and change.

    ``latency`` is how long each answer waits, in seconds.
    """

    def __init__(
        self, contacts: int, misbehavior: Misbehavior, limits: Limits, latency: float
    ) -> None:
        self.misbehavior = misbehavior
        self.limits = limits
        self.latency = latency
        self.journal = Journal()
        self.authority = Authority(CLIENT_ID, CLIENT_SECRET)
        self.request_window, self.token_window = Window(), Window()
        self.tables = _tables(contacts)


def _tables(contacts: int) -> Tables:
    users = people.users(contacts)
    clients = people.contacts(contacts, users)
    return Tables(
        contacts=Table(clients, lambda item: item["id"]),
        users=Table(users, lambda item: item["id"]),
        responses=Table(
            records.responses(clients), lambda item: (item["internal_created_at"], item["id"])
        ),
        notes=Table(records.notes(clients), lambda item: item["id"]),
        activity=Table(records.activity(clients), lambda item: item["id"]),
        insights=Table(whole_person.insights(clients), lambda item: item["id"]),
        campaign_activity=Table(
            whole_person.campaign_activity(clients),
            lambda item: (item["internal_created_at"], item["id"]),
        ),
        loans=Table(whole_person.loans(clients), lambda item: item["id"]),
        accounts=Table(whole_person.accounts(clients), lambda item: item["id"]),
        opportunities=Table(
            whole_person.opportunities(clients), lambda item: (item["created_at"], item["id"])
        ),
        unsubscribes=Table(whole_person.unsubscribes(clients), lambda item: int(item["id"])),
        recruits=Table(whole_person.recruits(clients), lambda item: item["id"]),
    )
