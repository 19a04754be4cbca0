"""What the search of any object type needs, and how a failure becomes part of its outcome."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from te_connector.api.call import Call
from te_connector.api.client import Client
from te_connector.errors import AnswerError, DeadlineReached, SignInError, Unreachable
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.search.collector import Collector
from te_connector.search.outcome import Note, Outcome


@attrs.frozen
class Search:
    """One call's client, manifest and progress."""

    client: Client
    manifest: Manifest
    call: Call

    def guarded(self, blank: Outcome, collector: Collector, work: Callable[[], Outcome]) -> Outcome:
        """The work's outcome; after a failure, what was found until then, with a note.

        One type's failure doesn't end the search of the others.

        :raises Unreachable: nothing at all was reached yet.
        :raises ConnectorError: the call was stopped, or it was wrong.
        """
        before = self.client.sent
        try:
            outcome = work()
        except (AnswerError, DeadlineReached, SignInError, Unreachable) as error:
            if isinstance(error, Unreachable) and not self.client.reached:
                raise
            compared = collector.interrupted()
            failed = Note(error.code, str(error))
            outcome = attrs.evolve(blank, compared=compared, notes=(failed,))
        return attrs.evolve(outcome, requests=self.client.sent - before)

    def tell_ids(self, object_type: ObjectType, found: int) -> None:
        """Report that an object was read by its id."""
        self.call.tell({"event": "ids", "object_type": object_type.name, "found": found})
