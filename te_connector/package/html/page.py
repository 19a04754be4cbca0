"""The page for one data subject: one HTML file.

This module collects the facts; ``templates/page.html.j2`` words them, and escapes all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from markupsafe import Markup, escape

from te_connector.package import words
from te_connector.package.html.glance import Anchored, glance, survey_name
from te_connector.package.html.rows import ANSWERS, Block, Row, Rows, conversation, questions
from te_connector.package.html.searched import Searched, searched_with
from te_connector.package.policy import Policy
from te_connector.package.selection import Disclosure, Released
from te_connector.package.terms import Terms

if TYPE_CHECKING:
    import jinja2

MANY = 10
"""From more objects of a type on, each is folded to a line."""


MOST_KEPT = 8 * 1024 * 1024
"""Characters of made rows that are remembered while a page is written."""


@attrs.frozen
class Shown:
    """One object on the page."""

    anchor: str
    heading: str
    note: str
    id: str | None
    reasons: list[str]
    talk: list[tuple[str, str]] | None
    fields: Block
    details: Block | None
    empty: Block


@attrs.frozen
class Section:
    """All objects of one type; ``objects`` can be gone through once."""

    anchor: str
    title: str
    count: int
    folded: bool
    objects: Iterator[Shown]
    glossary: list[tuple[str, str]]


@attrs.frozen
class Search:
    """What the page says about the search."""

    fetched: tuple[str, str] | None
    searched: list[Searched]
    not_searched: list[str]


def page(
    disclosure: Disclosure,
    search: Search,
    terms: Terms,
    rows_of: Callable[[str], Rows],
    policy: Policy,
    files: list[str],
) -> Iterator[str]:
    """The page of one subject, piece by piece."""
    anchored = [
        (f"object-{number}", kept) for number, kept in enumerate(by_type(disclosure, terms), 1)
    ]
    return _template().generate(
        system=terms.manifest.title,
        subject=words.plain(disclosure.subject["id"]),
        search=search,
        controller=policy.controller,
        settings=policy.page,
        given=searched_with(disclosure.subject, terms),
        glance=glance(anchored, terms, search.searched),
        held_numbers=list(_held_numbers(disclosure, terms)),
        count=len(anchored),
        sections=list(_sections(anchored, terms, rows_of)),
        files=files,
    )


def _held_numbers(disclosure: Disclosure, terms: Terms) -> Iterator[str]:
    """The titles of the numbers that we hold and the law forbids to send."""
    fields = {(one.object_type, one.field) for one in disclosure.withheld if one.sensitive}
    for name, field in sorted(fields):
        layout = terms.layout(name)
        for step in field.split("."):
            layout = layout.fields.get(step) if layout is not None else None
        title = layout.title if layout is not None else field
        yield f"{title} ({terms.title(name)})"


def by_type(disclosure: Disclosure, terms: Terms) -> list[Released]:
    """The objects that go out, those of one type together, in the manifest's order."""
    types = terms.ordered({kept.object_type for kept in disclosure.released})
    return sorted(disclosure.released, key=lambda kept: types.index(kept.object_type))


def _sections(
    anchored: Sequence[Anchored], terms: Terms, rows_of: Callable[[str], Rows]
) -> Iterator[Section]:
    names = dict.fromkeys(kept.object_type for _, kept in anchored)
    for number, name in enumerate(names, 1):
        of_type = [(anchor, kept) for anchor, kept in anchored if kept.object_type == name]
        used = {key for _, kept in of_type for key in kept.data}
        layout = terms.layout(name)
        yield Section(
            anchor=f"type-{number}",
            title=terms.title(name),
            count=len(of_type),
            folded=len(of_type) > MANY,
            objects=_objects(of_type, terms, rows_of(name)),
            glossary=[
                (field.title, field.description)
                for key, field in (layout.fields if layout else {}).items()
                if key in used and field.description
            ],
        )


def _objects(anchored: Sequence[Anchored], terms: Terms, rows: Rows) -> Iterator[Shown]:
    for number, (anchor, kept) in enumerate(anchored, 1):
        title = terms.title(kept.object_type)
        talk = conversation(kept.data)
        fields = rows.of(kept.data, without=ANSWERS if talk else "")
        yield Shown(
            anchor=anchor,
            heading=f"{title} {number}" if len(anchored) > 1 else title,
            note=survey_name(kept.data) or _name(kept),
            id=words.plain(kept.id) if kept.id is not None else None,
            reasons=list(_reasons(kept, terms)),
            talk=talk,
            fields=fields,
            details=rows.of({ANSWERS: questions(kept.data)}) if talk else None,
            empty=rows.titles(fields.empty),
        )


def _name(kept: Released) -> str:
    info = kept.data.get("info")
    holder = info if isinstance(info, dict) else kept.data
    names = [holder.get("first_name"), holder.get("last_name")]
    return " ".join(words.plain(name) for name in names if isinstance(name, str) and name)


def _reasons(kept: Released, terms: Terms) -> Iterator[str]:
    """Why the object is on the page: the rest of a sentence that begins "It's here because"."""
    for reason in kept.matched_by:
        kind = terms.kind(reason["identifier"])
        if "id" in reason:
            parent = terms.title(reason["identifier"]).lower()
            yours = f"your {parent} number {words.plain(reason['id'])}"
            role = _role(kept, reason["field"], terms)
            yield f"it names {yours} as “{role}”" if role else f"it belongs to {yours}"
        elif reason["identifier"] not in terms.manifest.kinds:
            yield "it belongs to another entry on this page"
        elif reason["field"]:
            field = terms.field(kept.object_type, reason["field"])
            yield f"its “{field}” is the “{kind}” in your request"
        else:
            yield f"one of its fields is the “{kind}” in your request"


def _once(macro: Callable[[Any], str], block: Block) -> str:
    """What the macro makes of a block, made once."""
    if block.html is None:
        block.html = macro(block)
    return block.html


@attrs.define
class _Made:
    """What a macro made of rows before: whole rows, and what is around the text of a title."""

    texts: dict[Row, str] = attrs.Factory(dict)
    around: dict[tuple[str, bool], tuple[str, str]] = attrs.Factory(dict)
    room: int = MOST_KEPT

    def make(self, macro: Callable[..., str], row: Row) -> str:
        """A row's text, made and kept."""
        title, described, kind, content = row
        if kind == "text" and _MARK not in title:
            around = self.around.get((title, described))
            if around is None:
                before, _, behind = macro(title, described, kind, _MARK).partition(_MARK)
                around = self.around[title, described] = str(before), str(behind)
            text = f"{around[0]}{escape(content)}{around[1]}"
        else:
            text = macro(*row)
        self.room -= len(text)
        if self.room < 0:
            self.texts.clear()
            self.room = MOST_KEPT
        self.texts[row] = text
        return text


_MARK = "\ue0fe"
"""A private character of Unicode that no title has."""


def _role(kept: Released, field: str, terms: Terms) -> str:
    """As what an object names the person, if it names people in several roles."""
    item = terms.manifest.objects.get(kept.object_type)
    if not field or item is None or item.parent is None or len(item.parent.fields) < 2:
        return ""
    return terms.field(kept.object_type, field.partition(".")[0])


def _each(macro: Callable[..., str], rows: Sequence[Row]) -> str:
    """The macro's text for each row. Records repeat rows, so equal ones are made once."""
    made = _made(macro)
    known = made.texts.get
    texts = [known(row) or made.make(macro, row) for row in rows]
    return Markup("".join(texts))  # noqa: S704  the macro, or escape, escaped every value


@functools.lru_cache(maxsize=2)
def _made(_macro: Callable[..., str]) -> _Made:
    return _Made()


@functools.cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["once"], environment.globals["each"] = _once, _each
    return environment.get_template("page.html.j2")
