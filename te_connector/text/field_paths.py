"""Paths to values in records: ``email``, ``contact.id``, ``external_ids[].external_id``.

A list on the path is walked through whether or not the path says so, and so is a list that was sent as
an object with numbers as keys (``{"1": {...}}``): the vendor's examples show an object where a list is
documented, and PHP encodes a list with a gap that way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def steps_of(path: str) -> tuple[str, ...]:
    """The keys along a field path."""
    return tuple(path.replace("[]", "").split("."))


def listed(data: Any) -> Sequence[Any]:
    """A list, a list sent as an object, or one value as a list of one."""
    if isinstance(data, list):
        return data
    if _is_list_as_object(data):
        return list(data.values())
    return (data,)


def values_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Every value at the end of a path, empty values included."""
    if isinstance(data, Mapping) and steps and steps[0] in data:
        yield from values_at(data[steps[0]], steps[1:])
    elif isinstance(data, list) or _is_list_as_object(data):
        for item in listed(data):
            yield from values_at(item, steps)
    elif not steps:
        yield data


def blocks_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """What is on a path instead of an object, so that the path can't be followed further."""
    if isinstance(data, Mapping) and steps and steps[0] in data:
        yield from blocks_at(data[steps[0]], steps[1:])
    elif isinstance(data, list) or _is_list_as_object(data):
        for item in listed(data):
            yield from blocks_at(item, steps)
    elif not isinstance(data, Mapping) and steps and data is not None and data != "":
        yield data


def _is_list_as_object(data: Any) -> bool:
    """Whether an object's keys are all whole numbers, so that it is a list in another spelling."""
    return (
        isinstance(data, Mapping)
        and bool(data)
        and all(isinstance(key, str) and key.isdecimal() for key in data)
    )
