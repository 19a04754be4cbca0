"""An object that names several people: what each of them gets of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import package_cases as cases

from te_connector.manifest import loading
from te_connector.package import write_package
from te_connector.package.policy import Policy

MANIFEST = loading.load()
STRANGER = {"id": 4711, "first_name": "Canary", "last_name": "Strangerson"}


def loan(field: str, strength: str, **people: Any) -> dict[str, Any]:
    """A loan as fetch gives it to somebody in this role."""
    data = {**cases.sample("loan"), **dict.fromkeys(("coborrower", "buyers_agent", "sellers_agent",
            "settlement_agent", "attorney")), "borrower": {"id": 2317}, **people}  # fmt: skip
    record = cases.record("loan", data, strength=strength)
    reasons = [{"identifier": "contact", "field": field, "id": "2317"}]
    return {**record, "matched_by": reasons, "deletable": False}


def files(folder: Path) -> str:
    """Everything in a folder that can hold a person's data."""
    return "".join(path.read_text("utf-8-sig") for path in folder.rglob("*") if path.is_file())


def test_a_borrower_gets_the_loan_without_the_co_borrowers_data(tmp_path: Path) -> None:
    whole = cases.result(
        cases.record("contact"), loan("borrower.id", "strong", coborrower=STRANGER)
    )
    done = write_package(cases.load(tmp_path, whole), MANIFEST, tmp_path / "out", None)
    folder = next(one.folder for one in done.packages if one.folder.name == "req-1")
    data = json.loads((folder / "data.json").read_text("utf-8"))
    (record,) = [one for one in data["records"] if one["object_type"] == "loan"]
    assert record["data"]["loan_amount"] == "357904.00"
    assert "coborrower" not in record["data"]
    assert "Strangerson" not in files(folder)
    mine = next(one for one in done.packages if one.folder.name == "req-1")
    assert [(one.field, one.why) for one in mine.withheld] == [
        ("coborrower", "It is another person's data.")
    ]


def test_a_strangers_loan_needs_a_decision_and_is_released_without_the_strangers_data(
    tmp_path: Path,
) -> None:
    whole = cases.result(
        cases.record("contact"),
        loan("buyers_agent.id", "weak", borrower=STRANGER, buyers_agent={"id": 2317}),
    )
    result = cases.load(tmp_path, whole)
    done = write_package(result, MANIFEST, tmp_path / "undecided", None)
    assert "req-1" not in {one.folder.name for one in done.packages}
    file = tmp_path / "policy.yaml"
    number = cases.sample("loan")["id"]
    file.write_text(f"include:\n  - {{object: 'loan:{number}'}}\n", "utf-8")
    rules = Policy.load(file, MANIFEST)
    done = write_package(result, MANIFEST, tmp_path / "decided", rules)
    folder = next(one.folder for one in done.packages if one.folder.name == "req-1")
    assert "357904.00" in files(folder)
    assert "Strangerson" not in files(folder)
    page = (folder / "index.html").read_text("utf-8")
    assert "it names your contact number 2317 as “Buyer&#39;s agent”" in page
    assert "<dt>Status</dt>\n<dd><bdi>" in page, "one value is shown without a second title"


def account(tmp_path: Path, law: str) -> tuple[str, Any]:
    """The package of a person with an account, under a law: its files, and what is withheld."""
    data = {**cases.sample("account"), "account_number": "0004411-SECRET",
            "primary_account_holder": {"id": 2317}, "joint_account_holder": None}  # fmt: skip
    record = {
        **cases.record("account", data),
        "matched_by": [
            {"identifier": "contact", "field": "primary_account_holder.id", "id": "2317"}
        ],
        "deletable": False,
    }
    file = tmp_path / "policy.yaml"
    file.write_text(f"page: {{law: {law}}}\n", "utf-8")
    result = cases.load(tmp_path, cases.result(cases.record("contact"), record))
    done = write_package(result, MANIFEST, tmp_path / law, Policy.load(file, MANIFEST))
    (mine,) = [one for one in done.packages if one.folder.name == "req-1"]
    return files(mine.folder), [(one.field, one.why) for one in mine.withheld]


def test_under_ccpa_an_account_number_is_named_as_held_and_never_sent(tmp_path: Path) -> None:
    written, withheld = account(tmp_path, "CCPA")
    assert "SECRET" not in written
    assert [field for field, _ in withheld] == ["account_number"]
    assert "We hold: Account number (Account)." in written
    written, withheld = account(tmp_path, "GDPR")
    assert "0004411-SECRET" in written
    assert withheld == []
