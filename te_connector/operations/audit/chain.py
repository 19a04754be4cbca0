"""The lines of the audit trail and the chain of MACs that binds them. Nothing here touches a file.

Each line ends with a keyed MAC over the raw line before it and over itself, so a changed, removed or
reordered line breaks the chain. If a crash left an unfinished line, the next process closes it with
an entry ``resumed``. The MAC of that entry covers the unfinished bytes and the whole line before them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.contract import AuditPlace
from te_connector.manifest.model import IdentifierKind
from te_connector.matching.emails import email_key
from te_connector.matching.ids import id_key
from te_connector.matching.phones import phones
from te_connector.matching.subjects import Subject

RESUMED = "resumed"
_MAC = re.compile(rb',"mac":"([0-9a-f]{64})"\}')
_SEQ = re.compile(rb'\{"seq":([0-9]{1,15}),')
_KEY = re.compile(rb"[0-9a-f]{64}")

Entry = Mapping[str, Any]


@attrs.frozen
class Line:
    """One line of the trail as it is in the file, without its line end."""

    raw: bytes = attrs.field(repr=False)
    entry: Entry
    place: AuditPlace


def is_key(key: bytes) -> bool:
    """Whether a key is one that this package made: 64 hex digits, not all of a few digits."""
    return _KEY.fullmatch(key) is not None and len(set(key)) > 4


def has_mac(raw: bytes) -> bool:
    """Whether bytes hold a MAC anywhere: an unfinished line never does."""
    return _MAC.search(raw) is not None


def seq_of(raw: bytes) -> int:
    """The number that a line gives itself, unchecked; 0 if it gives none."""
    found = _SEQ.match(raw)
    return int(found[1]) if found else 0


@attrs.frozen
class Chain:
    """The key of one account's trail, and what it computes."""

    account: str
    key: bytes = attrs.field(repr=False)

    @property
    def start(self) -> bytes:
        """What the first line's MAC covers in place of a line before it."""
        return f"te-connector audit trail 1 {self.account}".encode()

    def mac(self, before: bytes, body: bytes) -> str:
        """The MAC of a line: ``before`` is the raw line before it, ``body`` the line up to its MAC."""
        return hmac.new(self.key, before + b"\n" + body, hashlib.sha256).hexdigest()

    def line(self, before: bytes, seq: int, fields: Mapping[str, Any]) -> Line:
        """A new line."""
        body = json.dumps({"seq": seq, **fields}, separators=(",", ":"), ensure_ascii=True)
        mac = self.mac(before, body[:-1].encode())
        raw = f'{body[:-1]},"mac":"{mac}"}}'.encode()
        return Line(raw, {"seq": seq, **fields, "mac": mac}, {"seq": seq, "mac": mac})

    def read(self, before: bytes, raw: bytes) -> Line | None:
        """The line, or None if its MAC isn't right after the line before it."""
        found = _MAC.search(raw, max(0, len(raw) - 80))
        if found is None or found.end() != len(raw):
            return None
        mac = found[1].decode()
        if not hmac.compare_digest(mac, self.mac(before, raw[: found.start()])):
            return None
        entry = json.loads(raw)
        return Line(raw, entry, {"seq": entry["seq"], "mac": mac})

    def sign(self, label: str, content: bytes) -> str:
        """The MAC of something beside the trail: a checkpoint, the last entry's number."""
        key = hmac.digest(self.key, label.encode(), "sha256")
        return hmac.new(key, content, hashlib.sha256).hexdigest()

    def safe_id(self, object_id: str, *, is_id: bool) -> str:
        """An object's id as the trail may show it. Text that is no id could be anything: a hash."""
        return object_id if is_id else f"hash:{self._hash('id', object_id)}"

    def hashes(self, subject: Subject, kinds: Mapping[str, IdentifierKind]) -> dict[str, list[str]]:
        """A subject's identifiers as keyed hashes: two spellings of one address give one hash."""
        return {
            kind: [self._hash(kind, _key(value, kinds[kind])) for value in values]
            for kind, values in subject.values.items()
        }

    def whose(self, subject: Subject, kinds: Mapping[str, IdentifierKind]) -> str:
        """A keyed hash of who a subject is: its id and all of its identifiers.

        An id alone doesn't say who it is: every ``te-connector fetch`` calls its subject ``req-1``.
        """
        hashes = {kind: sorted(set(of)) for kind, of in self.hashes(subject, kinds).items()}
        return self._hash("subject", json.dumps([subject.id, hashes], sort_keys=True))

    def _hash(self, kind: str, key: str) -> str:
        names_key = hmac.digest(self.key, b"identifiers", "sha256")
        content = f"{kind}\0{key}".encode("utf-8", "surrogatepass")
        return hmac.new(names_key, content, hashlib.sha256).hexdigest()[:32]


def _key(value: str, kind: IdentifierKind) -> str:
    if kind.compare == "email":
        return email_key(value) or value
    if kind.compare == "phone":
        numbers = phones(value, kind.region).numbers
        return numbers[0].e164 if numbers else value
    return id_key(value) or value
