"""One page of a list: the request for it, its shape, and what it shows about the list.

The API document (section 4): ``page[number]`` counts from 1; an envelope has ``items`` (the prose says
``objects``) and ``links`` with the page numbers ``first``, ``last``, ``next`` and ``prev``, where
``next`` and ``prev`` are null at the ends. There is no total count.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from te_connector.api.client import Client
from te_connector.api.transport import MAX_BODY
from te_connector.errors import AnswerError, OddAnswer, PastEnd
from te_connector.manifest.model import ObjectType, Paging
from te_connector.matching.ids import id_key
from te_connector.text.field_paths import steps_of, values_at

OrderKey = tuple[int, int | str]
"""An object's place in the order: numbers before texts, and numbers by value."""
Item = Mapping[str, Any]
Label = tuple[int, int]
"""What a caller knows a page under way by."""
MAX_IN_FLIGHT = 50
"""The most requests at once; latency and quota decide how many are used."""
SECONDS_OF_WORK = 0.0025
"""More in flight than latency divided by it gains nothing: a page costs this process that and more."""
WORTH_HIDING = 0.015
"""Below this latency in seconds, threads cost more than they hide."""
_TICK = 0.2


@attrs.frozen
class Page:
    """What we keep of a page: not its objects, which are passed on, but what they show.

    ``size`` is the page size that was asked for, 0 if unknown. ``past_end`` means that the server
    answered that there is no such page.
    ``tied_inside``: it was put together from smaller pages, and objects with equal keys are on two of
    them. ``cached``: the answer came from a cache.
    """

    number: int
    ids: tuple[str, ...] = ()
    keys: tuple[OrderKey | None, ...] = ()
    first: int | None = None
    last: int | None = None
    next: int | None = None
    prev: int | None = None
    size: int = 0
    past_end: bool = False
    tied_inside: bool = False
    cached: bool = False

    @property
    def onward(self) -> int:
        """The highest page number that this page names, 0 if it names none."""
        return max(self.last or 0, self.next or 0)

    @property
    def goes_on(self) -> bool:
        """Whether the page says that other pages follow."""
        return self.onward > self.number

    @property
    def at_end(self) -> bool:
        """Whether the page says that it is the last one."""
        return self.last is not None and not self.goes_on

    @property
    def nothing_here(self) -> bool:
        """Whether the list has no objects on this page or after it, as far as this page says."""
        return not self.ids and not self.goes_on


@attrs.frozen
class PageRequest:
    """Which page to ask for: its number, how many objects a page has, the order, the size limit."""

    number: int
    size: int
    sort: str | None = None
    max_bytes: int = MAX_BODY


def params_of(
    client: Client, object_type: ObjectType, number: int, *, size: int = 0, sort: str | None = None
) -> dict[str, str]:
    """The query for one page; of the manifest's page size unless ``size`` says another."""
    manifest = client.settings.manifest
    params = {
        manifest.paging.number: str(number),
        manifest.paging.size: str(size or object_type.page_size),
    }
    if sort is not None:
        params[manifest.sort_param] = sort
    return params


def read_page(
    client: Client, object_type: ObjectType, params: Mapping[str, str]
) -> tuple[Page, list[Item]]:
    """Read one page: what it shows, and its objects.

    :raises PastEnd: the page is after the last one.
    :raises OddAnswer: the answer doesn't have the documented shape. A missing list or an object
        without an id is never taken for the end of the list.
    :raises AnswerError: any other answer.
    """
    page, items = page_of(client.get(object_type.path, params), object_type, client, params)
    if page.goes_on and not items:
        raise OddAnswer(
            f"GET {object_type.path} answered 200 with an empty page and says that others follow.",
            status=200,
        )
    return page, items


def page_of(
    body: Any, object_type: ObjectType, client: Client, params: Mapping[str, str]
) -> tuple[Page, list[Item]]:
    """Turn the body of an answer into a page and its objects.

    :raises OddAnswer: the body doesn't have the documented shape.
    """
    where, paging = f"GET {object_type.path}", client.settings.manifest.paging
    items = _items(body, paging, object_type.id_field, where)
    links = body.get(paging.links)
    if links is None or links == []:
        links = {}
    if not isinstance(links, Mapping):
        raise OddAnswer(f"{where} answered 200 with page links that aren't an object.", status=200)
    ids = [
        id_key(item.get(object_type.id_field)) if isinstance(item, dict) else None for item in items
    ]
    if None in ids:
        raise OddAnswer(
            f"{where} lists something without a readable {object_type.id_field}.", status=200
        )
    steps = steps_of(object_type.order_key)
    return Page(
        number=int(params[paging.number]),
        ids=tuple(filter(None, ids)),
        keys=tuple([_order_key(item, steps) for item in items]),
        first=_link(links, "first"),
        last=_link(links, "last") or None,  # 0 is documented nowhere; an empty list may say it
        next=_link(links, "next"),
        prev=_link(links, "prev"),
        size=int(params[paging.size]),
    ), items


def _items(body: Any, paging: Paging, id_field: str, where: str) -> list[Item]:
    if not isinstance(body, Mapping):
        raise OddAnswer(f"{where} answered 200 with something other than an object.", status=200)
    for name in paging.items:
        items = body.get(name)
        if isinstance(items, list):
            return items
        if isinstance(items, Mapping):
            if id_field not in items and all(isinstance(item, Mapping) for item in items.values()):
                return list(items.values())  # PHP writes a list with gaps as {"1": {…}, "3": {…}}
            return [items]  # documented for the single result of one endpoint
    raise OddAnswer(
        f"{where} answered 200 without a list under {' or '.join(paging.items)}.", status=200
    )


def _link(links: Mapping[str, Any], name: str) -> int | None:
    key = id_key(links.get(name))
    if key is not None and key.isascii() and key.isdigit() and len(key) < 19:
        return int(key)
    return None


def _order_key(item: Item, steps: Sequence[str]) -> OrderKey | None:
    value = item.get(steps[0]) if len(steps) == 1 else next(values_at(item, steps), None)
    if type(value) is int:
        return (0, value)
    key = id_key(value)
    if key is None:
        return None
    return (0, int(key)) if key.isascii() and key.isdigit() and len(key) <= 30 else (1, key)


class ClientPages:
    """The pages of one type's list, asked for with a client; passes on the objects of each page."""

    def __init__(
        self, client: Client, object_type: ObjectType, each: Callable[[Sequence[Item]], None]
    ) -> None:
        self._client = client
        self._type = object_type
        self._each = each

    @property
    def workers(self) -> int:
        """How many requests are worth sending at once: none beside another without latency."""
        latency = self._client.latency
        return 1 if latency < WORTH_HIDING else min(MAX_IN_FLIGHT, int(latency / SECONDS_OF_WORK))

    def page(self, request: PageRequest, unwanted: threading.Event | None = None) -> Page:
        """One page. It isn't tried again once ``unwanted`` is set.

        :raises Oversized: it has more bytes than the request permits.
        :raises AnswerError: it couldn't be read.
        """
        params = params_of(
            self._client, self._type, request.number, size=request.size, sort=request.sort
        )
        try:
            body, cached = self._client.get_even_cached(
                self._type.path, params, max_bytes=request.max_bytes, unwanted=unwanted
            )
        except PastEnd:
            return Page(request.number, size=request.size, past_end=True)
        page, items = page_of(body, self._type, self._client, params)
        self._each(items)  # even from a cache: what is found is found
        return attrs.evolve(page, cached=True) if cached else page

    @contextlib.contextmanager
    def stream(self) -> Iterator[ClientStream]:
        """Within it pages can be asked for at the same time; at its end all threads have ended."""
        over = threading.Event()
        pool = concurrent.futures.ThreadPoolExecutor(MAX_IN_FLIGHT, "te-connector-page")
        try:
            yield ClientStream(functools.partial(self.page, unwanted=over), pool)
        except BaseException as error:
            if not isinstance(error, AnswerError):
                self._client.stop()  # ends the requests under way, so the threads end at once
            raise
        finally:
            over.set()
            pool.shutdown(cancel_futures=True)


class ClientStream:
    """Pages under way in the threads of a pool."""

    def __init__(
        self,
        page: Callable[[PageRequest], Page],
        pool: concurrent.futures.ThreadPoolExecutor,
    ) -> None:
        self._page = page
        self._pool = pool
        self._arrived: queue.SimpleQueue[tuple[Label, concurrent.futures.Future[Page]]]
        self._arrived = queue.SimpleQueue()
        self.under_way = 0

    def send(self, label: Label, request: PageRequest) -> None:
        """Ask for a page."""
        self.under_way += 1
        future = self._pool.submit(self._page, request)
        future.add_done_callback(lambda done: self._arrived.put((label, done)))

    def wait(self) -> list[tuple[Label, Page]]:
        """Pages that have arrived, in any order; none if none arrives within a fifth of a second.

        :raises Oversized: a page has more bytes than its request permits.
        :raises AnswerError: a page couldn't be read.
        """
        arrived = []
        with contextlib.suppress(queue.Empty):
            arrived.append(self._arrived.get(timeout=_TICK))
            while True:
                arrived.append(self._arrived.get_nowait())
        self.under_way -= len(arrived)
        return [(label, future.result()) for label, future in arrived]
