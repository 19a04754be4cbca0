"""One CSV file for each object type, in which a spreadsheet finds nothing to compute or to change.

UTF-8 with a byte order mark, one header row of titles, every cell quoted. Nested objects have a
column for each field. Lists of plain values are in one cell, separated by semicolons; other lists are
JSON text. ``data.json`` is the official copy.

A spreadsheet takes text for a formula by its first character, and some split a file at other
separators than commas, or ignore quotes. So an apostrophe goes before every place where a cell could
begin (the start, or after a separator or line break) if, after blanks and quotes, a character follows
that starts a formula. Numbers are no exception: ``-5`` becomes ``'-5``.

A spreadsheet also changes text that looks like a number or a date: it drops leading zeros, rounds
numbers of more than 15 digits, and turns ``3-5`` into March 5. Such text gets an apostrophe too.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import attrs

from te_connector.package import words
from te_connector.package.layout import Layout
from te_connector.package.redaction import hides
from te_connector.package.rules import Rule, Steps

TRIGGERS = "=+-@＝＋－＠﹦﹢﹣﹫⁺⁻⁼₊₋₌−﬩⩵⩶"  # noqa: RUF001  # the same characters in other widths
_TRIGGER = re.compile(f"[{re.escape(TRIGGERS)}]")
_BEGINS = re.compile(
    r"(?:\A|(?<=[\t\r\n,;|]))"
    r"(?=(?:[^\S\t\r\n]|[\"'`\u2018-\u201f\u200b-\u200f])*"  # blanks (in the line), quotes, nothing
    rf"[{re.escape(TRIGGERS)}])"
)

_CHANGED = re.compile(
    r"\s*(?:"
    r"0\d+(?:\.\d+)?"  # leading zeros: ZIP codes
    r"|\d{12,}"  # shown as 1.23E+15, and rounded after 15 digits
    r"|\d+\.\d*0"  # 1.10 becomes 1.1
    r"|\d+(?:\.\d+)?[eE]\d+"  # 1e3 becomes 1000
    r"|\d{1,4}[-/]\d{1,2}(?:[-/]\d{1,2})?"  # 3-5 and 3/5/24, but not 2024-03-05
    r"|\d{1,2}[-/]\d{1,2}[-/]\d{2,4}"
    r"|\d{1,2}:\d{2}(?::\d{2})?"  # 4:30 becomes a time
    r"|\d{1,2}[- ]?[A-Za-z]{3,9}(?:[- ]\d{2,4})?|[A-Za-z]{3,9}[- ]?\d{1,4}"  # 5-Mar, MAR1
    r")\s*"
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@attrs.define
class Field:
    """A field of the objects: whether it holds plain values, in which column, and what is inside it."""

    plain: bool = False
    column: int = -1
    inner: Shape = attrs.Factory(dict)


Shape = dict[str, Field]

_encode = json.JSONEncoder(ensure_ascii=False).encode


@functools.lru_cache(maxsize=65536)
def guard(text: str) -> str:
    """The text with an apostrophe wherever a formula could begin or a spreadsheet would change it.

    Control characters are replaced.
    """
    text = words.plain(text)
    if text[:1] in ("\t", "\r", "\n"):
        text = f"'{text}"
    if _CHANGED.fullmatch(text) and not _ISO_DATE.fullmatch(text):
        return f"'{text}"
    if _TRIGGER.search(text) is None:
        return text
    return _BEGINS.sub("'", text)


def write(
    file: TextIO, objects: Sequence[Mapping[str, Any]], layout: Layout | None, rule: Rule
) -> None:
    """Write the objects of one type; without any, only a header with the schema's titles."""
    shape: Shape = {}
    for data in objects:
        _add(shape, data)
    columns = sorted(_ways(shape, ()), key=lambda steps: _position(steps, layout))
    if not columns and layout is not None:
        columns = [(key,) for key in layout.fields if not hides(rule, (key,))]
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_headings(columns, layout))
    places = _places(columns)
    for data in objects:
        row = [""] * len(columns)
        _fill(row, data, places)
        writer.writerow(row)


def _add(shape: Shape, data: Mapping[str, Any]) -> None:
    """Take note of the fields of an object that hold a plain value, and of the nested ones."""
    for key, value in data.items():
        known = shape.get(key)
        if known is None:
            known = shape[key] = Field()
        if value and isinstance(value, dict):
            _add(known.inner, value)
        else:
            known.plain = True


def _ways(shape: Shape, at: Steps) -> Iterator[Steps]:
    for key, field in shape.items():
        if field.plain:
            yield (*at, key)
        yield from _ways(field.inner, (*at, key))


def _places(columns: Sequence[Steps]) -> Shape:
    """The column of each field path."""
    shape: Shape = {}
    for number, steps in enumerate(columns):
        at = shape
        for step in steps[:-1]:
            at = at.setdefault(step, Field()).inner
        at.setdefault(steps[-1], Field()).column = number
    return shape


def _fill(row: list[str], data: Mapping[str, Any], places: Shape) -> None:
    for key, value in data.items():
        place = places[key]
        if type(value) is str:
            row[place.column] = guard(value)
        elif value and isinstance(value, dict):
            _fill(row, value, place.inner)
        else:
            row[place.column] = guard(_text(value))


def _position(steps: Steps, layout: Layout | None) -> list[int]:
    position = []
    for step in steps:
        known = list(layout.fields) if layout is not None else []
        position.append(known.index(step) if step in known else len(known))
        layout = layout.fields.get(step) if layout is not None else None
    return position


def _headings(columns: Sequence[Steps], layout: Layout | None) -> list[str]:
    headings = [_heading(steps, layout) for steps in columns]
    return [
        guard(f"{heading} ({'.'.join(steps)})") if headings.count(heading) > 1 else guard(heading)
        for heading, steps in zip(headings, columns, strict=True)
    ]


def _heading(steps: Steps, layout: Layout | None) -> str:
    titles = []
    for step in steps:
        layout = layout.fields.get(step) if layout is not None else None
        titles.append(layout.title if layout is not None else step)
    return ": ".join(titles)


def _text(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return "; ".join(map(_text, value))
    return value if isinstance(value, str) else _encode(value)
