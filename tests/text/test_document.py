"""Files that people edit: read as YAML 1.2 says, refused where they are more than data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from te_connector.errors import FileFaults
from te_connector.text import check, document


def faults_of(text: str | bytes) -> list[str]:
    raw = text.encode("utf-8") if isinstance(text, str) else text
    with pytest.raises(FileFaults) as caught:
        document.parse(raw, "f.yaml")
    assert str(caught.value) == "\n".join([str(fault) for fault in caught.value.faults])
    return [str(fault) for fault in caught.value.faults]


WORDS: dict[str, Any] = {
    # as YAML 1.2's core schema says, not as 1.1 does
    "NO": "NO", "no": "no", "yes": "yes", "on": "on", "off": "off", "y": "y",
    "true": True, "True": True, "TRUE": True, "false": False, "tRUE": "tRUE",
    "null": None, "~": None, "Null": None, "none": "none",
    "010": 10, "0o17": 15, "0x1F": 31, "-7": -7, "+7": 7, "0b11": "0b11", "1_000": "1_000",
    "9223372036854775807": 9223372036854775807, "123456789012345678901234": 123456789012345678901234,
    "12:30": "12:30", "190:20:30": "190:20:30",
    "2026-11-03": "2026-11-03", "2026-11-03T10:00:00Z": "2026-11-03T10:00:00Z",
    "1.5": 1.5, ".5": 0.5, "5.": 5.0, "1e3": 1000.0, "-2.5e-2": -0.025, "1e400": "1e400",
    "<<": "<<", "=": "=", "1.2.3": "1.2.3", "'010'": "010", '"NO"': "NO",
}  # fmt: skip


@pytest.mark.parametrize("word", list(WORDS))
def test_a_plain_word_means_what_yaml_1_2_says(word: str) -> None:
    data = document.parse(f"k: {word}\n".encode(), "f.yaml").data
    assert data == {"k": WORDS[word]}
    assert type(data["k"]) is type(WORDS[word])


def test_an_empty_value_is_nothing_and_keys_are_text() -> None:
    data = document.parse(b"a:\n1: x\nNO: y\n'':\n", "f.yaml").data
    assert data == {"a": None, "1": "x", "NO": "y", "": None}


def test_json_is_read_too_with_tabs_and_escapes() -> None:
    value = {"a": [1, 2.5, None, True, {"b": 'x\n\u2028"/é'}], "c": {}}
    raw = json.dumps(value, indent="\t").encode()
    assert document.parse(raw, "f.json").data == value
    assert document.parse(b"\xef\xbb\xbf" + raw, "f.json").data == value


FAULTY: dict[str, tuple[str | bytes, int, str]] = {
    "nothing": ("", 1, "the file is empty"),
    "comments alone": ("# a\n# b\n", 1, "the file is empty"),
    "an alias": ("a: &x 1\nb: *x\n", 2, "aliases (*name) are not allowed; write the value out"),
    "an anchor": ("a: 1\nb: &x [1]\n", 2, "anchors (&name) are not allowed; write the value out"),
    "a tag": ("a: !!str 5\n", 1, "tags (!name) are not allowed; write the plain value"),
    "a tag without a name": ("a: ! 7\n", 1, "tags (!name) are not allowed"),
    "a tag of python": (
        "a: !!python/object/apply:os.system ['true']\n", 1, "tags (!name) are not allowed",
    ),
    "a tag at a list": ("a: !x [1]\n", 1, "tags (!name) are not allowed"),
    "an anchor at a key": ("a: 1\n&x b: 2\n", 2, "a key must be a plain word, without anchor"),
    "a tag at a key": ("a: 1\n!x b: 2\n", 2, "a key must be a plain word, without anchor"),
    "a key that is a list": ("a: 1\n? [b]\n: 2\n", 2, "a key must be a plain word"),
    "a key that is a mapping": ("{a: 1}: 2\n", 1, "a key must be a plain word"),
    "a second document": ("a: 1\n---\nb: 2\n", 2, "only one document is allowed in the file"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is given twice (first on line 1); keep one"),
    "a key twice in json": ('{"a": 1,\n"a": 2}', 2, "key 'a' is given twice (first on line 1)"),
    "infinity": ("a: .inf\n", 1, "infinite and undefined numbers are not allowed"),
    "minus infinity": ("a: -.INF\n", 1, "infinite and undefined numbers are not allowed"),
    "not a number": ("b: 1\na: .NaN\n", 2, "infinite and undefined numbers are not allowed"),
    "an open list": ("a: 1\nb: [1, 2\n", 2, "a comma or the closing ] of what opens here is missing"),
    "a tab for an indent": ("a:\n\tb: 1\n", 2, "a tab can't indent YAML; use spaces"),
    "two colons": ("a: b: c\n", 1, "the value holds ': '; put it in quotes"),
    "not UTF-8": (b"a: 1\nb: \xff\n", 2, "the file is not UTF-8 text; save it as UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), 1, "the file is not UTF-8 text; save it as UTF-8"),
    "a zero byte": ("a: \0\n", 1, "the file holds characters that YAML doesn't allow"),
    "endless nesting": ("[" * 200, 1, "the file is nested deeper than 40 levels"),
    "endless nesting of mappings": ("{a: " * 100, 1, "the file is nested deeper than 40 levels"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.replace(" ", "-"))
def test_what_is_more_than_plain_data_is_refused_with_its_line(case: str) -> None:
    text, line, message = FAULTY[case]
    told = faults_of(text)
    assert any(each.startswith(f"f.yaml:{line}: {message}") for each in told), told


def test_all_faults_of_the_text_are_reported_at_once_in_the_order_of_their_lines() -> None:
    told = faults_of("a: &x 1\nb: *x\na: !y 2\nc: .nan\n")
    assert [int(each.split(":")[1]) for each in told] == [1, 2, 3, 3, 4]


def test_a_billion_laughs_are_not_laughed() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [*{chr(97 + at)}, *{chr(97 + at)}]\n" for at in range(20)
    )
    assert len(faults_of(text)) == 41


def test_a_syntax_fault_quotes_nothing_of_the_file() -> None:
    (told,) = faults_of("secret-value: 'abc\n")
    assert "secret" not in told
    assert "abc" not in told


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(document.MAX_BYTES + 1)
    with pytest.raises(FileFaults, match=r"big.yaml:1: the file is larger than 8 MiB"):
        document.read(path)


@pytest.mark.parametrize("kind", ["missing", "folder", "endless name"])
def test_a_file_that_cannot_be_read_is_a_fault_of_it(tmp_path: Path, kind: str) -> None:
    path = {"missing": tmp_path / "no.yaml", "folder": tmp_path}.get(kind, tmp_path / ("x" * 999))
    with pytest.raises(FileFaults, match=r":1: the file cannot be read \([A-Z].*\)"):
        document.read(path)


def test_every_value_and_key_knows_its_line() -> None:
    made = document.parse(b"a:\n  b:\n    - 1\n    - c: 2\n", "f.yaml")
    assert made.lines[("a", "b", 1, "c")] == 4
    assert made.key_lines[("a", "b")] == 2
    assert made.fault(("a", "b", 1, "nowhere"), "x").line == 4
    assert made.fault((), "x").line == 1
    assert str(made.key_fault(("a", "b"), "x")) == "f.yaml:2: x"


GRAMMAR: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["must"],
    "properties": {
        "must": {},
        "text": {"type": "string", "minLength": 1, "maxLength": 3},
        "either": {"type": ["string", "null"]},
        "number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
        "count": {"type": "integer", "minimum": 1, "maximum": 5},
        "flag": {"type": "boolean"},
        "choice": {"enum": ["exhaustive", "quick"]},
        "fixed": {"const": "this"},
        "list": {"type": "array", "maxItems": 2, "uniqueItems": True},
        "some": {"type": "array", "minItems": 1},
        "pair": {"dependentRequired": {"a": ["b"]}},
        "odd": {"not": {"const": 1}},
        "said": {"pattern": "^a", "x-says": "must begin with an a"},
        "names": {
            "propertyNames": {"pattern": "^[a-z]+$", "x-says": "must be a plain word"},
            "additionalProperties": {"type": "integer"},
        },
    },
}
BROKEN: dict[str, tuple[str, str]] = {
    "an unknown key": ("colour: 1", "unknown key 'colour'; known are must, text, either"),
    "a misspelt key": ("chioce: quick", "unknown key 'chioce'; did you mean 'choice'?"),
    "a number for a text": ("text: 5", "'text' must be text"),
    "an empty text": ("text: ''", "'text' must not be empty"),
    "a long text": ("text: abcd", "'text' must have at most 3 entries or characters"),
    "a list for a text or nothing": ("either: []", "'either' must be text or empty"),
    "a text for a number": ("number: x", "'number' must be a number"),
    "a number too small": ("number: 0", "'number' must be more than 0"),
    "a number too large": ("number: 9", "'number' must be less than 9"),
    "a fraction for a count": ("count: 1.5", "'count' must be a whole number"),
    "a count too small": ("count: 0", "'count' must be at least 1"),
    "a count too large": ("count: 6", "'count' must be at most 5"),
    "a text for a flag": ("flag: NO", "'flag' must be true or false"),
    "a misspelt choice": (
        "choice: qick", "'choice' must be exhaustive or quick; did you mean 'quick'?",
    ),
    "another than the fixed": ("fixed: other", "'fixed' must be this"),
    "a mapping for a list": ("list: {}", "'list' must be a list"),
    "the same twice": ("list: [1, 1]", "'list' names the same thing twice; keep one"),
    "too many": ("list: [1, 2, 3]", "'list' must have at most 2 entries"),
    "too few": ("some: []", "'some' must not be empty"),
    "a key that needs another": (
        "pair: {a: 1}", "'pair' lacks a key that another key needs: 'a' needs b",
    ),
    "a rule without a sentence": ("odd: 1", "'odd' breaks the rule 'not' of the grammar"),
    "a rule with a sentence of its own": ("said: b", "'said' must begin with an a"),
    "a name of a wrong form": ("names: {A-1: 1}", "the name 'A-1' must be a plain word"),
    "a value in a list": ("names: {a: x}", "'a' must be a whole number"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_what_breaks_the_grammar_is_a_sentence_with_its_line(case: str) -> None:
    text, message = BROKEN[case]
    made = document.parse(f"must: 1\n{text}\n".encode(), "f.yaml")
    (fault,) = check.check(made, GRAMMAR)
    assert (fault.line, fault.message[: len(message)]) == (2, message)


def test_a_key_that_lacks_and_a_file_that_is_no_mapping_are_reported_for_the_file() -> None:
    (fault,) = check.check(document.parse(b"text: a\n", "f.yaml"), GRAMMAR)
    assert str(fault) == "f.yaml:1: the file lacks the key 'must'; add it"
    (fault,) = check.check(document.parse(b"- 1\n", "f.yaml"), GRAMMAR)
    assert str(fault) == "f.yaml:1: the file must be a mapping (key: value)"


@pytest.mark.parametrize("text", ["colour: ada", "choice: ada", "names: {Ada-1: 1}", "said: ada",
                                  "fixed: ada", "text: [ada]"])  # fmt: skip
def test_nothing_of_a_file_with_people_in_it_is_quoted(text: str) -> None:
    made = document.parse(f"must: 1\n{text}\n".encode(), "f.yaml")
    grammar = json.loads(json.dumps(GRAMMAR).replace('"^a"', '"^b"'))
    (fault,) = check.check(made, grammar, quote=False)
    assert fault.line == 2
    assert "ada" not in fault.message.lower()
    assert "colour" not in fault.message


def test_no_faults_raise_nothing() -> None:
    document.fail([])
    assert check.check(document.parse(b"must: 1\n", "f.yaml"), GRAMMAR) == []


def test_a_long_file_that_is_no_yaml_is_read_once() -> None:
    """Mending reads the text again and again, which would take minutes here."""
    (told,) = faults_of("a: [1\n" * 500_000)
    assert told.startswith("f.yaml:1: ")
