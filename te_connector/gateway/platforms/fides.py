"""The integration template for Fides: a zip of YAML that points Fides at the gateway.

What is known of Fides' template format was read in its public code (versions 2.78.2 and 2.84,
November 2026): the zip holds one file ending in ``config.yml`` and one ending in ``dataset.yml``;
``<instance_fides_key>`` is replaced by Fides; ``"<name?>"`` becomes ``null`` if Fides has no such value.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_KEY = "<instance_fides_key>"
_TYPE = "te_connector_gateway"
_IDENTITIES = {"email": "email", "phone": "phone_number"}
"""Our kinds of identifier, and the identities that Fides collects from people."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_CATEGORY = "user"
"""The whole collection carries the category, so whole rows reach the person: every field."""


def template(discovery: Mapping[str, Any]) -> bytes:
    """The zip, made from what ``discover`` says, so object types that a lender adds are in it."""
    types = [item for item in discovery["object_types"] if item["access"]]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            (f"{_TYPE}_config.yml", {"saas_config": _config(types)}),
            (f"{_TYPE}_dataset.yml", {"dataset": [_dataset(types)]}),
        ):
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text)
    return made.getvalue()


def _config(types: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "fides_key": _KEY,
        "name": "Total Expert (te-connector gateway)",
        "type": _TYPE,
        "description": "Finds and deletes what Total Expert holds, through te-connector's gateway.",
        "version": "0.1.0",
        "connector_params": [
            {
                "name": "domain",
                "label": "Gateway host",
                "description": "Host and port of the gateway, without https://",
            },
            {
                "name": "token",
                "label": "Gateway token",
                "description": "Made with: te-connector gateway token new",
                "sensitive": True,
            },
        ],
        "client_config": {
            "protocol": "https",
            "host": "<domain>",
            "authentication": {"strategy": "bearer", "configuration": {"token": "<token>"}},
        },
        "test_request": {"method": "GET", "path": "/v1/health"},
        "endpoints": [_endpoint(item, types) for item in types],
    }


def _endpoint(item: Mapping[str, Any], types: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    name = item["name"]
    endpoint: dict[str, Any] = {"name": name}
    after = _erase_after(item, types)
    if after:
        endpoint["erase_after"] = [f"{_KEY}.{other}" for other in after]
    endpoint["requests"] = {"read": _read(name), "delete": _delete(name)}
    return endpoint


def _read(name: str) -> dict[str, Any]:
    asked = {
        "request": "<privacy_request_id>",
        "object_type": name,
        **{kind: f"<{identity}?>" for kind, identity in _IDENTITIES.items()},
    }
    return {
        "method": "POST",
        "path": "/v1/access",
        "body": json.dumps(asked, indent=2) + "\n",
        "param_values": [
            {"name": identity, "identity": identity} for identity in _IDENTITIES.values()
        ],
        "data_path": "records",
    }


def _delete(name: str) -> dict[str, Any]:
    removed = {
        "request": "<privacy_request_id>",
        "object_type": name,
        "id": "<id>",
        "reviewed": "<te_digest>",
    }
    return {
        "method": "POST",
        "path": "/v1/delete",
        "body": json.dumps(removed, indent=2) + "\n",
        "param_values": [
            {
                "name": field,
                "references": [{"dataset": _KEY, "field": f"{name}.{field}", "direction": "from"}],
            }
            for field in ("id", "te_digest")
        ],
    }


def _erase_after(item: Mapping[str, Any], types: Sequence[Mapping[str, Any]]) -> list[str]:
    """Deletable children go before their parent.

    What the API cannot delete is asked about after its parent: it may be gone by then, and if it is
    not, the gateway's 409 must not keep Fides from deleting the parent.
    """
    children = [
        other["name"]
        for other in types
        if other.get("parent") == item["name"] and other["deletable"]
    ]
    parent = item.get("parent")
    if parent is not None and not item["deletable"]:
        return [*children, parent]
    return children


def _dataset(types: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "fides_key": _KEY,
        "name": "Total Expert",
        "description": "What te-connector's gateway returns, one collection for each object type.",
        "collections": [
            {
                "name": item["name"],
                "description": item["title"],
                "data_categories": [_CATEGORY],
                "fields": [
                    {
                        "name": "id",
                        "data_categories": ["user.unique_id"],
                        "fides_meta": {"primary_key": True, "data_type": "string"},
                    },
                    {"name": "te_digest", "fides_meta": {"data_type": "string"}},
                ],
            }
            for item in types
        ],
    }
