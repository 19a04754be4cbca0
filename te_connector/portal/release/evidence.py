"""Evidence: a zip that proves what was done, without the person's data, signed with Ed25519.

:mod:`te_connector.deletion.evidence` checks it, and so does openssl: ``index.html`` says how.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Iterable
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector.deletion.evidence import MANIFEST, PUBLIC_KEY, RECEIPTS, SIGNATURE
from te_connector.portal import mail
from te_connector.portal.desk import choices, disclosure, findings, requests
from te_connector.portal.direct import tasks, uploads
from te_connector.portal.release import approving, trail, vendor_letter
from te_connector.portal.running import deleting
from te_connector.portal.settings import Choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import files as file_table
from te_connector.portal.template import render

WRITTEN = (
    "A reason in the officer's own words. The portal keeps it until the personal data is removed."
)
"""In place of a free reason, which may name people."""


def make(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> bytes:
    """The evidence of a request as it is now; or as it was before its personal data was removed."""
    kept = db.scalar(
        sa.select(file_table.c.content).where(
            file_table.c.request_id == request.id, file_table.c.kind == "evidence"
        )
    )
    content = database.keys.open_bytes(kept)
    return content if content is not None else _make(database, db, request, settings)


def keep(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> None:
    """Keep a closed request's evidence, since the purge removes what it is made from."""
    content = _make(database, db, request, settings)
    db.execute(
        sa.insert(file_table).values(
            request_id=request.id,
            kind="evidence",
            digest=hashlib.sha256(content).hexdigest(),
            size=len(content),
            made_at=now(),
            content=database.keys.seal_bytes(content),
            about=None,
        )
    )


def _make(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> bytes:
    receipts = [one.receipt for one in deleting.every(db, request.id) if one.receipt]
    coverage = [
        {"connection": one.connection, "state": one.state, "coverage": list(one.coverage)}
        for one in findings.of_request(database, db, request.id)
    ]
    decisions = _decisions(database, db, request, settings)
    lines = log.rows(db, request.id)
    entries, missing = trail.part(database, db, request.id)
    facts = {**_facts(request), "trail_missing": missing}
    letter = vendor_letter.make(database, db, request)
    asked = _asked(database, db, request)
    files = {
        "request.json": _json(facts),
        "coverage.json": _json(coverage),
        "decisions.json": _json(decisions),
        RECEIPTS: _lines(receipts),
        "log.jsonl": _lines(lines),
        **({"processors.json": _json(asked)} if asked else {}),
        **{f"trail-{name}.jsonl": _lines(part) for name, part in entries.items() if part},
        **({"vendor-letter.txt": letter.encode()} if letter else {}),
        PUBLIC_KEY: public_key(database),
    }
    files["index.html"] = render(
        "evidence.html.j2",
        facts=facts,
        coverage=coverage,
        decisions=decisions,
        receipts=receipts,
        processors=asked,
        lines=lines,
        files=sorted(files),
    ).encode()
    return _signed(database, files)


def _facts(request: requests.Request) -> dict[str, Any]:
    return {
        "request": request.id,
        "kind": request.kind,
        "law": request.law,
        "received": request.received.isoformat(),
        "due": request.due.isoformat(),
        "state": request.state,
        "closed_at": request.closed_at,
        "made_at": now(),
    }


def _decisions(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> dict[str, Any]:
    """Which objects and fields go out or are deleted, why others aren't, and who approved it."""
    known = {*settings.reasons, choices.THIRD_PARTY, disclosure.NOT_CONFIRMED, disclosure.FOLLOWS}
    found = findings.every(database, db, request.id)
    exclusions = findings.type_exclusions(database, db, request.id)
    if request.kind == "erasure":
        out = {one.id: one.why or disclosure.NOT_CONFIRMED for one in found if not one.chosen}
        out |= dict.fromkeys(disclosure.following(found), disclosure.FOLLOWS)
    else:
        out = {one.found.id: one.why for one in disclosure.outcome(found, exclusions)[1]}
    return {
        "objects": [
            {
                "connection": one.connection,
                "object_type": one.object_type,
                "id": one.object_id,
                "digest": one.digest,
                "match": one.strength,
                "shared": one.shared,
                "included": one.id not in out,
                "reason": _reason(out.get(one.id), known),
                "fields_left_out": _reasons(one.fields, known),
            }
            for one in found
        ],
        "fields_left_out_of_every_object": [
            {"connection": key[0], "object_type": key[1], "fields": _reasons(fields, known)}
            for key, fields in exclusions.items()
        ],
        "approvals": [
            attrs.asdict(one) for one in approving.of(db, request.id, request.approved_digest or "")
        ],
        "approved_digest": request.approved_digest,
    }


def _asked(
    database: Database, db: sa.Connection, request: requests.Request
) -> list[dict[str, Any]]:
    """Which processors were asked, by which mail, what they answered, and the hashes of their files.

    An attested receipt is a person's word; no system was read to prove it.
    """
    kept = uploads.of_request(database, db, request.id)
    return [
        {
            "processor": one.connection,
            "kind": one.kind,
            "state": one.state,
            "asked_at": one.asked_at,
            "mail": _mail(db, one),
            "opened_at": one.opened_at,
            "reminders": one.reminders,
            "answered_at": one.answered_at,
            "answer": one.answer,
            "accepted_by_officer": one.accepted,
            "attested_receipts": list(one.receipts),
            "files": [
                {"sha256": file.digest, "bytes": file.size, "included": bool(file.chosen)}
                for file in kept
                if file.task_id == one.id
            ],
        }
        for one in tasks.of_request(database, db, request.id)
    ]


def _mail(db: sa.Connection, task: tasks.Task) -> dict[str, Any]:
    sent = mail.sent(db, f"direct:{task.id}:{task.round}:ask")
    return {} if sent is None else attrs.asdict(sent)


def _reason(why: str | None, known: Collection[str]) -> str | None:
    return why if why is None or why in known else WRITTEN


def _reasons(fields: Any, known: Collection[str]) -> dict[str, str | None]:
    return {field: _reason(why, known) for field, why in fields.items()}


def _signed(database: Database, files: dict[str, bytes]) -> bytes:
    manifest = _json({name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)})
    signature = database.keys.signing_key().sign(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, MANIFEST: manifest, SIGNATURE: signature}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def public_key(database: Database) -> bytes:
    """The public key, to be handed out."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = database.keys.signing_key().public_key()
    return bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _lines(values: Iterable[Any]) -> bytes:
    return "".join(json.dumps(value, sort_keys=True) + "\n" for value in values).encode()
