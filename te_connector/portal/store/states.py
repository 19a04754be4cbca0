"""The states of a request, and every legal change. Pure.

The database enforces the same table by a trigger (``guards``), and a test compares the table in
``docs/portal.md`` with this one.
"""

from __future__ import annotations

from typing import Final

STATES: Final = (
    "received",
    "searching",
    "review",
    "approved",
    "releasing",
    "deleting",
    "waiting",
    "done",
    "denied",
    "stopped",
)
FINAL: Final = frozenset(("done", "denied", "stopped"))
OPEN: Final = tuple(state for state in STATES if state not in FINAL)

CHANGES: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("received", "searching"),  # a search begins
        ("received", "waiting"),
        ("searching", "review"),  # every connection was searched
        ("searching", "received"),  # the search was stopped, to be run again
        ("searching", "waiting"),
        ("review", "searching"),  # search again
        ("review", "approved"),
        ("review", "waiting"),
        ("approved", "review"),  # taken back before anything was released or deleted
        ("approved", "releasing"),
        ("approved", "deleting"),
        ("releasing", "done"),
        ("releasing", "review"),  # a link was revoked or ran out before it was used
        ("deleting", "done"),
        ("deleting", "review"),  # something was refused or failed: look again
        ("deleting", "waiting"),  # a processor has not answered yet
        ("waiting", "received"),
        ("waiting", "searching"),
        ("waiting", "review"),
        ("waiting", "deleting"),
        *((state, "denied") for state in ("received", "searching", "review", "waiting")),
        *((state, "stopped") for state in ("received", "searching", "review", "waiting")),
        ("approved", "stopped"),
        ("releasing", "stopped"),
    }
)

LABELS: Final = {
    "received": "Received",
    "searching": "Searching",
    "review": "In review",
    "approved": "Approved",
    "releasing": "Releasing",
    "deleting": "Deleting",
    "waiting": "Waiting",
    "done": "Done",
    "denied": "Denied",
    "stopped": "Stopped",
}

MEANINGS: Final = {
    "received": "Nothing is searched yet.",
    "searching": "The connected systems are searched, or wait their turn.",
    "review": "An officer decides what is released or deleted.",
    "approved": "The decision is made. Nothing has left or been deleted yet.",
    "releasing": "The package is ready, or its link waits to be used.",
    "deleting": "The chosen objects are being deleted.",
    "waiting": "The request waits for the person's identity, or for a processor.",
    "done": "The request is closed, with its result.",
    "denied": "The request is closed, with the ground for denial.",
    "stopped": "The request is closed without a result.",
}


def is_legal(before: str, after: str) -> bool:
    """Whether a request may go from one state to the other."""
    return (before, after) in CHANGES
