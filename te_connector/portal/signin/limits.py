"""Limits on attempts: for sign-in, codes, and links."""

from __future__ import annotations

import time

import sqlalchemy as sa

from te_connector.portal.refusal import Refused
from te_connector.portal.store.tables import attempts


def limit(db: sa.Connection, key: str, attempts_allowed: int, seconds: float) -> None:
    """Count an attempt.

    :raises Refused: there were too many within the time (``too_many``).
    """
    if is_over(db, key, attempts_allowed, seconds):
        raise Refused("too_many", "Too many attempts. Wait 15 minutes and try again.")
    count(db, key)


def is_over(db: sa.Connection, key: str, attempts_allowed: int, seconds: float) -> bool:
    """Whether there were too many attempts within the time."""
    recent = db.scalar(
        sa.select(sa.func.count()).where(
            attempts.c.key == key, attempts.c.at > time.time() - seconds
        )
    )
    return (recent or 0) >= attempts_allowed


def count(db: sa.Connection, key: str) -> None:
    """Count an attempt. What is over a day old is forgotten."""
    moment = time.time()
    db.execute(sa.delete(attempts).where(attempts.c.at < moment - 86400))
    db.execute(sa.insert(attempts).values(key=key, at=moment))
