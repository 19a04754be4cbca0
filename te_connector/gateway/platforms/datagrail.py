"""What to enter in DataGrail so that its agent calls the gateway.

Since agent 1.x the values go into DataGrail's own connection form; agents up to 0.14 read JSON. What is
known comes from DataGrail's documents and the history of its public repository (November 2026). The
agent puts identifiers into a body as plain text, so a quote in a value makes the body invalid; the
gateway answers that with 400, never with an empty success.
"""

from __future__ import annotations

import uuid
from typing import Any

_CAPABILITIES = ["privacy/access", "privacy/delete", "privacy/identifiers"]
_KINDS = ("email", "phone")
_COMMON: dict[str, Any] = {
    "verify_ssl": "true",
    "headers": {"Authorization": "Bearer {token}", "Content-Type": "application/json"},
    "valid_response_codes": [200],
}
_BODY = '{{"request": "{email}", "email": "{email}"}}'
"""Braces are doubled, because the agent fills in the template with Python's format syntax.

The agent has no id of the request, so the e-mail address names it. The gateway keeps a request's id
hashed and encrypted, and logs none.
"""


def form_values(base_url: str) -> dict[str, Any]:
    """The values of the connection form, by the name that the form shows."""
    queries = _queries(base_url)
    return {
        "Connector type": "API Proxy",
        "Authorization header": "Bearer TOKEN (made with: te-connector gateway token new)",
        "Test": queries["test"],
        "Identifiers": queries["identifiers"],
        "Access": queries["access"],
        "Delete": queries["delete"],
    }


def agent_json(base_url: str, credentials_location: str = "CREDENTIALS_LOCATION") -> dict[str, Any]:
    """The connection as JSON for agents up to 0.14."""
    return {
        "name": "Total Expert",
        "uuid": str(uuid.uuid4()),
        "capabilities": _CAPABILITIES,
        "mode": "live",
        "connector_type": "APIProxy",
        "queries": _queries(base_url),
        "credentials_location": credentials_location,
    }


def _queries(base_url: str) -> dict[str, Any]:
    base = base_url.rstrip("/")
    return {
        "test": [{"url": f"{base}/v1/health", "verb": "GET", **_COMMON}],
        "identifiers": {kind: [_post(f"{base}/v1/identifiers/{kind}")] for kind in _KINDS},
        "access": [_post(f"{base}/v1/access/list")],
        "delete": [_post(f"{base}/v1/delete/shown")],
    }


def _post(url: str) -> dict[str, Any]:
    return {"url": url, "verb": "POST", **_COMMON, "body": _BODY}
