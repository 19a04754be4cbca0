"""The sandbox follows the vendor's document, and breaks it only where it is told to."""

from __future__ import annotations

import ast
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import attrs
import phonenumbers
import pytest
import requests

import te_connector.sandbox
from te_connector.sandbox import Limits, Misbehaviour, Sandbox, serve

UNLIMITED = Limits(requests=None, tokens=None)
MARIA = 2317
MARIAS = {2317, 2328, 310042117}


class Client:
    """A plain client without retries, with a token of its own."""

    def __init__(self, sandbox: Sandbox, *, scope: str = "", sign_in: bool = True) -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        if sign_in:
            body = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
            token = self.token(body).json()["access_token"]
            self.http.headers["Authorization"] = f"Bearer {token}"

    def token(self, body: dict[str, str], *, form: bool = False) -> requests.Response:
        login = (self.sandbox.client_id, self.sandbox.client_secret)
        kind = "data" if form else "json"
        return self.http.post(f"{self.sandbox.base_url}/token", auth=login, **{kind: body})  # type: ignore[arg-type]

    def send(self, method: str, path: str) -> requests.Response:
        url = self.sandbox.base_url + path
        return self.http.request(method, url, timeout=5, allow_redirects=False)

    def get(self, path: str) -> requests.Response:
        return self.send("GET", path)

    def delete(self, path: str) -> requests.Response:
        return self.send("DELETE", path)

    def ids(self, path: str) -> list[Any]:
        return [item["id"] for item in self.get(path).json()["items"]]


@contextmanager
def running(contacts: int = 40, limits: Limits = UNLIMITED, **knobs: Any) -> Iterator[Client]:
    """A client of a sandbox that misbehaves as told."""
    misbehaviour = Misbehaviour(**knobs)
    with Sandbox(contacts, misbehaviour=misbehaviour, limits=limits) as sandbox:
        yield Client(sandbox)


@pytest.fixture(name="client", scope="module")
def _client() -> Iterator[Client]:
    with running() as client:
        yield client


def contacts_by(filter_text: str, size: int = 100) -> str:
    return f"/contacts?page[size]={size}&filter={filter_text}"


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
            "scope": "leadInteraction loanInteraction leadSurveyInteraction getUsers",
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
        with Sandbox(12, limits=Limits(tokens=(1, 0.2))) as sandbox:
            client = Client(sandbox)
            body = {"grant_type": "client_credentials"}
            assert client.token(body).status_code == 429
            time.sleep(0.25)
            assert client.token(body).status_code == 200

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
        assert Sandbox(0).limits == Limits(requests=(1000, 60.0), tokens=(2, 3600.0))


class TestPages:
    def test_default(self, client: Client) -> None:
        """Without parameters there are ten items, and links are page numbers."""
        body = client.get("/contacts").json()
        assert len(body["items"]) == 10
        assert body["links"] == {"first": 1, "last": 4, "next": 2, "prev": None}

    @pytest.mark.parametrize(
        "brackets", ["page[number]=4&page[size]=12", "page%5Bnumber%5D=4&page%5Bsize%5D=12"]
    )
    def test_last(self, client: Client, brackets: str) -> None:
        """The last page has no next; brackets may be encoded."""
        body = client.get(f"/contacts?{brackets}").json()
        assert len(body["items"]) == 4
        assert body["links"] == {"first": 1, "last": 4, "next": None, "prev": 3}

    @pytest.mark.parametrize("path", ["contacts", "users", "contact-survey-responses"])
    def test_whole(self, client: Client, path: str) -> None:
        """Page after page gives each object once."""
        found, number = [], 1
        while number:
            body = client.get(f"/{path}?page[number]={number}&page[size]=7").json()
            found += [item["id"] for item in body["items"]]
            number = body["links"]["next"]
        tables = {"contacts": client.sandbox.contacts, "users": client.sandbox.users}
        held = tables.get(path, client.sandbox.responses)
        assert found == list(held)

    @pytest.mark.parametrize("number", [0, 5])
    def test_outside(self, client: Client, number: int) -> None:
        """A page beyond either end answers 422."""
        answer = client.get(f"/contacts?page[number]={number}")
        assert answer.status_code == 422
        assert answer.json() == {"error": "Page requested is outside of result set"}

    @pytest.mark.parametrize(("size", "status"), [("100", 200), ("101", 422), ("x", 400)])
    def test_size(self, client: Client, size: str, status: int) -> None:
        """A page holds a hundred items at most."""
        assert client.get(f"/contacts?page[size]={size}").status_code == status

    def test_empty(self) -> None:
        """An empty list is 200 with one empty page."""
        with running(contacts=0) as client:
            body = client.get("/contacts").json()
        assert body == {"items": [], "links": {"first": 1, "last": 1, "next": None, "prev": None}}

    def test_empty_is_422(self) -> None:
        """``empty_is_422``: an empty list answers as a page beyond the end."""
        with running(empty_is_422=True) as client:
            assert client.get(contacts_by("email=nobody@example.com")).status_code == 422
            assert client.get("/contacts").status_code == 200

    def test_envelope(self) -> None:
        """``envelope``: the list is under ``objects``."""
        with running(envelope="objects") as client:
            assert set(client.get("/contacts").json()) == {"objects", "links"}

    def test_next_link(self) -> None:
        """``next_link``: the next page is null or not mentioned."""
        with running(next_link="null") as client:
            assert client.get("/contacts").json()["links"]["next"] is None
        with running(next_link="absent") as client:
            assert set(client.get("/contacts").json()["links"]) == {"first", "last", "prev"}

    def test_page_cap(self) -> None:
        """``page_cap``: pages are smaller than asked, and links follow the true size."""
        with running(page_cap=5) as client:
            body = client.get("/contacts?page[size]=100").json()
        assert (len(body["items"]), body["links"]["last"]) == (5, 8)

    def test_between(self) -> None:
        """``between``: what comes or goes between answers shifts the pages."""

        def change(sandbox: Sandbox) -> None:
            first = next(iter(sandbox.contacts))
            sandbox.discard("contacts", first)

        with running(between=change) as client:
            before = list(client.sandbox.contacts)
            pages = [client.ids(f"/contacts?page[number]={number}") for number in (1, 2)]
        assert before[10] not in pages[0] + pages[1]
        assert pages[1][0] == before[11]

    def test_put(self) -> None:
        """An object that is put in appears in the list."""
        with running() as client:
            contact = {**client.sandbox.contacts[MARIA], "id": 5, "first_name": "New"}
            client.sandbox.put("contacts", contact)
            assert client.ids("/contacts")[0] == 5
            assert client.get("/contacts/5").json()["first_name"] == "New"


class TestSort:
    def test_descending(self, client: Client) -> None:
        """A minus sorts downwards."""
        assert client.ids("/contacts?sort=-id")[0] == 310042117

    def test_several(self, client: Client) -> None:
        """Several fields sort in their order, blanks first."""
        items = client.get("/contacts?page[size]=100&sort=last_name,-id").json()["items"]
        keys = [(item["last_name"].casefold(), -item["id"]) for item in items]
        assert keys == sorted(keys)
        assert client.get("/contacts?sort=email").json()["items"][0]["email"] is None

    @pytest.mark.parametrize("name", ["owner", "nonsense"])
    def test_unknown(self, client: Client, name: str) -> None:
        """What is not a plain attribute cannot be sorted by."""
        assert client.get(f"/contacts?sort={name}").status_code == 400

    def test_natural_order(self, client: Client) -> None:
        """Users come by id and responses by creation, whatever ``sort`` says."""
        ids = client.ids("/users?sort=-id&page[size]=100")
        assert ids == sorted(ids)
        body = client.get("/contact-survey-responses?page[size]=100&sort=-id").json()
        moments = [item["internal_created_at"] for item in body["items"]]
        assert moments == sorted(moments)

    def test_ignored(self) -> None:
        """``sort_ignored``: contacts come newest first."""
        with running(sort_ignored=True) as client:
            items = client.get("/contacts?sort=id&page[size]=100").json()["items"]
        moments = [item["internal_created_at"] for item in items]
        assert moments == sorted(moments, reverse=True)


class TestFilter:
    @pytest.mark.parametrize(
        ("expression", "ids"),
        [
            ("email=MARIA.alvarez@EXAMPLE.com", {2317}),
            ("email=maria.alvarez%2Bhome@example.com", {2334}),
            ("email=maria.alvarez+home@example.com", set()),
            ("email_contains=ALVAREZ", {2317, 2321, 2309, 2334}),
            ("phone_cell=763-555-0123", {2317}),
            ("phone_cell=%2B17635550123", {310042117}),
            ("phone_home=6125550147", {2317, 2321}),
            ("phone_home=none", set()),
            ("phone_office=9525550100", set()),
            ("external_id=los-884213", {2317}),
            ("external_id=V-20931", {2312}),
            ("first_name=maria,last_name=alvarez", {2317, 2328, 2309}),
            ("last_name_contains=alvar,source=Referral", {2334}),
            ("owner_id=59,last_name=alvarez", {2317, 2321}),
            ("internal_updated_at_end=2020-01-01T00:00:00Z", set()),
        ],
    )
    def test_contacts(self, client: Client, expression: str, ids: set[int]) -> None:
        """Conditions are joined by AND; letter case and a phone's punctuation do not count."""
        assert set(client.ids(contacts_by(expression))) == ids

    @pytest.mark.parametrize(
        "name", ["owner_email", "owner_username", "owner_external_id", "group_id", "group_name"]
    )
    def test_related(self, client: Client, name: str) -> None:
        """Contacts can be found by their owner and their groups."""
        maria = client.sandbox.contacts[MARIA]
        key = name.removeprefix("owner_")
        group = maria["contact_groups"][0]
        value = maria["owner"][key] if key != name else group[name.replace("group_id", "id")]
        found = client.get(contacts_by(f"{name}={value}")).json()["items"]
        assert MARIA in [item["id"] for item in found]
        assert len(found) < 40

    def test_range(self, client: Client) -> None:
        """A range of update times includes both ends."""
        moment = client.sandbox.contacts[MARIA]["internal_updated_at"].replace(" ", "T") + "Z"
        text = f"internal_updated_at_start={moment},internal_updated_at_end={moment}"
        assert client.ids(contacts_by(text)) == [MARIA]

    @pytest.mark.parametrize(
        "expression",
        ["email_work=x", "id=2317", "email", "email_contains=ab", "internal_updated_at_start=x"],
    )
    def test_invalid(self, client: Client, expression: str) -> None:
        """An unknown or malformed condition answers 400."""
        answer = client.get(contacts_by(expression))
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("Invalid filter expression: ")

    @pytest.mark.parametrize("name", ["email", "username", "external_id"])
    def test_users(self, client: Client, name: str) -> None:
        """Users can be found by what is documented."""
        value = client.sandbox.users[MARIA][name]
        assert client.ids(f"/users?filter={name}={value}") == [MARIA]
        assert client.get("/users?filter=phone=1").status_code == 400

    def test_user_status(self, client: Client) -> None:
        """Users can be found by status."""
        assert client.ids("/users?filter=status=0") == [115]

    def test_responses(self, client: Client) -> None:
        """Survey responses know no filter: everything comes."""
        path = f"/contact-survey-responses?page[size]=100&filter=contact_id={MARIA}"
        assert client.ids(path) == list(client.sandbox.responses)

    def test_survey_filter(self) -> None:
        """``survey_filter``: responses can be found by contact."""
        with running(survey_filter=True) as client:
            path = f"/contact-survey-responses?filter=contact_id={MARIA}"
            items = client.get(path).json()["items"]
            assert client.get("/contact-survey-responses?filter=x=1").status_code == 400
        assert [item["contact"]["id"] for item in items] == [MARIA] * 3

    def test_ignored(self) -> None:
        """``filters="ignored"``: everybody comes."""
        with running(filters="ignored") as client:
            assert len(client.ids(contacts_by("email=maria.alvarez@example.com"))) == 40

    def test_substring(self) -> None:
        """``filters="substring"``: values that only contain what was asked come too."""
        with running(filters="substring") as client:
            assert client.ids(contacts_by("email=alvarez")) == [2309, 2317, 2321, 2334]
            assert client.ids(contacts_by("phone_cell=5550123")) == [2312, 2317, 310042117]

    def test_refused(self) -> None:
        """``filters="refused"``: a filter answers 400."""
        with running(filters="refused") as client:
            assert client.get(contacts_by("email=a@example.com")).status_code == 400
            assert client.get("/contacts").status_code == 200

    def test_case_sensitive(self) -> None:
        """``case_sensitive``: capitals count."""
        with running(case_sensitive=True) as client:
            assert client.ids(contacts_by("email=Maria.alvarez@example.com")) == []
            assert client.ids(contacts_by("email=maria.alvarez@example.com")) == [MARIA]

    def test_exact_phone(self) -> None:
        """``exact_phone``: a phone is found only as it was typed."""
        with running(exact_phone=True) as client:
            assert client.ids(contacts_by("phone_cell=7635550123")) == []
            assert client.ids(contacts_by("phone_cell=(763)555-0123")) == [MARIA]

    def test_external_id_array(self) -> None:
        """``external_id_array``: the array of external ids is searched too."""
        with running(external_id_array=True) as client:
            assert client.ids(contacts_by("external_id=V-20931")) == [2312, MARIA]


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
            sandbox.misbehaviour = Misbehaviour(fail_every=1, fail_with=503)
            assert client.token(body).status_code == 200
            sandbox.misbehaviour = Misbehaviour(fail_every=1, fail_with=503, fail_on="/v1/token")
            assert client.token(body).status_code == 503

    def test_all_knobs_are_tested(self) -> None:
        """Every knob is turned in this file."""
        text = Path(__file__).read_text(encoding="utf-8")
        knobs = [field.name for field in attrs.fields(Misbehaviour)]
        assert [name for name in knobs if f"{name}=" not in text] == []


class TestPeople:
    def test_stable(self) -> None:
        """The same people are there in every run, and a larger book begins with them."""
        first, second = Sandbox(60), Sandbox(60)
        assert first.contacts == second.contacts
        assert first.users == second.users
        assert first.responses == second.responses
        assert first.contacts.items() <= Sandbox(90).contacts.items()

    def test_separate(self) -> None:
        """What is changed in one sandbox is not changed in the next."""
        Sandbox(12).contacts[MARIA]["external_ids"].clear()
        assert Sandbox(12).contacts[MARIA]["external_ids"]

    @pytest.mark.parametrize("count", [0, 5, 12, 40, 1000])
    def test_count(self, count: int) -> None:
        """There are as many contacts as were asked for."""
        assert len(Sandbox(count).contacts) == count

    def test_cast(self) -> None:
        """Twelve contacts are enough for the whole cast, the sample person with three owners."""
        sandbox = Sandbox(12)
        contacts = sandbox.contacts
        email, phone = sandbox.sample["email"], sandbox.sample["phone"]
        by_mail, by_work, by_phone = (contacts[key] for key in sorted(MARIAS))
        assert by_mail["email"] == email
        assert by_work["email"] is None
        assert by_work["email_work"] != email == by_work["email_work"].lower()
        assert by_phone["email"] is by_phone["email_work"] is None
        assert digits(by_phone["phone_cell"]).endswith(digits(phone))
        assert len({item["owner"]["id"] for item in (by_mail, by_work, by_phone)}) == 3
        husband = contacts[2321]
        assert digits(husband["phone_home"]) == digits(by_mail["phone_home"])
        assert husband["email"] != email

    def test_same_number(self) -> None:
        """A user and a contact have one number and nothing else in common."""
        sandbox = Sandbox(12)
        assert sandbox.users[MARIA]["email"] != sandbox.contacts[MARIA]["email"]

    def test_nobody_near_the_cast(self) -> None:
        """No generated contact shares an e-mail, a surname or seven digits with the cast."""
        held = Sandbox(3000).contacts
        cast = Sandbox(12).contacts
        tails = {digits(text)[-7:] for item in cast.values() for text in phones(item)}
        names = {item["last_name"] for item in cast.values()}
        for contact_id in held.keys() - cast.keys():
            item = held[contact_id]
            assert item["last_name"] not in names
            assert not {digits(text)[-7:] for text in phones(item)} & tails

    def test_phones_valid(self) -> None:
        """Generated phones are fictional and yet of valid form."""
        texts = [text for item in Sandbox(1500).contacts.values() for text in phones(item)]
        valid = [text for text in texts if "n/a" not in text and len(digits(text)) > 9]
        assert len(valid) > 1000
        for text in valid:
            assert "55501" in digits(text)
            assert phonenumbers.is_valid_number(phonenumbers.parse(text, "US")), text

    def test_domains(self) -> None:
        """Addresses are of reserved domains."""
        sandbox = Sandbox(500)
        held = [*sandbox.contacts.values(), *sandbox.users.values()]
        texts = [item[key] for item in held for key in ("email", "email_work") if item.get(key)]
        ending = re.compile(r".*(@example\.(com|org|net)|\.test) ?", re.IGNORECASE)
        assert [text for text in texts if not ending.fullmatch(text)] == ["n/a"]

    def test_responses(self) -> None:
        """The sample person answered surveys, with each kind of question and odd text."""
        responses = Sandbox(12).responses.values()
        own = [item for item in responses if item["contact"]["id"] in MARIAS]
        assert len(own) == 5
        for item in own:
            kinds = [answer["question"]["data_type"] for answer in item["question_responses"]]
            assert kinds == ["decimal", "choice", "text"]
            choice = item["question_responses"][1]
            offered = choice["question"]["possible_choice_answers"]
            assert choice["response_value"] in [option["value"] for option in offered]
            assert re.fullmatch(r"[0-9a-f]{16}", item["id"])

    def test_seeding_is_quick(self) -> None:
        """Ten thousand contacts take less than two seconds."""
        begun = time.perf_counter()
        Sandbox(10_000)
        assert time.perf_counter() - begun < 2


class TestServer:
    def test_settings(self, client: Client) -> None:
        """The settings are what the connector reads from the environment."""
        sandbox = client.sandbox
        assert sandbox.settings() == {
            "TE_BASE_URL": sandbox.base_url,
            "TE_CLIENT_ID": sandbox.client_id,
            "TE_CLIENT_SECRET": sandbox.client_secret,
        }
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", sandbox.base_url)

    def test_record(self) -> None:
        """Requests are kept as they were sent, and counted by route and by status."""
        with running() as client:
            client.sandbox.clear_requests()
            client.get("/contacts?page%5Bsize%5D=1")
            client.get(f"/contacts/{MARIA}")
            client.get("/contacts/2")
            client.sandbox.requests.clear()
            assert client.sandbox.requests == [
                ("GET", "/v1/contacts?page%5Bsize%5D=1"),
                ("GET", "/v1/contacts/2317"),
                ("GET", "/v1/contacts/2"),
            ]
            assert client.sandbox.counts == {"GET /v1/contacts": 1, "GET /v1/contacts/{id}": 2}
            assert client.sandbox.statuses == {200: 2, 404: 1}

    def test_keep_alive(self, client: Client) -> None:
        """Answers share one connection."""
        url, headers = f"{client.sandbox.base_url}/contacts", client.http.headers
        with requests.Session() as http:
            for _ in range(20):
                assert http.get(url, headers=headers, timeout=5).status_code == 200
            (pool,) = http.get_adapter(url).poolmanager.pools._container.values()  # type: ignore[attr-defined]
            assert (pool.num_connections, pool.num_requests) == (1, 20)

    def test_chunked_body(self, client: Client) -> None:
        """A body sent in chunks is read, and the connection goes on."""
        login = (client.sandbox.client_id, client.sandbox.client_secret)
        body = iter([b'{"grant_type":', b'"client_credentials"}'])
        answer = client.http.post(f"{client.sandbox.base_url}/token", auth=login, data=body)
        assert answer.status_code == 200
        assert client.get("/contacts").status_code == 200

    def test_threads(self, client: Client) -> None:
        """Many clients at once each get their answer."""
        with ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(client.ids, [f"/contacts?page[size]={n + 1}" for n in range(40)]))
        assert [len(ids) for ids in pages] == list(range(1, 41))

    def test_stop(self) -> None:
        """Stopping ends kept connections too, and starting again takes the same port."""
        with running() as client:
            url = client.sandbox.base_url
            assert client.get("/contacts").status_code == 200
            client.sandbox.stop()
            client.sandbox.stop()
            with pytest.raises(requests.ConnectionError):
                client.get("/contacts")
            client.sandbox.start()
            assert client.sandbox.base_url == url
            assert client.get("/contacts").status_code == 200
            with pytest.raises(RuntimeError):
                client.sandbox.start()

    def test_port(self) -> None:
        """A port can be named; a taken one is an ordinary ``OSError``."""
        with running() as client:
            port = int(client.sandbox.base_url.split(":")[2].removesuffix("/v1"))
            with pytest.raises(OSError, match="in use"):
                Sandbox(0, port=port).start()
        with Sandbox(0, port=port) as sandbox:
            assert f":{port}/" in sandbox.base_url

    def test_no_port_yet(self) -> None:
        """Without a start there is no address."""
        with pytest.raises(RuntimeError):
            _ = Sandbox(0).base_url

    def test_latency(self) -> None:
        """Each answer waits as told."""
        with Sandbox(0, latency=0.1) as sandbox:
            begun = time.perf_counter()
            requests.get(f"{sandbox.base_url}/heartbeat", timeout=5)
        assert time.perf_counter() - begun >= 0.1

    def test_quiet(self, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is printed, since paths hold personal data."""
        with running(fail_every=3, fail_with="drop", fail_on="teapot") as client:
            client.get(contacts_by("email=maria.alvarez@example.com"))
            client.get("/contacts/1")
        assert capfd.readouterr() == ("", "")

    def test_serve(self) -> None:
        """``serve`` tells the settings once it listens, and ends when it is stopped."""
        sandbox, told, told_event = Sandbox(0), [], threading.Event()

        def announce(settings: dict[str, str]) -> None:
            told.append(settings)
            told_event.set()

        thread = in_background(lambda: serve(sandbox, announce))
        assert told_event.wait(5)
        assert requests.get(f"{told[0]['TE_BASE_URL']}/heartbeat", timeout=5).status_code == 200
        sandbox.stop()
        thread.join(5)
        assert not thread.is_alive()

    def test_serve_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """``serve`` ends quietly on Ctrl-C, and the port is free again."""
        sandbox = Sandbox(0)

        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(sandbox, "wait", interrupt)
        serve(sandbox, lambda settings: None)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{sandbox.base_url}/heartbeat", timeout=5)

    def test_page_is_quick(self) -> None:
        """A page of a hundred contacts takes less than ten milliseconds, the best of ten."""
        with running(contacts=1000) as client:
            client.get("/contacts?page[size]=100")
            times = []
            for number in range(1, 11):
                begun = time.perf_counter()
                client.get(f"/contacts?page[size]=100&page[number]={number}")
                times.append(time.perf_counter() - begun)
        assert min(times) < 0.01

    def test_stands_alone(self) -> None:
        """The sandbox imports nothing of the package but itself."""
        folder = Path(te_connector.sandbox.__file__).parent
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    assert node.level == 0
                    names = [str(node.module)]
                own = [name for name in names if name.split(".")[0] == "te_connector"]
                assert all(name.startswith("te_connector.sandbox") for name in own), path


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def phones(item: dict[str, Any]) -> list[str]:
    return [item[key] for key in ("phone_cell", "phone_home") if item[key]]


def in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
