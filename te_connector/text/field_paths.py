"""Ways to values in records: ``email``, ``contact.id``, ``external_ids[].external_id``.

A list on the way is walked through whether or not the way says so: the vendor's examples show an
object where a list is documented, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def steps_of(way: str) -> tuple[str, ...]:
    """The keys along a way."""
    return tuple(way.replace("[]", "").split("."))


def values_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Every value at the end of a way; empty values too."""
    if isinstance(data, list):
        for item in data:
            yield from values_at(item, steps)
    elif not steps:
        yield data
    elif isinstance(data, Mapping) and steps[0] in data:
        yield from values_at(data[steps[0]], steps[1:])


def blocks_at(data: Any, steps: Sequence[str]) -> Iterator[Any]:
    """What stands on a way where a mapping should: the way cannot be followed through it."""
    if isinstance(data, list):
        for item in data:
            yield from blocks_at(item, steps)
    elif isinstance(data, Mapping):
        if steps and steps[0] in data:
            yield from blocks_at(data[steps[0]], steps[1:])
    elif steps and data is not None and data != "":
        yield data
