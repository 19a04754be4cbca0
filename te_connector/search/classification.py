"""How sure a match is, and what a person should look at before relying on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from te_connector.contract import MatchedBy, NearMiss, Problem, ProblemCode, Record
from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest, ObjectType
from te_connector.matching.evidence import Evidence
from te_connector.matching.strength import has_foreign_email, strength
from te_connector.matching.subjects import Subject
from te_connector.search.findings import Findings, Found


class Judge:
    """Turns what was found of all types into records, problems and near misses."""

    def __init__(
        self,
        manifest: Manifest,
        subjects: Sequence[Subject],
        all_findings: Mapping[str, Findings],
        *,
        independent: bool = False,
    ) -> None:
        self._independent = independent
        self._manifest = manifest
        self._subjects = {subject.id: subject for subject in subjects}
        self._findings = all_findings
        self._weak: dict[tuple[str, str, str], bool] = {}
        self._sharing: Counter[tuple[str, str]] = Counter()
        for findings in all_findings.values():
            for (subject, _), found in findings.found.items():
                self._sharing.update(
                    (subject, number)
                    for number in {reason.number for reason in found.evidence}
                    if number is not None
                )
        self.problems: list[Problem] = []

    def judge(self, wanted: Iterable[str]) -> list[Record]:
        """The records of the wanted types, parents before children; fills ``problems``."""
        records: list[Record] = []
        wanted = set(wanted)
        for findings in self._findings.values():
            self._weigh(findings)
            of_type = findings.object_type
            owners = self._owners(findings)
            for (subject, name), found in findings.found.items():
                weak = self._weak[of_type.name, subject, name]
                if of_type.name in wanted and subject in owners[name]:
                    records.append(self._record(of_type, subject, name, found, weak))
            self._forget_doubts(of_type, owners)
            if not self._independent:
                self._tell_shared(findings, owners)
        order = {name: place for place, name in enumerate(self._subjects)}
        records.sort(key=lambda record: order[record["subject"]])
        return records

    def _weigh(self, findings: Findings) -> None:
        for (subject, name), found in findings.found.items():
            weak = self._is_weak(findings, subject, name, found)
            self._weak[findings.object_type.name, subject, name] = weak

    def _owners(self, findings: Findings) -> dict[str, list[str]]:
        """Whose each object is: those it is strong for, or, if there are none, those it is weak for."""
        owners = findings.owners()
        if self._independent:
            return owners
        strong = {
            name: [
                subject
                for subject in subjects
                if not self._weak[findings.object_type.name, subject, name]
            ]
            for name, subjects in owners.items()
        }
        return {name: strong[name] or subjects for name, subjects in owners.items()}

    def _forget_doubts(self, object_type: ObjectType, owners: Mapping[str, list[str]]) -> None:
        """Keep no word of an object that is returned for somebody else alone."""
        self.problems = [
            one
            for one in self.problems
            if one["object_type"] != object_type.name
            or one["id"] is None
            or one["subject"] in owners[one["id"]]
        ]

    def near_misses(self, wanted: Iterable[str]) -> list[NearMiss]:
        """What came close, of the wanted types."""
        return [
            {"subject": subject, "object_type": name, "id": item, "why": why}
            for name in wanted
            for (subject, item), why in self._findings[name].near.items()
        ]

    def _record(
        self, object_type: ObjectType, subject: str, name: str, found: Found, weak: bool
    ) -> Record:
        return {
            "subject": subject,
            "object_type": object_type.name,
            "id": name,
            "data": found.data,
            "digest": schemas.digest(found.data),
            "matched_by": _matched_by(found.evidence),
            "strength": "weak" if weak else "strong",
            "deletable": object_type.deletable,
            "schema_issues": schemas.issues(
                self._manifest.schemas_folder / object_type.schema, found.data
            ),
        }

    def _is_weak(self, findings: Findings, subject: str, name: str, found: Found) -> bool:
        parent = findings.object_type.parent
        if parent is not None:
            above = [reason.parent or "" for reason in found.evidence]
            return all(self._weak.get((parent.object, subject, item), True) for item in above)
        if all(reason.number is not None for reason in found.evidence):
            self._doubts(findings, subject, name, found)
        person, kinds = self._subjects[subject], self._manifest.kinds
        return strength(found.evidence, found.data, person, findings.object_type, kinds) == "weak"

    def _doubts(self, findings: Findings, subject: str, name: str, found: Found) -> None:
        """Report what speaks against a match by phone alone. It changes no strength."""
        of_type = findings.object_type
        if has_foreign_email(found.data, self._subjects[subject], of_type, self._manifest.kinds):
            self._tell(
                "foreign_email",
                of_type.name,
                subject,
                name,
                f"{of_type.name} {name} matches by phone alone and has an e-mail address that isn't the "
                "subject's. Look at it before it goes out or is deleted.",
            )
        sharing = max(self._sharing[subject, reason.number or ""] - 1 for reason in found.evidence)
        if sharing > 0:
            self._tell(
                "phone_shared",
                of_type.name,
                subject,
                name,
                f"{of_type.name} {name} matches by a phone that {_others(sharing)}. Look at it before "
                "it goes out or is deleted.",
            )

    def _tell_shared(self, findings: Findings, owners: Mapping[str, list[str]]) -> None:
        for name, subjects in owners.items():
            for subject in subjects if len(subjects) > 1 else ():
                self._tell(
                    "record_matches_several_subjects",
                    findings.object_type.name,
                    subject,
                    name,
                    f"{findings.object_type.name} {name} matches {len(subjects)} subjects; look whose "
                    "it is before it goes out or is deleted",
                )

    def _tell(
        self, code: ProblemCode, object_type: str, subject: str, name: str, detail: str
    ) -> None:
        self.problems.append(
            {
                "code": code,
                "object_type": object_type,
                "subject": subject,
                "id": name,
                "detail": detail,
            }
        )


def _matched_by(evidence: Iterable[Evidence]) -> list[MatchedBy]:
    """Every identifier and field once, even where two numbers in one field are the subject's."""
    told: list[MatchedBy] = []
    for reason in evidence:
        matched: MatchedBy = {"identifier": reason.identifier, "field": reason.field}
        if reason.parent is not None:
            matched["id"] = reason.parent
        if matched not in told:
            told.append(matched)
    return told


def _others(count: int) -> str:
    return "another record shares" if count == 1 else f"{count} other records share"
