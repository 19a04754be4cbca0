"""The sandbox issues tokens and checks them as the API document says."""

from __future__ import annotations

import re
import time

import pytest
import requests
from sandbox_client import Client, running

from te_connector.sandbox import Limits, Sandbox


class TestToken:
    @pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
    def test_shape(self, client: Client, form: bool) -> None:
        """A token is 40 hex characters, for an hour, with the scopes that were granted."""
        answer = client.token({"grant_type": "client_credentials"}, form=form)
        body = answer.json()
        assert answer.status_code == 200
        assert re.fullmatch(r"[0-9a-f]{40}", body.pop("access_token"))
        assert body == {
            "expires_in": 3600,
            "token_type": "bearer",
            "scope": "leadInteraction loanInteraction leadSurveyInteraction getUsers "
            "leadOpportunitiesSalesPipelineInteraction",
        }

    def test_narrowed(self, client: Client) -> None:
        """A scope in the body narrows the grant."""
        narrow = Client(client.sandbox, scope="getUsers")
        assert narrow.get("/users").status_code == 200
        answer = narrow.get("/contacts")
        assert answer.status_code == 401
        assert answer.json() == {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided "
            "by the access token",
        }

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
            ({"grant_type": "client_credentials", "scope": "other"}, "invalid_scope"),
        ],
        ids=["grant", "refresh", "scope"],
    )
    def test_refused(self, client: Client, body: dict[str, str], error: str) -> None:
        """What cannot be granted answers 400 and says why."""
        answer = client.token(body)
        assert (answer.status_code, answer.json()["error"]) == (400, error)

    def test_unreadable(self, client: Client) -> None:
        """A body that is not JSON answers 400."""
        login = (client.sandbox.client_id, client.sandbox.client_secret)
        url = f"{client.sandbox.base_url}/token"
        answer = client.http.post(url, auth=login, data=b"{", headers={"Content-Type": "text/x"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_bad_credentials(self, client: Client) -> None:
        """A wrong secret answers 400, not 401."""
        url = f"{client.sandbox.base_url}/token"
        answer = client.http.post(url, auth=("sandbox-client", "x"), json={"grant_type": "x"})
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_client",
            "error_description": "The client credentials are invalid",
        }

    def test_two_an_hour(self) -> None:
        """The third token request in an hour answers 429."""
        with Sandbox(12) as sandbox:
            client = Client(sandbox, sign_in=False)
            answers = [client.token({"grant_type": "client_credentials"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]

    def test_other_limit(self) -> None:
        """Limits are arguments, and their windows slide."""
        with Sandbox(12, limits=Limits(tokens=(1, 3.0))) as sandbox:
            client = Client(sandbox)
            body = {"grant_type": "client_credentials"}
            assert client.token(body).status_code == 429
            until = time.monotonic() + 60
            while client.token(body).status_code == 429 and time.monotonic() < until:
                time.sleep(0.1)
            assert client.token(body).status_code == 429
            assert sandbox.crm.journal.statuses[200] == 2

    def test_refresh(self) -> None:
        """A refresh token works once and brings the next one."""
        with running(refresh_tokens=True) as client:
            first = client.token({"grant_type": "client_credentials"}).json()["refresh_token"]
            body = {"grant_type": "refresh_token", "refresh_token": first}
            second = client.token(body)
            assert second.status_code == 200
            assert second.json()["refresh_token"] != first
            assert client.token(body).json()["error"] == "invalid_grant"

    @pytest.mark.parametrize("header", ["", "Bearer x", "Basic x"], ids=["no", "other", "basic"])
    def test_bearer(self, client: Client, header: str) -> None:
        """Without a valid token there is 401."""
        url = f"{client.sandbox.base_url}/contacts"
        answer = requests.get(url, headers={"Authorization": header}, timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")

    def test_lifetime(self) -> None:
        """``token_lifetime``: a token ends when its answer said it would."""
        with running(token_lifetime=0) as client:
            answer = client.get("/contacts")
            assert client.token({"grant_type": "client_credentials"}).json()["expires_in"] == 0
        assert "expired" in answer.json()["error_description"]

    def test_uses(self) -> None:
        """``token_uses``: a token can end before its time."""
        with running(token_uses=2) as client:
            statuses = [client.get("/teapot").status_code for _ in range(3)]
        assert statuses == [418, 418, 401]

    @pytest.mark.parametrize("status", [401, 403])
    def test_missing_scope(self, status: int) -> None:
        """``missing_scopes`` and ``scope_status``: a scope not given is refused."""
        with running(missing_scopes=("leadSurveyInteraction",), scope_status=status) as client:
            answer = client.get("/contact-survey-responses")
            assert client.get("/contacts").status_code == 200
        assert (answer.status_code, answer.json()["error"]) == (status, "insufficient_scope")
