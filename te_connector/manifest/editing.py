"""Turns object types on in a manifest's text, and leaves its comments and order as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from te_connector.errors import OptionError, SettingsError
from te_connector.manifest import loading
from te_connector.manifest.model import Manifest
from te_connector.text.document import Document, read

_OFF = re.compile(r"(\baccess:\s*)(?:false|False|FALSE)\b")
_FLOW_LIST = re.compile(r"\[([^\]#]*)\]")


@attrs.frozen
class Edited:
    """A manifest's new text, and what changed in it."""

    text: str
    enabled: tuple[str, ...]
    scopes: tuple[str, ...]
    """The scopes that were added to ``sign_in.scopes``."""


def enable(path: Path, names: Sequence[str]) -> Edited:
    """The text of the manifest at ``path`` with these object types turned on.

    A scope that one of them needs, and that isn't requested yet, is added to ``sign_in.scopes``.

    :raises FileFaults: the manifest has faults.
    :raises OptionError: it has no object type of that name.
    :raises SettingsError: it's the packaged manifest, or a line can't be edited.
    """
    manifest = loading.load(path)
    if manifest.packaged:
        raise SettingsError(
            "The packaged manifest can't be changed. Make a copy first: "
            "te-connector manifest export DIR"
        )
    items = [manifest.object_type(name) for name in dict.fromkeys(names)]
    if not items:
        raise OptionError("Name at least one object type.")
    document = read(path)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    off = [item for item in items if not item.access]
    for item in off:
        _replace(lines, document.key_lines["objects", item.name, "access"], _OFF, r"\1true")
    scopes = [item.scope for item in off if item.scope is not None]
    missing = [scope for scope in dict.fromkeys(scopes) if scope not in manifest.sign_in.scopes]
    if missing:
        _add_scopes(lines, document, manifest, missing)
    return Edited("".join(lines), tuple(item.name for item in off), tuple(missing))


def _replace(lines: list[str], line: int, pattern: re.Pattern[str], new: str) -> None:
    changed = pattern.sub(new, lines[line - 1], count=1)
    if changed == lines[line - 1]:
        raise SettingsError(f"Line {line} can't be edited automatically; edit it by hand.")
    lines[line - 1] = changed


def _add_scopes(
    lines: list[str], document: Document, manifest: Manifest, missing: Sequence[str]
) -> None:
    """Add scopes to the list, whether it's written in brackets or one to a line."""
    last = document.lines["sign_in", "scopes", len(manifest.sign_in.scopes) - 1]
    if _FLOW_LIST.search(lines[last - 1]):
        added = ", ".join(missing)
        _replace(lines, last, _FLOW_LIST, rf"[\1, {added}]")
        return
    indent = re.match(r"\s*-\s*", lines[last - 1])
    if indent is None:
        raise SettingsError(f"Line {last} can't be edited automatically; add {', '.join(missing)}.")
    lines[last:last] = [f"{indent[0]}{scope}\n" for scope in missing]
