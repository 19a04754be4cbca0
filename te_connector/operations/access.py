"""``fetch``: find every object that belongs to the subjects, and say how complete the look was."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import attrs

from te_connector.api import connection as connections
from te_connector.api.call import Call
from te_connector.api.client import Client
from te_connector.api.pages import params_of, read_page
from te_connector.api.paging import requests_for
from te_connector.contract import Coverage, Fetched, Plan, PlanStep, Problem
from te_connector.errors import AnswerError, DeadlineReached, OptionError, PastEnd
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching import subjects as subject_reader
from te_connector.matching.matcher import Matcher
from te_connector.operations.options import CALL_OPTIONS, call_of, mapping_of
from te_connector.search.classification import Judge
from te_connector.search.findings import Findings
from te_connector.search.lookup import look_quickly, look_up_children, requests_expected
from te_connector.search.scan import Search, ids_asked, look_at_children, look_exhaustively

_FLAGS = ("check_only", "plan_only", "independent")
_KNOWN = ("object_types", "coverage", *CALL_OPTIONS, *_FLAGS)


@attrs.frozen
class Options:
    """The options of one ``fetch``, checked."""

    object_types: tuple[str, ...]
    quick: bool
    check_only: bool
    plan_only: bool
    independent: bool
    call: Call


def read_options(options: Any, manifest: Manifest) -> Options:
    """Check the options of a call.

    :raises OptionError: one is unknown or of the wrong kind.
    """
    given = mapping_of(options, _KNOWN)
    names = given.get("object_types")
    if names is None:
        names = list(manifest.objects)
    if not isinstance(names, (list, tuple)) or not names:
        raise OptionError("object_types must be a list of object types, and not empty.")
    for name in names:
        manifest.object_type(name)
    coverage = given.get("coverage", "exhaustive")
    if coverage not in ("exhaustive", "quick"):
        raise OptionError("coverage must be exhaustive or quick.")
    for name in _FLAGS:
        if not isinstance(given.get(name, False), bool):
            raise OptionError(f"{name} must be true or false.")
    return Options(
        tuple(dict.fromkeys(names)),
        coverage == "quick",
        check_only=given.get("check_only", False),
        plan_only=given.get("plan_only", False),
        independent=given.get("independent", False),
        call=call_of(given),
    )


def fetch(connection: Mapping[str, Any], subjects: Any, options: Any) -> Fetched | Plan:
    """The hook ``fetch``; see :mod:`te_connector.hookspecs`."""
    manifest = connections.manifest_of(connection)
    given = subject_reader.read(subjects, manifest)
    wanted = read_options(options, manifest)
    if wanted.check_only:
        return {"plan": []}
    client = Client(connections.resolve(connection))

    def work() -> Fetched | Plan:
        with client.open(wanted.call.tell):
            with contextlib.suppress(DeadlineReached):
                client.sign_in()
            search = Search(client, given, wanted.call)
            if wanted.plan_only:
                return {
                    "plan": [_plan(search, manifest, name, wanted) for name in wanted.object_types]
                }
            return _answer(search, manifest, wanted)

    return wanted.call.run(work, client.stop)


def _answer(search: Search, manifest: Manifest, wanted: Options) -> Fetched:
    needed = _with_parents(manifest, wanted.object_types)
    done: dict[str, Findings] = {}
    for object_type in manifest.parents_first():
        if object_type.name in needed:
            done[object_type.name] = _look(search, object_type, done, wanted.quick)
    judge = Judge(manifest, search.subjects, done, independent=wanted.independent)
    records = judge.judge(wanted.object_types)
    problems: list[Problem] = [
        problem for findings in done.values() for problem in findings.problems
    ]
    problems += judge.problems
    looked_at = [name for name, findings in done.items() if findings.method != "skipped"]
    problems += [
        {
            "code": "identifier_not_compared",
            "object_type": None,
            "subject": subject_id,
            "id": None,
            "detail": f"{kind} #{position} was compared with no field; correct it or give another",
        }
        for subject_id, kind, position in subject_reader.uncompared(
            search.subjects, manifest, looked_at
        )
    ]
    for name in wanted.object_types:
        for subject, count in done[name].unlisted_near.items():
            problems.append(
                {
                    "code": "near_misses_cut",
                    "object_type": name,
                    "subject": subject,
                    "id": None,
                    "detail": f"{count} more near misses are not listed",
                }
            )
    return {
        "records": records,
        "coverage": [_coverage(done[name]) for name in wanted.object_types],
        "problems": problems,
        "near_misses": judge.near_misses(wanted.object_types),
    }


def _with_parents(manifest: Manifest, names: tuple[str, ...]) -> set[str]:
    needed: set[str] = set()
    for name in names:
        item: ObjectType | None = manifest.objects[name]
        while item is not None:
            needed.add(item.name)
            item = manifest.objects[item.parent.object] if item.parent else None
    return needed


def _look(
    search: Search, object_type: ObjectType, done: Mapping[str, Findings], quick: bool
) -> Findings:
    """Look at one type, in the way that it, the subjects and the coverage call for."""
    findings = Findings(object_type)
    search.call.tell({"event": "object_type", "object_type": object_type.name})
    if not object_type.access:
        findings.reasons.append("the manifest says that the API is not to be used to read it")
        return findings
    if object_type.parent is not None:
        return _look_below(search, findings, done[object_type.parent.object], quick)
    matcher = Matcher(object_type, search.client.settings.manifest.kinds, search.subjects)
    if not matcher.fields:
        findings.reasons.append(
            "no identifier that was given is mapped to this type, so it was not looked at"
        )
        return findings
    look = look_quickly if quick else look_exhaustively
    return search.run(findings, lambda mine: look(search, matcher, mine))


def _look_below(search: Search, findings: Findings, above: Findings, quick: bool) -> Findings:
    """Look at a child type; it is no more complete than the look at its parents."""
    parents, title = above.owners(), above.object_type.name
    findings.fields = findings.object_type.fields()
    if not parents:
        findings.complete = above.complete
        findings.reasons.append(
            f"no {title} was found, so none of this type can belong to one"
            if above.complete
            else f"no {title} was found, and not every {title} was looked at"
        )
        return findings
    if quick:
        findings.fields = {}
        return search.run(findings, lambda mine: look_up_children(search, parents, mine))
    search.run(findings, lambda mine: look_at_children(search, parents, mine))
    if not above.complete:
        findings.complete = False
        findings.reasons.append(f"not every {title} was looked at, so there may be more")
    return findings


def _coverage(findings: Findings) -> Coverage:
    return {
        "object_type": findings.object_type.name,
        "method": findings.method,  # type: ignore[typeddict-item]
        "requests": findings.requests,
        "seen": findings.seen,
        "complete": findings.complete,
        "fields": findings.fields,
        "reason": "; ".join(dict.fromkeys(findings.reasons)),
    }


def _plan(search: Search, manifest: Manifest, name: str, wanted: Options) -> PlanStep:
    """What would be done for one type, as well as it can be known: the list's length is asked for."""
    object_type = manifest.objects[name]
    matcher = Matcher(object_type, manifest.kinds, search.subjects)
    by_id = {mapped.kind for mapped in object_type.mapped if mapped.by_id}
    requests: int | None = None
    if not object_type.access or (object_type.parent is None and not matcher.fields):
        return {"object_type": name, "method": "skipped", "requests": 0, "seconds": 0.0}
    if object_type.parent is None and (wanted.quick or set(matcher.fields) <= by_id):
        method: Any = "lookup"
        requests = len(ids_asked(search, object_type))
        if wanted.quick:
            requests += requests_expected(search, object_type, matcher)
    elif wanted.quick:
        method = "lookup"  # one for each parent that will have been found
    else:
        method, requests = "scan", _scan_requests(search, object_type)
    limit = manifest.requests
    seconds = None if requests is None else round(requests * limit.seconds / limit.count, 1)
    return {"object_type": name, "method": method, "requests": requests, "seconds": seconds}


def _scan_requests(search: Search, object_type: ObjectType) -> int | None:
    try:
        page, _ = read_page(search.client, object_type, params_of(search.client, object_type, 1))
    except PastEnd:
        return 1
    except (AnswerError, DeadlineReached):
        return None
    pages = max(page.last or 1, page.next or 1)
    return requests_for(pages)
