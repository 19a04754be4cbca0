"""The demo's report: one heading for each question that a privacy officer would ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from te_connector.cli.commands.delete import show_receipts
from te_connector.cli.demo.run import DemoRun
from te_connector.cli.findings import doubts, matched_by, preview
from te_connector.cli.output import Renderer, clean, number_of
from te_connector.result import key_of

if TYPE_CHECKING:
    from pathlib import Path


class DemoReport:
    """Prints what happened."""

    def __init__(self, run: DemoRun) -> None:
        self._run = run
        self._renderer = Renderer()
        self._titles = {item["name"]: item["title"] for item in run.discovery["object_types"]}

    def show(self) -> None:
        """Print all of it."""
        run, renderer = self._run, self._renderer
        renderer.line("A privacy request from beginning to end", "bold")
        renderer.line(
            f"{run.name} asks her lender which data it has about her, and asks to delete it. The "
            "lender keeps its contacts in Total Expert. This demo uses a look-alike with invented "
            f"people at {run.base_url}. Every step below went over real HTTP."
        )
        self._checks()
        self._search()
        self._found()
        self._not_searched()
        self._package()
        self._deleted()
        self._proof()
        self._files()

    def _checks(self) -> None:
        self._renderer.heading("1  Is the connection ready?")
        for check in self._run.validation["checks"]:
            self._renderer.item(f"{check['name']}: {clean(check['detail'])}", "ok", "green")

    def _search(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("2  Who do we search for, and how?")
        identifiers = run.subject["identifiers"]
        renderer.line(
            f"{run.name}, by the e-mail address {identifiers['email'][0]} and the phone number "
            f"{identifiers['phone'][0]}. One match is enough, in any spelling."
        )
        for item in run.found["coverage"]:
            fields = "; ".join(
                f"{kind} in {_listed(names)}" for kind, names in item["fields"].items()
            )
            title = self._titles[item["object_type"]]
            if item["complete"]:
                self._renderer.item(f"{title}: compared all {item['seen']} by {fields}")
            else:
                self._renderer.item(
                    f"{title}: NOT complete, {clean(item['reason'])}", "!", "yellow"
                )

    def _found(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("3  What did we find, and why is it hers?")
        same: dict[tuple[str, str, str], list[str]] = {}
        for record in run.found["records"]:
            why = doubts(record, run.found["problems"])
            reasons = [matched_by(record), *(f"{record['strength']}: {text}" for text in why)]
            child = any("id" in reason for reason in record["matched_by"])
            who = "her survey answers" if child else preview(record).splitlines()[0]
            where = self._titles[record["object_type"]], who, "\n".join(reasons)
            same.setdefault(where, []).append(clean(record["id"]))
        rows = [("\n".join([title, *ids]), who, why) for (title, who, why), ids in same.items()]
        styles = ["yellow" if "weak: " in why else "" for _, _, why in same]
        renderer.table(("Object", "Who", "Why it matches"), rows, styles)
        misses = run.found["near_misses"]
        if misses:
            renderer.line()
            renderer.line("Near matches (left out unless you confirm them):")
            for miss in misses:
                title = self._titles[miss["object_type"]]
                renderer.item(f"{title} {clean(miss['id'])}: {clean(miss['why'])}")

    def _not_searched(self) -> None:
        self._renderer.heading("4  What did we not search?")
        names = [item["what"] for item in self._run.discovery["not_searched"]]
        self._renderer.line(f"{', '.join(names)}. For the reasons, run: te-connector discover")

    def _package(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("5  What does she get?")
        for item in run.package.packages:
            objects = ", ".join(
                number_of(count, self._titles[name].lower()) for name, count in item.objects.items()
            )
            renderer.line(f"A package with {objects}: a page to read, and data for other programs.")
            withheld = {(one.object_type, one.id) for one in item.withheld}
            if withheld:
                renderer.line(
                    f"Left out by the officer's decision: {number_of(len(withheld), 'record')}."
                )
            for why in run.package.reasons:
                renderer.item(clean(why))

    def _deleted(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("6  What did we delete?")
        chosen = len(run.job.chosen)
        weak = [record for record in run.found["records"] if record["strength"] == "weak"]
        renderer.line(f"Selected: {number_of(chosen, 'strong match', 'strong matches')}.")
        if weak:
            names = ", ".join(f"{record['object_type']}:{clean(record['id'])}" for record in weak)
            renderer.line(f"Not deleted, because it can be somebody else's: {names}.")
        renderer.line()
        show_receipts(renderer, run.done.receipts)
        if run.done.children:
            renderer.line()
            renderer.line("The survey responses of those contacts afterwards:")
            show_receipts(renderer, run.done.children)

    def _proof(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("7  How do we know?")
        for receipt in run.done.receipts:
            title = self._titles[receipt["object_type"]]
            renderer.item(
                f"{title} {clean(receipt['id'])}: we read it by its id before and after. It was there, "
                "and now it's gone.",
                "ok",
                "green",
            )
        count = len(run.done.receipts) + len(run.done.children)
        if run.verification.faults:
            renderer.item(
                f"The audit trail has {number_of(len(run.verification.faults), 'fault')}.",
                "!",
                "red",
            )
        else:
            renderer.item(
                f"The audit trail's {run.verification.entries} entries are unchanged, and it has all "
                f"{number_of(count, 'receipt')}.",
                "ok",
                "green",
            )
        deleted = {(item["object_type"], item["id"]) for item in run.done.receipts}
        again = [item for item in run.remaining["records"] if key_of(item) in deleted]
        left = len(run.remaining["records"]) - len(again)
        gone = f"{len(again)} of the deleted records are still" if again else "no deleted record is"
        renderer.item(
            f"We searched again: {gone} there. {number_of(left, 'record')} remain on purpose.",
            "!" if again else "ok",
            "red" if again else "green",
        )

    def _files(self) -> None:
        run, renderer = self._run, self._renderer
        renderer.heading("8  Where are the files?")
        renderer.line(f"In the folder {run.folder.name}:")
        page = next((item.folder / "index.html" for item in run.package.packages), None)
        named: Mapping[str, Path | None] = {
            "what was found": run.result_file,
            "her package": page,
            "the receipts": run.job.file,
            "the audit trail": run.folder / "state",
        }
        rows = [(what, str(path.relative_to(run.folder))) for what, path in named.items() if path]
        renderer.table(("", ""), rows)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
