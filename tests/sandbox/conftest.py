"""One sandbox that follows the rules, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import Client, running


@pytest.fixture(name="client", scope="module")
def _client() -> Iterator[Client]:
    with running() as client:
        yield client
