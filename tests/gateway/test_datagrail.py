"""DataGrail's agent, played: it fills in templates as plain text and reads little but status codes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_client import MARIA, Answer, Gateway
from vendor import Status, Vendor, contact

pytestmark = pytest.mark.slow


class Agent:
    """What is known of the agent: templates, one open connection, and a list of valid statuses."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        status, out, _ = gateway.command(
            "datagrail-settings", "--url", gateway.url.removesuffix("/v1")
        )
        assert status == 0
        self.settings = json.loads(out)["agent"]

    def run(self, query: dict[str, Any], **identifiers: str) -> tuple[bool, Answer]:
        """Returns whether the agent counts it as a success, and the answer."""
        body = query["body"].format(**identifiers) if "body" in query else ""
        path = query["url"].removeprefix(self._gateway.url.removesuffix("/v1"))
        answer = self._gateway.ask(path, raw=body.encode(), method=query["verb"])
        return answer.status in query["valid_response_codes"], answer

    def query(self, name: str) -> dict[str, Any]:
        query: dict[str, Any] = self.settings["queries"][name][0]
        return query


@pytest.fixture(name="agent")
def _agent(gateway: Gateway) -> Agent:
    return Agent(gateway)


def test_the_settings_have_what_an_older_agent_needs(agent: Agent) -> None:
    settings = agent.settings
    assert settings["connector_type"] == "APIProxy"
    assert set(settings["capabilities"]) == {
        "privacy/access",
        "privacy/delete",
        "privacy/identifiers",
    }
    assert settings["uuid"][14] == "4"
    assert settings["mode"] == "live"
    assert agent.query("test")["verify_ssl"] == "true"


def test_test_access_identifiers_and_delete_work(agent: Agent, vendor: Vendor) -> None:
    assert agent.run(agent.query("test"))[0]
    ok, answer = agent.run(agent.query("access"), email=MARIA)
    assert ok
    assert {item["id"] for item in answer.body} >= {"2317", "2328"}
    ok, answer = agent.run(agent.settings["queries"]["identifiers"]["phone"][0], email=MARIA)
    assert ok
    assert answer.body
    vendor.cascade = {"contact-survey-responses"}
    assert agent.run(agent.query("delete"), email=MARIA)[0]


def test_a_value_with_a_quote_is_no_success(agent: Agent) -> None:
    assert agent.run(agent.query("access"), email="o'neil@example.com")[0], "an apostrophe is fine"
    ok, answer = agent.run(agent.query("access"), email='o"neil@example.com')
    assert (ok, answer.status) == (False, 400)
    assert b"neil" not in answer.raw


def test_an_incomplete_search_is_no_success(agent: Agent, vendor: Vendor) -> None:
    vendor.always("GET", "/users", Status(403))
    for name in ("access", "delete"):
        assert not agent.run(agent.query(name), email=MARIA)[0]
    vendor.calm()


def test_a_person_who_is_not_there_is_an_empty_success_only_after_a_complete_search(
    agent: Agent,
) -> None:
    ok, answer = agent.run(agent.query("access"), email="absent@example.org")
    assert (ok, answer.body) == (True, [])


def test_an_undeletable_object_is_no_success(agent: Agent) -> None:
    assert agent.run(agent.query("access"), email=MARIA)[0]
    assert not agent.run(agent.query("delete"), email=MARIA)[0]


def test_a_shared_or_weak_match_is_no_success(
    agent: Agent, vendor: Vendor, gateway: Gateway
) -> None:
    vendor.tables["contacts"].append(contact(2360, phone_cell="763-555-0999"))
    body = {"request": "w", "phone": "763-555-0999"}
    assert gateway.ask("/v1/access/list", body).status == 409
    assert gateway.ask("/v1/delete/shown", body).status == 409
    assert vendor.deleted == []
