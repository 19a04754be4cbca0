"""The file that ``fetch --output`` writes: the answer with what packages and deletions need."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from te_connector.cli.settings import base_url_of
from te_connector.contract import Fetched, Subject
from te_connector.result import account_of

_COMPACT_FROM = 2000
"""Records from which the file has no line breaks: they would double its size."""


def document_of(
    connection: Mapping[str, Any], subjects: Sequence[Subject], answer: Fetched
) -> dict[str, Any]:
    """The fetch answer with its connector, base URL, time, and subjects."""
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return {
        "connector": connection["connector"],
        "base_url": base_url_of(connection),
        "account": account_of(connection),
        "fetched_at": moment.replace("+00:00", "Z"),
        "subjects": list(subjects),
        **answer,
    }


def content_of(document: Mapping[str, Any]) -> bytes:
    """The document as JSON in UTF-8."""
    indent = 2 if len(document["records"]) < _COMPACT_FROM else None
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8, but it has an escape
        content = json.dumps(document, indent=indent).encode("ascii")
    return content + b"\n"
