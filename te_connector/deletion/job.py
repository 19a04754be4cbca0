"""One job: what to delete of which result, under which holds, with which receipts. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from te_connector.api import connection as connections
from te_connector.contract import Receipt, Record
from te_connector.deletion.receipts import Naming, Whose, read, whose
from te_connector.deletion.selection import Choice, children_of, choose
from te_connector.errors import SettingsError
from te_connector.manifest.model import Manifest
from te_connector.operations import holds
from te_connector.operations.audit.trail import Trail
from te_connector.operations.holds import Cover
from te_connector.operations.ownership import Lineage, Relative
from te_connector.result import Result, account_of, classified_again, key_of, parents_of


@attrs.frozen
class Preview:
    """What would happen to one chosen object: its receipt so far, or the hold on it, or a deletion."""

    record: Record = attrs.field(repr=False)
    receipt: Receipt | None
    held: Cover | None

    @property
    def is_open(self) -> bool:
        """Whether it has no receipt yet, and is under no hold that is known before."""
        return self.receipt is None and self.held is None


@attrs.frozen
class Job:
    """A checked job. ``more_holds`` are those of a file, beside those that last."""

    connection: Mapping[str, Any] = attrs.field(repr=False)
    account: str
    result: Result
    previews: tuple[Preview, ...]
    children: tuple[Record, ...] = attrs.field(repr=False)
    """What belongs to the chosen objects, and the API can't delete."""
    more_holds: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)
    hold_count: int
    idle_holds: int
    """How many holds match nothing in the result."""
    file: Path
    strangers: int
    """Receipts in the file that aren't of this job, or aren't in this account's trail. They count for
    nothing."""
    actor: str | None = None

    @property
    def chosen(self) -> list[Record]:
        """The chosen records, in the order in which they are deleted."""
        return [preview.record for preview in self.previews]

    @property
    def open(self) -> list[Preview]:
        """What has no receipt yet and is under no hold that is known before."""
        return [one for one in self.previews if one.is_open]

    def naming(self) -> Naming:
        """How receipts are named."""
        return Naming.of(self.result.path, self.file, self.account)


def prepare(
    connection: Mapping[str, Any],
    result: Result,
    manifest: Manifest,
    choice: Choice,
    file: Path,
    *,
    more_holds: Sequence[Mapping[str, Any]] = (),
    actor: str | None = None,
) -> Job:
    """Check a result and a choice, and say what would happen. Sends nothing.

    :raises SettingsError: the result is another connector's, base URL's or account's.
    :raises OptionError: the choice is wrong.
    :raises FileFaults: the result was altered, or the receipts file holds something else.
    :raises StateError: holds or trail can't be read.
    """
    account = check_account(connection, result)
    result = classified_again(result, manifest)
    chosen = choose(result, manifest, choice)
    held = holds.active(connections.resolve(connection).state, manifest, account, more_holds)
    lineages = {key_of(record): _lineage(result, manifest, record) for record in result.records}
    naming = Naming.of(result.path, file, account)
    children = _children(result, chosen)
    standing = _standing(connection, [*chosen, *children], naming)

    def preview(record: Record) -> Preview:
        cover = held.on_chosen(lineages[key_of(record)], lineages.values())
        return Preview(record, standing.get(whose(record)), cover)

    return Job(
        connection=connection,
        account=account,
        result=result,
        previews=tuple(preview(record) for record in chosen),
        children=tuple(children),
        more_holds=tuple(more_holds),
        hold_count=len(held.holds),
        idle_holds=len(held.holds) - len(held.matching(list(lineages.values()))),
        file=file,
        strangers=sum(standing.get(whose(one)) != _bare(one) for one in read(file)),
        actor=actor,
    )


def check_account(connection: Mapping[str, Any], result: Result) -> str:
    """See that a result comes from the account that the connection leads to. Gives the account.

    :raises SettingsError: it doesn't; the same ids elsewhere are other people's.
    """
    if result.connector != connection["connector"]:
        raise SettingsError("RESULT comes from another connector. Nothing was sent.")
    settings = connections.resolve(connection)
    if connections.normal_base_url(result.base_url) != settings.base_url:
        raise SettingsError(
            "RESULT comes from another base URL than this connection's. Set the one that it names with "
            "--base-url or TE_BASE_URL. Nothing was sent."
        )
    if result.account is None:
        raise SettingsError("RESULT doesn't say which account it is from. Fetch again.")
    if result.account not in _accounts(connection):
        raise SettingsError(
            "RESULT comes from another account at the same base URL. Set the client id and secret that "
            "fetched it, or fetch again. If they were replaced, run: te-connector login --replaces "
            "OLD_CLIENT_ID. Nothing was sent."
        )
    return account_of(connection)


def trail_of(connection: Mapping[str, Any]) -> Trail | None:
    """The account's trail; None if it has none yet. Nothing is created."""
    settings = connections.resolve(connection)
    account = connections.account_of(settings)
    folder = settings.state.root / "accounts" / account
    key_file = settings.state.root / "keys" / f"{account}.audit"
    return Trail(folder, key_file) if key_file.exists() and folder.is_dir() else None


def _accounts(connection: Mapping[str, Any]) -> list[str]:
    """The account, and those of the clients that it replaced."""
    trail = trail_of(connection)
    return trail.accounts() if trail is not None else [account_of(connection)]


def _standing(
    connection: Mapping[str, Any], records: Sequence[Record], naming: Naming
) -> dict[Whose, Receipt]:
    """The receipts that the trail has for this job. The receipts file is never asked: it can be edited."""
    trail = trail_of(connection)
    if trail is None:
        return {}
    standing: dict[Whose, Receipt] = {}
    for record in records:
        found = trail.receipt(naming.receipt_id(whose(record)))
        if found is None:
            continue
        entry = found.line.entry
        standing[whose(record)] = {
            "receipt_id": entry["receipt_id"],
            "object_type": entry["object_type"],
            "id": record["id"],
            "subject": entry["subject"],
            "status": entry["status"],
            "verified": entry["verified"],
            "at": entry["at"],
            "reason": entry["reason"],
            "audit": {"seq": found.line.place["seq"], "mac": found.line.place["mac"]},
        }
    return standing


def _bare(receipt: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in receipt.items() if key != "account"}


def _children(result: Result, chosen: Sequence[Record]) -> list[Record]:
    taken = {key_of(record) for record in chosen}
    below: list[Record] = []
    for record in chosen:
        below += children_of(result, record, taken)
        taken.update(map(key_of, below))
    return below


def _lineage(result: Result, manifest: Manifest, record: Record) -> Lineage:
    """A record and what it belongs to, as far as the result has it. The hook reads the rest."""
    by_key = result.by_key()
    found: list[Relative] = []
    waiting = [(record["object_type"], record["id"])]
    for object_type, object_id in waiting:  # grows while it is read
        if object_type not in manifest.objects:
            continue
        same = by_key.get((object_type, object_id), [])
        data = same[0]["data"] if same else None
        found.append(Relative(manifest.objects[object_type], object_id, data))
        waiting += [key for one in same[:1] for key in parents_of(one) if key not in waiting]
    return tuple(found)


__all__ = [
    "Choice",
    "Job",
    "Preview",
    "check_account",
    "prepare",
    "trail_of",
]
