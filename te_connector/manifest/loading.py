"""Reads ``connector.yaml``, reports all its faults at once, and builds the model.

The grammar (``schemas/manifest.schema.json``) says what a manifest may hold, for this check and for
editors alike. :mod:`te_connector.manifest.references` checks what a grammar can't say. What passes both
is structured by cattrs, which refuses any key that the model doesn't have.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cattrs

from te_connector.manifest import locations
from te_connector.manifest.model import Archived, Manifest
from te_connector.manifest.references import UNKNOWN_SCOPE, reference_faults
from te_connector.text.check import check, without_followers
from te_connector.text.document import fail, read, read_json

_OBJECT = {  # keys of the file that have a name of their own in the model
    "id.field": "id_field",
    "id.shape": "id_shape",
    "order.key": "order_key",
    "order.sort": "sorts",
    "delete.allowed": "deletable",
    "delete.instead": "instead",
}
_PAGING = {"past_end.status": "past_end_status", "past_end.error": "past_end_error"}
_MANIFEST = {
    "limits.requests": "requests",
    "limits.tokens": "tokens",
    "limits.retry_for": "retry_for",
    "query.filter": "filter_param",
    "query.sort": "sort_param",
    "identifiers": "kinds",
}


def load(path: Path | None = None) -> Manifest:
    """The manifest at ``path``, or the packaged one.

    Files that haven't changed are parsed once in a process.

    :raises FileFaults: everything that is wrong with it.
    """
    packaged = locations.packaged_manifest()
    path = Path(path).expanduser().absolute() if path is not None else packaged
    return _load(path, _stamp(path), path == packaged or path.resolve() == packaged.resolve())


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when the manifest or a file in its schemas folder does."""
    found = []
    with contextlib.suppress(OSError):  # reading it reports what is wrong
        for file in (path, *sorted((path.parent / locations.SCHEMAS_NAME).glob("*.json"))):
            status = file.stat()
            found.append((file.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


@functools.lru_cache(maxsize=16)
def _load(path: Path, _stamp: tuple[tuple[str, int, int], ...], packaged: bool) -> Manifest:
    document = read(path, keep=True)
    grammar = read_json(locations.grammar("manifest"))
    schemas = path.parent / locations.SCHEMAS_NAME
    found = [*check(document, grammar), *reference_faults(document, grammar, schemas)]
    fail([*document.faults, *without_followers(document, found)])
    return structure(document.data, path, packaged=packaged)


def structure(data: Mapping[str, Any], path: Path, *, packaged: bool) -> Manifest:
    """The model of a manifest without faults.

    :raises cattrs.BaseValidationError: the data isn't what the grammar permits.
    """
    paging = _renamed(data["paging"], _PAGING)
    objects = {
        name: _object(name, item, paging["page_size"]) for name, item in data["objects"].items()
    }
    kinds = {
        name: {"title": name, **kind, "name": name} for name, kind in data["identifiers"].items()
    }
    flat = {"title": data["connector"], **_renamed(data, _MANIFEST)}
    flat |= {"paging": paging, "objects": objects, "kinds": kinds}
    return _converter().structure({**flat, "path": path, "packaged": packaged}, Manifest)


def _renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The data with the named keys, nested ones too, under their names in the model."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if key in names:
            flat[names[key]] = value
        elif any(name.startswith(f"{key}.") for name in names):
            flat |= {names.get(f"{key}.{inner}", inner): item for inner, item in value.items()}
        else:
            flat[key] = value
    return flat


def _object(name: str, item: Mapping[str, Any], page_size: int) -> dict[str, Any]:
    flat = _renamed(item, _OBJECT)
    identifiers = flat.pop("identifiers", {})
    mapped = [
        {**mapping, "kind": kind} for kind, listed in identifiers.items() for mapping in listed
    ]
    defaults = {
        "title": name.replace("_", " ").capitalize(),
        "page_size": page_size,
        "order_key": flat.get("id_field", "id"),
    }
    if "field" in flat.get("parent", {}):
        parent = flat["parent"]
        rest = {key: value for key, value in parent.items() if key != "field"}
        flat["parent"] = {**rest, "fields": [parent["field"]]}
    if isinstance(flat.get("sorts"), str):
        flat["sorts"] = [flat["sorts"]]
    scope = None if flat["scope"] == UNKNOWN_SCOPE else flat["scope"]
    return {**defaults, **flat, "name": name, "scope": scope, "mapped": mapped}


@functools.lru_cache(maxsize=1)
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Archived, lambda value, _: Archived(**value))
    converter.register_structure_hook(Path, lambda value, _: value)
    return converter
