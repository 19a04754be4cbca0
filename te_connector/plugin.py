"""The hook implementations: a host's arguments in, one call of the engine, a plain answer out.

Loading this module imports next to nothing; the engine is imported when a hook is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from te_connector.contract import Discovery, Fetched, Plan, Receipt, Validation

CONNECTOR = "total-expert"

hookimpl = pluggy.HookimplMarker("privacy_connector")


def _ours(connection: Any) -> bool:
    return isinstance(connection, Mapping) and connection.get("connector") == CONNECTOR


@hookimpl
def validate_connection(connection: Mapping[str, Any]) -> Validation | None:
    """See :func:`te_connector.hookspecs.validate_connection`."""
    if not _ours(connection):
        return None
    from te_connector.operations import validation

    return validation.validate(connection)


@hookimpl
def discover(connection: Mapping[str, Any]) -> Discovery | None:
    """See :func:`te_connector.hookspecs.discover`."""
    if not _ours(connection):
        return None
    from te_connector.operations import discovery

    return discovery.discover(connection)


@hookimpl
def fetch(
    connection: Mapping[str, Any], subjects: Sequence[Mapping[str, Any]], options: Any
) -> Fetched | Plan | None:
    """See :func:`te_connector.hookspecs.fetch`."""
    if not _ours(connection):
        return None
    from te_connector.operations import access

    return access.fetch(connection, subjects, options)


@hookimpl
def delete_object(
    connection: Mapping[str, Any], object_type: str, object_id: Any, subject: Any, options: Any
) -> Receipt | None:
    """See :func:`te_connector.hookspecs.delete_object`."""
    if not _ours(connection):
        return None
    from te_connector.operations import erasure

    return erasure.delete(connection, object_type, object_id, subject, options)
