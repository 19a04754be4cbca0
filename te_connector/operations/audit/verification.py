"""Checks a whole trail, line by line, and that each receipt is where it says. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from te_connector.operations.audit.chain import RESUMED, Chain, Entry, Line, has_mac, seq_of

_SAME = ("receipt_id", "object_type", "subject", "status", "verified", "reason", "at")
_UNFINISHED = (
    "the last line is unfinished, as after a crash; only a later receipt can show whether more is "
    "missing"
)


@attrs.frozen
class Verification:
    """What checking a trail found: faults, and notes that are no fault."""

    entries: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


@attrs.frozen
class CheckedLines:
    """The lines of a trail that hold, by number, and what is wrong with the others."""

    good: Mapping[int, Line]
    last: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def check_lines(chain: Chain, raw: bytes) -> CheckedLines:
    """Check the chain of a whole trail."""
    *lines, rest = raw.split(b"\n")
    faults: list[str] = []
    notes: list[str] = []
    good: dict[int, Line] = {}
    before, expected = chain.start, 1
    for number, text in enumerate(lines, 1):
        line = chain.read(before, text)
        if line is None and _is_closed(chain, before, text, lines[number:]):
            notes.append(f"line {number} was cut short by a crash and closed afterwards")
            before += b"\n" + text
            continue
        if line is None:
            faults.append(f"line {number}: changed, or the line before it was changed or removed")
            expected = (seq_of(text) or expected) + 1
        else:
            if line.place["seq"] != expected:
                faults.append(f"line {number}: entry {expected} belongs here")
            good[line.place["seq"]] = line
            expected = line.place["seq"] + 1
        before = text
    faults += _check_rest(chain, before, rest, good, notes)
    return CheckedLines(good, max(expected - 1, *good, 0), tuple(faults), tuple(notes))


def _is_closed(chain: Chain, before: bytes, text: bytes, following: Iterable[bytes]) -> bool:
    """Whether a crash cut a line short, and an entry after it closed it."""
    for after in following:
        if has_mac(text):
            return False
        before += b"\n" + text
        line = chain.read(before, after)
        if line is not None:
            return bool(line.entry["kind"] == RESUMED)
        text = after
    return False


def _check_rest(
    chain: Chain, before: bytes, rest: bytes, good: dict[int, Line], notes: list[str]
) -> list[str]:
    """Check what is after the last line end."""
    if not rest:
        return []
    whole = chain.read(before, rest)
    if whole is not None:
        good[whole.place["seq"]] = whole
        notes.append("the last line lacks its end, but is whole")
        return []
    if has_mac(rest):
        return ["the last line was changed"]
    notes.append(_UNFINISHED)
    return []


def check_written(checked: CheckedLines, seq: int, mac: str) -> Iterator[str]:
    """Check the trail against the last entry that is known to have been on disk."""
    line = checked.good.get(seq)
    if checked.last < seq:
        yield f"the trail was cut after entry {checked.last}: entry {seq} was on disk"
    elif line is not None and line.place["mac"] != mac:
        yield f"the trail was replaced: entry {seq} isn't the one that was written"


def check_receipts(
    chain: Chain, receipts: Sequence[Mapping[str, Any]], checked: CheckedLines
) -> Iterator[str]:
    """Check that each receipt is where it says, and says what the trail says."""
    for receipt in receipts:
        receipt_id = receipt.get("receipt_id")
        place = receipt.get("audit")
        if not isinstance(place, Mapping) or type(place.get("seq")) is not int:
            yield f"receipt {receipt_id} names no place in the trail"
            continue
        if receipt.get("account", chain.account) != chain.account:
            yield f"receipt {receipt_id} is from another account; check it with that account"
            continue
        line = checked.good.get(place["seq"])
        if place["seq"] > checked.last:
            yield (
                f"receipt {receipt_id} names entry {place['seq']}, but the trail was cut after entry "
                f"{checked.last}"
            )
        elif line is None or line.place["mac"] != place.get("mac"):
            yield f"receipt {receipt_id}: entry {place['seq']} isn't the one that it names"
        elif not _says_the_same(chain, receipt, line.entry):
            yield f"receipt {receipt_id} was changed: the trail says otherwise"


def _says_the_same(chain: Chain, receipt: Mapping[str, Any], entry: Entry) -> bool:
    object_id = str(receipt.get("id"))
    if entry.get("object_id") not in (object_id, chain.safe_id(object_id, is_id=False)):
        return False
    return all(receipt.get(field) == entry.get(field) for field in _SAME)
