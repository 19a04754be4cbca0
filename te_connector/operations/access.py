"""``fetch``: find every object that belongs to the subjects, and say how complete the search was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from te_connector.api import connection as connections
from te_connector.api.call import Call
from te_connector.api.client import Client
from te_connector.contract import CoverageMode, Fetched, Plan, Problem
from te_connector.errors import DeadlineReached, OptionError
from te_connector.manifest.model import Manifest
from te_connector.matching import subjects as subject_reader
from te_connector.matching.subjects import Subject
from te_connector.operations.options import CALL_OPTIONS, call_of, mapping_of
from te_connector.search.classification import classify
from te_connector.search.context import Search
from te_connector.search.cost import plan_step
from te_connector.search.outcome import Outcome
from te_connector.search.run import search_types
from te_connector.search.strategy import strategies

_FLAGS = ("check_only", "plan_only", "independent")
_KNOWN = ("object_types", "coverage", *CALL_OPTIONS, *_FLAGS)
_MODES: tuple[CoverageMode, ...] = ("exhaustive", "quick")


@attrs.frozen
class Options:
    """The options of one ``fetch``, checked."""

    object_types: tuple[str, ...]
    coverage: Mapping[str, CoverageMode]
    check_only: bool
    plan_only: bool
    independent: bool
    call: Call


def read_options(options: Any, manifest: Manifest) -> Options:
    """Check the options of a call.

    :raises OptionError: one is unknown or of the wrong kind.
    """
    given = mapping_of(options, _KNOWN)
    call = call_of(given)
    for name in _FLAGS:
        if not isinstance(given.get(name, False), bool):
            raise OptionError(f"{name} must be true or false.")
    return Options(
        object_types=_object_types(given.get("object_types"), manifest),
        coverage=_coverage(given.get("coverage", "exhaustive"), manifest),
        check_only=given.get("check_only", False),
        plan_only=given.get("plan_only", False),
        independent=given.get("independent", False),
        call=call,
    )


def _object_types(given: Any, manifest: Manifest) -> tuple[str, ...]:
    """The requested types. A type that is turned off can't be requested."""
    if given is None:
        return tuple(item.name for item in manifest.objects.values() if item.access)
    if not isinstance(given, (list, tuple)) or not given:
        raise OptionError("object_types must be a list of object types, and not empty.")
    for name in given:
        manifest.type_in_use(name)
    return tuple(dict.fromkeys(given))


def _coverage(given: Any, manifest: Manifest) -> dict[str, CoverageMode]:
    """The coverage of each type."""
    if isinstance(given, Mapping):
        for name, mode in given.items():
            manifest.object_type(name)
            if mode not in _MODES:
                raise OptionError("The coverage of an object type must be exhaustive or quick.")
        return dict(given)
    if not isinstance(given, str) or given not in _MODES:
        raise OptionError(
            "coverage must be exhaustive, quick, or a mapping of these by object type."
        )
    mode = _MODES[_MODES.index(given)]
    return dict.fromkeys(manifest.objects, mode)


def fetch(connection: Mapping[str, Any], subjects: Any, options: Any) -> Fetched | Plan:
    """The hook ``fetch``; see :mod:`te_connector.hookspecs`."""
    manifest = connections.manifest_of(connection)
    people = subject_reader.read(subjects, manifest)
    wanted = read_options(options, manifest)
    if wanted.check_only:
        return {"plan": []}
    client = Client(connections.resolve(connection, manifest))
    planned = strategies(manifest, people, wanted.object_types, wanted.coverage)

    def work() -> Fetched | Plan:
        with client.open(wanted.call.tell):
            wanted.call.begin({"event": "object_type", "object_type": planned[0].object_type.name})
            with contextlib.suppress(DeadlineReached):
                client.sign_in()
            search = Search(client, manifest, wanted.call)
            if wanted.plan_only:
                by_name = {strategy.object_type.name: strategy for strategy in planned}
                return {"plan": [plan_step(search, by_name[name]) for name in wanted.object_types]}
            return _answer(people, manifest, wanted, search_types(search, planned))

    return wanted.call.run(work, client.stop)


def _answer(
    people: Sequence[Subject],
    manifest: Manifest,
    wanted: Options,
    outcomes: Mapping[str, Outcome],
) -> Fetched:
    classified = classify(
        manifest, people, outcomes, wanted.object_types, independent=wanted.independent
    )
    return {
        "records": list(classified.records),
        "coverage": [outcomes[name].coverage() for name in wanted.object_types],
        "problems": [
            *_search_problems(outcomes),
            *classified.problems,
            *_uncompared(manifest, people, outcomes),
        ],
        "near_misses": list(classified.near_misses),
    }


def _search_problems(outcomes: Mapping[str, Outcome]) -> Iterator[Problem]:
    for outcome in outcomes.values():
        yield from outcome.problems()


def _uncompared(
    manifest: Manifest, people: Sequence[Subject], outcomes: Mapping[str, Outcome]
) -> Iterator[Problem]:
    """Every value that no field was compared with, named by its position."""
    searched = {name: outcome.fields for name, outcome in outcomes.items()}
    for subject, kind, position in subject_reader.uncompared(people, manifest, searched):
        yield {
            "code": "identifier_not_compared",
            "object_type": None,
            "subject": subject,
            "id": None,
            "detail": f"{kind} #{position} was compared with no field; correct it or give another",
        }
