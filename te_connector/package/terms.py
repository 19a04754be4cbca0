"""The names of a manifest: object types, fields, and identifier kinds; and the reader's time zone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import attrs

from te_connector.manifest.model import Manifest
from te_connector.package import words
from te_connector.package.layout import Layout, layout_of
from te_connector.text.field_paths import steps_of


@attrs.frozen
class Terms:
    """A manifest with the layouts of its object types."""

    manifest: Manifest
    layouts: Mapping[str, Layout]
    zone: datetime.tzinfo = datetime.UTC

    def layout(self, object_type: str) -> Layout | None:
        """The layout of an object type; None if the manifest doesn't have the type."""
        return self.layouts.get(object_type)

    def title(self, object_type: str) -> str:
        """The name of an object type."""
        item = self.manifest.objects.get(object_type)
        return item.title if item is not None else words.plain(object_type.replace("_", " "))

    def field(self, object_type: str, way: str) -> str:
        """The name of a field, after the names of the fields that it is in."""
        layout, titles = self.layout(object_type), []
        for step in steps_of(way):
            layout = layout.fields.get(step) if layout is not None else None
            titles.append(layout.title if layout is not None else words.plain(step))
        return ": ".join(titles)

    def kind(self, name: str) -> str:
        """The name of an identifier kind."""
        kind = self.manifest.kinds.get(name)
        return kind.title if kind is not None else words.plain(name)

    def ordered(self, object_types: set[str]) -> list[str]:
        """Object types in the manifest's order, unknown ones last."""
        known = [name for name in self.manifest.objects if name in object_types]
        return known + sorted(object_types.difference(known))


def terms_of(manifest: Manifest, zone: datetime.tzinfo = datetime.UTC) -> Terms:
    """The names of a manifest and its schemas."""
    folder = manifest.schemas_folder
    layouts = {name: layout_of(folder / item.schema) for name, item in manifest.objects.items()}
    return Terms(manifest, layouts, zone)
