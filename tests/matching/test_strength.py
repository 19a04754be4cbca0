"""How sure a match is: a function of the record, the subject, and the manifest, and of nothing else."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from te_connector.manifest import loading as manifest
from te_connector.matching import subjects
from te_connector.matching.matcher import match_one
from te_connector.matching.strength import Strength, has_foreign_email
from te_connector.matching.strength import strength as strength_of

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PACKAGED = manifest.load()
ALONE_STRONG = attrs.evolve(
    PACKAGED,
    kinds={**PACKAGED.kinds, "phone": attrs.evolve(PACKAGED.kinds["phone"], alone="strong")},
)
PHONE = "612-555-0123"


def strength(
    record: dict[str, Any],
    identifiers: dict[str, list[str]],
    by: Any = PACKAGED,
    of: str = "contact",
) -> Strength | None:
    """The strength of a record for a subject; None if it doesn't match."""
    subject = subjects.read_one({"id": "s", "identifiers": identifiers}, by)
    object_type = by.objects[of]
    evidence = match_one(record, object_type, by, subject)
    return strength_of(evidence, record, subject, object_type, by.kinds) if evidence else None


@pytest.mark.parametrize(
    ("record", "identifiers", "strong"),
    [
        ({"email": "Ada@x.com"}, {"email": ["ada@x.com"]}, True),
        ({"email_work": "ada@x.com"}, {"email": ["ada@x.com"]}, True),
        ({"id": 7}, {"service_id": ["7"]}, True),
        ({"id": 7}, {"service_id": ["contact:7"]}, True),
        ({"source": "LOS", "external_id": "A"}, {"external_id": ["LOS:A"]}, True),
        ({"source": "LOS", "external_id": "A"}, {"external_id": ["A"]}, False),
        ({"phone_home": PHONE}, {"phone": [PHONE]}, False),
        ({"phone_home": PHONE, "phone_cell": PHONE}, {"phone": [PHONE]}, False),
        ({"phone_home": PHONE, "external_id": "A", "source": "X"},
         {"phone": [PHONE], "external_id": ["A"]}, False),
        ({"phone_home": PHONE, "email": "ada@x.com"},
         {"phone": [PHONE], "email": ["ada@x.com"]}, True),
        ({"phone_home": PHONE, "id": 7}, {"phone": [PHONE], "service_id": ["7"]}, True),
    ],
)  # fmt: skip
def test_an_address_an_id_and_a_sourced_external_id_are_strong_and_all_else_is_weak(
    record: dict[str, Any], identifiers: dict[str, list[str]], strong: bool
) -> None:
    """By the packaged manifest, a phone alone is weak, however plain it is."""
    found = strength(record, identifiers)
    assert found == ("strong" if strong else "weak")


def test_a_bare_id_is_weak_in_a_type_that_it_does_not_mean() -> None:
    """Contact 7 and user 7 are two people; the manifest says that a bare id means the contact."""
    assert strength({"id": 7}, {"service_id": ["7"]}, of="contact") == "strong"
    assert strength({"id": 7}, {"service_id": ["7"]}, of="user") == "weak"


def test_a_typed_id_is_compared_with_its_type_alone() -> None:
    """It is no match at all in another type."""
    assert strength({"id": 7}, {"service_id": ["user:7"]}, of="user") == "strong"
    assert strength({"id": 7}, {"service_id": ["user:7"]}, of="contact") is None
    assert strength({"id": 7}, {"service_id": ["contact:7"]}, of="user") is None
    both = {"service_id": ["7", "user:7"]}
    assert strength({"id": 7}, both, of="user") == "strong"


def test_without_a_default_a_bare_id_is_strong_only_if_one_type_has_such_ids() -> None:
    """Otherwise nobody knows which type it means."""
    kinds = {
        **PACKAGED.kinds,
        "service_id": attrs.evolve(PACKAGED.kinds["service_id"], default=None),
    }
    no_default = attrs.evolve(PACKAGED, kinds=kinds)
    asked = {"service_id": ["7"]}
    assert strength({"id": 7}, asked, no_default, "contact") == "weak"
    assert strength({"id": 7}, asked, no_default, "user") == "weak"
    alone = attrs.evolve(no_default, objects={"contact": PACKAGED.objects["contact"]})
    assert strength({"id": 7}, asked, alone, "contact") == "strong"


FOREIGN = [
    "bob@x.com", "bob @x.com", "bob@@x.com", "bob(at)x.com", "bob%40x.com", "bob\uff20x.com", "n/a",
    "ada@x.com; bob@x.com", "Ada <ada@x.com>", "ada+x@x.com", "a.da@x.com", ["bob@x.com"], ["ada@x.com", "b@x.com"],
    {"1": "bob@x.com"}, {"home": "bob@x.com"}, {}, True, 5, 1.5, "\u200b?", "unknown", "ada@x.com.", "mailto:ada@x.com",
]  # fmt: skip
OWN = ["", " ", None, [], [None, ""], "ada@x.com", " ADA@x.com ", ["Ada@X.com"], {"1": "ada@x.com"},
       "a2@x.com", "\u200bada@x.com"]  # fmt: skip


@pytest.mark.parametrize("field", ["email", "email_work"])
@pytest.mark.parametrize("value", FOREIGN, ids=repr)
def test_what_is_not_the_subjects_address_counts_as_someone_elses(value: Any, field: str) -> None:
    """One that can't be read too; then even a manifest that trusts phones gives a weak match."""
    record = {field: value, "phone_home": PHONE}
    asked = {"phone": [PHONE], "email": ["ada@x.com"]}
    subject = subjects.read_one({"id": "s", "identifiers": asked}, PACKAGED)
    assert has_foreign_email(record, subject, PACKAGED.objects["contact"], PACKAGED.kinds)
    if value != ["ada@x.com", "b@x.com"]:  # this one matches by address
        weak = "weak"
        assert strength(record, asked, ALONE_STRONG) == strength(record, asked) == weak


@pytest.mark.parametrize("value", OWN, ids=repr)
def test_the_subjects_own_address_or_none_is_not_someone_elses(value: Any) -> None:
    """In whatever spelling that is equal."""
    asked = {"phone": [PHONE], "email": ["ada@x.com", "a2@x.com"]}
    subject = subjects.read_one({"id": "s", "identifiers": asked}, PACKAGED)
    record = {"email": value}
    assert not has_foreign_email(record, subject, PACKAGED.objects["contact"], PACKAGED.kinds)


def test_a_manifest_may_say_that_a_phone_alone_is_strong() -> None:
    """Unless there is someone else's address, or digits beside the number on either side."""
    asked = {"phone": [PHONE]}
    assert strength({"phone_home": PHONE}, asked, ALONE_STRONG) == "strong"
    assert strength({"phone_home": PHONE, "email": ""}, asked, ALONE_STRONG) == "strong"
    for beside in (f"{PHONE} x5", f"x5 {PHONE}", f"{PHONE} 5", f"option 5: {PHONE}"):
        assert strength({"phone_home": beside}, asked, ALONE_STRONG) == "weak"
        assert strength({"phone_home": PHONE}, {"phone": [beside]}, ALONE_STRONG) == "weak"
    two = {"phone_home": f"{PHONE} x5", "phone_cell": PHONE}
    assert strength(two, asked, ALONE_STRONG) == "strong"


VALUES = {
    "email": ["ada@x.com", "bob@x.com", "", "n/a"],
    "phone_home": [PHONE, f"{PHONE} x5", "763-555-0199", ""],
    "external_id": ["A", "B", ""],
    "source": ["LOS", ""],
    "id": [7, 8],
}


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
    st.lists(
        st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
        max_size=3,
    ),
    st.sampled_from([PACKAGED, ALONE_STRONG]),
)
def test_strength_depends_on_no_other_record_and_no_other_subject(
    record: dict[str, Any], others: list[dict[str, Any]], by: Any
) -> None:
    """The same record gives the same strength, whatever was compared before it."""
    asked = {"email": ["ada@x.com"], "phone": [PHONE], "external_id": ["LOS:A", "B"],
             "service_id": ["7"]}  # fmt: skip
    alone = strength(record, asked, by)
    for other in others:
        strength(other, asked, by)
    assert strength(record, asked, by) == alone
    strong_reason = record["email"] == "ada@x.com" or record["id"] == 7
    strong_reason = strong_reason or (record["source"], record["external_id"]) == ("LOS", "A")
    if strong_reason:
        assert alone == "strong"
    elif by is PACKAGED:
        assert alone in (None, "weak")


def test_every_strong_reason_is_strong_next_to_every_weak_one() -> None:
    """A weak reason never makes a strong one weaker."""
    strong = [
        ({"email": "ada@x.com"}, {"email": ["ada@x.com"]}),
        ({"id": 7}, {"service_id": ["7"]}),
    ]
    weak = [
        ({"phone_home": f"{PHONE} x5"}, {"phone": [PHONE]}),
        ({"email_work": "bob@x.com", "phone_home": PHONE}, {"phone": [PHONE]}),
        ({"external_id": "A"}, {"external_id": ["A"]}),
    ]
    for one, other in itertools.product(strong, weak):
        found = strength({**one[0], **other[0]}, {**one[1], **other[1]})
        assert found == "strong"
