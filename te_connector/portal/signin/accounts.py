"""Accounts, sign-in and sessions. Passwords are Argon2id; sessions end; attempts are limited."""

from __future__ import annotations

import secrets
import time
from typing import Final

import attrs
import sqlalchemy as sa

from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.signin.limits import limit
from te_connector.portal.signin.passwords import (
    DUMMY,
    MAX_PASSWORD,
    check_password,
    hash_password,
    password_is,
)
from te_connector.portal.store import log
from te_connector.portal.store.crypto import hash_token
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import attempts, invitations, sessions, users

ROLES: Final = ("officer", "approver", "auditor", "admin")
_INVITATION_SECONDS: Final = 7 * 86400
_SESSION_SECONDS: Final = 12 * 3600
_WINDOW: Final = 15 * 60
_TRIES: Final = 10


@attrs.frozen
class User:
    """Someone who signs in."""

    id: int
    email: str
    name: str
    role: str
    active: bool

    @property
    def actor(self) -> Actor:
        """The user as the one who acts."""
        return Actor(self.name, self.id, self.role)

    @property
    def may_act(self) -> bool:
        """Whether the user may do anything but read."""
        return self.role != "auditor"

    @property
    def is_admin(self) -> bool:
        """Whether the user may change settings and accounts."""
        return self.role == "admin"


@attrs.frozen
class Session:
    """A signed-in user; ``csrf`` is the token that each form carries."""

    user: User
    csrf: str = attrs.field(repr=False)


def is_empty(db: sa.Connection) -> bool:
    """Whether there is no account yet."""
    return db.scalar(sa.select(sa.func.count()).select_from(users)) == 0


def invite(db: sa.Connection, role: str, *, first: bool = False) -> str:
    """Make a one-time link's token. A new first invitation ends the ones before."""
    token = secrets.token_urlsafe(32)
    if first:
        db.execute(sa.delete(invitations).where(invitations.c.first))
    db.execute(
        sa.insert(invitations).values(
            token_hash=hash_token(token),
            role=role,
            first=first,
            expires=time.time() + _INVITATION_SECONDS,
            used=False,
        )
    )
    return token


def invited_role(db: sa.Connection, token: str) -> str | None:
    """The role that an unused invitation gives."""
    row = db.execute(
        sa.select(invitations).where(invitations.c.token_hash == hash_token(token))
    ).first()
    if row is None or row.used or row.expires < time.time():
        return None
    return str(row.role)


def join(
    database: Database, db: sa.Connection, token: str, email: str, name: str, password: str
) -> User:
    """Make the account that an invitation is for, and use the invitation up.

    :raises Refused: the invitation is used or over, or a value can't be used.
    """
    role = invited_role(db, token)
    if role is None:
        raise Refused("invitation_over", "This link was used or is over. Ask for a new one.")
    _check_new(db, email, name)
    check_password(password)
    used = db.execute(
        sa.update(invitations)
        .where(invitations.c.token_hash == hash_token(token), invitations.c.used.is_(False))
        .values(used=True)
    )
    if used.rowcount != 1:
        raise Refused("invitation_over", "This link was used or is over. Ask for a new one.")
    return add(database, db, email, name, role, password)


def _check_new(db: sa.Connection, email: str, name: str) -> None:
    email = email.strip().lower()
    if not name.strip():
        raise Refused("name_missing", "Enter your name.", "name")
    if "@" not in email or len(email) > 254 or any(mark.isspace() for mark in email):
        raise Refused("email_wrong", "Enter an e-mail address.", "email")
    if db.scalar(sa.select(users.c.id).where(users.c.email == email)) is not None:
        raise Refused("email_used", "There is an account with this address.", "email")


def add(
    database: Database, db: sa.Connection, email: str, name: str, role: str, password: str | None
) -> User:
    """Make an account."""
    made = db.execute(
        sa.insert(users).values(
            email=email.strip().lower(),
            name=name.strip()[:100],
            role=role,
            password=hash_password(password) if password is not None else None,
            active=True,
            created_at=now(),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    log.append(database, db, name.strip()[:100], "account", user=key[0], role=role)
    return get(db, key[0])


def get(db: sa.Connection, user_id: int) -> User:
    """One account."""
    row = db.execute(sa.select(users).where(users.c.id == user_id)).one()
    return User(row.id, row.email, row.name, row.role, row.active)


def everyone(db: sa.Connection) -> list[User]:
    """All accounts."""
    return [
        User(row.id, row.email, row.name, row.role, row.active)
        for row in db.execute(sa.select(users).order_by(users.c.name))
    ]


def change(
    database: Database, db: sa.Connection, user_id: int, role: str, active: bool, by: User
) -> None:
    """Change an account's role, or turn it off, which ends its sessions.

    :raises Refused: no admin would be left.
    """
    others = db.scalar(
        sa.select(sa.func.count()).where(
            users.c.role == "admin", users.c.active, users.c.id != user_id
        )
    )
    if not others and (role != "admin" or not active):
        raise Refused("last_admin", "Keep one active admin account.")
    if role not in ROLES:
        raise Refused("role_unknown", "Choose a role.", "role")
    db.execute(sa.update(users).where(users.c.id == user_id).values(role=role, active=active))
    if not active:
        db.execute(sa.delete(sessions).where(sessions.c.user_id == user_id))
    log.append(database, db, by.name, "account", user=user_id, role=role, active=active)


def sign_in(database: Database, email: str, password: str, address: str) -> str:
    """Check a password and begin a session. Returns the session's token.

    :raises Refused: they don't fit, or there were too many attempts.
    """
    email = email.strip().lower()
    keys = [f"sign-in:{database.keys.fingerprint(what)}" for what in (email, f"ip:{address}")]
    with database.begin() as db:
        for key in keys:
            limit(db, key, _TRIES if key == keys[0] else _TRIES * 5, _WINDOW)
        row = db.execute(sa.select(users).where(users.c.email == email)).first()
    phc = row.password if row is not None and row.password else DUMMY.get()
    fits = password_is(password[:MAX_PASSWORD], phc)
    with database.begin() as db:
        if not fits or row is None or not row.active or not row.password:
            log.append(database, db, "portal", "sign_in_refused")
        else:
            db.execute(sa.delete(attempts).where(attempts.c.key == keys[0]))
            return begin_session(db, row.id)
    raise Refused("sign_in_refused", "The e-mail address or the password is wrong.", "email")


def vouched(database: Database, db: sa.Connection, email: str, name: str, role: str) -> str | None:
    """Begin a session for someone whom the single sign-on vouches for. Returns its token.

    Without an account, one is made with ``role``; without a role, or for an account that is turned
    off, nobody is signed in.
    """
    row = db.execute(sa.select(users).where(users.c.email == email)).first()
    if row is None and role:
        return begin_session(db, add(database, db, email, name, role, None).id)
    if row is None or not row.active:
        log.append(database, db, "portal", "sign_in_refused")
        return None
    return begin_session(db, row.id)


def begin_session(db: sa.Connection, user_id: int) -> str:
    """Begin a session. Returns its token."""
    token = secrets.token_urlsafe(32)
    db.execute(
        sa.insert(sessions).values(
            token_hash=hash_token(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            created=time.time(),
            seen=time.time(),
        )
    )
    return token


def session(db: sa.Connection, token: str, idle_seconds: float) -> Session | None:
    """The session of a token, if it isn't over. Marks it as seen, once a minute at most."""
    row = db.execute(sa.select(sessions).where(sessions.c.token_hash == hash_token(token))).first()
    if row is None:
        return None
    moment = time.time()
    user = get(db, row.user_id)
    over = moment - row.seen > idle_seconds or moment - row.created > _SESSION_SECONDS
    if over or not user.active:
        db.execute(sa.delete(sessions).where(sessions.c.token_hash == row.token_hash))
        return None
    if moment - row.seen > 60:
        db.execute(
            sa.update(sessions).where(sessions.c.token_hash == row.token_hash).values(seen=moment)
        )
    return Session(user, row.csrf)


def end_session(db: sa.Connection, token: str) -> None:
    """Sign out."""
    db.execute(sa.delete(sessions).where(sessions.c.token_hash == hash_token(token)))
