"""The access package: exactly what the officer chose, made once, previewed, approved, released.

The bytes that are previewed are the bytes that are approved and released: the file is kept
encrypted, and bound to the decisions that it was made from.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

from te_connector import result
from te_connector.errors import ConnectorError
from te_connector.package import Policy, write_package
from te_connector.package.rules import Controller, PageSettings
from te_connector.portal import connections, dates
from te_connector.portal.desk import disclosure, findings, requests
from te_connector.portal.desk.disclosure import Released
from te_connector.portal.refusal import Refused
from te_connector.portal.release import people
from te_connector.portal.settings import Choices
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import files
from te_connector.portal.template import render


@attrs.frozen
class Package:
    """A package that was made: its file, and the digest of the decisions behind it."""

    file_id: int
    digest: str
    basis: str
    made_at: str
    size: int


def basis_of(database: Database, db: sa.Connection, request: requests.Request) -> str:
    """The digest of everything that decides what goes out."""
    found = findings.every(database, db, request.id)
    exclusions = findings.type_exclusions(database, db, request.id)
    return requests.digest_of(
        {
            "objects": [
                [one.connection, *one.key, one.digest, one.chosen, dict(one.fields)]
                for one in found
            ],
            "fields": sorted([*key, sorted(fields)] for key, fields in exclusions.items()),
            "coverage": [
                [one.connection, one.state, list(one.coverage)]
                for one in findings.of_request(database, db, request.id)
            ],
            "people": people.basis(database, db, request.id),
        }
    )


def make(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> Package:
    """Make the package, and keep it in place of an older one.

    :raises Refused: the request isn't in review.
    """
    if request.state != "review":
        raise Refused("not_in_review", "Make the package while the request is in review.")
    content = build(database, db, request, settings)
    basis = basis_of(database, db, request)
    digest = hashlib.sha256(content).hexdigest()
    db.execute(sa.delete(files).where(files.c.request_id == request.id, files.c.kind == "package"))
    db.execute(
        sa.insert(files).values(
            request_id=request.id,
            kind="package",
            digest=digest,
            size=len(content),
            made_at=now(),
            content=database.keys.seal_bytes(content),
            about=database.keys.seal({"basis": basis}),
        )
    )
    made = current(database, db, request)
    assert made is not None
    return made


def current(database: Database, db: sa.Connection, request: requests.Request) -> Package | None:
    """The package that was made last."""
    row = db.execute(
        sa.select(files).where(files.c.request_id == request.id, files.c.kind == "package")
    ).first()
    if row is None:
        return None
    about = database.keys.open(row.about)
    return Package(row.id, row.digest, about["basis"], row.made_at, row.size)


def content_of(database: Database, db: sa.Connection, file_id: int) -> bytes:
    """A file's content."""
    sealed = db.scalar(sa.select(files.c.content).where(files.c.id == file_id))
    content = database.keys.open_bytes(sealed)
    if content is None:
        raise Refused("file_gone", "This file was removed.")
    return content


def build(
    database: Database, db: sa.Connection, request: requests.Request, settings: Choices
) -> bytes:
    """The package as a zip: a folder for each connection if there are several."""
    found = findings.every(database, db, request.id)
    exclusions = findings.type_exclusions(database, db, request.id)
    released, _ = disclosure.outcome(found, exclusions)
    searched = findings.of_request(database, db, request.id)
    heard, parts = people.parts(database, db, request, settings)
    is_one = len(searched) == 1 and not heard
    systems: list[tuple[str, str]] = []
    for search in searched:
        one = connections.get(database, db, search.connection)
        own = [item for item in released if item.found.connection == one.name]
        made = _of_connection(request, settings, one, search, own)
        prefix = "" if is_one else f"{one.name}/"
        parts |= {f"{prefix}{name}": content for name, content in made.items()}
        systems.append((one.name, one.title))
    if not is_one:
        parts["index.html"] = _index(settings, systems, heard)
    return _zipped(parts)


def _of_connection(
    request: requests.Request,
    settings: Choices,
    one: connections.Connection,
    search: findings.Search,
    released: Sequence[Released],
) -> dict[str, bytes]:
    from te_connector.manifest import loading

    named = one.config.get("manifest")
    try:
        manifest = loading.load(Path(str(named)) if named else None)
    except ConnectorError:
        manifest = None
    if manifest is None or manifest.connector != one.config["connector"]:
        return _plain(request, one, search, released)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "package"
        answer = _result(request, one, search, released, str(manifest.base_url or ""))
        write_package(answer, manifest, output, _policy(request, settings))
        subject = next(item for item in output.iterdir() if item.is_dir())
        return {
            str(path.relative_to(subject)): path.read_bytes()
            for path in sorted(subject.rglob("*"))
            if path.is_file()
        }


def _policy(request: requests.Request, settings: Choices) -> Policy:
    """The page's words: the lender's, and the rights of the law that the request is under."""
    controller = Controller(settings.lender, settings.contact or "See your letter.", "")
    law = request.law if request.law in dates.BUILT_IN else ""
    page = PageSettings(law=law, zone=settings.zone)
    return Policy(file="", rules={}, include=(), exclude=(), controller=controller, page=page)


def _result(
    request: requests.Request,
    one: connections.Connection,
    search: findings.Search,
    released: Sequence[Released],
    base_url: str,
) -> result.Result:
    """The answer as the package reads it: what was left out is not in it at all."""
    subject = _subject_name(request)
    values: dict[str, Any] = {
        "path": Path("request.json"),
        "connector": one.config["connector"],
        "base_url": one.config.get("base_url") or base_url,
        "fetched_at": search.finished_at,
        "subjects": ({"id": subject, "identifiers": dict(request.person.identifiers)},),
        "records": tuple(_record(item, subject) for item in released),
        "coverage": tuple(search.coverage),
        "problems": tuple(
            {**problem, "subject": subject if problem["subject"] else None, "id": None}
            for problem in search.problems
            if problem["code"] != result.SHARED
        ),
        "near_misses": (),
    }
    known = {field.name for field in attrs.fields(result.Result)}
    values |= dict.fromkeys(known - set(values))
    return result.Result(**values)


def _record(item: Released, subject: str) -> dict[str, Any]:
    """An object as the package reads it. An officer chose it, so no match is in doubt any more."""
    return {
        "subject": subject,
        "object_type": item.found.object_type,
        "id": item.found.object_id,
        "data": item.data,
        "digest": item.found.digest,
        "strength": "strong",
        "deletable": item.found.deletable,
        "schema_issues": [],
        "matched_by": [_reason(why, item.left_out) for why in item.found.reasons],
    }


def _reason(why: Any, left_out: Any) -> dict[str, Any]:
    """Why the object was matched, saying nothing of a field that is left out."""
    field = str(why["field"])
    hidden = any(field == gone or field.startswith(f"{gone}.") for gone in left_out)
    return {**why, "field": "" if hidden else field}


def _subject_name(request: requests.Request) -> str:
    return f"request-{request.id}"


def _plain(
    request: requests.Request,
    one: connections.Connection,
    search: findings.Search,
    released: Sequence[Released],
) -> dict[str, bytes]:
    """The package of a connector that brings no manifest of ours: its data as JSON, and a page."""
    data = {
        "subject": _subject_name(request),
        "system": one.title,
        "fetched_at": search.finished_at,
        "searched": list(search.coverage),
        "records": [
            {"object_type": item.found.object_type, "id": item.found.object_id, "data": item.data}
            for item in released
        ],
    }
    text = json.dumps(data, indent=1, ensure_ascii=False)
    shown = html.escape(text)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Your data in '
        f"{html.escape(one.title)}</title><h1>Your data in {html.escape(one.title)}</h1>"
        f"<pre>{shown}</pre></html>"
    )
    return {"data.json": text.encode(), "index.html": page.encode()}


def _index(
    settings: Choices, systems: Sequence[tuple[str, str]], heard: Sequence[people.Heard]
) -> bytes:
    """The first page of a package that several systems, or people, are in."""
    values = {"lender": settings.lender, "contact": settings.contact}
    return render("package_index.html.j2", systems=systems, heard=heard, **values).encode()


def _zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(parts.items()):
            # A fixed time: the same decisions give the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
