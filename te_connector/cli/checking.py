"""``validate`` and ``discover``: whether the connection works, and what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from te_connector import host
from te_connector.cli.output import Paper, clean, number_of, print_json
from te_connector.cli.settings import Given, with_settings
from te_connector.contract import Check, Discovery, Validation
from te_connector.errors import Unreachable

if TYPE_CHECKING:
    from te_connector.operations.drift import Seen

_UNREACHABLE = frozenset((Unreachable.code,))


@click.command(short_help="Check the connection.")
@with_settings
def validate(given: Given) -> int:
    """Check the connection: sign-in, scopes, and one look at each object type."""
    answer = host.validate(given.connection())
    if given.as_json:
        print_json(answer)
    else:
        show_checks(Paper(), answer)
    if answer["ok"]:
        return 0
    unreached = any(check["code"] in _UNREACHABLE for check in answer["checks"])
    return 3 if unreached else 1


def show_checks(paper: Paper, answer: Validation) -> None:
    """The checks as a table, failing ones marked."""
    rows = [
        ("ok" if check["ok"] else "FAILS", check["name"], _seen(check))
        for check in answer["checks"]
    ]
    styles = ["" if check["ok"] else "red" for check in answer["checks"]]
    paper.table(("", "Check", "What was seen"), rows, styles)
    failing = sum(1 for check in answer["checks"] if not check["ok"])
    paper.line()
    if failing:
        paper.line(f"{number_of(failing, 'check')} of {len(rows)} fail.", "red")
    else:
        paper.line("The connection works.", "green")


def _seen(check: Check) -> str:
    code = f" [{check['code']}]" if check["code"] else ""
    return f"{clean(check['detail'])}{code}"


@click.command(short_help="Tell what can be found and deleted.")
@click.option("--live", is_flag=True, help="Compare a few real pages with the schemas too.")
@with_settings
def discover(given: Given, *, live: bool) -> int:
    """Tell what can be found and deleted, by which identifiers, and what is not searched."""
    answer = host.discover(given.connection(sign_in=False))
    seen = _live(given) if live else None
    if given.as_json:
        print_json(answer if seen is None else {**answer, "live": seen})
    else:
        paper = Paper()
        show_discovery(paper, answer)
        if seen is not None:
            _show_drift(paper, seen)
    return 1 if seen is not None and any(item["error"] for item in seen) else 0


def show_discovery(paper: Paper, answer: Discovery) -> None:
    """What the manifest amounts to."""
    paper.line(f"{answer['connector']}, API {answer['api_version']}", "bold")
    for item in answer["object_types"]:
        paper.heading(f"{item['title']} ({item['name']})")
        found = [f"{kind}: {', '.join(fields)}" for kind, fields in item["identifiers"].items()]
        rows = [
            ("read at", item["path"] if item["access"] else "not read through the API"),
            ("found by", "\n".join(found) or "nothing"),
            ("scope", ", ".join(item["scopes"]) or "not known"),
            ("deletable", "yes" if item["deletable"] else "no, not through the API"),
        ]
        paper.table(("", ""), rows)
    show_not_searched(paper, answer)


def show_not_searched(paper: Paper, answer: Discovery) -> None:
    """What is not looked at, and why."""
    if not answer["not_searched"]:
        return
    paper.heading("Not searched")
    paper.table(("", ""), [(item["what"], item["why"]) for item in answer["not_searched"]])


def _live(given: Given) -> list[Seen]:
    from te_connector.operations import drift  # the engine, which no other part of this needs

    return drift.look(given.connection())


def _show_drift(paper: Paper, seen: list[Seen]) -> None:
    paper.heading("Real pages compared with the schemas")
    for item in seen:
        name = item["object_type"]
        if item["error"]:
            paper.item(f"{name}: {item['error']}", "!", "red")
        elif not item["differences"]:
            paper.item(f"{name}: {number_of(item['records'], 'record')} read, all as described")
        else:
            paper.item(f"{name}: {number_of(item['records'], 'record')} read; they differ in", "!")
            rows = [
                (found["path"], found["what"], f"{found['records']}")
                for found in item["differences"]
            ]
            paper.table(("Field", "What differs", "Records"), rows)
