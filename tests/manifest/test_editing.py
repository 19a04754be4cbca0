"""Turning object types on, and finding out which ones a connection may read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import ROOT
from vendor import Vendor

from te_connector.errors import OptionError, SettingsError
from te_connector.manifest import editing, loading
from te_connector.operations import probing

OFF = [item.name for item in loading.load().objects.values() if not item.access]


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schemas", tmp_path / "mine" / "schemas")
    return Path(shutil.copy(ROOT / "connector.yaml", tmp_path / "mine" / "connector.yaml"))


def test_only_the_line_of_the_type_changes(copy: Path) -> None:
    before = copy.read_text(encoding="utf-8").splitlines()
    edited = editing.enable(copy, ["contact_note"])
    after = edited.text.splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [("    access: false", "    access: true")]
    assert (edited.enabled, edited.scopes) == (("contact_note",), ())


def test_a_known_scope_is_requested_once(copy: Path) -> None:
    edited = editing.enable(copy, ["loan", "loan", "lead_opportunity"])
    assert edited.scopes == ("loanInteraction", "leadOpportunitiesSalesPipelineInteraction")
    copy.write_text(edited.text, encoding="utf-8")
    made = loading.load(copy)
    assert made.objects["loan"].access
    assert made.sign_in.scopes[-2:] == edited.scopes
    again = editing.enable(copy, ["loan"])
    assert (again.text, again.enabled, again.scopes) == (edited.text, (), ())


def test_scopes_that_are_written_one_to_a_line_get_another_line(copy: Path) -> None:
    text = copy.read_text(encoding="utf-8").replace(
        "  scopes: [leadInteraction, leadSurveyInteraction, getUsers]",
        "  scopes:\n    - leadInteraction\n    - leadSurveyInteraction\n    - getUsers  # users",
    )
    copy.write_text(text, encoding="utf-8")
    copy.write_text(editing.enable(copy, ["loan"]).text, encoding="utf-8")
    assert loading.load(copy).sign_in.scopes == (
        "leadInteraction", "leadSurveyInteraction", "getUsers", "loanInteraction",
    )  # fmt: skip


def test_every_type_that_is_off_can_be_turned_on(copy: Path) -> None:
    copy.write_text(editing.enable(copy, OFF).text, encoding="utf-8")
    assert all(item.access for item in loading.load(copy).objects.values())


def test_the_packaged_manifest_and_unknown_types_are_errors(copy: Path) -> None:
    with pytest.raises(SettingsError, match="manifest export"):
        editing.enable(ROOT / "connector.yaml", ["loan"])
    with pytest.raises(OptionError, match="contact_note"):
        editing.enable(copy, ["notes"])


def test_probing_shows_which_types_this_connection_may_read(
    connection: Any, vendor: Vendor
) -> None:
    """One page of each, and none of the types that are turned on."""
    vendor.tables["contact-notes"] = [{"id": number} for number in range(1, 251)]
    vendor.tables["loans"] = [{"id": 1}]
    vendor.always("GET", "/activity", v.Status(401, {"error": "insufficient_scope"}))
    vendor.always("GET", "/insights", v.Status(404, {"message": "no such thing"}))
    told = {one["object_type"]: one for one in probing.probe(connection)}
    assert list(told) == OFF
    assert (told["contact_note"]["readable"], told["contact_note"]["objects"]) == (True, 300)
    assert (told["loan"]["readable"], told["loan"]["objects"]) == (True, 1)
    assert told["loan"]["scope"] == "loanInteraction"
    assert (told["activity"]["readable"], told["activity"]["code"]) == (False, "scope_missing")
    assert told["insight"]["code"] == "not_found"
    assert vendor.count("GET", "/contacts") == 0
    assert len(vendor.log) == 1 + len(OFF)  # the token, and one page of each
