"""A record's data as rows of titles and values, in the order of its schema and with its titles.

A row is a tuple ``(title, described, kind, content)``, because 20,000 records have a million rows.
The content of the kind ``text`` is text, of ``date`` a date for machines and one for people, of
``block`` a :class:`Block` with more rows.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from te_connector.package import words
from te_connector.package.layout import Layout

Row = tuple[str, bool, str, Any]

ANSWERS = "question_responses"
"""The field of a survey response that is shown as a conversation."""

ANSWER = "response_value"

YEARLESS = frozenset({"birthday"})
"""Dates whose year is a placeholder of the vendor's."""

MAX_DEPTH = 6
MANY_ROWS = 12
MOST_BLOCKS = 4096

_encode = json.JSONEncoder(ensure_ascii=False).encode


@attrs.define(eq=False)  # compared by identity, so that it can be remembered
class Block:
    """Something with something inside, and the titles of the empty fields in it.

    ``rows`` are an object's; ``items`` (rows without titles) a list's, ``folded`` if it is long.
    Records repeat the same owners and questions by the thousand, so a block is made once for equal
    values, and ``html`` keeps what the template made of it.
    """

    rows: Sequence[Row] = ()
    items: Sequence[Row] = ()
    folded: bool = False
    empty: Sequence[str] = ()
    html: str | None = None


class Rows:
    """Makes the rows of the records of one type."""

    def __init__(self, layout: Layout | None, zone: datetime.tzinfo = datetime.UTC) -> None:
        self._layout, self._zone = layout, zone
        self._blocks: dict[tuple[int, int, str], Block] = {}
        self._titles: dict[tuple[str, ...], Block] = {}

    def of(self, data: Mapping[str, Any], *, without: str = "") -> Block:
        """All fields of a record, except the one that is shown differently."""
        return self._object(data, self._layout, 0, without)

    def titles(self, titles: Sequence[str]) -> Block:
        """Titles as a block; equal titles give the same block."""
        return self._titles.setdefault(tuple(titles), Block(empty=titles))

    def _block(self, value: Any, field: Layout | None, key: str, depth: int) -> Block:
        make = self._list if isinstance(value, list) else self._object
        same = id(field), depth, repr(value)  # distinguishes 1, "1", and True, and is quick
        block = self._blocks.get(same)
        if block is None:
            if len(self._blocks) >= MOST_BLOCKS:
                self._blocks.clear()
            block = self._blocks[same] = make(value, field, depth, key)
        return block

    def _object(
        self, data: Mapping[str, Any], layout: Layout | None, depth: int, but: str
    ) -> Block:
        rows: list[Row] = []
        empty: list[str] = []
        known = layout.fields if layout is not None else _NO_FIELDS
        keys = [key for key in known if key in data]
        if len(keys) < len(data):
            keys += [key for key in data if key not in known]
        for key in keys:
            value, field = data[key], known.get(key)
            title = field.title if field is not None else words.plain(key)
            if field is not None and field.kind == "plain" and _is_plain_text(value):
                rows.append((title, True, "text", words.plain(value)))
            elif value is None or value == "" or words.is_empty(value):
                empty.append(title)
            elif depth or key != but:
                described = field is not None or layout is None or layout.anything
                kind, content = self._shown(value, field, key, depth)
                if kind == "block" and content.empty:
                    empty += [f"{title}: {one}" for one in content.empty]
                rows.append((title, described, *_unwrapped(title, kind, content)))
        return Block(rows=rows, empty=empty)

    def _shown(self, value: Any, field: Layout | None, key: str, depth: int) -> tuple[str, Any]:
        """The kind and content of a value that is not empty."""
        if isinstance(value, str):
            if field is None or field.kind == "date":
                found = _date(value, key, self._zone)
                return ("date", found) if found else ("text", words.plain(value))
        elif isinstance(value, (dict, list)):
            if depth == MAX_DEPTH:
                return "text", words.plain(_encode(value))
            return "block", self._block(value, field, key, depth + 1)
        if field is not None and field.kind == "flag":
            return "text", words.flag(value)
        return "text", words.scalar(value)

    def _list(self, value: list[Any], field: Layout | None, depth: int, key: str) -> Block:
        items = [
            ("", True, *self._shown(item, field, key, depth))
            for item in value
            if not words.is_empty(item)
        ]
        blocks = [content for _, _, kind, content in items if kind == "block"]
        return Block(
            items=items,
            folded=sum(len(block.rows) for block in blocks) > MANY_ROWS,
            empty=[title for block in blocks for title in block.empty],
        )


def _unwrapped(title: str, kind: str, content: Any) -> tuple[str, Any]:
    """What is in an object that has one value, if its title says nothing new: Status: Status: Funded."""
    if kind == "block" and len(content.rows) == 1:
        inner, _, inner_kind, inner_content = content.rows[0]
        if inner_kind != "block" and inner.lower() in title.lower():
            return inner_kind, inner_content
    return kind, content


_NO_FIELDS: Mapping[str, Layout] = {}


def _date(value: str, key: str, zone: datetime.tzinfo) -> tuple[str, str] | None:
    return words.without_year(value) if key in YEARLESS else words.date(value, zone)


def _is_plain_text(value: Any) -> bool:
    """Whether a value is clearly text that isn't empty: a quick check of the most common case."""
    return type(value) is str and value > "1"


def conversation(data: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """The questions of a survey response with their answers, in the survey's order; None without them."""
    answers = data.get(ANSWERS)
    if not isinstance(answers, list):
        return None
    pairs = [
        one for one in answers if isinstance(one, dict) and isinstance(one.get("question"), dict)
    ]
    if len(pairs) != len(answers) or not pairs:
        return None
    return [_exchange(one["question"], one) for one in sorted(pairs, key=_place)]


def questions(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The questions without the answers: the same for everyone who was asked."""
    return [{key: value for key, value in pair.items() if key != ANSWER} for pair in data[ANSWERS]]


def _place(pair: Mapping[str, Any]) -> float:
    try:
        return float(pair["question"].get("sort_order"))
    except (TypeError, ValueError):
        return 0.0


def _exchange(question: Mapping[str, Any], pair: Mapping[str, Any]) -> tuple[str, str]:
    asked = question.get("question_text")
    if words.is_empty(asked):
        asked = question.get("system_name")
    answer = _in_words(pair.get(ANSWER), question.get("possible_choice_answers"))
    return "" if words.is_empty(asked) else _words(asked), _answer(answer)


def _in_words(answer: Any, choices: Any) -> Any:
    """The words of the choice whose code was answered; the answer itself where no single one has it.

    An answer that is a choice's words already stays, though it is another choice's code too.
    """
    given = (
        [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []
    )
    if not _is_code(answer) or any(str(answer) == str(each.get("value")) for each in given):
        return answer
    named = [
        each["value"]
        for each in given
        if _is_code(each.get("system_name"))
        and str(each["system_name"]) == str(answer)
        and each.get("value") is not None
    ]
    return named[0] if len(named) == 1 else answer


def _is_code(value: Any) -> bool:
    """Whether a value can name a choice: text or a number, never null or a truth value."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _answer(value: Any) -> str:
    """An answer as it is stored: nothing, an empty text, ``0``, and the word ``None`` all differ."""
    if value is None:
        return "(no answer is stored)"
    if isinstance(value, str) and not value.strip():
        return "(an empty answer is stored)"
    return _words(value)


def _words(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return words.plain(_encode(value))
    return words.scalar(value)
