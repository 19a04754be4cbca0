"""The demo's story in plain words: one heading for each question that an officer would ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from te_connector.cli.deleting import show_receipts
from te_connector.cli.findings import doubts, matched_by, preview
from te_connector.cli.output import Paper, clean, number_of
from te_connector.result import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from te_connector.cli.demo import Story


class Teller:
    """Tells the story in plain words."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._paper = Paper()
        self._titles = {item["name"]: item["title"] for item in story.discovery["object_types"]}

    def tell(self) -> None:
        """Tell all of it."""
        story, paper = self._story, self._paper
        paper.line("A privacy request, from beginning to end", "bold")
        paper.line(
            f"{story.name} asks her lender what it holds about her, and to delete it. The lender "
            "keeps its clients in Total Expert; here a look-alike stands in for it, with invented "
            f"people, at {story.base_url}. Everything below went over real HTTP."
        )
        self._checked()
        self._looked_for()
        self._found()
        self._not_searched()
        self._handed_over()
        self._deleted()
        self._proven()
        self._files()

    def _checked(self) -> None:
        self._paper.heading("1  What was checked first")
        for check in self._story.validation["checks"]:
            self._paper.item(f"{check['name']}: {clean(check['detail'])}", "ok", "green")

    def _looked_for(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("2  Who was looked for, and how")
        identifiers = story.subject["identifiers"]
        paper.line(
            f"{story.name}, known by the e-mail address {identifiers['email'][0]} and the phone "
            f"number {identifiers['phone'][0]}. One of them is enough, however it is spelled."
        )
        for item in story.found["coverage"]:
            fields = "; ".join(
                f"{kind} in {_listed(names)}" for kind, names in item["fields"].items()
            )
            title = self._titles[item["object_type"]]
            if item["complete"]:
                self._paper.item(f"{title}: every one of {item['seen']} compared, by {fields}")
            else:
                self._paper.item(f"{title}: NOT complete, {clean(item['reason'])}", "!", "yellow")

    def _found(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("3  What was found, where, and by which identifier")
        same: dict[tuple[str, str, str], list[str]] = {}
        for record in story.found["records"]:
            why = doubts(record, story.found["problems"])
            told = [matched_by(record), *(f"{record['strength']}: {text}" for text in why)]
            child = any("id" in reason for reason in record["matched_by"])
            who = "her answers" if child else preview(record).splitlines()[0]
            where = self._titles[record["object_type"]], who, "\n".join(told)
            same.setdefault(where, []).append(clean(record["id"]))
        rows = [("\n".join([title, *ids]), who, why) for (title, who, why), ids in same.items()]
        styles = ["yellow" if "weak: " in why else "" for _, _, why in same]
        paper.table(("Where", "What", "Why it is hers"), rows, styles)
        misses = story.found["near_misses"]
        if misses:
            paper.line()
            paper.line("Came close, and is not hers unless a person says so:")
            for miss in misses:
                title = self._titles[miss["object_type"]]
                paper.item(f"{title} {clean(miss['id'])}: {clean(miss['why'])}")

    def _not_searched(self) -> None:
        self._paper.heading("4  What was not searched")
        told = [item["what"] for item in self._story.discovery["not_searched"]]
        self._paper.line(f"{', '.join(told)}. The reasons: te-connector discover")

    def _handed_over(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("5  What she gets")
        for item in story.package.packages:
            objects = ", ".join(
                number_of(count, self._titles[name].lower()) for name, count in item.objects.items()
            )
            paper.line(f"A package with {objects}, as a page to read and as data to take along.")
            withheld = {(one.object_type, one.id) for one in item.withheld}
            if withheld:
                paper.line(
                    f"Withheld until a person has looked: {number_of(len(withheld), 'record')}."
                )
            for why in story.package.reasons:
                paper.item(clean(why))

    def _deleted(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("6  What was deleted")
        chosen = len(story.job.chosen)
        weak = [record for record in story.found["records"] if record["strength"] == "weak"]
        paper.line(f"Chosen: {number_of(chosen, 'strong match', 'strong matches')}.")
        if weak:
            names = ", ".join(f"{record['object_type']}:{clean(record['id'])}" for record in weak)
            paper.line(f"Left alone, for it may be another person's: {names}.")
        paper.line()
        show_receipts(paper, story.done.receipts)
        if story.done.children:
            paper.line()
            paper.line("The survey responses of those contacts, read once more:")
            show_receipts(paper, story.done.children)

    def _proven(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("7  How that was proven")
        for receipt in story.done.receipts:
            title = self._titles[receipt["object_type"]]
            paper.item(
                f"{title} {clean(receipt['id'])} was read by its id before and after: it was there, "
                "and now it is not.",
                "ok",
                "green",
            )
        count = len(story.done.receipts) + len(story.done.children)
        if story.verdict.faults:
            paper.item(
                f"The audit trail has {number_of(len(story.verdict.faults), 'fault')}.", "!", "red"
            )
        else:
            paper.item(
                f"The audit trail's {story.verdict.entries} entries are chained and unchanged; each "
                f"of {number_of(count, 'receipt')} stands in it.",
                "ok",
                "green",
            )
        deleted = {(item["object_type"], item["id"]) for item in story.done.receipts}
        again = [item for item in story.left["records"] if key_of(item) in deleted]
        left = len(story.left["records"]) - len(again)
        gone = f"{len(again)} of the deleted records are" if again else "no deleted record is"
        paper.item(
            f"She was looked for again: {gone} there; {number_of(left, 'record')} left alone.",
            "!" if again else "ok",
            "red" if again else "green",
        )

    def _files(self) -> None:
        story, paper = self._story, self._paper
        paper.heading("8  The files")
        paper.line(f"They are in the folder {story.folder.name}:")
        page = next((item.folder / "index.html" for item in story.package.packages), None)
        named: Mapping[str, Path | None] = {
            "what was found": story.result_file,
            "her package": page,
            "the receipts": story.job.file,
            "the audit trail": story.folder / "state",
        }
        rows = [(what, str(path.relative_to(story.folder))) for what, path in named.items() if path]
        paper.table(("", ""), rows)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
