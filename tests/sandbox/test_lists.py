"""The sandbox lists pages, sorts, and filters as the API document says, unless it misbehaves."""

from __future__ import annotations

import pytest
from sandbox_client import MARIA, Client, contacts_by, running

from te_connector.sandbox.store import Tables


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

        def change(tables: Tables) -> None:
            first = tables.contacts.all()[0]
            tables.delete("contacts", first["id"])

        with running(between=change) as client:
            before = list(client.sandbox.contacts)
            pages = [client.ids(f"/contacts?page[number]={number}") for number in (1, 2)]
        assert before[10] not in pages[0] + pages[1]
        assert pages[1][0] == before[11]

    def test_put(self) -> None:
        """An object that is put in appears in the list."""
        with running() as client:
            contact = {**client.sandbox.contacts[MARIA], "id": 5, "first_name": "New"}
            client.sandbox.tables.contacts.put(contact)
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

    def test_ties(self) -> None:
        """``ties``: responses of one day share a creation time, and their order changes."""
        path = "/contact-survey-responses?page[size]=100"
        with running(contacts=300, ties=True) as client:
            lists = [client.get(path).json()["items"] for _ in range(5)]
            one = lists[0][0]
            assert client.get(f"/contact-survey-responses/{one['id']}").json() == one
        moments = [item["internal_created_at"] for item in lists[0]]
        assert moments == sorted(moments)
        assert all(moment.endswith(" 00:00:00") for moment in moments)
        assert len({tuple(item["id"] for item in rows) for rows in lists}) > 1

    def test_ties_of_ids(self) -> None:
        """``ties``: ids are unique, so a list sorted by them does not change."""
        with running(ties=True) as client:
            ids = client.ids("/contacts?sort=id&page[size]=100")
        assert ids == sorted(ids)


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
