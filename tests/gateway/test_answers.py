"""What a search amounts to."""

from __future__ import annotations

from typing import Any

import pytest

from te_connector.gateway.answers import (
    answer_for,
    counts,
    deletion_order,
    released,
    undecided,
    values_of,
)

PARENTS = {"contact": None, "user": None, "contact_survey_response": "contact"}


def record(object_id: str, strength: str = "strong", **more: Any) -> dict[str, Any]:
    return {
        "subject": "s1", "object_type": "contact", "id": object_id, "data": {"id": object_id},
        "digest": "d" * 64, "strength": strength, "deletable": True, "schema_issues": [],
        "matched_by": [{"identifier": "email", "field": "email"}], **more,
    }  # fmt: skip


def found(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    coverage = [
        {"object_type": "contact", "method": "scan", "complete": True, "requests": 1, "seen": 3,
         "fields": {}, "reason": ""}
    ]  # fmt: skip
    return {
        "records": list(records),
        "coverage": coverage,
        "problems": [],
        "near_misses": [],
        **more,
    }


def test_an_answer_holds_nothing_of_another_subject_of_the_same_sweep() -> None:
    other = record("2", subject="s2")
    problem = {
        "code": "phone_shared",
        "object_type": "contact",
        "subject": "s2",
        "id": "2",
        "detail": "",
    }
    answer = answer_for("s1", found(record("1"), other, problems=[problem]), PARENTS)
    assert [item["id"] for item in answer.records] == ["1"]
    assert answer.problems == []


def test_a_weak_match_waits_for_a_decision_and_a_strong_one_does_not() -> None:
    answer = answer_for("s1", found(record("1"), record("2", "weak")), PARENTS)
    assert [m.object_id for m in released(answer, {}, weak_to_platform=False)] == ["1"]
    assert [m.object_id for m in undecided(answer.matches, {}, weak_to_platform=False)] == ["2"]


def test_a_strong_match_that_fits_several_people_waits_for_a_decision_too() -> None:
    problem = {
        "code": "record_matches_several_subjects", "object_type": "contact", "subject": "s1",
        "id": "1", "detail": "",
    }  # fmt: skip
    answer = answer_for("s1", found(record("1"), problems=[problem]), PARENTS)
    for weak_to_platform in (False, True):
        assert released(answer, {}, weak_to_platform=weak_to_platform) == []
        assert undecided(answer.matches, {}, weak_to_platform=weak_to_platform)


def test_a_decision_about_a_contact_holds_for_what_belongs_to_it() -> None:
    child = record(
        "a1", "weak", object_type="contact_survey_response",
        matched_by=[{"identifier": "contact", "field": "contact.id", "id": "2"}],
    )  # fmt: skip
    answer = answer_for("s1", found(record("2", "weak"), child), PARENTS)
    assert counts(undecided(answer.matches, {}, weak_to_platform=False)) == {
        "contact": 1, "contact_survey_response": 1,
    }  # fmt: skip
    for decision, expected in (("include", ["2", "a1"]), ("exclude", [])):
        decisions: Any = {("contact", "2"): decision}
        assert undecided(answer.matches, decisions, weak_to_platform=False) == []
        got = released(answer, decisions, weak_to_platform=False)
        assert [match.object_id for match in got] == expected


def test_weak_matches_go_to_the_platform_only_if_the_setting_says_so() -> None:
    answer = answer_for("s1", found(record("2", "weak")), PARENTS)
    assert [m.object_id for m in released(answer, {}, weak_to_platform=True)] == ["2"]
    excluded: Any = {("contact", "2"): "exclude"}
    assert released(answer, excluded, weak_to_platform=True) == []


@pytest.mark.parametrize(
    ("entries", "complete"),
    [
        ([("scan", True)], True),
        ([("scan", True), ("skipped", False)], True),
        ([("scan", False)], False),
        ([("lookup", False), ("scan", True)], False),
        ([("skipped", False)], False),
        ([], False),
    ],
)
def test_an_answer_is_complete_only_if_every_searched_type_is(
    entries: list[tuple[str, bool]], complete: bool
) -> None:
    coverage = [
        {"object_type": f"t{n}", "method": method, "complete": done}
        for n, (method, done) in enumerate(entries)
    ]
    assert answer_for("s1", found(coverage=coverage), PARENTS).complete is complete


def test_deletable_children_go_before_parents_and_undeletable_objects_last() -> None:
    parents = {**PARENTS, "contact_note": "contact"}
    answer = answer_for(
        "s1",
        found(
            record("r", object_type="contact_survey_response", deletable=False),
            record("c"),
            record("n", object_type="contact_note"),
        ),
        parents,
    )
    assert [m.object_id for m in deletion_order(answer.matches, parents)] == ["n", "c", "r"]


def test_values_are_read_along_field_paths_through_lists() -> None:
    data = {"id": 5, "email": " a@example.com ", "external_ids": [{"external_id": "X1"}, {"other": 1}],
            "flag": True, "empty": ""}  # fmt: skip
    fields = ["email", "external_ids[].external_id", "id", "flag", "empty", "absent.deep"]
    assert list(values_of({"data": data}, fields)) == ["a@example.com", "X1", "5"]
