"""The bodies that platforms send: strict JSON, flat, and never repeated back to the sender."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Literal

import attrs

MAX_BYTES = 1024 * 1024
MAX_VALUES = 50
_MAX_DEPTH = 8
_MAX_TEXT = 1000
_MAX_REQUEST = 200


class BadBody(Exception):
    """The body cannot be used. ``detail`` says why, without any value of it."""

    def __init__(self, detail: str, code: str = "body_invalid") -> None:
        self.detail, self.code = detail, code
        super().__init__(detail)


@attrs.frozen
class Search:
    """A body of ``/v1/access``: which request, whom to look for, and which type to show."""

    request: str = attrs.field(repr=False)
    identifiers: Mapping[str, tuple[str, ...]] = attrs.field(repr=False)
    object_type: str | None = None


@attrs.frozen
class Deletion:
    """A body of ``/v1/delete``: which object of which request, and the digest that was shown."""

    request: str = attrs.field(repr=False)
    object_type: str
    object_id: str
    reviewed: str | None = None


def parse(raw: bytes) -> Mapping[str, Any]:
    """The body as a JSON object.

    :raises BadBody: it is not UTF-8, not strict JSON, too deep, names a key twice, or no object.
    """
    try:
        data = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except BadBody:
        raise
    except (ValueError, RecursionError):
        raise BadBody("The body must be JSON in UTF-8.") from None
    if not isinstance(data, dict):
        raise BadBody("The body must be a JSON object.")
    if _depth(data) > _MAX_DEPTH:
        raise BadBody("The body is nested too deeply.")
    return data


def read_search(raw: bytes, kinds: Collection[str], types: Collection[str]) -> Search:
    """A body of the access routes.

    A value that is null or an empty text counts as not given: platforms fill templates, and not
    everybody has a phone.

    :raises BadBody: a key is unknown, a value is of the wrong type, or no identifier is given.
    """
    data = parse(raw)
    _check_keys(data, {"request", "object_type", *kinds})
    identifiers = {
        kind: values for kind in sorted(kinds) if (values := _values(data.get(kind), kind))
    }
    if not identifiers:
        raise BadBody(f"Give at least one of {', '.join(sorted(kinds))}.")
    object_type = data.get("object_type")
    if object_type is not None and not (isinstance(object_type, str) and object_type in types):
        raise BadBody(f"object_type must be one of {', '.join(types)}.")
    return Search(_request(data), identifiers, object_type)


def read_deletion(raw: bytes, types: Collection[str]) -> Deletion:
    """A body of ``/v1/delete``.

    :raises BadBody: a key is missing or unknown, or a value is of the wrong type.
    """
    data = parse(raw)
    _check_keys(data, {"request", "object_type", "id", "reviewed"})
    object_type, object_id, reviewed = (data.get(key) for key in ("object_type", "id", "reviewed"))
    if not isinstance(object_type, str) or object_type not in types:
        raise BadBody(f"object_type must be one of {', '.join(types)}.")
    if not isinstance(object_id, str) or not 0 < len(object_id) <= _MAX_TEXT:
        raise BadBody("id must be text and not empty.")
    if reviewed is not None and (not isinstance(reviewed, str) or len(reviewed) > _MAX_TEXT):
        raise BadBody("reviewed must be the te_digest of the record, as text.")
    return Deletion(_request(data), object_type, object_id, reviewed or None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise BadBody("The body gives a key twice.")
    return made


def _no_constant(_name: str) -> Literal[0]:
    raise BadBody("NaN and Infinity are not JSON.")


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            waiting += [(below, depth + 1) for below in item.values()]
        elif isinstance(item, list):
            waiting += [(below, depth + 1) for below in item]
    return deepest


def _check_keys(data: Mapping[str, Any], known: set[str]) -> None:
    if not set(data) <= known:
        raise BadBody(f"The body has an unknown key. Known keys: {', '.join(sorted(known))}.")


def _request(data: Mapping[str, Any]) -> str:
    request = data.get("request")
    if not isinstance(request, str) or not request.strip():
        raise BadBody("request must be text and not empty: the platform's id of the request.")
    if len(request) > _MAX_REQUEST or not request.isprintable():
        raise BadBody(f"request must be at most {_MAX_REQUEST} printable characters.")
    return request


def _values(given: Any, kind: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    if len(values) > MAX_VALUES:
        raise BadBody(f"{kind} has more than {MAX_VALUES} values.")
    kept: list[str] = []
    for value in values:
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise BadBody(f"{kind} must be text or a list of text.")
        if len(value) > _MAX_TEXT:
            raise BadBody(f"{kind} has a value of more than {_MAX_TEXT} characters.")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise BadBody(f"{kind} has a value that is not whole characters.") from None
        if value not in kept:
            kept.append(value)
    return tuple(sorted(kept))
