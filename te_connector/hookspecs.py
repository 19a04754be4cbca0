"""The four hooks of a privacy connector, for hosts that bring no specifications of their own.

Every hook is ``firstresult``: a connector answers if ``connection["connector"]`` is its name, and
returns None otherwise, so that many connectors can be in one host. :mod:`te_connector.contract` explains
every key of the arguments and answers.

Errors are subclasses of :class:`te_connector.errors.ConnectorError`. No other exception leaves a hook,
except one that the host's own ``progress`` raised. Hooks may be called from several threads and processes
at once, also with the same state directory.
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

    A connection that doesn't work is an answer (``ok`` is false, and the failing check says which step
    failed and what to do), not an exception. Costs at most one token request, and one request for each
    object type that is turned on.

    :raises UsageError: the call or the settings are wrong.
    """


@hookspec(firstresult=True)
def discover(connection: Connection) -> Discovery | None:
    """List the object types, how people are found in them, and what isn't searched.

    Needs no network and no credentials.

    :raises UsageError: the call, the settings or the manifest is wrong.
    """


@hookspec(firstresult=True)
def fetch(
    connection: Connection, subjects: Sequence[Subject], options: FetchOptions | None
) -> Fetched | Plan | None:
    """Find every object that belongs to the subjects, all subjects in one pass.

    The failure of one object type makes its coverage incomplete and is reported under ``problems``. With
    ``plan_only`` or ``check_only`` the answer is a plan.

    :raises UsageError: the call, the settings or the manifest is wrong. Nothing was sent.
    :raises SignInError: no token could be had.
    :raises Unreachable: the host can't be reached.
    :raises Stopped: ``cancel`` was set.
    """


@hookspec(firstresult=True)
def delete_object(
    connection: Connection,
    object_type: str,
    object_id: str | int,
    subject: Subject,
    options: DeleteOptions | None,
) -> Receipt | None:
    """Delete one object of one subject, prove that it's gone, and return the receipt.

    If the object doesn't match the subject's identifiers, isn't what was reviewed, or is held, it's
    ``refused``, and nothing is sent that could delete.

    :raises UsageError: the call, the settings or the manifest is wrong. Nothing was sent.
    :raises SignInError: no token could be had.
    :raises Unreachable: the host can't be reached, and nothing was sent.
    :raises Stopped: ``cancel`` was set.
    """
