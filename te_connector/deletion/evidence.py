"""Reads a portal's evidence file: whether it is whole and signed, and the receipts in it.

An evidence file is a zip. ``manifest.json`` has the SHA-256 of every other file, and ``manifest.sig`` is
the Ed25519 signature of ``manifest.json``. Anyone who has the public key can check it, without the portal.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from typing import Any

import attrs

from te_connector.contract import Receipt

MANIFEST, SIGNATURE, PUBLIC_KEY, RECEIPTS = (
    "manifest.json",
    "manifest.sig",
    "public_key.pem",
    "receipts.jsonl",
)
_MOST = 200 * 1024 * 1024
"""Bytes that a file's contents may have: a zip that unpacks to more isn't evidence."""


@attrs.frozen
class Evidence:
    """What an evidence file holds, and what is wrong with it."""

    receipts: tuple[Receipt, ...]
    faults: tuple[str, ...]


def read(content: bytes, public: bytes | None = None) -> Evidence:
    """Check an evidence file, with a public key or else with the one that it brings.

    Its own key shows that the file is whole. Only a key that you got another way shows who signed it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > _MOST:
                return Evidence((), ("the evidence file is too large",))
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return Evidence((), ("this isn't an evidence file",))
    faults = [*_signature(files, public), *_contents(files)]
    receipts, broken = _receipts(files.get(RECEIPTS, b""))
    return Evidence(tuple(receipts), (*faults, *broken))


def _signature(files: dict[str, bytes], public: bytes | None) -> list[str]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(public if public is not None else files[PUBLIC_KEY])
        if not isinstance(key, Ed25519PublicKey):
            return ["the public key isn't an Ed25519 key"]
        key.verify(files[SIGNATURE], files[MANIFEST])
    except (KeyError, ValueError):
        return ["the signature or the public key is missing or damaged"]
    except InvalidSignature:
        return ["the signature isn't of this public key, or manifest.json was changed"]
    return []


def _contents(files: dict[str, bytes]) -> list[str]:
    try:
        listed = json.loads(files.get(MANIFEST, b""))
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, dict):
        return ["manifest.json is missing or damaged"]
    names = set(files) - {MANIFEST, SIGNATURE}
    return [
        *(f"{name} isn't in manifest.json" for name in sorted(names - set(listed))),
        *(f"{name} is missing" for name in sorted(set(listed) - names)),
        *(
            f"{name} was changed"
            for name in sorted(names & set(listed))
            if hashlib.sha256(files[name]).hexdigest() != listed[name]
        ),
    ]


def _receipts(content: bytes) -> tuple[list[Any], list[str]]:
    found: list[Any] = []
    try:
        found = [json.loads(line) for line in content.splitlines()]
    except (ValueError, RecursionError):
        return [], [f"{RECEIPTS} is damaged"]
    if not all(isinstance(one, dict) and isinstance(one.get("receipt_id"), str) for one in found):
        return [], [f"{RECEIPTS} holds something else than receipts"]
    return found, []
