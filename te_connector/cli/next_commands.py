"""The commands that come after a search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector import review
from te_connector.cli.output import Renderer
from te_connector.cli.settings import Settings


def next_commands(
    renderer: Renderer, settings: Settings, answer: Mapping[str, Any], file: str
) -> None:
    """The commands that package or delete what was found, ready to copy."""
    shared = review.shared_objects(answer["records"])
    undecided = [
        f"{record['object_type']}:{record['id']}"
        for record in answer["records"]
        if (record["strength"] == "weak" or (record["object_type"], record["id"]) in shared)
        and not any("id" in reason for reason in record["matched_by"])
    ]
    package = ["te-connector", "package", file, "--output", "packages"]
    if undecided:
        renderer.line(
            "Make the package for each data subject. Decide on each match that is marked with ! "
            "(--include or --exclude):"
        )
        package += ["--exclude", undecided[0]]
    else:
        renderer.line("Make the package for each data subject:")
    renderer.command(package)
    deletable = [record for record in answer["records"] if record["deletable"]]
    if not deletable:
        return
    strong = [
        record
        for record in deletable
        if record["strength"] == "strong" and (record["object_type"], record["id"]) not in shared
    ]
    single = len(answer["subjects"]) == 1
    command = ["te-connector", "delete", file, *settings.repeated()]
    if strong and single:
        renderer.line("See what deleting the strong matches would do:")
        renderer.command([*command, "--all", "--dry-run"])
    others = [record for record in deletable if record not in strong] if single else deletable
    if others:
        renderer.line("After you have looked at it, select what else belongs to the data subject:")
        record = others[0]
        selected = f"{record['object_type']}:{record['id']}"
        renderer.command([*command, "--select", selected, "--dry-run"])
