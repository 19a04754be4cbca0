"""The audit trail shows every change, tells a torn line from a cut, and names nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import ROOT, Host, subject
from vendor import Vendor

from te_connector import errors
from te_connector.manifest import loading as manifest
from te_connector.matching.subjects import Subject, read_one
from te_connector.operations.audit import Trail, Verification
from te_connector.storage.state import StateDir

pytestmark = pytest.mark.slow

BASE = "https://public.totalexpert.net/v1"
CLIENT = "client-1"
ADA = "ada.lovelace@example.com"


def trail_at(folder: Path, client: str = CLIENT) -> Trail:
    return Trail.of(StateDir(folder), BASE, client)


def person(**identifiers: str) -> Subject:
    return read_one(subject(**identifiers), manifest.load())


def deletion(trail: Trail, name: str) -> dict[str, Any]:
    """The six entries of one deletion; gives its receipt as it is handed out."""
    told = {"receipt_id": f"receipt-{name}", "object_type": "contact", "object_id": name}
    hashes = trail.chain.hashes(person(email=ADA), manifest.load().kinds)
    trail.append("asked", actor="officer", subject="req-1", identifiers=hashes, **told)
    trail.append("read", result="200", **told)
    trail.append("intent", sync=True, attempt=1, **told)
    trail.append("answered", outcome="accepted", told="it answered 200", **told)
    trail.append("read_again", result="404", **told)
    return receipt(trail, name)


def receipt(trail: Trail, name: str) -> dict[str, Any]:
    told = {"subject": "req-1", "status": "deleted", "verified": True, "reason": "it is gone"}
    about = {"receipt_id": f"receipt-{name}", "object_type": "contact"}
    line = trail.close({**about, "object_id": name, **told})
    return {**about, "id": name, **told, "at": line.entry["at"], "audit": dict(line.place)}


class Fifty:
    """A trail of 50 entries, the receipts of it, and what checking any other bytes brings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trail = trail_at(folder)
        self.receipts = [deletion(self.trail, str(2310 + number)) for number in range(8)]
        self.trail.append("asked", receipt_id="receipt-9", object_type="contact", object_id="9")
        self.receipts.append(receipt(self.trail, "9"))
        self.raw = self.trail.path.read_bytes()
        # Most tests are about the chain alone, so the note of the last synced entry is put aside.
        self.last_file = self.trail.path.with_name("audit.last")
        self.last = self.last_file.read_bytes()
        self.last_file.unlink()
        self.lines = self.raw.splitlines(keepends=True)
        assert len(self.lines) == 50

    def verify(self, raw: bytes, receipts: list[dict[str, Any]] | None = None) -> Verification:
        self.trail.path.write_bytes(raw)
        return self.trail.verify(receipts or [])

    def place(self, number: int) -> int:
        """Where the line with that number ends, without its line end."""
        return len(b"".join(self.lines[:number])) - 1


@pytest.fixture(name="fifty")
def _fifty(tmp_path: Path) -> Fifty:
    return Fifty(tmp_path / "fifty")


def test_a_trail_as_it_was_written_has_no_fault(fifty: Fifty) -> None:
    """Fifty entries and nine receipts, all in their places."""
    assert fifty.verify(fifty.raw, fifty.receipts) == Verification(50, (), ())


# Changed


def reads_only(monkeypatch: pytest.MonkeyPatch, now: list[bytes]) -> None:
    """Let the trail be these bytes, and nothing else be there, without writing each variant to disk."""
    for module in ("trail", "trail_file"):
        monkeypatch.setattr(
            f"te_connector.operations.audit.{module}.read_private",
            lambda path: now[0] if path.suffix == ".jsonl" else None,
        )


@pytest.mark.parametrize("part", range(8))
def test_every_changed_byte_is_found(
    part: int, fifty: Fifty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte of the trail in turn, line ends too: one bit of it, and a line end in its place."""
    now: list[bytes] = []
    reads_only(monkeypatch, now)
    for place in range(part, len(fifty.raw), 8):
        old = fifty.raw[place]
        for new in {old ^ 1, ord("\n")} - {old}:
            now[:] = [fifty.raw[:place] + bytes([new]) + fifty.raw[place + 1 :]]
            assert fifty.trail.verify().faults, (place, new)


def test_every_removed_line_is_found(fifty: Fifty) -> None:
    """Each line in turn; the last one is missed by its receipt."""
    for number in range(50):
        kept = b"".join(fifty.lines[:number] + fifty.lines[number + 1 :])
        receipts = fifty.receipts[-1:] if number == 49 else []
        assert fifty.verify(kept, receipts).faults, number


def test_every_pair_of_lines_that_changed_places_is_found(fifty: Fifty) -> None:
    """Neighbours, and the first with each other."""
    for number in range(1, 50):
        for first in {0, number - 1}:
            lines = list(fifty.lines)
            lines[first], lines[number] = lines[number], lines[first]
            assert fifty.verify(b"".join(lines)).faults, (first, number)


def test_every_line_that_is_there_twice_is_found(fifty: Fifty) -> None:
    """Right after itself, and at the end."""
    for number in range(50):
        line = fifty.lines[number]
        twice = b"".join([*fifty.lines[: number + 1], line, *fifty.lines[number + 1 :]])
        assert fifty.verify(twice).faults, number
        assert fifty.verify(fifty.raw + line).faults, number


def test_a_line_that_was_added_is_found(fifty: Fifty, tmp_path: Path) -> None:
    """One made up, one of another account's trail, and one without a MAC."""
    other = trail_at(fifty.folder, "client-2")
    deletion(other, "2310")
    foreign = other.path.read_bytes().splitlines(keepends=True)
    made_up = b'{"seq":51,"kind":"asked","mac":"' + b"0" * 64 + b'"}\n'
    for line in (made_up, foreign[-1], foreign[0], b"{}\n", b"\n"):
        assert fifty.verify(fifty.raw + line).faults, line
        assert fifty.verify(line + fifty.raw).faults, line


def test_another_accounts_trail_is_not_taken_for_this_one(fifty: Fifty) -> None:
    """A whole trail moved here with its key is another's still."""
    other = trail_at(fifty.folder, "client-2")
    deletion(other, "2310")
    mine, theirs = fifty.trail._key_file, other._key_file
    mine.write_bytes(theirs.read_bytes())
    fifty.trail.path.write_bytes(other.path.read_bytes())
    assert trail_at(fifty.folder).verify().faults


def test_a_changed_line_is_reported_with_the_one_behind_it_and_nothing_else(fifty: Fifty) -> None:
    """The line behind covers it; those after that stand, and so do their receipts."""
    told = "changed, or the line before it was changed or removed"
    for new in (fifty.lines[10].replace(b"contact", b"kontact"), b"x" + fifty.lines[10][1:]):
        raw = b"".join([*fifty.lines[:10], new, *fifty.lines[11:]])
        assert fifty.verify(raw).faults == (f"line 11: {told}", f"line 12: {told}")
    last = fifty.receipts[-1]["receipt_id"]
    raw = b"".join([*fifty.lines[:-1], b"x" + fifty.lines[-1][1:]])
    assert fifty.verify(raw, fifty.receipts).faults == (
        f"line 50: {told}",
        f"receipt {last}: entry 50 isn't the one that it names",
    )


def test_an_entry_out_of_turn_is_found_though_its_mac_is_right(fifty: Fifty) -> None:
    """Numbers are without gaps: even with the key a line cannot be left out for nothing."""
    body = b'{"seq":52,"kind":"asked"'
    mac = fifty.trail.chain.mac(fifty.lines[-1].strip(), body).encode()
    verdict = fifty.verify(fifty.raw + body + b',"mac":"' + mac + b'"}\n')
    assert verdict.faults == ("line 51: entry 51 belongs here",)


def test_a_removed_line_is_reported_once_at_the_line_behind_it(fifty: Fifty) -> None:
    """Those after it stand."""
    assert fifty.verify(b"".join(fifty.lines[:10] + fifty.lines[11:])).faults == (
        "line 11: changed, or the line before it was changed or removed",
    )


def test_every_client_at_every_base_url_has_a_trail_and_a_key_of_its_own(tmp_path: Path) -> None:
    """Evidence of one account is none of another's."""
    trails = [
        Trail.of(StateDir(tmp_path), base_url, client)
        for base_url in (BASE, "https://other.example/v1")
        for client in (CLIENT, "client-2")
    ]
    assert len({trail.path for trail in trails}) == 4
    assert len({trail._key_file for trail in trails}) == 4
    assert len({trail._key_file.read_bytes() for trail in trails}) == 4


def test_a_forger_without_the_key_is_found_out(fifty: Fifty) -> None:
    """A trail made anew, whole and in order, has other MACs than those that were handed out."""
    forged = trail_at(fifty.folder / "forged")
    for name in range(8):
        deletion(forged, str(2310 + name))
    assert fifty.verify(forged.path.read_bytes()).faults


# Cut


@pytest.mark.parametrize("part", range(4))
def test_every_cut_is_found_by_each_receipt_that_lies_behind_it(
    part: int, fifty: Fifty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each byte: the receipts behind the cut tell it, and those before it do not."""
    ends = [(fifty.place(one["audit"]["seq"]), one) for one in fifty.receipts]
    now: list[bytes] = []
    reads_only(monkeypatch, now)
    for cut in range(part, len(fifty.raw), 4):
        now[:] = [fifty.raw[:cut]]
        missed = [one["receipt_id"] for end, one in ends if end > cut]
        faults = fifty.trail.verify(fifty.receipts).faults
        assert len(faults) == len(missed), cut
        for name, fault in zip(missed, faults, strict=True):
            assert fault.startswith(f"receipt {name} names entry"), cut
            assert "the trail was cut after entry" in fault, cut


def test_every_cut_of_what_was_synced_is_found_without_a_receipt(fifty: Fifty) -> None:
    fifty.last_file.write_bytes(fifty.last)
    fifty.last_file.chmod(0o600)
    assert fifty.verify(fifty.raw).faults == ()
    for number in range(50):
        assert fifty.verify(b"".join(fifty.lines[:number])).faults, number
    fifty.trail.path.unlink()
    assert fifty.trail.verify().faults
    with pytest.raises(errors.StateError):
        trail_at(fifty.folder).append("asked")


def test_a_note_of_the_last_entry_that_was_changed_is_a_fault(fifty: Fifty) -> None:
    for place in range(0, len(fifty.last.rstrip()), 7):
        changed = bytearray(fifty.last)
        changed[place] ^= 1
        fifty.last_file.write_bytes(bytes(changed))
        fifty.last_file.chmod(0o600)
        assert fifty.verify(fifty.raw).faults, place


def test_a_missing_trail_is_a_cut_to_the_receipts(fifty: Fifty) -> None:
    """All of it is gone: each receipt says so."""
    fifty.trail.path.unlink()
    faults = fifty.trail.verify(fifty.receipts).faults
    assert len(faults) == 9
    assert all(fault.endswith("but the trail was cut after entry 0") for fault in faults)
    assert fifty.trail.verify() == Verification(0, ("there is no trail",), ())


def test_a_last_line_without_its_end_is_whole(fifty: Fifty) -> None:
    """Only the line end is lost: a note, no fault, and its receipt stands."""
    verdict = fifty.verify(fifty.raw[:-1], fifty.receipts)
    assert verdict.faults == ()
    assert verdict.notes == ("the last line lacks its end, but is whole",)
    trail = trail_at(fifty.folder)
    trail.append("asked", receipt_id="later")
    trail.append("asked", receipt_id="later still")
    assert fifty.trail.verify(fifty.receipts) == Verification(52, (), ())


@pytest.mark.parametrize("number", [1, 25, 50])
def test_a_torn_last_line_is_distinguished_from_a_cut(number: int, fifty: Fifty) -> None:
    """Cut at a line's end nothing shows, within a line a note does; receipts tell what is missing."""
    whole = fifty.raw[: fifty.place(number) + 1]
    before = [one for one in fifty.receipts if one["audit"]["seq"] < number]
    assert fifty.verify(whole, before) == Verification(number, (), ())
    for torn in range(2, len(fifty.lines[number - 1]), 5):
        verdict = fifty.verify(whole[:-torn], before)
        assert verdict.faults == ()
        assert verdict.notes == (
            (
                "the last line is unfinished, as after a crash; only a later receipt can show whether "
                "more is missing"
            ),
        )


# Torn and gone on with


@pytest.mark.parametrize("torn", [2, 3, 40, 66, 76, 77, 78, 120])
def test_a_torn_line_is_closed_by_the_next_entry_and_verifies_with_a_note(
    torn: int, fifty: Fifty
) -> None:
    """``resumed`` closes it; what was handed out before still stands."""
    fifty.trail.path.write_bytes(fifty.raw[:-torn])
    trail = trail_at(fifty.folder)
    place = trail.append("asked", receipt_id="later")
    assert place["seq"] == 51
    closing, asked = list(trail.entries())[-2:]
    assert (closing["kind"], asked["kind"]) == ("resumed", "asked")
    assert closing["torn_bytes"] == len(fifty.lines[-1]) - torn
    assert closing["at"][:13] == asked["at"][:13]
    assert trail.append("asked", receipt_id="later still")["seq"] == 52
    verdict = trail.verify(fifty.receipts[:-1])
    assert verdict.faults == ()
    assert verdict.notes == ("line 50 was cut short by a crash and closed afterwards",)


def test_a_cut_that_was_written_over_is_found_by_a_receipt_behind_it(fifty: Fifty) -> None:
    """New entries take the places of the old ones, not their MACs."""
    fifty.trail.path.write_bytes(fifty.raw[: fifty.place(40) + 1])
    trail = trail_at(fifty.folder)
    for _ in range(10):
        trail.append("asked", receipt_id="later")
    assert trail.verify().faults == ()
    faults = trail.verify(fifty.receipts).faults
    assert [fault.split(":")[0] for fault in faults] == [
        f"receipt receipt-{name}" for name in ("2316", "2317", "9")
    ]
    assert all("isn't the one that it names" in fault for fault in faults)


def torn_trail(folder: Path, times: int) -> Trail:
    """Two whole lines, a line torn so many times in a row, and two more."""
    trail = trail_at(folder)
    trail.append("asked", receipt_id="r-1")
    trail.append("read", receipt_id="r-1")
    for _ in range(times):
        trail_at(folder).append("intent", receipt_id="r-1")
        raw = trail.path.read_bytes()
        trail.path.write_bytes(raw[:-30])
    trail_at(folder).append("asked", receipt_id="r-2")
    return trail_at(folder)


@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_lines_torn_one_after_the_other_are_closed(times: int, tmp_path: Path) -> None:
    """Each start that crashed too leaves a torn line; the trail goes on behind all of them."""
    trail = torn_trail(tmp_path, times)
    trail.append("read", receipt_id="r-2")
    verdict = trail.verify()
    assert verdict.faults == ()
    assert len(verdict.notes) == times


@pytest.mark.parametrize("times", [1, 2, 3])
def test_every_changed_byte_around_torn_lines_is_found(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of torn lines are covered by the entry that closes them."""
    trail = torn_trail(tmp_path, times)
    raw = trail.path.read_bytes()
    now: list[bytes] = []
    reads_only(monkeypatch, now)
    for place, old in enumerate(raw):
        for new in {old ^ 1, ord("\n")} - {old}:
            now[:] = [raw[:place] + bytes([new]) + raw[place + 1 :]]
            assert trail.verify().faults, (place, new)


@pytest.mark.parametrize("number", range(5))
def test_every_removed_line_around_a_torn_one_is_found(number: int, tmp_path: Path) -> None:
    """The torn line itself, and those about it."""
    trail = torn_trail(tmp_path, 1)
    lines = trail.path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5
    last = [{"receipt_id": "r-2", "audit": {"seq": 4, "mac": ""}}] if number == 4 else []
    trail.path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
    assert trail.verify(last).faults


def test_a_line_that_is_unfinished_and_ends_is_a_change(fifty: Fifty) -> None:
    """A crash leaves a torn line without a line end; an edit of a line's MAC leaves the line end."""
    verdict = fifty.verify(fifty.raw[:-40] + b"\n")
    assert verdict.faults == ("line 50: changed, or the line before it was changed or removed",)


# Appending


CHANGED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a changed byte": lambda it: [*it[:10], it[10].replace(b"contact", b"kontact"), *it[11:]],
    "a removed line": lambda it: it[:10] + it[11:],
    "lines that changed places": lambda it: [it[1], it[0], *it[2:]],
    "a line twice": lambda it: [*it, it[-1]],
    "a foreign line": lambda it: [*it, b"{}\n"],
    "a torn line with an end": lambda it: [*it[:-1], it[-1][:-40] + b"\n"],
    "a torn line that nothing closed": lambda it: [*it[:-1], it[-1][:-40] + b"\n", it[-1]],
    "a destroyed line in the middle": lambda it: [*it[:10], it[10][:-40] + b"\n", *it[11:]],
    "a changed last line without its end": lambda it: [*it[:-1], it[-1].replace(b"is", b"ix")[:-1]],
}


@pytest.mark.parametrize(
    "change", CHANGED.values(), ids=[name.replace(" ", "-") for name in CHANGED]
)
def test_a_changed_trail_is_not_gone_on_with(
    change: Callable[[list[bytes]], list[bytes]], fifty: Fifty
) -> None:
    """Appending is refused, with the next step, and nothing is written; looking things up is too."""
    raw = b"".join(change(list(fifty.lines)))
    fifty.trail.path.write_bytes(raw)
    for go_on in (
        lambda trail: trail.append("asked"),
        lambda trail: trail.receipt("receipt-9"),
        lambda trail: trail.may_have_deleted(
            "contact", "9", person(email=ADA), manifest.load().kinds
        ),
    ):
        with pytest.raises(
            errors.StateError,
            match=r"run: te-connector audit verify\.",
        ):
            go_on(trail_at(fifty.folder))
    assert fifty.trail.path.read_bytes() == raw


def test_a_trail_that_was_cut_meanwhile_is_not_gone_on_with(fifty: Fifty) -> None:
    """A process that has it open knows how long it was."""
    fifty.trail.path.write_bytes(fifty.raw[: fifty.place(40) + 1])
    with pytest.raises(errors.StateError, match="was altered"):
        fifty.trail.append("asked")


def test_a_changed_trail_stops_a_deletion_before_anything_is_sent(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    """Without evidence there is no deletion."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA), *v.many(2)]
    host.delete(connection, "contact", 1, subject(email=ADA))
    (path,) = Path(connection["state_dir"]).glob("accounts/*/audit.jsonl")
    path.write_bytes(path.read_bytes().replace(b"accepted", b"refused!"))
    before = len(vendor.log)
    with pytest.raises(errors.StateError, match="was altered"):
        host.delete(connection, "contact", 1, subject(email=ADA))
    assert len(vendor.log) == before


APPENDER = """
import sys
from pathlib import Path
from te_connector.operations.audit import Trail
from te_connector.storage.state import StateDir
trail = Trail.of(StateDir(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
for number in range(25):
    trail.append("asked", receipt_id=f"{sys.argv[4]}-{number}", sync=number % 5 == 0)
"""


def test_several_processes_that_append_at_once_keep_one_chain(tmp_path: Path) -> None:
    """Four processes, 25 entries each, begun together with no trail there: one chain of 100."""
    started = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(tmp_path), BASE, CLIENT, str(which)])
        for which in range(4)
    ]
    assert [each.wait(60) for each in started] == [0, 0, 0, 0]
    trail = trail_at(tmp_path)
    assert trail.verify() == Verification(100, (), ())
    entries = list(trail.entries())
    assert [entry["seq"] for entry in entries] == list(range(1, 101))
    for which in range(4):
        mine = [one["receipt_id"] for one in entries if one["receipt_id"].startswith(f"{which}-")]
        assert mine == [f"{which}-{number}" for number in range(25)]


def test_two_trails_opened_at_once_see_each_others_entries(tmp_path: Path) -> None:
    """What one has added is there for the other's look-ups and its chain."""
    one, other = trail_at(tmp_path), trail_at(tmp_path)
    given = deletion(one, "1")
    found = other.receipt("receipt-1")
    assert found is not None
    assert found.line.place == given["audit"]
    deletion(other, "2")
    assert one.receipt("receipt-2") is not None
    assert one.verify() == Verification(12, (), ())


def test_a_receipt_id_has_one_final_receipt(tmp_path: Path) -> None:
    """A second one is not written; the first is given instead."""
    trail = trail_at(tmp_path)
    first = receipt(trail, "1")
    again = trail_at(tmp_path).close({"receipt_id": "receipt-1", "status": "failed"})
    assert (again.place, again.entry["status"]) == (first["audit"], "deleted")
    assert trail.verify([first]) == Verification(1, (), ())


# What may have been deleted by us


Step = tuple[str, dict[str, Any]]
MAY: dict[str, tuple[list[Step], bool]] = {
    "nothing sent": ([("asked", {}), ("read", {})], False),
    "an open intent": ([("intent", {})], True),
    "accepted": ([("intent", {}), ("answered", {"outcome": "accepted"})], True),
    "lost": ([("intent", {}), ("answered", {"outcome": "lost"})], True),
    "refused": ([("intent", {}), ("answered", {"outcome": "refused"})], False),
    "lost, then refused": (
        [
            ("intent", {}),
            ("answered", {"outcome": "lost"}),
            ("intent", {}),
            ("answered", {"outcome": "refused"}),
        ],
        True,
    ),
    "open, then refused": (
        [("intent", {}), ("intent", {}), ("answered", {"outcome": "refused"})],
        True,
    ),
    "deleted": ([("intent", {}), ("receipt", {"status": "deleted"})], False),
    "already absent": ([("intent", {}), ("receipt", {"status": "already_absent"})], False),
    "failed": ([("intent", {}), ("receipt", {"status": "failed"})], True),
    "deleted, and another's refused": (
        [
            ("intent", {}),
            ("intent", {}),
            ("receipt", {"status": "deleted"}),
            ("answered", {"outcome": "refused"}),
        ],
        False,
    ),
}


@pytest.mark.parametrize(
    ("steps", "expected"), MAY.values(), ids=[name.replace(" ", "-") for name in MAY]
)
def test_whether_a_delete_of_ours_may_have_reached_an_object(
    steps: list[Step], expected: bool, tmp_path: Path
) -> None:
    """Every DELETE that was not refused may have, until a receipt says that the object is gone."""
    trail, kinds = trail_at(tmp_path), manifest.load().kinds
    ada, eve = person(email=ADA), person(email="eve@example.com")
    for kind, fields in steps:
        told = {"receipt_id": "r-1", "object_type": "contact", "object_id": "1"}
        trail.append(kind, **told, whose=trail.chain.whose(ada, kinds), **fields)
    for each in (trail, trail_at(tmp_path)):
        assert each.may_have_deleted("contact", "1", ada, kinds) is expected
        assert not each.may_have_deleted("contact", "1", eve, kinds), "another subject's deletion"
        assert not each.may_have_deleted("contact", "2", ada, kinds)
        assert not each.may_have_deleted("user", "1", ada, kinds)


# Receipts


RECEIPT_CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "receipt_id": lambda it: it.update(receipt_id="another"),
    "object_type": lambda it: it.update(object_type="user"),
    "id": lambda it: it.update(id="2318"),
    "subject": lambda it: it.update(subject="req-2"),
    "status": lambda it: it.update(status="already_absent"),
    "verified": lambda it: it.update(verified=False),
    "at": lambda it: it.update(at="2020-01-01T00:00:00.000Z"),
    "reason": lambda it: it.update(reason=""),
    "seq": lambda it: it["audit"].update(seq=it["audit"]["seq"] - 1),
    "seq_of_another": lambda it: it["audit"].update(seq=6),
    "seq_beyond": lambda it: it["audit"].update(seq=51),
    "seq_zero": lambda it: it["audit"].update(seq=0),
    "seq_text": lambda it: it["audit"].update(seq="54"),
    "mac": lambda it: it["audit"].update(mac="0" * 64),
    "no_mac": lambda it: it["audit"].pop("mac"),
    "no_place": lambda it: it.pop("audit"),
    "place_of_another_kind": lambda it: it.update(audit=[1]),
    "no_status": lambda it: it.pop("status"),
}


@pytest.mark.parametrize("change", RECEIPT_CHANGES.values(), ids=RECEIPT_CHANGES.keys())
def test_a_changed_receipt_is_found(change: Callable[[Any], Any], fifty: Fifty) -> None:
    """Every field of it is held against the trail, and the fault names the receipt."""
    changed = json.loads(json.dumps(fifty.receipts[-1]))
    change(changed)
    verdict = fifty.verify(fifty.raw, [*fifty.receipts[:-1], changed])
    assert len(verdict.faults) == 1
    assert str(changed["receipt_id"]) in verdict.faults[0]


def test_every_receipt_that_names_no_place_is_reported(fifty: Fifty) -> None:
    """One does not hide the next."""
    bare = [{"receipt_id": "a"}, {"receipt_id": "b", "audit": {}}, {"receipt_id": "c", "audit": 7}]
    assert fifty.verify(fifty.raw, bare).faults == tuple(
        f"receipt {name} names no place in the trail" for name in "abc"
    )


def test_a_changed_last_line_without_its_end_is_a_fault(fifty: Fifty) -> None:
    """It has a MAC, so no crash tore it."""
    changed = fifty.raw[:-1].replace(b"it is gone", b"it is here")
    assert fifty.verify(changed).faults[-1] == "the last line was changed"


def test_receipts_of_the_hook_stand_in_the_trail(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    """Of every status, and for ids that stand in it as hashes."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA), *v.many(2)]
    vendor.tables["users"] = [v.user(59, email=ADA)]
    asked = subject(email=ADA)
    receipts = [
        host.delete(connection, object_type, name, asked)
        for object_type, name in [
            ("contact", 1), ("contact", 1), ("user", 59), ("contact", 100_000), ("contact", "../1"),
        ]
    ]  # fmt: skip
    assert [one["status"] for one in receipts] == [
        "deleted", "already_absent", "not_deletable", "refused", "refused",
    ]  # fmt: skip
    state = StateDir(Path(connection["state_dir"]))
    client = connection["credentials"]["client_id"]
    trail = Trail.of(state, connection["base_url"], client)
    assert trail.verify(json.loads(json.dumps(receipts))).faults == ()
    moved = {**receipts[-1], "id": "../2"}
    assert len(trail.verify([moved]).faults) == 1


# Whose it is


GIVEN = {
    "email": "Ada.Lovelace+loan@Example.com",
    "phone": "(763) 555-0123",
    "service_id": "987654321",
    "external_id": "LOS:Loan-0047",
}
SPELLINGS = [
    *GIVEN.values(), "ada.lovelace", "lovelace", "7635550123", "763-555-0123", "+17635550123",
    "555-0123", "Loan-0047",
]  # fmt: skip


def disguises(text: str) -> Iterator[bytes]:
    """A text as it may hide in a file: any case, encoded, or hashed without a key."""
    for form in (text, text.lower(), text.upper()):
        raw = form.encode()
        yield raw
        yield raw.hex().encode()
        yield urllib.parse.quote(form, safe="").encode()
        yield form.encode("utf-16-le")
        for shift in range(3):
            yield base64.b64encode(b"x" * shift + raw)[shift and 4 : -4]
        for made in (hashlib.sha256, hashlib.sha1, hashlib.md5):
            yield made(raw).hexdigest()[:32].encode()


def test_no_file_of_the_state_holds_an_identifier_in_clear(
    host: Host, vendor: Vendor, connection: dict[str, Any]
) -> None:
    """Not as given, not as stored, not encoded, and not as a hash that anybody could make."""
    vendor.tables["contacts"] = [
        v.contact(1, email=GIVEN["email"].lower(), phone_home="763-555-0123", last_name="Lovelace"),
        *v.many(2),
    ]
    asked = subject(**GIVEN)
    for name in (1, 1, 100_000, "../Loan-0047", GIVEN["email"], GIVEN["phone"]):
        host.delete(connection, "contact", name, asked, {"reviewed": "0" * 64})
        host.delete(connection, "contact", name, asked)
    assert vendor.deleted == [("contacts", 1)]
    files = [path for path in Path(connection["state_dir"]).rglob("*") if path.is_file()]
    assert any(path.name == "audit.jsonl" for path in files)
    for path in files:
        content = path.read_bytes()
        for text in SPELLINGS:
            for disguise in disguises(text):
                assert disguise not in content, (path.name, text, disguise)


def test_an_id_of_any_shape_that_is_an_address_is_in_the_trail_as_a_hash(
    host: Host, vendor: Vendor, connection: dict[str, Any], edited: Callable[..., str]
) -> None:
    """Where an id may be any text, an e-mail address may be given for one."""
    connection["manifest"] = edited({"objects.contact.id": {"field": "id", "shape": "text"}})
    vendor.tables["contacts"] = v.many(2)
    given = host.delete(connection, "contact", ADA, subject(email=ADA))
    assert (given["status"], given["id"]) == ("already_absent", ADA)
    (path,) = Path(connection["state_dir"]).glob("accounts/*/audit.jsonl")
    assert ADA not in path.read_text()
    assert trail_for(connection).verify([given]).faults == ()


def trail_for(connection: Mapping[str, Any]) -> Trail:
    state = StateDir(Path(connection["state_dir"]))
    return Trail.of(state, connection["base_url"], connection["credentials"]["client_id"])


def test_hashes_are_keyed_and_show_equal_identifiers(tmp_path: Path) -> None:
    """Two spellings of one address have one hash in one trail, and another in another's."""
    kinds = manifest.load().kinds
    one, other = trail_at(tmp_path / "one"), trail_at(tmp_path / "other")
    for here, there in (
        (person(email=ADA), person(email=" ADA.lovelace@EXAMPLE.com")),
        (person(phone="763-555-0123"), person(phone="+1 (763) 555 0123")),
        (person(service_id="7"), person(service_id=" 7 ")),
        (person(phone="555-0123"), person(phone="555-0123")),  # possible, not valid
    ):
        assert one.chain.hashes(here, kinds) == one.chain.hashes(there, kinds)
        assert one.chain.hashes(here, kinds) != other.chain.hashes(here, kinds)
    assert (
        one.chain.hashes(person(service_id="7"), kinds)["service_id"]
        != (one.chain.hashes(person(external_id="7"), kinds)["external_id"])
    )


def test_a_line_of_the_trail_is_plain_json_of_this_form(tmp_path: Path) -> None:
    """ASCII without spaces, the number first and the MAC last; a moment is RFC 3339 in UTC."""
    trail = trail_at(tmp_path)
    trail.append("asked", actor="J\u00f6rg")
    assert re.fullmatch(
        rb'\{"seq":1,"kind":"asked","at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",'
        rb'"actor":"J\\u00f6rg","mac":"[0-9a-f]{64}"\}\n',
        trail.path.read_bytes(),
    )


def test_a_new_trails_name_is_on_disk_with_its_first_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is synced when the file is made, and not again for each entry."""
    synced: list[Path] = []
    monkeypatch.setattr("te_connector.operations.audit.trail_file.sync_folder", synced.append)
    trail = trail_at(tmp_path)
    assert synced == []
    for _ in range(3):
        trail.append("asked")
        assert synced == [trail.path.parent]
    trail_at(tmp_path).append("asked")
    assert synced == [trail.path.parent]


def test_hashes_are_the_same_from_version_to_version(tmp_path: Path) -> None:
    """A trail is kept for years: this test fixes what is hashed, and how."""
    trail = trail_at(tmp_path)
    names_key = hmac.digest(trail._key_file.read_bytes(), b"identifiers", "sha256")

    def hashed(text: str) -> str:
        return hmac.digest(names_key, text.encode(), "sha256").hex()[:32]

    assert trail.chain.hashes(person(email=" Ada@Example.com"), manifest.load().kinds) == {
        "email": [hashed("email\0ada@example.com")]
    }
    assert trail.chain.hashes(person(phone="(763) 555-0123"), manifest.load().kinds) == {
        "phone": [hashed("phone\0+17635550123")]
    }
    assert trail.chain.safe_id("../7", is_id=False) == "hash:" + hashed("id\0../7")
    assert trail.chain.safe_id("7", is_id=True) == "7"
    assert trail.chain.safe_id("half \ud800", is_id=False).startswith("hash:")


# Files


def test_the_trail_and_its_key_are_its_owners_alone(tmp_path: Path) -> None:
    """Both files are made with mode 0600."""
    trail = trail_at(tmp_path)
    trail.append("asked")
    for path in (trail.path, trail._key_file):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("which", ["path", "_key_file"], ids=["trail", "key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_trail_or_key_that_others_can_read_is_refused(
    which: str, mode: int, fifty: Fifty
) -> None:
    """For every use of it, with the command that mends it."""
    path = getattr(fifty.trail, which)
    path.chmod(mode)
    for use in (
        lambda: trail_at(fifty.folder).append("asked"),
        lambda: trail_at(fifty.folder).receipt("r"),
        lambda: trail_at(fifty.folder).verify(),
    ):
        with pytest.raises(errors.StateError, match=f"chmod 600 {re.escape(str(path))}"):
            use()


def test_a_trail_without_its_key_is_refused(fifty: Fifty) -> None:
    """No new key is made for an old trail; the error names both files."""
    fifty.trail._key_file.unlink()
    with pytest.raises(
        errors.StateError, match=r"its key .* isn't\. Restore the key, or move .* new trail\.$"
    ) as caught:
        trail_at(fifty.folder)
    assert str(fifty.trail.path) in str(caught.value)
    assert not fifty.trail._key_file.exists()


def test_another_key_makes_every_line_a_fault(fifty: Fifty) -> None:
    """A key that was changed is not one that anything was written with."""
    fifty.trail._key_file.write_bytes(secrets.token_hex(32).encode())
    assert len(trail_at(fifty.folder).verify().faults) == 50
    with pytest.raises(errors.StateError, match="was altered"):
        trail_at(fifty.folder).append("asked")


@pytest.mark.parametrize("key", [b"", b"0" * 64, b"a", b"\0" * 64, b"password"])
def test_a_key_that_is_empty_or_weak_is_refused(fifty: Fifty, key: bytes) -> None:
    fifty.trail._key_file.write_bytes(key)
    with pytest.raises(errors.StateError, match="isn't a key"):
        trail_at(fifty.folder)


def test_a_trail_that_cannot_be_opened_is_an_error_of_the_state(tmp_path: Path) -> None:
    """It names the file."""
    trail = trail_at(tmp_path)
    trail.path.mkdir()
    for use in (lambda: trail.append("asked"), trail.verify):
        with pytest.raises(
            errors.StateError, match=r"audit\.jsonl (isn't a regular|can't be used)"
        ):
            use()


def test_an_entry_that_is_not_written_whole_is_an_error_and_is_closed_later(
    fifty: Fifty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line on a full disk is no evidence: it is reported, and the next entry closes it."""
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda where, data: write(where, data[: len(data) // 2]))
        with pytest.raises(
            errors.StateError, match=r"cannot be written \(No space left on device\)"
        ):
            fifty.trail.append("intent", sync=True)
    fifty.trail.append("asked")
    verdict = fifty.trail.verify(fifty.receipts)
    assert verdict == Verification(
        52, (), ("line 51 was cut short by a crash and closed afterwards",)
    )


def test_an_entry_that_cannot_be_synced_is_an_error(
    fifty: Fifty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An intent that may not be on disk permits no DELETE."""

    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        for write in (
            lambda: fifty.trail.append("intent", sync=True),
            lambda: fifty.trail.close({"receipt_id": "receipt-10", "status": "failed"}),
        ):
            with pytest.raises(errors.StateError, match="Input/output error"):
                write()
    fifty.trail.append("asked")
    assert fifty.trail.verify().faults == ()


def test_no_delete_is_sent_whose_intent_could_not_be_written(
    host: Host, vendor: Vendor, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes before the request."""
    vendor.tables["contacts"] = [v.contact(1, email=ADA)]
    append = Trail.append

    def full(self: Trail, kind: str, **fields: Any) -> Any:
        if kind == "intent":
            raise errors.StateError("The disk is full.")
        return append(self, kind, **fields)

    monkeypatch.setattr(Trail, "append", full)
    with pytest.raises(errors.StateError):
        host.delete(connection, "contact", 1, subject(email=ADA))
    assert vendor.count("DELETE") == 0


def test_a_story_is_shown_for_a_changed_trail_too(fifty: Fifty) -> None:
    """Lines that cannot be read are left out; whether the rest is true, verify says."""
    lines = list(fifty.lines)
    lines[1] = b"not JSON\n"
    fifty.trail.path.write_bytes(b"".join(lines))
    story = fifty.trail.story("receipt-2310")
    assert [entry["kind"] for entry in story] == [
        "asked", "intent", "answered", "read_again", "receipt",
    ]  # fmt: skip


# The documentation


def run_snippet(trail: Trail) -> subprocess.CompletedProcess[str]:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(snippet.strip().splitlines()) <= 15
    return subprocess.run(
        [sys.executable, "-I", "-c", snippet, str(trail.path), str(trail._key_file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_documented_way_to_verify_without_this_package_agrees(fifty: Fifty) -> None:
    """Fifteen lines of plain Python pass a good trail, and one with a torn and closed line."""
    ran = run_snippet(fifty.trail)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "50 entries hold")
    fifty.trail.path.write_bytes(fifty.raw[:-30])
    trail = trail_at(fifty.folder)
    trail.append("asked")
    ran = run_snippet(trail)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "51 entries hold")


@pytest.mark.parametrize("place", [0, 9, 1000, -100, -2])
def test_the_documented_way_to_verify_finds_a_changed_byte(place: int, fifty: Fifty) -> None:
    """It names the line after which nothing holds."""
    raw = bytearray(fifty.raw)
    raw[place] ^= 1
    fifty.trail.path.write_bytes(raw)
    ran = run_snippet(fifty.trail)
    assert ran.returncode == 1
    assert "does not hold" in ran.stderr
