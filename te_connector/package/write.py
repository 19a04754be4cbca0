"""Writes the folders of all data subjects and the officer's list: whole or not at all."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import attrs

from te_connector.errors import UsageError
from te_connector.manifest.model import Manifest
from te_connector.package import csvfiles, words
from te_connector.package.hints import third_party, unused_rules
from te_connector.package.html.page import Search, by_type, page
from te_connector.package.html.rows import Rows
from te_connector.package.html.searched import not_searched, searched, searched_with
from te_connector.package.policy import Policy
from te_connector.package.selection import NO_POLICY, Disclosure, Released, Withheld, choose
from te_connector.package.terms import Terms, terms_of
from te_connector.result import Result
from te_connector.text.json_file import collector_paused

NOTICE = "For the officer only. Do not hand out: it lists what was withheld from the data subjects."

_PLAIN = re.compile(r"(?!.*--)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
_DEVICES = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
_encode = json.JSONEncoder(ensure_ascii=False).encode
_encode_lines = json.JSONEncoder(ensure_ascii=False, separators=(",\n", ": ")).encode


@attrs.frozen
class Package:
    """What one subject's folder holds, and what was withheld from it."""

    subject: str
    folder: Path
    objects: Mapping[str, int]
    withheld: tuple[Withheld, ...] = attrs.field(repr=False)
    third_party: tuple[str, ...]


@attrs.frozen
class Summary:
    """What was written.

    ``undecided`` has the objects that need a decision; their subjects get no package. If no subject
    gets one, nothing is written. ``unused`` are rules of the policy that matched nothing.
    """

    output: Path
    packages: tuple[Package, ...]
    undecided: tuple[Withheld, ...] = attrs.field(default=(), repr=False)
    unused: tuple[str, ...] = ()

    @property
    def reasons(self) -> Mapping[str, int]:
        """How often each reason withheld something, most frequent first."""
        return dict(
            Counter(one.why for package in self.packages for one in package.withheld).most_common()
        )


def write_package(
    result: Result, manifest: Manifest, output: Path, policy: Policy | None = None
) -> Summary:
    """Write a folder for each subject of a result, and the list of what was withheld.

    :raises FileFaults: the policy names what the result does not have.
    :raises UsageError: the result is another connector's, or the output folder cannot be used.
    """
    if result.connector != manifest.connector:
        raise UsageError(
            f"The result comes from the connector {words.plain(result.connector)!r}, the manifest "
            f"is for {manifest.connector!r}; fetch again, or give that connector's manifest."
        )
    output = Path(output).resolve()
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise UsageError(f"{output} exists and is not an empty folder; name a new one.")
    try:
        with collector_paused():
            disclosures = list(choose(result, manifest, policy))
            undecided = tuple(one for each in disclosures for one in each.undecided)
            decided = [one for one in disclosures if not one.undecided]
            packages = _write(result, manifest, output, policy, decided) if decided else []
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"The package cannot be written to {output} ({why}).") from None
    except RecursionError:
        raise UsageError("A record of the result is nested too deeply; exclude it.") from None
    return Summary(
        output,
        tuple(attrs.evolve(one, folder=output / one.folder.name) for one in packages),
        undecided,
        unused_rules(result, policy or NO_POLICY),
    )


def _write(
    result: Result,
    manifest: Manifest,
    output: Path,
    policy: Policy | None,
    disclosures: Sequence[Disclosure],
) -> list[Package]:
    """Write everything to a draft beside the output, and rename it at the end."""
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{output.name[:40]}.", dir=output.parent))
    try:
        rules = policy or NO_POLICY
        writer = _Writer(draft, result, terms_of(manifest, rules.page.zone), rules)
        packages = [writer.subject(one) for one in disclosures]
        writer.officers_list(packages)
        if output.exists():
            output.rmdir()  # it is empty; not every system renames onto a folder
        draft.rename(output)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return packages


def folder_name(name: str, *, alone: bool = True) -> str:
    """A folder or file name for an id: safe on every system.

    A plain id is its own name if it is ``alone``: no other id differs from it only by case. Any other
    id keeps its plain characters and gets a digest.
    """
    if alone and _PLAIN.fullmatch(name) and name.lower() not in _DEVICES:
        return name
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", name)[:40].strip("-") or "subject"
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable}--{digest[:16]}"


def folder_names(ids: Iterable[str]) -> dict[str, str]:
    """A different folder name for each id, even on a system that ignores case."""
    ids = list(ids)
    spellings = Counter(name.lower() for name in ids)
    return {name: folder_name(name, alone=spellings[name.lower()] == 1) for name in ids}


class _Writer:
    """Writes into one draft folder."""

    def __init__(self, draft: Path, result: Result, terms: Terms, policy: Policy) -> None:
        self.draft, self.result, self.terms, self.policy = draft, result, terms, policy
        self._folders = folder_names(subject["id"] for subject in result.subjects)
        self._rows = functools.cache(lambda name: Rows(terms.layout(name), terms.zone))

    def subject(self, disclosure: Disclosure) -> Package:
        """Write one subject's folder."""
        search = Search(
            fetched=words.date(self.result.fetched_at or "", self.terms.zone),
            searched=searched(self.result, self.terms, disclosure.subject),
            not_searched=not_searched(self.result, self.terms),
        )
        folder = self.draft / self._folders[disclosure.subject["id"]]
        folder.mkdir(mode=0o700)
        types = self.terms.ordered(
            {one.object_type for one in search.searched}
            | {kept.object_type for kept in disclosure.released}
        )
        files = {name: f"{folder_name(name)}.csv" for name in types}
        with _create(folder / "index.html") as file:
            file.writelines(
                page(
                    disclosure,
                    search,
                    self.terms,
                    self._rows,
                    self.policy,
                    list(files.values()),
                )
            )
        with _create(folder / "data.json") as file:
            self._data(file, disclosure, search)
        for name, file_name in files.items():
            with _create(folder / file_name, encoding="utf-8-sig") as file:
                objects = [kept.data for kept in disclosure.released if kept.object_type == name]
                csvfiles.write(file, objects, self.terms.layout(name), self.policy.rule(name))
        return Package(
            subject=disclosure.subject["id"],
            folder=folder,
            objects=Counter(kept.object_type for kept in disclosure.released),
            withheld=disclosure.withheld,
            third_party=third_party(disclosure.released, self.terms),
        )

    def _data(self, file: TextIO, disclosure: Disclosure, search: Search) -> None:
        """The official copy: one field on each line, every value as the system sent it."""
        controller = self.policy.controller
        head = {
            "subject": disclosure.subject["id"],
            "system": self.terms.manifest.title,
            "fetched_at": self.result.fetched_at,
            "controller": attrs.asdict(controller) if controller is not None else None,
            "searched_with": searched_with(disclosure.subject, self.terms),
            "searched": [attrs.asdict(one) for one in search.searched],
            "not_searched": search.not_searched,
        }
        file.write(_begin(head))
        file.write(',\n"records": [')
        file.writelines(
            f"{',' if number else ''}\n{_encode_lines(_released(kept))}"
            for number, kept in enumerate(by_type(disclosure, self.terms))
        )
        file.write("\n]}\n")

    def officers_list(self, packages: Sequence[Package]) -> None:
        """Write what was withheld and why, and what the officer must look at."""
        withheld = [one for package in packages for one in package.withheld]
        whole: dict[str, Any] = {
            "notice": NOTICE,
            "result": str(self.result.path),
            "policy": self.policy.file or None,
            "subjects": [_counts(package) for package in packages],
            "reasons": dict(Counter(one.why for one in withheld).most_common()),
        }
        lists: dict[str, Iterable[Any]] = {
            "withheld": (attrs.asdict(one) for one in withheld),
            "problems": self.result.problems,
            "near_misses": self.result.near_misses,
        }
        with _create(self.draft / "withheld.json") as file:
            file.write(_begin(whole))
            for key, items in lists.items():
                lines = ",\n".join(f" {_encode(item)}" for item in items)
                file.write(f",\n{_encode(key)}: [\n{lines}\n]")
            file.write("\n}\n")
        with _create(self.draft / "withheld.csv", encoding="utf-8-sig") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            writer.writerow(["Do not hand out: subject", "Object type", "Id", "Field", "Why"])
            for one in withheld:
                row = (one.subject, one.object_type, one.id, one.field, one.why)
                writer.writerow([csvfiles.guard(cell) for cell in row])


def _begin(head: Mapping[str, Any]) -> str:
    """The beginning of a JSON object, with one key on each line."""
    return "{\n" + ",\n".join(f"{_encode(key)}: {_encode(value)}" for key, value in head.items())


def _released(kept: Released) -> dict[str, Any]:
    known = {"object_type": kept.object_type, "id": kept.id, "matched_by": kept.matched_by}
    return {**known, "data": kept.data}


def _counts(package: Package) -> dict[str, Any]:
    return {
        "subject": package.subject,
        "folder": package.folder.name,
        "released": dict(package.objects),
        "withheld_objects": sum(not one.field for one in package.withheld),
        "withheld_fields": sum(bool(one.field) for one in package.withheld),
        "released_about_others": list(package.third_party),
    }


def _create(path: Path, encoding: str = "utf-8") -> TextIO:
    """A new file that only its owner can read.

    Half a surrogate pair, which JSON text may hold and UTF-8 may not, is written as JSON's escape.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(handle, "w", encoding=encoding, errors="backslashreplace", newline="")
