"""Thirty days of Direct Contact in a minute, with the process killed at random moments.

``TE_TEST_KILLS=N`` runs it with N kills; the default is a short run.
"""

from __future__ import annotations

import datetime
import os
import random
import signal
import subprocess
import sys
import time
from mailbox import mailbox_fixture  # noqa: F401  a fixture

import pytest
import sqlalchemy as sa

from te_connector.portal import connections, mail
from te_connector.portal.desk import intake, requests
from te_connector.portal.direct import answers, asking, reminding, tasks
from te_connector.portal.direct.answers import Answer
from te_connector.portal.refusal import Actor
from te_connector.portal.serve import opened
from te_connector.portal.settings import Choices, PortalSettings
from te_connector.portal.signin import accounts
from te_connector.portal.store.database import after, now
from te_connector.portal.store.tables import outbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KILLS = int(os.environ.get("TE_TEST_KILLS", "6"))
OFFICER = Actor("Olive", 1, "admin")
RUN = """
import sys
from pathlib import Path
from te_connector.portal import mail
from te_connector.portal.direct import reminding
from te_connector.portal.serve import opened
from te_connector.portal.settings import PortalSettings
settings = PortalSettings(Path(sys.argv[1]), {}, smtp_url=sys.argv[2])
database = opened(settings)
for moment in sys.stdin.read().split():
    print(moment, flush=True)
    reminding.tick(database, settings, moment)
    mail.send_waiting(database, settings)
print("over", flush=True)
"""


@pytest.fixture(name="settings")
def _settings(tmp_path, mailbox, monkeypatch):
    monkeypatch.setenv("TE_KEY_FILE", str(tmp_path / "key"))
    return PortalSettings(tmp_path, {}, smtp_url=f"smtp://127.0.0.1:{mailbox.port}")


@pytest.fixture(name="database")
def _database(settings):
    database = opened(settings)
    with database.begin() as db:
        token = accounts.invite(db, "admin", first=True)
        accounts.join(database, db, token, "olive@example.com", "Olive", "a long enough password")
    yield database
    database.close()


def asked(database, *processors):
    """A request that waits for these processors: a name, and the days of its deadline."""
    with database.begin() as db:
        for name, days in processors:
            config = {"mailbox": f"{name}@example.com", "deadline_days": days}
            one = connections.Connection(name, "processor", name, "portal", "main", True, config)
            connections.add(database, db, one, OFFICER)
        person = requests.Person({"email": ["maria@example.com"]}, identity_how="seen")
        new = intake.New("access", "GDPR", datetime.date(2026, 11, 1), person)
        request, _ = intake.create(database, db, new, OFFICER, Choices())
        requests.change_state(database, db, request, "searching", OFFICER)
        asking.plan(database, db, request, Choices(), {})
        return request.id


def run(settings, moments, kill_after=None):
    """Live through the moments; the process is killed after some seconds. Returns what is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(settings.state_dir), settings.smtp_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdin.write("\n".join(moments))
    process.stdin.close()
    lived = []
    begun = None
    for line in process.stdout:
        begun = begun or time.monotonic()
        lived.append(line.strip())
        if kill_after is not None and time.monotonic() - begun > kill_after:
            process.send_signal(signal.SIGKILL)
            break
    process.wait(30)
    process.stdout.close()
    # What was under way may be done or not: it is lived through again.
    return (
        [] if lived[-1:] == ["over"] else moments[moments.index(lived[-1]) :] if lived else moments
    )


def sent_to(mailbox, name):
    """What a mailbox got, each mail once: a mail that was sent twice has one Message-ID."""
    found = {one["Message-ID"]: one["Subject"].split(":")[0] for one in mailbox.seen
             if one["To"] == f"{name}@example.com"}  # fmt: skip
    return [subject.split(" by ")[0] for subject in found.values()]


def test_thirty_days_with_kills_send_the_right_mails_in_order_each_once(
    settings, database, mailbox
):
    number = asked(database, ("late", 14), ("slow", 40), ("quick", 14))
    start = now()
    first = [after(start, days=day) for day in range(3)]
    assert run(settings, first) == []
    with database.begin() as db:
        (quick,) = (
            one for one in tasks.of_request(database, db, number) if one.connection == "quick"
        )
        answers.give(database, db, quick, Answer("nothing", "Q", "quick@example.com", "", True))
    left = [after(start, days=day // 4) for day in range(12, 31 * 4)]
    left = list(dict.fromkeys(left))
    chance = random.Random(7)  # noqa: S311  the moments of the kills
    for _ in range(KILLS):
        left = run(settings, left, chance.uniform(0.0, 0.4)) or left[-1:]
    assert run(settings, left) == []
    with database.begin() as db:  # a mail that was under way at a kill is tried again in 10 minutes
        db.execute(sa.update(outbox).values(next_at="2026-01-01T00:00:00Z"))
    mail.send_waiting(database, settings)

    ask, remind = "Please answer", "Reminder"
    assert sent_to(mailbox, "quick") == [ask]
    assert sent_to(mailbox, "late") == [ask, remind, remind]
    assert sent_to(mailbox, "slow") == [ask, *[remind] * 6]
    assert sent_to(mailbox, "olive") == ["Your decision is needed"]
    with database.begin() as db:
        states = {one.connection: one.state for one in tasks.of_request(database, db, number)}
    assert states == {"quick": "answered", "late": "late", "slow": "asked"}


def test_after_a_week_asleep_there_is_one_reminder_and_the_deadline_is_kept(
    settings, database, mailbox
):
    asked(database, ("asleep", 14))
    start = now()
    for day in (0, 11, 11):
        reminding.tick(database, settings, after(start, days=day))
    mail.send_waiting(database, settings)
    assert sent_to(mailbox, "asleep") == ["Please answer", "Reminder"]
    for day in (30, 12):  # and the clock may be set back
        reminding.tick(database, settings, after(start, days=day))
    mail.send_waiting(database, settings)
    assert sent_to(mailbox, "asleep") == ["Please answer", "Reminder"]


def test_a_rule_skips_a_late_answer_and_mails_that_nothing_is_needed(settings, database, mailbox):
    from te_connector.portal.store.database import set_setting

    number = asked(database, ("skipped", 14))
    with database.begin() as db:
        set_setting(db, "choices", {"late_processor": "skip"})
    for day in (0, 15):
        reminding.tick(database, settings, after(now(), days=day))
    mail.send_waiting(database, settings)
    assert sent_to(mailbox, "skipped") == ["Please answer", "Withdrawn"]
    with database.begin() as db:
        (task,) = tasks.of_request(database, db, number)
    assert (task.state, task.is_settled, task.was_looked_at) == ("skipped", True, False)
