"""``show``: the findings of an earlier ``fetch``, as ``fetch`` printed them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from te_connector import host
from te_connector.cli.output import Renderer, print_json
from te_connector.cli.settings import Settings, expanded, manifest_of, with_settings

if TYPE_CHECKING:
    from te_connector.result import Result


@click.command(short_help="Show what an earlier fetch found.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--undeletable",
    is_flag=True,
    help="Print a letter to the vendor's support about what the API can't delete.",
)
@with_settings
def show(settings: Settings, *, result_file: Path, undeletable: bool) -> int:
    """Show what an earlier fetch found, as fetch printed it. Sends nothing."""
    from te_connector import result
    from te_connector.cli.findings import Findings
    from te_connector.cli.next_commands import next_commands

    found = result.load(expanded(result_file))
    if undeletable:
        return _show_letter(settings, found)
    document = {
        "connector": found.connector,
        "base_url": found.base_url,
        **({"account": found.account} if found.account else {}),
        "fetched_at": found.fetched_at,
        "subjects": list(found.subjects),
        "records": list(found.records),
        "coverage": list(found.coverage),
        "problems": list(found.problems),
        "near_misses": list(found.near_misses),
    }
    if settings.as_json:
        print_json(document)
        return 0
    renderer = Renderer()
    if found.fetched_at:
        renderer.line(f"Fetched at {found.fetched_at} from {found.base_url}.")
        renderer.line()
    Findings(renderer, document, host.discover(settings.connection(sign_in=False))).show()
    renderer.heading("Next")
    next_commands(renderer, settings, document, str(result_file))
    return 0


def _show_letter(settings: Settings, found: Result) -> int:
    """Print the letter to the vendor's support; ids are all that it has of a person."""
    from te_connector.deletion import letter

    text = letter(found, manifest_of(settings.connection(sign_in=False)))
    if settings.as_json:
        print_json({"letter": text})
    else:
        click.echo(text or "The API can delete everything that was found.", nl=not text)
    return 0
