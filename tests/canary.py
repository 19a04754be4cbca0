"""Recognisable secrets and people, and a searcher that finds them however they are spelled.

A canary is looked for as it is, in another letter case, in base64 at each of its three alignments, in
hexadecimal, URL-encoded, and cut: to its first or last eight characters, or to any eleven in between.
"""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import pickle
import traceback
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

CLIENT_ID = "zqclient-kx8Vw3-jumbled-Yh7"
CLIENT_SECRET = "zqsecret-Wq9XvJ7+/=kw-tJ4%uY"
ACCESS = "zqaccess-Uj5Hx2-wovenT8-kQz6"
REFRESH = "zqrefresh-Mv3Kp9-plyw7-Xg2Jh"
EMAIL = "zqperson.qv7x+tag@wj4mail-kzq.zz"
PHONE = "+1 763 555 0147"
DIGITS = "7635550147"
EXTERNAL = "ZQLOS:KX9ZQW7M42TB"

SECRETS = {
    "client id": CLIENT_ID,
    "client secret": CLIENT_SECRET,
    "access token": ACCESS,
    "refresh token": REFRESH,
}
PEOPLE = {"e-mail": EMAIL, "phone": DIGITS, "phone as given": PHONE, "external id": EXTERNAL}
ALL = {**SECRETS, **PEOPLE}


def _base64_forms(raw: bytes) -> Iterator[str]:
    for shift in range(3):
        for coded in (base64.b64encode, base64.urlsafe_b64encode):
            text = coded(b"\0" * shift + raw).decode()
            yield text[4 if shift else 0 : len(text) - 4].lower()


def _windows(text: str, least: int) -> Iterator[str]:
    """The first and the last characters, and windows such that any cut of eleven holds one."""
    if len(text) <= least:
        yield text
        return
    yield text[:least]
    yield text[-least:]
    for start in range(0, len(text) - least, 4):
        yield text[start : start + least]


def _needles() -> dict[str, str]:
    needles: dict[str, str] = {}
    for name, value in ALL.items():
        raw = value.encode()
        for text in (value.lower(), quote(value, safe="").lower(), quote_plus(value).lower()):
            for window in _windows(text, 8):
                needles[window] = name
        for text in _base64_forms(raw):
            for window in _windows(text, 10):
                needles[window] = f"{name} in base64"
        for window in _windows(raw.hex(), 16):
            needles[window] = f"{name} in hexadecimal"
    return needles


_NEEDLES = _needles()


def found_in(text: str | bytes, only: Iterable[str] = ALL) -> list[str]:
    """The canaries that a text contains."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    lowered = text.lower()
    wanted = tuple(only)
    found = {name for needle, name in _NEEDLES.items() if needle in lowered}
    return sorted(name for name in found if name.startswith(wanted))


class Sinks:
    """Everything that comes out of a run but its results, by the name of where it came out."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def add(self, where: str, text: str | bytes) -> None:
        """Note what came out somewhere."""
        self.texts.append((where, text.decode("latin-1") if isinstance(text, bytes) else text))

    def exception(self, error: BaseException) -> None:
        """All that an exception tells: its text, attributes, notes, chain, traceback and pickle.

        What a hidden context contains (``raise … from None``) is noted as ``context``.
        """
        self.add("traceback", "".join(traceback.format_exception(error)))
        seen: set[int] = set()
        waiting: list[tuple[BaseException | None, str]] = [(error, "exception")]
        while waiting:
            one, where = waiting.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            self.add(where, f"{one}\n{one!r}\n{one.args!r}\n{vars(one)!r}")
            with contextlib.suppress(Exception):
                self.add("pickle" if where == "exception" else where, pickle.dumps(one))
            waiting.append((one.__context__, "context" if one.__suppress_context__ else where))
            waiting.append((one.__cause__, where))

    def thing(self, thing: Any) -> None:
        """All that an object tells of itself without being asked for its parts."""
        self.add("repr", f"{thing!r}\n{thing!s}\n{thing}")
        with contextlib.suppress(Exception):
            self.add("pickle", pickle.dumps(thing))

    def folder(self, folder: Path) -> None:
        """Every file's name and content."""
        for path in sorted(folder.rglob("*")):
            self.add("file name", str(path.relative_to(folder)))
            if path.is_file():
                self.add("file", path.read_bytes())

    def leaks(self) -> dict[str, list[str]]:
        """The canaries that came out, by where."""
        told: dict[str, list[str]] = {}
        for where, text in self.texts:
            told.setdefault(where, []).append(text)
        found = {where: found_in("\n".join(texts)) for where, texts in told.items()}
        return {where: names for where, names in found.items() if names}


class _Recorder(logging.Handler):
    def __init__(self, sinks: Sinks) -> None:
        super().__init__(0)
        self._sinks = sinks
        self.setFormatter(logging.Formatter("%(name)s %(threadName)s %(pathname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._sinks.add("log", self.format(record))  # with the traceback, where there is one
        self._sinks.add("log", repr({k: v for k, v in vars(record).items() if k != "exc_info"}))


@contextlib.contextmanager
def watched(sinks: Sinks) -> Iterator[None]:
    """Within it, all logs of all loggers at every level, warnings and prints go to the sinks."""
    recorder, levels = _Recorder(sinks), {}
    names = [None, *logging.root.manager.loggerDict]
    for name in names:
        logger = logging.getLogger(name)
        levels[name] = logger.level, logger.propagate, logger.disabled
        logger.setLevel(1)
        logger.propagate, logger.disabled = True, False
    logging.root.addHandler(recorder)
    printed = io.StringIO()
    try:
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            yield
    finally:
        logging.root.removeHandler(recorder)
        for name, (level, propagate, disabled) in levels.items():
            logger = logging.getLogger(name)
            logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, disabled
        sinks.add("print", printed.getvalue())
        for warning in warned:
            sinks.add("warning", f"{warning.message} {warning.source!r}")
