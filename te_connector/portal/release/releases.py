"""Release: the approved package as a zip for the officer, or as a link for the person.

The link's token is stored as a hash, opens nothing by itself, and needs a code that is mailed.
"""

from __future__ import annotations

import secrets
import time

import attrs
import sqlalchemy as sa

from te_connector.portal import mail
from te_connector.portal.desk import requests
from te_connector.portal.refusal import SYSTEM, Actor, Refused
from te_connector.portal.release import packages
from te_connector.portal.settings import Choices, PortalSettings
from te_connector.portal.signin import limits
from te_connector.portal.store import log
from te_connector.portal.store.crypto import hash_token
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import releases

_CODE_SECONDS = 15 * 60
OVER = "This link isn't valid. It may have been used, withdrawn, or be over."


@attrs.frozen
class Release:
    """One link."""

    id: int
    request_id: int
    file_id: int
    expires: float
    downloads: int
    revoked: bool
    made_at: str

    @property
    def is_open(self) -> bool:
        """Whether the link works."""
        return not self.revoked and self.expires > time.time()


def start(
    database: Database, db: sa.Connection, request: requests.Request, actor: Actor
) -> packages.Package:
    """Begin the release of what was approved.

    :raises Refused: the package isn't the approved one.
    """
    made = packages.current(database, db, request)
    if made is None or made.digest != request.approved_digest:
        raise Refused("package_changed", "The package isn't the one that was approved.")
    requests.change_state(database, db, request, "releasing", actor, digest=made.digest)
    return made


def make_link(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    request: requests.Request,
    mailbox: str,
    actor: Actor,
    choices: Choices,
    url: str,
) -> None:
    """Mail the person a link. ``url`` is the portal's address."""
    if "@" not in mailbox or any(mark.isspace() for mark in mailbox):
        raise Refused("mailbox_wrong", "Enter an e-mail address.", "mailbox")
    made = start(database, db, request, actor) if request.state == "approved" else None
    made = made or packages.current(database, db, request)
    if made is None:
        raise Refused("package_changed", "The package is gone. Make it again.")
    token = secrets.token_urlsafe(32)
    number = db.execute(
        sa.insert(releases).values(
            request_id=request.id,
            file_id=made.file_id,
            token_hash=hash_token(token),
            mailbox=database.keys.seal(mailbox),
            expires=time.time() + choices.link_days * 86400,
            made_at=now(),
        )
    ).inserted_primary_key
    assert number is not None
    message = _link_mail(mailbox, request, f"{url}/get/{token}", choices)
    mail.put(database, db, settings, f"release:{number[0]}", message, request_id=request.id)
    log.append(database, db, actor.name, "link_sent", request_id=request.id, release=number[0])


def _link_mail(mailbox: str, request: requests.Request, link: str, choices: Choices) -> mail.Mail:
    """The mail with the link. It names nobody."""
    name = requests.label(request.id)
    text = (
        f"Hello,\n\nthe answer to your privacy request {name} is ready:\n\n{link}\n\n"
        f"The link works for {choices.link_days} days. To open it, you get a code by e-mail.\n\n"
        f"{choices.lender}\n"
    )
    return mail.Mail(mailbox, f"Your privacy request {name}", text)


def find(db: sa.Connection, token: str) -> Release:
    """The release of a token.

    :raises Refused: the link doesn't work; the same for every cause.
    """
    row = (
        db.execute(sa.select(releases).where(releases.c.token_hash == hash_token(token)))
        .mappings()
        .first()
    )
    if row is None or not _release(row).is_open:
        raise Refused("link_over", OVER)
    return _release(row)


def _release(row: sa.RowMapping) -> Release:
    return Release(**{field.name: row[field.name] for field in attrs.fields(Release)})


def of_request(db: sa.Connection, request_id: int) -> list[Release]:
    """A request's links, newest first."""
    query = (
        sa.select(releases)
        .where(releases.c.request_id == request_id)
        .order_by(releases.c.id.desc())
    )
    return [_release(row) for row in db.execute(query).mappings()]


def send_code(database: Database, db: sa.Connection, settings: PortalSettings, token: str) -> None:
    """Mail the code that opens a link."""
    release = find(db, token)
    limits.limit(db, f"code:{release.id}", 5, 3600)
    code = f"{secrets.randbelow(10**8):08d}"
    sealed = db.scalar(sa.select(releases.c.mailbox).where(releases.c.id == release.id))
    db.execute(
        sa.update(releases)
        .where(releases.c.id == release.id)
        .values(
            code_hash=database.keys.fingerprint("code", str(release.id), code),
            code_until=time.time() + _CODE_SECONDS,
        )
    )
    text = (
        f"Your code is {code}\n\nIt works for 15 minutes. If you didn't ask for it, do nothing.\n"
    )
    mail.put(
        database,
        db,
        settings,
        f"code:{release.id}:{secrets.token_hex(8)}",
        mail.Mail(str(database.keys.open(sealed)), "Your code", text),
        request_id=release.request_id,
    )


def download(database: Database, db: sa.Connection, token: str, code: str) -> bytes:
    """The package, for the right code; counted.

    :raises Refused: the code is wrong or over.
    """
    release = find(db, token)
    row = db.execute(sa.select(releases).where(releases.c.id == release.id)).one()
    given = database.keys.fingerprint("code", str(release.id), "".join(code.split()))
    fits = row.code_hash is not None and secrets.compare_digest(row.code_hash, given)
    if not fits or (row.code_until or 0) < time.time():
        raise Refused("code_wrong", "This code is wrong or over. Ask for a new one.", "code")
    db.execute(
        sa.update(releases)
        .where(releases.c.id == release.id)
        .values(downloads=releases.c.downloads + 1)
    )
    log.append(
        database,
        db,
        "recipient",
        "downloaded",
        request_id=release.request_id,
        release=release.id,
        number=release.downloads + 1,
    )
    request = requests.get(database, db, release.request_id)
    if request.state == "releasing":
        requests.change_state(database, db, request, "done", SYSTEM, code="downloaded")
    return packages.content_of(database, db, release.file_id)


def revoke(
    database: Database, db: sa.Connection, request: requests.Request, release_id: int, actor: Actor
) -> None:
    """End a link at once."""
    changed = db.execute(
        sa.update(releases)
        .where(
            releases.c.id == release_id,
            releases.c.request_id == request.id,
            releases.c.revoked.is_(False),
        )
        .values(revoked=True)
    )
    if not changed.rowcount:
        return
    log.append(database, db, actor.name, "link_revoked", request_id=request.id, release=release_id)
    if request.state == "releasing":
        requests.change_state(database, db, request, "review", actor, code="link_revoked")
