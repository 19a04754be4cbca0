"""A record's data as rows of titles and values, in the order and the words of its schema.

A row is a tuple ``(title, described, kind, content)``; twenty thousand records make a million of
them. The kinds: ``text`` and ``date`` (for machines, for people), ``list`` (of pairs of kind and
content), ``rows`` (an object), ``entries`` (a list of objects) and ``folded`` (a long one).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from te_connector.package import words
from te_connector.package.layout import Layout

Row = tuple[str, bool, str, Any]
Shown = tuple[str, Any]

ANSWERS = "question_responses"
"""The field of a survey response that is shown as a conversation."""

YEARLESS = frozenset({"birthday"})
"""Dates whose year is a placeholder of the vendor's."""

MAX_DEPTH = 6
MANY_ROWS = 12


@attrs.frozen
class Fields:
    """The rows of one record, and the titles of its empty fields."""

    rows: list[Row]
    empty: list[str]


def fields_of(data: Mapping[str, Any], layout: Layout | None, *, without: str = "") -> Fields:
    """All fields of a record but the one that is shown in another way."""
    empty: list[str] = []
    return Fields(list(_rows(data, layout, empty, "", 0, without)), empty)


def _rows(
    data: Mapping[str, Any],
    layout: Layout | None,
    empty: list[str],
    prefix: str,
    depth: int,
    without: str = "",
) -> Iterator[Row]:
    known = layout.fields if layout is not None else {}
    for key, field in known.items():
        if key in data and key != without:
            value = data[key]
            if words.is_empty(value):
                empty.append(prefix + field.title)
            else:
                kind, content = _shown(value, field, key, empty, f"{prefix}{field.title}: ", depth)
                yield field.title, True, kind, content
    if len(data) == len(known):
        return
    described = layout is None or layout.anything
    for key, value in data.items():
        if key not in known and key != without:
            title = words.plain(key)
            if words.is_empty(value):
                empty.append(prefix + title)
            else:
                yield title, described, *_shown(value, None, key, empty, f"{prefix}{title}: ", depth)


def _shown(
    value: Any, field: Layout | None, key: str, empty: list[str], prefix: str, depth: int
) -> Shown:
    """A value that is not empty."""
    if isinstance(value, dict):
        if depth == MAX_DEPTH:
            return "text", words.plain(json.dumps(value, ensure_ascii=False))
        return "rows", list(_rows(value, field, empty, prefix, depth + 1))
    if isinstance(value, list):
        return _shown_list(value, field, key, empty, prefix, depth)
    if isinstance(value, str) and (field is None or field.kind == "date"):
        found = words.without_year(value) if key in YEARLESS else words.date(value)
        return ("date", found) if found else ("text", words.plain(value))
    if field is not None and field.kind == "flag":
        return "text", words.flag(value)
    return "text", words.scalar(value)


def _shown_list(
    value: list[Any], field: Layout | None, key: str, empty: list[str], prefix: str, depth: int
) -> Shown:
    if depth == MAX_DEPTH:
        return "text", words.plain(json.dumps(value, ensure_ascii=False))
    shown = [
        _shown(item, field, key, empty, prefix, depth + 1)
        for item in value
        if not words.is_empty(item)
    ]
    if all(kind in ("text", "date") for kind, _ in shown):
        return "list", shown
    entries = [
        content if kind == "rows" else [("", True, kind, content)] for kind, content in shown
    ]
    many = sum(map(len, entries)) > MANY_ROWS
    return ("folded" if many else "entries"), entries


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
        return words.plain(json.dumps(value, ensure_ascii=False))
    return words.scalar(value)
