"""``connector.yaml`` as frozen values, checked whole before anything runs.

All faults of a manifest are told at once, each with its line: what its grammar
(``schemas/manifest.schema.json``) forbids, and references that lead nowhere (a missing schema file,
an undeclared parent, a scope that is not requested).
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from te_connector.errors import Fault, OptionError
from te_connector.manifest import locations as resources
from te_connector.text.document import Document, check, fail, obeys, read, read_json

UNKNOWN_SCOPE = "unknown"
DEFAULT_INSTEAD = "The API cannot delete this; ask the system's support to erase it."

Compare = Literal["email", "phone", "id", "external_id"]


@attrs.frozen
class Limit:
    """So many requests in any window of so many seconds."""

    count: int
    seconds: float


@attrs.frozen
class SignIn:
    """How a token is had."""

    path: str
    body: Literal["json", "form"]
    scopes: tuple[str, ...]


@attrs.frozen
class Paging:
    """How the API pages its lists."""

    number: str
    size: str
    page_size: int
    items: tuple[str, ...]
    links: str
    past_end_status: int | None
    past_end_error: str
    max_pages: int


@attrs.frozen
class Kind:
    """One kind of identifier: how its values are compared."""

    name: str
    title: str
    compare: Compare
    region: str


@attrs.frozen
class Mapped:
    """One field of an object type that answers one kind of identifier."""

    kind: str
    field: str
    source: str | None
    filter: str | None
    by_id: bool


@attrs.frozen
class Parent:
    """How objects of a child type name their parent."""

    object: str
    field: str
    filter: str | None


@attrs.frozen
class Archived:
    """The field and value that mark an object archived: kept, so not erased."""

    field: str
    value: str | float | bool


@attrs.frozen
class ObjectType:
    """One kind of thing that the API lists."""

    name: str
    title: str
    path: str
    schema: str
    scope: str | None
    id_field: str
    id_shape: Literal["integer", "hex", "uuid", "text"]
    order_key: str
    sort: str | None
    page_size: int
    mapped: tuple[Mapped, ...]
    parent: Parent | None
    access: bool
    deletable: bool
    instead: str
    archived: Archived | None

    def fields(self) -> dict[str, list[str]]:
        """The mapped fields by identifier kind, as coverage and discovery tell them."""
        if self.parent is not None:
            return {self.parent.object: [self.parent.field]}
        fields: dict[str, list[str]] = {}
        for mapped in self.mapped:
            fields.setdefault(mapped.kind, []).append(mapped.field)
        return fields


@attrs.frozen
class NotSearched:
    """Something that the system may hold about a person and that is not looked at."""

    what: str
    why: str
    where: str | None


@attrs.frozen
class Manifest:
    """All that the connector knows of the CRM."""

    path: Path
    packaged: bool
    connector: str
    version: str
    api_version: str
    title: str
    base_url: str | None
    sign_in: SignIn
    requests: Limit
    tokens: Limit
    retry_for: float
    paging: Paging
    filter_param: str
    sort_param: str
    kinds: Mapping[str, Kind]
    objects: Mapping[str, ObjectType]
    not_searched: tuple[NotSearched, ...]

    @property
    def schemas_folder(self) -> Path:
        """The folder of the object types' schemas, beside the manifest."""
        return self.path.parent / resources.SCHEMAS_NAME

    def object_type(self, name: str) -> ObjectType:
        """The object type of that name.

        :raises OptionError: the manifest declares none of that name.
        """
        if not isinstance(name, str) or name not in self.objects:
            known = ", ".join(self.objects)
            raise OptionError(f"There is no such object type in the manifest; it has {known}.")
        return self.objects[name]

    def parents_first(self) -> list[ObjectType]:
        """All object types, each after the type that it belongs to."""
        ordered: list[ObjectType] = []
        waiting = list(self.objects.values())
        while waiting:
            for item in waiting:
                if item.parent is None or any(item.parent.object == done.name for done in ordered):
                    ordered.append(item)
                    waiting.remove(item)
                    break
        return ordered


def load(path: Path | None = None) -> Manifest:
    """The manifest at ``path``, or the packaged one.

    The same unchanged files are parsed once in a process.

    :raises FileFaults: all that is wrong with it, one line each.
    """
    packaged = resources.packaged_manifest()
    path = Path(path).absolute() if path is not None else packaged
    return _load(path, _stamp(path), path == packaged or path.resolve() == packaged.resolve())


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when the manifest or a file in its schemas folder does."""
    found = []
    with contextlib.suppress(OSError):  # reading it will say what is wrong
        for file in (path, *sorted((path.parent / resources.SCHEMAS_NAME).glob("*.json"))):
            status = file.stat()
            found.append((file.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


@functools.lru_cache(maxsize=16)
def _load(path: Path, _stamp: tuple[tuple[str, int, int], ...], packaged: bool) -> Manifest:
    document = read(path, keep=True)
    grammar = read_json(resources.grammar("manifest"))
    unreadable = {fault.line for fault in document.faults}
    found = [
        *check(document, grammar),
        *_references(_Sound.of(document, grammar), path.parent / resources.SCHEMAS_NAME),
    ]
    follows = [fault for fault in found if fault.path == str(path) and fault.line in unreadable]
    fail([*document.faults, *(fault for fault in found if fault not in follows)])
    return _build(document.data, path, packaged)


@attrs.frozen
class _Sound:
    """What of a manifest obeys the grammar, so that its references can be followed."""

    document: Document
    scopes: tuple[str, ...] | None
    kinds: Mapping[str, Mapping[str, Any]]
    objects: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, document: Document, grammar: Mapping[str, Any]) -> _Sound:
        """All that is declared, without the keys whose values break the grammar."""
        rules = grammar["properties"]
        data = document.data if isinstance(document.data, dict) else {}
        sign_in = _keys(data.get("sign_in"), rules["sign_in"])
        return cls(
            document,
            tuple(sign_in["scopes"]) if "scopes" in sign_in else None,
            _items(data.get("identifiers"), rules["identifiers"]["additionalProperties"]),
            _items(data.get("objects"), grammar["$defs"]["object"]),
        )


def _items(given: Any, rule: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    items = given if isinstance(given, dict) else {}
    return {name: _keys(item, rule) for name, item in items.items()}


def _keys(given: Any, rule: Mapping[str, Any]) -> dict[str, Any]:
    keys = given if isinstance(given, dict) else {}
    rules = rule["properties"]
    return {key: keys[key] for key in rules if key in keys and obeys(keys[key], rules[key])}


def _references(sound: _Sound, schemas: Path) -> Iterator[Fault]:
    document = sound.document
    for name, item in sound.objects.items():
        place = ("objects", name)
        if "scope" in item:
            yield from _scope_fault(sound, item["scope"], place)
        if "schema" in item:
            yield from _schema_faults(document, schemas / item["schema"], (*place, "schema"))
        if "parent" in item:
            yield from _parent_faults(sound, name, place)
        elif _matches_nothing(document.data["objects"][name]):
            yield document.fault(
                place, f"{name!r} has neither identifiers nor a parent, so nothing could match it"
            )
        for kind, fields in item.get("identifiers", {}).items():
            yield from _mapping_faults(sound, kind, fields, place)
    for name, kind in sound.kinds.items():
        yield from _kind_faults(document, name, kind)


def _matches_nothing(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and "parent" not in item
        and item.get("identifiers", {}) == {}
        and item.get("access", True) is True
    )


def _kind_faults(document: Document, name: str, kind: Mapping[str, Any]) -> Iterator[Fault]:
    given = document.data["identifiers"][name]
    if kind.get("compare") == "phone" and "region" not in given:
        yield document.fault(
            ("identifiers", name), f"{name!r} compares phones and needs a region, such as US"
        )
    if "region" in kind and not _region_known(kind["region"]):
        yield document.fault(
            ("identifiers", name, "region"),
            "the region is no country that has phone numbers; write a code such as US",
        )


def _region_known(region: str) -> bool:
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


def _scope_fault(sound: _Sound, scope: str, place: tuple[str, ...]) -> Iterator[Fault]:
    if sound.scopes is not None and scope not in (UNKNOWN_SCOPE, *sound.scopes):
        yield sound.document.fault(
            (*place, "scope"),
            f"scope {scope!r} is not requested; add it to sign_in.scopes or write unknown",
        )


def _schema_faults(document: Document, file: Path, place: tuple[str, ...]) -> Iterator[Fault]:
    from te_connector.manifest.schemas import faults_of

    if not (file.is_file() and file.resolve().is_relative_to(file.parent.resolve())):
        yield document.fault(place, f"the schema file {file.name!r} is not in {file.parent}")
        return
    packaged = resources.root() / resources.SCHEMAS_NAME / file.name
    if packaged.is_file() and file.read_bytes() == packaged.read_bytes():
        return  # the package's own, which the tests check: most of the cost of loading
    yield from faults_of(file)


def _parent_faults(sound: _Sound, name: str, place: tuple[str, ...]) -> Iterator[Fault]:
    document, objects = sound.document, sound.objects
    parent, where = objects[name]["parent"], (*place, "parent", "object")
    if parent["object"] not in objects:
        yield document.fault(
            where, f"the parent {parent['object']!r} is not declared under objects"
        )
        return
    seen = {name}
    while parent is not None:
        if parent["object"] in seen:
            yield document.fault(where, f"{name!r} is its own ancestor; break the circle")
            return
        seen.add(parent["object"])
        parent = objects.get(parent["object"], {}).get("parent")
    if objects[name].get("identifiers"):
        yield document.fault(
            (*place, "identifiers"), "a type with a parent is found through it; drop identifiers"
        )


def _mapping_faults(
    sound: _Sound, kind: str, fields: list[dict[str, Any]], place: tuple[str, ...]
) -> Iterator[Fault]:
    document, here = sound.document, (*place, "identifiers", kind)
    if kind not in sound.kinds:
        known = ", ".join(sound.kinds)
        yield document.key_fault(here, f"identifier kind {kind!r} is not declared; known: {known}")
        return
    compare = sound.kinds[kind].get("compare")
    for index, mapped in enumerate(fields) if compare is not None else ():
        if "source" in mapped and compare != "external_id":
            yield document.fault((*here, index, "source"), "only external ids have a source")
        if mapped.get("by_id") and compare != "id":
            yield document.fault((*here, index, "by_id"), "only ids can be read by id")


def _build(data: Mapping[str, Any], path: Path, packaged: bool) -> Manifest:
    paging, limits, query = data["paging"], data["limits"], data.get("query", {})
    return Manifest(
        path=path,
        packaged=packaged,
        connector=data["connector"],
        version=data["version"],
        api_version=data["api_version"],
        title=data.get("title", data["connector"]),
        base_url=data.get("base_url"),
        sign_in=SignIn(
            data["sign_in"]["path"],
            data["sign_in"].get("body", "json"),
            tuple(data["sign_in"]["scopes"]),
        ),
        requests=Limit(**limits["requests"]),
        tokens=Limit(**limits["tokens"]),
        retry_for=limits["retry_for"],
        paging=_paging(paging),
        filter_param=query.get("filter", "filter"),
        sort_param=query.get("sort", "sort"),
        kinds={
            name: Kind(name, kind.get("title", name), kind["compare"], kind.get("region", "US"))
            for name, kind in data["identifiers"].items()
        },
        objects={
            name: _object_type(name, item, paging["page_size"])
            for name, item in data["objects"].items()
        },
        not_searched=tuple(
            NotSearched(item["what"], item["why"], item.get("where"))
            for item in data.get("not_searched", [])
        ),
    )


def _paging(paging: Mapping[str, Any]) -> Paging:
    past_end = paging.get("past_end")
    return Paging(
        number=paging["number"],
        size=paging["size"],
        page_size=paging["page_size"],
        items=tuple(paging["items"]),
        links=paging["links"],
        past_end_status=past_end["status"] if past_end else None,
        past_end_error=past_end["error"] if past_end else "",
        max_pages=paging.get("max_pages", 100000),
    )


def _object_type(name: str, item: Mapping[str, Any], page_size: int) -> ObjectType:
    ids, order, delete = item.get("id", {}), item.get("order", {}), item.get("delete", {})
    parent, archived = item.get("parent"), item.get("archived")
    id_field = ids.get("field", "id")
    return ObjectType(
        name=name,
        title=item.get("title", name.replace("_", " ").capitalize()),
        path=item["path"],
        schema=item["schema"],
        scope=None if item["scope"] == UNKNOWN_SCOPE else item["scope"],
        id_field=id_field,
        id_shape=ids.get("shape", "text"),
        order_key=order.get("key", id_field),
        sort=order.get("sort"),
        page_size=item.get("page_size", page_size),
        mapped=tuple(
            Mapped(
                kind,
                mapped["field"],
                mapped.get("source"),
                mapped.get("filter"),
                mapped.get("by_id", False),
            )
            for kind, fields in item.get("identifiers", {}).items()
            for mapped in fields
        ),
        parent=Parent(parent["object"], parent["field"], parent.get("filter")) if parent else None,
        access=item.get("access", True),
        deletable=delete.get("allowed", False),
        instead=delete.get("instead", DEFAULT_INSTEAD),
        archived=Archived(archived["field"], archived["value"]) if archived else None,
    )
