"""Figures of a year: how many requests came in, how they ended, and how many days they took.

California asks for them by 11 CCR 7102: received, complied with, denied, and the median and mean days.
"""

from __future__ import annotations

import csv
import datetime
import io
import statistics
from collections.abc import Iterable

import attrs
import sqlalchemy as sa

from te_connector.portal.store.tables import requests

HEADINGS = (
    "Year of receipt", "Law", "Kind", "Received", "Done", "Denied", "Stopped", "Open",
    "Median days", "Mean days",
)  # fmt: skip


@attrs.frozen
class Figures:
    """The figures of one year, law, and kind. Days are from receipt to the answer (done or denied)."""

    year: int
    law: str
    kind: str
    received: int
    done: int
    denied: int
    stopped: int
    open: int
    median_days: float | None
    mean_days: float | None


def every(db: sa.Connection, zone: datetime.tzinfo) -> list[Figures]:
    """All figures, the newest year first. Merged requests count once."""
    columns = requests.c
    query = sa.select(
        columns.received, columns.law, columns.kind, columns.state, columns.closed_at
    ).where(columns.merged_into.is_(None))
    groups: dict[tuple[int, str, str], list[tuple[str, int | None]]] = {}
    for row in db.execute(query):
        received = datetime.date.fromisoformat(row.received)
        days = None
        if row.closed_at is not None:
            closed = datetime.datetime.fromisoformat(row.closed_at).astimezone(zone).date()
            days = (closed - received).days
        groups.setdefault((received.year, row.law, row.kind), []).append((row.state, days))
    ordered = sorted(groups.items(), key=lambda item: (-item[0][0], *item[0][1:]))
    return [_figures(*key, found) for key, found in ordered]


def _figures(year: int, law: str, kind: str, found: list[tuple[str, int | None]]) -> Figures:
    states = [state for state, _ in found]
    days = [number for state, number in found if state in ("done", "denied") and number is not None]
    done, denied, stopped = (states.count(name) for name in ("done", "denied", "stopped"))
    return Figures(
        year=year,
        law=law,
        kind=kind,
        received=len(found),
        done=done,
        denied=denied,
        stopped=stopped,
        open=len(found) - done - denied - stopped,
        median_days=statistics.median(days) if days else None,
        mean_days=round(statistics.mean(days), 1) if days else None,
    )


def as_csv(found: Iterable[Figures]) -> str:
    """The figures as CSV, with a heading for each column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for one in found:
        writer.writerow(["" if value is None else value for value in attrs.astuple(one)])
    return text.getvalue()
