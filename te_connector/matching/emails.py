"""When are two e-mail addresses equal, and when are they only close? Pure.

Two addresses are equal if they are the same after this, and nothing more: outer blanks and invisible
characters go, letter case goes, Unicode is composed (NFC), and the domain is spelled by IDNA (UTS 46,
non-transitional: ``straße.de`` is not ``strasse.de``). Plus-tags and dots stay, because they make
other addresses. A text that is not exactly one address has no key and equals nothing.

Everything else that a reader would take for the same address is close: wrapped, encoded, spaced, or
written with letters that look alike.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

import idna

from te_connector.matching.ids import MAX_LENGTH

_JOINERS = "\u200c\u200d"
"""They tell domains of some scripts apart, where IDNA permits them; elsewhere they are invisible."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What is invisible without being a format or control character."""

WITHIN_AN_ADDRESS = b".@-_+"
"""The marks of a plain address: with only letters and digits between them, it is its own key."""
_ONE_SPELLING = re.compile(
    r"[A-Za-z0-9]+(?:[.+][A-Za-z0-9]+)*@[A-Za-z0-9]{1,60}(?:\.[A-Za-z0-9]{1,60}){1,3}"
)
"""Most addresses look like this. Then nothing can be decoded, cut off, or taken for something else."""
_NOT_IN_ONE = re.compile(r"[\s;<>]|,[^@]*$")
"""What no single address holds. A comma can only come before the @."""

_NOT_IN_A_LOCAL_PART = re.compile(
    '[\\s"():;<>\\[\\]\\\\\u2018-\u201f\u2039\u203a\u00ab\u00bb`\u00b4\uff07\uff02]'
)
"""Wrapping: an address of a subject that holds one of these was copied with what surrounds it."""
_ASCII_LABEL = re.compile(r"[A-Za-z0-9_-]")
_AT = re.compile(r"@|\uff20|\ufe6b|%40|%25|=40|[ux]0*40|&#|&com|&amp;|[\W_]at[\W_]", re.IGNORECASE)
"""A text without any of these holds no address, in whatever spelling."""
_WORDS_FOR_MARKS = (
    (re.compile(r"\\u0040|\\x40"), "@"),
    (re.compile(r"\s*[(\[{<]\s*at\s*[)\]}>]\s*|[\s_-]+at[\s_-]+", re.IGNORECASE), "@"),
    (re.compile(r"\s*[(\[{<]\s*dot\s*[)\]}>]\s*|[\s_-]+dot[\s_-]+", re.IGNORECASE), "."),
    (re.compile(r"[\s<(\[]*@[\s>)\]@]*"), "@"),
)
_TAG = re.compile(r"</?[A-Za-z][^<>@]*>")
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
_COMMENT = re.compile(r"\([^()]*\)")
"""A comment in an address (RFC 5322): ``ada(home)@example.com``."""
_LOCAL_MARKS = ".!#$%&'*+/=?^_`{|}~-"
_HOST = re.compile(r"[\w.-]+")
_BREAKS = re.compile(r"['!#$%&*/=?^`{|}~_-]")
"""Marks that an address may hold, but that also separate it from other text."""
_LOOKALIKES = str.maketrans(
    # Letters of other scripts that look like a plain one (a part of Unicode's confusables).
    {
        other: plain
        for plain, others in {
            "a": "аαɑ", "b": "ьβƅ", "c": "сϲ", "d": "ԁ", "e": "еεҽ", "g": "ɡ", "h": "һհ", "i": "іιıɩ",
            "j": "јϳ", "k": "кκ", "l": "ӏⅼǀ", "m": "мⅿ", "n": "ոη", "o": "оοσօ", "p": "рρ", "q": "ԛ",
            "r": "г", "s": "ѕ", "t": "тτ", "u": "υս", "v": "ѵν", "w": "ԝա", "x": "хχ", "y": "уγү",
            "z": "ᴢ", "'": "\u2018\u2019\u201b\u02bc\uff07\u02b9\u2032\u00b4`",
            "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
        }.items()
        for other in others
    }
)  # fmt: skip


def email_key(text: str) -> str | None:
    """The key of an e-mail address, or None if the text isn't exactly one."""
    key = text.strip().lower()
    if len(key) > MAX_LENGTH:
        return None
    if not text.isascii() or not text.isprintable():
        return _email_key_slowly(visible(text, keep=_JOINERS))
    return key if _is_one_address(key) else None


def _is_one_address(text: str) -> bool:
    return text.count("@") == 1 and "@" not in (text[0], text[-1]) and not _NOT_IN_ONE.search(text)


def _email_key_slowly(text: str) -> str | None:
    local, _, domain = text.partition("@")
    local, domain = _composed(local), _composed(domain, keep=_JOINERS)
    shown = _composed(domain)
    if not _is_one_address(f"{local}@{shown}"):
        return None
    return f"{_lower(local)}@{_domain_key(domain, shown)}"


def visible(text: str, keep: str = "") -> str:
    """A text composed (NFC), without invisible characters and outer blanks."""
    return _composed(text, keep).strip()


def _composed(text: str, keep: str = "") -> str:
    chars = (char for char in text if char in keep or not _is_unseen(char))
    return unicodedata.normalize("NFC", "".join(chars))


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    return category == "Cf" or _UNSEEN.match(char) is not None


def _lower(text: str) -> str:
    """Letter case gone. Not folded: ``ß`` is not ``ss``, and ``ſ`` is not ``s``.

    A final sigma is a sigma, because both have one capital.
    """
    low = "".join(char.lower() for char in text).replace("\u03c2", "\u03c3")
    return unicodedata.normalize("NFC", low)


def _domain_key(domain: str, shown: str) -> str:
    """A domain as IDNA spells it; what IDNA doesn't permit (``_``, an emoji) label by label."""
    for spelled in (domain, shown):
        try:
            return idna.encode(spelled, uts46=True).decode("ascii")
        except UnicodeError:
            pass
    try:
        shown = idna.uts46_remap(shown, std3_rules=False)
    except UnicodeError:
        shown = _lower(shown)
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
        for label in shown.split(".")
    )


def readable_email(text: str) -> bool:
    """Whether a subject's e-mail address is one: no wrapping, and a host that can be a host.

    No record's address equals a wrapped one (``mailto:``, quotes, brackets, a query string), so a
    search for it would find nobody and look complete.
    """
    return _has_one_spelling(text) or _is_readable(text)


def _has_one_spelling(text: str) -> bool:
    return len(text) <= MAX_LENGTH and _ONE_SPELLING.fullmatch(text) is not None


def _is_readable(text: str) -> bool:
    if email_key(text) is None:
        return False
    if any(unicodedata.category(char) == "Cc" for char in text.strip()):
        return False
    local, _, host = visible(text, keep=_JOINERS).rpartition("@")
    plain = unquote(local)
    if _NOT_IN_A_LOCAL_PART.search(plain) or "@" in plain or local[0] in "'/?=" or local[-1] == "'":
        return False
    return len(host) <= _LONGEST_HOST and all(_is_label(label) for label in _LABEL_ENDS.split(host))


_LONGEST_HOST = 253
_LONGEST_LABEL = 63
_LABEL_ENDS = re.compile("[.\u3002\uff0e\uff61]")
"""The dots of a domain, by IDNA (RFC 3490, section 3.1)."""


def _is_label(label: str) -> bool:
    """Any IDNA label will do, underscores included; a mark that isn't a letter or digit will not."""
    if not 0 < len(label) <= _LONGEST_LABEL or "-" in (label[0], label[-1]):
        return False
    return all(
        _ASCII_LABEL.match(char) is not None
        if char.isascii()
        else unicodedata.category(char)[0] in "LMN"
        or (unicodedata.category(char) == "So" and unicodedata.normalize("NFKC", char) == char)
        or char in _JOINERS
        for char in label
    )


def email_keys(text: str) -> Iterator[str]:
    """The keys of all addresses in a text, however they are wrapped, spaced, encoded or spelled.

    An address found this way is close to a subject's, never equal to it.
    """
    return iter([text.lower()]) if _has_one_spelling(text) else _keys_within(text)


def _keys_within(text: str) -> Iterator[str]:
    if _AT.search(text) is None:
        return
    seen: set[str] = set()
    for spelling in _spellings(text[:MAX_LENGTH]):
        for local, domain in _candidates(spelling):
            for key in _cut(local, domain):
                if key not in seen:
                    seen.add(key)
                    yield key


def _spellings(text: str) -> list[str]:
    """The text as its writer may have meant it: decoded, without comments and marks, in plain letters."""
    decoded = [text, _TAG.sub("", text), _QUOTED_PRINTABLE.sub(_decoded, text)]
    for _ in range(3):  # some systems encode what is encoded already
        decoded.append(unquote(html.unescape(decoded[-1])))
    decoded += [unquote(html.unescape(text)), _without_symbols(text)]
    made: list[str] = []
    for spelling in dict.fromkeys(decoded):
        narrow = visible(unicodedata.normalize("NFKC", spelling))
        for pattern, mark in _WORDS_FOR_MARKS:
            narrow = pattern.sub(mark, narrow)
        folded = narrow.casefold()
        for one in dict.fromkeys((folded, unaccented(folded.translate(_LOOKALIKES)))):
            bare = _COMMENT.sub("", one)
            made += [one, bare, _without_marks(one), _without_marks(bare), "".join(bare.split())]
    return list(dict.fromkeys(made))


def _decoded(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _without_symbols(text: str) -> str:
    """A text with blanks in place of symbols and control characters, such as ``™``."""
    return "".join(
        " " if (not char.isascii() and unicodedata.category(char)[0] == "S") or char < " " else char
        for char in text
    )


def unaccented(text: str) -> str:
    """A text without its accents."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )


def _without_marks(text: str) -> str:
    """A text without the marks that can't be in an address; blanks stay."""
    return "".join(
        char
        for char in text
        if char.isalnum() or char.isspace() or char in _LOCAL_MARKS or char == "@"
    )


def _candidates(text: str) -> Iterator[tuple[str, str]]:
    """What is before and after each ``@`` of a text and could be in an address."""
    for mark in re.finditer("@", text):
        start = mark.start()
        while start and (text[start - 1].isalnum() or text[start - 1] in _LOCAL_MARKS):
            start -= 1
        host = _HOST.match(text, mark.end())
        if start < mark.start() and host is not None:
            yield text[start : mark.start()], host[0]


def _cut(local: str, domain: str) -> Iterator[str]:
    """An address with what may be stuck to its front or end cut off, bit by bit."""
    starts = {0, *(mark.end() for mark in _BREAKS.finditer(local[:_MOST_CUT]))}
    hosts = [domain.strip(".-_")]
    hosts += [
        domain[: mark.start()].strip(".-_") for mark in re.finditer(r"[-_]", domain[:_MOST_CUT])
    ]
    for host in dict.fromkeys(host for host in hosts if host):
        for start in sorted(starts):
            for kept in dict.fromkeys(
                (local[start:].strip(".-"), local[start:].strip(_LOCAL_MARKS))
            ):
                key = email_key(f"{kept}@{host}") if kept else None
                if key is not None:
                    yield key


_MOST_CUT = 100
"""Longer names are cut nowhere behind this."""


def neighborhood(key: str) -> str:
    """What close addresses share: plus-tags, dots, apostrophes and Gmail's two domains don't count.

    Dots go from the domain too, which is cheaper, and at worst makes someone look twice.
    """
    local, _, domain = key.partition("@")
    if "+" in local:
        local = local.partition("+")[0]
    if domain == "googlemail.com":
        domain = "gmail.com"
    return f"{local}@{domain}".replace(".", "").replace("'", "")
