"""The sandbox's invented people."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
import pytest
from sandbox_client import MARIA, MARIAS

from te_connector.sandbox import Sandbox


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


def digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def phones(item: dict[str, Any]) -> list[str]:
    return [item[key] for key in ("phone_cell", "phone_home") if item[key]]
