"""A secret that does not show itself, and a hush over libraries that would log one.

``requests_oauthlib`` logs tokens, the Basic header and bodies at DEBUG, ``urllib3`` the query of every
request at DEBUG and that of an answer with odd headers at WARNING. While this package makes a call in
a thread, those records are dropped; a host's own use of the same libraries is logged as ever.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import threading
from collections.abc import Iterator
from typing import NoReturn

_LIBRARIES = ("requests_oauthlib", "oauthlib", "urllib3", "requests", "filelock", "keyring")


class Secret:
    """A text that only :meth:`reveal` returns: not ``repr``, ``str``, ``format``, or pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


_here = threading.local()


class _Hush(logging.Filter):
    """Drops what a library logs while this package is calling it in this thread.

    ``known`` is how many loggers there were when it was last put on the libraries' own.
    """

    known = -1

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  the base's name
        return not getattr(_here, "depth", 0)


_hush = _Hush()


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Within it, the libraries' records are dropped, for this thread alone."""
    loggers = logging.root.manager.loggerDict
    if len(loggers) != _hush.known:
        _hush.known = len(loggers)
        for name in list(loggers):
            if name.split(".", 1)[0] in _LIBRARIES:
                logging.getLogger(name).addFilter(_hush)  # once, however often it is added
    _here.depth = getattr(_here, "depth", 0) + 1
    try:
        yield
    finally:
        _here.depth -= 1
