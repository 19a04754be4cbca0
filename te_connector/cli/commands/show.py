"""``show``: the findings of an earlier ``fetch``, as ``fetch`` printed them."""

from __future__ import annotations

from pathlib import Path

import click

from te_connector import host
from te_connector.cli.output import Renderer, print_json
from te_connector.cli.settings import Settings, expanded, with_settings


@click.command(short_help="Show what an earlier fetch found.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@with_settings
def show(settings: Settings, *, result_file: Path) -> int:
    """Show what an earlier fetch found, as fetch printed it. Sends nothing."""
    from te_connector import result
    from te_connector.cli.findings import Findings, next_commands

    found = result.load(expanded(result_file))
    document = {
        "connector": found.connector,
        "base_url": found.base_url,
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
