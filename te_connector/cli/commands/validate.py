"""``validate`` and ``discover``: check the connection, and show what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from te_connector import host
from te_connector.cli.output import Renderer, clean, number_of, print_json
from te_connector.cli.settings import Settings, with_settings
from te_connector.contract import Check, Discovery, Validation
from te_connector.errors import Unreachable

if TYPE_CHECKING:
    from te_connector.operations.drift import Seen
    from te_connector.operations.probing import Probed

_UNREACHABLE = frozenset((Unreachable.code,))


@click.command(short_help="Check the connection.")
@click.option("--probe", is_flag=True, help="Also try the object types that are turned off.")
@with_settings
def validate(settings: Settings, *, probe: bool) -> int:
    """Check the connection: sign-in, scopes, and one page of each object type."""
    answer = host.validate(settings.connection())
    probed = _probed(settings) if probe and answer["checks"][0]["ok"] else None
    if settings.as_json:
        print_json(answer if probed is None else {**answer, "probed": probed})
    else:
        show_checks(Renderer(), answer)
        if probed is not None:
            _show_probed(Renderer(), probed)
    if answer["ok"]:
        return 0
    unreached = any(check["code"] in _UNREACHABLE for check in answer["checks"])
    return 3 if unreached else 1


def show_checks(renderer: Renderer, answer: Validation) -> None:
    """The checks as a table; failing ones are marked."""
    rows = [
        ("ok" if check["ok"] else "FAILED", check["name"], _seen(check))
        for check in answer["checks"]
    ]
    styles = ["" if check["ok"] else "red" for check in answer["checks"]]
    renderer.table(("", "Check", "Result"), rows, styles)
    failing = sum(1 for check in answer["checks"] if not check["ok"])
    renderer.line()
    if failing:
        renderer.line(f"{failing} of {number_of(len(rows), 'check')} failed.", "red")
    else:
        renderer.line("The connection works.", "green")


def _probed(settings: Settings) -> list[Probed]:
    from te_connector.operations import probing  # the engine, which no other part of this needs

    return probing.probe(settings.connection())


def _show_probed(renderer: Renderer, probed: Sequence[Probed]) -> None:
    """What could be turned on, and how."""
    renderer.heading("Object types that are turned off")
    rows = [
        ("can be read" if item["readable"] else "can't", item["object_type"], clean(item["detail"]))
        for item in probed
    ]
    renderer.table(("", "Type", "Result"), rows)
    readable = [item["object_type"] for item in probed if item["readable"]]
    if readable:
        renderer.line()
        renderer.line("Turn types on in your copy of the manifest:")
        renderer.command(["te-connector", "manifest", "enable", *readable])


def _seen(check: Check) -> str:
    code = f" [{check['code']}]" if check["code"] else ""
    return f"{clean(check['detail'])}{code}"


@click.command(short_help="Show what can be found and deleted.")
@click.option("--live", is_flag=True, help="Also compare a few real pages with the schemas.")
@with_settings
def discover(settings: Settings, *, live: bool) -> int:
    """Show what can be found and deleted, by which identifiers, and what is not searched."""
    answer = host.discover(settings.connection(sign_in=False))
    seen = _live(settings) if live else None
    if settings.as_json:
        print_json(answer if seen is None else {**answer, "live": seen})
    else:
        renderer = Renderer()
        show_discovery(renderer, answer)
        if seen is not None:
            _show_drift(renderer, seen)
    return 1 if seen is not None and any(item["error"] for item in seen) else 0


def show_discovery(renderer: Renderer, answer: Discovery) -> None:
    """What the manifest describes."""
    renderer.line(f"{answer['connector']}, API {answer['api_version']}", "bold")
    for item in answer["object_types"]:
        renderer.heading(f"{item['title']} ({item['name']})")
        found = [f"{kind}: {', '.join(fields)}" for kind, fields in item["identifiers"].items()]
        rows = [
            ("read at", item["path"] if item["access"] else "not read (turned off)"),
            ("found by", "\n".join(found) or "nothing"),
            ("scope", ", ".join(item["scopes"]) or "unknown"),
            ("deletable", "yes" if item["deletable"] else "no, not through the API"),
        ]
        renderer.table(("", ""), rows)
    show_not_searched(renderer, answer)


def show_not_searched(renderer: Renderer, answer: Discovery) -> None:
    """What is not searched, and why."""
    if not answer["not_searched"]:
        return
    renderer.heading("Not searched")
    renderer.table(("", ""), [(item["what"], item["why"]) for item in answer["not_searched"]])


def _live(settings: Settings) -> list[Seen]:
    from te_connector.operations import drift  # the one use of the connector that has no hook

    return drift.look(settings.connection())


def _show_drift(renderer: Renderer, seen: list[Seen]) -> None:
    renderer.heading("Real pages compared with the schemas")
    for item in seen:
        name = item["object_type"]
        if item["error"]:
            renderer.item(f"{name}: {item['error']}", "!", "red")
        elif not item["differences"]:
            renderer.item(f"{name}: {number_of(item['records'], 'record')} read, no difference")
        else:
            renderer.item(
                f"{name}: {number_of(item['records'], 'record')} read, with differences:", "!"
            )
            rows = [
                (found["path"], found["what"], f"{found['records']}")
                for found in item["differences"]
            ]
            renderer.table(("Field", "Difference", "Records"), rows)
