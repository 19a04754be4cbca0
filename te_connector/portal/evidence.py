"""Evidence: a zip that proves what was done, without the person's data, signed with Ed25519.

Anyone with the public key can check it: ``manifest.json`` has the SHA-256 of every file, and
``manifest.sig`` is the signature of ``manifest.json``.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import zipfile
from typing import Any

import sqlalchemy as sa

from te_connector.portal import deleting, findings, log, requests
from te_connector.portal.database import Database, now


def make(database: Database, db: sa.Connection, request: requests.Request) -> bytes:
    """The evidence of a request as it is now."""
    receipts = [one.receipt for one in deleting.every(db, request.id) if one.receipt]
    coverage = [
        {"connection": one.connection, "state": one.state, "coverage": list(one.coverage)}
        for one in findings.of_request(database, db, request.id)
    ]
    facts = {
        "request": request.id,
        "kind": request.kind,
        "law": request.law,
        "received": request.received.isoformat(),
        "due": request.due.isoformat(),
        "state": request.state,
        "closed_at": request.closed_at,
        "made_at": now(),
    }
    lines = log.rows(db, request.id)
    files = {
        "request.json": _json(facts),
        "coverage.json": _json(coverage),
        "receipts.jsonl": _lines(receipts),
        "log.jsonl": _lines(lines),
        "index.html": _page(facts, coverage, receipts, lines).encode(),
        "public_key.pem": public_key(database),
    }
    manifest = _json({name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)})
    files["manifest.json"] = manifest
    files["manifest.sig"] = database.keys.signing_key().sign(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def public_key(database: Database) -> bytes:
    """The public key, to be handed out."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = database.keys.signing_key().public_key()
    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def is_genuine(content: bytes, public: bytes) -> bool:
    """Whether an evidence zip was signed with this key, and nothing in it was changed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            manifest = archive.read("manifest.json")
            key: Any = load_pem_public_key(public)
            key.verify(archive.read("manifest.sig"), manifest)
            listed = json.loads(manifest)
            names = set(archive.namelist()) - {"manifest.json", "manifest.sig"}
            return names == set(listed) and all(
                hashlib.sha256(archive.read(name)).hexdigest() == listed[name] for name in names
            )
    except (InvalidSignature, KeyError, ValueError, zipfile.BadZipFile):
        return False


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _lines(values: list[Any]) -> bytes:
    return "".join(json.dumps(value, sort_keys=True) + "\n" for value in values).encode()


def _page(facts: Any, coverage: Any, receipts: Any, lines: Any) -> str:
    def table(heads: list[str], rows: list[list[Any]]) -> str:
        head = "".join(f"<th>{html.escape(one)}</th>" for one in heads)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    searched = [
        [
            one["connection"],
            type_["object_type"],
            type_["seen"],
            "yes" if type_["complete"] else "no",
        ]
        for one in coverage
        for type_ in one["coverage"]
    ]
    proofs = [
        [one["object_type"], one["id"], one["status"], one["at"], one["receipt_id"]]
        for one in receipts
    ]
    steps = [[line["at"], line["actor"], line["action"]] for line in lines]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Evidence for request {facts['request']}</title>"
        "<style>body{font:16px system-ui;margin:2rem;max-width:70rem}table{border-collapse:collapse}"
        "th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ccc}</style>"
        f"<h1>Evidence for request {facts['request']}</h1>"
        + table(["Fact", "Value"], [[key, value] for key, value in facts.items()])
        + "<h2>What was searched</h2>"
        + table(["System", "Object type", "Compared", "Complete"], searched)
        + "<h2>Receipts</h2>"
        + table(["Object type", "Id", "Result", "At", "Receipt"], proofs)
        + "<h2>What was done</h2>"
        + table(["At", "By", "Action"], steps)
        + "<p>To check this file: <code>openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin "
        "-in manifest.json -sigfile manifest.sig</code>, then compare each file's SHA-256 with "
        "manifest.json. To check the receipts: <code>te-connector audit verify receipts.jsonl</code>."
        "</p></html>"
    )
