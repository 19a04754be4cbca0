"""``package``: write what each data subject gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from te_connector.cli.output import Renderer, clean, counted, number_of, print_json
from te_connector.cli.settings import Settings, expanded, manifest_of, with_settings
from te_connector.errors import OptionError

if TYPE_CHECKING:
    from te_connector.package import Package, Summary, Withheld
    from te_connector.package.rules import Named

_WHY_EXCLUDED = "The officer decided that it isn't this person's."


@click.command(short_help="Write the package for each data subject.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder."
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to release, and why not.",
)
@click.option(
    "--include", multiple=True, metavar="TYPE:ID", help="Release this weak or shared match."
)
@click.option("--exclude", multiple=True, metavar="TYPE:ID", help="Withhold this object.")
@with_settings
def package(
    settings: Settings,
    *,
    result_file: Path,
    output: Path,
    policy: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
) -> int:
    """Write the package for each data subject of an earlier fetch.

    A weak match, or one that several subjects share, needs a decision:
    --include, --exclude, or the policy. Until then its subject gets no
    package. For a shared match add whose it is: --include TYPE:ID=SUBJECT
    """
    from te_connector import result
    from te_connector.package import Policy, write_package
    from te_connector.package.selection import NO_POLICY

    manifest = manifest_of(settings.connection(sign_in=False))
    rules = NO_POLICY if policy is None else Policy.load(expanded(policy), manifest)
    rules = rules.with_decisions(
        _decisions("--include", include, ""), _decisions("--exclude", exclude, _WHY_EXCLUDED)
    )
    summary = write_package(result.load(expanded(result_file)), manifest, expanded(output), rules)
    if settings.as_json:
        print_json(
            {
                "output": str(summary.output),
                "packages": [_document(item) for item in summary.packages],
                "undecided": [_undecided(item) for item in summary.undecided],
                "unused_rules": list(summary.unused),
                "reasons": dict(summary.reasons),
            }
        )
    else:
        show_summary(Renderer(), summary)
    return 1 if summary.undecided else 0


def _decisions(flag: str, values: Sequence[str], why: str) -> list[Named]:
    from te_connector.package.rules import Named

    found = []
    for number, value in enumerate(values, 1):
        key, _, subject = value.partition("=")
        object_type, colon, object_id = key.partition(":")
        if not (object_type and colon and object_id):
            raise OptionError(f"{flag} #{number} must be TYPE:ID, such as contact:2317.")
        found.append(Named(object_type, object_id, subject or None, why, 0))
    return found


def show_summary(renderer: Renderer, summary: Summary) -> None:
    """What was written, what was withheld, and what to decide or check."""
    if summary.packages:
        renderer.line(f"{number_of(len(summary.packages), 'package')} in {summary.output}", "bold")
        rows = [
            (clean(item.subject), item.folder.name, _objects(item), f"{len(item.withheld):,}")
            for item in summary.packages
        ]
        renderer.table(("Subject", "Folder", "Released", "Withheld"), rows)
    if summary.undecided:
        show_undecided(renderer, summary.undecided)
    show_withheld(renderer, summary)


def show_undecided(renderer: Renderer, undecided: Sequence[Withheld]) -> None:
    """The subjects without a package, with the objects to decide on and how."""
    subjects = dict.fromkeys(item.subject for item in undecided)
    renderer.heading(f"No package yet for {number_of(len(subjects), 'subject')}: decide first")
    rows = [
        (
            clean(item.subject),
            f"{item.object_type}:{clean(item.id)}",
            "weak match" if item.undecided == "weak" else "matches several subjects",
        )
        for item in undecided
    ]
    renderer.table(("Subject", "Object", "Why"), rows, ["yellow"] * len(rows))
    first = undecided[0]
    name = f"{first.object_type}:{clean(first.id)}"
    whose = f"={clean(first.subject)}" if first.undecided == "shared" else ""
    renderer.line("Look at each (te-connector show RESULT.json), then add for each one:")
    renderer.line(f"  --include {name}{whose}    it belongs to the subject")
    renderer.line(f"  --exclude {name}{whose}    it doesn't")


def _document(item: Package) -> dict[str, object]:
    return {
        "subject": item.subject,
        "folder": str(item.folder),
        "released": dict(item.objects),
        "withheld": len(item.withheld),
        "released_about_others": list(item.third_party),
    }


def _undecided(item: Withheld) -> dict[str, str]:
    return {
        "subject": item.subject,
        "object_type": item.object_type,
        "id": item.id,
        "why": item.undecided,
    }


def _objects(item: Package) -> str:
    return ", ".join(counted(count, name) for name, count in item.objects.items()) or "nothing"


def show_withheld(renderer: Renderer, summary: Summary) -> None:
    """Why something was withheld, and which text can be about other people."""
    if summary.reasons:
        renderer.heading("Withheld (withheld.csv lists everything; keep it in your office)")
        rows = [(f"{count:,}", clean(why)) for why, count in summary.reasons.items()]
        renderer.table(("Times", "Why"), rows)
    if summary.unused:
        renderer.heading("Rules of the policy that matched nothing")
        for sentence in summary.unused:
            renderer.item(clean(sentence), "!", "yellow")
    others = sorted({text for item in summary.packages for text in item.third_party})
    if others:
        renderer.heading("Released, but possibly about other people: read these fields first")
        for text in others:
            renderer.item(clean(text))
