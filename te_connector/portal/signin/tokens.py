"""Bearer tokens of the intake API: kept as hashes in the database, so all processes see a change."""

from __future__ import annotations

import secrets

import attrs
import sqlalchemy as sa

from te_connector.portal.store import log
from te_connector.portal.store.crypto import hash_token
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import tokens


@attrs.frozen
class TokenNote:
    """What is kept of a token."""

    name: str
    created_at: str
    revoked_at: str | None


def new(database: Database, actor: str = "command line") -> tuple[str, str]:
    """Make a token. Returns its name and the token, which is shown only this once."""
    token, name = secrets.token_urlsafe(32), secrets.token_hex(4)
    with database.begin() as db:
        db.execute(sa.insert(tokens).values(name=name, digest=hash_token(token), created_at=now()))
        log.append(database, db, actor, "token_new", token=name)
    return name, token


def notes(database: Database) -> list[TokenNote]:
    """All tokens, oldest first."""
    with database.begin() as db:
        rows = db.execute(sa.select(tokens).order_by(tokens.c.created_at))
        return [TokenNote(row.name, row.created_at, row.revoked_at) for row in rows]


def revoke(database: Database, name: str, actor: str = "command line") -> bool:
    """Revoke a token. Returns whether there was one to revoke."""
    with database.begin() as db:
        changed = db.execute(
            sa.update(tokens)
            .where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
            .values(revoked_at=now())
        )
        if changed.rowcount:
            log.append(database, db, actor, "token_revoked", token=name)
        return bool(changed.rowcount)


def name_of(database: Database, token: str) -> str | None:
    """The name of a valid token. The look-up is by hash, so its time says nothing of the token."""
    with database.begin() as db:
        return db.scalar(
            sa.select(tokens.c.name).where(
                tokens.c.digest == hash_token(token), tokens.c.revoked_at.is_(None)
            )
        )
