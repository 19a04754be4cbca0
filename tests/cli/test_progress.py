"""Progress on stderr."""

from __future__ import annotations

import pytest
from command import MARIA, command_fixture, fetched  # noqa: F401

from te_connector.cli import progress as progresses
from te_connector.cli.progress import Progress, _duration


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def pages(read, known, sent, found=3):
    return {
        "event": "pages",
        "object_type": "contact",
        "read": read,
        "known": known,
        "found": found,
        "sent": sent,
    }


def test_without_a_terminal_it_prints_a_line_now_and_then(capsys):
    clock = Clock()
    with Progress((1000, 60.0), quiet=False, clock=clock) as progress:
        progress({"event": "object_type", "object_type": "contact"})
        for second in range(26):
            clock.now = float(second)
            progress(pages(10 * second, 2000, 10 * second))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "contact: 100 of 2,000 pages, 3 found, 100 of 1,000 requests/min, about 3 min 10 s left",
        "contact: 200 of 2,000 pages, 3 found, 200 of 1,000 requests/min, about 3 min 00 s left",
    ]


def test_quiet_says_nothing(capsys):
    clock = Clock()
    with Progress((1000, 60.0), quiet=True, clock=clock) as progress:
        clock.now = 60.0
        progress(pages(1, 2, 3))
    assert capsys.readouterr().err == ""


def test_it_shows_why_it_waits():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress({"event": "waiting", "why": "quota", "seconds": 12.0})
    assert "waiting 12 s: request limit reached" in progress.line()
    progress({"event": "waiting", "why": "retry", "seconds": 200.0})
    assert "waiting 3 min 20 s: retrying after an error" in progress.line()
    progress({"event": "waiting", "seconds": 2.0})
    assert "the server asked to wait" in progress.line()
    clock.now = 500.0
    assert "waiting" not in progress.line()
    progress({"event": "ids", "found": 2})
    assert progress.line() == "Signing in: 2 found"


def test_it_counts_deletions_and_forgets_old_requests():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress({"event": "deletions", "name": "Deleting", "done": 2, "of": 3})
    assert progress.line() == "Deleting: 2 of 3 objects"
    for second in range(100):
        clock.now = float(second)
        progress(pages(second, 1000, second))
    assert progress.line().startswith("Deleting: 99 of 1,000 objects, 60 of 1,000 requests/min")
    assert len(progress._sent) == len(progress._pages) == 61


def test_the_estimate_considers_the_request_limit():
    clock = Clock()
    progress = Progress((100, 30.0), quiet=True, clock=clock)
    for tick in range(3):
        clock.now = float(tick)
        progress(pages(40 * tick, 480, 40 * tick))
    assert progress.line() == (
        "Signing in: 80 of 480 pages, 3 found, 80 of 100 requests/30 s, about 1 min 54 s left"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min 00 s"), (9000, "2 h 30 min")]
)
def test_durations(seconds, text):
    assert _duration(seconds) == text


def test_progress_of_a_slow_fetch_has_no_personal_data(command, vendor, monkeypatch):
    monkeypatch.setattr(progresses, "LINE_SECONDS", 0.0)
    ran = fetched(command, "--json")
    assert "contact: " in ran.err
    assert MARIA not in ran.err
    assert ran.document


def test_the_connectors_own_estimate_comes_first():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress({**pages(10, 20, 10), "seconds_left": 45.0})
    assert progress.line().endswith("about 45 s left")
    clock.now = 5.0
    assert progress.line().endswith("about 40 s left")


def test_a_narrow_line_keeps_the_time_left_and_the_reason_for_waiting():
    clock = Clock()
    progress = Progress((1000, 60.0), quiet=True, clock=clock)
    progress({"event": "object_type", "object_type": "contact_survey_response"})
    progress({**pages(1234, 98765, 1000), "seconds_left": 5400.0})
    progress({"event": "waiting", "why": "quota", "seconds": 42.0})
    assert progress.line(80) == (
        "contact_survey_response: about 1 h 30 min left, waiting 42 s: request limit reached"
    )
    assert len(progress.line(120)) <= 120
    assert "1,234 of 98,765 pages" in progress.line(120)
