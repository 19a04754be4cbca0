"""The steps of the demo. Every step goes through the hooks and real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from te_connector import host

if TYPE_CHECKING:
    from te_connector.contract import Discovery, Fetched, Subject, Validation
    from te_connector.deletion import Done, Job
    from te_connector.operations.audit import Verification
    from te_connector.package import Summary
    from te_connector.sandbox import Sandbox

_REQUEST = "request-2026-001"
NOT_HERS = "Only a phone number matches, so the officer left it out."


def connection_to(sandbox: Sandbox, state_dir: Path) -> dict[str, Any]:
    """The connection of a host to a sandbox."""
    return {
        "connector": "total-expert",
        "base_url": sandbox.base_url,
        "credentials": {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
        },
        "state_dir": str(state_dir),
    }


class DemoRun:
    """Runs the steps and keeps what each one returned."""

    validation: Validation
    discovery: Discovery
    found: Fetched
    package: Summary
    job: Job
    done: Done
    verification: Verification
    remaining: Fetched

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
        self.connection = connection_to(sandbox, folder / "state")

    def run(self) -> None:
        """Validate, fetch, package, delete, and fetch again."""
        from te_connector.cli import target
        from te_connector.cli.answer_file import content_of, document_of

        self.validation = host.validate(self.connection)
        self.discovery = host.discover(self.connection)
        self.found = host.fetch(self.connection, [self.subject], {})
        document = document_of(self.connection, [self.subject], self.found)
        target.write(target.checked(self.result_file), content_of(document))
        self._package()
        self._delete()
        self.remaining = host.fetch(self.connection, [self.subject], {})

    def _package(self) -> None:
        from te_connector import result
        from te_connector.manifest import loading as manifest
        from te_connector.package import write_package
        from te_connector.package.rules import Named
        from te_connector.package.selection import NO_POLICY

        found = result.load(self.result_file)
        # The officer's decision: a phone number alone doesn't show that a contact is hers.
        excluded = [
            Named(record["object_type"], record["id"], None, NOT_HERS, 0)
            for record in found.records
            if record["strength"] == "weak" and not result.parents_of(record)
        ]
        policy = NO_POLICY.with_decisions([], excluded)
        self.package = write_package(found, manifest.load(), self.folder / "package", policy)

    def _delete(self) -> None:
        from te_connector import result
        from te_connector.cli.progress import Progress
        from te_connector.deletion import Choice, Done, prepare, run
        from te_connector.manifest import loading as manifest
        from te_connector.operations.audit import Trail
        from te_connector.storage.state import StateDir

        found = result.load(self.result_file)
        file = self.folder / "receipts.jsonl"
        self.job = prepare(
            self.connection, found, manifest.load(), Choice(every=True), file, actor="demo"
        )
        self.done = Done()
        with Progress((1000, 60.0), quiet=True) as progress:
            run(self.job, host.delete, progress, self.done)
        state = StateDir(self.folder / "state")
        trail = Trail.of(state, self.base_url, self.connection["credentials"]["client_id"])
        self.verification = trail.verify([*self.done.receipts, *self.done.children])

    def document(self) -> dict[str, Any]:
        """The results as one JSON document."""
        return {
            "folder": str(self.folder),
            "validation": self.validation,
            "subject": self.subject,
            "found": self.found,
            "package": str(self.package.output),
            "receipts": self.done.receipts,
            "children": self.done.children,
            "audit": {
                "entries": self.verification.entries,
                "faults": list(self.verification.faults),
            },
            "remaining": self.remaining["records"],
        }
