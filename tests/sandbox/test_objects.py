"""The sandbox reads and deletes objects as the API document says, unless it misbehaves."""

from __future__ import annotations

import pytest
import requests
from sandbox_client import MARIA, Client, contacts_by, running

from te_connector.sandbox import Limits, Sandbox


class TestReachability:
    def test_heartbeat(self, client: Client) -> None:
        """The heartbeat needs no token."""
        answer = requests.get(f"{client.sandbox.base_url}/heartbeat", timeout=5)
        assert answer.json() == {"running_item": "Total Expert External API"}

    def test_teapot(self, client: Client) -> None:
        """The teapot needs a token and answers 418."""
        answer = client.get("/teapot")
        assert answer.status_code == 418
        assert answer.json() == {"code": "418 I'm a teapot", "status": "short and stout"}
        assert requests.get(f"{client.sandbox.base_url}/teapot", timeout=5).status_code == 401

    def test_unknown_path(self, client: Client) -> None:
        """An unknown path is 404 in JSON."""
        assert client.get("/contacts/search/x").status_code == 404
        assert client.get("/nothing").json() == {"error": "Not Found"}

    def test_request_limit(self) -> None:
        """Beyond the request limit there is 429, without advice when to come back."""
        with running(limits=Limits(requests=(3, 60.0))) as client:
            answers = [client.get("/contacts") for _ in range(3)]
        # The token was the first request.
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "Retry-After" not in answers[-1].headers

    def test_default_limits(self) -> None:
        """Unless told otherwise, the limits are the vendor's."""
        assert Sandbox(0).crm.limits == Limits(requests=(1000, 60.0), tokens=(2, 3600.0))


class TestObjects:
    @pytest.mark.parametrize("path", ["contacts", "users", "contact-survey-responses"])
    def test_read(self, client: Client, path: str) -> None:
        """One object is what the list shows of it."""
        shown = client.get(f"/{path}?page[size]=1").json()["items"][0]
        assert client.get(f"/{path}/{shown['id']}").json() == shown

    @pytest.mark.parametrize("path", ["contacts", "users", "contact-survey-responses"])
    def test_absent(self, client: Client, path: str) -> None:
        """An id that is not there answers 404 with a message."""
        answer = client.get(f"/{path}/999")
        assert answer.status_code == 404
        assert answer.json() == {"message": "Object with id '999' not found"}

    def test_nested_ids_as_text(self) -> None:
        """``nested_ids_as_text``: only ids inside other objects are text."""
        with running(nested_ids_as_text=True) as client:
            contact = client.get(f"/contacts/{MARIA}").json()
            response = client.get("/contact-survey-responses").json()["items"][0]
        assert (contact["id"], contact["owner"]["id"]) == (MARIA, "59")
        assert contact["contact_groups"][0]["id"].isdecimal()
        assert response["contact"]["id"].isdecimal()

    def test_notes(self) -> None:
        """Notes are listed, read and deleted, and cannot be filtered by contact."""
        with running() as client:
            note = client.get("/contact-notes").json()["items"][0]
            assert note["contact"]["id"] in client.sandbox.contacts
            assert client.get(f"/contact-notes/{note['id']}").json() == note
            assert client.get("/contact-notes?filter=contact_id=1").status_code == 400
            assert client.ids("/contact-notes?filter=title_contains=remind")
            answer = client.delete(f"/contact-notes/{note['id']}")
            assert (answer.status_code, answer.json()) == (200, [])
            assert client.get(f"/contact-notes/{note['id']}").status_code == 404

    def test_activity(self, client: Client) -> None:
        """Activity is found by contact and cannot be deleted."""
        items = client.get(f"/activity?filter=contact_id={MARIA}").json()["items"]
        assert [item["contact_id"] for item in items] == [MARIA]
        assert client.delete(f"/activity/{items[0]['id']}").status_code == 405


class TestDelete:
    def test_contact(self) -> None:
        """A deleted contact is gone, and its survey responses stay."""
        with running() as client:
            before = client.sandbox.responses
            answer = client.delete(f"/contacts/{MARIA}")
            assert (answer.status_code, answer.json()) == (200, [])
            assert client.get(f"/contacts/{MARIA}").status_code == 404
            assert client.delete(f"/contacts/{MARIA}").status_code == 404
            assert MARIA not in client.ids("/contacts?page[size]=100")
            assert MARIA not in client.sandbox.contacts
            assert client.sandbox.responses == before

    @pytest.mark.parametrize("table", ["users", "responses"])
    def test_not_deletable(self, client: Client, table: str) -> None:
        """Users and survey responses cannot be deleted."""
        object_id = next(iter(getattr(client.sandbox, table)))
        path = table.replace("responses", "contact-survey-responses")
        answer = client.delete(f"/{path}/{object_id}")
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]
        assert client.get(f"/{path}/{object_id}").status_code == 200

    def test_cascade(self) -> None:
        """``cascade``: what hangs on a contact goes with it."""
        with running(cascade=True) as client:
            client.delete(f"/contacts/{MARIA}")
            left = client.sandbox.responses.values()
            assert MARIA not in {item["contact"]["id"] for item in left}
            notes = client.get("/contact-notes?page[size]=100").json()["items"]
            assert MARIA not in {note["contact"]["id"] for note in notes}
            assert client.ids(f"/activity?filter=contact_id={MARIA}") == []

    def test_lies(self) -> None:
        """``delete="lies"``: 200, and the contact is still there."""
        with running(delete="lies") as client:
            assert client.delete(f"/contacts/{MARIA}").status_code == 200
            assert client.get(f"/contacts/{MARIA}").status_code == 200

    def test_soft(self) -> None:
        """``delete="soft"``: out of the list, readable with a flag, found as archived."""
        with running(delete="soft") as client:
            assert client.delete(f"/contacts/{MARIA}").status_code == 200
            assert client.get(f"/contacts/{MARIA}").json()["archived"] is True
            assert MARIA not in client.ids("/contacts?page[size]=100")
            assert client.ids(contacts_by("archieved=1")) == [MARIA]
            assert MARIA in client.sandbox.contacts

    def test_lost(self) -> None:
        """``delete="lost"``: the contact goes, and the answer never comes."""
        with running(delete="lost") as client:
            with pytest.raises(requests.ConnectionError):
                client.delete(f"/contacts/{MARIA}")
            assert client.get(f"/contacts/{MARIA}").status_code == 404

    @pytest.mark.parametrize("status", [403, 405, 409])
    def test_refused(self, status: int) -> None:
        """``delete`` with a status from 300 refuses."""
        with running(delete=status) as client:
            assert client.delete(f"/contacts/{MARIA}").status_code == status
            assert client.get(f"/contacts/{MARIA}").status_code == 200

    def test_no_content(self) -> None:
        """``delete=204`` deletes without a body, and the connection stays usable."""
        with running(delete=204) as client:
            answer = client.delete(f"/contacts/{MARIA}")
            assert (answer.status_code, answer.content) == (204, b"")
            assert client.get(f"/contacts/{MARIA}").status_code == 404

    def test_redirect(self) -> None:
        """``delete="redirect"`` points elsewhere and deletes nothing."""
        with running(delete="redirect", redirect_to="http://127.0.0.1:9/x") as client:
            answer = client.delete(f"/contacts/{MARIA}")
            assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/x")
            assert MARIA in client.sandbox.contacts

    def test_read_after_delete(self) -> None:
        """``read_after_delete``: a deleted contact answers 403, one that never was 404."""
        with running(read_after_delete=403) as client:
            client.delete(f"/contacts/{MARIA}")
            assert client.get(f"/contacts/{MARIA}").status_code == 403
            assert client.get("/contacts/999").status_code == 404
