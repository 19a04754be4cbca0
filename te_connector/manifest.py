"""``connector.yaml`` as frozen values, checked whole before anything runs.

All faults of a manifest are told at once, each with its line: what its grammar
(``schemas/manifest.schema.json``) forbids, and references that lead nowhere (a missing schema file,
an undeclared parent, a scope that is not requested).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from te_connector import resources
from te_connector.document import Document, Fault, check, fail, read, read_json
from te_connector.errors import OptionError

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
        try:
            return self.objects[name]
        except (KeyError, TypeError):
            known = ", ".join(self.objects)
            raise OptionError(
                f"There is no such object type in the manifest; it has {known}."
            ) from None

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

    The same unchanged file is parsed once in a process.

    :raises FileFaults: all that is wrong with it, one line each.
    """
    packaged = resources.packaged_manifest()
    path = Path(path).absolute() if path is not None else packaged
    try:
        stamp = path.stat().st_mtime_ns, path.stat().st_size
    except OSError:
        stamp = 0, 0  # reading it will say what is wrong
    return _load(path, stamp, path == packaged or path.resolve() == packaged.resolve())


@functools.lru_cache(maxsize=16)
def _load(path: Path, _stamp: tuple[int, int], packaged: bool) -> Manifest:
    document = read(path)
    fail(check(document, read_json(resources.grammar("manifest"))))
    fail(list(_references(document, path.parent / resources.SCHEMAS_NAME)))
    return _build(document.data, path, packaged)


def _references(document: Document, schemas: Path) -> Iterator[Fault]:
    data = document.data
    for name, item in data["objects"].items():
        place = ("objects", name)
        yield from _scope_fault(document, item, place)
        yield from _schema_faults(document, schemas / item["schema"], (*place, "schema"))
        yield from _parent_faults(document, name, place)
        if "parent" not in item and not item.get("identifiers") and item.get("access", True):
            yield document.fault(
                place, f"{name!r} has neither identifiers nor a parent, so nothing could match it"
            )
        for kind, fields in item.get("identifiers", {}).items():
            yield from _mapping_faults(document, kind, fields, place)
    for name, kind in data["identifiers"].items():
        if kind["compare"] == "phone" and "region" not in kind:
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


def _scope_fault(
    document: Document, item: Mapping[str, Any], place: tuple[str, ...]
) -> Iterator[Fault]:
    requested = document.data["sign_in"]["scopes"]
    if item["scope"] != UNKNOWN_SCOPE and item["scope"] not in requested:
        yield document.fault(
            (*place, "scope"),
            f"scope {item['scope']!r} is not requested; add it to sign_in.scopes or write unknown",
        )


def _schema_faults(document: Document, file: Path, place: tuple[str, ...]) -> Iterator[Fault]:
    from te_connector.schemas import faults_of

    if not file.is_file():
        yield document.fault(place, f"the schema file {file.name!r} is not in {file.parent}")
        return
    yield from faults_of(file)


def _parent_faults(document: Document, name: str, place: tuple[str, ...]) -> Iterator[Fault]:
    objects = document.data["objects"]
    parent = objects[name].get("parent")
    if parent is None:
        return
    where = (*place, "parent", "object")
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
    document: Document, kind: str, fields: list[dict[str, Any]], place: tuple[str, ...]
) -> Iterator[Fault]:
    kinds = document.data["identifiers"]
    here = (*place, "identifiers", kind)
    if kind not in kinds:
        known = ", ".join(kinds)
        yield document.key_fault(here, f"identifier kind {kind!r} is not declared; known: {known}")
        return
    compare = kinds[kind]["compare"]
    for index, mapped in enumerate(fields):
        if "source" in mapped and compare != "external_id":
            yield document.fault((*here, index, "source"), "only external ids have a source")
        if mapped.get("by_id") and compare != "id":
            yield document.fault((*here, index, "by_id"), "only ids can be read by id")


def _build(data: Mapping[str, Any], path: Path, packaged: bool) -> Manifest:
    paging, limits, query = data["paging"], data["limits"], data.get("query", {})
    past_end = paging.get("past_end")
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
        paging=Paging(
            number=paging["number"],
            size=paging["size"],
            page_size=paging["page_size"],
            items=tuple(paging["items"]),
            links=paging["links"],
            past_end_status=past_end["status"] if past_end else None,
            past_end_error=past_end["error"] if past_end else "",
            max_pages=paging.get("max_pages", 100000),
        ),
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
