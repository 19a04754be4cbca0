"""Mail: written to the outbox in the same transaction as what it is about, and sent by the schedule.

A mail's ``key`` is used once, so a step that is repeated mails nobody twice. No mail names a person.
Without ``TE_SMTP_URL``, mails are files in a folder that the settings page names.
"""

from __future__ import annotations

import datetime
import re
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

import attrs
import sqlalchemy as sa

from te_connector.errors import SettingsError
from te_connector.portal.settings import PortalSettings
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import outbox
from te_connector.storage.files import make_folder, write_private

_TIMEOUT = 30
_RETRY_MINUTES = (1, 5, 30, 120, 360)
_BREAKS = re.compile(r"[\r\n\0]")


@attrs.frozen
class Mail:
    """One mail, in plain text."""

    to: str = attrs.field(repr=False)
    subject: str
    text: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.Factory(dict)
    """More headers, such as ``In-Reply-To``."""
    html: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Sent:
    """What became of a mail."""

    message_id: str
    state: str
    sent_at: str | None
    answer: str | None


def put(
    database: Database,
    db: sa.Connection,
    settings: PortalSettings,
    key: str,
    mail: Mail,
    *,
    request_id: int | None = None,
) -> str:
    """Put a mail into the outbox, once for each key. Returns its Message-ID.

    :raises SettingsError: a header's value has a line break in it.
    """
    known = db.scalar(sa.select(outbox.c.message_id).where(outbox.c.key == key))
    if known is not None:
        return str(known)
    domain = settings.mail_from.rpartition("@")[2] or "localhost"
    message_id = make_msgid(domain=domain)
    message = _message(settings, mail, message_id)
    db.execute(
        sa.insert(outbox).values(
            key=key,
            request_id=request_id,
            message_id=message_id,
            state="waiting",
            next_at=now(),
            message=database.keys.seal_bytes(message.as_bytes()),
        )
    )
    return message_id


def _message(settings: PortalSettings, mail: Mail, message_id: str) -> EmailMessage:
    message = EmailMessage()
    headers = {
        "From": settings.mail_from,
        "To": mail.to,
        "Subject": mail.subject,
        "Date": formatdate(localtime=False),
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic answers, please
        **({"Reply-To": settings.reply_to} if settings.reply_to else {}),
        **mail.headers,
    }
    for name, value in headers.items():
        if _BREAKS.search(value):
            raise SettingsError(f"The mail header {name} can't hold a line break.")
        message[name] = value
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def send_waiting(database: Database, settings: PortalSettings) -> int:
    """Send what waits in the outbox. Returns how many mails were sent."""
    count = 0
    with database.begin() as db:
        query = sa.select(outbox.c.id).where(
            outbox.c.state.in_(("waiting", "sending")), outbox.c.next_at <= now()
        )
        waiting = list(db.scalars(query.order_by(outbox.c.id).limit(200)))
    for number in waiting:
        count += _send_one(database, settings, number)
    return count


def _send_one(database: Database, settings: PortalSettings, number: int) -> int:
    """Claim a mail for ten minutes and send it: two processes never send it at the same time."""
    with database.begin() as db:
        claimed = db.execute(
            sa.update(outbox)
            .where(
                outbox.c.id == number,
                outbox.c.state.in_(("waiting", "sending")),
                outbox.c.next_at <= now(),
            )
            .values(state="sending", attempts=outbox.c.attempts + 1, next_at=_later(10))
        )
        if claimed.rowcount != 1:
            return 0
        row = db.execute(sa.select(outbox).where(outbox.c.id == number)).one()
    content = database.keys.open_bytes(row.message) or b""
    state, answer = deliver(settings, content, row.message_id)
    values = {"state": state, "answer": answer[:500]}
    if state == "waiting":
        if row.attempts > len(_RETRY_MINUTES):
            values["state"] = "failed"
        else:
            values["next_at"] = _later(_RETRY_MINUTES[row.attempts - 1])
    if state == "sent":
        values["sent_at"] = now()
    with database.begin() as db:
        db.execute(sa.update(outbox).where(outbox.c.id == number).values(**values))
    return int(state == "sent")


def deliver(settings: PortalSettings, content: bytes, message_id: str) -> tuple[str, str]:
    """Hand a mail to the server, or write it as a file. Returns the new state and the answer."""
    if not settings.smtp_url:
        folder = mail_folder(settings)
        name = re.sub(r"[^A-Za-z0-9.]", "_", message_id.strip("<>"))
        write_private(folder / f"{name}.eml", content)
        return "sent", "written to a file"
    import email.policy
    from email import message_from_bytes

    message = message_from_bytes(content, policy=email.policy.default)
    try:
        with _server(settings.smtp_url) as server:
            refused = server.send_message(message)
        return ("failed", "recipient refused") if refused else ("sent", "250 accepted")
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        final = all(code >= 500 for code in codes)
        return ("failed" if final else "waiting"), f"{codes[0]} recipient refused"
    except smtplib.SMTPResponseException as error:
        return ("failed" if error.smtp_code >= 500 else "waiting"), f"{error.smtp_code} refused"
    except (smtplib.SMTPException, OSError) as error:
        return "waiting", f"can't reach the mail server ({type(error).__name__})"


def _server(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    port = parts.port or (465 if parts.scheme == "smtps" else 25)
    connect: Callable[[], smtplib.SMTP] = lambda: smtplib.SMTP(  # noqa: E731
        parts.hostname or "localhost", port, timeout=_TIMEOUT
    )
    if parts.scheme == "smtps":
        return _signed_in(
            smtplib.SMTP_SSL(
                parts.hostname or "localhost",
                port,
                timeout=_TIMEOUT,
                context=ssl.create_default_context(),
            ),
            url,
        )
    server = connect()
    if parts.scheme == "smtp+starttls" or parts.username:
        server.starttls(context=ssl.create_default_context())
    return _signed_in(server, url)


def _signed_in(server: smtplib.SMTP, url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def mail_folder(settings: PortalSettings) -> Path:
    """Where mails are written without a mail server."""
    folder = settings.folder / "mail"
    make_folder(folder)
    return folder


def sent(db: sa.Connection, key: str) -> Sent | None:
    """What became of the mail with that key."""
    row = db.execute(sa.select(outbox).where(outbox.c.key == key)).first()
    return None if row is None else Sent(row.message_id, row.state, row.sent_at, row.answer)


def last(db: sa.Connection, start: str) -> Sent | None:
    """What became of the newest mail whose key begins like this."""
    query = sa.select(outbox).where(outbox.c.key.startswith(start, autoescape=True))
    row = db.execute(query.order_by(outbox.c.id.desc()).limit(1)).first()
    return None if row is None else Sent(row.message_id, row.state, row.sent_at, row.answer)


def _later(minutes: int) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
