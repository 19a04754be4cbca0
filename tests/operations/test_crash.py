"""Kill it anywhere and run it again: what was done stays done, what is open is done, once.

A child process calls the hook and is killed with SIGKILL at one step around its DELETE, by itself or by
the vendor. Then the same deletion is called again, with the same receipt id.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import ROOT, Edit, Host, subject
from vendor import Vendor

from te_connector.operations.audit import Trail
from te_connector.storage.state import StateDir

pytestmark = pytest.mark.slow

ADA = "ada.lovelace@example.com"
PERSON = subject(email=ADA)
KEY = 2317
ONE = f"/contacts/{KEY}"
STRANGERS = v.many(5)

CHILD = """
import json, os, signal, sys
import pluggy
import te_connector.hookspecs
from te_connector.operations.audit.trail_file import TrailFile

given = json.loads(sys.argv[1])
moment, _, kind_to_die = given["step"].partition(" ")
append, write, fsync = TrailFile.add, os.write, os.fsync
under_way = []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def stepping(self, descriptor, index, kind, fields, *, sync):
    under_way[:] = [kind]
    if (moment, kind_to_die) == ("before", kind):
        die()
    place = append(self, descriptor, index, kind, fields, sync=sync)
    if (moment, kind_to_die) == ("after", kind):
        die()
    return place

def tearing(descriptor, data):
    if moment == "half" and under_way == [kind_to_die]:
        write(descriptor, data[:len(data) // 2])
        die()
    return write(descriptor, data)

def syncing(descriptor):
    if moment == "unsynced" and under_way == [kind_to_die]:
        die()
    return fsync(descriptor)

TrailFile.add, os.write, os.fsync = stepping, tearing, syncing
pm = pluggy.PluginManager("privacy_connector")
pm.add_hookspecs(te_connector.hookspecs)
pm.load_setuptools_entrypoints("privacy_connector")
print(json.dumps(pm.hook.delete_object(**given["call"])))
"""


class Run:
    """One deletion that can be begun in a child process, killed, and called again here."""

    def __init__(self, host: Host, vendor: Vendor, connection: dict[str, Any]) -> None:
        self.host, self.vendor, self.connection = host, vendor, connection
        self.others: list[Any] = copy.deepcopy(STRANGERS)
        self.pids: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.call = {
            "connection": connection,
            "object_type": "contact",
            "object_id": KEY,
            "subject": PERSON,
            "options": {"receipt_id": "r-1", "actor": "officer"},
        }

    def child(self, step: str = "") -> subprocess.CompletedProcess[str]:
        """Begin the deletion in a child process; it dies at the step."""
        given = json.dumps({"step": step, "call": self.call})
        command = [sys.executable, "-c", CHILD, given]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as child:
            self.pids.put(child.pid)
            out, err = child.communicate(timeout=60)
            return subprocess.CompletedProcess(command, child.returncode, out, err)

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        """Kill the child that is running."""
        os.kill(self.pids.get(timeout=20), with_signal)

    def again(self) -> dict[str, Any]:
        """The same call in this process."""
        receipt: dict[str, Any] = self.host.pm.hook.delete_object(**self.call)
        return receipt

    @property
    def trail(self) -> Trail:
        connection: Mapping[str, Any] = self.call["connection"]  # type: ignore[assignment]
        state = StateDir(Path(connection["state_dir"]))
        return Trail.of(state, connection["base_url"], connection["credentials"]["client_id"])

    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.trail.story("r-1")]


@pytest.fixture(name="run")
def _run(host: Host, vendor: Vendor, connection: dict[str, Any]) -> Run:
    vendor.tables["contacts"] = [v.contact(KEY, email=ADA), *copy.deepcopy(STRANGERS)]
    return Run(host, vendor, connection)


class Killing(v.Fault):
    """The vendor kills the client when DELETE arrives, before or after the work; no answer comes."""

    def __init__(self, run: Run, *, work: bool, with_signal: int = signal.SIGKILL) -> None:
        self.run, self.work, self.signal = run, work, with_signal

    def play(self, exchange: v.Exchange) -> None:
        if self.work:
            exchange.compute()
        self.run.kill(self.signal)
        exchange.wait(60)  # until the test ends: nothing but the signal ends the client's waiting


def by_itself(step: str) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        ended = run.child(step)
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    return begin


def by_vendor(*, work: bool) -> Callable[[Run], None]:
    def begin(run: Run) -> None:
        run.vendor.script("DELETE", ONE, Killing(run, work=work))
        ended = run.child()
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    return begin


BEFORE_DELETE = {
    "before the request is noted": by_itself("before asked"),
    "the request is noted": by_itself("after asked"),
    "the object was read": by_itself("before read"),
    "the read is noted": by_itself("after read"),
    "the intent is half written": by_itself("half intent"),
    "the intent is written and not synced": by_itself("unsynced intent"),
    "the intent is synced and DELETE not sent": by_itself("after intent"),
    "DELETE arrived and nothing was done": by_vendor(work=False),
}
AFTER_DELETE = {
    "DELETE was done and not answered": by_vendor(work=True),
    "DELETE was answered": by_itself("before answered"),
    "the answer is half noted": by_itself("half answered"),
    "the answer is noted": by_itself("after answered"),
    "the object was read again": by_itself("before read_again"),
    "the second read is noted": by_itself("after read_again"),
    "the receipt is half written": by_itself("half receipt"),
}
IN_THE_TRAIL = {
    "the receipt is written and not synced": by_itself("unsynced receipt"),
    "the receipt is in the trail and not handed out": by_itself("after receipt"),
}
STEPS = {**BEFORE_DELETE, **AFTER_DELETE, **IN_THE_TRAIL}


def prove(run: Run, receipt: Mapping[str, Any]) -> None:
    """One final receipt, a trail that verifies, one object gone, and no blind DELETE."""
    assert run.kinds().count("receipt") == 1
    assert run.trail.verify([receipt]).faults == ()
    assert run.again() == receipt
    assert run.vendor.deleted in ([], [("contacts", KEY)])
    assert [row for row in run.vendor.tables["contacts"] if row["id"] != KEY] == run.others
    shown = False
    for seen in run.vendor.requests(path=ONE):
        assert shown or seen.method != "DELETE"
        shown = seen.method == "GET" and seen.status == 200


def parametrized(steps: Mapping[str, Callable[[Run], None]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "begin", steps.values(), ids=[name.replace(" ", "-") for name in steps]
    )


@parametrized(STEPS)
def test_killed_at_any_step_and_called_again_it_is_deleted_by_us_once(
    begin: Callable[[Run], None], run: Run
) -> None:
    """The status is ``deleted`` whichever of the two runs did it, with one final receipt."""
    begin(run)
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert run.vendor.deleted == [("contacts", KEY)]
    prove(run, receipt)


@parametrized(IN_THE_TRAIL)
def test_a_receipt_that_is_in_the_trail_is_handed_out_without_a_request(
    begin: Callable[[Run], None], run: Run
) -> None:
    """What the killed run had proven is not asked again."""
    begin(run)
    before = len(run.vendor.log)
    assert run.again()["status"] == "deleted"
    assert len(run.vendor.log) == before


@parametrized(AFTER_DELETE)
def test_the_last_contact_killed_after_its_deletion_is_deleted_by_us(
    begin: Callable[[Run], None], run: Run
) -> None:
    """Where no other object is left to show the path, our earlier read of this one does."""
    del run.vendor.tables["contacts"][1:]
    run.others = []
    begin(run)
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    prove(run, receipt)


@parametrized(
    {
        name: STEPS[name]
        for name in (
            "the read is noted",
            "the intent is half written",
            "the intent is synced and DELETE not sent",
            "the receipt is half written",
        )
    }
)
def test_killed_again_and_again_at_one_step_it_comes_to_its_receipt(
    begin: Callable[[Run], None], run: Run
) -> None:
    """Three runs that die in the same place leave one chain and one receipt."""
    for _ in range(3):
        begin(run)
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    prove(run, receipt)


@pytest.mark.parametrize("step", ["after answered", "after read_again", "half receipt"])
def test_killed_after_a_lie_it_is_not_called_deleted(step: str, run: Run, edited: Edit) -> None:
    """The server said that it deleted and kept it: ``failed``, after the crash too."""
    run.connection["manifest"] = edited({"limits.retry_for": 2})
    run.vendor.always("DELETE", ONE, v.Lie())
    by_itself(step)(run)
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("failed", False)
    assert run.vendor.deleted == []
    prove(run, receipt)


@pytest.mark.parametrize("step", ["after answered", "after read_again"])
def test_killed_after_a_refusal_a_later_absence_is_not_ours(step: str, run: Run) -> None:
    """The server refused, and somebody else deleted it before the second run."""
    run.vendor.script("DELETE", ONE, v.Status(409))
    by_itself(step)(run)
    run.vendor.delete("contacts", KEY)
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("already_absent", True)
    assert run.vendor.count("DELETE") == 1


def test_killed_and_changed_meanwhile_it_is_not_deleted(run: Run) -> None:
    """What became somebody else's between the two runs is left alone."""
    by_itself("after intent")(run)
    run.vendor.tables["contacts"][0]["email"] = "eve@example.org"
    receipt = run.again()
    assert receipt["status"] == "refused"
    assert run.vendor.count("DELETE") == 0


def test_interrupted_while_delete_is_under_way_it_ends_at_once_and_leaves_the_intent(
    run: Run,
) -> None:
    """Ctrl-C in the middle of DELETE: the process ends, the intent is open, the next run settles it."""
    run.vendor.script("DELETE", ONE, Killing(run, work=True, with_signal=signal.SIGINT))
    ended = run.child()
    assert ended.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in ended.stderr
    assert run.kinds()[:3] == ["asked", "read", "intent"]
    assert "receipt" not in run.kinds()
    receipt = run.again()
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    prove(run, receipt)


def test_a_child_that_nobody_kills_comes_to_its_receipt(run: Run) -> None:
    """What the other tests kill works."""
    ended = run.child()
    assert ended.returncode == 0, ended.stderr
    receipt = json.loads(ended.stdout)
    assert receipt["status"] == "deleted"
    prove(run, receipt)


# The command


@pytest.fixture(name="crashes", scope="module")
def _crashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    place = importlib.util.spec_from_file_location(
        "crash_runs", ROOT / "benchmarks" / "crash_runs.py"
    )
    assert place is not None
    assert place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    crashes = module.Crashes(tmp_path_factory.mktemp("crashes"), 10)
    with crashes.vendor:
        yield crashes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_command_killed_at_random_and_run_again_deletes_all_that_was_chosen_once(
    seed: int, crashes: Any
) -> None:
    """Ten deletions: all absent, ten receipts, nothing else gone, and the trail verifies.

    ``benchmarks/crash_runs.py`` does the same a hundred times with forty.
    """
    assert crashes.run(seed) == []


COMMAND = """
import os, signal, sys
from te_connector.__main__ import main
from te_connector.deletion.receipts import ReceiptFile

step = sys.argv.pop(1)
add, write, fsync = ReceiptFile.add, os.write, os.fsync
adding = []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def stepping(self, receipt):
    third = len(self._known) == 2
    if third and step == "before":
        die()
    adding[:] = [self] if third else []
    add(self, receipt)
    adding.clear()
    if third and step == "after":
        die()

def tearing(descriptor, data):
    if adding and step == "half":
        write(descriptor, data[:len(data) // 2])
        die()
    return write(descriptor, data)

def syncing(descriptor):
    if adding and step == "unsynced":
        die()
    return fsync(descriptor)

ReceiptFile.add, os.write, os.fsync = stepping, tearing, syncing
sys.exit(main(sys.argv[1:]))
"""
AT_THE_FILE = {
    "the third receipt is in the trail and not in the file": "before",
    "the third receipt is half in the file": "half",
    "the third receipt is in the file and not synced": "unsynced",
    "the third receipt is on disk": "after",
}


@pytest.mark.parametrize(
    "step", AT_THE_FILE.values(), ids=[name.replace(" ", "-") for name in AT_THE_FILE]
)
def test_the_command_killed_at_its_receipts_file_goes_on_where_it_was(
    step: str, crashes: Any, tmp_path: Path
) -> None:
    """Each object has one receipt in the file, the same as in the trail, and was asked for once."""
    result = Path(shutil.copy(crashes.fetched(), tmp_path / "result.json"))
    crashes.fill()
    receipts = tmp_path / "receipts.jsonl"
    selected = [part for key in crashes.chosen for part in ("--select", f"contact:{key}")]
    argv = ["delete", result, *selected, "--yes", "--receipts", receipts]
    killed = subprocess.run(
        [sys.executable, "-c", COMMAND, step, *map(str, argv)],
        env=crashes.environment(tmp_path),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = crashes.command(tmp_path, *argv)
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert crashes.looked_at(tmp_path, receipts) == []
    assert crashes.vendor.count("DELETE") == len(crashes.chosen)
    verify = crashes.command(tmp_path, "audit", "verify", receipts)
    assert verify.communicate(timeout=60) is not None
    assert verify.returncode == 0
