"""Finds the packaged ``connector.yaml`` and ``schemas``: in a wheel, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

from te_connector.errors import StateError

MANIFEST_NAME = "connector.yaml"
SCHEMAS_NAME = "schemas"


def root() -> Path:
    """The folder that holds the packaged manifest and its schemas.

    A wheel carries copies beside the code; an editable install or a bare checkout has the originals
    one level up.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_data", package.parent):
        if (folder / MANIFEST_NAME).is_file():
            return folder
    raise StateError(
        "The packaged connector.yaml is missing; install te-connector again from its wheel."
    )


def packaged_manifest() -> Path:
    """The path of the packaged manifest."""
    return root() / MANIFEST_NAME


def grammar(name: str) -> Path:
    """The path of one of the package's own schemas (of the manifest, policy, hold or result)."""
    return root() / SCHEMAS_NAME / f"{name}.schema.json"
