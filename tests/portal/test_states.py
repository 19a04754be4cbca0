"""The database refuses what the table of legal changes doesn't have."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from te_connector.deletion.evidence import read
from te_connector.portal import dates, schedule
from te_connector.portal.desk import findings, intake, requests
from te_connector.portal.refusal import SYSTEM
from te_connector.portal.release import evidence
from te_connector.portal.settings import Choices
from te_connector.portal.store import log, states
from te_connector.portal.store.crypto import Keys
from te_connector.portal.store.database import Database
from te_connector.portal.store.tables import log as log_table
from te_connector.portal.store.tables import requests as table


@pytest.fixture(name="database")
def _database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}", Keys.load())
    database.migrate()
    yield database
    database.close()


def make(database, kind="access"):
    person = requests.Person({"email": ["maria.alvarez@example.com"]}, identity_how="call")
    new = intake.New(kind, "CCPA", datetime.date(2026, 11, 2), person)
    with database.begin() as db:
        return intake.create(database, db, new, SYSTEM, Choices())[0].id


@pytest.mark.slow
def test_the_database_refuses_every_change_that_the_table_does_not_have(database):
    number = make(database)
    refused = 0
    for before in states.STATES:
        for after in states.STATES:
            if before == after or states.is_legal(before, after):
                continue
            with database.engine.connect() as db, db.begin() as work:
                # Force the state that the change starts from, with the triggers off.
                saved = (
                    db.exec_driver_sql(
                        "SELECT sql FROM sqlite_master WHERE type='trigger' AND tbl_name='requests'"
                    )
                    .scalars()
                    .all()
                )
                for name in ("requests_state", "requests_approval", "requests_kind"):
                    db.exec_driver_sql(f"DROP TRIGGER {name}")
                db.execute(sa.update(table).values(state=before))
                for sql in saved:
                    if "requests_begin" not in sql:
                        db.exec_driver_sql(sql)
                with pytest.raises(sa.exc.IntegrityError):
                    db.execute(sa.update(table).where(table.c.id == number).values(state=after))
                refused += 1
                work.rollback()
    assert refused > 50


def test_nothing_is_approved_without_an_approval_of_its_digest(database):
    number = make(database)
    with database.begin() as db:
        for state in ("searching", "review"):
            db.execute(sa.update(table).where(table.c.id == number).values(state=state))
    with pytest.raises(sa.exc.IntegrityError), database.begin() as db:
        db.execute(sa.update(table).values(state="approved", approved_digest="0" * 64))


def test_an_entry_of_the_log_can_be_neither_changed_nor_deleted(database):
    make(database)
    with pytest.raises(sa.exc.IntegrityError), database.begin() as db:
        db.execute(sa.update(log_table).values(actor="someone else"))
    with pytest.raises(sa.exc.IntegrityError), database.begin() as db:
        db.execute(sa.delete(log_table))
    with database.begin() as db:
        assert list(log.verify(db)) == []


def test_no_identifier_is_readable_in_the_database_file(database, tmp_path):
    make(database)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("portal.sqlite*"))
    assert b"maria" not in content.lower()


def test_evidence_is_kept_when_the_personal_data_is_removed(database):
    number = make(database, "erasure")
    found = {
        "coverage": [],
        "problems": [],
        "near_misses": [],
        "records": [
            {
                "subject": str(number), "object_type": "contact", "id": "7", "digest": "d",
                "strength": "strong", "deletable": True, "matched_by": [], "data": {"name": "Maria"},
            }
        ],
    }  # fmt: skip
    with database.begin() as db:
        findings.store(database, db, number, "default", found)
        request = requests.get(database, db, number)
        requests.change_state(database, db, request, "stopped", SYSTEM, reason="Maria withdrew it")
        schedule.purge_one(database, db, number)
    with database.begin() as db:
        assert findings.every(database, db, number) == []
        content = evidence.make(database, db, requests.get(database, db, number), Choices())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        decisions = json.loads(archive.read("decisions.json"))
    assert [one["id"] for one in decisions["objects"]] == ["7"]
    assert b"Maria" not in everything
    assert read(content, evidence.public_key(database)).faults == ()


@pytest.mark.parametrize(
    ("law", "received", "extended", "due"),
    [
        (dates.GDPR, "2026-01-31", False, "2026-02-28"),
        (dates.GDPR, "2026-01-31", True, "2026-04-30"),
        (dates.CCPA, "2026-01-01", False, "2026-02-15"),
        (dates.CCPA, "2026-01-01", True, "2026-04-01"),
    ],
)
def test_due_dates_count_from_receipt(law, received, extended, due):
    day = dates.due(law, datetime.date.fromisoformat(received), extended=extended)
    assert day.isoformat() == due


def test_an_identity_check_pauses_the_gdpr_clock_only():
    day = datetime.date(2026, 3, 1)
    assert dates.due(dates.GDPR, day, paused_days=5) == datetime.date(2026, 4, 6)
    assert dates.due(dates.CCPA, day, paused_days=5) == datetime.date(2026, 4, 15)


def test_the_docs_have_the_table_of_legal_changes():
    text = (Path(__file__).resolve().parents[2] / "docs" / "portal.md").read_text()
    for state in states.STATES:
        after = ", ".join(one for one in states.STATES if (state, one) in states.CHANGES)
        assert f"| {state} | {states.MEANINGS[state]} | {after or 'final'} |" in text
