"""``delete``: choose among what a fetch found, see what would happen, confirm, get receipts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector.cli.output import Renderer, clean, note, number_of, print_json
from te_connector.cli.progress import Progress
from te_connector.cli.settings import Interrupted, Settings, expanded, manifest_of, with_settings
from te_connector.errors import ConnectorError, SettingsError, Stopped

if TYPE_CHECKING:
    from te_connector.contract import Receipt
    from te_connector.deletion import Done, Job, Preview

_STYLES = {"deleted": "green", "already_absent": "green"}


@click.command(short_help="Permanently delete what you choose from a fetch.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--select", multiple=True, metavar="TYPE:ID", help="Delete this object.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Delete the strong matches of the types whose coverage is complete.",
)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="ID",
    help="Whose request it is, if RESULT has several subjects.",
)
@click.option(
    "--hold",
    "hold_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A list of what must not be deleted, beside the holds that last.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.option(
    "--receipts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where receipts go (default: beside RESULT).",
)
@click.option("--actor", metavar="NAME", help="Who deletes, for the audit trail.")
@with_settings
def delete(settings: Settings, **requested: Any) -> int:
    """Permanently delete what you choose among the records of an earlier fetch.

    Up to eight objects are deleted at once, children before parents. Each
    receipt is on disk before its object counts as done. If it is stopped
    anywhere, run it again to go on.

    A hold list (--hold) is YAML: a list of entries with a reason, and object
    (TYPE:ID) or identifiers:

    \b
      - object: contact:2317
        reason: lawsuit 2026-14
      - email: maria@example.com
        phone: 763-555-0123
        reason: running loan

    A hold covers the object or the person's records, what belongs to them,
    and near misses. Values are taken as you write them.
    """  # noqa: D301  click's own mark: keep the lines as they are
    if requested["dry_run"] and requested["yes"]:
        raise click.UsageError("--dry-run only shows, and --yes deletes. Pass one of them.")
    job = _job(settings, requested)
    renderer = Renderer()
    if not settings.as_json:
        _show_job(renderer, job)
    _note_receipts(settings, job)
    if not job.chosen or not _confirmed(settings, job, requested):
        return _end_without(settings, job)
    return _carry_out(settings, renderer, job)


def _carry_out(settings: Settings, renderer: Renderer, job: Job) -> int:
    """Delete, and show the receipts. The exit status says whether anything needs a second look."""
    from te_connector import host
    from te_connector.deletion import Done, run

    done = Done()
    limit = manifest_of(job.connection).requests
    try:
        with Progress((limit.count, limit.seconds), quiet=settings.quiet) as progress:
            run(job, host.delete, progress, done)
    except (KeyboardInterrupt, Stopped):
        raise Interrupted(f"Stopped. {_how_far(job, done)}") from None
    except ConnectorError:
        note(f"te-connector: {_how_far(job, done)}")
        raise
    if settings.as_json:
        print_json(
            {"chosen": len(job.chosen), "receipts": done.receipts, "children": done.children}
        )
    else:
        show_done(renderer, job, done)
    return 0 if all(receipt["status"] in _STYLES for receipt in done.receipts) else 1


def _job(settings: Settings, requested: Mapping[str, Any]) -> Job:
    from te_connector import result as results
    from te_connector.deletion import Choice, prepare, read_hold_list

    connection = settings.connection()
    manifest = manifest_of(connection)
    result = results.load(expanded(requested["result_file"]))
    file = requested["receipts"]
    hold_file = requested["hold_file"]
    return prepare(
        connection,
        result,
        manifest,
        Choice(requested["select"], requested["every"], requested["subjects"]),
        expanded(file) if file is not None else result.path.with_suffix(".receipts.jsonl"),
        more_holds=read_hold_list(expanded(hold_file), manifest) if hold_file is not None else (),
        actor=requested["actor"],
    )


def _show_job(renderer: Renderer, job: Job) -> None:
    """What would happen to each object, and what to know before you decide."""
    from te_connector.cli.findings import matched_by, preview

    if not job.chosen:
        renderer.line(
            "Nothing to delete: --all found no strong match that the API can delete, in a type whose "
            "coverage is complete. To delete others, name them with --select."
        )
        return
    renderer.line(
        f"Selected: {number_of(len(job.chosen), 'object')} at {job.result.base_url}", "bold"
    )
    rows, styles = [], []
    for one in job.previews:
        record, fate = one.record, _fate(one)
        rows.append(
            (
                f"{record['object_type']}\n{clean(record['id'])}",
                preview(record),
                f"{record['strength']}: {matched_by(record)}",
                fate,
            )
        )
        styles.append("" if fate == "delete" else "yellow")
    renderer.table(("Object", "Who", "Match", "What happens"), rows, styles)
    _show_holds(renderer, job)
    if job.children:
        names = ", ".join(f"{one['object_type']}:{clean(one['id'])}" for one in job.children)
        renderer.line(
            f"The API can't delete what belongs to them: {names}. They get receipts that say whether "
            "they are gone. If they stay, send the vendor's support the letter that this prints:",
            "yellow",
        )
        renderer.command(["te-connector", "show", "--undeletable", str(job.result.path)])
    for item in job.result.coverage:
        if not item["complete"]:
            name = item["object_type"]
            renderer.line(f"The search of {name} isn't complete: there may be more.", "yellow")


def _show_holds(renderer: Renderer, job: Job) -> None:
    if not job.hold_count:
        return
    held = sum(one.held is not None for one in job.previews)
    renderer.line(
        f"{number_of(job.hold_count, 'hold')} apply: {held} of the selected objects are held. "
        f"{number_of(job.idle_holds, 'hold')} match nothing in RESULT."
    )


def _fate(one: Preview) -> str:
    if one.receipt is not None:
        return f"has its receipt: {one.receipt['status']}"
    if one.held is not None:
        return clean(one.held.sentence)
    return "delete" if one.record["deletable"] else "can't be deleted by the API"


def _note_receipts(settings: Settings, job: Job) -> None:
    if job.strangers:
        note(
            f"te-connector: {number_of(job.strangers, 'receipt')} in {job.file} are of another job or "
            "account, or not in this account's audit trail. They count for nothing.",
            quiet=settings.quiet,
        )


def _confirmed(settings: Settings, job: Job, requested: Mapping[str, Any]) -> bool:
    """Whether to delete. In a terminal you type the number of objects, so that no habit confirms it."""
    if requested["yes"] or requested["dry_run"]:
        return bool(requested["yes"])
    count = len(job.open)
    if settings.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SettingsError(
            "There is no terminal to ask in. To delete, add --yes. To only see what would happen, add "
            "--dry-run. Nothing was sent."
        )
    if not count:
        return True
    answer = click.prompt(
        f"To permanently delete {number_of(count, 'object')}, type {count}. Anything else cancels",
        default="",
        show_default=False,
        err=True,
    )
    return bool(answer.strip() == str(count))


def _end_without(settings: Settings, job: Job) -> int:
    if settings.as_json:
        would = [
            {
                "object_type": one.record["object_type"],
                "id": one.record["id"],
                "subject": one.record["subject"],
                "what": _fate(one),
            }
            for one in job.previews
        ]
        print_json(
            {
                "chosen": len(job.chosen),
                "receipts": [],
                "children": [],
                "sent": False,
                "would": would,
                "holds": {"apply": job.hold_count, "match_nothing": job.idle_holds},
                "undeletable": [
                    {"object_type": one["object_type"], "id": one["id"]} for one in job.children
                ],
            }
        )
    elif job.chosen:
        click.echo("Nothing was sent. To delete, add --yes.")
    return 0


def _how_far(job: Job, done: Done) -> str:
    return (
        f"{len(done.receipts)} of {len(job.chosen)} objects have receipts in {job.file}. To go on, run "
        "the same command again."
    )


def show_done(renderer: Renderer, job: Job, done: Done) -> None:
    """The receipts, and where they are."""
    renderer.heading("Receipts")
    show_receipts(renderer, done.receipts)
    if done.children:
        renderer.heading("What belonged to them, read again (not counted)")
        show_receipts(renderer, done.children)
    counts = Counter(receipt["status"] for receipt in done.receipts)
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    renderer.line()
    renderer.line(f"{number_of(len(job.chosen), 'object')} selected: {summary}.", "bold")
    if any(status not in _STYLES for status in counts):
        renderer.line("To retry the rest, pass a new --receipts file.")
    renderer.line(f"Receipts: {job.file}. To check them against the audit trail:")
    renderer.command(["te-connector", "audit", "verify", str(job.file)])


def show_receipts(renderer: Renderer, receipts: Sequence[Receipt]) -> None:
    """Receipts as a table, one row for those of one type that say the same."""
    same: dict[tuple[str, str, bool, str], list[str]] = {}
    for receipt in receipts:
        key = receipt["object_type"], receipt["status"], receipt["verified"], receipt["reason"]
        same.setdefault(key, []).append(clean(receipt["id"]))
    rows = [
        ("\n".join([name, *ids]), status, "yes" if verified else "no", clean(reason))
        for (name, status, verified, reason), ids in same.items()
    ]
    styles = [_STYLES.get(status, "yellow") for _, status, _, _ in same]
    renderer.table(("Object", "Status", "Proven", "Reason"), rows, styles)
