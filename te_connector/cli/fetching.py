"""``fetch``: find what is somebody's, show it, and keep it in a file."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from te_connector import host
from te_connector.cli.output import Paper, number_of, print_json
from te_connector.cli.progress import Progress
from te_connector.cli.settings import Given, base_url_of, manifest_of, with_settings
from te_connector.contract import Coverage, Fetched, Plan, Subject
from te_connector.errors import SettingsError

SUBJECT = "req-1"
"""The id of the subject whose identifiers stand in flags."""
LOOK_TWICE = frozenset(
    (
        "foreign_email",
        "phone_shared",
        "record_matches_several_subjects",
        "near_misses_cut",
    )
)
"""Problems that ask a person to look; the others say that something failed."""
_COMPACT_FROM = 2000
_KINDS = ("email", "phone", "service_id", "external_id")


@click.command(short_help="Find every object that belongs to a person.")
@click.option("--email", multiple=True, metavar="E", help="An e-mail address of the person.")
@click.option("--phone", multiple=True, metavar="P", help="A phone number of the person.")
@click.option("--service-id", multiple=True, metavar="S", help="An id that Total Expert gave.")
@click.option(
    "--external-id", multiple=True, metavar="E", help="The lender's own id, as SOURCE:ID or ID."
)
@click.option(
    "--subjects",
    "subjects_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Many people: JSON Lines of {id, identifiers}.",
)
@click.option("--object-type", "object_types", multiple=True, metavar="T", help="Only this type.")
@click.option(
    "--coverage",
    type=click.Choice(["exhaustive", "quick"]),
    default="exhaustive",
    show_default=True,
    help="Compare every object, or look up by filters.",
)
@click.option("--plan", "plan_only", is_flag=True, help="Only say what it would take.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Keep it here.")
@with_settings
def fetch(given: Given, **wanted: Any) -> int:
    """Find every object that belongs to a person, and say how complete the look was.

    Any one identifier is enough to match; each option may be given several times.
    """
    output: Path | None = wanted["output"]
    connection = given.connection()
    subjects = _subjects(connection, wanted)
    options: dict[str, Any] = {"coverage": wanted["coverage"]}
    if wanted["object_types"]:
        options["object_types"] = list(wanted["object_types"])
    if wanted["plan_only"]:
        if output is not None:
            raise click.UsageError("--plan writes no file; leave --output out.")
        return _show_plan(given, host.plan(connection, subjects, options))
    if output is not None:
        check_output(output)
    answer = run(given, connection, subjects, options)
    document = document_of(connection, subjects, answer)
    if output is not None:
        write(output, document)
    if given.as_json:
        print_json(document)
    elif output is not None:
        _show_summary(given, document, output)
    else:
        _show_all(given, document, wanted)
    return status(answer, quick=wanted["coverage"] == "quick")


def _subjects(connection: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Subject]:
    identifiers = {kind: list(wanted[kind]) for kind in _KINDS if wanted[kind]}
    file: Path | None = wanted["subjects_file"]
    if file is not None and identifiers:
        raise click.UsageError("Give either identifiers or --subjects, not both.")
    if file is not None:
        from te_connector.matching.subjects import check_lines

        return check_lines(file, manifest_of(connection))  # type: ignore[return-value]
    if not identifiers:
        raise click.UsageError(
            "Say who is looked for: --email, --phone, --service-id, --external-id or --subjects."
        )
    return [{"id": SUBJECT, "identifiers": identifiers}]


def run(
    given: Given,
    connection: Mapping[str, Any],
    subjects: Sequence[Subject],
    options: Mapping[str, Any],
) -> Fetched:
    """Call the hook with progress shown."""
    limit = manifest_of(connection).requests
    with Progress((limit.count, limit.seconds), quiet=given.quiet) as progress:
        return host.fetch(connection, subjects, {**options, "progress": progress.tell})


def document_of(
    connection: Mapping[str, Any], subjects: Sequence[Subject], answer: Fetched
) -> dict[str, Any]:
    """The fetch answer with what deletions and packages need besides."""
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return {
        "connector": connection["connector"],
        "base_url": base_url_of(connection),
        "fetched_at": moment.replace("+00:00", "Z"),
        "subjects": list(subjects),
        **answer,
    }


def check_output(path: Path) -> None:
    """See before the work begins that the file can be written after it.

    :raises SettingsError: it cannot.
    """
    if path.is_dir():
        raise SettingsError(f"{path} is a folder; name a file.")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"The folder {path.absolute().parent} does not exist; make it first.")


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document whole or not at all, mode 0600."""
    from te_connector.storage.state import write_private

    indent = 2 if len(document["records"]) < _COMPACT_FROM else None
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:  # half a character of the vendor's has no UTF-8, but an escape
        content = json.dumps(document, indent=indent).encode("ascii")
    write_private(path.absolute(), content + b"\n")


def status(answer: Fetched, *, quick: bool) -> int:
    """0, or 1 where something failed or could not be proven."""
    if any(problem["code"] not in LOOK_TWICE for problem in answer["problems"]):
        return 1
    return 0 if quick or all(is_whole(item, answer) for item in answer["coverage"]) else 1


def is_whole(item: Coverage, answer: Fetched) -> bool:
    """Whether a type is complete, or was left out only since nothing given is mapped to it."""
    if item["complete"]:
        return True
    if item["method"] != "skipped":
        return False
    named = {problem["object_type"] for problem in answer["problems"]}
    above = [other for other in answer["coverage"] if other["object_type"] in item["fields"]]
    return item["object_type"] not in named and (
        not item["fields"] or (bool(above) and all(is_skipped(other) for other in above))
    )


def is_skipped(item: Coverage) -> bool:
    """Whether a type was not looked at, since no identifier that was given is mapped to it."""
    return item["method"] == "skipped" and not item["fields"] and not item["complete"]


def _show_plan(given: Given, answer: Plan) -> int:
    if given.as_json:
        print_json(answer)
        return 0
    rows = [
        (
            step["object_type"],
            step["method"],
            "not known" if step["requests"] is None else f"{step['requests']:,}",
            "not known"
            if step["seconds"] is None
            else f"{step['seconds']:,.0f} s"
            if step["seconds"] >= 1
            else "under 1 s",
        )
        for step in answer["plan"]
    ]
    Paper().table(("Object type", "Method", "Requests", "Time by the quota"), rows)
    return 0


def _show_summary(given: Given, answer: Any, output: Path) -> None:
    from te_connector.cli.findings import next_commands, summary

    paper = Paper()
    paper.line(summary(answer), "bold")
    for item in answer["coverage"]:
        if not is_whole(item, answer):
            paper.item(f"NOT complete: {item['object_type']}: {item['reason']}", "!", "yellow")
    if answer["problems"]:
        paper.line(
            f"{number_of(len(answer['problems']), 'problem')} to look at, in the file too.",
            "yellow",
        )
    paper.line(f"Kept in {output} (mode 0600).")
    next_commands(paper, given, answer, str(output))


def _show_all(given: Given, document: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    from te_connector.cli.findings import Findings, next_commands

    connection = given.connection(sign_in=False)
    paper = Paper()
    Findings(paper, document, host.discover(connection)).show()
    paper.heading("Next")
    paper.line("Keep what was found in a file; a package or a deletion starts from it:")
    paper.command(["te-connector", "fetch", *_repeated(given, wanted), "--output", "result.json"])
    next_commands(paper, given, document, "result.json", heading=False)


def _repeated(given: Given, wanted: Mapping[str, Any]) -> list[str]:
    """The flags of this call."""
    parts = given.repeated()
    for kind in _KINDS:
        for value in wanted[kind]:
            parts += [f"--{kind.replace('_', '-')}", value]
    if wanted["subjects_file"] is not None:
        parts += ["--subjects", str(wanted["subjects_file"])]
    for name in wanted["object_types"]:
        parts += ["--object-type", name]
    if wanted["coverage"] != "exhaustive":
        parts += ["--coverage", wanted["coverage"]]
    return parts
