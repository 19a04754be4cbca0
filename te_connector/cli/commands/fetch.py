"""``fetch``: find the objects of a data subject, show them, and save them in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from te_connector import host, review
from te_connector.cli import target as targets
from te_connector.cli.answer_file import content_of, document_of
from te_connector.cli.output import Renderer, note, number_of, print_json
from te_connector.cli.progress import Progress
from te_connector.cli.settings import Settings, expanded, manifest_of, with_settings
from te_connector.contract import Fetched, PlanStep, Subject

SUBJECT = "req-1"
"""The id of the subject whose identifiers come as flags."""
_KINDS = ("email", "phone", "service_id", "external_id")


@click.command(short_help="Find every object of a data subject.")
@click.option("--email", multiple=True, metavar="E", help="An e-mail address.")
@click.option("--phone", multiple=True, metavar="P", help="A phone number.")
@click.option(
    "--service-id", multiple=True, metavar="S", help="A Total Expert id, as TYPE:ID or ID."
)
@click.option(
    "--external-id", multiple=True, metavar="E", help="The lender's own id, as SOURCE:ID or ID."
)
@click.option(
    "--subjects",
    "subjects_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Many subjects: JSON Lines, or CSV with the columns id, email, phone, ...",
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=KIND",
    help="What another column of the CSV file holds, such as Mobile=phone.",
)
@click.option(
    "--object-type", "object_types", multiple=True, metavar="T", help="Search only this type."
)
@click.option(
    "--coverage",
    type=click.Choice(["exhaustive", "quick"]),
    default="exhaustive",
    show_default=True,
    help="Compare every object, or look up by filter.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Only show what both coverages would cost.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Save to this file."
)
@click.option("--force", is_flag=True, help="Replace an existing --output file.")
@with_settings
def fetch(settings: Settings, **options: Any) -> int:
    """Find every object of a data subject, and report how complete the search was.

    One matching identifier is enough. You can repeat each option.
    """
    if options["plan_only"] and options["output"] is not None:
        raise click.UsageError("--plan writes no file. Leave out --output.")
    output: Path | None = options["output"]
    target = None if output is None else targets.checked(output, force=options["force"])
    connection = settings.connection()
    subjects = _subjects(connection, options)
    hook_options: dict[str, Any] = {"coverage": options["coverage"]}
    if options["object_types"]:
        hook_options["object_types"] = list(options["object_types"])
    if options["plan_only"]:
        return _show_plan(settings, connection, subjects, hook_options)
    answer = run(settings, connection, subjects, hook_options)
    document = document_of(connection, subjects, answer)
    if target is not None:
        targets.write(target, content_of(document))
    if target is not None and target.is_stdout:
        pass  # the document is on stdout, so nothing else may be
    elif settings.as_json:
        print_json(document)
    else:
        _show(settings, document, options)
    return status(answer, quick=options["coverage"] == "quick")


def _subjects(connection: Mapping[str, Any], options: Mapping[str, Any]) -> list[Subject]:
    identifiers = {kind: list(options[kind]) for kind in _KINDS if options[kind]}
    file: Path | None = options["subjects_file"]
    if file is not None and identifiers:
        raise click.UsageError("Use either identifiers or --subjects, not both.")
    is_csv = file is not None and file.suffix.lower() == ".csv"
    if options["mapping"] and not is_csv:
        raise click.UsageError("--map is for a CSV file. Pass one with --subjects FILE.csv.")
    if file is not None and is_csv:
        from te_connector.cli.subject_files import mapping_of, read_csv

        kinds = tuple(manifest_of(connection).kinds)
        return read_csv(expanded(file), kinds, mapping_of(options["mapping"]))
    if file is not None:
        from te_connector.matching.subject_lines import check_lines

        return check_lines(expanded(file), manifest_of(connection))  # type: ignore[return-value]
    if not identifiers:
        raise click.UsageError(
            "Add an identifier (--email, --phone, --service-id, --external-id) or --subjects."
        )
    return [{"id": SUBJECT, "identifiers": identifiers}]


def run(
    settings: Settings,
    connection: Mapping[str, Any],
    subjects: Sequence[Subject],
    options: Mapping[str, Any],
) -> Fetched:
    """Call the hook and show progress."""
    limit = manifest_of(connection).requests
    with Progress((limit.count, limit.seconds), quiet=settings.quiet) as progress:
        return host.fetch(connection, subjects, {**options, "progress": progress})


def status(answer: Fetched, *, quick: bool) -> int:
    """0, or 1 if something failed or an exhaustive search is incomplete."""
    if review.failures(answer["problems"]):
        return 1
    whole = all(review.is_whole(item, answer) for item in answer["coverage"])
    return 0 if quick or whole else 1


def _show_plan(
    settings: Settings,
    connection: Mapping[str, Any],
    subjects: list[Subject],
    options: Mapping[str, Any],
) -> int:
    """The costs of both coverages; as JSON, the plan of the one that was asked for."""
    if settings.as_json:
        print_json(host.plan(connection, subjects, options))
        return 0
    plans = [
        host.plan(connection, subjects, {**options, "coverage": coverage})["plan"]
        for coverage in ("exhaustive", "quick")
    ]
    parents = {one["name"]: one["parent"] for one in host.discover(connection)["object_types"]}
    rows = [
        (whole["object_type"], _cost(whole, None), _cost(quick, parents[quick["object_type"]]))
        for whole, quick in zip(*plans, strict=True)
    ]
    renderer = Renderer()
    renderer.table(("Object type", "Complete search", "Quick lookup"), rows)
    renderer.line(
        "Times are at the request limit. A quick lookup (--coverage quick) is never complete."
    )
    return 0


def _cost(step: PlanStep, parent: str | None) -> str:
    """A step's requests and time in words."""
    requests, seconds = step["requests"], step["seconds"]
    if step["method"] == "skipped":
        return "not searched"
    if requests is None or seconds is None:
        return f"a few for each {parent.replace('_', ' ')} found" if parent else "unknown"
    time = f"{seconds:,.0f} s" if seconds >= 1 else "under 1 s"
    return f"{number_of(requests, 'request')}, {time}"


def _show(settings: Settings, document: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    from te_connector.cli.findings import Findings
    from te_connector.cli.next_commands import next_commands

    output: Path | None = options["output"]
    connection = settings.connection(sign_in=False)
    renderer = Renderer()
    Findings(renderer, document, host.discover(connection)).show()
    if output is not None:
        note(f"Saved to {output} (readable only by you).", quiet=settings.quiet)
    renderer.heading("Next")
    if output is None:
        renderer.line("Save the answer to a file. Packages and deletions start from it:")
        command = ["te-connector", "fetch", *_repeated(settings, options)]
        renderer.command([*command, "--output", "result.json"])
    next_commands(renderer, settings, document, str(output or "result.json"))


def _repeated(settings: Settings, options: Mapping[str, Any]) -> list[str]:
    """The flags of this call."""
    parts = settings.repeated()
    for kind in _KINDS:
        for value in options[kind]:
            parts += [f"--{kind.replace('_', '-')}", value]
    if options["subjects_file"] is not None:
        parts += ["--subjects", str(options["subjects_file"])]
    for pair in options["mapping"]:
        parts += ["--map", pair]
    for name in options["object_types"]:
        parts += ["--object-type", name]
    if options["coverage"] != "exhaustive":
        parts += ["--coverage", options["coverage"]]
    return parts
