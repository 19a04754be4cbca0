"""When two identifiers are equal: properties of the keys, whatever is written and however."""

from __future__ import annotations

import unicodedata

import idna
import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from te_connector.matching.emails import email_key, email_keys, neighborhood
from te_connector.matching.ids import MAX_LENGTH, external_key, has_shape, id_key
from te_connector.matching.phones import (
    TAIL,
    digit_strings,
    phones,
    possible_phone,
)
from te_connector.matching.regions import own_code, rewrites, shortest_number

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# E-mail.

LOCAL = st.text("abcxyz0189._+-'!#éüßøñжд日λσ", min_size=1, max_size=12)
DOMAIN = st.tuples(
    st.sampled_from(
        "example mail x-y a1 münchen straße strasse bücher 例え пример θεός foo_bar i❤".split()
    ),
    st.sampled_from("com org co.uk de рф test".split()),
).map(".".join)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """An address in its plainest spelling: small letters, composed."""
    return unicodedata.normalize("NFC", f"{draw(LOCAL)}@{draw(DOMAIN)}")


INVISIBLE = st.sampled_from("\u200b\u200e\u202a\u202c\u2060\ufeff\u00ad\u034f\ufe0f\u3164\x00\x1b")
BLANKS = st.text(" \t\r\n\u00a0\u3000\u2009\u200b\ufeff", max_size=3)


def capital(char: str) -> str:
    """The capital letter of a small one, where it has one that leads back."""
    return char.upper() if len(char.upper()) == 1 and char.upper().lower() == char else char


@st.composite
def respelled(draw: st.DrawFn, text: str) -> str:
    """The same address as somebody else might write it."""
    local, _, domain = text.rpartition("@")
    how = draw(st.integers(0, 3))
    if how == 1:
        domain = ascii_domain(domain)
    elif how == 2:
        domain = domain.replace(".", "\u3002", 1)
    text = f"{local}@{domain}"
    text = "".join(capital(char) if draw(st.booleans()) else char for char in text)
    text = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), text)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        if not text[at : at + 1] or not unicodedata.combining(text[at]):
            text = text[:at] + draw(INVISIBLE) + text[at:]
    return draw(BLANKS) + text + draw(BLANKS)


def ascii_domain(domain: str) -> str:
    """The domain as IDNA spells it, label by label; what IDNA does not know, by Punycode."""
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
        for label in domain.split(".")
    )


@given(st.data(), addresses())
def test_an_address_is_equal_to_itself_however_it_is_spelled(data, address):
    """Blanks, invisible characters, letter case, composition and IDNA spelling change no key."""
    assert email_key(data.draw(respelled(address))) == email_key(address) is not None


@given(addresses())
def test_the_key_of_an_address_is_its_plainest_spelling_so_no_two_are_joined(address):
    """Two addresses that differ in any letter, dot, tag or domain keep different keys."""
    local, _, domain = address.rpartition("@")
    local = unicodedata.normalize("NFC", local)
    assert email_key(address) == f"{local}@{ascii_domain(domain)}"


@pytest.mark.slow
@given(st.text(max_size=30) | addresses() | addresses().flatmap(respelled))
@example("a@\u0345b")
@example("ǰ@\u1e9e.de")
@example("a@b\u200c.de")
@example("@")
@example("İ@İ")
def test_the_key_of_a_key_is_the_key(text):
    """Reading a key again changes nothing, whatever the text was; and no text is a fault."""
    key = email_key(text)
    assert key is None or email_key(key) == key


@given(st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=30))
@example("A@XN--MNCHEN-3YA.de")
@example("a@xn--garbage-.de")
@example("a@xn--.de")
def test_the_key_of_plain_ascii_is_the_text_in_small_letters(text):
    """Which is what makes comparing nearly all stored addresses cheap."""
    key = email_key(text)
    assert key is None or key == text.strip().lower()
    slow = email_key(text + "\u200b")  # the other way through
    assert slow == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.com", "ada+crm@example.com"),
        ("ada@example.com", "a.da@example.com"),
        ("ada@example.com", "adam@example.com"),
        ("ada@example.com", "ada@example.org"),
        ("ada@example.com", "ada@mail.example.com"),
        ("ada@example.com", "ada@example.com.de"),
        ("ada@example.com", "'ada'@example.com"),
        ("ada@straße.de", "ada@strasse.de"),
        ("straße@example.de", "strasse@example.de"),
        ("ada@STRASSE.de", "ada@straße.de"),
        ("jose@example.com", "josé@example.com"),
        ("ada@munchen.de", "ada@münchen.de"),
        ("ada@نامه\u200cای.com", "ada@نامهای.com"),
        ("ı@example.com", "i@example.com"),
        ("ﬁ@example.com", "fi@example.com"),
    ],
)
def test_two_addresses_that_differ_are_never_joined(one, other):
    """Tags, dots, single letters, sharp s, accents, and joiners where IDNA tells domains by them."""
    assert email_key(one) is not None
    assert email_key(other) is not None
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a\x00da@exam\x1bple.com", "ada@example.com"),
        ("ada@\ue000é.de", "ADA@\ue000É.de"),
        ("ada@münchen.de", "ada@xn--mnchen-3ya.de"),
        ("ada@MÜNCHEN.de", "ada@XN--MNCHEN-3YA.DE"),
        ("ada@mu\u0308nchen.de", "ada@münchen.de"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("ada@نامه\u200cای.com", "ada@xn--mgba3gch31f060k.com"),
        ("ada@exam\u200cple.com", "ada@example.com"),
        ("ada@ｅxample。com", "ada@example.com"),
        ("ada@i❤.ws", "ada@xn--i-7iq.ws"),
        ("ada@foo_bar.münchen.de", "ada@foo_bar.xn--mnchen-3ya.de"),
        ("ΟΔΟΣ@example.gr", "οδος@example.gr"),
        ("STRAẞE@example.de", "straße@example.de"),
        ("\u212aelvin@example.com", "kelvin@example.com"),
        ("\u202aada@example.com\u202c", "ada@example.com"),
        ("a\u115fd\u1160a\u17b4@e\u180bx\uffa0.de\U000e0100", "ada@ex.de"),
    ],
)
def test_two_spellings_of_one_address_are_equal(one, other):
    """IDNA, letter case, composition, marks that cannot be seen."""
    assert email_key(one) == email_key(other) is not None


@pytest.mark.parametrize(
    "text",
    ["", " ", "@", "ada", "@example.com", "ada@", "ada@ ", "a b@example.com", "a@b c.com"]
    + ["bob\nada@example.com", "a\tb@example.com", "a@b@c.com", "a@x.com,b@y.com", "n/a"]
    + ["a@x.com;b@y.com", "Ada <ada@example.com>", "a@x.com,", "a@x;y", "a\u3000b@x.com"]
    + ["\u200b@x.com", "a@\u200b", "a@\u200d", "é", "é@x@y", "é@x,y", "é@"],
)
def test_what_is_no_single_address_has_no_key(text):
    """It matches nothing, not even itself."""
    assert email_key(text) is None


def test_an_address_may_be_a_thousand_characters_long_and_no_longer():
    """Blanks around it do not count; the limit is the same for every alphabet."""
    for local in ("a", "é"):
        longest = local * (MAX_LENGTH - 6) + "@ab.de"
        assert len(longest) == MAX_LENGTH
        assert email_key(f"  {longest} ") == longest
        assert email_key(local + longest) is None


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a@x.com, B@x.com", ["a@x.com", "b@x.com"]),
        ("Ada <ada@x.com>", ["ada@x.com"]),
        ("mailto:ada@x.com", ["ada@x.com"]),
        ("a@x.com/b@x.com|c@x.com\\d@x.com", ["a@x.com", "b@x.com", "c@x.com", "d@x.com"]),
        ("(a@x.com) [b@x.com]\n\"c@x.com\"\t'd@x.com';e@x.com", [f"{n}@x.com" for n in "abcde"]),
        ("nobody", []),
    ],
)
def test_all_addresses_in_a_text_are_read(text, keys):
    """Whatever stands between them."""
    assert set(email_keys(text)) >= set(keys)


def test_the_neighbourhood_of_an_address_leaves_tag_and_dots_out():
    """So that a.da+x@ and ada@ of one domain are neighbours, and b@ is none."""
    assert neighborhood("a.d.a+x+y@ex.ample.com") == "ada@examplecom"
    assert neighborhood("ada@example.com") == "ada@examplecom"
    assert neighborhood("ada@exam+ple.com") == "ada@exam+plecom"


# Phones.

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
NUMBERS = [
    (region, example)
    for region in REGIONS
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    if (example := phonenumbers.example_number_for_type(region, kind)) is not None
    and phonenumbers.is_valid_number(example)
]
FORMATS = [
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
]
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９"]


def e164s(text, region="US"):
    return [number.e164 for number in phones(text, region).numbers]


def us_numbers():
    """Valid numbers of the United States, as ten digits."""
    areas = st.sampled_from("612 763 651 952 218 507 201 415 907".split())
    return (
        st.tuples(areas, st.integers(200, 999), st.integers(0, 9999))
        .map(lambda parts: f"{parts[0]}{parts[1]}{parts[2]:04}")
        .filter(lambda digits: phonenumbers.is_valid_number(phonenumbers.parse(digits, "US")))
    )


US_SPELLINGS = [
    "{0}{1}{2}", "({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "{0} {1} {2}", "1-{0}-{1}-{2}",
    "+1{0}{1}{2}", "+1 {0} {1} {2}", "+1 ({0}) {1}-{2}", "tel:+1-{0}-{1}-{2}", "1 {0} {1}{2}",
    "011 1 {0} {1} {2}", "{0}/{1}-{2}", "{0}–{1}–{2}", "({0}){1}{2}", "cell: {0}-{1}-{2}",
    "{0}-{1}-{2} (home)", "Tel. {0} {1} {2}", "+1.{0}.{1}.{2}", "\u202a+1 {0}-{1}-{2}\u202c",
    "{0}\u00a0{1}\u00a0{2}", "00{0}"[2:] + "{1}{2}",
]  # fmt: skip
EXTENSIONS = [" x5", " ext. 12", "ext7", " extension 77", "#5", ",,5", ";ext=9", " Ext 1234"]


def split(digits):
    return digits[:3], digits[3:6], digits[6:]


@given(us_numbers(), st.sampled_from(US_SPELLINGS), st.sampled_from(DIGITS), BLANKS)
def test_a_number_is_equal_to_itself_however_it_is_spelled(digits, spelling, script, blanks):
    """Punctuation, trunk prefix, country code, tel:, labels, and the digits of any script."""
    text = spelling.format(*split(digits)).translate(str.maketrans("0123456789", script))
    (number,) = phones(blanks + text + blanks, "US").numbers
    assert (number.e164, number.national, number.beside) == (f"+1{digits}", digits, False)


@given(us_numbers(), st.sampled_from(US_SPELLINGS[:10]), st.sampled_from(EXTENSIONS))
def test_an_extension_does_not_count_but_is_noted(digits, spelling, extension):
    """A number with an extension is the number, and only its match is weak."""
    (number,) = phones(spelling.format(*split(digits)) + extension, "US").numbers
    assert (number.e164, number.beside) == (f"+1{digits}", True)


def test_what_cannot_be_seen_in_a_number_and_other_widths_are_no_matter():
    """Telephones copy marks of writing direction with a number."""
    for text in (
        "\u202a612\u2060-555\ufe0f-01\u200e23\u202c",
        "612\x00-555-01\x1b23",
        "⑥12-555-0123",
    ):
        assert e164s(text) == ["+16125550123"]


def test_each_of_several_numbers_has_its_own_extension():
    """Only that one's match is weak."""
    for text in ("c: 612-555-0123 x5 h: 763-555-0199", "612-555-0123 x5; 763-555-0199"):
        assert [number.beside for number in phones(text, "US").numbers] == [True, False]


def test_an_extension_behind_a_slash_is_noted_too():
    """The library drops it."""
    (number,) = phones("612-555-0123 / x5", "US").numbers
    assert (number.e164, number.beside) == ("+16125550123", True)


@given(us_numbers(), us_numbers())
def test_a_number_is_read_as_exactly_itself_so_no_two_are_joined(one, other):
    """Two valid numbers that differ in any digit stay apart."""
    assert e164s(one) == [f"+1{one}"]
    assert (e164s(one) == e164s(other)) == (one == other)


@given(st.sampled_from(NUMBERS), st.sampled_from(FORMATS), st.sampled_from(REGIONS))
def test_a_number_of_any_country_is_equal_in_all_its_formats(pair, form, region):
    """National where it is at home, international everywhere."""
    home, number = pair
    if form == phonenumbers.PhoneNumberFormat.NATIONAL:
        region = home
    expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert e164s(phonenumbers.format_number(number, form), region) == [expected]


@given(us_numbers(), st.integers(0, 9), st.integers(0, 9))
def test_a_number_one_digit_apart_is_another(digits, place, digit):
    """Whatever digit it is."""
    other = digits[:place] + str(digit) + digits[place + 1 :]
    assert (f"+1{digits}" in e164s(other)) == (other == digits)


def test_the_same_national_digits_in_two_countries_are_two_numbers():
    """The country is a part of the number."""
    assert e164s("+1 204 234 5678") == ["+12042345678"]
    assert e164s("+44 20 4234 5678") == ["+442042345678"]
    assert e164s("020 7946 0958", "GB") == ["+442079460958"]
    assert e164s("020 7946 0958", "US") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n/a",
        "none",
        "-",
        "0",
        "000-000-0000",
        "0000000000",
        "5550123",
        "555-0123",
        "612-555-012",
    ]
    + ["612-555-01234", "123-456-7890", "(612) 155-0123", "+1 612 555", "+999 612 555 0123", "x5"],
)
def test_what_is_no_valid_number_is_no_number(text):
    """Possible is not valid; zeros, seven bare digits and n/a are nobody's."""
    assert e164s(text) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "between", ["/", " / ", ";", "; ", ",", ", ", "\n", "\r\n", " or ", " and ", " & ", "|", "\t"]
)
@given(one=us_numbers(), other=us_numbers())
def test_several_numbers_in_one_field_are_all_read(between, one, other):
    """Whatever parts them, in any spelling."""
    plain = e164s(one + between + other)
    spelled = "({}) {}-{}".format(*split(one)) + between + "{}-{}-{}".format(*split(other))
    assert plain == e164s(spelled) == list(dict.fromkeys([f"+1{one}", f"+1{other}"]))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("c: 612-555-0123 h: 763-555-0199", ["+16125550123", "+17635550199"]),
        ("cell 612-555-0123 home 763-555-0199", ["+16125550123", "+17635550199"]),
        ("612-555-0123 (h) 763-555-0199 (w)", ["+16125550123", "+17635550199"]),
        ("h:612-555-0123;w:763-555-0199", ["+16125550123", "+17635550199"]),
        ("c: 612-555-0123 h: 763-555-0199; w: 651-555-0100",
         ["+16125550123", "+17635550199", "+16515550100"]),
        ("612/555-0123, 763/555-0199", ["+16125550123", "+17635550199"]),
        ("612-555-0123;7635550199", ["+16125550123", "+17635550199"]),
        ("612-555-0123 763-555-0199", ["+16125550123", "+17635550199"]),
        ("612-555-0123, n/a", ["+16125550123"]),
        ("612-555-0123 or 612.555.0123", ["+16125550123"]),
        ("+1 612 555 0123, +49 30 123456", ["+16125550123", "+4930123456"]),
        ("+49 30 1234567 Bob", ["+49301234567"]),
        ("call Bob on 612-555-0123 before 5", ["+16125550123"]),
        ("1-800-FLOWERS", ["+18003569377"]),
        ("1-800-flowers ext 5", ["+18003569377"]),
        ("(800) FLOWERS, 612-555-0123", ["+18003569377", "+16125550123"]),
        ("tel:555-0123;phone-context=+1612", ["+16125550123"]),
        ("tel:+1-612-555-0123;isub=12", ["+16125550123"]),
    ],
)  # fmt: skip
def test_numbers_among_labels_and_letters_are_read(text, numbers):
    """A label is no part of a number; letters are read as on a keypad where they are dialled."""
    assert e164s(text) == numbers


def test_the_same_number_with_and_without_extension_is_noted_without():
    """The stronger reading of one field counts, in either order."""
    for text in ("612-555-0123, 612-555-0123 x5", "612-555-0123 x5, 612-555-0123"):
        (number,) = phones(text, "US").numbers
        assert not number.beside


def test_the_digits_of_a_text_are_those_of_any_script_and_no_others():
    """Letters, and signs that only look like digits, do not count."""
    assert phones("c: ٦12-５55 x", "US").digits == "612555"
    assert phones("1-800-FLOWERS", "US").digits == "1800"
    assert phones("፩", "US").digits == ""


def test_a_text_of_more_than_a_thousand_characters_is_no_number():
    """Nobody's number is that long, and reading it would be costly."""
    assert e164s("6125550123" + " " * (MAX_LENGTH - 10)) == ["+16125550123"]
    assert phones("6125550123" + " " * (MAX_LENGTH - 9), "US") == phones("", "US")


@pytest.mark.parametrize(
    ("text", "possible"),
    [("612-555-0123", True), ("555-0123", True), ("000-000-0000", True), ("\u202a555-0123", True),
     ("1-800-FLOWERS", True), ("612-555-0123 / 763-555-0199", True), ("n/a", False), ("", False),
     ("12", False), ("61255501234567890123", False), ("call me", False)],
)  # fmt: skip
def test_a_subjects_phone_is_readable_where_it_is_possible(text, possible):
    """Possible is enough to be asked with, though not to match."""
    assert possible_phone(text, "US") is possible


@pytest.mark.slow
@given(st.text(max_size=40), st.sampled_from(["US", "DE", "AR"]))
def test_no_text_is_a_fault_and_reading_a_number_again_changes_nothing(text, region):
    """Any text that a field can hold."""
    for number in phones(text, region).numbers:
        assert e164s(number.e164, region) == [number.e164]
        assert number.e164.endswith(number.national)
        assert number.national.endswith(number.tail)


@given(
    st.sampled_from(NUMBERS), st.sampled_from(FORMATS), st.sampled_from(["{}", "c: {}", "{} x5"])
)
def test_the_tail_of_a_number_is_in_every_spelling_of_it(pair, form, around):
    """So that looking for it hides no number."""
    home, number = pair
    text = around.format(phonenumbers.format_number(number, form))
    for read in phones(text, home).numbers:
        strings = digit_strings(text)
        assert not strings or any(read.tail.encode() in digits for digits in strings)


def test_digit_strings_are_the_digits_and_the_keys():
    """Letters are read as keys where there are three at least; what cannot be told is looked at."""
    assert digit_strings("612-555-0123 x5") == (b"61255501235",)
    assert digit_strings("1-800-FLOWERS") == (b"1800", b"18003569377")
    assert digit_strings("abcdefghijklmnopqrstuvwxyz")[1] == b"22233344455566677778889999"
    assert digit_strings("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[1] == b"22233344455566677778889999"
    assert digit_strings("1ab") == (b"1",)
    assert digit_strings("1abc") == (b"1", b"1222")
    assert digit_strings("612–555") == ()
    assert digit_strings("tel:0123;Phone-Context=+1612555") == ()
    assert digit_strings("context 5") == (b"5", b"26683985")
    assert digit_strings("5;6") == (b"56",)


def test_the_tail_is_shorter_where_a_country_dials_otherwise_than_it_writes():
    """Argentina puts 15 into its mobile numbers, and San Marino leaves its prefix out."""
    assert TAIL == 7
    (number,) = phones("612-555-0123", "US").numbers
    assert number.tail == "5550123"
    (number,) = phones("02966 15 434567", "AR").numbers
    assert (number.e164, number.tail) == ("+5492966434567", "34567")
    (number,) = phones("+54 9 2966 434567", "US").numbers
    assert number.tail == "34567"
    (number,) = phones("886377", "SM").numbers
    assert (number.e164, number.tail) == ("+3780549886377", "86377")
    (number,) = phones("+39 06 698 12345", "SM").numbers
    assert number.tail == "12345"
    (number,) = phones("casa: +39 06 698 12345 ore 9", "SM").numbers
    assert number.tail == "12345"
    assert [region for region in ("US", "AR", "BR", "SM", "JE", "001", "ZZ") if rewrites(region)] == [
        "AR", "SM", "JE",
    ]  # fmt: skip


def test_what_a_region_is_known_by():
    """How short its numbers can be (ten digits at most, which indexes rely on), and its country code."""
    assert [shortest_number(region) for region in ("US", "DE", "AR", "001", "GB")] == [
        10,
        4,
        0,
        0,
        7,
    ]
    assert max(map(shortest_number, REGIONS)) == 10
    assert (own_code("US"), own_code("GB")) == ("+1", "+44")


# Ids.


@given(st.text(max_size=20))
def test_an_id_is_its_text_without_outer_blanks(text):
    """Letter case and all else count; nothing at all is no id."""
    assert id_key(f" {text}\t") == (text.strip() or None)


@given(st.integers())
def test_an_id_as_a_number_is_the_id_as_text(number):
    """Ids come as numbers and as texts."""
    assert id_key(number) == id_key(str(number)) == str(number)


@pytest.mark.parametrize(
    "value", [None, True, False, 1.0, [], {}, b"1", "", " ", pytest.param(10**5000, id="huge")]
)
def test_what_is_neither_text_nor_a_whole_number_is_no_id(value):
    """It is reported as odd; we don't guess."""
    assert id_key(value) is None


def test_a_whole_number_of_more_than_a_thousand_bits_is_no_id():
    """It is nobody's, and writing it out would cost much or fail."""
    assert id_key(2**MAX_LENGTH) is None
    assert id_key(2 ** (MAX_LENGTH - 1)) is None
    assert id_key(2 ** (MAX_LENGTH - 1) - 1) == str(2 ** (MAX_LENGTH - 1) - 1)


def test_two_long_ids_are_equal_only_as_a_whole():
    """No id is cut."""
    assert id_key("a" * 2000 + "b") != id_key("a" * 2000 + "c")


def test_an_external_id_is_joined_with_its_source_by_a_colon():
    """Without a source there is none to compare with."""
    assert external_key("LOS", "A-1") == "LOS:A-1"
    assert external_key(7, "A-1") == "7:A-1"
    assert external_key(" LOS ", "A-1") == "LOS:A-1"
    assert external_key(None, "A-1") is None
    assert external_key("", "A-1") is None
    assert external_key("LOS", "") is None


@pytest.mark.parametrize(
    ("key", "shapes"),
    [("2317", "integer hex text"), ("00ff", "hex text"), ("00FF", "text"), ("ABCDEF", "text"), ("0aF", "text"), ("02317", "hex text"),
     ("0", "integer hex text"), ("A-1", "text"),
     ("1" * 20, "integer hex text"), ("1" * 21, "hex text"), ("f" * 64, "hex text"),
     ("f" * 65, "text"), ("12345678-90ab-cdef-1234-567890abcdef", "uuid text"),
     ("12345678-90ab-cdef-1234-567890abcde", "text"), ("", ""), ("a/b", ""), ("../x", ""),
     (".", ""), ("..", ""), ("a b", ""), ("a?b", ""), ("1\n", ""), ("٣", ""), ("a" * 200, "text"),
     ("a" * 201, ""), ("a.b", "text"), ("LOS:A@b+c=~_-", "text"), ("é", "")],
)  # fmt: skip
def test_an_id_is_sent_only_where_it_has_the_shape_of_its_type(key, shapes):
    """So that no id can name another path."""
    known = ["integer", "hex", "uuid", "text"]
    assert [shape for shape in known if has_shape(key, shape)] == [
        shape for shape in known if shape in shapes.split()
    ]


def test_idna_agrees_with_what_these_tests_take_for_it():
    """The spelling that tests compare with is IDNA's own, where it has one."""
    for domain in ("münchen.de", "straße.de", "例え.test", "пример.рф"):
        assert idna.encode(domain, uts46=True).decode() == ascii_domain(domain)
