"""What can be downloaded of a request: the package and its preview, the evidence, the vendor's letter."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import flask

from te_connector.portal.desk import requests
from te_connector.portal.direct import uploads
from te_connector.portal.refusal import Refused
from te_connector.portal.release import evidence, packages, vendor_letter
from te_connector.portal.release import person_letter as letters
from te_connector.portal.store import log
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import PREVIEW_POLICY, signed_in

pages = flask.Blueprint("files", __name__, url_prefix="/requests/<int:number>")


@pages.get("/preview")
@signed_in
def first_page(number: int) -> Any:
    """The package's first page, under an address that its links are right for."""
    return flask.redirect(flask.url_for("files.preview", number=number, name="index.html"))


@pages.get("/preview/<path:name>")
@signed_in
def preview(number: int, name: str) -> Any:
    """The package's page exactly as the person will see it, with nothing that could run."""
    with zipfile.ZipFile(io.BytesIO(_package(number))) as archive:
        if name not in archive.namelist():
            flask.abort(404)
        content = archive.read(name)
    if name.startswith("from-"):  # what a processor sent is never shown, only handed over
        return _attachment(content, name.rpartition("/")[2])
    response = flask.Response(
        content, content_type="text/html; charset=utf-8" if name.endswith(".html") else "text/plain"
    )
    response.headers["Content-Security-Policy"] = PREVIEW_POLICY
    return response


def _attachment(content: bytes, name: str) -> Any:
    kind = "application/octet-stream"
    return flask.send_file(io.BytesIO(content), kind, as_attachment=True, download_name=name)


@pages.get("/files/<int:file>")
@signed_in
def upload(number: int, file: int) -> Any:
    """A processor's file, as an attachment."""
    base = database()
    with base.begin() as db:
        kept, content = uploads.content(base, db, number, file)
        user = flask.g.session.user.name
        log.append(base, db, user, "file_downloaded", request_id=number, file=file)
    return _attachment(content, kept.name)


def _package(number: int) -> bytes:
    base = database()
    with base.begin() as db:
        made = packages.current(base, db, requests.get(base, db, number))
        if made is None:
            flask.abort(404)
        return packages.content_of(base, db, made.file_id)


@pages.get("/package.zip")
@signed_in
def package_zip(number: int) -> Any:
    """The approved package."""
    with database().begin() as db:
        request = requests.get(database(), db, number)
        if request.state not in ("releasing", "done"):
            raise Refused("not_released", "Approve and release the package first.")
        log.append(database(), db, flask.g.session.user.name, "zip_downloaded", request_id=number)
    return flask.send_file(
        io.BytesIO(_package(number)),
        "application/zip",
        as_attachment=True,
        download_name=f"request-{number}.zip",
    )


@pages.get("/evidence.zip")
@signed_in
def evidence_zip(number: int) -> Any:
    """The signed evidence."""
    base = database()
    with base.begin() as db:
        content = evidence.make(base, db, requests.get(base, db, number), flask.g.choices)
    return flask.send_file(
        io.BytesIO(content),
        "application/zip",
        as_attachment=True,
        download_name=f"evidence-{number}.zip",
    )


@pages.get("/<kind>-letter.txt")
@signed_in
def person_letter(number: int, kind: str) -> Any:
    """A letter to the person: the request came in, takes longer, or is denied."""
    base = database()
    with base.begin() as db:
        request = requests.get(base, db, number)
        timeline = log.entries(base, db, number)
    why = letters.reason_for(kind, timeline) if kind in letters.KINDS else None
    if why is None or request.purged_at is not None:
        flask.abort(404)
    text = letters.write(kind, request, why, flask.g.choices)
    return flask.send_file(
        io.BytesIO(text.encode()), "text/plain; charset=utf-8",
        as_attachment=True, download_name=f"{kind}-letter-{number}.txt",
    )  # fmt: skip


@pages.get("/vendor-letter.txt")
@signed_in
def letter(number: int) -> Any:
    """The letter to the vendor's support about what its API can't delete."""
    base = database()
    with base.begin() as db:
        text = vendor_letter.make(base, db, requests.get(base, db, number))
    if not text:
        flask.abort(404)
    return flask.send_file(
        io.BytesIO(text.encode()),
        "text/plain; charset=utf-8",
        as_attachment=True,
        download_name=f"vendor-letter-{number}.txt",
    )
