"""How sure a match is: a pure function of the record, the subject and the manifest.

Nothing about other records, about other subjects, or about how much was searched makes a match strong,
and no deletion of ours changes it. A phone number alone is weak: numbers are reassigned and shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from te_connector.manifest.model import IdentifierKind, ObjectType
from te_connector.matching.emails import email_key
from te_connector.matching.evidence import Evidence
from te_connector.matching.subjects import Subject
from te_connector.text.field_paths import blocks_at, steps_of, values_at

Strength = Literal["strong", "weak"]


def strength(
    evidence: Iterable[Evidence],
    record: Mapping[str, Any],
    subject: Subject,
    object_type: ObjectType,
    kinds: Mapping[str, IdentifierKind],
) -> Strength:
    """The strength of one subject's match with one record of a type without parent.

    Strong: an e-mail address, an external id with its source, or an id of the meant type is equal. A
    phone number is strong only if the manifest says ``alone: strong`` for its kind, no other digits are
    beside it, and the record has no e-mail address that isn't the subject's.
    """
    strong = [reason for reason in evidence if not reason.weak]
    if any(reason.number is None for reason in strong):
        return "strong"
    if strong and not has_foreign_email(record, subject, object_type, kinds):
        return "strong"
    return "weak"


def has_foreign_email(
    record: Mapping[str, Any],
    subject: Subject,
    object_type: ObjectType,
    kinds: Mapping[str, IdentifierKind],
) -> bool:
    """Whether a record has an e-mail address that isn't the subject's.

    A field that is filled but can't be read as one address counts: nobody knows whose it is.
    """
    asked = emails_asked(subject, kinds)
    for mapping in object_type.mapped:
        if kinds[mapping.kind].compare != "email":
            continue
        steps = steps_of(mapping.field)
        for value in (*values_at(record, steps), *blocks_at(record, steps)):
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            key = email_key(value) if isinstance(value, str) else None
            if key is None or key not in asked:
                return True
    return False


def emails_asked(subject: Subject, kinds: Mapping[str, IdentifierKind]) -> set[str]:
    """The keys of all e-mail addresses that a subject gave."""
    return {
        key
        for kind, values in subject.values.items()
        if kinds[kind].compare == "email"
        for value in values
        if (key := email_key(value)) is not None
    }
