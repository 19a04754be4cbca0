"""The table in ``docs/erasure.md`` is the one that decides."""

from __future__ import annotations

from pathlib import Path

from te_connector.operations.erasure.outcomes import ANSWERS, READINGS, TABLE

DOC = Path(__file__).parents[2] / "docs" / "erasure.md"
NEXT = {None: "", "read": "read again", "delete": "send DELETE again"}


def test_the_documented_table_is_the_table_that_decides():
    found = []
    for line in DOC.read_text().splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if len(cells) == 4 and cells[0] in ANSWERS and cells[1] in READINGS:
            found.append(cells)
    assert found == [
        (answer, reading, NEXT[outcome.first], f"`{outcome.status}`")
        for (answer, reading), outcome in TABLE.items()
    ]


def test_only_proven_absence_is_verified():
    for (_, reading), outcome in TABLE.items():
        assert outcome.verified == (reading == "absent")
