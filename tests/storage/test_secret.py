"""A secret shows itself to nobody, and the libraries that would tell one are hushed while we call them."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from te_connector.storage.secret import Secret, hushed

TEXT = "kq7-canary-w8"


@attrs.frozen
class _Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param(lambda it: f"{it}", id="format"),
        pytest.param(lambda it: f"{it:>40}", id="format with a width"),
        pytest.param(lambda it: str.format("{!s:>9} {!r}", it, it), id="str.format"),
        pytest.param(lambda it: repr([it, {it: it}]), id="in a container"),
        pytest.param(lambda it: repr(_Holder(it)), id="in a frozen value"),
        pytest.param(lambda it: repr(attrs.asdict(_Holder(it))), id="in asdict"),
        pytest.param(lambda it: repr(ValueError(it)), id="in an exception"),
    ],
)
def test_no_way_of_showing_a_secret_shows_it(show: Callable[[Secret], str]) -> None:
    assert TEXT not in show(Secret(TEXT))
    assert "Secret(***)" in show(Secret(TEXT))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled_by_any_protocol(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT), protocol)


def test_a_secret_is_not_copied_deeply() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy([Secret(TEXT)])


def test_a_secret_has_no_dictionary_of_attributes() -> None:
    assert not hasattr(Secret(TEXT), "__dict__")


def test_secrets_are_equal_by_their_text_and_unequal_to_it() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT + "x")
    assert Secret(TEXT) != TEXT
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.fixture(name="heard")
def _heard() -> Iterator[list[logging.LogRecord]]:
    heard: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    handler, level = Handler(0), logging.root.level
    logging.root.addHandler(handler)
    logging.root.setLevel(1)
    yield heard
    logging.root.removeHandler(handler)
    logging.root.setLevel(level)


LIBRARIES = ["requests_oauthlib.oauth2_session", "urllib3.connectionpool", "urllib3.connection",
             "oauthlib.common", "requests", "keyring.backend"]  # fmt: skip


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING, logging.CRITICAL])
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_that_we_call_is_heard_at_no_level(
    heard: list[logging.LogRecord], name: str, level: int
) -> None:
    """urllib3 logs the whole address, query and all, at WARNING where an answer's headers are odd."""
    logger = logging.getLogger(name)
    with hushed():
        logger.log(level, TEXT)
    assert not [record for record in heard if record.name == name]


def test_a_host_s_own_use_of_a_library_is_heard_as_ever(heard: list[logging.LogRecord]) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    inside, done = threading.Event(), threading.Event()

    def ours() -> None:
        with hushed():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=ours)
    thread.start()
    inside.wait(10)
    logger.debug("of the host")
    done.set()
    thread.join(10)
    logger.debug("afterwards")
    assert [record.getMessage() for record in heard] == ["of the host", "afterwards"]


def test_hushes_may_stand_in_each_other_and_end_with_an_exception(
    heard: list[logging.LogRecord],
) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    with pytest.raises(KeyError), hushed():
        with hushed():
            pass
        logger.debug("inside")
        raise KeyError
    logger.debug("outside")
    assert [record.getMessage() for record in heard] == ["outside"]


def test_our_own_log_is_heard_within_a_hush(heard: list[logging.LogRecord]) -> None:
    with hushed():
        logging.getLogger("te_connector.api.client").info("ours")
    assert [record.getMessage() for record in heard] == ["ours"]


def test_a_logger_that_is_made_later_is_hushed_too(heard: list[logging.LogRecord]) -> None:
    with hushed():
        pass
    logger: Any = logging.getLogger("urllib3.made.later")
    with hushed():
        logger.warning(TEXT)
    assert not heard
