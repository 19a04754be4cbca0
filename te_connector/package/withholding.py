"""Takes withheld fields out of an object's data, wherever they stand in it.

Data is never changed in place: what is left shares all its values with the original.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.package.policy import Rule, Steps


def hides(rule: Rule, steps: Steps) -> bool:
    """Whether a rule withholds a field wherever it stands."""
    if rule.only is not None:
        return not any(steps[: len(kept)] == kept for kept in rule.only)
    return any(
        steps[: len(entry.field)] == entry.field and not entry.where for entry in rule.withhold
    )


def released(data: dict[str, Any], rule: Rule) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The data without what a rule withholds, and each withheld field with its reason."""
    gone: dict[str, str] = {}
    kept: Any = data
    if rule.only is not None:
        kept = _only(data, _tree(rule.only), (), gone, rule.why_not)
    for entry in rule.withhold:
        before, kept = kept, _without(kept, entry.field, entry.where)
        if kept is not before:
            gone[".".join(entry.field)] = entry.why
    return kept, list(gone.items())


_GONE: Any = object()


def _without(value: Any, steps: Steps, where: Mapping[str, Any]) -> Any:
    """The value without what stands at the way: the very same value where nothing did."""
    if isinstance(value, list):
        left = [one for item in value if (one := _without(item, steps, where)) is not _GONE]
        same = len(left) == len(value) and all(map(operator.is_, left, value))
        return value if same else left
    if not isinstance(value, dict):
        # Text where an object was expected may be the very thing to withhold.
        return value if value is None or value == "" else _GONE
    if steps[0] not in value:
        return value
    inner = value[steps[0]]
    if len(steps) > 1:
        left = _without(inner, steps[1:], where)
    elif where:
        entries = inner if isinstance(inner, list) else [inner]
        rest = [entry for entry in entries if not _has(entry, where)]
        left = inner if len(rest) == len(entries) else rest
    else:
        left = _GONE
    if left is inner:
        return value
    return {
        key: left if key == steps[0] else other
        for key, other in value.items()
        if key != steps[0] or left is not _GONE
    }


def _has(entry: Any, where: Mapping[str, Any]) -> bool:
    return isinstance(entry, dict) and all(
        _same(entry.get(field), value) for field, value in where.items()
    )


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() == str(wanted).strip().casefold()
    return bool(value == wanted or str(value) == str(wanted))


def _tree(ways: Sequence[Steps]) -> dict[str, Any]:
    """The ways as nested mappings; an empty one is kept whole."""
    tree: dict[str, Any] = {}
    for steps in sorted(ways, key=len):
        node = tree
        for depth, step in enumerate(steps):
            if step in node and not node[step]:
                break  # a shorter way keeps all of it already
            node = node.setdefault(step, {})
            if depth == len(steps) - 1:
                node.clear()
    return tree


def _only(value: Any, tree: Mapping[str, Any], at: Steps, gone: dict[str, str], why: str) -> Any:
    """The value with nothing but the ways of the tree."""
    if not tree:
        return value
    if isinstance(value, list):
        left = [_only(item, tree, at, gone, why) for item in value]
        return [item for item in left if item is not _GONE]
    if not isinstance(value, dict):
        if value is None or value == "":
            return value
        gone[".".join(at)] = why
        return _GONE
    kept = {}
    for key, inner in value.items():
        left = _only(inner, tree[key], (*at, key), gone, why) if key in tree else _GONE
        if left is not _GONE:
            kept[key] = left
        else:
            gone[".".join((*at, key))] = why
    return kept
