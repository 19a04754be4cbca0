"""Approval: bound to the digest of what was shown, by one officer or two."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import sqlalchemy as sa

from te_connector.portal.desk import findings, requests
from te_connector.portal.direct import uploads
from te_connector.portal.refusal import Actor, Refused
from te_connector.portal.release import packages
from te_connector.portal.settings import Choices
from te_connector.portal.store import log
from te_connector.portal.store.database import Database, now
from te_connector.portal.store.tables import approvals, users


@attrs.frozen
class Approval:
    """One officer's approval of what a digest stands for."""

    user_id: int
    name: str
    at: str
    digest: str


def digest_to_approve(
    database: Database, db: sa.Connection, request: requests.Request
) -> str | None:
    """The digest of what would be released or deleted now; None before the package is made."""
    if request.kind == "erasure":
        return packages.basis_of(database, db, request)
    made = packages.current(database, db, request)
    if made is None or made.basis != packages.basis_of(database, db, request):
        return None
    return made.digest


def approve(
    database: Database,
    db: sa.Connection,
    request: requests.Request,
    user_id: int,
    digest: str,
    choices: Choices,
    reason: str = "",
) -> bool:
    """Approve what was shown. Returns whether the request is approved now, or needs another.

    :raises Refused: something changed since it was shown, the identity isn't checked, the search is
        incomplete and there is no reason, or the user approved before.
    """
    user = _user(db, user_id)
    given = of(db, request.id, digest)
    _check_request(database, db, request, digest)
    _check_user(user, given, request)
    whole = _check_coverage(database, db, request, reason)
    db.execute(
        sa.insert(approvals).values(request_id=request.id, user_id=user_id, digest=digest, at=now())
    )
    detail = {"digest": digest, "complete": whole, "number": len(given) + 1}
    log.append(
        database, db, user.name, "approved",
        request_id=request.id, reason=reason or None, user_id=user_id, **detail,
    )  # fmt: skip
    if len(given) + 1 < needed(request, choices):
        requests.update(database, db, request, {})
        return False
    values = {"approved_digest": digest}
    requests.change_state(database, db, request, "approved", user, values=values, digest=digest)
    return True


def _user(db: sa.Connection, user_id: int) -> Actor:
    row = db.execute(sa.select(users.c.name, users.c.role).where(users.c.id == user_id)).one()
    return Actor(row.name, user_id, row.role)


def _check_request(
    database: Database, db: sa.Connection, request: requests.Request, digest: str
) -> None:
    if request.state != "review":
        raise Refused(
            "not_in_review",
            "This request isn't in review any more, so your approval didn't count. "
            "Someone else may have approved it.",
        )
    if digest_to_approve(database, db, request) != digest:
        raise Refused("changed_meanwhile", "Something changed since you looked. Look again.")
    if not request.identity_checked:
        raise Refused("identity_unchecked", "Record how identity was checked first.", "identity")
    if uploads.undecided(uploads.of_request(database, db, request.id)):
        raise Refused(
            "files_undecided",
            "Decide about each file that people sent: include it, or leave it out with a reason.",
            "files",
        )


def _check_user(user: Actor, given: Sequence[Approval], request: requests.Request) -> None:
    if user.role == "auditor":
        raise Refused("role_reads", "An auditor can't approve.")
    if any(one.user_id == user.user_id for one in given):
        raise Refused("approved_before", "You approved this. Another person must approve it too.")
    if given and request.needs_approvals > 1 and user.role not in ("approver", "admin"):
        raise Refused("role_missing", "The second approval needs the role approver.")


def _check_coverage(
    database: Database, db: sa.Connection, request: requests.Request, reason: str
) -> bool:
    """Whether the search is complete; if it isn't, there must be a reason to go on."""
    whole = findings.is_complete(findings.of_request(database, db, request.id))
    if not whole and not reason.strip():
        raise Refused(
            "reason_missing", "The search is incomplete. Enter why you go on anyway.", "reason"
        )
    return whole


def needed(request: requests.Request, choices: Choices) -> int:
    """How many approvals a request needs: what was set when it came in, and not less later."""
    return max(request.needs_approvals, choices.approvals_needed(request.kind))


def of(db: sa.Connection, request_id: int, digest: str) -> list[Approval]:
    """The approvals of what a digest stands for."""
    query = (
        sa.select(approvals, users.c.name)
        .join(users, users.c.id == approvals.c.user_id)
        .where(approvals.c.request_id == request_id, approvals.c.digest == digest)
        .order_by(approvals.c.at)
    )
    return [Approval(row.user_id, row.name, row.at, row.digest) for row in db.execute(query)]
