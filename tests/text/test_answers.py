"""An answer's body is plain data or one clear fault, and a wait that is asked for is a number."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from te_connector.text.answers import (
    BadJson,
    error_words,
    moment,
    parse,
    parse_slowly,
    retry_after,
    too_deep,
)

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param(b"", "whole JSON", id="nothing"),
        pytest.param(b"<html>", "whole JSON", id="html"),
        pytest.param(b'{"a":1', "whole JSON", id="half"),
        pytest.param(b"{} {}", "whole JSON", id="two values"),
        pytest.param(b'{"a":1,"a":1}', "same key", id="a key twice"),
        pytest.param(b'[{"x":{"a":1,"b":2,"a":3}}]', "same key", id="a key twice, inside"),
        pytest.param(b'{"a":1,"\\u0061":2}', "same key", id="a key twice, escaped"),
        pytest.param(b'{"a":NaN}', "number", id="NaN"),
        pytest.param(b"[-Infinity]", "number", id="minus infinity"),
        pytest.param(b"[" + b"9" * 50_000 + b"]", "too many digits", id="an absurd whole number"),
        pytest.param(b"[" * 100_000, "too deep", id="deep and torn"),
        pytest.param(b'{"a":' * 5000 + b"1" + b"}" * 5000, "too deep", id="deep and whole"),
        pytest.param('{"a":"é"}'.encode("latin-1"), "UTF-8", id="latin-1"),
        pytest.param('{"a":1}'.encode("utf-16"), "UTF-8", id="UTF-16 with mark"),
        pytest.param('{"a":1}'.encode("utf-16-le"), "whole JSON", id="UTF-16 without mark"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', "UTF-8", id="a surrogate in UTF-8"),
        pytest.param(b'{"a":"\xc0\xaf"}', "UTF-8", id="an overlong slash"),
        pytest.param(b'{"a":"x\ny"}', "whole JSON", id="a raw line end in a text"),
        pytest.param(b'{"a":1}\0', "whole JSON", id="a NUL behind"),
        pytest.param(b"{'a':1}", "whole JSON", id="wrong quotes"),
    ],
)
def test_what_cannot_be_relied_upon_is_a_fault_that_quotes_nothing(body: bytes, fault: str) -> None:
    with pytest.raises(BadJson, match=fault) as caught:
        parse(body)
    assert len(str(caught.value)) < 60
    assert caught.value.__context__ is None  # the decoder's own error holds the whole body


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b' \r\n\t[1.5e3, -0, "\\ud83d\\ude00"]\n', [1500.0, 0, "\U0001f600"]),
        (b'"\\ud800"', "\ud800"),
        (b"[" * 60 + b"]" * 60, None),
    ],
)
def test_odd_but_lawful_json_is_read_as_it_is(body: bytes, value: Any) -> None:
    assert parse(body) == value or value is None


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_json)
def test_any_json_value_comes_back_as_it_went(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_one_fault(body: bytes) -> None:
    try:
        parse(body)
    except BadJson:
        assert error_words(body) == ("", False)


def test_nesting_is_measured_through_lists_and_mappings() -> None:
    value: Any = 1
    for level in range(100):
        assert too_deep(value) == (level > 60)
        value = [value] if level % 2 else {"a": value}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":"outside"}', ("outside", True)),
        (b'{"message":"Not found"}', ("Not found", True)),
        (b'{"error":["x"]}', ("", True)),
        (b'{"error":{"a":1},"message":"m"}', ("", True)),
        (b"[]", ("", True)),
        (b'"text"', ("", False)),
        (b"<html>error</html>", ("", False)),
        (b"", ("", False)),
    ],
)
def test_the_words_of_an_error_are_text_or_nothing(body: bytes, words: tuple[str, bool]) -> None:
    assert error_words(body) == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("999999999999999999", 999999999999999999.0),
        ("1800000000", max(0.0, 1800000000 - NOW)),
        (str(int(NOW) + 30), 30.0),
        (str(int(NOW) - 30), 0.0),
        ("999999999", 999999999.0),
        ("9" * 19, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e5", None),
        ("+5", None),
        ("\u0661\u0662", None),
        ("soon", None),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Friday, 15-Jan-27 08:00:10 GMT", 10.0),
        ("Fri Jan 15 08:00:10 2027", 10.0),
        ("Fri, 15 Jan 2027 03:00:10 -0500", 10.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Fri, 15 Jan 2027 08:00:10 +9999", None),
        ("Fri, 99 Foo 2027 99:99:99 GMT", None),
        ("Fri, 15 Jan 99999999999999999999 08:00:10 GMT", None),
        ("x" * 10_000, None),
    ],
)
def test_retry_after_is_read_as_seconds_a_date_or_an_epoch_moment_and_nonsense_is_none(
    text: str, seconds: float | None
) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_without_the_header_no_wait_is_asked_for() -> None:
    assert retry_after({}, NOW) is None


@given(st.text(max_size=80))
def test_any_retry_after_is_none_or_a_wait_that_can_be_shown(text: str) -> None:
    wait = retry_after({"retry-after": text}, NOW)
    if wait is not None:
        assert math.isfinite(wait)
        assert wait >= 0
        assert moment(NOW + wait)


@pytest.mark.parametrize(
    ("timestamp", "told"),
    [
        (NOW, "2027-01-15T08:00:00Z"),
        (1e18, "a time beyond the calendar"),
        (-1e18, "a time beyond the calendar"),
        (float("inf"), "a time beyond the calendar"),
        (float("nan"), "a time beyond the calendar"),
    ],
)
def test_every_moment_can_be_shown(timestamp: float, told: str) -> None:
    assert moment(timestamp) == told


_PIECES = [
    " ", "\t", "\n", '"', "\\", "\\/", "/", '\\"', "\\u0061", "\\u0022:", '":', '"a":1,', '"a" : 1,', ",", ":",
    "{", "}", "[", "]", "0", "1", "-0", "-", "1e5", "1.0", "1.50", "0.1", "9007199254740991",
    "9007199254740993", "123456789012345678901234567890", "0.1000000000000000055", "1e400", "NaN", "null",
    "true", "\u00e9", "\u2028", "\\ud83d", "\x7f", "\x00", "a", "A",
]  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["a/b", "a b", '": 1', '"a":1', "\\/", "é"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["a", "b", "a b", "ab", '":', "/", ""]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """JSON in any spelling, with pieces of JSON put in or cut out anywhere."""
    text = json.dumps(
        draw(_VALUES),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 1])),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
    )
    if draw(st.booleans()):
        text = text.replace("/", "\\/")
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.sampled_from([0, 0, 0, 1, 3]))
        text = text[:at] + draw(st.sampled_from(_PIECES)) + text[at + cut :]
    return text.encode("utf-8", "surrogatepass")


def _outcome(read: Callable[[bytes], Any], body: bytes) -> str:
    try:
        return _spelled(read(body))
    except BadJson as fault:
        return str(fault)


def _spelled(value: Any) -> str:
    """A value with the types of all its parts, in their order."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_spelled(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    return f"{type(value).__name__} {value!r}"


@settings(max_examples=3000, deadline=None)
@given(_bodies())
def test_the_quick_way_reads_what_the_slow_way_reads(body: bytes) -> None:
    assert _outcome(parse, body) == _outcome(parse_slowly, body)


@given(st.lists(st.sampled_from(_PIECES), max_size=12))
def test_the_quick_way_reads_what_the_slow_way_reads_of_any_pieces(pieces: list[str]) -> None:
    body = "".join(pieces).encode()
    assert _outcome(parse, body) == _outcome(parse_slowly, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"id": 1, "email": "ada@example.com"}], "links": {"first": 1}}',
        b'{"items":[{"id":1,"url":"https:\\/\\/example.com"}]}',
        json.dumps({"a": [1, 2.5, 'Zo\u00eb "x": 1']}, indent=2, ensure_ascii=False).encode(),
    ],
)
def test_plain_answers_are_read_the_quick_way(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_body: bytes) -> None:
        raise AssertionError("read the slow way")

    monkeypatch.setattr("te_connector.text.answers.parse_slowly", never)
    assert parse(body) == json.loads(body)
