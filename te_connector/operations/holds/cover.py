"""What a hold covers. Nothing here does I/O.

A hold names an object, or a person by identifiers. It covers:

- the object, and everything that belongs to it;
- every record of the person, however weak the match, and everything that belongs to those;
- everything that comes close to the person's identifiers (a near miss), until someone frees it;
- every object whose deletion could take a held one along: the contact of a held note.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from te_connector.errors import OptionError
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.ids import has_shape
from te_connector.matching.matcher import Matcher
from te_connector.matching.subjects import Subject, read_one
from te_connector.operations.ownership import Lineage, Relative

NO_IDENTIFIERS = ("object", "reason")

Key = tuple[str, str]
"""An object's type and id."""


@attrs.frozen
class Hold:
    """One hold: an object, a person, or both."""

    id: str
    reason: str
    object: Key | None = None
    person: Subject | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Cover:
    """Why an object must not be deleted. ``close``: it only comes close to a hold."""

    reason: str
    close: bool = False

    @property
    def sentence(self) -> str:
        """The reason as a receipt gives it."""
        return self.reason if self.close else f"held: {self.reason}"


def make_hold(hold_id: str, content: Mapping[str, Any], manifest: Manifest) -> Hold:
    """A hold from what a person wrote: ``{"reason", "object" and/or identifiers}``.

    :raises OptionError: it holds nothing, or names an object that the manifest can't have.
    :raises SubjectError: an identifier can't be read, or its kind is unknown.
    """
    reason = content.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise OptionError(f"Hold {hold_id} has no reason; give one.")
    named = content.get("object")
    key = None if named is None else object_key(str(named), manifest, f"Hold {hold_id}")
    identifiers = {
        kind: list(values) if isinstance(values, (list, tuple)) else [str(values)]
        for kind, values in content.items()
        if kind not in NO_IDENTIFIERS
    }
    if key is None and not identifiers:
        raise OptionError(f"Hold {hold_id} holds nothing; name an object or an identifier.")
    person = None
    if identifiers:
        person = read_one({"id": hold_id, "identifiers": identifiers}, manifest)
    return Hold(hold_id, reason.strip(), key, person)


def object_key(text: str, manifest: Manifest, who: str) -> Key:
    """``TYPE:ID`` as type and id, exactly as it is written.

    :raises OptionError: it is no such thing, or no id that the type can have.
    """
    name, colon, object_id = text.partition(":")
    if not colon or name not in manifest.objects:
        known = ", ".join(manifest.objects)
        raise OptionError(f"{who} must name an object as TYPE:ID; the types are {known}.")
    if not has_shape(object_id, manifest.objects[name].id_shape):
        raise OptionError(f"{who} names an id that no {name} can have; correct it.")
    return name, object_id


@attrs.frozen(eq=False)
class Holds:
    """All holds that apply. ``freed`` are objects that someone freed although they come close."""

    manifest: Manifest
    holds: tuple[Hold, ...] = attrs.field(default=(), repr=False)
    freed: frozenset[Key] = frozenset()

    def on_object(self, object_type: str, object_id: str) -> Cover | None:
        """The hold on exactly this object."""
        hold = self._by_object.get((object_type, object_id))
        return None if hold is None else Cover(hold.reason)

    def on_lineage(self, lineage: Lineage) -> Cover | None:
        """The hold on an object, or on anything that it belongs to."""
        close: Cover | None = None
        freed = any(_key(one) in self.freed for one in lineage)
        for one in lineage:
            cover = self.on_object(*_key(one)) or self._on_person(one)
            if cover is not None and not cover.close:
                return cover
            close = close or cover
        return None if freed else close

    def on_chosen(self, lineage: Lineage, found: Iterable[Lineage]) -> Cover | None:
        """The hold on an object that someone chose, or on one of the found ones that belongs to it."""
        cover = self.on_lineage(lineage)
        if cover is not None or not lineage:
            return cover
        mine = _key(lineage[0])
        below = (other[0] for other in found if mine in map(_key, other[1:]))
        return next((own for one in below if (own := self.on_object(*_key(one)))), None)

    def below(self, object_type: ObjectType) -> list[tuple[ObjectType, str]]:
        """The held objects of types that belong to this type: deleting it may take them along."""
        return [
            (self.manifest.objects[name], object_id)
            for name, object_id in self._by_object
            if self._belongs(name, object_type.name)
        ]

    def matching(self, lineages: Sequence[Lineage]) -> set[str]:
        """The ids of the holds that cover any of these objects."""
        found: set[str] = set()
        for hold in self.holds:
            alone = Holds(self.manifest, (hold,))
            if any(alone.on_lineage(lineage) is not None for lineage in lineages):
                found.add(hold.id)
        return found

    @functools.cached_property
    def _by_object(self) -> dict[Key, Hold]:
        return {hold.object: hold for hold in reversed(self.holds) if hold.object is not None}

    @functools.cached_property
    def _people(self) -> dict[str, Hold]:
        """Who is held, under ids that cannot clash."""
        return {str(n): hold for n, hold in enumerate(self.holds) if hold.person is not None}

    @functools.cached_property
    def _matchers(self) -> dict[str, Matcher]:
        people = [
            attrs.evolve(hold.person, id=name)  # with the ids that name their type
            for name, hold in self._people.items()
            if hold.person is not None
        ]
        return {
            name: Matcher(object_type, self.manifest.kinds, people)
            for name, object_type in self.manifest.objects.items()
        }

    def _on_person(self, one: Relative) -> Cover | None:
        """The hold on a person whose record this is, or comes close to being."""
        if not self._people:
            return None
        # A parent that is gone still has its id, and the id can be a held service id.
        data = one.data or {one.object_type.id_field: one.object_id}
        look = self._matchers[one.object_type.name].match(data)
        if look is None:
            return None
        for evidence in look.evidence:
            return Cover(self._people[evidence.subject].reason)
        for near in look.near:
            hold = self._people[near.subject]
            return Cover(
                f"close to a hold ({near.why}): {hold.reason}. If it is someone else, run: te-connector "
                f"hold release --object {one.object_type.name}:{one.object_id} --reason TEXT",
                close=True,
            )
        return None

    def _belongs(self, name: str, above: str) -> bool:
        parent = self.manifest.objects[name].parent
        return parent is not None and (
            parent.object == above or self._belongs(parent.object, above)
        )


def _key(one: Relative) -> Key:
    return one.object_type.name, one.object_id
