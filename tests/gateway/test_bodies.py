"""Bodies from platforms: what is accepted, and what is refused without repeating it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from te_connector.gateway.bodies import BadBody, read_deletion, read_search

KINDS = ["email", "phone", "service_id"]
TYPES = ["contact", "user"]


def search(**body: Any) -> Any:
    return read_search(json.dumps({"request": "r1", **body}).encode(), KINDS, TYPES)


def test_a_value_or_a_list_of_values_is_accepted_and_their_order_does_not_matter() -> None:
    assert search(email="a@example.com").identifiers == {"email": ("a@example.com",)}
    assert search(email=["b", "a", "a"]).identifiers == search(email=["a", "b"]).identifiers


def test_null_and_empty_text_count_as_not_given() -> None:
    assert search(email="a@example.com", phone=None).identifiers == {"email": ("a@example.com",)}
    assert search(email="a@example.com", phone="").identifiers == {"email": ("a@example.com",)}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"null", b"{", b'{"request": "r1"}', b"\xff\xfe",
        b'{"request": "r1", "email": "a@b.example", "email": "c@d.example"}',
        b'{"request": "r1", "email": NaN}',
        b'{"request": "r1", "email": 5}',
        b'{"request": "r1", "email": {"a": 1}}',
        b'{"request": "r1", "email": [["a"]]}',
        b'{"request": "r1", "email": "\\ud800@b.example"}',
        b'{"request": "\\ud800", "email": "a@b.example"}',
        b'{"request": "", "email": "a@b.example"}',
        b'{"request": 7, "email": "a@b.example"}',
        b'{"request": "a\\nb", "email": "a@b.example"}',
        b'{"email": "a@b.example"}',
        b'{"request": "r1", "name": "Maria"}',
        b'{"request": "r1", "email": "a@b.example", "object_type": "loan"}',
        b'{"request": "r1", "email": "a@b.example", "object_type": ["contact"]}',
        b'{"request": "r1", "email": ""}',
        b'{"request": "o"neil", "email": "a@b.example"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"request": "r1", "email": ' + b"[" * 20 + b"]" * 20 + b"}",
        b'{"request": "r1", "email": ' + b"1" * 5000 + b"}",
        json.dumps({"request": "r1", "email": ["a"] * 51}).encode(),
        json.dumps({"request": "r1", "email": "a" * 1001}).encode(),
        json.dumps({"request": "r" * 201, "email": "a@b.example"}).encode(),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_used_is_refused_without_repeating_it(raw: bytes) -> None:
    with pytest.raises(BadBody) as caught:
        read_search(raw, KINDS, TYPES)
    for part in ("a@b.example", "c@d.example", "Maria", "neil"):
        assert part not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        {"request": "r1", "object_type": "contact"},
        {"request": "r1", "object_type": "contact", "id": 5},
        {"request": "r1", "object_type": "contact", "id": ""},
        {"request": "r1", "object_type": "loan", "id": "5"},
        {"request": "r1", "object_type": None, "id": "5"},
        {"request": "r1", "object_type": "contact", "id": "5", "reviewed": 5},
        {"request": "r1", "object_type": "contact", "id": "5", "email": "a@b.example"},
    ],
)
def test_a_deletion_body_must_name_one_object(body: dict[str, Any]) -> None:
    with pytest.raises(BadBody):
        read_deletion(json.dumps(body).encode(), TYPES)


def test_a_deletion_body_may_leave_out_the_digest() -> None:
    raw = json.dumps({"request": "r1", "object_type": "contact", "id": "5"}).encode()
    assert read_deletion(raw, TYPES).reviewed is None
