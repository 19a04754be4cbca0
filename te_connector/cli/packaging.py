"""``package``: what each data subject gets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from te_connector.cli.output import Paper, clean, number_of, print_json
from te_connector.cli.settings import Given, manifest_of, with_settings

if TYPE_CHECKING:
    from te_connector.package import Package, Summary


@click.command(short_help="Make the package for each data subject.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A new folder."
)
@click.option(
    "--policy", type=click.Path(path_type=Path), metavar="FILE", help="What goes out and what not."
)
@with_settings
def package(given: Given, *, result_file: Path, output: Path, policy: Path | None) -> int:
    """Make the package for each data subject of an earlier fetch.

    Without a policy everything goes out but weak and shared matches.
    """
    from te_connector import result
    from te_connector.package import Policy, write_package

    manifest = manifest_of(given.connection(sign_in=False))
    rules = Policy.load(policy, manifest) if policy is not None else None
    summary = write_package(result.load(result_file), manifest, output, rules)
    if given.as_json:
        print_json(
            {
                "output": str(summary.output),
                "packages": [_told(item) for item in summary.packages],
                "reasons": dict(summary.reasons),
            }
        )
        return 0
    paper = Paper()
    paper.line(f"{number_of(len(summary.packages), 'package')} in {summary.output}", "bold")
    rows = [
        (clean(item.subject), item.folder.name, _objects(item), f"{len(item.withheld):,}")
        for item in summary.packages
    ]
    paper.table(("Subject", "Folder", "Released", "Withheld"), rows)
    show_withheld(paper, summary)
    return 0


def _told(item: Package) -> dict[str, object]:
    return {
        "subject": item.subject,
        "folder": str(item.folder),
        "released": dict(item.objects),
        "withheld": len(item.withheld),
        "released_about_others": list(item.third_party),
    }


def _objects(item: Package) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in item.objects.items()) or "nothing"


def show_withheld(paper: Paper, summary: Summary) -> None:
    """Why something was withheld, and what tells about other people, for the officer to check."""
    if summary.reasons:
        paper.heading("Withheld (withheld.csv names each; do not hand it out)")
        rows = [(f"{count:,}", clean(why)) for why, count in summary.reasons.items()]
        paper.table(("Times", "Why"), rows)
    others = sorted({text for item in summary.packages for text in item.third_party})
    if others:
        paper.heading("Goes out though it can tell about others: read it before you hand it out")
        for text in others:
            paper.item(clean(text))
