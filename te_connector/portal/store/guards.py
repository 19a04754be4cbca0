"""What the database itself refuses, on SQLite and Postgres: illegal state changes and log edits.

Two officers, two windows, or two processes can all be stopped by one thing only: a rule in the
database that every one of them goes through.
"""

from __future__ import annotations

import sqlalchemy as sa

from te_connector.portal.store.states import CHANGES

LOG_MONTHS = 24
"""How long a log entry can't be deleted. California asks for 24 months (11 CCR 7101)."""

_LEGAL = "EXISTS (SELECT 1 FROM transitions t WHERE t.before = OLD.state AND t.after = NEW.state)"
_APPROVED = (
    "(SELECT count(DISTINCT a.user_id) FROM approvals a WHERE a.request_id = NEW.id"
    " AND a.digest = NEW.approved_digest) >= NEW.needs_approvals"
)

_SQLITE = (
    f"""CREATE TRIGGER requests_state BEFORE UPDATE ON requests
    WHEN NEW.state <> OLD.state AND NOT {_LEGAL}
    BEGIN SELECT RAISE(ABORT, 'illegal state change'); END""",
    f"""CREATE TRIGGER requests_approval BEFORE UPDATE ON requests
    WHEN NEW.state <> OLD.state AND NEW.state = 'approved'
      AND (NEW.approved_digest IS NULL OR NOT {_APPROVED} OR NOT NEW.identity_checked)
    BEGIN SELECT RAISE(ABORT, 'not approved'); END""",
    """CREATE TRIGGER requests_kind BEFORE UPDATE ON requests
    WHEN (NEW.state = 'deleting' AND NEW.kind <> 'erasure')
      OR (NEW.state = 'releasing' AND NEW.kind <> 'access')
    BEGIN SELECT RAISE(ABORT, 'wrong kind of request'); END""",
    """CREATE TRIGGER requests_begin BEFORE INSERT ON requests WHEN NEW.state <> 'received'
    BEGIN SELECT RAISE(ABORT, 'a request begins as received'); END""",
    """CREATE TRIGGER log_update BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    f"""CREATE TRIGGER log_delete BEFORE DELETE ON log
    WHEN OLD.at > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{LOG_MONTHS} months')
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER receipts_final BEFORE UPDATE ON receipts
    WHEN OLD.status IS NOT NULL AND NEW.status IS NOT OLD.status
    BEGIN SELECT RAISE(ABORT, 'a receipt is final'); END""",
)

_POSTGRES = (
    f"""CREATE FUNCTION te_requests_guard() RETURNS trigger AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
      IF NEW.state <> 'received' THEN RAISE EXCEPTION 'a request begins as received'; END IF;
      RETURN NEW;
    END IF;
    IF NEW.state <> OLD.state THEN
      IF NOT {_LEGAL} THEN RAISE EXCEPTION 'illegal state change'; END IF;
      IF NEW.state = 'approved' AND (NEW.approved_digest IS NULL OR NOT {_APPROVED}
        OR NOT NEW.identity_checked) THEN RAISE EXCEPTION 'not approved'; END IF;
      IF (NEW.state = 'deleting' AND NEW.kind <> 'erasure')
        OR (NEW.state = 'releasing' AND NEW.kind <> 'access') THEN
        RAISE EXCEPTION 'wrong kind of request'; END IF;
    END IF;
    RETURN NEW; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER requests_guard BEFORE INSERT OR UPDATE ON requests
    FOR EACH ROW EXECUTE FUNCTION te_requests_guard()""",
    f"""CREATE FUNCTION te_log_guard() RETURNS trigger AS $$ BEGIN
    IF TG_OP = 'DELETE' AND OLD.at <= to_char(
      (now() AT TIME ZONE 'utc') - interval '{LOG_MONTHS} months', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the log is append-only'; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER log_guard BEFORE UPDATE OR DELETE ON log
    FOR EACH ROW EXECUTE FUNCTION te_log_guard()""",
    """CREATE FUNCTION te_receipts_guard() RETURNS trigger AS $$ BEGIN
    IF OLD.status IS NOT NULL AND NEW.status IS DISTINCT FROM OLD.status THEN
      RAISE EXCEPTION 'a receipt is final'; END IF;
    RETURN NEW; END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER receipts_guard BEFORE UPDATE ON receipts
    FOR EACH ROW EXECUTE FUNCTION te_receipts_guard()""",
)


def create(db: sa.Connection) -> None:
    """Create the triggers, and fill the table of legal changes from ``states``."""
    from te_connector.portal.store.tables import transitions

    db.execute(
        sa.insert(transitions),
        [{"before": before, "after": after} for before, after in sorted(CHANGES)],
    )
    for statement in _POSTGRES if db.dialect.name == "postgresql" else _SQLITE:
        db.exec_driver_sql(statement.replace("%", "%%"))
