"""``delete_object``: refuse what is not the subject's, delete, and prove that it is gone.

:mod:`options` checks the call, :mod:`outcomes` is the pure table
of what an answer and a reading amount to, and :mod:`deletion` is the thin shell that sends and writes.
"""

from __future__ import annotations

from te_connector.operations.erasure.hook import delete

__all__ = ["delete"]
