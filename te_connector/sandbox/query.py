"""The ``filter`` and ``page`` parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from te_connector.sandbox.misbehavior import Misbehavior
from te_connector.sandbox.store import Json

Predicate = Callable[[Json], bool]
_MAX_PAGE = 100
_MIN_CONTAINS = 3
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?")


class BadQueryError(Exception):
    """A parameter that the API does not accept."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Filter(NamedTuple):
    """How one filter compares, and the dotted path of what it looks at."""

    kind: str
    path: str


def _texts(*names: str) -> dict[str, Filter]:
    return {name: Filter("text", name) for name in names}


def _contains(*names: str) -> dict[str, Filter]:
    return {f"{name}_contains": Filter("contains", name) for name in names}


def _range(name: str, path: str = "") -> dict[str, Filter]:
    return {
        f"{name}_start": Filter("start", path or name),
        f"{name}_end": Filter("end", path or name),
    }


_OWNER = {f"owner_{name}": Filter("text", f"owner.{name}") for name in ("id", "email", "username")}

CONTACT_FILTERS: Mapping[str, Filter] = {
    **_range("internal_updated_at"),
    **_OWNER,
    "owner_external_id": Filter("text", "owner.external_id"),
    **_texts("first_name", "last_name", "email", "external_id", "source"),
    **_contains("first_name", "last_name", "email"),
    "group_id": Filter("text", "contact_groups.id"),
    "group_name": Filter("text", "contact_groups.group_name"),
    **{name: Filter("phone", name) for name in ("phone_cell", "phone_home", "phone_office")},
    "archieved": Filter("archived", ""),
}
USER_FILTERS: Mapping[str, Filter] = {
    **_range("internal_updated_at"),
    **_texts("email", "username", "status", "external_id"),
}
SURVEY_FILTERS: Mapping[str, Filter] = {"contact_id": Filter("text", "contact.id")}
NOTE_FILTERS: Mapping[str, Filter] = {
    **_range("created_on"),
    **_texts("title", "is_private", "type_id"),
    "notes": Filter("text", "note"),
    **_contains("title"),
    "notes_contains": Filter("contains", "note"),
}
ACTIVITY_FILTERS: Mapping[str, Filter] = {
    **_range("internal_created_at", "created_at"),
    **_texts("contact_id", "type", "owner_id"),
}

OF_CONTACT_FILTERS: Mapping[str, Filter] = {
    **_range("internal_created_at"),
    "contact_id": Filter("text", "contact.id"),
}
LOAN_FILTERS: Mapping[str, Filter] = {
    **_range("internal_updated_at"),
    **_texts("external_id", "loan_number"),
    "borrower_id": Filter("text", "borrower.id"),
    "agent_id": Filter("text", "buyers_agent.id"),
}
ACCOUNT_FILTERS: Mapping[str, Filter] = {
    **_texts("account_number"),
    "borrower_id": Filter("text", "primary_account_holder.id"),
}
OPPORTUNITY_FILTERS: Mapping[str, Filter] = {"contact_id": Filter("text", "legacy_contact_id")}
UNSUBSCRIBE_FILTERS: Mapping[str, Filter] = {**_texts("email")}


def conditions(text: str, known: Mapping[str, Filter]) -> dict[str, str]:
    """``name=value`` pairs of a filter expression."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or name not in known:
            raise BadQueryError(400, f"Invalid filter expression: {part}")
        if known[name].kind == "contains" and len(value) < _MIN_CONTAINS:
            raise BadQueryError(400, f"Invalid filter expression: {part}")
        if known[name].kind in ("start", "end") and not _MOMENT.fullmatch(value):
            raise BadQueryError(400, f"Invalid filter expression: {part}")
        found[name] = value
    return found


def matching(
    items: list[Json],
    asked: Mapping[str, str],
    known: Mapping[str, Filter],
    misbehavior: Misbehavior,
) -> list[Json]:
    """The items that meet every condition; ``archieved`` is for the caller to handle."""
    tests = [
        _test(known[name], value, misbehavior)
        for name, value in asked.items()
        if known[name].kind != "archived"
    ]
    return [item for item in items if all(test(item) for test in tests)] if tests else items


def _test(rule: Filter, wanted: str, misbehavior: Misbehavior) -> Predicate:
    paths = [rule.path]
    if rule.path == "external_id" and misbehavior.external_id_array:
        paths.append("external_ids.external_id")
    accept = _comparison(rule.kind, wanted, misbehavior)
    keys = [path.split(".") for path in paths]
    return lambda item: any(accept(value) for key in keys for value in _values(item, key))


def _comparison(kind: str, wanted: str, misbehavior: Misbehavior) -> Callable[[str], bool]:
    if kind in ("start", "end"):
        moment = _moment(wanted)
        if kind == "start":
            return lambda value: _moment(value) >= moment
        return lambda value: _moment(value)[: len(moment)] <= moment
    clean: Callable[[str], str] = str if misbehavior.case_sensitive else str.casefold
    if kind == "phone":
        clean = str if misbehavior.exact_phone else _digits
    needle = clean(wanted)
    if not needle:
        return lambda value: False
    if kind == "contains" or misbehavior.filters == "substring":
        return lambda value: needle in clean(value)
    return lambda value: clean(value) == needle


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _moment(text: str) -> str:
    return text.replace("T", " ").rstrip("Z")[:19]


def _values(value: Any, keys: list[str]) -> list[str]:
    """The values at a field path as text, in lists too, without nulls."""
    if isinstance(value, list):
        return [text for entry in value for text in _values(entry, keys)]
    if keys:
        return _values(value.get(keys[0]), keys[1:]) if isinstance(value, dict) else []
    return [] if value is None else [str(value)]


def page(
    items: list[Json], args: Mapping[str, str], misbehavior: Misbehavior
) -> tuple[list[Json], dict[str, int | None]]:
    """One page of the items, and its links."""
    number = _count(args, "page[number]", 1)
    size = _count(args, "page[size]", 10)
    if not 1 <= size <= _MAX_PAGE:
        raise BadQueryError(422, f"Page size must be between 1 and {_MAX_PAGE}")
    if misbehavior.page_cap is not None:
        size = min(size, misbehavior.page_cap)
    last = max(1, -(-len(items) // size))
    if not 1 <= number <= last or (misbehavior.empty_is_422 and not items):
        raise BadQueryError(422, "Page requested is outside of result set")
    links = {
        "first": 1,
        "last": last,
        "next": number + 1 if number < last and misbehavior.next_link == "number" else None,
        "prev": number - 1 if number > 1 else None,
    }
    if misbehavior.next_link == "absent":
        del links["next"]
    return items[(number - 1) * size : number * size], links


def _count(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name, str(default))
    if not text.isdecimal():
        raise BadQueryError(400, f"Invalid value of {name}")
    return int(text)
