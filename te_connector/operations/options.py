"""The options of a hook call: None, or a mapping whose keys are all known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api.call import Call
from te_connector.errors import OptionError


def mapping_of(options: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The options as a mapping.

    :raises OptionError: they aren't a mapping, or one of them is unknown.
    """
    given = {} if options is None else options
    if not isinstance(given, Mapping):
        raise OptionError("options must be a mapping or None.")
    if any(key not in known for key in given):
        raise OptionError(f"An option is unknown. The options are {', '.join(known)}.")
    return given


CALL_OPTIONS = ("progress", "cancel", "deadline")


def call_of(options: Mapping[str, Any]) -> Call:
    """The call that ``progress``, ``cancel``, and ``deadline`` describe. Its deadline counts from now.

    :raises OptionError: one of them is of the wrong kind.
    """
    progress = options.get("progress")
    if progress is not None and not callable(progress):
        raise OptionError("progress must be callable.")
    cancel = options.get("cancel")
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise OptionError("cancel must have a method is_set, as a threading.Event does.")
    deadline = options.get("deadline")
    if deadline is not None and (
        isinstance(deadline, bool)
        or not isinstance(deadline, (int, float))
        or not 0 <= deadline < float("inf")
    ):
        raise OptionError("deadline must be a number of seconds, 0 or more.")
    return Call(progress, cancel, deadline)
