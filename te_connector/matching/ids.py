"""When are two ids equal? The vendor's as text in one spelling, the lender's with their source. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal

MAX_LENGTH = 1000
"""No identifier is longer than this many characters."""

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))

_SHAPES = {
    # One spelling for each id: a leading zero or a letter in the other case is another id's text.
    "integer": re.compile(r"0|[1-9][0-9]{0,19}"),
    # Total Expert writes hex in small letters. For another CRM's capitals, use the shape text.
    "hex": re.compile(r"[0-9a-f]{1,64}"),
    "uuid": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "text": re.compile(r"[A-Za-z0-9_~@:+=-][A-Za-z0-9_.~@:+=-]{0,199}"),
}


def id_key(value: Any) -> str | None:
    """The key of an id: the text of a text or whole number, without outer blanks. None: no id."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < MAX_LENGTH else None
    return None


def has_shape(key: str, shape: Literal["integer", "hex", "uuid", "text"]) -> bool:
    """Whether an id can be one of a type with ids of this shape. Any other is never sent."""
    return _SHAPES[shape].fullmatch(key) is not None


def external_key(source: Any, alone: str) -> str | None:
    """A record's external id with its source, or None if it names no source."""
    origin = id_key(source)
    return f"{origin}:{alone}" if origin and alone else None


def loosened(text: str) -> str:
    """An id as a careless hand might write it: no blanks, nothing invisible, compatible characters.

    Two ids that are equal only after this are close, never equal.
    """
    composed = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(
        char
        for char in composed
        if not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf")
    )
