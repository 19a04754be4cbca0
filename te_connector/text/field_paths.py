"""Paths to values in records: ``email``, ``contact.id``, ``external_ids[].external_id``.

A list on the path is walked through whether or not the path says so: the vendor's examples show an
object where a list is documented, and the other way round. A list may also come as an object with
numbers as its keys (``{"1": ...}``), which is how PHP writes a list with gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def steps_of(path: str) -> tuple[str, ...]:
    """The keys along a path."""
    return tuple(path.replace("[]", "").split("."))


def items_of(data: Any) -> Sequence[Any] | None:
    """The items of a list, or of a list that came as an object (maybe empty); None: it is no list."""
    if isinstance(data, list):
        return data
    if isinstance(data, Mapping) and all(_is_number(key) for key in data):
        return list(data.values())
    return None


def _is_number(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdecimal()


def values_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Every value at the end of a path; empty values too."""
    items = items_of(data)
    if items is not None:
        for item in items:
            yield from values_at(item, steps)
    elif not steps:
        yield data
    elif isinstance(data, Mapping) and steps[0] in data:
        yield from values_at(data[steps[0]], steps[1:])


def blocks_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """What is on a path where an object should be, so that the path can't be followed."""
    items = items_of(data)
    if items is not None:
        for item in items:
            yield from blocks_at(item, steps)
    elif isinstance(data, Mapping):
        if steps and steps[0] in data:
            yield from blocks_at(data[steps[0]], steps[1:])
    elif steps and data is not None and data != "":
        yield data
