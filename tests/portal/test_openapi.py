"""The intake API's document is true: schemathesis compares it with the running portal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from portal_process import Portal

from te_connector.portal.store import states
from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_running_portal_answers_as_its_document_says(tmp_path):
    with Sandbox(contacts=5) as sandbox:
        portal = Portal(sandbox, tmp_path)
        try:
            token = portal.command("portal", "token", "new")
            url = f"{portal.url}/api/v1/openapi.json"
            document = requests.get(url).json()
            request = document["paths"]["/api/v1/requests/{id}"]["get"]["responses"]["200"]
            schema = request["content"]["application/json"]["schema"]
            assert schema["properties"]["state"]["enum"] == list(states.STATES)
            done = subprocess.run(
                [
                    Path(sys.executable).parent / "schemathesis", "run", url,
                    "--header", f"Authorization: Bearer {token}", "--max-examples", "8",
                    "--checks", ("not_a_server_error,status_code_conformance,"
                    "content_type_conformance,response_schema_conformance,ignored_auth"),
                    "--seed", "1", "--phases", "examples,coverage,fuzzing",
                    "--suppress-health-check", "all",
                ],
                cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout[-6000:]
        finally:
            portal.stop()
