"""Delete what an officer chose: the core of ``te-connector delete`` and of the portal, without a UI.

::

    found = result.load(path)                       # the file that a fetch wrote
    job = prepare(connection, found, manifest, Choice(every=True), receipts_file)
    for preview in job.previews: ...                # what would happen to each object, and why
    done = Done()
    run(job, host.delete, tell, done)               # done.receipts grows as it goes

:func:`prepare` sends nothing. It trusts nothing in the result but data and subjects, refuses another
account's result, chooses, and says what holds cover. :func:`run` calls the hook for several objects at
once, each in a thread. A stopped run that is started again with the same file goes on: the hook gives
what it did already from the audit trail.

``tell`` gets mappings with ``event``: the hook's own, and ``deletions`` (``name``, ``done``, ``of``).
``delete`` is any callable like :func:`te_connector.host.delete`. Holds that last are in
:class:`HoldStore`; hold lists in files are read by :func:`read_hold_list`.
"""

from __future__ import annotations

from te_connector.deletion.job import Choice, Job, Preview, check_account, prepare
from te_connector.deletion.letter import letter
from te_connector.deletion.lists import read_hold_list
from te_connector.deletion.run import Done, run
from te_connector.operations.holds import HoldStore

__all__ = [
    "Choice",
    "Done",
    "HoldStore",
    "Job",
    "Preview",
    "check_account",
    "letter",
    "prepare",
    "read_hold_list",
    "run",
]
