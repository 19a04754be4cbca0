"""``demo``: one person's request from beginning to end, on an embedded sandbox, in plain words."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from te_connector import host
from te_connector.cli.output import print_json
from te_connector.cli.settings import Given, with_settings
from te_connector.errors import StateError

if TYPE_CHECKING:
    from te_connector.contract import Discovery, Fetched, Subject, Validation
    from te_connector.deletion.run import Done, Job
    from te_connector.operations.audit import Verdict
    from te_connector.package import Summary
    from te_connector.sandbox import Sandbox

_CONTACTS = 40
_REQUEST = "request-2026-001"


@click.command(short_help="Tell the whole story on an embedded sandbox.")
@with_settings
def demo(given: Given) -> int:
    """Tell the whole story on an embedded sandbox: find, choose, delete, prove.

    Needs no account and no network. It leaves its files in a folder that it names.
    """
    from te_connector.sandbox import Sandbox

    folder = _new_folder(Path.cwd())
    with Sandbox(_CONTACTS) as sandbox:
        story = Story(sandbox, folder)
        story.run()
    if given.as_json:
        print_json(story.told())
    else:
        from te_connector.cli.telling import Teller

        Teller(story).tell()
    return 0


def _new_folder(where: Path) -> Path:
    start = datetime.datetime.now().astimezone().strftime("te-connector-demo-%Y%m%d-%H%M%S")
    for number in range(1, 100):
        folder = where / (start if number == 1 else f"{start}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        except OSError as error:
            raise StateError(f"{folder} cannot be made ({error.strerror}).") from None
        return folder
    raise StateError(f"{where / start} is there already; try again in a second.")


class Story:
    """What happens, step by step; every step goes through the hooks and real HTTP."""

    validation: Validation
    discovery: Discovery
    found: Fetched
    package: Summary
    job: Job
    done: Done
    verdict: Verdict
    left: Fetched

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.folder = folder
        self.name = str(sandbox.sample["name"])
        self.base_url = sandbox.base_url
        self.result_file = folder / "result.json"
        self.subject: Subject = {
            "id": _REQUEST,
            "identifiers": {
                "email": [sandbox.sample["email"]],
                "phone": [sandbox.sample["phone"]],
            },
        }
        self.connection: dict[str, Any] = {
            "connector": "total-expert",
            "base_url": sandbox.base_url,
            "credentials": {
                "client_id": sandbox.client_id,
                "client_secret": sandbox.client_secret,
            },
            "state_dir": str(folder / "state"),
        }

    def run(self) -> None:
        """Check, find, hand over, delete and prove."""
        from te_connector.cli.fetching import document_of, write

        self.validation = host.validate(self.connection)
        self.discovery = host.discover(self.connection)
        self.found = host.fetch(self.connection, [self.subject], {})
        write(self.result_file, document_of(self.connection, [self.subject], self.found))
        self._hand_over()
        self._delete()
        self.left = host.fetch(self.connection, [self.subject], {})

    def _hand_over(self) -> None:
        from te_connector import result
        from te_connector.manifest import model as manifest
        from te_connector.package import write_package

        found = result.load(self.result_file)
        self.package = write_package(found, manifest.load(), self.folder / "package")

    def _delete(self) -> None:
        from te_connector import result
        from te_connector.cli.progress import Progress
        from te_connector.deletion import run as erasing
        from te_connector.deletion.selection import choose
        from te_connector.manifest import model as manifest
        from te_connector.operations.audit import Trail
        from te_connector.storage.state import StateDir

        found = result.load(self.result_file)
        chosen = choose(found, manifest.load(), [], None, every=True)
        file = self.folder / "receipts.jsonl"
        self.job = erasing.Job(self.connection, found, tuple(chosen), {}, file, "demo")
        self.done = erasing.Done()
        with Progress((1000, 60.0), quiet=True) as progress:
            erasing.run(self.job, progress.tell, self.done)
        state = StateDir(self.folder / "state")
        trail = Trail.of(state, self.base_url, self.connection["credentials"]["client_id"])
        self.verdict = trail.verify([*self.done.receipts, *self.done.children])

    def told(self) -> dict[str, Any]:
        """The story as one JSON document."""
        return {
            "folder": str(self.folder),
            "validation": self.validation,
            "subject": self.subject,
            "found": self.found,
            "package": str(self.package.output),
            "receipts": self.done.receipts,
            "children": self.done.children,
            "audit": {"entries": self.verdict.entries, "faults": list(self.verdict.faults)},
            "left": self.left["records"],
        }
