"""Subjects from a CSV file, as Excel and ticket systems export it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from te_connector.contract import Subject
from te_connector.errors import Fault, FileFaults, SettingsError

ID, IGNORE = "id", "ignore"
"""What a column can hold besides an identifier."""
_MAX_BYTES = 64 * 1024 * 1024
_SEPARATORS = re.compile(r"[;\r\n]")


def read_csv(path: Path, kinds: Sequence[str], mapping: Mapping[str, str]) -> list[Subject]:
    """The subjects of a CSV file: one row each, with the columns ``id`` and the identifier kinds.

    ``mapping`` says what other columns hold, such as ``{"Customer e-mail": "email"}``. Several
    values in one cell are separated by ``;`` or a line break. Every value is taken as written, so
    ``0012345`` keeps its zeros.

    :raises FileFaults: all that is wrong with the file, by line; no fault quotes a value.
    """
    text = _text(path)
    rows = _rows(path, text)
    if not rows:
        raise FileFaults([Fault(str(path), 1, "the file is empty")])
    line, header = rows[0]
    columns = _columns(path, line, header, kinds, mapping)
    faults: list[Fault] = []
    subjects: list[Subject] = []
    lines: dict[str, int] = {}
    for number, cells in rows[1:]:
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            message = f"the row has {len(cells)} cells, but the header has {len(columns)}"
            faults.append(Fault(str(path), number, message))
            continue
        subject = _subject(columns, cells)
        message = _fault(subject, lines)
        if message:
            faults.append(Fault(str(path), number, message))
            continue
        lines[subject["id"]] = number
        subjects.append(subject)
    if not subjects and not faults:
        faults.append(Fault(str(path), line, "the file has a header but no rows"))
    if faults:
        raise FileFaults(faults)
    return subjects


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path} is larger than 64 MiB. Split it.")
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"Can't read {path}: {error.strerror}.") from None
    # Excel's "Unicode Text" is UTF-16 and starts with a byte order mark.
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = 'this isn\'t UTF-8 text. In Excel, save the file as "CSV UTF-8"'
        raise FileFaults([Fault(str(path), line, message)]) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileFaults([Fault(str(path), line, "this isn't a text file")])
    return text


def _rows(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """The rows that aren't blank, each with the number of its first line."""
    skipped = 0
    stated = re.match(r"sep=(.)\r?\n", text)  # Excel's own hint
    if stated:
        text, skipped = text[stated.end() :], 1
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = stated[1] if stated else max(",;\t", key=_outside_quotes(header).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((before + 1 + skipped, cells))
            before = reader.line_num
    except csv.Error:
        message = "a quotation mark in this row isn't closed or isn't doubled"
        raise FileFaults([Fault(str(path), before + 1 + skipped, message)]) from None
    return rows


def _outside_quotes(text: str) -> str:
    return re.sub(r'"[^"]*"?', "", text)


def _columns(
    path: Path, line: int, header: list[str], kinds: Sequence[str], mapping: Mapping[str, str]
) -> list[str]:
    """What each column holds: ``id`` or a kind."""
    known = {ID, IGNORE, *kinds}
    for wrong in sorted(set(mapping.values()) - known):
        raise SettingsError(
            f"--map has the unknown kind {wrong!r}. Use {', '.join((ID, *kinds, IGNORE))}."
        )
    while header and not header[-1].strip():
        header = header[:-1]
    names = [cell.strip() for cell in header]
    chosen = {_plain(name): kind for name, kind in mapping.items()}
    absent = [name for name in mapping if _plain(name) not in map(_plain, names)]
    if absent:
        listed = ", ".join(absent)
        raise FileFaults(
            [Fault(str(path), line, f"--map names a column that isn't here: {listed}")]
        )
    columns = [chosen.get(_plain(name), _plain(name)) for name in names]
    unknown = [name for name, kind in zip(names, columns, strict=True) if kind not in known]
    faults = []
    if unknown:
        listed = ", ".join(name or f"column {names.index(name) + 1}" for name in unknown)
        faults.append(
            f"unknown columns: {listed}. The columns are {', '.join((ID, *kinds))}. For "
            "another name add --map COLUMN=kind, or --map COLUMN=ignore to leave a column out"
        )
    if columns.count(ID) != 1:
        many = "more than one column holds the id" if ID in columns else "no column holds the id"
        faults.append(f"{many}. Name one column id, or add --map COLUMN=id")
    if faults:
        raise FileFaults([Fault(str(path), line, message) for message in faults])
    return columns


def _plain(name: str) -> str:
    """A column's name in the spelling of the kinds: ``Service ID`` is ``service_id``."""
    return re.sub(r"[\s-]+", "_", name.strip()).lower()


def _subject(columns: list[str], cells: list[str]) -> Subject:
    name = ""
    identifiers: dict[str, list[str]] = {}
    for kind, cell in zip(columns, cells, strict=False):
        if kind == ID:
            name = cell.strip()
        elif kind != IGNORE:
            values = [part.strip() for part in _SEPARATORS.split(cell)]
            identifiers.setdefault(kind, []).extend(value for value in values if value)
    return {"id": name, "identifiers": {kind: vals for kind, vals in identifiers.items() if vals}}


def _fault(subject: Subject, lines: Mapping[str, int]) -> str:
    if not subject["id"]:
        return "the id is empty"
    if subject["id"] in lines:
        return f"the id is the same as in line {lines[subject['id']]}"
    if not subject["identifiers"]:
        return "the row has no identifier"
    return ""


def mapping_of(options: Sequence[str]) -> dict[str, str]:
    """``--map COLUMN=kind`` options as a mapping.

    :raises SettingsError: one isn't of that form.
    """
    return dict(_pairs(options))


def _pairs(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    for option in options:
        column, equals, kind = option.rpartition("=")
        if not equals or not column.strip():
            raise SettingsError(
                "Write --map as COLUMN=kind, such as --map 'Customer e-mail=email'."
            )
        yield column.strip(), _plain(kind)
