"""``connector.yaml`` as frozen values: everything the connector knows of the CRM.

:mod:`te_connector.manifest.loading` reads the file and checks it. ``docs/manifest.md`` explains every
key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from te_connector.errors import OptionError
from te_connector.manifest import locations

DEFAULT_INSTEAD = "The API can't delete this. Ask the system's support to erase it."

Compare = Literal["email", "phone", "id", "external_id"]
"""How two values are compared; ``docs/matching.md`` has the rules."""
IdShape = Literal["integer", "hex", "uuid", "text"]
"""What an id looks like. Anything else is never sent as one."""


@attrs.frozen
class Limit:
    """At most ``count`` requests in any window of ``seconds``."""

    count: int
    seconds: float


@attrs.frozen
class SignIn:
    """How to get a token."""

    path: str
    scopes: tuple[str, ...]
    body: Literal["json", "form"] = "json"
    grant: Literal["client_credentials"] = "client_credentials"


@attrs.frozen
class Paging:
    """How the API pages its lists."""

    number: str
    """The query parameter of the page number."""
    size: str
    """The query parameter of the page size."""
    page_size: int
    items: tuple[str, ...]
    """The keys that may hold a page's objects; the first one present counts."""
    links: str
    """The key that holds the numbers of the first, last, next and previous page."""
    past_end_status: int | None = None
    """The HTTP status of a page past the end; None if the API doesn't document one."""
    past_end_error: str = ""
    """Part of that answer's error text. Without it, the status is a refusal like any other."""
    max_pages: int = 100_000
    """A list that claims more pages is taken for a fault of the server."""


@attrs.frozen
class IdentifierKind:
    """One kind of identifier that a subject may give."""

    name: str
    title: str
    compare: Compare
    region: str = "US"
    """For phones: the country of numbers that are written without one."""
    alone: Literal["strong", "weak"] = "weak"
    """For phones: how strong a match by nothing but a phone is."""
    default: str | None = None
    """For ids: the object type that an id given without a type means."""


@attrs.frozen
class FieldMapping:
    """One field of an object type that is compared with one kind of identifier."""

    kind: str
    field: str
    """The field's name, or its path such as ``external_ids[].external_id``."""
    source: str | None = None
    """For external ids: the field beside it that names the source."""
    filter: str | None = None
    """The API's documented filter on this field. It saves requests and never decides a match."""
    by_id: bool = False
    """Whether an object can be read at ``path/value``."""
    optional: bool = False
    """Whether the field may be missing from every object without a doubt about completeness."""


@attrs.frozen
class Parent:
    """How objects of a child type name their parents."""

    object: str
    """The parents' object type."""
    fields: tuple[str, ...]
    """The paths of the fields that hold a parent's id. The first is the main person's; a match by
    any other is weak."""
    filter: str | None = None
    """The API's filter on the first field, if there may be one."""

    @property
    def field(self) -> str:
        """The path of the field that holds the main parent's id."""
        return self.fields[0]


@attrs.frozen
class Archived:
    """The field and value that mark an object archived: suppressed, so not erased."""

    field: str
    value: str | float | bool


@attrs.frozen
class ObjectType:
    """One kind of thing that the API lists."""

    name: str
    title: str
    path: str
    schema: str
    """The name of its JSON Schema's file."""
    scope: str | None
    """The scope that reading needs; None if it isn't documented."""
    page_size: int
    id_field: str = "id"
    id_shape: IdShape = "text"
    order_key: str = "id"
    """The field whose value never falls along the list."""
    sorts: tuple[str, ...] = ()
    """Values of the sort parameter that ask for this order; the first that is accepted is used."""
    mapped: tuple[FieldMapping, ...] = ()
    parent: Parent | None = None
    access: bool = True
    """Whether the type is turned on, so that the API is used to read it."""
    why: str = ""
    """Why it is turned off."""
    deletable: bool = False
    instead: str = DEFAULT_INSTEAD
    """What to do instead where the API can't delete."""
    archived: Archived | None = None

    def fields(self) -> dict[str, list[str]]:
        """The mapped fields by identifier kind; for a child type, by its parent's name."""
        if self.parent is not None:
            return {self.parent.object: list(self.parent.fields)}
        fields: dict[str, list[str]] = {}
        for mapping in self.mapped:
            fields.setdefault(mapping.kind, []).append(mapping.field)
        return fields


@attrs.frozen
class NotSearched:
    """Something that the system may hold about a person and that isn't searched."""

    what: str
    why: str
    where: str | None = None


@attrs.frozen
class Manifest:
    """Everything the connector knows of the CRM."""

    path: Path
    packaged: bool
    connector: str
    version: str
    api_version: str
    title: str
    sign_in: SignIn
    requests: Limit
    tokens: Limit
    retry_for: float
    paging: Paging
    kinds: dict[str, IdentifierKind]
    objects: dict[str, ObjectType]
    base_url: str | None = None
    filter_param: str = "filter"
    sort_param: str = "sort"
    not_searched: tuple[NotSearched, ...] = ()

    @property
    def schemas_folder(self) -> Path:
        """The folder of the object types' schemas, beside the manifest."""
        return self.path.parent / locations.SCHEMAS_NAME

    def schema_file(self, object_type: ObjectType) -> Path:
        """The file of an object type's schema."""
        return self.schemas_folder / object_type.schema

    def object_type(self, name: str) -> ObjectType:
        """The object type with that name.

        :raises OptionError: the manifest has none with that name.
        """
        if not isinstance(name, str) or name not in self.objects:
            known = ", ".join(self.objects)
            raise OptionError(f"The manifest has no such object type; it has {known}.")
        return self.objects[name]

    def type_in_use(self, name: str) -> ObjectType:
        """The object type with that name, if it's turned on.

        :raises OptionError: the manifest has none with that name, or turns it off.
        """
        item = self.object_type(name)
        if not item.access:
            raise OptionError(
                f"The manifest turns {item.name} off. Turn it on there, or leave it out."
            )
        return item

    def parents_first(self) -> list[ObjectType]:
        """All object types, each after the type that it belongs to."""
        return sorted(self.objects.values(), key=lambda item: len(self.ancestors(item)))

    def ancestors(self, object_type: ObjectType) -> list[ObjectType]:
        """The object type's parent, its parent's parent, and so on."""
        found: list[ObjectType] = []
        parent = object_type.parent
        while parent is not None:
            found.append(self.objects[parent.object])
            parent = found[-1].parent
        return found
