"""The vendor's limits hold as sliding windows, for threads and processes, whatever happens."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import subject
from hypothesis import given, settings
from hypothesis import strategies as st
from vendor import Status, Vendor, contact

from te_connector.api.limiter import Limiter
from te_connector.api.quota import Slot, Window
from te_connector.errors import StateError
from te_connector.manifest.model import Limit


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def drain(window, clock, *, answer_after=0.0):
    """Take slots until none is free; gives how many."""
    count = 0
    while isinstance(slot := window.take(), Slot):
        clock.now += answer_after
        window.answered(slot)
        count += 1
    return count


@pytest.fixture(name="clock")
def _clock():
    return Clock()


def test_as_many_as_permitted_at_once_and_no_more_until_the_window_has_passed(tmp_path, clock):
    """A burst of the whole limit is fine; the next waits for the window since the answer."""
    window = Window(tmp_path / "w.window", Limit(5, 60), 40, clock)
    assert drain(window, clock) == 5
    assert window.take() == pytest.approx(60)
    clock.now += 59.9
    assert not isinstance(window.take(), Slot)
    clock.now += 0.2
    assert drain(window, clock) == 5


def test_a_slot_is_held_from_the_answer_on(tmp_path, clock):
    """The vendor counts arrivals, which lie before the answer."""
    window = Window(tmp_path / "w.window", Limit(1, 60), 40, clock)
    slot = window.take()
    clock.now += 30
    window.answered(slot)
    assert window.take() == pytest.approx(60)


def test_a_slot_of_a_killed_process_frees_itself(tmp_path, clock):
    """A slot whose answer never came is free when its request must be over and the window passed."""
    window = Window(tmp_path / "w.window", Limit(1, 60), 40, clock)
    assert isinstance(window.take(), Slot)
    clock.now += 99
    assert not isinstance(window.take(), Slot)
    clock.now += 2
    assert isinstance(window.take(), Slot)


def test_a_refunded_slot_is_free_at_once(tmp_path, clock):
    """A request that never left this machine does not count."""
    window = Window(tmp_path / "w.window", Limit(1, 60), 40, clock)
    window.refund(window.take())
    assert isinstance(window.take(), Slot)


def test_slots_that_were_taken_ahead_and_given_back_are_free_at_once(tmp_path, clock):
    """In a ring a free slot between taken ones would wait for its turn, so turns go back too."""
    window = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    first, *others = window.take_several(7)
    window.answered(first)
    window.refund(*others)
    assert drain(window, clock) == 9


def test_what_is_given_back_after_somebody_else_took_slots_takes_none_of_those(tmp_path, clock):
    """The turns of the others stay theirs."""
    one = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    ahead, theirs = one.take_several(3), other.take_several(2)
    one.refund(*ahead)
    assert one.left() == 8
    for slot in theirs:
        other.answered(slot)
    assert drain(one, clock) == 8


def test_slots_given_back_between_those_of_others_are_used_before_anybody_waits(tmp_path, clock):
    """Ten are permitted, so ten are sent, though each third turn was given back."""
    one = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    for _ in range(5):
        used, *unused = one.take_several(2)
        other.answered(other.take())
        one.answered(used)
        one.refund(*unused)
    assert one.left() == 0
    assert one.take() == pytest.approx(60)


def test_slots_that_a_killed_process_took_ahead_keep_nobody_waiting_while_others_are_free(
    tmp_path, clock
):
    """They stay taken until their requests must be over, and the turn passes them."""
    killed = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    assert len(killed.take_several(4)) == 4
    assert drain(other, clock) == 6
    clock.now += 61
    assert drain(other, clock) == 6
    clock.now += 40
    assert drain(other, clock) == 4


def test_a_slot_of_a_file_that_was_removed_frees_none_of_the_new_file(tmp_path, clock):
    """Though the turns of the new file begin anew."""
    one = Window(tmp_path / "w.window", Limit(20, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(20, 60), 40, clock)
    ahead = one.take_several(10)
    (tmp_path / "w.window").unlink()
    other.take_several(10)
    one.refund(*ahead)
    one.answered(ahead[0])
    assert other.left() == 10


def test_slots_whose_return_failed_are_used_by_nobody(tmp_path, monkeypatch):
    """They may be free for others already."""
    window = Window(tmp_path / "w.window", Limit(100, 60), 40)
    limiter = Limiter(window)
    turns = [limiter.acquire().turn for _ in range(4)]

    def fails(*_slots):
        raise StateError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(window, "refund", fails)
        with pytest.raises(StateError):
            limiter.give_back()
    turns += [limiter.acquire().turn for _ in range(3)]
    assert turns[:4] == [1, 2, 3, 4]
    assert min(turns[4:]) > 7


def test_slots_taken_ahead_before_the_machine_slept_are_given_back(tmp_path, monkeypatch):
    """Their time is over, though the monotonic clock stood still meanwhile."""
    window = Window(tmp_path / "w.window", Limit(100, 60), 40)
    limiter = Limiter(window)
    for _ in range(4):
        limiter.acquire()
    with monkeypatch.context() as slept:
        real = time.time
        slept.setattr("te_connector.api.limiter.time.time", lambda: real() + 600)
        assert limiter.acquire().turn == 5
    limiter.give_back()
    assert window.left() == 95


def test_an_answer_counts_even_if_the_turn_has_passed_its_slot(tmp_path, clock):
    """Turns pass quickly where only few slots are free."""
    window = Window(tmp_path / "w.window", Limit(3, 60), 40, clock)
    slow, ahead, quick = window.take(), window.take(), window.take()
    for _ in range(4):
        window.refund(ahead)
        ahead = window.take()
    window.answered(slow)
    window.note_answered(quick)
    window.flush()
    clock.now += 61
    assert window.left() == 2


@pytest.mark.parametrize("most", [1, 16, 64])
def test_as_much_is_sent_as_permitted_when_slots_are_taken_ahead(tmp_path, clock, most):
    """Forty requests at once of a tenth of a second, a hundred permitted in three seconds, for a minute.

    Now and then slots are given back, not the ones that were taken last.
    """
    window = Window(tmp_path / "w.window", Limit(100, 3), 42, clock)
    other = Window(tmp_path / "w.window", Limit(100, 3), 42, clock)
    ahead, flying, sent, rng = [], [], 0, random.Random(1)
    while clock.now < 1_000_060:
        clock.now += 0.01
        for slot, at in [one for one in flying if one[1] <= clock.now - 0.1]:
            window.note_answered(slot)
            flying.remove((slot, at))
        while len(flying) < 40:
            if not ahead:
                got = window.take_several(most)
                if isinstance(got, float):
                    break
                ahead = got
                if rng.random() < 0.3:
                    theirs = [slot for slot in [other.take()] if isinstance(slot, Slot)]
                    flying += [(slot, clock.now) for slot in theirs]
                    sent += len(theirs)
                    window.refund(*ahead[1:])
                    ahead = ahead[:1]
            flying.append((ahead.pop(0), clock.now))
            sent += 1
    assert sent > 0.9 * 60 / 3.1 * 100


def test_slots_are_taken_ahead_only_as_far_as_they_are_free(tmp_path, clock):
    """What is free now; a wait if nothing is; and one at most while a pace is kept."""
    window = Window(tmp_path / "w.window", Limit(5, 60), 40, clock)
    assert len(window.take_several(3)) == 3
    assert len(window.take_several(3)) == 2
    assert window.take_several(3) == pytest.approx(100)
    clock.now += 100
    window.answered(window.take(), strained=True)
    clock.now += 20
    assert len(window.take_several(3)) == 1
    assert window.take_several(3) == pytest.approx(12)


def test_a_pause_and_a_pace_show_without_the_lock(tmp_path, clock):
    """A process that took slots ahead learns from the file that another one must slow down."""
    one = Window(tmp_path / "w.window", Limit(1000, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(1000, 60), 40, clock)
    slot = one.take()
    assert not other.holds_back()
    one.pause(17)
    assert other.holds_back()
    clock.now += 17
    assert not other.holds_back()
    one.answered(slot, strained=True)
    assert other.holds_back()
    (tmp_path / "w.window").write_bytes(b"TEWIN")
    assert other.holds_back()


def test_a_slot_taken_ahead_is_not_used_while_another_process_was_asked_to_wait(tmp_path):
    """And it is given back: others may need it when the wait is over."""
    window = Window(tmp_path / "w.window", Limit(100, 60), 40)
    limiter = Limiter(window)
    for _ in range(4):
        window.note_answered(limiter.acquire())
    assert window.left() < 100 - 4
    Window(tmp_path / "w.window", Limit(100, 60), 40).pause(0.5)
    time.sleep(0.05)
    asked = time.monotonic()
    limiter.acquire()
    assert time.monotonic() - asked > 0.3
    limiter.give_back()
    assert window.left() == 100 - 5


def test_a_slot_taken_ahead_is_not_used_much_later(tmp_path, monkeypatch):
    """It is only taken for as long as its request can last, so then it is given back."""
    monkeypatch.setattr("te_connector.api.limiter.RESERVED_SECONDS", 0.05)
    window = Window(tmp_path / "w.window", Limit(100, 60), 40)
    limiter = Limiter(window)
    turns = [limiter.acquire().turn for _ in range(4)]
    time.sleep(0.1)
    turns += [limiter.acquire().turn]
    assert turns == [1, 2, 3, 4, 5]
    limiter.give_back()
    assert window.left() == 95


def test_after_a_fetch_no_slot_is_taken_that_no_request_used(host, vendor, connection):
    """However many were taken ahead meanwhile."""
    for number in range(1, 40):
        vendor.tables["contacts"].append(contact(number))
    host.fetch(connection, [subject(email="ada@example.com")], {"object_types": ["contact"]})
    (path,) = Path(connection["state_dir"]).rglob("requests.window")
    window = Window(path, Limit(1000, 60), 40)
    assert 1000 - window.left() == vendor.count("GET", "/contacts") + 1  # and the token


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 12),
    seconds=st.sampled_from([1.0, 5.0, 60.0]),
    seed=st.integers(0, 10**6),
)
def test_no_window_of_the_vendors_holds_more_arrivals_than_permitted(
    tmp_path_factory, count, seconds, seed
):
    """Wherever between sending and answer a request arrives, the limit holds in any window."""
    rng, clock = random.Random(seed), Clock()
    window = Window(tmp_path_factory.mktemp("w") / "w.window", Limit(count, seconds), 40, clock)
    arrivals, flying = [], []
    for _ in range(200):
        late = [flight for flight in flying if flight[1] < clock.now - 15]
        if late or (flying and rng.random() < 0.5):
            flight = late[0] if late else rng.choice(flying)
            flying.remove(flight)
            slot, sent = flight
            arrivals.append(rng.uniform(sent, clock.now))
            window.answered(slot, strained=rng.random() < 0.02)
        slots = window.take_several(rng.choice([1, 1, 1, 2, 5]))
        if not isinstance(slots, float):
            unused = slots[rng.randint(1, len(slots)) :] if rng.random() < 0.5 else []
            flying += [(slot, clock.now) for slot in slots if slot not in unused]
            if unused and rng.random() < 0.8:
                window.refund(*unused)
        clock.now += rng.choice([0, 0.01, 0.2, seconds / 3] if len(flying) < 2 else [0, 0.01])
    arrivals.sort()
    for index, start in enumerate(arrivals):
        within = sum(1 for moment in arrivals[index:] if moment < start + seconds)
        assert within <= count


def test_retry_after_holds_everybody_back(tmp_path, clock):
    """A pause that one window gets also holds in another one on the same file."""
    one = Window(tmp_path / "w.window", Limit(100, 60), 40, clock)
    other = Window(tmp_path / "w.window", Limit(100, 60), 40, clock)
    one.pause(17)
    assert other.take() == pytest.approx(17)
    clock.now += 17
    assert isinstance(other.take(), Slot)


def test_strain_doubles_the_pace_and_it_creeps_back(tmp_path, clock):
    """The first sign of strain spaces requests out; answers without it bring the speed back."""
    window = Window(tmp_path / "w.window", Limit(1000, 60), 40, clock)
    window.answered(window.take(), strained=True)
    first = window.pace()
    assert first == pytest.approx(0.06)
    window.answered(Slot(0, 0), strained=True)
    assert window.pace() == first  # one burst of failures is one sign
    clock.now += 1
    window.answered(Slot(0, 0), strained=True)
    assert window.pace() == pytest.approx(2 * first)
    for _ in range(50):
        clock.now += 2
        window.answered(Slot(0, 0), strained=True)
    slowest = window.pace()
    assert slowest == pytest.approx(8 * 0.06)
    paces = []
    for _ in range(200):
        clock.now += 1
        window.answered(window.take())
        paces.append(window.pace())
    assert paces == sorted(paces, reverse=True)
    assert paces[-1] == 0.0
    assert min(filter(None, paces)) > 0.012  # below a quarter of the first pace there is none


def test_a_pace_keeps_requests_apart(tmp_path, clock):
    """Slots are free, yet the next request waits for its turn since the last one started."""
    window = Window(tmp_path / "w.window", Limit(1000, 60), 40, clock)
    window.answered(window.take(), strained=True)
    assert window.take() == pytest.approx(0.06)
    clock.now += 0.05
    assert window.take() == pytest.approx(0.01)
    clock.now += 0.02
    assert isinstance(window.take(), Slot)


def test_a_generous_limit_has_a_first_pace_all_the_same(tmp_path, clock):
    """Where a thousand a second are permitted, strain still spaces requests out."""
    window = Window(tmp_path / "w.window", Limit(1000, 1), 40, clock)
    window.answered(window.take(), strained=True)
    assert window.pace() == pytest.approx(0.05)


def test_another_limit_in_the_manifest_carries_over_what_is_taken(tmp_path, clock):
    """A larger limit keeps the taken slots, a smaller one too."""
    path = tmp_path / "w.window"
    small = Window(path, Limit(3, 60), 40, clock)
    assert drain(small, clock) == 3
    large = Window(path, Limit(10, 60), 40, clock)
    assert drain(large, clock) == 7
    again = Window(path, Limit(4, 60), 40, clock)
    assert not isinstance(again.take(), Slot)


def test_a_file_that_was_cut_within_a_slot_is_carried_over_too(tmp_path, clock):
    """What is whole of it counts."""
    path = tmp_path / "w.window"
    assert drain(Window(path, Limit(3, 60), 40, clock), clock) == 3
    path.write_bytes(path.read_bytes()[:-4])
    assert drain(Window(path, Limit(10, 60), 40, clock), clock) == 8


def test_an_answer_of_before_two_changes_of_limit_is_ignored_too(tmp_path, clock):
    """Every change of the limit makes another ring."""
    path = tmp_path / "w.window"
    assert Window(path, Limit(3, 60), 40, clock).pace() == 0
    middle = Window(path, Limit(5, 60), 40, clock)
    slot = middle.take()
    last = Window(path, Limit(4, 60), 40, clock)
    assert drain(last, clock) == 3
    middle.limit = last.limit
    middle.refund(slot)
    assert not isinstance(last.take(), Slot)


def test_an_answer_of_before_a_change_of_limit_is_ignored(tmp_path, clock):
    """A slot of another ring is not written into the new one."""
    path = tmp_path / "w.window"
    old = Window(path, Limit(3, 60), 40, clock)
    slot = old.take()
    new = Window(path, Limit(5, 60), 40, clock)
    assert isinstance(new.take(), Slot)
    old.limit = new.limit
    old.answered(slot)
    old.refund(slot)
    assert drain(new, clock) == 3


def test_a_torn_file_counts_as_a_window_that_is_used_up(tmp_path, clock):
    """Nobody knows what was sent, so nothing is sent for one window."""
    path = tmp_path / "w.window"
    path.write_bytes(b"TEWIN")
    path.chmod(0o600)
    window = Window(path, Limit(5, 60), 40, clock)
    assert window.take() == pytest.approx(100)
    clock.now += 100
    assert drain(window, clock) == 5


@pytest.mark.parametrize("head", [b"TEWIN2\0\0" + bytes([5]), b"TEWIN1\0\0" + bytes([0])])
def test_a_foreign_file_counts_as_a_window_that_is_used_up(tmp_path, clock, head):
    """One of another make, or of no slots, is begun anew; nothing in it is read as a slot."""
    path = tmp_path / "w.window"
    path.write_bytes(head + bytes(47) + struct.pack("<d", clock.now + 5000) * 5)
    path.chmod(0o600)
    window = Window(path, Limit(5, 60), 40, clock)
    assert window.take() == pytest.approx(100)
    clock.now += 100
    assert drain(window, clock) == 5


def test_what_is_under_way_while_the_file_is_torn_still_counts(tmp_path, clock):
    """A request sent before may arrive as late as its lease ends, and its answer takes no new slot."""
    path = tmp_path / "w.window"
    window = Window(path, Limit(2, 60), 40, clock)
    slot = window.take()
    path.write_bytes(path.read_bytes()[:20])
    assert window.take() == pytest.approx(
        100
    )  # the answer may come in 40 seconds, and counts for 60
    clock.now += 39
    window.answered(slot)
    clock.now += 60
    assert window.take() == pytest.approx(1)
    clock.now += 1
    assert drain(window, clock) == 2
    window.refund(slot)
    assert not isinstance(window.take(), Slot)


def test_a_clock_that_was_set_back_stops_us_for_one_window_at_most(tmp_path, clock):
    """Moments that nobody can have written since are believed no longer than what is under way takes."""
    window = Window(tmp_path / "w.window", Limit(1, 60), 40, clock)
    window.answered(window.take())
    clock.now -= 900_000
    assert window.take() == pytest.approx(100)
    clock.now += 100
    assert isinstance(window.take(), Slot)


def test_a_pace_of_before_the_clock_was_set_back_stops_us_for_one_window_at_most(tmp_path, clock):
    """The moment of the last start is a moment like the others."""
    window = Window(tmp_path / "w.window", Limit(10, 60), 40, clock)
    window.answered(window.take(), strained=True)
    clock.now -= 900_000
    assert window.take() == pytest.approx(100)
    clock.now += 100
    assert isinstance(window.take(), Slot)


def test_a_clock_that_was_set_back_a_little_stops_nobody_who_has_a_slot(tmp_path, clock):
    """Without a pace, when the last request was sent does not matter."""
    window = Window(tmp_path / "w.window", Limit(2, 60), 40, clock)
    window.answered(window.take())
    clock.now -= 3600
    assert isinstance(window.take(), Slot)


@pytest.mark.parametrize("hours", [1, 12, 23, 25, 200])
def test_a_clock_that_was_set_back_delays_nothing_longer_than_one_window(tmp_path, clock, hours):
    window = Window(tmp_path / "w.window", Limit(2, 60), 40, clock)
    for _ in range(2):
        window.answered(window.take())
    clock.now -= hours * 3600
    wait = window.take()
    assert wait <= 60 + 40
    clock.now += wait
    assert isinstance(window.take(), Slot)


@pytest.mark.parametrize("seconds", [10, 60])
def test_the_longest_pause_that_a_manifest_permits_is_held(tmp_path, clock, seconds):
    """A day is a wish, not a clock that was set back."""
    window = Window(tmp_path / "w.window", Limit(5, seconds), 40, clock)
    window.pause(86400)
    assert window.take() == pytest.approx(86400)
    clock.now += 3600
    assert window.take() == pytest.approx(82800)


def test_a_window_that_others_can_write_is_refused(tmp_path, clock):
    """Others could spend the budget."""
    path = tmp_path / "w.window"
    Window(path, Limit(1, 60), 40, clock).take()
    path.chmod(0o666)
    with pytest.raises(StateError, match=r"w\.window.*chmod 600"):
        Window(path, Limit(1, 60), 40, clock).take()


def test_a_window_that_cannot_be_opened_says_so(tmp_path, clock):
    """The message names the file."""
    (tmp_path / "w.window").mkdir()
    with pytest.raises(StateError, match=r"w\.window"):
        Window(tmp_path / "w.window", Limit(1, 60), 40, clock).take()


def test_threads_share_one_window(tmp_path):
    """Many threads take exactly the limit."""
    window = Window(tmp_path / "w.window", Limit(50, 600), 40)
    taken = Counter()

    def work():
        while isinstance(slot := window.take(), Slot):
            window.answered(slot)
            taken[threading.get_ident()] += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken.values()) == 50


WORKER = """
import sys
from pathlib import Path
from te_connector.manifest.model import Limit
from te_connector.api.limiter import Limiter
from te_connector.api.quota import Slot, Window
window = Window(Path(sys.argv[1]), Limit(60, 600), 40)
count = 0
while isinstance(slot := window.take(), Slot):
    window.answered(slot)
    count += 1
print(count)
"""


def test_processes_share_one_window(tmp_path):
    """Several processes on one state directory take exactly the limit."""
    path = tmp_path / "w.window"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    counts = [int(process.communicate()[0]) for process in running]
    assert sum(counts) == 60
    assert oct(os.stat(path).st_mode & 0o777) == "0o600"


FETCH = """
import json, sys
import pluggy
import te_connector.plugin
from te_connector import hookspecs
pm = pluggy.PluginManager("privacy_connector")
pm.add_hookspecs(hookspecs)
pm.register(te_connector.plugin)
connection = json.loads(sys.argv[1])
subjects = [{"id": "s", "identifiers": {"email": ["p7@example.com"]}}]
answer = pm.hook.fetch(connection=connection, subjects=subjects, options={"object_types": ["contact"]})
print(json.dumps([answer["coverage"][0]["complete"], [r["id"] for r in answer["records"]]]))
"""


@pytest.mark.slow
def test_two_processes_at_once_share_token_and_quota(tmp_path):
    """At most two token requests, no window over the limit, both complete."""
    import json
    import shutil

    from te_connector.manifest import locations as resources

    text = resources.packaged_manifest().read_text()
    text = text.replace("{count: 1000, seconds: 60}", "{count: 20, seconds: 2}")
    text = text.replace("page_size: 100", "page_size: 20")
    (tmp_path / "connector.yaml").write_text(text)
    shutil.copytree(resources.root() / "schemas", tmp_path / "schemas")
    with Vendor() as vendor:
        vendor.latency = 0.02
        vendor.request_limit = (20, 2)
        vendor.tables["contacts"] = [contact(n, email=f"p{n}@example.com") for n in range(1, 501)]
        connection = {
            "connector": "total-expert",
            "base_url": vendor.base_url,
            "credentials": vendor.credentials,
            "state_dir": str(tmp_path / "state"),
            "manifest": str(tmp_path / "connector.yaml"),
        }
        running = [
            subprocess.Popen(
                [sys.executable, "-c", FETCH, json.dumps(connection)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        answers = [json.loads(process.communicate()[0]) for process in running]
        assert answers == [[True, ["7"]], [True, ["7"]]]
        assert vendor.token_requests <= 2
        assert vendor.busiest(2.0, "GET", "/contacts") <= 20
        assert vendor.count("GET", "/contacts", status=429) == 0


def test_a_429_slows_everybody_down_and_the_run_still_completes(tmp_path):
    """Refused requests are tried again; nobody is lost."""
    from te_connector.api import connection as connections
    from te_connector.api.client import Client

    with Vendor() as vendor:
        vendor.tables["contacts"] = [contact(1)]
        vendor.script("GET", "/contacts", [Status(429), Status(429, headers={"Retry-After": "0"})])
        settings = connections.resolve(
            {
                "connector": "total-expert",
                "base_url": vendor.base_url,
                "credentials": vendor.credentials,
                "state_dir": str(tmp_path / "state"),
            }
        )
        client = Client(settings)
        told = []
        with client.open(told.append):
            assert client.get("/contacts", {"page[number]": "1"})["items"][0]["id"] == 1
        assert client.window.pace() > 0


def test_a_process_that_stood_still_gives_back_no_place_that_another_one_took(tmp_path):
    """Its lease is over, and its answers are written only now."""
    now = [1_000_000.0]
    slow, other = (Window(tmp_path / "w", Limit(3, 60.0), 40.0, lambda: now[0]) for _ in range(2))
    for slot in [slow.take() for _ in range(3)]:
        assert isinstance(slot, Slot)
        slow.note_answered(slot)
    now[0] += 101
    assert all(isinstance(other.take(), Slot) for _ in range(3))
    slow.flush()
    assert not isinstance(other.take(), Slot)
