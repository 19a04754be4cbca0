"""Numbers keep every digit on their way from the vendor to data, digest, and JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from conftest import Host, subject
from hypothesis import given
from hypothesis import strategies as st
from vendor import Status, Vendor, contact

from te_connector.text.answers import BadJson, NumberText, parse

EXACT = ["0", "-1", "9007199254740992", "1.5", "1.50", "-0.25", "1e3", "1E-2", "0.1"]
INEXACT = [
    "9007199254740993", "12345678901234567890", "0.1000000000000000055511", "1e400", "1e-400",
    "3.14159265358979323846264338327950288", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", EXACT)
def test_a_number_that_a_float_gives_back_stays_a_number(text: str) -> None:
    value = parse(f"[{text}]".encode())[0]
    assert type(value) in (int, float)
    assert Decimal(repr(value)) == Decimal(text)


@pytest.mark.parametrize("text", INEXACT)
def test_a_number_that_no_float_gives_back_is_text_with_every_digit(text: str) -> None:
    value = parse(f"[{text}]".encode())[0]
    assert isinstance(value, NumberText)
    assert value == text


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_number_loses_a_digit(number: Decimal) -> None:
    text = str(number)
    value = parse(f"[{text}]".encode())[0]
    assert Decimal(value if isinstance(value, str) else repr(value)) == number


def test_a_number_of_absurd_length_is_refused() -> None:
    for text in ("1" * 20_000, "0." + "1" * 20_000):
        with pytest.raises(BadJson):
            parse(f"[{text}]".encode())


def test_the_record_says_which_numbers_are_text(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    row = contact(1, email="ada@example.com", custom=[{"field_name": "x", "value": 0}])
    body = json.dumps(
        {"items": [row], "links": {"first": 1, "last": 1, "next": None, "prev": None}}
    )
    body = body.replace('"value": 0', '"value": 0.10000000000000000555')
    vendor.always("GET", "/contacts", Status(200, body.encode()))
    got = host.fetch(connection, [subject(email="ada@example.com")], {"object_types": ["contact"]})
    (record,) = got["records"]
    assert record["data"]["custom"][0]["value"] == "0.10000000000000000555"
    assert {"path": "$.custom[0].value", "rule": "number_as_text"} in record["schema_issues"]
    assert json.loads(json.dumps(record["data"])) == record["data"]
