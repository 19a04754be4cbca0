"""The options of a hook call: a mapping or None, with no key that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.errors import OptionError


def mapping_of(options: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The options as a mapping.

    :raises OptionError: they are none, or one of them is unknown.
    """
    given = {} if options is None else options
    if not isinstance(given, Mapping):
        raise OptionError("options must be a mapping or None.")
    if any(key not in known for key in given):
        raise OptionError(f"An option is unknown; known are {', '.join(known)}.")
    return given


def progress_of(options: Mapping[str, Any]) -> Any:
    """The ``progress`` callable among options.

    :raises OptionError: it cannot be called.
    """
    progress = options.get("progress")
    if progress is not None and not callable(progress):
        raise OptionError("progress must be something that can be called.")
    return progress
