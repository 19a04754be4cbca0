"""Everything that the sandbox holds about the sample person is found when every type is turned on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Host, subject
from test_add_object_types import extended

from te_connector.manifest import loading
from te_connector.operations import probing
from te_connector.sandbox import Sandbox
from te_connector.sandbox.cast import SAMPLE, SAMPLE_CONTACTS, SAMPLE_USER

pytestmark = pytest.mark.slow  # a sandbox with 400 contacts
OFF = tuple(item.name for item in loading.load().objects.values() if not item.access)
PLANTED = {  # how many objects of each type are Maria's; her user record is another person's
    "contact": 3,
    "contact_survey_response": 5,
    "contact_note": 3,
    "activity": 3,
    "insight": 3,
    "campaign_activity": 3,
    "loan": 4,
    "account": 3,
    "lead_opportunity": 3,
    "email_unsubscribe": 1,
    "contact_recruit": 1,
}


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The answer about the sample person, with every type turned on."""
    folder = tmp_path_factory.mktemp("whole")
    with Sandbox(400) as sandbox:
        connection = {
            "connector": "total-expert",
            "base_url": sandbox.base_url,
            "credentials": {
                "client_id": sandbox.client_id, "client_secret": sandbox.client_secret,
            },
            "state_dir": str(folder / "state"),
            "manifest": extended(folder / "manifest", OFF),
        }  # fmt: skip
        asked = subject(email=SAMPLE["email"], service_id=f"contact:{SAMPLE_CONTACTS[2]}")
        answer = Host().fetch(connection, [asked])
        probed = probing.probe({**connection, "manifest": str(Path(loading.load().path))})
    return answer, probed


def test_the_sample_person_is_found_whole(whole: Any) -> None:
    answer, _ = whole
    found: dict[str, int] = {}
    for record in answer["records"]:
        found[record["object_type"]] = found.get(record["object_type"], 0) + 1
    assert found == PLANTED
    assert str(SAMPLE_USER) not in {
        one["id"] for one in answer["records"] if one["object_type"] == "user"
    }
    assert [
        (one["object_type"], one["reason"]) for one in answer["coverage"] if not one["complete"]
    ] == []
    assert not [one for one in answer["records"] if one["schema_issues"]]


def test_a_strangers_loan_is_found_by_the_agents_role_and_is_weak(whole: Any) -> None:
    answer, _ = whole
    weak = [
        one for one in answer["records"]
        if one["object_type"] == "loan" and one["strength"] == "weak"
    ]  # fmt: skip
    (loan,) = weak
    assert loan["matched_by"] == [
        {"identifier": "contact", "field": "buyers_agent.id", "id": str(SAMPLE_CONTACTS[0])}
    ]
    assert loan["data"]["borrower"]["id"] not in SAMPLE_CONTACTS


def test_probing_names_the_scope_that_is_not_granted(whole: Any) -> None:
    """The packaged manifest doesn't ask for the scopes of loans and opportunities."""
    _, probed = whole
    told = {one["object_type"]: one for one in probed}
    assert told["contact_note"]["readable"] is True
    assert (told["loan"]["readable"], told["loan"]["code"]) == (False, "scope_missing")
    assert told["loan"]["scope"] == "loanInteraction"
