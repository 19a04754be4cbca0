"""The command ``demo``."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from te_connector.cli.demo.report import DemoReport
from te_connector.cli.demo.run import DemoRun
from te_connector.cli.output import print_json
from te_connector.cli.settings import Settings, with_settings
from te_connector.errors import StateError

_CONTACTS = 40


@click.command(short_help="Show a whole request on an embedded sandbox.")
@with_settings
def demo(settings: Settings) -> int:
    """Show a whole request on an embedded sandbox: find, choose, delete, prove.

    Needs no account and no network. Its files stay in a folder that it names.
    """
    from te_connector.sandbox import Sandbox

    folder = new_folder(Path.cwd())
    with Sandbox(_CONTACTS) as sandbox:
        run = DemoRun(sandbox, folder)
        run.run()
    if settings.as_json:
        print_json(run.document())
    else:
        DemoReport(run).show()
    return 0


def new_folder(parent: Path) -> Path:
    """A new folder for the demo's files, named by the time.

    :raises StateError: it can't be created.
    """
    start = datetime.datetime.now().astimezone().strftime("te-connector-demo-%Y%m%d-%H%M%S")
    for number in range(1, 100):
        folder = parent / (start if number == 1 else f"{start}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise StateError(f"Can't create {folder}: {error.strerror}.") from None
        return folder
    raise StateError(f"{parent / start} already exists. Try again in a second.")
