"""A record's data as rows of titles and values, in the order and the words of its schema.

A row is a tuple ``(title, described, kind, content)``; twenty thousand records make a million of
them. The kinds: ``text`` and ``date`` (for machines, for people), ``list`` (of pairs of kind and
content), ``rows`` (an object's :class:`Block`), ``entries`` (a list of blocks) and ``folded`` (a
long one).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from te_connector.package import words
from te_connector.package.layout import Layout

Row = tuple[str, bool, str, Any]
Shown = tuple[str, Any, Sequence[str]]

ANSWERS = "question_responses"
"""The field of a survey response that is shown as a conversation."""

YEARLESS = frozenset({"birthday"})
"""Dates whose year is a placeholder of the vendor's."""

MAX_DEPTH = 6
MANY_ROWS = 12
MOST_BLOCKS = 4096

_encode = json.JSONEncoder(ensure_ascii=False).encode


@attrs.define
class Block:
    """The rows of one object inside a record, and the titles of its empty fields.

    Records repeat the same owners and questions by the thousand, so a block is made once for equal
    objects, and ``html`` keeps what the template made of it.
    """

    rows: Sequence[Row]
    empty: Sequence[str] = ()
    html: str | None = None


class Rows:
    """Makes the rows of the records of one type."""

    def __init__(self, layout: Layout | None) -> None:
        self._layout = layout
        self._blocks: dict[tuple[int, int, str], Block] = {}
        self._titles: dict[tuple[str, ...], Block] = {}

    def of(self, data: Mapping[str, Any], *, without: str = "") -> Block:
        """All fields of a record but the one that is shown in another way."""
        rows, empty = self._rows(data, self._layout, 0, without)
        return Block(rows, empty)

    def titles(self, titles: Sequence[str]) -> Block:
        """Titles as a block, the same one for the same titles."""
        return _kept(self._titles, tuple(titles), lambda: Block((), titles))

    def _block(self, data: Mapping[str, Any], layout: Layout | None, depth: int) -> Block:
        key = id(layout), depth, _encode(data)
        return _kept(self._blocks, key, lambda: Block(*self._rows(data, layout, depth, "")))

    def _rows(
        self, data: Mapping[str, Any], layout: Layout | None, depth: int, without: str
    ) -> tuple[list[Row], list[str]]:
        rows: list[Row] = []
        empty: list[str] = []
        known = layout.fields if layout is not None else _NO_FIELDS
        keys = [key for key in known if key in data]
        if len(keys) < len(data):
            keys += [key for key in data if key not in known]
        for key in keys:
            value, field = data[key], known.get(key)
            title = field.title if field is not None else words.plain(key)
            if words.is_empty(value):
                empty.append(title)
            elif key != without:
                described = field is not None or layout is None or layout.anything
                kind, content, inside = self._shown(value, field, key, depth)
                rows.append((title, described, kind, content))
                empty += [f"{title}: {one}" for one in inside]
        return rows, empty

    def _shown(self, value: Any, field: Layout | None, key: str, depth: int) -> Shown:
        """The kind and content of a value that is not empty, and the titles of what is, in it."""
        if isinstance(value, (dict, list)):
            if depth == MAX_DEPTH:
                return "text", words.plain(_encode(value)), ()
            if isinstance(value, list):
                return self._list(value, field, key, depth)
            block = self._block(value, field, depth + 1)
            return "rows", block, block.empty
        if field is not None and field.kind == "flag":
            return "text", words.flag(value), ()
        if isinstance(value, str) and (field is None or field.kind == "date"):
            found = words.without_year(value) if key in YEARLESS else words.date(value)
            return ("date", found, ()) if found else ("text", words.plain(value), ())
        return "text", words.scalar(value), ()

    def _list(self, value: list[Any], field: Layout | None, key: str, depth: int) -> Shown:
        filled = [item for item in value if not words.is_empty(item)]
        shown = [self._shown(item, field, key, depth + 1) for item in filled]
        inside = [title for _, _, empty in shown for title in empty]
        if all(kind in ("text", "date") for kind, _, _ in shown):
            return "list", [(kind, content) for kind, content, _ in shown], inside
        blocks = [
            content if kind == "rows" else Block([("", True, kind, content)])
            for kind, content, _ in shown
        ]
        many = sum(len(block.rows) for block in blocks) > MANY_ROWS
        return ("folded" if many else "entries"), blocks, inside


_NO_FIELDS: Mapping[str, Layout] = {}
_Key = TypeVar("_Key")


def _kept(blocks: dict[_Key, Block], key: _Key, make: Callable[[], Block]) -> Block:
    block = blocks.get(key)
    if block is None:
        if len(blocks) >= MOST_BLOCKS:
            blocks.clear()
        block = blocks[key] = make()
    return block


def conversation(data: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """The questions of a survey response with their answers, in the survey's order.

    None where the data has no such list.
    """
    answers = data.get(ANSWERS)
    if not isinstance(answers, list):
        return None
    pairs = [one for one in answers if isinstance(one, dict) and isinstance(one.get("question"), dict)]
    if len(pairs) != len(answers) or not pairs:
        return None
    return [_exchange(one["question"], one) for one in sorted(pairs, key=_place)]


def _place(pair: Mapping[str, Any]) -> float:
    try:
        return float(pair["question"].get("sort_order"))
    except (TypeError, ValueError):
        return 0.0


def _exchange(question: Mapping[str, Any], pair: Mapping[str, Any]) -> tuple[str, str]:
    asked = question.get("question_text")
    if words.is_empty(asked):
        asked = question.get("system_name")
    answer = pair.get("response_value")
    choices = question.get("possible_choice_answers")
    for choice in choices if isinstance(choices, list) else ():
        names = (choice.get("value"), choice.get("system_name")) if isinstance(choice, dict) else ()
        if answer is not None and str(answer) in map(str, names) and choice.get("value") is not None:
            answer = choice["value"]
            break
    return _words(asked), _words(answer)


def _words(value: Any) -> str:
    if words.is_empty(value):
        return ""
    if isinstance(value, (dict, list)):
        return words.plain(_encode(value))
    return words.scalar(value)
