"""``delete``: choose among what a fetch found, see what would happen, confirm, get receipts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector.cli.output import Paper, clean, note, number_of, print_json
from te_connector.cli.progress import Progress
from te_connector.cli.settings import Given, Interrupted, base_url_of, manifest_of, with_settings
from te_connector.errors import ConnectorError, SettingsError, Stopped

if TYPE_CHECKING:
    from te_connector.contract import Receipt, Record
    from te_connector.deletion.run import Done, Job
    from te_connector.result import Result

_STYLES = {"deleted": "green", "already_absent": "green"}


@click.command(short_help="Delete what was chosen of a fetch, and prove it.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--select", multiple=True, metavar="TYPE:ID", help="Delete this object.")
@click.option("--all", "every", is_flag=True, help="Delete the strong matches of one subject.")
@click.option("--subject", metavar="ID", help="Whose request it is, where an object is of two.")
@click.option(
    "--hold",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What must not be deleted (YAML list of object or identifiers, with reason).",
)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--yes", is_flag=True, help="Do it; without this it only shows what it would do.")
@click.option(
    "--receipts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where receipts go (default: beside RESULT).",
)
@click.option("--actor", metavar="NAME", help="Who does it, for the audit trail.")
@with_settings
def delete(given: Given, **wanted: Any) -> int:
    """Delete what was chosen among the records of an earlier fetch, and prove it.

    Children are deleted before parents. Each receipt is on disk before the next object is begun:
    stopped anywhere and run again, it goes on where it was.
    """
    if wanted["dry_run"] and wanted["yes"]:
        raise click.UsageError("--dry-run only shows, and --yes deletes. Pass one of them.")
    job = _job(given, wanted)
    known = job.known()
    paper = Paper()
    if not given.as_json:
        _show_what_would_happen(paper, job, known)
    asked = not wanted["dry_run"] and not given.as_json
    confirmed = wanted["yes"] or (asked and _confirmed(job, known))
    if not job.chosen or not confirmed:
        return _end_without(given, job, known)
    from te_connector.deletion.run import Done, run

    done = Done()
    limit = manifest_of(job.connection).requests
    try:
        with Progress((limit.count, limit.seconds), quiet=given.quiet) as progress:
            run(job, progress.tell, done)
    except (KeyboardInterrupt, Stopped):
        raise Interrupted(f"Stopped. {_how_far(job, done)}") from None
    except ConnectorError:
        note(f"te-connector: {_how_far(job, done)}")
        raise
    if given.as_json:
        print_json(
            {"chosen": len(job.chosen), "receipts": done.receipts, "children": done.children}
        )
    else:
        show_done(paper, job, done)
    return 0 if all(receipt["status"] in _STYLES for receipt in done.receipts) else 1


def _job(given: Given, wanted: Mapping[str, Any]) -> Job:
    from te_connector import result as results
    from te_connector.deletion import holds
    from te_connector.deletion.run import Job
    from te_connector.deletion.selection import choose

    connection = given.connection()
    manifest = manifest_of(connection)
    result = results.load(wanted["result_file"])
    check_source(connection, result)
    chosen = choose(result, manifest, wanted["select"], wanted["subject"], every=wanted["every"])
    held: dict[tuple[str, str], str] = {}
    if wanted["hold"] is not None:
        listed = holds.load(wanted["hold"], manifest)
        for record in chosen:
            reason = listed.reason(record)
            if reason is not None:
                held[record["object_type"], record["id"]] = reason
    file = wanted["receipts"] or result.path.with_suffix(".receipts.jsonl")
    return Job(connection, result, tuple(chosen), held, file, wanted["actor"])


def check_source(connection: Mapping[str, Any], result: Result) -> None:
    """See that a result comes from where the connection leads.

    :raises SettingsError: it does not; deleting the same ids elsewhere would be other people's.
    """
    from te_connector.api.connection import normal_base_url

    if result.connector != connection["connector"]:
        raise SettingsError("RESULT comes from another connector; nothing was sent.")
    if normal_base_url(result.base_url) != base_url_of(connection):
        raise SettingsError(
            "RESULT comes from another base URL than this connection's; set the one that it names "
            "with --base-url or TE_BASE_URL. Nothing was sent."
        )


def _open(job: Job, known: Mapping[Any, Receipt]) -> list[Record]:
    from te_connector.deletion.receipts import whose

    return [record for record in job.chosen if whose(record) not in known]


def _show_what_would_happen(paper: Paper, job: Job, known: Mapping[Any, Receipt]) -> None:
    from te_connector.cli.findings import matched_by, preview
    from te_connector.deletion.selection import children_of

    if not job.chosen:
        paper.line("There is nothing that --all could choose: no strong match can be deleted.")
        return
    paper.line(f"Chosen: {number_of(len(job.chosen), 'object')} at {job.result.base_url}", "bold")
    rows, styles = [], []
    for record in job.chosen:
        what = _fate(job, known, record)
        rows.append(
            (
                f"{record['object_type']}\n{clean(record['id'])}",
                preview(record),
                f"{record['strength']}: {matched_by(record)}",
                what,
            )
        )
        styles.append("" if what == "delete" else "yellow")
    paper.table(("Object", "Who", "Match", "What happens"), rows, styles)
    taken = {(record["object_type"], record["id"]) for record in job.chosen}
    below = sum(len(children_of(job.result, record, taken)) for record in job.chosen)
    if below:
        paper.line(
            f"Afterwards {number_of(below, 'record')} below them, which the API cannot delete, "
            "will be read once more to see whether they are gone."
        )
    for item in job.result.coverage:
        if not item["complete"]:
            name = item["object_type"]
            paper.line(f"The search of {name} was not complete: there may be more.", "yellow")


def _fate(job: Job, known: Mapping[Any, Receipt], record: Record) -> str:
    from te_connector.deletion.receipts import whose

    receipt = known.get(whose(record))
    if receipt is not None:
        return f"has its receipt: {receipt['status']}"
    held = job.held.get((record["object_type"], record["id"]))
    if held is not None:
        return f"held: {clean(held)}"
    return "delete" if record["deletable"] else "cannot be deleted by the API"


def _confirmed(job: Job, known: Mapping[Any, Receipt]) -> bool:
    """Ask in a terminal: the number of objects, so that nobody confirms by habit."""
    count = len(_open(job, known))
    if not count or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    answer = click.prompt(
        f"Type {count} to go on with {number_of(count, 'object')}; anything else ends this",
        default="",
        show_default=False,
        err=True,
    )
    return bool(answer.strip() == str(count))


def _end_without(given: Given, job: Job, known: Mapping[Any, Receipt]) -> int:
    if given.as_json:
        would = [
            {
                "object_type": record["object_type"],
                "id": record["id"],
                "subject": record["subject"],
                "what": _fate(job, known, record),
            }
            for record in job.chosen
        ]
        print_json(
            {
                "chosen": len(job.chosen),
                "receipts": [],
                "children": [],
                "sent": False,
                "would": would,
            }
        )
    elif job.chosen:
        click.echo("Nothing was sent. Add --yes to do it.")
    return 0


def _how_far(job: Job, done: Done) -> str:
    return (
        f"{len(done.receipts)} of {len(job.chosen)} have their receipts in {job.file}; run the same "
        "command again to go on."
    )


def show_done(paper: Paper, job: Job, done: Done) -> None:
    """The receipts, and where they are."""
    paper.heading("Receipts")
    show_receipts(paper, done.receipts)
    if done.children:
        paper.heading("What belonged to them, read once more (counted apart)")
        show_receipts(paper, done.children)
    counts = Counter(receipt["status"] for receipt in done.receipts)
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    paper.line()
    paper.line(f"{number_of(len(job.chosen), 'object')} chosen: {told}.", "bold")
    if any(status not in _STYLES for status in counts):
        paper.line("To try those again that are not gone, name a new file with --receipts.")
    paper.line(f"Receipts: {job.file}. To check them against the audit trail:")
    paper.command(["te-connector", "audit", "verify", str(job.file)])


def show_receipts(paper: Paper, receipts: Sequence[Receipt]) -> None:
    """Receipts as a table; those of one type that say the same stand together."""
    same: dict[tuple[str, str, bool, str], list[str]] = {}
    for receipt in receipts:
        told = receipt["object_type"], receipt["status"], receipt["verified"], receipt["reason"]
        same.setdefault(told, []).append(clean(receipt["id"]))
    rows = [
        ("\n".join([name, *ids]), status, "yes" if verified else "no", clean(reason))
        for (name, status, verified, reason), ids in same.items()
    ]
    styles = [_STYLES.get(status, "yellow") for _, status, _, _ in same]
    paper.table(("Object", "Status", "Proven", "Reason"), rows, styles)
