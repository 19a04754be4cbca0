"""The gateway's OpenAPI 3.1 document, made from what ``discover`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}


def document(discovery: Mapping[str, Any]) -> dict[str, Any]:
    """The document. Every route, body and status that the gateway has is in it."""
    types = [item["name"] for item in discovery["object_types"] if item["access"]]
    kinds = sorted(
        {
            kind
            for item in discovery["object_types"]
            if item["access"]
            for kind in item["identifiers"]
        }
    )
    search = {"$ref": "#/components/schemas/Search"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "te-connector gateway",
            "version": "1",
            "description": "Finds and deletes what Total Expert holds about a person.",
        },
        "security": [{"token": []}],
        "paths": {
            "/v1/health": {
                "get": _operation("health", "Check the connection", None, "Health", [503]),
            },
            "/v1/openapi.json": {
                "get": {
                    **_operation("openapi", "This document", None, None, []),
                    "security": [],
                },
            },
            "/v1/access": {
                "post": _operation("access", "Find a person's records", search, "Found"),
            },
            "/v1/access/list": {
                "post": _operation("accessList", "The same, as a plain array", search, "List"),
            },
            "/v1/delete": {
                "post": _operation(
                    "delete",
                    "Delete one record that was shown",
                    {"$ref": "#/components/schemas/Deletion"},
                    "Receipt",
                    [400, 409, 413, 502, 503],
                ),
            },
            "/v1/delete/shown": {
                "post": _operation("deleteShown", "Delete all that was shown", search, "Receipts"),
            },
            "/v1/identifiers/{kind}": {
                "parameters": [
                    {
                        "name": "kind",
                        "in": "path",
                        "required": True,
                        "schema": {"enum": kinds, "type": "string"},
                    }
                ],
                "post": _operation(
                    "identifiers",
                    "A person's other identifiers",
                    search,
                    "Identifiers",
                    [400, 404, 409, 413, 503],
                ),
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(types, kinds),
        },
    }


def _operation(
    name: str,
    summary: str,
    body: Mapping[str, Any] | None,
    answer: str | None,
    errors: list[int] | None = None,
) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{answer}"} if answer else {"type": "object"}
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _response("Done", schema)},
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    statuses = [400, 409, 413, 503] if errors is None else errors
    for status in [401, 403, *statuses] if answer else statuses:
        operation["responses"][str(status)] = _error(status)
    return operation


def _response(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": schema}},
    }


def _error(status: int) -> dict[str, Any]:
    meaning = {
        400: "The body cannot be used",
        401: "No valid token",
        403: "Not over TLS",
        404: "Unknown kind of identifier",
        409: "A person must decide, or the search stayed incomplete: the code says which",
        413: "The body is larger than 1 MiB",
        502: "The deletion failed, or could not be proven",
        503: "Still running, incomplete, or the connection does not work: ask again",
    }[status]
    answer = _response(meaning, {"$ref": "#/components/schemas/ErrorOrReceipt"})
    if status == 503:
        answer["headers"] = {
            "Retry-After": {"schema": {"type": "integer", "minimum": 1, "maximum": 300}}
        }
    return answer


def _schemas(types: list[str], kinds: list[str]) -> dict[str, Any]:
    values = {
        "anyOf": [
            {"type": ["string", "null"], "maxLength": 1000},
            {
                "type": "array",
                "maxItems": 50,
                "items": {"type": ["string", "null"], "maxLength": 1000},
            },
        ]
    }
    request = {"type": "string", "minLength": 1, "maxLength": 200}
    receipt = {
        "type": "object",
        "required": ["receipt_id", "object_type", "id", "status", "verified", "at", "reason"],
        "properties": {
            "receipt_id": _TEXT,
            "object_type": {"type": "string", "enum": types},
            "id": _TEXT,
            "status": {
                "type": "string",
                "enum": ["deleted", "already_absent", "refused", "not_deletable", "failed"],
            },
            "verified": {"type": "boolean"},
            "at": _TEXT,
            "reason": _TEXT,
        },
    }
    error = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {"code": _TEXT, "detail": _TEXT},
    }
    return {
        "Search": {
            "type": "object",
            "additionalProperties": False,
            "required": ["request"],
            "properties": {
                "request": request,
                "object_type": {"type": ["string", "null"], "enum": [*types, None]},
                **dict.fromkeys(kinds, values),
            },
        },
        "Deletion": {
            "type": "object",
            "additionalProperties": False,
            "required": ["request", "object_type", "id"],
            "properties": {
                "request": request,
                "object_type": {"type": "string", "enum": types},
                "id": {"type": "string", "minLength": 1, "maxLength": 1000},
                "reviewed": {"type": ["string", "null"], "maxLength": 1000},
            },
        },
        "Found": {
            "type": "object",
            "required": ["records", "coverage", "problems"],
            "properties": {
                "records": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": [
                            "id", "object_type", "te_digest", "te_strength", "deletable", "data",
                        ],
                        "properties": {
                            "id": _TEXT,
                            "object_type": {"type": "string", "enum": types},
                            "te_digest": _TEXT,
                            "te_strength": {"type": "string", "enum": ["strong", "weak"]},
                            "deletable": {"type": "boolean"},
                            "data": {"type": "object"},
                        },
                    },
                },
                "coverage": {"type": "array", "items": {"type": "object"}},
                "problems": {"type": "array", "items": {"type": "object"}},
            },
        },
        "List": {
            "type": "array",
            "items": {"type": "object", "required": ["object_type", "id"]},
        },
        "Identifiers": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": _TEXT},
        },
        "Receipt": receipt,
        "Receipts": {
            "type": "object",
            "required": ["receipts"],
            "properties": {"receipts": {"type": "array", "items": receipt}},
        },
        "Health": {
            "type": "object",
            "required": ["ok", "checks"],
            "properties": {
                "ok": {"type": "boolean"},
                "checks": {"type": "array", "items": {"type": "object"}},
            },
        },
        "ErrorOrReceipt": {"anyOf": [error, receipt, {"$ref": "#/components/schemas/Health"}]},
    }  # fmt: skip
