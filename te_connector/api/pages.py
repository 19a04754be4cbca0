"""One page of a list: asked for, checked for its shape, and what it shows of the list's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from te_connector.api.client import Client
from te_connector.api.transport import MAX_BODY
from te_connector.errors import OddAnswer
from te_connector.manifest.model import ObjectType
from te_connector.matching.ids import id_key
from te_connector.text.field_paths import steps_of, values_at

Order = tuple[int, int | str]
"""An object's place in the order: numbers before texts, and numbers as numbers."""
Item = Mapping[str, Any]


@attrs.frozen
class Page:
    """What is kept of a page: not its objects, which are handed on, but what they show."""

    number: int
    ids: tuple[str, ...] = ()
    keys: tuple[Order | None, ...] = ()
    last: int | None = None
    next: int | None = None

    @property
    def onward(self) -> int:
        """The highest page that this one names, 0 if it names none."""
        return max(self.last or 0, self.next or 0)

    @property
    def goes_on(self) -> bool:
        """Whether the page says of itself that others come after it."""
        return self.onward > self.number

    @property
    def at_end(self) -> bool:
        """Whether the page says of itself that it is the last."""
        return self.last is not None and not self.goes_on


def params_of(
    client: Client, object_type: ObjectType, number: int, *, sort: bool = False
) -> dict[str, str]:
    """The query that asks for one page."""
    manifest = client.settings.manifest
    params = {
        manifest.paging.number: str(number),
        manifest.paging.size: str(object_type.page_size),
    }
    if sort and object_type.sort is not None:
        params[manifest.sort_param] = object_type.sort
    return params


def read_page(
    client: Client, object_type: ObjectType, params: Mapping[str, str], *, most: int = MAX_BODY
) -> tuple[Page, list[Item]]:
    """One page of at most so many bytes: what it shows, and its objects.

    A missing list or an object without id is a fault, never the end of the list.

    :raises Oversized: it has more bytes.
    :raises PastEnd: the page lies behind the end.
    :raises OddAnswer: the answer has not the documented shape.
    :raises AnswerError: any other answer.
    """
    where = f"GET {object_type.path}"
    body = client.get(object_type.path, params, most=most)
    items = _items(body, client.settings.manifest.paging.items, where)
    links = body.get(client.settings.manifest.paging.links)
    if links is None or links == []:
        links = {}
    if not isinstance(links, Mapping):
        raise OddAnswer(f"{where} answered 200 with page links that are no object.", status=200)
    ids, keys, steps = [], [], steps_of(object_type.order_key)
    for item in items:
        name = id_key(item.get(object_type.id_field)) if isinstance(item, dict) else None
        if name is None:
            raise OddAnswer(
                f"{where} lists something without a readable {object_type.id_field}.", status=200
            )
        ids.append(name)
        keys.append(_order(item, steps))
    number = int(params[client.settings.manifest.paging.number])
    last = _link(links, "last") or None  # no list that holds objects ends at page 0
    page = Page(number, tuple(ids), tuple(keys), last, _link(links, "next"))
    if page.goes_on and not ids:
        raise OddAnswer(
            f"{where} answered 200 with an empty page and says that others follow.", status=200
        )
    return page, items


def _items(body: Any, names: Sequence[str], where: str) -> list[Item]:
    if not isinstance(body, Mapping):
        raise OddAnswer(f"{where} answered 200 with something other than an object.", status=200)
    for name in names:
        items = body.get(name)
        if isinstance(items, Mapping):
            return [items]  # documented for a single result of one endpoint
        if isinstance(items, list):
            return items
    raise OddAnswer(f"{where} answered 200 without a list under {' or '.join(names)}.", status=200)


def _link(links: Mapping[str, Any], name: str) -> int | None:
    key = id_key(links.get(name))
    return (
        int(key) if key is not None and key.isascii() and key.isdigit() and len(key) < 19 else None
    )


def _order(item: Item, steps: Sequence[str]) -> Order | None:
    value = item.get(steps[0]) if len(steps) == 1 else next(values_at(item, steps), None)
    if type(value) is int:
        return (0, value)
    key = id_key(value)
    if key is None:
        return None
    return (0, int(key)) if key.isascii() and key.isdigit() and len(key) <= 30 else (1, key)


def falls(before: Order | None, after: Order | None) -> bool:
    """Whether the order is broken between two neighbours; a missing or unlike key cannot be told."""
    if before is None or after is None or before[0] != after[0]:
        return True
    return after < before


def any_falls(keys: Sequence[Order | None]) -> bool:
    """Whether the order is broken anywhere along the keys."""
    if not keys:
        return False
    if None in keys:
        return True
    known = [key for key in keys if key is not None]
    return known[0][0] != known[-1][0] or known != sorted(known)
