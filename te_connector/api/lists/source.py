"""Where a reading gets its pages from: one by one, or many under way at once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from te_connector.api.pages import Label, Page, PageRequest


class PageStream(Protocol):
    """Pages under way, each with a label of the caller's."""

    @property
    def under_way(self) -> int:
        """How many pages were sent and haven't been given by :meth:`wait`."""

    def send(self, label: Label, request: PageRequest) -> None:
        """Ask for a page."""

    def wait(self) -> list[tuple[Label, Page]]:
        """Pages that have arrived, in any order; none if that takes long.

        :raises Oversized: a page has more bytes than its request permits.
        """


class PageSource(Protocol):
    """Where pages come from. It passes on the objects of each page that it reads."""

    @property
    def workers(self) -> int:
        """How many requests are worth sending at once."""

    def page(self, request: PageRequest) -> Page:
        """One page.

        :raises Oversized: it has more bytes than the request permits.
        """

    def stream(self) -> AbstractContextManager[PageStream]:
        """Within it pages can be asked for at the same time."""
