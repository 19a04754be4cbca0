"""The four hooks of a privacy connector, for hosts that bring no specifications of their own.

Every hook is ``firstresult``: a connector answers when ``connection["connector"]`` is its name and
returns None otherwise, so that many connectors live in one host. Faults raise a subclass of
:class:`te_connector.errors.ConnectorError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from te_connector.contract import (
        Connection,
        DeleteOptions,
        Discovery,
        Fetched,
        FetchOptions,
        Plan,
        Receipt,
        Subject,
        Validation,
    )

hookspec = pluggy.HookspecMarker("privacy_connector")


@hookspec(firstresult=True)
def validate_connection(connection: Connection) -> Validation | None:
    """Check whether the connection works: sign-in, scopes, and one page of each object type.

    A connection that does not work is an answer (``ok`` false, the failing check says which step
    failed and what to do), not an exception. Costs at most one token request and one request for
    each object type. Raises only when called wrongly.
    """


@hookspec(firstresult=True)
def discover(connection: Connection) -> Discovery | None:
    """Describe the object types, how people are found in them, and what is not searched.

    Needs no network and no credentials.
    """


@hookspec(firstresult=True)
def fetch(
    connection: Connection, subjects: Sequence[Subject], options: FetchOptions | None
) -> Fetched | Plan | None:
    """Find every object that belongs to the subjects, all subjects in one pass.

    ``options`` may be None; see the contract for its keys. If one object type fails, its coverage is
    incomplete and ``problems`` says why; raises only when it cannot sign in, cannot
    reach the host, was stopped, or was called wrongly.
    """


@hookspec(firstresult=True)
def delete_object(
    connection: Connection,
    object_type: str,
    object_id: str | int,
    subject: Subject,
    options: DeleteOptions | None,
) -> Receipt | None:
    """Delete one object of one subject, prove that it is gone, and return the receipt.

    What does not match the subject's identifiers, is not what was reviewed, or is held, is
    ``refused`` and nothing is sent that could delete. Raises only when it cannot sign in, cannot
    reach the host before anything was sent, was stopped, or was called wrongly.
    """
