"""The audit trail: what was asked, sent, answered and read for every deletion.

One JSON object per line, appended and never changed. :mod:`chain` has the lines and their MACs (pure),
:mod:`verification` checks a whole trail (pure), :mod:`index` remembers what the trail says so that an
append doesn't read it whole, and :mod:`trail` is the file.
"""

from __future__ import annotations

from te_connector.operations.audit.chain import Entry, Line
from te_connector.operations.audit.trail import Trail
from te_connector.operations.audit.verification import Verification

__all__ = ["Entry", "Line", "Trail", "Verification"]
