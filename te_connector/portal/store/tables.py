"""The portal's tables. Columns of the type ``LargeBinary`` hold encrypted values (``crypto``).

Nothing else in a table is personal data of a data subject: ids, codes, dates, counts, digests.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(name, metadata, *columns)


def _request() -> sa.Column[int]:
    return sa.Column("request_id", sa.ForeignKey("requests.id"), nullable=False, index=True)


settings = _table(
    "settings", sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.JSON)
)

users = _table(
    "users",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password", sa.Text),  # Argon2id, PHC string; None: single sign-on only
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.CheckConstraint("role IN ('officer','approver','auditor','admin')", name="role_known"),
)

sessions = _table(
    "sessions",
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)

invitations = _table(
    "invitations",
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("first", sa.Boolean, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("used", sa.Boolean, nullable=False, default=False),
)

attempts = _table(  # limits: sign-in, codes, links
    "attempts",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
)

connections = _table(
    "connections",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # environment | file | portal
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("config", sa.LargeBinary, nullable=False),
    sa.Column("checked_at", sa.Text),
    sa.Column("check", sa.JSON),
    sa.CheckConstraint("kind IN ('connector','processor')", name="kind_known"),
)

requests = _table(
    "requests",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("law", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False, default=1),
    sa.Column("received", sa.Text, nullable=False),  # ISO dates
    sa.Column("due", sa.Text, nullable=False, index=True),
    sa.Column("extended", sa.Boolean, nullable=False, default=False),
    sa.Column("paused_days", sa.Integer, nullable=False, default=0),
    sa.Column("confirmed", sa.Boolean, nullable=False, default=False),
    sa.Column("reference_hash", sa.Text, unique=True),
    sa.Column("body_hash", sa.Text),
    sa.Column("person", sa.LargeBinary),  # name, identifiers, reference, agent, identity
    sa.Column("identity_checked", sa.Boolean, nullable=False, default=False),
    sa.Column("needs_approvals", sa.Integer, nullable=False, default=1),
    sa.Column("approved_digest", sa.Text),
    sa.Column("waits_for", sa.Text),
    sa.Column("waits_until", sa.Text),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("closed_at", sa.Text),
    sa.Column("purged_at", sa.Text),
    sa.Column("merged_into", sa.ForeignKey("requests.id")),
    sa.CheckConstraint("kind IN ('access','erasure')", name="request_kind_known"),
)

identifiers = _table(  # keyed hashes, to find requests by an exact identifier
    "identifiers",
    _request(),
    sa.Column("hash", sa.Text, nullable=False, index=True),
    sa.PrimaryKeyConstraint("request_id", "hash"),
)

transitions = _table(  # filled from ``states``; the trigger on ``requests`` reads it
    "transitions",
    sa.Column("before", sa.Text, primary_key=True),
    sa.Column("after", sa.Text, primary_key=True),
)

searches = _table(
    "searches",
    _request(),
    sa.Column("connection", sa.ForeignKey("connections.name"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting running done failed stopped
    sa.Column("sweep", sa.Text, index=True),
    sa.Column("progress", sa.JSON),
    sa.Column("code", sa.Text),
    sa.Column("message", sa.Text),  # an error's message, which holds no personal data
    sa.Column("retry_at", sa.Text),
    sa.Column("coverage", sa.JSON),
    sa.Column("problems", sa.LargeBinary),
    sa.Column("near_misses", sa.LargeBinary),
    sa.Column("finished_at", sa.Text),
    sa.PrimaryKeyConstraint("request_id", "connection"),
)

records = _table(
    "records",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _request(),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("object_type", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("strength", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("deletable", sa.Boolean, nullable=False),
    sa.Column("parents", sa.JSON, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),  # matched_by: names of fields, no values
    sa.Column("chosen", sa.Boolean, nullable=False),
    sa.Column("decided", sa.Boolean, nullable=False, default=False),
    sa.Column("why", sa.LargeBinary),
    sa.Column("fields", sa.JSON, nullable=False),  # {field: reason} that do not go out
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("request_id", "connection", "object_type", "object_id"),
)

type_fields = _table(  # fields that go out of no object of a type
    "type_fields",
    _request(),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("object_type", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("why", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("request_id", "connection", "object_type", "field"),
)

files = _table(
    "files",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _request(),
    sa.Column("kind", sa.Text, nullable=False),  # package evidence upload
    sa.Column("task_id", sa.BigInteger, index=True),  # of an upload
    sa.Column("chosen", sa.Boolean),  # of an upload; None: not decided yet
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("about", sa.LargeBinary),
)

approvals = _table(
    "approvals",
    _request(),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("request_id", "user_id", "digest"),
)

releases = _table(
    "releases",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _request(),
    sa.Column("file_id", sa.ForeignKey("files.id"), nullable=False),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("code_hash", sa.Text),
    sa.Column("code_until", sa.Float),
    sa.Column("mailbox", sa.LargeBinary),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("downloads", sa.Integer, nullable=False, default=0),
    sa.Column("revoked", sa.Boolean, nullable=False, default=False),
    sa.Column("made_at", sa.Text, nullable=False),
)

receipts = _table(  # a row is made before its deletion begins, so a killed one is never done twice
    "receipts",
    sa.Column("receipt_id", sa.Text, primary_key=True),
    _request(),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("object_type", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, default="proven"),  # proven | attested
    sa.Column("status", sa.Text),
    sa.Column("interrupted", sa.Boolean, nullable=False, default=False),
    sa.Column("receipt", sa.JSON),
    sa.UniqueConstraint("request_id", "record_id", "attempt"),
)

notes = _table(  # what people typed: comments and free reasons; removed by the purge
    "notes",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _request(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
)

log = _table(  # append-only, hash-chained: triggers refuse every change
    "log",
    sa.Column("seq", _ID, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("request_id", sa.BigInteger, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("note_id", sa.BigInteger),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

tokens = _table(
    "tokens",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.Text),
)

tasks = _table(  # what a person outside is asked: Direct Contact
    "tasks",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    _request(),
    sa.Column("connection", sa.ForeignKey("connections.name"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # access | deletion
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False, default=0),  # counts the mails with a link
    sa.Column("asked_at", sa.Text),
    sa.Column("deadline", sa.Text),
    sa.Column("next_at", sa.Text, index=True),  # the next reminder
    sa.Column("reminders", sa.Integer, nullable=False, default=0),
    sa.Column("message_id", sa.Text),
    sa.Column("token_hash", sa.Text, unique=True),
    sa.Column("link", sa.LargeBinary),  # for the reminders; the outbox has it encrypted, too
    sa.Column("opened_at", sa.Text),
    sa.Column("answered_at", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("accepted", sa.Boolean, nullable=False, default=False),
    sa.Column("objects", sa.JSON, nullable=False),  # types and ids that the API can't delete
    sa.Column("receipts", sa.JSON, nullable=False),  # one for each answer to a deletion
    sa.Column("code_hash", sa.Text),
    sa.Column("code_until", sa.Float),
    sa.Column("mailbox", sa.LargeBinary),
    sa.Column("private", sa.LargeBinary),  # the answer's words: name, e-mail, note
    sa.UniqueConstraint("request_id", "connection", "kind"),
    sa.CheckConstraint(
        "state IN ('asked','undelivered','late','answered','skipped','stopped')", name="task_known"
    ),
)

outbox = _table(
    "outbox",
    sa.Column("id", _ID, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # one mail for each key, ever
    sa.Column("request_id", sa.BigInteger, index=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting sending sent failed
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("message", sa.LargeBinary),
)
