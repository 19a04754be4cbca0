"""Removes withheld fields from an object's data, at any depth.

The data is never changed in place: the result shares all its values with the original.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.package.rules import Rule, Steps, Withhold


def hides(rule: Rule, steps: Steps) -> bool:
    """Whether a rule withholds a field in every case."""
    if rule.only is not None:
        return not any(steps[: len(kept)] == kept for kept in rule.only)
    return any(
        steps[: len(entry.field)] == entry.field and not entry.where for entry in rule.withhold
    )


def redacted(data: dict[str, Any], rule: Rule) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The data without the withheld fields, and each withheld field with its reason."""
    gone: dict[str, str] = {}
    kept: Any = data
    if rule.only is not None:
        kept = _only(data, _tree(rule.only), (), gone, rule.why_not)
    for entry in rule.withhold:
        before, kept = kept, _without(kept, entry.field, entry.where)
        if kept is not before:
            gone[".".join(entry.field)] = entry.why
    return kept, list(gone.items())


def matches(data: dict[str, Any], entry: Withhold) -> bool:
    """Whether an entry withholds something of this object."""
    return _without(data, entry.field, entry.where) is not data


_GONE: Any = object()


def _without(value: Any, steps: Steps, where: Mapping[str, Any]) -> Any:
    """The value without the field at this path; the same object if it has no such field."""
    if isinstance(value, list):
        left = [one for item in value if (one := _without(item, steps, where)) is not _GONE]
        same = len(left) == len(value) and all(map(operator.is_, left, value))
        return value if same else left
    if not isinstance(value, dict):
        # Text in place of an object can be what the rule withholds.
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


def _same(value: Any, written: Any) -> bool:
    """Whether a value is the one that the policy has, as the policy's author wrote it.

    ``007`` in a policy is the text 007, and not the number 7.
    """
    text = value if isinstance(value, str) else json.dumps(value)
    return text.strip().casefold() == str(written).strip().casefold()


def _tree(ways: Sequence[Steps]) -> dict[str, Any]:
    """The field paths as nested mappings; an empty one keeps everything."""
    tree: dict[str, Any] = {}
    for steps in sorted(ways, key=len):
        node = tree
        for depth, step in enumerate(steps):
            if step in node and not node[step]:
                break  # a shorter path already keeps all of it
            node = node.setdefault(step, {})
            if depth == len(steps) - 1:
                node.clear()
    return tree


def _only(value: Any, tree: Mapping[str, Any], at: Steps, gone: dict[str, str], why: str) -> Any:
    """The value with only the paths of the tree."""
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
