"""Survey responses, notes, and activity of the contacts."""

from __future__ import annotations

import datetime
from hashlib import blake2b

from te_connector.sandbox.cast import SAMPLE_CONTACTS
from te_connector.sandbox.people import FIRST_ID
from te_connector.sandbox.store import Json

_COMMENTS = (
    "Everything went smoothly, thank you.",
    "<script>alert('survey')</script> Closing took too long.",
    '=HYPERLINK("https://example.com/","click")',
    "Great team! \U0001f389\U0001f3e0",
    "\u0634\u0643\u0631\u0627 \u062c\u0632\u064a\u0644\u0627",
    "Too many calls. " * 200,
)
_CHOICES = (("Very likely", "5"), ("Likely", "4"), ("Unlikely", "2"))
_HOW_MANY = dict(zip(SAMPLE_CONTACTS, (3, 1, 1), strict=True))


def _hex(*parts: object) -> str:
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def responses(contacts: list[Json]) -> list[Json]:
    """Several for the sample person, one for every third of the others."""
    made = []
    for contact in contacts:
        default = 1 if contact["id"] % 3 == 0 else 0
        many = _HOW_MANY.get(contact["id"], default)
        made += [_response(contact, number) for number in range(many)]
    return made


def _response(contact: Json, number: int) -> Json:
    index = (contact["id"] - FIRST_ID) % 100_003
    moment = (
        f"2026-{index % 9 + 1:02}-{index % 28 + 1:02} {(9 + number) % 24:02}:{index % 60:02}:00"
    )
    return {
        "id": _hex("response", contact["id"], number),
        "internal_created_at": moment,
        "contact": {"id": contact["id"]},
        "owner": contact["owner"],
        "survey": {"id": _hex("survey", index % 2)},
        "question_responses": [
            {"response_value": f"{index % 50 / 10:.2f}", "question": _question("decimal", 1)},
            {"response_value": _CHOICES[index % 3][1], "question": _question("choice", 2)},
            {
                "response_value": _COMMENTS[(index + number) % len(_COMMENTS)],
                "question": _question("text", 3),
            },
        ],
    }


def _question(data_type: str, order: int) -> Json:
    text = {
        "decimal": "How do you rate your loan officer?",
        "choice": "Would you recommend us?",
        "text": "What should we know?",
    }[data_type]
    question: Json = {
        "id": _hex("question", data_type),
        "data_type": data_type,
        "question_text": text,
        "system_name": f"{data_type}_{order}",
        "sort_order": str(order),
    }
    if data_type == "choice":
        question["possible_choice_answers"] = [
            {"value": value, "system_name": name, "sort_order": str(place)}
            for place, (name, value) in enumerate(_CHOICES, start=1)
        ]
    return question


def notes(contacts: list[Json]) -> list[Json]:
    """Notes on the sample person and on every fourth of the others."""
    chosen = [item for item in contacts if item["id"] in SAMPLE_CONTACTS or item["id"] % 4 == 0]
    return [
        {
            "id": 7001 + number,
            "title": ("Call", "Document reminder")[number % 2],
            "note": f"<p>Spoke with {contact['first_name']} {contact['last_name']}.</p>",
            "type_id": "2" if number % 3 == 0 else "5",
            "is_private": number % 2,
            "created_on": f"2026-03-{number % 28 + 1:02} 10:00:00",
            "owner": contact["owner"],
            "contact": {"id": contact["id"]},
        }
        for number, contact in enumerate(chosen)
    ]


def moment(number: int) -> str:
    """A moment for each number, later for a higher one."""
    at = datetime.datetime(2026, 1, 5) + datetime.timedelta(minutes=number)
    return f"{at:%Y-%m-%d %H:%M:%S}"


def activity(contacts: list[Json]) -> list[Json]:
    """One entry for each of the sample person's contacts and every third of the others."""
    chosen = [item for item in contacts if item["id"] in SAMPLE_CONTACTS or item["id"] % 3 == 1]
    return [
        {
            "id": 90001 + number,
            "details": f"E-mail opened by {contact['first_name']}",
            "owner_id": contact["owner"]["id"],
            "type": "Email",
            "title": "Rate update",
            "notes": None,
            "note_id": None,
            "contact_id": contact["id"],
            "created_at": moment(number),
        }
        for number, contact in enumerate(chosen)
    ]
