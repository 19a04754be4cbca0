"""What a grammar can't say of a manifest: names that lead nowhere, and fields no schema describes.

A part that breaks the grammar is left out here, so that one mistake isn't reported twice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from te_connector.errors import Fault
from te_connector.manifest import locations
from te_connector.manifest.described import field_uses, undescribed
from te_connector.text.check import meant, obeys
from te_connector.text.document import Document, Place

UNKNOWN_SCOPE = "unknown"


@attrs.frozen
class _Sound:
    """The parts of a manifest that obey the grammar, so that its references can be followed."""

    document: Document
    schemas: Path
    scopes: tuple[str, ...] | None
    kinds: Mapping[str, Mapping[str, Any]]
    objects: Mapping[str, Mapping[str, Any]]
    top: Mapping[str, Any]

    @classmethod
    def of(cls, document: Document, grammar: Mapping[str, Any], schemas: Path) -> _Sound:
        """Everything declared, without the keys whose values break the grammar."""
        rules = grammar["properties"]
        data = document.data if isinstance(document.data, dict) else {}
        sign_in = _keys(data.get("sign_in"), rules["sign_in"])
        return cls(
            document,
            schemas,
            tuple(sign_in["scopes"]) if "scopes" in sign_in else None,
            _items(data.get("identifiers"), rules["identifiers"]["additionalProperties"]),
            _items(data.get("objects"), grammar["$defs"]["object"]),
            _keys(data, {"properties": {key: rules[key] for key in ("base_url", "paging")}}),
        )


def _items(given: Any, rule: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    items = given if isinstance(given, dict) else {}
    return {name: _keys(item, rule) for name, item in items.items()}


def _keys(given: Any, rule: Mapping[str, Any]) -> dict[str, Any]:
    keys = given if isinstance(given, dict) else {}
    rules = rule["properties"]
    return {key: keys[key] for key in rules if key in keys and obeys(keys[key], rules[key])}


def reference_faults(
    document: Document, grammar: Mapping[str, Any], schemas: Path
) -> Iterator[Fault]:
    """Every reference that leads nowhere. ``schemas`` is the folder of the object types' schemas."""
    sound = _Sound.of(document, grammar, schemas)
    yield from _base_url_faults(sound)
    yield from _paging_faults(sound)
    for name, kind in sound.kinds.items():
        yield from _kind_faults(sound, name, kind)
    for name, item in sound.objects.items():
        yield from _object_faults(sound, name, item)


def _base_url_faults(sound: _Sound) -> Iterator[Fault]:
    """Plain http is accepted to this machine alone: the token would be readable on the way."""
    parts = urlsplit(sound.top.get("base_url", ""))
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        yield sound.document.fault(
            ("base_url",),
            "plain http is only accepted for this machine, since it would expose the token; write "
            "https",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _paging_faults(sound: _Sound) -> Iterator[Fault]:
    paging = sound.top.get("paging", {})
    items = paging.get("items", [])
    for index, key in enumerate(items):
        if key == paging.get("links"):
            yield sound.document.fault(
                ("paging", "items", index),
                f"{key!r} can't hold both the objects and the page links",
            )
        elif key in items[:index]:
            yield sound.document.fault(
                ("paging", "items", index), f"{key!r} is listed twice; keep one"
            )
    if paging and paging.get("number") == paging.get("size"):
        yield sound.document.fault(
            ("paging", "size"), "the page number and the page size need different parameters"
        )


def _kind_faults(sound: _Sound, name: str, kind: Mapping[str, Any]) -> Iterator[Fault]:
    document, place = sound.document, ("identifiers", name)
    compare = kind.get("compare")
    given = (*document.data["identifiers"][name], *document.lost)
    if compare == "phone" and "region" not in given:
        yield document.fault(place, f"{name!r} compares phones and needs a region, such as US")
    if "region" in kind and not _region_known(kind["region"]):
        yield document.fault(
            (*place, "region"),
            "the region is no country that has phone numbers; write a code such as US",
        )
    if "alone" in kind and compare not in (None, "phone"):
        yield document.fault((*place, "alone"), "only phones have 'alone'; remove it")
    if "default" in kind:
        yield from _default_faults(sound, name, kind["default"])


def _default_faults(sound: _Sound, name: str, default: str) -> Iterator[Fault]:
    """The type that a bare id means must exist and map the kind."""
    place = ("identifiers", name, "default")
    if sound.kinds[name].get("compare") not in (None, "id"):
        yield sound.document.fault(place, "only ids have a default object type; remove it")
    elif default not in (*sound.objects, *sound.document.lost):
        likely = meant(default, list(sound.objects))
        yield sound.document.fault(place, f"there is no object type {default!r}{likely}")
    elif not _maps(sound.objects.get(default, {}), name):
        yield sound.document.fault(place, f"{default!r} maps no field to {name!r}")


def _maps(item: Mapping[str, Any], kind: str) -> bool:
    """Whether an object type maps a kind; true where its identifiers can't be read."""
    return "parent" not in item and kind in item.get("identifiers", (kind,))


def _region_known(region: str) -> bool:
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


def _object_faults(sound: _Sound, name: str, item: Mapping[str, Any]) -> Iterator[Fault]:
    place = ("objects", name)
    if "scope" in item and item.get("access", True):
        yield from _scope_faults(sound, item["scope"], place)
    if "parent" in item:
        yield from _parent_faults(sound, name, place)
    elif _matches_nothing(sound.document, name):
        yield sound.document.fault(
            place, f"{name!r} has neither identifiers nor a parent, so nothing could match it"
        )
    for kind, fields in item.get("identifiers", {}).items():
        yield from _mapping_faults(sound, kind, fields, place)
    if "schema" in item:
        yield from _schema_faults(sound, item, place)


def _matches_nothing(document: Document, name: str) -> bool:
    item = document.data["objects"][name]
    return (
        isinstance(item, dict)
        and not {"parent", "identifiers"} & document.lost
        and "parent" not in item
        and item.get("identifiers", {}) == {}
        and item.get("access", True) is True
    )


def _scope_faults(sound: _Sound, scope: str, place: Place) -> Iterator[Fault]:
    if sound.scopes is not None and scope not in (UNKNOWN_SCOPE, *sound.scopes):
        yield sound.document.fault(
            (*place, "scope"),
            f"scope {scope!r} is not requested; add it to sign_in.scopes or write unknown",
        )


def _parent_faults(sound: _Sound, name: str, place: Place) -> Iterator[Fault]:
    document, objects = sound.document, sound.objects
    parent, where = objects[name]["parent"], (*place, "parent", "object")
    if parent["object"] in document.lost:
        return
    if parent["object"] not in objects:
        likely = meant(parent["object"], list(objects))
        yield document.fault(
            where, f"the parent {parent['object']!r} is not declared under objects{likely}"
        )
        return
    seen = {name}
    while parent is not None:
        if parent["object"] in seen:
            yield document.fault(where, f"{name!r} is its own ancestor; break the circle")
            return
        seen.add(parent["object"])
        parent = objects.get(parent["object"], {}).get("parent")
    if not {"field", "fields"} & {*objects[name]["parent"], *document.lost}:
        yield document.fault((*place, "parent"), "'parent' lacks the key 'field'; add it")
    if {"field", "fields"} <= set(objects[name]["parent"]):
        yield document.fault(
            (*place, "parent", "fields"), "write either 'field' or 'fields', not both"
        )
    if objects[name].get("identifiers"):
        yield document.fault(
            (*place, "identifiers"), "a type with a parent is found through it; drop identifiers"
        )


def _mapping_faults(
    sound: _Sound, kind: str, fields: list[dict[str, Any]], place: Place
) -> Iterator[Fault]:
    document, here = sound.document, (*place, "identifiers", kind)
    if kind in document.lost:
        return
    if kind not in sound.kinds:
        known = ", ".join(sound.kinds)
        yield document.key_fault(here, f"identifier kind {kind!r} is not declared; known: {known}")
        return
    compare = sound.kinds[kind].get("compare")
    seen: set[str] = set()
    for index, mapping in enumerate(fields) if compare is not None else ():
        if "source" in mapping and compare != "external_id":
            yield document.fault((*here, index, "source"), "only external ids have a source")
        if mapping.get("by_id") and compare != "id":
            yield document.fault((*here, index, "by_id"), "only ids can be read by id")
        if mapping["field"] in seen:
            yield document.fault((*here, index), f"{mapping['field']!r} is mapped twice; keep one")
        seen.add(mapping["field"])


def _schema_faults(sound: _Sound, item: Mapping[str, Any], place: Place) -> Iterator[Fault]:
    """Faults of the schema's file, or else the fields that it doesn't describe."""
    from te_connector.manifest.schemas import faults_of, load

    file, document = sound.schemas / item["schema"], sound.document
    if not (file.is_file() and file.resolve().is_relative_to(file.parent.resolve())):
        yield document.fault(
            (*place, "schema"), f"the schema file {file.name!r} is not in {file.parent}"
        )
        return
    packaged = locations.root() / locations.SCHEMAS_NAME / file.name
    if not (packaged.is_file() and file.read_bytes() == packaged.read_bytes()):
        # The package's own schemas are checked by its tests: most of the cost of loading.
        faults = list(faults_of(file))
        if faults:
            yield from faults
            return
    yield from undescribed(document, load(file), field_uses(item, place), file.name)
