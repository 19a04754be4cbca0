"""How people write one address, one number, and one id: in each way, nobody is missed or confused."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from te_connector.errors import SubjectError
from te_connector.manifest import loading as manifest
from te_connector.matching import emails, subjects
from te_connector.matching.matcher import Matcher

PACKAGED = manifest.load()
CONTACT = PACKAGED.objects["contact"]
ALONE_STRONG = {**PACKAGED.kinds, "phone": attrs.evolve(PACKAGED.kinds["phone"], alone="strong")}
ADA, ONEIL, NUMBER = "ada@example.com", "o'neil@example.com", "612-555-0142"


def result(record: dict[str, Any], kind: str, value: Any) -> str:
    """What a record is to a subject: equal, weak, near, nothing; or the subject is refused."""
    try:
        subject = subjects.read_one({"id": "s", "identifiers": {kind: [value]}}, PACKAGED)
    except SubjectError:
        return "refused"
    match = Matcher(CONTACT, ALONE_STRONG, [subject]).match(record)
    if match is None:
        return "nothing"
    if match.evidence:
        return "weak" if all(one.weak for one in match.evidence) else "equal"
    return "near"


WRAPPED = [
    'ada@example.com.', '.ada@example.com', 'ada.@example.com', "'ada@example.com'",
    '"ada@example.com"', '\u2018ada@example.com\u2019', '\u201cada@example.com\u201d',
    '\xabada@example.com\xbb', '\u2039ada@example.com\u203a', '\u201eada@example.com\u201c',
    '`ada@example.com`', '\xb4ada@example.com\xb4', '<ada@example.com>', '\uff1cada@example.com\uff1e',
    '\ufe64ada@example.com\ufe65', '(ada@example.com)', '\uff08ada@example.com\uff09',
    '[ada@example.com]', '\u3010ada@example.com\u3011', '{ada@example.com}', 'mailto:ada@example.com',
    'MAILTO:ada@example.com', 'mailto:ada@example.com?subject=x', 'ada@example.com?subject=Hi%20there',
    'ada@example.com?cc=bob@x.com', 'smtp:ada@example.com', 'SMTP\uff1aada@example.com',
    'e-mail\uff1aada@example.com', 'email=ada@example.com', 'ada @example.com', 'ada@ example.com',
    'ada @ example.com', 'ada\xa0@\xa0example.com', 'ada\u2009@example.com', 'ada\u3000@example.com',
    'ada\uff20example.com', 'ada\ufe6bexample.com', 'ada\uff20example\uff0ecom',
    '\uff41\uff44\uff41@example.com',
    '\uff41\uff44\uff41\uff20\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0e\uff43\uff4f\uff4d',
    'ada&#64;example.com', 'ada&#x40;example.com', 'ada&commat;example.com', '&lt;ada@example.com&gt;',
    '&quot;ada@example.com&quot;', '&#39;ada@example.com&#39;', '&amp;lt;ada@example.com&amp;gt;',
    'ada&amp;#64;example.com', 'ada%40example.com', '%3Cada%40example.com%3E', '%22ada@example.com%22',
    'mailto%3Aada%40example.com', 'ada%2540example.com', 'ada@example%2Ecom', 'ada(at)example.com',
    'ada [at] example [dot] com', 'ada at example dot com', 'ada AT example.com',
    'ada (at) example (dot) com', 'ada{at}example.com', 'ada_at_example.com', 'ada-at-example.com',
    'ada<at>example.com', 'ada@example(dot)com', 'ada@example,com', 'ada@example .com',
    'ada@example. com', 'ada@example com', 'ada,@example.com', 'ada;@example.com', 'ada@@example.com',
    'ada@.example.com', 'ada@example..com', 'ada@example.com,bob@x.com',
    'ada@example.com\uff1bbob@x.com', 'ada@example.com\uff0cbob@x.com',
    'ada@example.com\u3001bob@x.com', 'ada@example.com|bob@x.com', 'ada@example.com/bob@x.com',
    'ada@example.com\\bob@x.com', 'ada@example.com+bob@x.com', 'ada@example.com-bob@x.com',
    'ada@example.com_bob@x.com', 'ada@example.com&bob@x.com', 'bob@x.com ada@example.com',
    'Ada King <ada@example.com>', 'ada@example.com (Ada King)', 'ada@example.com - work',
    'work: ada@example.com', 'home ada@example.com', 'ada@example.com!', 'ada@example.com\u2026',
    'ada@example.com\xb7', '\u2022ada@example.com', '*ada@example.com', '#ada@example.com',
    '~ada@example.com', '_ada@example.com_', '-ada@example.com', 'ada@example.com*',
    'ada@example.com\u2122', 'ada@example.com/', 'http://ada@example.com/', '//ada@example.com',
    'ada(home)@example.com', 'ada@example.com(home)', '"ada"@example.com',
    '\u201cada\u201d@example.com', 'ada@"example.com"', 'ada@[example.com]', 'ada@<b>example.com</b>',
    '<a href="mailto:ada@example.com">Ada</a>', '\u0430da@example.com', 'ad\u0430@example.com',
    'ada@ex\u0430mple.com', 'ada@exam\u0440le.com', '\uff41da@example.com', '\u24d0da@example.com',
    '\U0001d41a\U0001d41d\U0001d41a@example.com', '\u1d43da@example.com', '\xe1da@example.com',
    'ada@example.com\u0301', 'ada+x@example.com', 'a.d.a@example.com', 'ada@example.com\x00bob',
    'ada=40example.com', 'ada\\u0040example.com', '\\ada@example.com', 'ada\\@example.com',
    'ada@example.com\\n', "'ada@example.com", "ada'@example.com", "ada@'example.com'",
    'ad\u0430\uff20example\uff0ecom', '\u0251da@example.com', 'ada\u2060@\u2060example.com x',
    'ada@example.com ada@example.com', 'E\u2011Mail: ada@example.com', 'ada%E2%80%8B@example.com',
    'ada&nbsp;@example.com', 'ada@example.com&nbsp;', 'ada&#8203;@example.com', 'ada@example.com%20',
    'ada@example.com%0D%0A', 'ada@example&#46;com', 'ada&period;@example.com', 'ada\ufe52@example.com',
    'ada@example\ufe52com', 'ada \uff20 example\uff0ecom', 'ada\uff20example\uff0ecom\uff1b',
    'to:ada@example.com;', '\ufe55ada@example.com', 'ada@example.com\ufe54',
    '\u201aada@example.com\u2018', 'ADA@EXAMPLE.COM;', 'ada@example.com\u037e',
]  # fmt: skip


@pytest.mark.parametrize("written", WRAPPED, ids=ascii)
def test_an_address_among_other_text_or_in_other_letters_is_near_and_never_equal(
    written: str,
) -> None:
    """As a record has it. As a subject gives it, it is refused or near."""
    assert result({"email": written}, "email", ADA) == "near"
    assert result({"email": ADA}, "email", written) in ("refused", "near")


APOSTROPHES = [
    'o\u2019neil@example.com', 'o\u02bcneil@example.com', 'o\u2018neil@example.com',
    'o\uff07neil@example.com', 'o`neil@example.com', 'o\xb4neil@example.com',
    'o\u2032neil@example.com', "'o'neil@example.com'", '\u2018o\u2019neil@example.com\u2019',
    'o&#39;neil@example.com', 'o&apos;neil@example.com', 'o%27neil@example.com',
    "o\\'neil@example.com", "o''neil@example.com", 'oneil@example.com', 'o neil@example.com',
    "<o'neil@example.com>", 'o&rsquo;neil@example.com', "mailto:o'neil@example.com",
    'o.neil@example.com', "o'neil @example.com", '"o\'neil"@example.com', 'o=27neil@example.com',
]  # fmt: skip


@pytest.mark.parametrize("written", APOSTROPHES, ids=ascii)
def test_an_address_with_an_apostrophe_is_near_in_other_spellings(written: str) -> None:
    """Typographic, encoded, doubled, or left out."""
    assert result({"email": written}, "email", ONEIL) == "near"
    assert result({"email": ONEIL}, "email", written) in ("refused", "near")


GMAIL = ["ada.smith@googlemail.com", "adasmith@googlemail.com", "ada.smith+x@googlemail.com",
         "adasmith@gmail.com", "AdaSmith+news@GMAIL.com", "ada.\u017fmith@gmail.com"]  # fmt: skip


@pytest.mark.parametrize("written", GMAIL, ids=ascii)
def test_gmails_spellings_of_one_mailbox_are_near(written: str) -> None:
    """In both directions."""
    assert result({"email": written}, "email", "ada.smith@gmail.com") == "near"
    assert result({"email": "ada.smith@gmail.com"}, "email", written) == "near"


STRANGERS = ["adam@example.com", "ada@example.com.br", "ada@example.co", "bada@example.com",
    "ada@example.comx", "ada@sub.example.com", "ada@examp1e.com", "aba@example.com", "ada@example.org",
    "n/a", "ada", "example.com", "@example.com", "ada2@example.com", "data@example.com", "'bada@example.com'",
    "adam@example.com; bada@example.com", "Ada <adam@example.com>", "ada%40example.org"]  # fmt: skip


@pytest.mark.parametrize("written", STRANGERS)
def test_another_address_is_nothing(written: str) -> None:
    """Not even near."""
    assert result({"email": written}, "email", ADA) == "nothing"


PLAIN_NUMBERS = [
    '6125550142', '(612) 555-0142', '612.555.0142', '612 555 0142', '+16125550142',
    '+1 (612) 555-0142', '1-612-555-0142', '1 612 555 0142', '1-612-555-0142', '+1.612.555.0142',
    'tel:+16125550142', 'tel:612-555-0142', 'TEL: 612-555-0142', 'phone 612-555-0142',
    'ph. 612-555-0142', '(612)555-0142', '612-555-0142 (cell)', '612-555-0142 c', 'c 612-555-0142',
    'cell: 612-555-0142', '612\u2013555\u20130142', '612\u2014555\u20140142', '612\u2011555\u20110142',
    '612\u2212555\u22120142', '612\xb7555\xb70142', '612\u2022555\u20220142', '612/555/0142',
    '612_555_0142', '612*555*0142', '612\xa0555\xa00142', '612\u2009555\u20090142',
    '\uff16\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12',
    '\uff0b\uff11\uff16\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff12',
    '+1-612-555-0142 (Ada)', 'Ada: 612-555-0142', '612-555-0142 Ada King', '(612)-555-0142',
    '[612] 555-0142', '(+1) 612-555-0142', '+1(612)5550142', '+ 1 612 555 0142', '011 1 612 555 0142',
    '1 612 555 0142', '\u202d612-555-0142\u202c', '612-555-0142.', '612-555-0142;', '612-555-0142,',
    '"612-555-0142"', '<612-555-0142>', '\u2018612-555-0142\u2019', '6 1 2 5 5 5 0 1 4 2',
    '1(612)555-0142', '1.612.555.0142', '+1 612-5550142', '612 5550142', 'callto:+16125550142',
    'sms:+16125550142', 'whatsapp:+16125550142', 'https://wa.me/16125550142', '+1-612-555-0142;',
    'US +1 612 555 0142', 'USA 612 555 0142', 'mobile612-555-0142', 't:612-555-0142',
    '\u260e 612-555-0142', '\U0001f4f1612-555-0142', '612-555-0142 or 763-555-0199',
    '612-555-0142 763-555-0199', '763-555-0199/612-555-0142',
    '612-555-0142 - home, 763-555-0199 - work', '%2B16125550142', '+1%20612%20555%200142',
    '(612) 555-0142 NO TEXTS', '612-555-0142 do not call after hours', 'Fax:612-555-0142',
    '612-555-0142\\n', '16125550142#', '*6125550142', '612-555-0142-', '612--555--0142',
    '612 - 555 - 0142', '612. 555. 0142',
]  # fmt: skip


@pytest.mark.parametrize("written", PLAIN_NUMBERS, ids=ascii)
def test_a_number_is_equal_to_itself_in_every_common_spelling(written: str) -> None:
    """In both directions."""
    assert result({"phone_home": written}, "phone", NUMBER) == "equal"
    assert result({"phone_home": NUMBER}, "phone", written) == "equal"


BESIDE = [
    '612-555-0142 x5', '612-555-0142 ext5', '612-555-0142 ext.5', '612-555-0142 ext=5',
    '612-555-0142 ext: 5', '612-555-0142 extension 5', '612-555-0142x5', '612-555-0142#5',
    '612-555-0142 #5', '612-555-0142,5', '612-555-0142;5', '612-555-0142 p5', '612-555-0142 p 5',
    '612-555-0142 option 5', '612-555-0142 opt 5', '612-555-0142 opt. #5', '612-555-0142 press 5',
    '612-555-0142 then 5', '612-555-0142 ex 5', '612-555-0142 xt5', '612-555-0142 etx 5',
    '612-555-0142 extn 5', '612-555-0142 exten 5', '612-555-0142 poste 5', '612-555-0142 Durchwahl 5',
    '612-555-0142 DW 5', '612-555-0142 \u0434\u043e\u0431 5', '612-555-0142 \u5185\u7dda 5',
    '612-555-0142 int. 5', '612-555-0142 anexo 5', '612-555-0142 ramal 5', '612-555-0142 toestel 5',
    '612-555-0142 wew. 5', '612-555-0142 \u8f6c5', '612-555-0142 5', '612-555-0142 (5)',
    '612-555-0142 [5]', '612-555-0142 - 5', '612-555-0142-5', '612-555-0142 / 5', '612-555-0142/5',
    '612-555-0142\t5', '612-555-0142\n5', '612-555-0142 12', '612-555-0142 123', '612-555-0142 1234',
    '612-555-0142 12345', '612-555-0142 ext 123456', '612-555-0142 ext 1234567',
    '612-555-0142 ext 5 6', '612-555-0142 x5 x6', '612-555-0142 Apt 4', '612-555-0142 2nd line',
    '612-555-0142 line 2', '612-555-0142 24/7', '612-555-0142 9am-5pm', '612-555-0142 *5',
    '612-555-0142~5', '612-555-0142|5', '612-555-0142 \uff15', '612-555-0142 \u2464',
    '612-555-0142 \xb2', '612-555-0142w5', '612-555-0142p5', '612-555-0142ww123#',
    '612-555-0142;isub=5', '612-555-0142;ext=5', '612-555-0142 & 43', '612-555-0142 or 0143',
    '612-555-0142 ext. five 5', '612-555-0142 room 12', '612-555-0142 dept 3', '612-555-0142\\5',
    '612-555-0142_5', '612-555-0142:5', '612-555-0142=5', '612-555-0142+5', '612-555-0142 +5',
    'x5 612-555-0142', 'ext 5 612-555-0142', '5 612-555-0142', '#5 612-555-0142',
    'option 5 612-555-0142', '2) 612-555-0142', '2: 612-555-0142', '(5) 612-555-0142',
    'line 2: 612-555-0142', '#1 612-555-0142', '*67 612-555-0142', '9,612-555-0142', '9-612-555-0142',
    '9 612-555-0142', 'phone 2 612-555-0142', 'p2:612-555-0142', '5/612-555-0142',
]  # fmt: skip


@pytest.mark.parametrize("written", BESIDE, ids=ascii)
def test_short_digits_next_to_a_number_make_it_weak(written: str) -> None:
    """Whatever the word is, on whatever side, in the record or in the request."""
    assert result({"phone_home": written}, "phone", NUMBER) == "weak"
    assert result({"phone_home": NUMBER}, "phone", written) == "weak"


ELSEWHERE = [
    '+44 6125550142', '+44 612-555-0142', '+44 (0)612 555 0142', '(+44) 612-555-0142',
    '+44-612-555-0142', '+44.612.555.0142', '+446125550142', '\uff0b44 6125550142', '0044 6125550142',
    '011 44 6125550142', '011-44-612-555-0142', '+44, 6125550142', '+44: 612-555-0142',
    '+44/6125550142', '+91 6125550142', '+49 6125550142', '+7 6125550142', '+52 6125550142',
    '+52 1 612 555 0142', '+86 612 555 0142', '+33 6125550142', '+61 612 555 0142',
    'tel:+44-612-555-0142', '6125550142;phone-context=+44', '+44 tel 612-555-0142',
    'mobile +44 612-555-0142', '+44 (612) 555-0142 x5', 'UK: +44 612 555 0142',
    '+44\xa0612\xa0555\xa00142', '+ 44 612 555 0142', '(0044) 612-555-0142', '+44 - 612-555-0142',
    '+4 4 612 555 0142', '+44 (0) (612) 555 0142', '+999 612 555 0142', '+0 612 555 0142',
    '763-555-0142', '555-0142', '5550142', '612-555-01420', '0612-555-0142', "612'555'0142",
    'tel:+1-612-555-0142;phone-context=+1', '00 1 612 555 0142', '0016125550142', '612,555,0142',
    '{612} 555 0142', '+1 (0) 612 555 0142',
]  # fmt: skip


@pytest.mark.parametrize("written", ELSEWHERE, ids=ascii)
def test_a_number_of_another_country_or_none_is_near_and_never_equal(written: str) -> None:
    """A country code that is written counts."""
    assert result({"phone_home": written}, "phone", NUMBER) == "near"
    assert result({"phone_home": NUMBER}, "phone", written) in ("refused", "near")


OLD = [
    ('+52 1 55 1234 5678', '+52 55 1234 5678'), ('+5215512345678', '+52 55 1234 5678'),
    ('011 52 1 55 1234 5678', '+525512345678'), ('+52 (1) 55 1234 5678', '+525512345678'),
    ('+52 1 (55) 1234-5678', '+525512345678'), ('tel +52 1 55 1234 5678', '+525512345678'),
    ('+54 9 11 2345 6789', '+54 11 15 2345 6789'), ('+54 9 11 2345-6789', '+54 (11) 15-2345-6789'),
    ('+55 11 8765 4321', '+55 11 98765 4321'), ('+229 97123456', '+229 01 97123456'),
    ('+39 06 698 12345', '+39 06698 12345'), ('+7 495 123 45 67', '+7 (495) 123-45-67'),
    ('+52 044 55 1234 5678', '+525512345678'), ('+44 (0)20 7946 0958', '+442079460958'),
    ('+44 020 7946 0958', '+442079460958'), ('+49 (0) 30 1234567', '+49301234567'),
    ('+55 (0xx11) 98765-4321', '+5511987654321'), ('+55 0 15 11 98765 4321', '+5511987654321'),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OLD)
def test_old_spellings_of_a_number_are_read_as_it_is_now(one: str, other: str) -> None:
    """In both directions."""
    assert result({"phone_home": one}, "phone", other) == "equal"
    assert result({"phone_home": other}, "phone", one) == "equal"


@pytest.mark.parametrize("written", ["2317\u200b", "\ufeff2317", "23 17", "\uff12317", "2317\x00"])
def test_a_service_id_with_invisible_or_wide_characters_is_near(written: str) -> None:
    """As a record has it. A subject's is refused."""
    assert result({"id": written}, "service_id", "2317") == "near"
    assert result({"id": 2317}, "service_id", written) == "refused"


@pytest.mark.parametrize(
    "written", ["02317", "2,317", "#2317", "2317.0", 2317.0, "ID 2317", "2317-", "+2317", "2317a", "0x90d",
                "contact#2317", "contact:", "contact:02317", "user/2317", "lead:2317", "-2317", "2317 2318"],
)  # fmt: skip
def test_a_service_id_that_no_type_can_have_is_refused_and_matches_nothing(written: Any) -> None:
    """An id has one spelling."""
    assert result({"id": 2317}, "service_id", written) == "refused"
    assert result({"id": written}, "service_id", "2317") == "nothing"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("LOS:A-1", "equal"), (" LOS:A-1 ", "equal"), ("LOS: A-1", "near"), ("LOS :A-1", "near"),
     ("los:A-1", "near"), ("CORE:A-1", "near"), ("LOS:A\u20111", "near"), ("LOS\uff1aA-1", "near"),
     ("LOS:\uff21-1", "near"), ("A-1", "weak"), (" A-1", "weak"), ("A-1\u00a0", "refused"),
     ("LOS:A-1\u200b", "refused"), ("LOS:A-\u00ad1", "refused"), ("LOS:a-1", "nothing"), ("LOS:A1", "nothing")],
)  # fmt: skip
def test_an_external_id_is_equal_in_one_spelling_and_near_in_careless_ones(
    given: str, expected: str
) -> None:
    """With its source, without it, and with blanks or invisible characters."""
    assert result({"source": "LOS", "external_id": "A-1"}, "external_id", given) == expected


@pytest.mark.parametrize("held", ["A-1\u200b", "A\u20111", "A -1", "\uff21-1", "A-\u00ad1"])
def test_a_records_external_id_with_odd_characters_is_near(held: str) -> None:
    """In a field of its own and in a list."""
    assert result({"source": "LOS", "external_id": held}, "external_id", "LOS:A-1") == "near"
    listed = {"external_ids": {"1": {"source": "LOS", "external_id": held}}}
    assert result(listed, "external_id", "LOS:A-1") == "near"


@pytest.mark.parametrize(
    "value",
    [["b@x.com", ADA], {"1": ADA}, {"0": "b@x.com", "7": ADA}, {"1": ["b@x.com", {"2": ADA}]}],
)
def test_a_list_sent_as_an_object_is_compared_by_its_values(value: Any) -> None:
    """PHP writes a list with gaps that way."""
    assert result({"email": value}, "email", ADA) == "equal"


@pytest.mark.parametrize(
    "host", ["example.com", "localhost", "foo_bar.com", "_dmarc.example.com", "xn--mnchen-3ya.de", "münchen.de",
             "例え.テスト", "i❤.ws", "a-b.example", "1.2.3", "example.com\u200b", "b\u00fccher.example", "EXAMPLE.COM"],
)  # fmt: skip
def test_any_host_of_idna_labels_is_accepted(host: str) -> None:
    """Underscores and single labels included."""
    assert result({"email": f"ada@{host}"}, "email", f"ada@{host}") == "equal"


@pytest.mark.parametrize(
    "host", ["example..com", ".example.com", "example.com.", "-example.com", "example-.com", "exa mple.com",
             "example.com/", "example.com?x", "example.com#", "example.com:25", "[192.0.2.1]", "example.com>",
             "exam*ple.com", "example.com\u2026", "example.com'", "example.com\u2122", "a" * 64 + ".com", "%65xample.com"],
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """Before any request."""
    assert result({}, "email", f"ada@{host}") == "refused"


@given(st.from_regex(emails._ONE_SPELLING, fullmatch=True))
def test_an_address_with_one_spelling_is_read_as_any_other_is(address: str) -> None:
    assert emails.readable_email(address) is emails._is_readable(address) is True
    assert list(emails.email_keys(address)) == list(emails._keys_within(address))


@pytest.mark.parametrize(
    "address",
    [
        "look-at-me@example.com",
        "ada_x@example.com",
        "a%40b@example.com",
        "ada@exa_mple.com",
        "ada@b",
    ],
)
def test_an_address_that_can_be_taken_for_another_is_looked_at_closely(address: str) -> None:
    assert not emails._has_one_spelling(address)
