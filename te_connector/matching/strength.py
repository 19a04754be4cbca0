"""How sure is a match? A pure function of the record, the subject, and the manifest.

Strong: an e-mail address, an external id with its source, or a service id of the named or default type
is equal. Weak: anything else. Nothing about other records, other subjects, or how complete the search
was changes the strength, so that a deletion can't change it either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from te_connector.contract import ProblemCode
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.emails import email_key
from te_connector.matching.evidence import Evidence
from te_connector.matching.subjects import Subject
from te_connector.text.field_paths import blocks_at, steps_of, values_at


@attrs.frozen
class Strength:
    """Whether a match is strong, and the problem codes of what makes it doubtful."""

    strong: bool
    doubts: tuple[ProblemCode, ...] = ()


def strength_of(
    record: Mapping[str, Any],
    object_type: ObjectType,
    subject: Subject,
    evidence: Sequence[Evidence],
    manifest: Manifest,
) -> Strength:
    """How sure it is that the record is the subject's. ``evidence`` is the subject's own.

    For a type without a parent. A child's record is as strong as its strongest parent.
    """
    if any(not reason.weak and reason.number is None for reason in evidence):
        return Strength(strong=True)
    phones = [reason for reason in evidence if reason.number is not None]
    if phones and carries_foreign_email(record, object_type, subject, manifest):
        return Strength(strong=False, doubts=("foreign_email",))
    # A reason by phone is not weak by itself only if the manifest says ``alone: strong`` for its kind.
    return Strength(strong=any(not reason.weak for reason in phones))


def carries_foreign_email(
    record: Mapping[str, Any], object_type: ObjectType, subject: Subject, manifest: Manifest
) -> bool:
    """Whether a mapped e-mail field holds anything that is not the subject's address.

    What can't be read as an address counts as someone else's: it may well be one.
    """
    kinds = manifest.kinds
    own = {
        email_key(value)
        for kind, values in subject.values.items()
        if kinds[kind].compare == "email"
        for value in values
    }
    for mapping in object_type.mapped:
        if kinds[mapping.kind].compare == "email":
            steps = steps_of(mapping.field)
            for value in (*values_at(record, steps), *blocks_at(record, steps)):
                if not _is_blank(value) and (
                    not isinstance(value, str) or email_key(value) not in own - {None}
                ):
                    return True
    return False


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
