"""Progress, cancel, and deadline, through a real host and a real socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from conftest import Host, coverage_of, subject
from vendor import Hang, Normal, Status, Vendor, contact, many

from te_connector.api.call import Call
from te_connector.api.connection import resolve
from te_connector.errors import Stopped
from te_connector.storage.locks import locked

EMAIL = "maria@example.com"


@pytest.fixture(name="late")
def _late() -> Any:
    """Sets an event after some seconds, and says how long the call went on after it."""
    timers: list[threading.Timer] = []

    class Late(threading.Event):
        at: float | None = None

        def after(self, seconds: float) -> Late:
            timer = threading.Timer(seconds, self.set)
            timers.append(timer)
            timer.start()
            return self

        def set(self) -> None:
            self.at = time.monotonic()
            super().set()

        def since(self) -> float:
            assert self.at is not None
            return time.monotonic() - self.at

    yield Late()
    for timer in timers:
        timer.cancel()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/token", "/contacts"], ids=["in the middle of sign-in", "in the middle of a list"]
)
def test_a_set_cancel_stops_a_blocked_fetch_within_a_second(
    host: Host, vendor: Vendor, connection: dict[str, Any], late: Any, path: str, threads: Any
) -> None:
    vendor.always(".*", path, Hang(30))
    with pytest.raises(Stopped):
        host.fetch(connection, [subject(email=EMAIL)], {"cancel": late.after(0.5)})
    assert late.since() < 1.0  # the promise itself is a time
    vendor.stopping.set()


@pytest.mark.slow
def test_a_set_cancel_stops_a_wait_that_the_server_asked_for(
    host: Host, vendor: Vendor, connection: dict[str, Any], late: Any
) -> None:
    vendor.retry_after = 60
    vendor.always("GET", "/contacts", Status(429, headers={"Retry-After": "60"}))
    with pytest.raises(Stopped):
        host.fetch(connection, [subject(email=EMAIL)], {"cancel": late.after(0.5)})
    assert late.since() < 1.0


def test_what_progress_raises_reaches_the_caller_unchanged(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.tables["contacts"] += many(50)

    class Enough(Exception):
        pass

    error = Enough("enough")

    def progress(_event: Mapping[str, Any]) -> None:
        raise error

    with pytest.raises(Enough) as caught:
        host.fetch(connection, [subject(email=EMAIL)], {"progress": progress})
    assert caught.value is error


@pytest.mark.slow
def test_progress_is_called_in_the_calling_thread_at_least_every_two_seconds(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.tables["contacts"] += many(10)
    vendor.script("GET", "/contacts", [Hang(5), Normal()])
    heard: list[float] = []
    callers: set[int] = set()

    def progress(_event: Mapping[str, Any]) -> None:
        heard.append(time.monotonic())
        callers.add(threading.get_ident())

    host.fetch(connection, [subject(email=EMAIL)], {"progress": progress})
    assert callers == {threading.get_ident()}
    assert max(b - a for a, b in zip(heard, heard[1:], strict=False)) <= 2.0


@pytest.mark.slow
def test_a_fetch_returns_at_its_deadline_with_what_it_has(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.tables["contacts"] += [contact(1, email=EMAIL)]
    vendor.always("GET", "/users", Hang(30))
    started = time.monotonic()
    got = host.fetch(connection, [subject(email=EMAIL)], {"deadline": 2})
    assert time.monotonic() - started < 4
    assert [record["id"] for record in got["records"]] == ["1"]
    assert coverage_of(got, "contact")["complete"]
    assert not coverage_of(got, "user")["complete"]
    late = coverage_of(got, "contact_survey_response")
    assert (late["method"], late["complete"]) == ("scan", False)
    assert "deadline_reached" in {problem["code"] for problem in got["problems"]}
    vendor.stopping.set()


@pytest.mark.slow
def test_a_deadline_that_passes_during_sign_in_gives_an_answer_too(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    vendor.always("POST", "/token", Hang(30))
    got = host.fetch(connection, [subject(email=EMAIL)], {"deadline": 0.5})
    assert got["records"] == []
    assert {(entry["requests"], entry["complete"]) for entry in got["coverage"]} == {(0, False)}
    assert "deadline_reached" in {problem["code"] for problem in got["problems"]}
    vendor.stopping.set()


def test_events_from_other_threads_come_in_the_order_in_which_they_were_sent() -> None:
    seen: list[Any] = []
    call = Call(seen.append)

    def work() -> str:
        for n in range(100):
            call.tell({"event": "ids", "found": n})
        return "done"

    assert call.run(work, lambda _reason: None) == "done"
    assert [event["found"] for event in seen] == list(range(100))


def test_an_error_of_the_work_is_raised_as_it_was() -> None:
    error = KeyError("x")

    def work() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        Call().run(work, lambda _reason: None)
    assert caught.value is error


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["fetch", "delete"])
def test_progress_is_called_while_the_sign_in_is_not_answered(
    host: Host, vendor: Vendor, connection: dict[str, Any], threads: Any, wanted: str
) -> None:
    vendor.always(".*", "/token", Hang(30))
    heard = threading.Event()
    options = {"cancel": heard, "progress": lambda _event: heard.set()}
    person = subject(email=EMAIL)
    with pytest.raises(Stopped):  # progress itself stops the call, so it was called
        if wanted == "fetch":
            host.fetch(connection, [person], options)
        else:
            host.delete(connection, "contact", "2317", person, options)
    assert heard.is_set()
    vendor.stopping.set()


@pytest.mark.slow
def test_waiting_for_the_lock_of_the_token_is_reported(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    heard = threading.Event()
    waits: list[Any] = []

    def progress(event: Mapping[str, Any]) -> None:
        if event.get("why") == "lock":
            waits.append(event)
            heard.set()

    settings = resolve(connection)
    account = settings.state.account(settings.base_url, settings.client_id)
    with locked(account / "token.lock"), pytest.raises(Stopped):
        host.fetch(connection, [subject(email=EMAIL)], {"cancel": heard, "progress": progress})
    assert waits[0]["event"] == "waiting"
