"""Reading a release policy, and the document about it."""

# ruff: noqa: E501  # one fault a line makes a table

from __future__ import annotations

import re
from pathlib import Path

import pytest

from te_connector.errors import FileFaults
from te_connector.manifest import loading as manifests
from te_connector.package import Policy
from te_connector.package.rules import Rule, Withhold

DOCUMENT = Path(__file__).parents[2] / "docs" / "policy.md"


def load(folder: Path, text: str) -> Policy:
    """The policy with that text."""
    file = folder / "policy.yaml"
    file.write_text(text, "utf-8")
    return Policy.load(file, manifests.load())


def faults(folder: Path, text: str) -> list[str]:
    """The faults of the policy with that text, without the file's name."""
    with pytest.raises(FileFaults) as caught:
        load(folder, text)
    name = f"{folder / 'policy.yaml'}:"
    assert all(line.startswith(name) for line in [str(fault) for fault in caught.value.faults])
    return [line.removeprefix(name) for line in [str(fault) for fault in caught.value.faults]]


def test_a_policy_says_what_it_says(tmp_path: Path) -> None:
    """All parts of a policy come through."""
    policy = load(
        tmp_path,
        """
objects:
  contact:
    withhold:
      - {field: "shared_with_users[].email", why: It is another person's.}
      - {field: custom, where: {field_name: Lead score}, why: It is a trade secret.}
  user: {release: false, why: It is staff data.}
  contact_survey_response: {only: [question_responses, survey.survey_name], why_not: Not asked for.}
include: ["contact:2317", {object: "contact:12:3", subject: req-1}]
exclude: [{object: "contact:99", why: It is a test.}]
controller: {name: Example Lending LLC, contact: privacy@example.com}
""",
    )
    assert policy.rule("contact").withhold == (
        Withhold(("shared_with_users", "email"), "It is another person's."),
        Withhold(("custom",), "It is a trade secret.", {"field_name": "Lead score"}),
    )
    assert policy.rule("user") == Rule(release=False, why="It is staff data.")
    assert policy.rule("contact_survey_response").only == (
        ("question_responses",),
        ("survey", "survey_name"),
    )
    assert [(one.id, one.subject) for one in policy.include] == [("2317", None), ("12:3", "req-1")]
    assert [(one.id, one.why, one.line) for one in policy.exclude] == [("99", "It is a test.", 10)]
    assert policy.controller is not None
    assert policy.controller.note == ""
    assert policy.rule("anything else") == Rule()


FAULTS = [
    ("", "1: the file is empty"),
    ("[]", "1: the file must be a mapping (key: value)"),
    ("- contact\n", "1: the file must be a mapping (key: value)"),
    ("objekts: {}\n", "1: unknown key 'objekts'; did you mean 'objects'?"),
    ("objects: [contact]\n", "1: 'objects' must be a mapping (key: value)"),
    ("objects:\n  contcat: {release: true}\n", "2: there is no object type 'contcat'; did you mean 'contact'?"),
    ("objects:\n  pipeline: {release: true}\n", "2: there is no object type 'pipeline'; the manifest has contact, user, contact_survey_response, contact_note, activity, insight, campaign_activity, loan, account, lead_opportunity, email_unsubscribe, contact_recruit"),
    ("objects:\n  contact: {}\n", "2: 'contact' must be a mapping with release, withhold or only, such as {release: false, why: It is staff data.}"),
    ("objects:\n  contact: {relase: true}\n", "2: unknown key 'relase'; did you mean 'release'?"),
    ("objects:\n  user:\n    release: no\n", "3: 'release' must be true or false"),
    ("objects:\n  user: {release: false}\n", "2: say why it is not released: add the key 'why'"),
    ("objects:\n  user:\n    why: staff\n", "3: 'why' goes with 'release: false'; put a field's reason in its own entry"),
    ("objects:\n  user: {release: false, why: ''}\n", "2: 'why' must be the reason in words, such as It is another person's data."),
    ("objects:\n  contact:\n    withhold: owner\n", "3: 'withhold' must be a list"),
    ("objects:\n  contact:\n    withhold: []\n", "3: 'withhold' must not be empty"),
    ("objects:\n  contact:\n    withhold:\n      - owner\n", "4: the value must name a field and the reason, such as {field: owner.email, why: It is another person's.}"),
    ("objects:\n  contact:\n    withhold:\n      - {field: owner}\n", "4: the value lacks the key 'why'; add it"),
    ("objects:\n  contact:\n    withhold:\n      - {why: secret}\n", "4: the value lacks the key 'field'; add it"),
    ("objects:\n  contact:\n    withhold:\n      - {feild: owner, why: x}\n", "4: unknown key 'feild'; did you mean 'field'?"),
    ("objects:\n  contact:\n    withhold:\n      - {field: owner..email, why: x}\n", "4: 'field' must be a field or a field path, such as owner.email or shared_with_users[].email"),
    ("objects:\n  contact:\n    withhold:\n      - {field: ownr, why: x}\n", "4: contact has no field 'ownr' in its schema; did you mean 'owner'? (If the data has it anyway, add unknown_ok: true.)"),
    ("objects:\n  contact:\n    withhold:\n      - {field: owner.emial, why: x}\n", "4: field 'owner' of contact has no field 'emial' in its schema; did you mean 'email'? (If the data has it anyway, add unknown_ok: true.)"),
    ("objects:\n  contact:\n    withhold:\n      - {field: first_name.x, why: x}\n", "4: field 'first_name' of contact has no field 'x' in its schema (If the data has it anyway, add unknown_ok: true.)"),
    ("objects:\n  contact:\n    withhold:\n      - {field: owner, why: x}\n      - {field: owner, why: y}\n", "5: field 'owner' is named twice; keep one"),
    ("objects:\n  contact:\n    withhold:\n      - {field: custom, where: Lead score, why: x}\n", "4: 'where' must be a mapping such as {field_name: Lead score}"),
    ("objects:\n  contact:\n    withhold:\n      - {field: custom, where: {feild_name: x}, why: x}\n", "4: field 'custom' of contact has no field 'feild_name' in its schema; did you mean 'field_name'? (If the data has it anyway, add unknown_ok: true.)"),
    ("objects:\n  contact:\n    only: [first_name]\n", "3: say why the other fields are withheld: add the key 'why_not'"),
    ("objects:\n  contact:\n    why_not: x\n", "3: 'why_not' goes with 'only'; add 'only' or drop it"),
    ("objects:\n  contact:\n    only: [frst_name]\n    why_not: x\n", "3: contact has no field 'frst_name' in its schema; did you mean 'first_name'? (If the data has it anyway, add unknown_ok: true.)"),
    ("objects:\n  contact:\n    only: [[]]\n    why_not: x\n", "3: the value must be a field, such as first_name or owner.email"),
    ("objects:\n  contact:\n    withhold: [{field: owner, why: x}]\n    only: [email]\n    why_not: x\n", "4: 'only' and 'withhold' cannot both choose the fields; keep one"),
    ("include: contact:2317\n", "1: 'include' must be a list"),
    ("include:\n  - contact: 2317\n", "2: unknown key 'contact'; known are object, subject"),
    ("include:\n  - 2317\n", "2: the value must be an object, such as contact:2317 (TYPE:ID, without a blank)"),
    ("include:\n  - 'contact: 2317'\n", "2: the value must be an object, such as contact:2317 (TYPE:ID, without a blank)"),
    ("include: ['contct:2317']\n", "1: there is no object type 'contct'; did you mean 'contact'?"),
    ("include:\n  - contact:1\n  - {object: contact:1, subject: req-1}\n", "3: contact:1 is named twice under include; keep one"),
    ("include:\n  - {object: 'contact:1', subject: []}\n", "2: 'subject' must be a request's id as in the result"),
    ("include: [contact:1]\nexclude:\n  - {object: contact:1, why: x}\n", "3: contact:1 is both included and excluded; keep one"),
    ("exclude:\n  - contact:99\n", '2: the value must name an object and the reason, such as {object: "contact:99", why: It is a test record.}'),
    ("exclude:\n  - {object: contact:99}\n", "2: the value lacks the key 'why'; add it"),
    ("controller: Example Lending\n", "1: 'controller' must be a mapping (key: value)"),
    ("controller: {name: Example Lending}\n", "1: 'controller' lacks the key 'contact'; add it"),
    ("controller:\n  name: Example\n  contact: []\n", "3: 'contact' must say how the company is reached (an e-mail address, a phone number); at most 500 characters"),
    ("controller: {name: ' ', contact: a@b.example}\n", "1: 'name' must be the company's name, at most 200 characters"),
    ("include: [contact:1]\ninclude: [contact:2]\n", "2: key 'include' is given twice (first on line 1); keep one"),
    ("include: &a [contact:1]\n", "1: anchors (&name) are not allowed; write the value out"),
    ("objects: {contact: {release: true}\n", "1: a comma or the closing } of what opens here is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"), FAULTS, ids=[row[1].partition(": ")[2][:50] for row in FAULTS]
)
def test_a_faulty_policy_says_what_to_write_instead(tmp_path: Path, text: str, says: str) -> None:
    """Each fault is reported with its line and what to do."""
    told = faults(tmp_path, text)
    assert any(
        line == says or line.startswith(says.partition(" YAML:")[0] + " YAML:") for line in told
    ), told


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    """Faults of the grammar, of fields, of types and of objects come in one go, in order."""
    told = faults(
        tmp_path,
        """objects:
  contact:
    withhold:
      - {field: ownr, why: x}
  user: {release: maybe}
  lone: {release: true}
include: [contct:1, 5]
""",
    )
    assert [line.partition(":")[0] for line in told] == ["4", "5", "6", "7", "7"]


def test_a_field_that_the_schema_lacks_can_be_named_all_the_same(tmp_path: Path) -> None:
    """unknown_ok lets a policy name a field that only the data has."""
    text = "objects: {contact: {withhold: [{field: lead_score_v2, why: x, unknown_ok: true}]}}"
    assert load(tmp_path, text).rule("contact").withhold[0].field == ("lead_score_v2",)


def test_fields_inside_of_what_the_schema_leaves_open_can_be_named(tmp_path: Path) -> None:
    """The schema does not say what a custom value holds, so any field in it can be named."""
    text = "objects: {contact: {withhold: [{field: custom.value.inner, why: x}]}}"
    assert load(tmp_path, text).rule("contact").withhold[0].field == ("custom", "value", "inner")


def test_the_examples_of_the_document_are_policies(tmp_path: Path) -> None:
    """Every YAML example in docs/policy.md is accepted."""
    examples = re.findall(
        r"^```yaml\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert len(examples) >= 2
    for example in examples:
        load(tmp_path, example)
