"""The zip for Fides, checked against what is known of its format."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CONNECTOR, Host
from gateway_client import Gateway

from te_connector.gateway.platforms.fides import template

KEY = "<instance_fides_key>"


def opened(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = archive.namelist()
        (config,) = [name for name in names if name.endswith("config.yml")]
        (dataset,) = [name for name in names if name.endswith("dataset.yml")]
        assert len(names) == 2
        return (
            yaml.safe_load(archive.read(config))["saas_config"],
            yaml.safe_load(archive.read(dataset))["dataset"][0],
        )


@pytest.fixture(name="discovery")
def _discovery(host: Host) -> Any:
    return host.discover({"connector": CONNECTOR})


def with_note(discovery: Any) -> Any:
    """The same with a deletable child type, as a lender may add one."""
    note = {
        **discovery["object_types"][0], "name": "contact_note", "title": "Note", "parent": "contact",
        "identifiers": {}, "deletable": True, "access": True,
    }  # fmt: skip
    return {**discovery, "object_types": [*discovery["object_types"], note]}


def test_both_files_carry_the_literal_key_that_fides_replaces(discovery: Any) -> None:
    config, dataset = opened(template(discovery))
    assert config["fides_key"] == dataset["fides_key"] == KEY


def test_every_object_type_is_a_collection_that_passes_whole_rows(discovery: Any) -> None:
    config, dataset = opened(template(with_note(discovery)))
    names = [item["name"] for item in with_note(discovery)["object_types"] if item["access"]]
    assert [item["name"] for item in config["endpoints"]] == names
    assert [item["name"] for item in dataset["collections"]] == names
    for collection in dataset["collections"]:
        assert collection["data_categories"], "without it, only marked fields reach the person"
        keys = [
            field["name"]
            for field in collection["fields"]
            if field.get("fides_meta", {}).get("primary_key")
        ]
        assert keys == ["id"], "a collection without a primary key counts as erased"


def test_every_read_is_a_post_whose_optional_identities_become_null(discovery: Any) -> None:
    config, _ = opened(template(discovery))
    for endpoint in config["endpoints"]:
        read = endpoint["requests"]["read"]
        assert (read["method"], read["path"], read["data_path"]) == (
            "POST",
            "/v1/access",
            "records",
        )
        body = json.loads(read["body"])
        assert body["request"] == "<privacy_request_id>"
        assert (body["email"], body["phone"]) == ("<email?>", "<phone_number?>")
        assert {one["identity"] for one in read["param_values"]} == {"email", "phone_number"}
        assert not read.get("ignore_errors")


def test_every_type_has_a_delete_so_that_none_counts_as_erased_in_silence(discovery: Any) -> None:
    config, _ = opened(template(discovery))
    for endpoint in config["endpoints"]:
        delete = endpoint["requests"]["delete"]
        placeholders = set(re.findall("<([^<>]+)>", delete["body"])) - {"privacy_request_id"}
        assert placeholders == {one["name"] for one in delete["param_values"]}
        assert delete["path"] == "/v1/delete"
        assert not delete.get("ignore_errors")


def test_deletable_children_are_erased_before_parents_and_the_order_has_no_circle(
    discovery: Any,
) -> None:
    config, _ = opened(template(with_note(discovery)))
    after = {item["name"]: item.get("erase_after", []) for item in config["endpoints"]}
    assert after["contact"] == [f"{KEY}.contact_note"]
    assert after["contact_survey_response"] == [f"{KEY}.contact"]
    assert after["contact_note"] == []


def test_the_same_manifest_gives_the_same_bytes(discovery: Any) -> None:
    assert template(discovery) == template(discovery)


@pytest.mark.slow
def test_the_command_writes_the_zip_and_replaces_none(tmp_path: Path, gateway: Gateway) -> None:
    path = tmp_path / "te.zip"
    assert gateway.command("fides-template", "--output", str(path))[0] == 0
    opened(path.read_bytes())
    status, _, err = gateway.command("fides-template", "--output", str(path))
    assert status == 2
    assert "--force" in err
