"""A request with 2,000 records stays usable."""

from __future__ import annotations

import re

import pytest
from portal_process import Officer, Portal

from te_connector.portal.desk import findings
from te_connector.portal.store.crypto import Keys
from te_connector.portal.store.database import Database, sqlite_url
from te_connector.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]
MANY = 2000
WHY = "Not this person's"


def found(number):
    """What a search finds: 2,000 strong matches and 120 weak ones."""
    records = [
        {
            "subject": str(number), "object_type": "contact", "id": str(index), "digest": f"d{index}",
            "strength": "strong" if index < MANY else "weak", "deletable": True, "matched_by": [],
            "data": {"id": index, "first_name": f"Maria {index}", "notes": "n" * 1000},
        }
        for index in range(MANY + 120)
    ]  # fmt: skip
    coverage = [
        {
            "object_type": "contact",
            "method": "scan",
            "complete": True,
            "seen": 9000,
            "reason": "",
            "requests": 90,
            "fields": {"email": ["email"]},
        }
    ]
    return {"coverage": coverage, "problems": [], "near_misses": [], "records": records}


def ids(page, checked=""):
    return re.findall(rf'name="chosen" value="(\d+)"[^>]*{checked}', page)


def test_2000_records_are_reviewed_in_pages_of_50_and_choices_are_kept(tmp_path, monkeypatch):
    with Sandbox(contacts=12) as sandbox:
        portal = Portal(sandbox, tmp_path)
        try:
            officer = Officer(portal, portal.first_link())
            number = officer.new(kind="access", email="nobody@example.com")
            officer.wait_for(number, "In review")
            monkeypatch.setenv("TE_KEY_FILE", portal.env["TE_KEY_FILE"])
            database = Database(sqlite_url(tmp_path / "state" / "portal"), Keys.load())
            with database.begin() as db:
                findings.store(database, db, number, "default", found(number))
            database.close()
            review(officer, f"/requests/{number}")
        finally:
            portal.stop()


def review(officer, address):
    page = officer.get(address).text
    assert "2,120 found, 2,000 chosen" in page
    assert "Objects 1 to 50 of 2,000" in page and "Objects 1 to 50 of 120" in page
    shown = ids(page)[:50]
    left = shown[0]
    answer = officer.post(
        f"{address}/objects", shown=shown, chosen=shown[1:], go="after=50", **{f"why-{left}": WHY}
    )
    assert "Objects 51 to 100 of 2,000" in answer.text, "saved, and the page turned"
    assert left not in ids(answer.text)
    last = officer.get(f"{address}?after=1950&weak_after=100").text
    assert "Objects 1951 to 2000 of 2,000" in last and "Objects 101 to 120 of 120" in last
    assert len(ids(last)) == 70
    again = officer.get(address).text
    assert (
        left not in ids(again, " checked") and f'value="{WHY.replace(chr(39), "&#39;")}"' in again
    )
    assert "1,999 chosen" in again

    nothing = officer.post(f"{address}/all-of-type", type="default/contact", chosen="no", why="")
    assert nothing.status_code == 409 and "Enter a reason" in nothing.text
    officer.post(f"{address}/all-of-type", type="default/contact", chosen="no", why=WHY)
    assert "2,120 found, 0 chosen" in officer.page
    officer.post(f"{address}/all-of-type", type="default/contact", chosen="yes")
    assert "2,120 found, 2,000 chosen" in officer.page, "weak matches stay out"
    officer.post(f"{address}/package")
    assert "Preview the exact package" in officer.page
