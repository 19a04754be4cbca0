"""Classify objects that are already at hand, as ``fetch`` would. Sends nothing.

A result file may have been edited, and an object may have changed since it was fetched. So whoever
deletes or hands out records asks here again: whose is it, why, and how sure is that?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from te_connector.contract import Problem, Record
from te_connector.manifest.model import Manifest
from te_connector.matching.matcher import ChildMatcher, Matcher
from te_connector.matching.subjects import Subject
from te_connector.search.classification import Judge
from te_connector.search.findings import Findings


@attrs.frozen
class Item:
    """One object: its type's name and its data, which includes its id."""

    object_type: str
    data: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Classified:
    """The records of all subjects among the items, and what needs a second look."""

    records: tuple[Record, ...] = attrs.field(repr=False)
    problems: tuple[Problem, ...] = attrs.field(repr=False)


def classify_records(
    manifest: Manifest,
    subjects: Sequence[Subject],
    items: Sequence[Item],
    *,
    independent: bool = False,
) -> Classified:
    """The records among the items.

    An object of a child type is a record only if its parent is among the items too. For a parent that
    is gone, an item with nothing but its id is enough if the id is one of the subject's.
    """
    found: dict[str, Findings] = {}
    names = {item.object_type for item in items}
    for object_type in manifest.parents_first():
        if object_type.name not in names:
            continue
        findings = found[object_type.name] = Findings(object_type)
        mine = [dict(item.data) for item in items if item.object_type == object_type.name]
        if object_type.parent is None:
            findings.take(Matcher(object_type, manifest.kinds, subjects), mine)
        elif object_type.parent.object in found:
            parents = found[object_type.parent.object].owners()
            findings.take(ChildMatcher(object_type, parents), mine)
    judge = Judge(manifest, subjects, found, independent=independent)
    records = judge.judge(list(found))
    return Classified(tuple(records), tuple(judge.problems))
