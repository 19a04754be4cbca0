"""The gateway's OpenAPI 3.1 document: ``openapi.yaml``, with the manifest's types and identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def document(discovery: Mapping[str, Any]) -> dict[str, Any]:
    """The document for what ``discover`` says. Every route, body, and status of the gateway is in it."""
    searched = [item for item in discovery["object_types"] if item["access"]]
    kinds = sorted({kind for item in searched for kind in item["identifiers"]})
    template = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    types = [item["name"] for item in searched]
    filled: dict[str, Any] = _filled(template, {"$TYPES": types, "$KINDS": kinds})
    properties = filled["components"]["schemas"]["Search"]["properties"]
    properties.update({key: {"$ref": "#/components/schemas/Values"} for key in kinds})
    return filled


def _filled(value: Any, names: Mapping[str, list[str]]) -> Any:
    """The template with each name in a list replaced by the texts that it means."""
    if isinstance(value, dict):
        return {key: _filled(below, names) for key, below in value.items()}
    if isinstance(value, list):
        return [item for below in value for item in _items(below, names)]
    return value


def _items(value: Any, names: Mapping[str, list[str]]) -> list[Any]:
    if isinstance(value, str) and value in names:
        return names[value]
    return [_filled(value, names)]
