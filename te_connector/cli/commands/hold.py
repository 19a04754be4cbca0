"""``hold add``, ``hold list`` and ``hold release``: what must not be deleted, until it is released."""

from __future__ import annotations

import getpass
from typing import Any

import click

from te_connector.cli.output import Renderer, clean, note, number_of, print_json
from te_connector.cli.settings import Settings, manifest_of, state_of, with_settings

_IDENTIFIERS = ("email", "phone", "service_id", "external_id")


def _actor(named: str | None) -> str:
    """Who does it: as named, or the user of this machine."""
    if named:
        return named
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no user of that number
        return "unknown"


@click.command(short_help="Keep something from being deleted.")
@click.option("--object", "object_", metavar="TYPE:ID", help="Hold this object.")
@click.option("--email", multiple=True, metavar="E", help="Hold the person with this address.")
@click.option("--phone", multiple=True, metavar="P", help="Hold the person with this number.")
@click.option("--service-id", multiple=True, metavar="S", help="Hold the person with this id.")
@click.option("--external-id", multiple=True, metavar="X", help="Hold the person with this id.")
@click.option("--reason", required=True, metavar="TEXT", help="Why. Name no person.")
@click.option("--actor", metavar="NAME", help="Who adds it (default: the user of this machine).")
@with_settings
def add(settings: Settings, **requested: Any) -> int:
    """Keep an object, or all records of a person, from being deleted.

    The hold is kept encrypted, for all accounts of the state directory, and
    applies to every deletion until you release it. It covers the object or the
    person's records, everything that belongs to them, everything whose deletion
    could take them along, and near misses.

    Write values as they are: 0012345 keeps its zeros. Ids are TYPE:ID
    (contact:2317), or an id alone, which means a contact. External ids are
    SOURCE:ID. Each option can be given more than once, except --object.

    "te-connector delete --hold FILE" takes the same as a YAML list, for one
    command: each entry has "reason", and "object: TYPE:ID" or identifiers
    ("email", "phone", "service_id", "external_id"), each one value or a list.
    """
    from te_connector.operations.holds import HoldStore, make_hold

    content: dict[str, Any] = {"reason": requested["reason"]}
    if requested["object_"] is not None:
        content["object"] = requested["object_"]
    content.update({kind: list(requested[kind]) for kind in _IDENTIFIERS if requested[kind]})
    connection = settings.connection(sign_in=False)
    make_hold("to add", content, manifest_of(connection))
    hold_id = HoldStore(state_of(connection)).add(content, _actor(requested["actor"]))
    if settings.as_json:
        print_json({"hold": hold_id})
    else:
        click.echo(f"Hold {hold_id} added. It applies to every deletion until you release it.")
    return 0


@click.command("list", short_help="Show the holds that apply.")
@with_settings
def show(settings: Settings) -> int:
    """Show the holds that apply, with what they hold, who added them, when and why."""
    from te_connector.operations.holds import HoldStore

    stored = HoldStore(state_of(settings.connection(sign_in=False))).load()
    if settings.as_json:
        print_json(
            {
                "holds": [
                    {"id": one.id, "at": one.added_at, "actor": one.actor, **one.content}
                    for one in stored.active
                ],
                "freed": [
                    {"account": account, "object": ":".join(key)}
                    for account, key in sorted(stored.freed)
                ],
            }
        )
        return 0
    if not stored.active:
        note("There are no holds.", quiet=settings.quiet)
        return 0
    renderer = Renderer()
    rows = []
    for one in stored.active:
        what = [
            f"{kind}: {clean(value)}"
            for kind, values in one.content.items()
            if kind != "reason"
            for value in (values if isinstance(values, list) else [values])
        ]
        who = f"{clean(one.actor)}\n{clean(one.added_at[:10])}"
        rows.append((one.id, "\n".join(what), who, clean(one.content["reason"])))
    renderer.table(("Hold", "What it holds", "Added", "Reason"), rows)
    return 0


@click.command(short_help="End a hold, or free an object that only comes close to one.")
@click.argument("hold_id", metavar="[HOLD]", required=False)
@click.option("--object", "object_", metavar="TYPE:ID", help="Free this object.")
@click.option("--reason", required=True, metavar="TEXT", help="Why. Name no person.")
@click.option("--actor", metavar="NAME", help="Who does it (default: the user of this machine).")
@with_settings
def release(
    settings: Settings, *, hold_id: str | None, object_: str | None, reason: str, actor: str | None
) -> int:
    """End a hold by its id, or free one object.

    --object frees an object of the selected account that only comes close to a
    held person, and ends the holds that name exactly that object. The records of
    a held person stay held: release the person's hold for those.
    """
    from te_connector.cli.commands.audit import account_selected
    from te_connector.operations.holds import HoldStore
    from te_connector.operations.holds.cover import object_key
    from te_connector.storage.state import account_name

    if (hold_id is None) == (object_ is None):
        raise click.UsageError("Pass the hold's id, or --object TYPE:ID.")
    connection = settings.connection(sign_in=False)
    store = HoldStore(state_of(connection))
    if hold_id is not None:
        store.release(hold_id, reason, _actor(actor))
        ended = [hold_id]
    else:
        key = object_key(str(object_), manifest_of(connection), "--object")
        account = account_name(*account_selected(settings))
        ended = store.release_object(key, account, reason, _actor(actor))
    if settings.as_json:
        print_json({"released": ended, "freed": object_})
    elif object_ is not None:
        click.echo(
            f"{object_} is free where it only comes close to a hold. {number_of(len(ended), 'hold')} "
            "on it ended."
        )
    else:
        click.echo(f"Hold {hold_id} ended.")
    return 0
