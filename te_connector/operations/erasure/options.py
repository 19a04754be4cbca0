"""The options of ``delete_object``, checked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.api.call import Call
from te_connector.errors import OptionError
from te_connector.operations.options import CALL_OPTIONS, call_of, mapping_of

MOST = 1000
_TEXTS = ("reviewed", "actor", "hold", "receipt_id")
_KNOWN = (*_TEXTS, "reviewed_fields", "holds", *CALL_OPTIONS)


@attrs.frozen
class Options:
    """The options of one deletion. ``holds`` are added to those that the state directory keeps."""

    reviewed: str | None
    reviewed_fields: Mapping[str, str] | None
    actor: str
    hold: str | None
    holds: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)
    receipt_id: str
    call: Call


def read_options(options: Any) -> Options:
    """Check the options of a call.

    :raises OptionError: one is unknown or of the wrong kind.
    """
    requested = mapping_of(options, _KNOWN)
    for name in _TEXTS:
        value = requested.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > MOST):
            raise OptionError(f"The option {name} must be text of at most {MOST} characters.")
        if value is not None and any("\ud800" <= char <= "\udfff" for char in value):
            raise OptionError(f"The option {name} must be whole characters.")
    fields = requested.get("reviewed_fields")
    if fields is not None and not (
        isinstance(fields, Mapping)
        and all(isinstance(text, str) for item in fields.items() for text in item)
    ):
        raise OptionError("The option reviewed_fields must be a mapping of texts to texts.")
    holds = requested.get("holds") or ()
    if not isinstance(holds, (list, tuple)) or not all(isinstance(one, Mapping) for one in holds):
        raise OptionError("The option holds must be a list of mappings.")
    return Options(
        reviewed=requested.get("reviewed"),
        reviewed_fields=fields,
        actor=requested.get("actor") or "",
        hold=requested.get("hold"),
        holds=tuple(holds),
        receipt_id=requested.get("receipt_id") or str(uuid.uuid4()),
        call=call_of(requested),
    )
