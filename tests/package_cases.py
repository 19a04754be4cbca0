"""Results and policies for the tests of the access package."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from te_connector import result as results
from te_connector.manifest.schemas import dumps

SAMPLES = Path(__file__).parent / "schema_samples"
TYPES = ("contact", "user", "contact_survey_response")

HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg/onload=document.title='owned'>",
    "</bdi></dd></dl></main></body><script>document.title='owned'</script>",
    "</style><style>body{display:none}</style>",
    "</title><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<iframe src='http://127.0.0.1:9/frame'></iframe>",
    "<link rel=stylesheet href='http://127.0.0.1:9/x.css'>",
    "<form action='http://127.0.0.1:9/'><button>win</button></form>",
    "javascript:document.title='owned'",
    "http://127.0.0.1:9/link and https://example.com/page",
    "mallory@example.com",
    "{{ 7*7 }} {% for x in range(9) %}x{% endfor %} ${7*7} #{7*7}",
    '=HYPERLINK("http://127.0.0.1:9/","click")',
    "=cmd|'/c calc'!A0",
    "x" * 3000,
    "\u202egpj.exe\u202c and \u2066isolated",
    "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd mixed 123",
    "a\x00b\x07c\x1b[31m\x9b\ufeff\u200b",
    "\ud800 half a pair",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "' onmouseover='document.title=1' x='",
    '" autofocus onfocus="document.title=1" x="',
    "line one\r\nline two\n\n\nline five\u2028six",
    "https://" + "a" * 900 + ".example.com/" + "b" * 900,
    "W" * 400,
]


def sample(name: str) -> dict[str, Any]:
    """A fresh copy of a schema's good sample."""
    data: dict[str, Any] = json.loads((SAMPLES / f"{name}.good.json").read_text("utf-8"))
    return data


def digest(data: Any) -> str:
    """The digest that fetch gives a record."""
    return hashlib.sha256(dumps(data).encode("utf-8", "surrogatepass")).hexdigest()


def record(
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    subject: str = "req-1",
    strength: str = "strong",
    parent: str | None = None,
    matched: str = "email",
) -> dict[str, Any]:
    """One record as fetch gives it; a survey response belongs to contact ``parent``."""
    data = sample(kind) if data is None else data
    if kind == "contact_survey_response":
        parent = parent if parent is not None else str(data["contact"]["id"])
        reasons = [{"identifier": "contact", "field": "contact.id", "id": parent}]
    else:
        reasons = [
            {"identifier": matched, "field": "phone_cell" if matched == "phone" else "email"}
        ]
    return {
        "subject": subject,
        "object_type": kind,
        "id": str(data["id"]),
        "data": data,
        "digest": digest(data),
        "matched_by": reasons,
        "strength": strength,
        "deletable": kind == "contact",
        "schema_issues": [],
    }


def coverage(kind: str, **changes: Any) -> dict[str, Any]:
    """A complete scan of one type, with changes."""
    fields = {
        "contact": {"email": ["email", "email_work"], "phone": ["phone_cell", "phone_home"]},
        "user": {"email": ["email"]},
        "contact_survey_response": {"contact": ["contact.id"]},
    }[kind]
    return {
        "object_type": kind,
        "method": "scan",
        "requests": 12,
        "seen": 48211,
        "complete": True,
        "fields": fields,
        "reason": "",
    } | changes


def result(*records: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole result of two subjects, with changes."""
    whole = {
        "connector": "total-expert",
        "base_url": "https://public.totalexpert.net/v1",
        "fetched_at": "2026-11-24T16:04:00Z",
        "subjects": [
            {"id": "req-1", "identifiers": {"email": ["maribel.okonkwo@example.com"]}},
            {"id": "req-2", "identifiers": {"phone": ["+16125550199"], "email": ["b@example.com"]}},
        ],
        "records": list(records),
        "coverage": [coverage(kind) for kind in TYPES],
        "problems": [],
        "near_misses": [],
    }
    return copy.deepcopy(whole | changes)


def load(folder: Path, whole: dict[str, Any]) -> results.Result:
    """Write a result to a folder and read it as the command does."""
    file = folder / "RESULT.json"
    file.write_text(json.dumps(whole), "utf-8")
    return results.load(file)


def contact(number: int, **fields: Any) -> dict[str, Any]:
    """A small contact."""
    return {"id": number, "email": "maribel.okonkwo@example.com", **fields}


def response(name: str, contact_number: int, **fields: Any) -> dict[str, Any]:
    """A small survey response."""
    question = {"id": "q1", "data_type": "text", "question_text": "How was it?", "sort_order": "1"}
    return {
        "id": name,
        "internal_created_at": "2026-06-12 18:22:07",
        "contact": {"id": contact_number},
        "question_responses": [{"response_value": "Fine.", "question": question}],
        **fields,
    }


def hostile() -> dict[str, Any]:
    """A result whose every value, and some keys, are an attack."""
    keys = [key for key, value in sample("contact").items() if isinstance(value, str)]
    data = sample("contact")
    for index, text in enumerate(HOSTILE):
        data[keys[index % len(keys)]] = text
        data[f"custom_{index}"] = text
    data["<script>document.title='owned'</script>"] = {"<b>": ["=1+1", {"<i>": "@SUM(1)"}]}
    data["custom"] = [{"field_name": text, "value": text, "description": text} for text in HOSTILE]
    answers = sample("contact_survey_response")
    answers["survey"]["survey_name"] = HOSTILE[0]
    answers["question_responses"] = [
        {"response_value": text, "question": {"question_text": text, "sort_order": str(index)}}
        for index, text in enumerate(HOSTILE)
    ]
    subject = "<script>document.title='owned'</script>/../..\u202e"
    records = [
        record("contact", data, subject=subject),
        record("contact_survey_response", answers, subject=subject, parent="2317"),
    ]
    people = [{"id": subject, "identifiers": {"email": [HOSTILE[1]]}}]
    return result(*records, subjects=people)
