"""A fetch answer as the officer reads it: what to look at first, why, and what to do next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from te_connector.cli.fetching import LOOK_TWICE, is_skipped, is_whole
from te_connector.cli.output import Paper, clean, number_of
from te_connector.cli.settings import Given
from te_connector.contract import Coverage, Discovery, Problem, Record

SHARED = "record_matches_several_subjects"
_NAMES = (("first_name", "last_name"), ("username",), ("name",))
_CONTACT = re.compile(r"email|phone")
_LONGEST = 60


def summary(answer: Mapping[str, Any]) -> str:
    """How many objects of which types were found."""
    counts = Counter(record["object_type"] for record in answer["records"])
    types = [item["object_type"] for item in answer["coverage"]]
    told = ", ".join(f"{counts[name]:,} {name}" for name in types)
    return f"Found {number_of(len(answer['records']), 'record')}: {told}."


def shared_keys(answer: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The objects that stand in the answer for more than one subject."""
    counts = Counter((record["object_type"], record["id"]) for record in answer["records"])
    return {key for key, count in counts.items() if count > 1}


def preview(record: Mapping[str, Any]) -> str:
    """A person's name, e-mail and phone, as far as a record tells them at its top."""
    data: Mapping[str, Any] = record["data"]
    for reason in record["matched_by"]:
        if "id" in reason:
            return f"made {clean(data.get('internal_created_at') or 'at an unknown time')}"
    info = data.get("info")
    places = [data, info] if isinstance(info, Mapping) else [data]
    words = [_name(places)]
    for place in places:
        words += [
            value for key, value in place.items() if _CONTACT.match(key) and isinstance(value, str)
        ]
    told = list(dict.fromkeys(clean(word) for word in words if word.strip()))
    return "\n".join([word[:_LONGEST] for word in told[:3]])


def _name(places: Sequence[Mapping[str, Any]]) -> str:
    for place in places:
        for keys in _NAMES:
            words = [str(place[key]) for key in keys if place.get(key)]
            if words:
                return " ".join(words)
    return ""


def matched_by(record: Mapping[str, Any]) -> str:
    """By which identifiers and in which fields: ``email (email, email_work)``."""
    fields: dict[str, list[str]] = {}
    above = []
    for reason in record["matched_by"]:
        if "id" in reason:
            above.append(f"belongs to {reason['identifier']} {clean(reason['id'])}")
        else:
            fields.setdefault(reason["identifier"], []).append(reason["field"])
    own = [f"{kind} ({', '.join(named)})" for kind, named in fields.items()]
    return ", ".join([*own, *above])


def doubts(record: Record, problems: Sequence[Problem]) -> list[str]:
    """Why a record is weak, or may be another person's: in sentences."""
    told = [
        clean(problem["detail"])
        for problem in problems
        if problem["code"] in LOOK_TWICE
        and problem["subject"] == record["subject"]
        and problem["object_type"] in (None, record["object_type"])
        and problem["id"] == record["id"]
    ]
    start = f"{record['object_type']} {record['id']} "
    told = [text.removeprefix(start).partition("; look ")[0] for text in told]
    if record["strength"] == "weak" and not told:
        told.append(_why_weak(record))
    return told


def _why_weak(record: Record) -> str:
    if any("id" in reason for reason in record["matched_by"]):
        return f"as weak a match as its {record['matched_by'][0]['identifier']}"
    kinds = {reason["identifier"] for reason in record["matched_by"]}
    if "phone" in kinds:
        return "matches by a phone number with an extension, which many can share"
    return "matches by an external id whose source is not known"


class Findings:
    """Shows a whole answer, subject by subject."""

    def __init__(self, paper: Paper, answer: Mapping[str, Any], discovery: Discovery) -> None:
        self._paper = paper
        self._answer = answer
        self._discovery = discovery
        self._titles = {item["name"]: item["title"] for item in discovery["object_types"]}
        self._shared = shared_keys(answer)

    def show(self) -> None:
        """Show everything but the next commands."""
        self._paper.line(summary(self._answer), "bold")
        found = {record["subject"] for record in self._answer["records"]}
        subjects = self._answer["subjects"]
        for subject in subjects:
            if subject["id"] in found:
                self.subject(subject)
        nobody = [clean(item["id"]) for item in subjects if item["id"] not in found]
        if nobody:
            self._paper.heading("Nothing was found for")
            self._paper.item(", ".join(nobody))
        self.near_misses()
        self.problems()
        self.coverage()
        self.not_searched()
        self.drift()

    def subject(self, subject: Mapping[str, Any]) -> None:
        """One subject's records by type, weak and shared ones first."""
        kinds = ", ".join(kind for kind, values in subject["identifiers"].items() if values)
        self._paper.heading(f"{clean(subject['id'])}, looked for by {kinds}")
        mine = [record for record in self._answer["records"] if record["subject"] == subject["id"]]
        for name in dict.fromkeys(record["object_type"] for record in mine):
            self.records([record for record in mine if record["object_type"] == name])

    def records(self, records: Sequence[Record]) -> None:
        """A table of one type's records."""
        doubted = [(record, doubts(record, self._answer["problems"])) for record in records]
        doubted.sort(key=lambda pair: not (pair[1] or self._is_shared(pair[0])))
        rows, styles = [], []
        for record, why in doubted:
            mark = "!" if why or self._is_shared(record) else ""
            told = [matched_by(record), *(f"{record['strength']}: {text}" for text in why)]
            rows.append((mark, clean(record["id"]), preview(record), "\n".join(told)))
            styles.append("yellow" if mark else "")
        title = self._titles.get(records[0]["object_type"], records[0]["object_type"])
        can = "can be deleted" if records[0]["deletable"] else "cannot be deleted by the API"
        self._paper.line(f"  {title}: {len(records):,} found, {can}")
        self._paper.table(("", "Id", "Who", "Why it matches"), rows, styles)

    def _is_shared(self, record: Record) -> bool:
        return (record["object_type"], record["id"]) in self._shared

    def near_misses(self) -> None:
        """What came close: for a person to look at."""
        misses = self._answer["near_misses"]
        if misses:
            self._paper.heading("Close, but not equal: not among the records")
            rows = [
                (
                    clean(item["subject"]),
                    f"{item['object_type']}\n{clean(item['id'])}",
                    clean(item["why"]),
                )
                for item in misses
            ]
            self._paper.table(("Subject", "Object", "Why"), rows)

    def problems(self) -> None:
        """What failed; what only asks for a second look stands with its record."""
        told = [item for item in self._answer["problems"] if item["code"] not in LOOK_TWICE]
        told += [item for item in self._answer["problems"] if item["code"] == "near_misses_cut"]
        if told:
            self._paper.heading("Problems (docs/errors.md says what to do)")
        for item in told:
            whose = f"{item['object_type']}: " if item["object_type"] else ""
            self._paper.item(f"{whose}{clean(item['detail'] or '')} [{item['code']}]", "!", "red")

    def coverage(self) -> None:
        """How complete the look was."""
        self._paper.heading("How complete this is")
        for item in self._answer["coverage"]:
            whole = item["complete"]
            left_out = not whole and is_skipped(item) and is_whole(item, self._answer)  # type: ignore[arg-type]
            mark, style = ("ok", "green") if whole else ("!", "yellow")
            self._paper.item(_covered(item), "-" if left_out else mark, "" if left_out else style)

    def not_searched(self) -> None:
        """What is not looked at."""
        names = [item["what"] for item in self._discovery["not_searched"]]
        if names:
            self._paper.heading("Not searched (te-connector discover says why)")
            self._paper.item(", ".join(names))

    def drift(self) -> None:
        """Where records differ from the schemas, counted."""
        rows = list(_drift(self._answer["records"]))
        if rows:
            self._paper.heading("Differs from the schemas; the data is whole all the same")
            self._paper.table(("Type", "Field", "Rule", "Records"), rows)


def _covered(item: Coverage) -> str:
    name, reason = item["object_type"], clean(item["reason"])
    fields = "; ".join(f"{kind} ({', '.join(named)})" for kind, named in item["fields"].items())
    if item["complete"] and item["method"] == "scan":
        return f"{name}: every one of {item['seen']:,} compared by {fields}. {_sentence(reason)}"
    if item["complete"]:
        return f"{name}: complete. {_sentence(reason)}"
    if is_skipped(item):
        return f"{name}: not looked at. {_sentence(reason)}"
    looked = f"{item['seen']:,} seen" + (f", compared by {fields}" if fields else "")
    return f"{name}: NOT complete: {reason}. ({looked})"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _drift(records: Sequence[Record]) -> Iterator[tuple[str, str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        for path, rule in {
            (re.sub(r"\[[0-9]+\]", "[]", issue["path"]), issue["rule"])
            for issue in record["schema_issues"]
        }:
            counts[record["object_type"], path, rule] += 1
    for (name, path, rule), count in sorted(counts.items()):
        yield name, clean(path), rule, f"{count:,}"


def next_commands(
    paper: Paper,
    given: Given,
    answer: Mapping[str, Any],
    file: str,
    *,
    heading: bool = True,
) -> None:
    """The exact commands that would package or delete what was found."""
    if heading:
        paper.heading("Next")
    paper.line("Make the package for each person:")
    paper.command(["te-connector", "package", file, "--output", "packages"])
    deletable = [record for record in answer["records"] if record["deletable"]]
    if not deletable:
        return
    shared = shared_keys(answer)
    strong = [
        record
        for record in deletable
        if record["strength"] == "strong" and (record["object_type"], record["id"]) not in shared
    ]
    alone = len(answer["subjects"]) == 1
    command = ["te-connector", "delete", file, *given.repeated()]
    if strong and alone:
        paper.line("See what deleting the strong matches would do; --yes does it:")
        paper.command([*command, "--all"])
    named = [record for record in deletable if record not in strong] if alone else deletable
    if named:
        paper.line("Name what else is this person's, once you have looked:")
        record = named[0]
        paper.command([*command, "--select", f"{record['object_type']}:{record['id']}"])
