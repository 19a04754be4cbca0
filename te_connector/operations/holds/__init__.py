"""Holds: what must not be deleted by anyone (because of a lawsuit or a running loan).

:mod:`cover` decides what a hold covers (pure). :mod:`store` keeps holds in the state directory, encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.manifest.model import Manifest
from te_connector.operations.holds.cover import Cover, Hold, Holds, make_hold
from te_connector.operations.holds.store import HoldStore
from te_connector.storage.state import StateDir


def active(
    state: StateDir, manifest: Manifest, account: str, more: Sequence[Mapping[str, Any]] = ()
) -> Holds:
    """All holds that apply: those that the state directory keeps, and more.

    :raises StateError: the stored holds can't be read. Nothing may be deleted then.
    :raises SubjectError: a value of the others can't be read.
    """
    stored = HoldStore(state).load()
    holds = [make_hold(one.id, one.content, manifest) for one in stored.active]
    holds += [
        make_hold(f"number {number}", content, manifest) for number, content in enumerate(more, 1)
    ]
    freed = frozenset(key for of, key in stored.freed if of == account)
    return Holds(manifest, tuple(holds), freed)


__all__ = ["Cover", "Hold", "HoldStore", "Holds", "active", "make_hold"]
