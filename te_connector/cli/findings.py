"""Prints a fetch answer for the officer: what was left out, what to look at first, what to do next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from te_connector import review
from te_connector.cli.output import Renderer, clean, counted, number_of
from te_connector.contract import Coverage, Discovery, Problem, Record

_NAMES = (("first_name", "last_name"), ("username",), ("name",))
_CONTACT = re.compile(r"email|phone")
_LONGEST = 60
_TITLES = ("title", "loan_name", "account_name", "name")
_TIMES = ("internal_created_at", "created_at", "touched_at", "insight_date", "created_on")
_DOUBTS = {
    "foreign_email": "has an e-mail address that isn't in the request",
    "phone_shared": "another record has the same phone number",
    "record_matches_several_subjects": "matches more than one request",
}


def summary(answer: Mapping[str, Any]) -> str:
    """How many objects of which types were found."""
    counts = Counter(record["object_type"] for record in answer["records"])
    types = [item["object_type"] for item in answer["coverage"]]
    listed = ", ".join(counted(counts[name], name) for name in types)
    return f"Found {number_of(len(answer['records']), 'record')}: {listed}."


def preview(record: Mapping[str, Any]) -> str:
    """The name, e-mail address, and phone number in a record's top level, one a line."""
    data: Mapping[str, Any] = record["data"]
    for reason in record["matched_by"]:
        if "id" in reason:
            return _what_and_when(data)
    info = data.get("info")
    parts = [data, info] if isinstance(info, Mapping) else [data]
    words = [_name(parts)]
    for part in parts:
        words += [
            value for key, value in part.items() if _CONTACT.match(key) and isinstance(value, str)
        ]
    shown = list(dict.fromkeys(clean(word) for word in words if word.strip()))
    return "\n".join([word[:_LONGEST] for word in shown[:3]])


def _what_and_when(data: Mapping[str, Any]) -> str:
    """The title and the time of something that belongs to a person."""
    titles = (data.get(key) for key in _TITLES)
    title = next((clean(text) for text in titles if isinstance(text, str) and text.strip()), "")
    when = next((clean(data[key]) for key in _TIMES if data.get(key)), "")
    created = f"created {when}" if when else "created at an unknown time"
    return "\n".join(filter(None, (title[:_LONGEST], created)))


def _name(parts: Sequence[Mapping[str, Any]]) -> str:
    for part in parts:
        for keys in _NAMES:
            words = [str(part[key]) for key in keys if part.get(key)]
            if words:
                return " ".join(words)
    return ""


def matched_by(record: Mapping[str, Any]) -> str:
    """The identifiers and the fields that match: ``email (email, email_work)``."""
    fields: dict[str, list[str]] = {}
    parents = []
    for reason in record["matched_by"]:
        if "id" in reason:
            parents.append(
                f"belongs to {reason['identifier']} {clean(reason['id'])}{_role(reason)}"
            )
        else:
            fields.setdefault(reason["identifier"], []).append(reason["field"])
    own = [f"{kind} ({', '.join(names)})" for kind, names in fields.items()]
    return ", ".join([*own, *parents])


def _role(reason: Mapping[str, Any]) -> str:
    """The role in which a record names its parent, such as a loan's co-borrower; often empty."""
    role, dot, _ = reason["field"].partition(".")
    return f" as {role}" if dot and role != reason["identifier"] else ""


def doubts(record: Record, problems: Sequence[Problem]) -> list[str]:
    """Why a record needs a second look, in a few words each."""
    shown = [_DOUBTS.get(item["code"], item["code"]) for item in review.doubts(record, problems)]
    if record["strength"] == "weak" and not shown:
        shown.append(_why_weak(record))
    return list(dict.fromkeys(shown))


def _why_weak(record: Record) -> str:
    if any("id" in reason for reason in record["matched_by"]):
        if any(map(_role, record["matched_by"])):
            return "its contact is a weak match, or isn't the main person"
        return f"its {record['matched_by'][0]['identifier']} is a weak match"
    kinds = {reason["identifier"] for reason in record["matched_by"]}
    if "phone" in kinds:
        return "only a phone number matches"
    if "external_id" in kinds:
        return "only an external id without its source matches"
    return "only an id without its object type matches"


class Findings:
    """Prints a whole answer, subject by subject."""

    def __init__(self, renderer: Renderer, answer: Mapping[str, Any], discovery: Discovery) -> None:
        self._renderer = renderer
        self._answer = answer
        self._discovery = discovery
        self._titles = {item["name"]: item["title"] for item in discovery["object_types"]}
        self._shared = review.shared_objects(answer["records"])

    def show(self) -> None:
        """Print everything except the next commands."""
        self.left_out()
        self._renderer.line(summary(self._answer), "bold")
        found = {record["subject"] for record in self._answer["records"]}
        subjects = self._answer["subjects"]
        for subject in subjects:
            if subject["id"] in found:
                self.subject(subject)
        empty = [clean(item["id"]) for item in subjects if item["id"] not in found]
        if empty:
            self._renderer.heading("Nothing found for")
            self._renderer.item(", ".join(empty))
        self.near_misses()
        self.problems()
        self.coverage()
        self.not_searched()
        self.schema_issues()

    def left_out(self) -> None:
        """The types whose search is incomplete come first: a partial answer can look complete."""
        asked = {item["object_type"] for item in self._answer["coverage"]}
        rows = [
            _covered(item)
            for item in self._answer["coverage"]
            if not review.is_whole(item, self._answer)
        ]
        rows += [
            f"{item['name']}: not searched, because you didn't ask for it."
            for item in self._discovery["object_types"]
            if item["access"] and item["name"] not in asked
        ]
        if rows:
            self._renderer.line("This search is not complete:", "bold yellow")
            for row in rows:
                self._renderer.item(row, "!", "yellow")
            self._renderer.line()

    def subject(self, subject: Mapping[str, Any]) -> None:
        """One subject's records by type, with those that need a second look first."""
        kinds = ", ".join(kind for kind, values in subject["identifiers"].items() if values)
        self._renderer.heading(f"{clean(subject['id'])}, searched by {kinds}")
        own = [record for record in self._answer["records"] if record["subject"] == subject["id"]]
        for name in dict.fromkeys(record["object_type"] for record in own):
            self.records([record for record in own if record["object_type"] == name])

    def records(self, records: Sequence[Record]) -> None:
        """A table of one type's records."""
        doubted = [(record, doubts(record, self._answer["problems"])) for record in records]
        doubted.sort(key=lambda pair: not (pair[1] or self._is_shared(pair[0])))
        rows, styles = [], []
        for record, why in doubted:
            mark = "!" if why or self._is_shared(record) else ""
            reasons = [matched_by(record), *(f"{record['strength']}: {text}" for text in why)]
            rows.append((mark, clean(record["id"]), preview(record), "\n".join(reasons)))
            styles.append("yellow" if mark else "")
        title = self._titles.get(records[0]["object_type"], records[0]["object_type"])
        can = "can be deleted" if records[0]["deletable"] else "can't be deleted through the API"
        self._renderer.line(f"  {title}: {len(records):,} found, {can}")
        self._renderer.table(("", "Id", "Who", "Why it matches"), rows, styles)

    def _is_shared(self, record: Record) -> bool:
        return (record["object_type"], record["id"]) in self._shared

    def near_misses(self) -> None:
        """What is close to an identifier but not equal."""
        misses = self._answer["near_misses"]
        if misses:
            self._renderer.heading("Near matches (left out unless you confirm them)")
            rows = [
                (
                    clean(item["subject"]),
                    f"{item['object_type']}\n{clean(item['id'])}",
                    clean(item["why"]),
                )
                for item in misses
            ]
            self._renderer.table(("Subject", "Object", "Why"), rows)

    def problems(self) -> None:
        """What failed. A problem that only needs a second look is shown with its record."""
        shown = review.failures(self._answer["problems"])
        shown += [item for item in self._answer["problems"] if item["code"] == "near_misses_cut"]
        if shown:
            self._renderer.heading("Problems (docs/errors.md says what to do)")
        for item in shown:
            whose = f"{item['object_type']}: " if item["object_type"] else ""
            self._renderer.item(
                f"{whose}{clean(item['detail'] or '')} [{item['code']}]", "!", "red"
            )

    def coverage(self) -> None:
        """How completely each type was searched."""
        self._renderer.heading("What was searched")
        for item in self._answer["coverage"]:
            if item["complete"]:
                self._renderer.item(_covered(item), "ok", "green")
            elif review.is_whole(item, self._answer):
                self._renderer.item(_covered(item))
            else:
                self._renderer.item(_covered(item), "!", "yellow")

    def not_searched(self) -> None:
        """What is not searched at all."""
        names = [item["what"] for item in self._discovery["not_searched"]]
        if names:
            self._renderer.heading("Not searched (for the reasons, run: te-connector discover)")
            self._renderer.item(", ".join(names))

    def schema_issues(self) -> None:
        """Where records differ from the schemas, with counts."""
        rows = list(_schema_issues(self._answer["records"]))
        if rows:
            self._renderer.heading("Differences from the schemas (the data is complete anyway)")
            self._renderer.table(("Type", "Field", "Rule", "Records"), rows)


def _covered(item: Coverage) -> str:
    name, reason = item["object_type"], clean(item["reason"])
    fields = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in item["fields"].items())
    if item["complete"] and item["method"] == "scan":
        return f"{name}: compared all {item['seen']:,} by {fields}. {_sentence(reason)}"
    if item["complete"]:
        return f"{name}: complete. {_sentence(reason)}"
    if item["method"] == "skipped":
        return f"{name}: not searched. {_sentence(reason)}"
    compared = f"{item['seen']:,} compared" + (f" by {fields}" if fields else "")
    return f"{name}: NOT complete ({compared}). {_sentence(reason)}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _schema_issues(records: Sequence[Record]) -> Iterator[tuple[str, str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        for path, rule in {
            (re.sub(r"\[[0-9]+\]", "[]", issue["path"]), issue["rule"])
            for issue in record["schema_issues"]
        }:
            counts[record["object_type"], path, rule] += 1
    for (name, path, rule), count in sorted(counts.items()):
        yield name, clean(path), rule, f"{count:,}"
