"""The release policy: which objects and fields go to the data subject, and why the others don't.

A policy is a YAML file; ``schemas/policy.schema.json`` is its grammar. All its faults are reported
at once, each with its line. ``docs/policy.md`` has an example.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs

from te_connector.errors import Fault
from te_connector.manifest import loading as manifests
from te_connector.manifest import locations as resources
from te_connector.manifest.model import Manifest
from te_connector.package import words
from te_connector.package.layout import Layout, layout_of
from te_connector.package.rules import (
    RELEASED,
    Controller,
    Named,
    PageSettings,
    Rule,
    Steps,
    Withhold,
    zone_of,
)
from te_connector.text.check import check
from te_connector.text.document import Document, Place, fail, read, read_json
from te_connector.text.field_paths import steps_of

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@attrs.frozen
class Policy:
    """The content of a policy file, and of the flags ``--include`` and ``--exclude``."""

    file: str
    rules: Mapping[str, Rule]
    include: tuple[Named, ...]
    exclude: tuple[Named, ...]
    controller: Controller | None
    page: PageSettings = attrs.Factory(PageSettings)

    @classmethod
    def load(cls, path: Path, manifest: Manifest | None = None) -> Self:
        """Read a policy and check it against the object types of a manifest (default: the packaged one).

        :raises FileFaults: all its faults.
        """
        manifest = manifest if manifest is not None else manifests.load()
        document = _with_booleans(read(Path(path), keep=True, as_written=True))
        grammar = read_json(resources.grammar("policy"))
        found = [*check(document, grammar), *_faults(document, grammar, manifest)]
        unreadable = {fault.line for fault in document.faults}
        follows = [fault for fault in found if fault.line in unreadable]
        fail([*document.faults, *(fault for fault in found if fault not in follows)])
        data = document.data
        controller = data.get("controller")
        return cls(
            file=document.file,
            rules={name: _rule(rule) for name, rule in data.get("objects", {}).items()},
            include=tuple(_named(document, "include", data.get("include", []))),
            exclude=tuple(_named(document, "exclude", data.get("exclude", []))),
            controller=(
                Controller(controller["name"], controller["contact"], controller.get("note", ""))
                if controller
                else None
            ),
            page=_page(data.get("page", {})),
        )

    def with_decisions(self, include: Sequence[Named], exclude: Sequence[Named]) -> Self:
        """This policy with more decisions on single objects."""
        return attrs.evolve(
            self, include=(*self.include, *include), exclude=(*self.exclude, *exclude)
        )

    def rule(self, object_type: str) -> Rule:
        """The rule for an object type; a type without a rule is released whole."""
        return self.rules.get(object_type, RELEASED)


_BOOLEANS = {"true": True, "false": False}


def _with_booleans(document: Document) -> Document:
    """The document with its two switches as booleans; every other value stays as written."""
    data = document.data
    objects = data.get("objects") if isinstance(data, dict) else None
    for rule in objects.values() if isinstance(objects, dict) else ():
        if isinstance(rule, dict):
            _switch(rule, "release")
            for key in ("withhold", "only"):
                entries = rule.get(key)
                for entry in entries if isinstance(entries, list) else ():
                    if isinstance(entry, dict):
                        _switch(entry, "unknown_ok")
    return document


def _switch(mapping: dict[str, Any], key: str) -> None:
    if key in mapping:
        mapping[key] = _BOOLEANS.get(mapping[key], mapping[key])


def _page(settings: Mapping[str, str]) -> PageSettings:
    due = words.date(settings.get("due", ""))
    return PageSettings(
        law=settings.get("law", ""),
        due=due[1] if due else "",
        zone=zone_of(settings.get("time_zone", "UTC")) or datetime.UTC,
        intro=settings.get("intro", ""),
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    only = rule.get("only")
    return Rule(
        release=rule.get("release", True),
        why=rule.get("why", ""),
        withhold=tuple(
            Withhold(steps_of(entry["field"]), entry["why"], entry.get("where", {}))
            for entry in rule.get("withhold", [])
        ),
        only=tuple(steps_of(_field(entry)) for entry in only) if only else None,
        why_not=rule.get("why_not", ""),
    )


def _field(entry: Any) -> str:
    return str(entry if isinstance(entry, str) else entry["field"])


def _named(document: Document, key: str, entries: list[Any]) -> list[Named]:
    return [Named.of(entry, document.lines[(key, index)]) for index, entry in enumerate(entries)]


def _faults(document: Document, grammar: Mapping[str, Any], manifest: Manifest) -> Iterator[Fault]:
    """Faults of the parts that fit the grammar, so that all faults are reported together."""
    data = document.data if isinstance(document.data, dict) else {}
    rules = data.get("objects")
    sound = _validator(grammar, grammar["$defs"]["rule"])
    for name, rule in rules.items() if isinstance(rules, dict) else ():
        place = ("objects", name)
        if name not in manifest.objects:
            yield document.key_fault(place, _unknown_type(name, manifest))
        elif sound.is_valid(rule):
            yield from _rule_faults(document, rule, place)
            layout = layout_of(manifest.schemas_folder / manifest.objects[name].schema)
            yield from _field_faults(document, name, layout)
    page = data.get("page")
    if isinstance(page, dict):
        due, zone = page.get("due"), page.get("time_zone")
        if isinstance(due, str) and words.date(due) is None:
            yield document.fault(("page", "due"), "'due' must be a date, such as 2026-12-31")
        if isinstance(zone, str) and zone_of(zone) is None:
            message = "'time_zone' must be a time zone, such as America/Chicago"
            yield document.fault(("page", "time_zone"), message)
    seen: dict[tuple[str, str], dict[str | None, str]] = {}
    for key in ("include", "exclude"):
        entries = data.get(key)
        sound = _validator(grammar, grammar["properties"][key]["items"])
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if sound.is_valid(entry):
                named = Named.of(entry, document.lines[(key, index)])
                yield from _object_faults(document, (key, index), named, seen, manifest)


def _validator(grammar: Mapping[str, Any], part: Mapping[str, Any]) -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**part, "$defs": grammar["$defs"]})


def _unknown_type(name: str, manifest: Manifest) -> str:
    known = ", ".join(manifest.objects)
    meant = _meant(name, manifest.objects) or f"; the manifest has {known}"
    return f"there is no object type {name!r}{meant}"


def _meant(word: str, choices: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _rule_faults(document: Document, rule: Mapping[str, Any], place: Place) -> Iterator[Fault]:
    released = rule.get("release", True)
    if not released and "why" not in rule:
        yield document.fault((*place, "release"), "say why it is not released: add the key 'why'")
    if released and "why" in rule:
        yield document.key_fault(
            (*place, "why"),
            "'why' goes with 'release: false'; put a field's reason in its own entry",
        )
    if "withhold" in rule and "only" in rule:
        yield document.key_fault(
            (*place, "only"), "'only' and 'withhold' cannot both choose the fields; keep one"
        )
    if "only" in rule and "why_not" not in rule:
        yield document.fault(
            (*place, "only"), "say why the other fields are withheld: add the key 'why_not'"
        )
    if "why_not" in rule and "only" not in rule:
        yield document.key_fault(
            (*place, "why_not"), "'why_not' goes with 'only'; add 'only' or drop it"
        )


def _field_faults(document: Document, name: str, layout: Layout) -> Iterator[Fault]:
    rule = document.data["objects"][name]
    for key in ("withhold", "only"):
        seen: list[tuple[Steps, Any]] = []
        for index, entry in enumerate(rule.get(key, [])):
            place = ("objects", name, key, index)
            given = {"field": entry} if isinstance(entry, str) else entry
            steps, where = steps_of(given["field"]), given.get("where")
            if (steps, where) in seen:
                yield document.fault(place, f"field {given['field']!r} is named twice; keep one")
            seen.append((steps, where))
            if not given.get("unknown_ok", False):
                yield from _unknown_field(document, place, name, layout, steps)
                for field in where or ():
                    yield from _unknown_field(document, place, name, layout, (*steps, field))


def _unknown_field(
    document: Document, place: Place, name: str, layout: Layout, steps: Steps
) -> Iterator[Fault]:
    for depth, step in enumerate(steps):
        if layout.anything:
            return
        if step not in layout.fields:
            where = f"field {'.'.join(steps[:depth])!r} of {name}" if depth else name
            yield document.fault(
                place,
                f"{where} has no field {step!r} in its schema{_meant(step, layout.fields)} "
                "(If the data has it anyway, add unknown_ok: true.)",
            )
            return
        layout = layout.fields[step]


def _object_faults(
    document: Document,
    place: tuple[str, int],
    named: Named,
    seen: dict[tuple[str, str], dict[str | None, str]],
    manifest: Manifest,
) -> Iterator[Fault]:
    key = place[0]
    if named.object_type not in manifest.objects:
        yield document.fault(place, _unknown_type(named.object_type, manifest))
    named_before = seen.setdefault((named.object_type, named.id), {})
    for subject, earlier in named_before.items():
        if subject is not None and named.subject is not None and subject != named.subject:
            continue
        if earlier == key:
            yield document.fault(place, f"{named} is named twice under {key}; keep one")
        else:
            message = f"{named} is both included and excluded; keep one"
            yield document.fault(place, message)
        break
    named_before[named.subject] = key
