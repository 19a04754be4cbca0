"""Calls the hooks, as any other host does. The command, the portal, and the gateway use it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, cast

from te_connector.contract import Discovery, Fetched, Plan, Receipt, Subject, Validation
from te_connector.errors import SettingsError


@functools.lru_cache(maxsize=1)
def _hooks() -> Any:
    import pluggy

    from te_connector import hookspecs, plugin

    manager = pluggy.PluginManager("privacy_connector")
    manager.add_hookspecs(hookspecs)
    manager.load_setuptools_entrypoints("privacy_connector")
    if not manager.is_registered(plugin):  # a checkout that is not installed has no entry points
        manager.register(plugin)
    manager.check_pending()
    return manager.hook


def _answered(answer: Any) -> Any:
    if answer is None:
        raise SettingsError("No installed connector has that name. Install te-connector.")
    return answer


def validate(connection: Mapping[str, Any]) -> Validation:
    """The hook ``validate_connection``."""
    return cast("Validation", _answered(_hooks().validate_connection(connection=connection)))


def discover(connection: Mapping[str, Any]) -> Discovery:
    """The hook ``discover``."""
    return cast("Discovery", _answered(_hooks().discover(connection=connection)))


def fetch(
    connection: Mapping[str, Any], subjects: Sequence[Subject], options: Mapping[str, Any]
) -> Fetched:
    """The hook ``fetch``."""
    hook = _hooks().fetch
    return cast(
        "Fetched", _answered(hook(connection=connection, subjects=subjects, options=options))
    )


def plan(
    connection: Mapping[str, Any], subjects: Sequence[Subject], options: Mapping[str, Any]
) -> Plan:
    """The hook ``fetch`` with ``plan_only``."""
    return cast("Plan", fetch(connection, subjects, {**options, "plan_only": True}))


def delete(
    connection: Mapping[str, Any],
    thing: tuple[str, str],
    subject: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Receipt:
    """The hook ``delete_object``; ``thing`` is the object's type and id."""
    answer = _hooks().delete_object(
        connection=connection,
        object_type=thing[0],
        object_id=thing[1],
        subject=subject,
        options=options,
    )
    return cast("Receipt", _answered(answer))
