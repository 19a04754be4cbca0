"""The CRM behind the API: its data, its client, its limits, and its journal. It knows no socket."""

from __future__ import annotations

from te_connector.sandbox import people, records, whole_person
from te_connector.sandbox.auth import Authority
from te_connector.sandbox.journal import Journal
from te_connector.sandbox.limits import Limits, Window
from te_connector.sandbox.misbehavior import Misbehavior
from te_connector.sandbox.store import Table, Tables

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret-8c1f04"


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
