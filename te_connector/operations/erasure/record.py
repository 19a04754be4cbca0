"""What a deletion writes into the audit trail, and the receipt that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.contract import Receipt
from te_connector.errors import OptionError
from te_connector.manifest.model import IdentifierKind, ObjectType
from te_connector.matching.subjects import Subject
from te_connector.operations.audit.trail import Found, Trail
from te_connector.operations.erasure.options import Options
from te_connector.operations.erasure.outcomes import Outcome


@attrs.frozen
class Target:
    """What to delete, and for whom. ``is_id``: the text is exactly an id of the type."""

    object_type: ObjectType
    object_id: str
    subject: Subject
    is_id: bool


class Record:
    """The trail's entries about one deletion. People's values are in them as keyed hashes only."""

    def __init__(
        self,
        trail: Trail,
        kinds: Mapping[str, IdentifierKind],
        target: Target,
        options: Options,
    ) -> None:
        self._trail, self._kinds, self._target, self._options = trail, kinds, target, options
        # Where an id may be any text, someone may pass an e-mail address for one.
        self.traced = target.is_id and "@" not in target.object_id

    def earlier(self) -> Receipt | None:
        """The receipt that the trail already has under this receipt id.

        :raises OptionError: it is another object's or subject's.
        """
        found = self._trail.receipt(self._options.receipt_id)
        return None if found is None else self._receipt(found)

    def asked(self) -> None:
        """That this deletion was asked for, by whom, and for whom."""
        self.note(
            "asked",
            actor=self._options.actor,
            subject=self._target.subject.id,
            identifiers=self._trail.chain.hashes(self._target.subject, self._kinds),
            reviewed=bool(self._options.reviewed),
        )

    def whose(self) -> str:
        """The subject, as a keyed hash of all identifiers."""
        return self._trail.chain.whose(self._target.subject, self._kinds)

    def shown(self) -> str:
        """The object, for people; text that is no id could be anything."""
        name = self._target.object_type.name
        return f"{name} {self._target.object_id if self.traced else '(id not shown)'}"

    def note(self, kind: str, *, sync: bool = False, **fields: Any) -> None:
        """Add an entry; with ``sync`` it is on disk when this returns.

        :raises StateError: the trail can't be written, or it was altered.
        """
        self._trail.append(
            kind,
            sync=sync,
            receipt_id=self._options.receipt_id,
            object_type=self._target.object_type.name,
            object_id=self._safe_id(),
            **fields,
        )

    def _safe_id(self) -> str:
        return self._trail.chain.safe_id(self._target.object_id, is_id=self.traced)

    def finish(self, outcome: Outcome, why: str) -> Receipt:
        """Write the final receipt, and give it.

        :raises StateError: the trail can't be written, or it was altered.
        """
        entry = {
            "receipt_id": self._options.receipt_id,
            "object_type": self._target.object_type.name,
            "object_id": self._safe_id(),
            "subject": self._target.subject.id,
            "status": outcome.status,
            "verified": outcome.verified,
            "reason": why,
            "whose": self.whose(),
        }
        return self._receipt(Found(self._trail.close(entry), self._trail.chain))

    def refuse(self, why: str) -> Receipt:
        """Write and give the receipt of a deletion that must not be."""
        return self.finish(Outcome("refused"), why)

    def _receipt(self, found: Found) -> Receipt:
        """What a line of the trail says.

        :raises OptionError: it is of another object or subject.
        """
        entry, chain = found.line.entry, found.chain
        about = (entry["object_type"], entry["object_id"], entry["subject"])
        mine = (
            self._target.object_type.name,
            chain.safe_id(self._target.object_id, is_id=self.traced),
            self._target.subject.id,
        )
        whose = entry.get("whose")  # trails of version 0.1 don't say
        same = whose is None or whose == chain.whose(self._target.subject, self._kinds)
        if about != mine or not same:
            raise OptionError(
                "This receipt_id was used for another object or subject; choose another."
            )
        return {
            "receipt_id": entry["receipt_id"],
            "object_type": entry["object_type"],
            "id": self._target.object_id,
            "subject": entry["subject"],
            "status": entry["status"],
            "verified": entry["verified"],
            "at": entry["at"],
            "reason": entry["reason"],
            "audit": {"seq": found.line.place["seq"], "mac": found.line.place["mac"]},
        }
