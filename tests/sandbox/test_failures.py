"""The sandbox fails on purpose."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
import pytest
import requests
from sandbox_client import MARIA, UNLIMITED, Client, running

from te_connector.sandbox import PRESETS, Misbehavior, Sandbox, combined


class TestFailures:
    @pytest.mark.parametrize("status", [429, 500, 502, 503])
    def test_every(self, status: int) -> None:
        """``fail_every``: each second answer fails."""
        with running(fail_every=2, fail_with=status) as client:
            statuses = [client.get("/contacts").status_code for _ in range(4)]
        assert statuses == [200, status, 200, status]

    @pytest.mark.parametrize(
        ("value", "header"), [(None, None), (3, "3"), ("soon", "soon")], ids=["none", "s", "text"]
    )
    def test_retry_after(self, value: int | str | None, header: str | None) -> None:
        """``retry_after``: seconds, odd text or nothing."""
        with running(fail_every=1, retry_after=value) as client:
            assert client.get("/contacts").headers.get("Retry-After") == header

    def test_retry_after_date(self) -> None:
        """``retry_after="date"``: an HTTP date just ahead."""
        with running(fail_every=1, fail_with=503, retry_after="date") as client:
            header = client.get("/contacts").headers["Retry-After"]
        assert header.endswith(" GMT")
        assert 0 < parsedate_to_datetime(header).timestamp() - time.time() <= 2

    def test_html(self) -> None:
        """``fail_with="html"``: a web page with 200."""
        with running(fail_every=1, fail_with="html") as client:
            answer = client.get("/contacts")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize("kind", ["drop", "cut"])
    def test_broken_connection(self, kind: str) -> None:
        """``fail_with="drop"`` and ``"cut"``: the answer is missing, or half of it."""
        expected = requests.ConnectionError if kind == "drop" else requests.RequestException
        with running(fail_every=1, fail_with=kind, fail_times=1) as client:
            with pytest.raises(expected):
                client.get("/contacts")
            assert client.get("/contacts").status_code == 200

    def test_only_some(self) -> None:
        """``fail_on``: one type fails, and the others go on."""
        with running(fail_every=1, fail_with=500, fail_on="GET /v1/users") as client:
            assert client.get("/users").status_code == 500
            assert client.get("/contacts").status_code == 200

    def test_times(self) -> None:
        """``fail_times``: after so many failures all is well, and the object is untouched."""
        with running(fail_every=1, fail_with=503, fail_on="DELETE", fail_times=2) as client:
            answers = [client.delete(f"/contacts/{MARIA}").status_code for _ in range(3)]
        assert answers == [503, 503, 200]

    def test_token_spared(self) -> None:
        """Token requests fail only if they are named."""
        with Sandbox(12, limits=UNLIMITED) as sandbox:
            client = Client(sandbox, sign_in=False)
            body = {"grant_type": "client_credentials"}
            sandbox.misbehavior = Misbehavior(fail_every=1, fail_with=503)
            assert client.token(body).status_code == 200
            sandbox.misbehavior = Misbehavior(fail_every=1, fail_with=503, fail_on="/v1/token")
            assert client.token(body).status_code == 503

    def test_all_settings_are_tested(self) -> None:
        """A test uses every setting of ``Misbehavior``."""
        folder = Path(__file__).parent
        text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))
        names = [field.name for field in attrs.fields(Misbehavior)]
        assert [name for name in names if f"{name}=" not in text] == []


class TestPresets:
    def test_combined(self) -> None:
        """Presets combine."""
        chosen = combined(["short-pages", "soft-delete"])
        assert chosen == Misbehavior(page_cap=7, delete="soft")

    def test_later_wins(self) -> None:
        """Of two presets for one setting, the later one wins."""
        assert combined(["soft-delete", "delete-lies"]).delete == "lies"

    def test_none(self) -> None:
        """Without presets, the sandbox follows the API document."""
        assert combined([]) == Misbehavior()

    @pytest.mark.parametrize("name", sorted(PRESETS))
    def test_each_changes_something(self, name: str) -> None:
        """Every preset breaks a rule and says which."""
        what, misbehavior = PRESETS[name]
        assert misbehavior != Misbehavior()
        assert what.endswith(".")
