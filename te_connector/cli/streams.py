"""stdout, stderr, and signals: what happens when one is closed, full, or sent."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO

from te_connector.errors import SettingsError

_ENDS = ("SIGTERM", "SIGHUP")
"""Signals that end the command as Ctrl-C does. Windows has no SIGHUP."""


class _Tolerant:
    """stderr that ignores a full disk or a closed pipe: notes must not end the work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare() -> None:
    """Make stdout and stderr ready for any text and any state that they are in.

    :raises SettingsError: stdout is closed, so no result could be shown.
    """
    closed = sys.stdout is None
    _fill_closed_descriptors()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A character that the terminal cannot show must not end the command.
            reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, _Tolerant):
        sys.stderr = _Tolerant(sys.stderr)
    if closed:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        raise SettingsError("Standard output is closed. Send it to a file or to /dev/null.")


def _fill_closed_descriptors() -> None:
    """Open /dev/null for each closed standard stream.

    Otherwise the next file or socket would get its number, and text for people would go there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def abandon_stdout() -> None:
    """Drop what stdout still holds, so that Python does not complain when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


@contextmanager
def signals_like_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP raise ``KeyboardInterrupt`` once, so that nothing half-written stays."""
    before: dict[int, Any] = {}
    done = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal done
        if not done:  # a second signal must not interrupt the cleanup
            done = True
            raise KeyboardInterrupt

    for name in _ENDS:
        number = getattr(signal, name, None)
        # nohup ignores SIGHUP on purpose. Only the main thread may set handlers.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            with suppress(ValueError):
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
