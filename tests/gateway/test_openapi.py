"""The OpenAPI document is true: schemathesis compares it with the running gateway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gateway_client import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_running_gateway_answers_as_its_document_says(gateway: Gateway, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "run", f"{gateway.url}/openapi.json",
            "--header", f"Authorization: Bearer {gateway.token}", "--max-examples", "8",
            "--checks", ("not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance,ignored_auth"),
            "--exclude-path", "/v1/health", "--seed", "1", "--phases", "examples,coverage,fuzzing",
            "--suppress-health-check", "all",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=220, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_document_is_public_and_every_route_is_in_it(gateway: Gateway) -> None:
    got = gateway.ask("/v1/openapi.json", method="GET", token="")
    assert got.status == 200
    assert set(got.body["paths"]) == {
        "/v1/health", "/v1/openapi.json", "/v1/access", "/v1/access/list", "/v1/delete",
        "/v1/delete/shown", "/v1/identifiers/{kind}",
    }  # fmt: skip
