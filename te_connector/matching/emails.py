"""When are two e-mail addresses equal, and when are they only close? Pure.

An address is equal to another after this, and nothing more: outer blanks and invisible characters go,
letter case goes, Unicode is composed (NFC), and the domain is spelled by IDNA (UTS 46,
non-transitional: ``straße.de`` is not ``strasse.de``). Plus-tags and dots are kept, because they make
other addresses. A text that is not exactly one address has no key and equals nothing.
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
_NOT_IN_ONE = re.compile(r"[\s;<>]|,[^@]*$")
"""What no single address holds. A comma can only come before the @."""

_NOT_IN_A_LOCAL_PART = re.compile(
    '[\\s"():;<>\\[\\]\\\\\u2018-\u201f\u2039\u203a\u00ab\u00bb`\u00b4]'
)
"""Wrapping: an address of a subject that holds one of these was copied with what surrounds it."""
_LABEL = re.compile(r"[A-Za-z0-9_-]+")
_WORDS_FOR_MARKS = (
    (re.compile(r"\s*[(\[{<]\s*at\s*[)\]}>]\s*", re.IGNORECASE), "@"),
    (re.compile(r"\s*[(\[{<]\s*dot\s*[)\]}>]\s*", re.IGNORECASE), "."),
    (re.compile(r"\s*@\s*"), "@"),
)
_CANDIDATE = re.compile(r"[\w.+\-'!#$%&*/=?^`{|}~]+@[\w.\-]+")
_BREAKS = re.compile(r"['!#$%&*/=?^`{|}~]")
"""Marks that an address may hold, but that also separate it from other text."""
_LOOKALIKES = str.maketrans(
    # Cyrillic, Greek, and Latin letters that look like a plain one (a part of Unicode's confusables)
    "авсԁеһіјӏкмонрԛѕтυѵхуᴢαβεικνορτυχɡⅼ’‘‛ʼ＇ʹ′‐‑‒–—−",
    "abcdehijlkmohpqstuvxyzabeiknoptuxgl'''''''------",
)


def email_key(text: str) -> str | None:
    """The key of an e-mail address, or None if the text isn't exactly one."""
    key = text.strip().lower()
    if len(key) > MAX_LENGTH:
        return None
    if not text.isascii() or not text.isprintable():
        return _email_key_slowly(text.strip())
    return key if _is_one_address(key) else None


def _is_one_address(text: str) -> bool:
    return text.count("@") == 1 and "@" not in (text[0], text[-1]) and not _NOT_IN_ONE.search(text)


def _email_key_slowly(text: str) -> str | None:
    local, _, domain = text.partition("@")
    local, domain = visible(local), visible(domain, keep=_JOINERS)
    shown = visible(domain)
    if not _is_one_address(f"{local}@{shown}"):
        return None
    return f"{_lower(local)}@{_domain_key(domain, shown)}"


def visible(text: str, keep: str = "") -> str:
    """A text composed (NFC), without invisible characters and outer blanks."""
    chars = (char for char in text if char in keep or not _is_unseen(char))
    return unicodedata.normalize("NFC", "".join(chars)).strip()


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cc":
        return not char.isspace()
    return category == "Cf" or _UNSEEN.match(char) is not None


def _lower(text: str) -> str:
    """Letter case gone, letter by letter. Not folded: ``ß`` is not ``ss``, and ``ſ`` is not ``s``.

    Sigma's two small forms share one capital, so they are one letter.
    """
    lowered = "".join(char.lower() for char in text).replace("\u03c2", "\u03c3")
    return unicodedata.normalize("NFC", lowered)


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

    A wrapped address (``mailto:``, quotes, brackets, a query string) has a key in no record, so it
    would be searched for in vain.
    """
    if email_key(text) is None:
        return False
    local, _, host = visible(text).rpartition("@")
    if not local or _NOT_IN_A_LOCAL_PART.search(local) or local[0] == "'" or "&" in local:
        return False
    return len(host) <= 253 and all(_is_label(label) for label in host.split("."))


def _is_label(label: str) -> bool:
    """Any IDNA label will do, underscores included; a mark that isn't a letter or digit will not."""
    if not 0 < len(label) <= 63 or "-" in (label[0], label[-1]):
        return False
    return all(
        _LABEL.fullmatch(char) is not None
        if char.isascii()
        else unicodedata.category(char)[0] in "LMN" or unicodedata.category(char) in ("So", "Cf")
        for char in label
    ) and not _has_wide_form(label)


def _has_wide_form(label: str) -> bool:
    """Whether a label holds full-width or small forms: they come from copied text."""
    return any("\uff00" <= char <= "\uffef" or "\ufe50" <= char <= "\ufe6f" for char in label)


def email_keys(text: str) -> Iterator[str]:
    """The keys of all addresses in a text, however they are wrapped, spaced, encoded or spelled.

    An address found this way is close to a subject's, never equal to it.
    """
    seen: set[str] = set()
    for spelling in _spellings(text[:MAX_LENGTH]):
        for found in _CANDIDATE.findall(spelling):
            for key in _cut(found):
                if key not in seen:
                    seen.add(key)
                    yield key


def _spellings(text: str) -> list[str]:
    """The text as it may have been meant: entities and percent signs decoded, wide forms narrowed."""
    spellings = [text]
    for _ in range(2):  # encoded twice now and then
        spellings.append(unquote(html.unescape(spellings[-1])))
    made: list[str] = []
    for spelling in dict.fromkeys(spellings):
        narrow = visible(unicodedata.normalize("NFKC", spelling))
        for pattern, mark in _WORDS_FOR_MARKS:
            narrow = pattern.sub(mark, narrow)
        folded = narrow.casefold()
        made += [folded, folded.translate(_LOOKALIKES), re.sub(r"\s*\.\s*", ".", folded)]
    return list(dict.fromkeys(made))


def _cut(found: str) -> Iterator[str]:
    """An address with what may be stuck to its front or end cut off, bit by bit."""
    local, _, domain = found.partition("@")
    domain = domain.strip(".-_")
    parts = _BREAKS.split(local)
    starts = {len(local) - len(part) for part in (local, parts[-1])}
    at = 0
    for part in parts[:20]:
        starts.add(min(at, len(local)))
        at += len(part) + 1
    for start in sorted(starts):
        kept = local[start:].strip(".-")
        key = email_key(f"{kept}@{domain}") if kept and domain else None
        if key is not None:
            yield key


def neighborhood(key: str) -> str:
    """What addresses share that are a plus-tag or dots apart, or Gmail's two domains: close, not equal.

    Dots go from the domain too, which is cheaper, and at worst makes someone look twice.
    """
    local, _, domain = key.partition("@")
    if "+" in local:
        local = local.partition("+")[0]
    if domain == "googlemail.com":
        domain = "gmail.com"
    return f"{local}@{domain}".replace(".", "")
