"""Looks at one object type whole: every page of its list, or every id that was asked for.

Each returns :class:`~te_connector.search.findings.Findings`; one type's failure is noted there and does
not end the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from te_connector.api.call import Call
from te_connector.api.client import Client
from te_connector.api.objects import is_listed_empty, read_object, reading_by_id_works
from te_connector.api.paging import read_list, rests_on
from te_connector.errors import (
    AnswerError,
    DeadlineReached,
    Forbidden,
    NotFound,
    OddAnswer,
    Rejected,
    SignInError,
    Unreachable,
)
from te_connector.manifest.model import ObjectType
from te_connector.matching.ids import has_shape
from te_connector.matching.matcher import ChildMatcher, Matcher
from te_connector.matching.subjects import Subject
from te_connector.search.findings import Findings

_READ_AFTER_SCAN = 10


@attrs.frozen
class Search:
    """What a look at any type needs."""

    client: Client
    subjects: tuple[Subject, ...]
    call: Call

    def run(self, findings: Findings, look: Callable[[Findings], None]) -> Findings:
        """Run one look; note its failure instead of ending everything.

        :raises Unreachable: nothing at all was reached yet.
        :raises ConnectorError: the call was stopped, or it was wrong.
        """
        before = self.client.sent
        try:
            look(findings)
        except (AnswerError, DeadlineReached, SignInError, Unreachable) as error:
            if isinstance(error, Unreachable) and not self.client.reached:
                raise
            findings.flaw(error.code, str(error))
        findings.requests = self.client.sent - before
        findings.complete = findings.complete and not findings.flawed
        return findings


def scan(search: Search, matcher: Matcher | ChildMatcher, findings: Findings) -> None:
    """Compare every object of the list."""
    object_type, client = findings.object_type, search.client
    findings.method, findings.fields = "scan", matcher.fields

    def done(read: int, known: int) -> None:
        search.call.tell(
            {
                "event": "pages",
                "object_type": object_type.name,
                "read": read,
                "known": known,
                "found": len(findings.found),
                "sent": client.sent,
            }
        )

    tally = read_list(client, object_type, lambda items: findings.take(matcher, items), done)
    findings.seen, findings.complete = tally.seen, tally.complete
    for what, why in tally.faults.items():
        findings.flaw("answer_cached" if what == "cached" else "list_unsteady", why)
    for field in matcher.odd:
        findings.flaw(
            "field_odd",
            f"{field} held something that is neither text nor a whole number in some objects, which "
            "could not be compared",
        )
    if isinstance(matcher, ChildMatcher) and matcher.unlinked:
        findings.flaw(
            "parent_missing",
            f"some objects do not say to which {parent_title(object_type)} they belong",
        )
    if tally.complete:
        findings.reasons.append(rests_on(tally, object_type.title.lower()))


def parent_title(object_type: ObjectType) -> str:
    """The name of the parent type."""
    return object_type.parent.object if object_type.parent is not None else ""


def ids_asked(search: Search, object_type: ObjectType) -> list[str]:
    """The ids that were given and can be read by id, each once."""
    given = (
        object_id
        for mapping in object_type.mapped
        if mapping.by_id
        for subject in search.subjects
        for object_id in subject.ids_in(mapping.kind, object_type.name)
    )
    return list(dict.fromkeys(given))


def read_ids(search: Search, matcher: Matcher, findings: Findings, ids: Sequence[str]) -> None:
    """Read each id and compare what comes; complete once a 404 is known to mean what it says."""
    client, object_type = search.client, findings.object_type
    absent = _read_each(search, matcher, findings, ids, findings.flaw)
    if absent and not reading_by_id_works(client, object_type, ""):
        if is_listed_empty(client, object_type):
            findings.reasons.append("the list holds nothing at all")
        else:
            findings.flaw(
                "absence_unproven",
                "no object could be read by its id, so it is not known that those asked for are absent",
            )


def _read_each(
    search: Search,
    matcher: Matcher,
    findings: Findings,
    ids: Sequence[str],
    tell: Callable[[str, str], None],
) -> int:
    """Read and compare; how many are absent. What else comes of one id is told, not raised."""
    object_type, absent = findings.object_type, 0
    for name in ids:
        if not has_shape(name, object_type.id_shape):
            continue  # no id of this type looks like that, so none is sent
        try:
            item = read_object(search.client, object_type, name)
        except NotFound:
            absent += 1
            continue
        except (Forbidden, OddAnswer, Rejected) as error:
            tell(error.code, f"an object that was asked for could not be read by its id: {error}")
            continue
        findings.seen += 1
        findings.take(matcher, [item])
        search.call.tell(
            {"event": "ids", "object_type": object_type.name, "found": len(findings.found)}
        )
    return absent


def look_exhaustively(search: Search, matcher: Matcher, findings: Findings) -> None:
    """Scan where anything but an id is asked; read the ids themselves where nothing else is."""
    by_id = {mapped.kind for mapped in findings.object_type.mapped if mapped.by_id}
    ids = ids_asked(search, findings.object_type)
    if set(matcher.fields) <= by_id:
        findings.method, findings.fields = "lookup", matcher.fields
        read_ids(search, matcher, findings, ids)
        findings.complete = True
        findings.reasons.append("each id asked for was read")
        return
    scan(search, matcher, findings)
    _read_unlisted(
        search, matcher, findings, [name for name in ids if name not in findings.owners()]
    )


def _read_unlisted(
    search: Search, matcher: Matcher, findings: Findings, missing: Sequence[str]
) -> None:
    """Read ids that the list lacks: it may leave archived objects out. The scan stands without it."""
    if not missing:
        return
    pages = findings.seen // max(1, findings.object_type.page_size)
    if len(missing) > max(_READ_AFTER_SCAN, pages // 20):
        findings.reasons.append(
            f"{len(missing)} ids that the list does not hold were not read one by one"
        )
        return
    seen = findings.seen
    _read_each(search, matcher, findings, missing, findings.problem)
    if findings.seen > seen:
        findings.reasons.append(
            f"{findings.seen - seen} objects that the list leaves out were read by their id"
        )


def look_at_children(
    search: Search, parents: Mapping[str, Sequence[str]], findings: Findings
) -> None:
    """Scan a child type for the objects of the parents that were found."""
    matcher = ChildMatcher(findings.object_type, parents)
    scan(search, matcher, findings)
