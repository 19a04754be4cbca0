"""Invented contacts and users, the same in every run.

Addresses use reserved domains, and phone numbers the range reserved for fiction.
Generated phone numbers end in 50 to 99 and avoid the cast's area codes, so no
generated person is close to the hand-made cast by accident.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from faker import Faker

from te_connector.sandbox.cast import CAST, CAST_SURNAMES, SAMPLE_USER
from te_connector.sandbox.store import Json

FIRST_ID = 2301
_SEED = 20261101
_POOL = 200
_EPOCH = datetime(2023, 1, 2, 8, 0, 0)
_NEVER = "0000-00-00 00:00:00"
_DOMAINS = ("example.com", "example.org", "example.net")
_USER_IDS = (41, 59, 63, 77, 88, 102, 115, 130, 146, SAMPLE_USER, 2318, 2319)
_AREA_TEXT = (
    "218 320 507 701 605 715 262 414 608 920 319 515 563 641 712 402 308 316 620 785 "
    "913 314 417 573 660 816 217 309 312 618 630 708 773 815 847 219 260 317 574 765 "
    "812 231 248 269 313 517 586 616 734 810 906 216 330 419 440 513 614 740 937 270 "
    "502 606 859 423 615 731 865 901 931 205 251 256 334 303 719 720 970 208 406 307 "
    "801 435 505 575 480 520 602 623 928 702 775 206 253 360 425 509 503 541 971 904"
)
_AREA_CODES = _AREA_TEXT.split()
_PLACES = (
    ("Minneapolis", "MN", "554"),
    ("Saint Paul", "MN", "551"),
    ("Duluth", "MN", "558"),
    ("Rochester", "MN", "559"),
    ("Madison", "WI", "537"),
    ("Milwaukee", "WI", "532"),
    ("Des Moines", "IA", "503"),
    ("Omaha", "NE", "681"),
    ("Fargo", "ND", "581"),
    ("Sioux Falls", "SD", "571"),
    ("Chicago", "IL", "606"),
    ("Denver", "CO", "802"),
)
_SOURCES = ("Encompass", "Website", "Referral", "Open house", "Zillow", "Velocify")

_FIELDS = (
    "id first_name last_name title suffix nickname email email_work phone_cell phone_home "
    "phone_office fax address address_2 city state zip_code employer_name employer_address "
    "employer_address_2 employer_city employer_state employer_zip employer_license_number "
    "license_number linkedin_url website_url other_url referred_by referred_to source "
    "external_id credit_score birthday close_date list_date creation_date last_contacted_date "
    "credit_score_date credit_score_expiration_date pre_approval_issued_date "
    "last_modified_date internal_created_at internal_updated_at ok_to_call ok_to_email "
    "ok_to_mail classification external_status preferences owner assignee shared_with_users "
    "contact_groups external_ids related_entities channels wlp_access custom"
)
BLANK: Json = dict.fromkeys(_FIELDS.split())
"""Every field of a contact, in the order in which it is sent."""


class _Person(NamedTuple):
    first: str
    last: str
    street: str
    company: str
    job: str


@lru_cache(maxsize=1)
def _pool() -> tuple[_Person, ...]:
    """The people whose parts make up all others; Faker is too slow for thousands."""
    fake = Faker("en_US")
    fake.seed_instance(_SEED)
    people: list[_Person] = []
    while len(people) < _POOL:
        person = _Person(
            fake.first_name(), fake.last_name(), fake.street_address(), fake.company(), fake.job()
        )
        if person.last not in CAST_SURNAMES:
            people.append(person)
    return tuple(people)


def _drawn(dice: random.Random, index: int) -> _Person:
    pool = _pool()
    if index < len(pool):
        return pool[index]
    return _Person(*(dice.choice(pool)[part] for part in range(len(_Person._fields))))


def _phone(number: int, style: int) -> str:
    """A fictional phone number in one of five spellings; area codes take turns."""
    area = _AREA_CODES[number % len(_AREA_CODES)]
    line = f"01{50 + number // len(_AREA_CODES) % 50}"
    return (
        f"({area})555-{line}",
        f"{area}-555-{line}",
        f"{area}.555.{line}",
        f"+1 {area} 555 {line}",
        f"({area}) 555-{line}",
    )[style % 5]


def _slug(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _stamp(index: int, minutes: int = 0) -> str:
    return str(_EPOCH + timedelta(minutes=7 * index + minutes))


def reference(user: Json) -> Json:
    """A user as other objects refer to it."""
    return {key: user[key] for key in ("id", "username", "email", "external_id")}


def users(contacts: int) -> list[Json]:
    """Loan officers: twelve, and more for a large book of contacts."""
    count = min(len(_USER_IDS) + contacts // 200, 200)
    dice = random.Random(_SEED + 1)
    ids = [*_USER_IDS, *range(2320, 2320 + count - len(_USER_IDS))]
    return [_user(user_id, index, dice) for index, user_id in enumerate(ids)]


def _user(user_id: int, index: int, dice: random.Random) -> Json:
    # From the end of the pool, so that the first contacts aren't their own loan officers.
    person = _pool()[-1 - index % _POOL]
    login = f"{_slug(person.first)}.{_slug(person.last)}"
    city, state, zip_code = dice.choice(_PLACES)
    return {
        "id": user_id,
        "email": f"{login}{index or ''}@northstar-lending.test",
        "external_id": f"LO-{1000 + index}",
        "username": f"{login}{index or ''}",
        "type": "Lender",
        "status": 0 if index % 7 == 6 else 1,
        "saml_subject_id": f"saml-{1000 + index}" if index % 3 else None,
        "internal_created_at": _stamp(index),
        "internal_updated_at": _stamp(index, 60),
        "last_login_date": _NEVER if index % 7 == 6 else "2026-10-28 14:05:00",
        "info": {
            "first_name": person.first,
            "last_name": person.last,
            "address": person.street,
            "address_2": None,
            "city": city,
            "state": state,
            "zip_code": f"{zip_code}01",
            "phone_cell": _phone(4000 + index, index),
            "phone_office": f"{_phone(4300 + index, 1)} ext. {10 + index}",
            "phone_fax": None,
            "job_title": "Branch Manager" if index == 0 else "Loan Officer",
            "cost_center": f"{700 + index % 4}",
            "website": f"https://northstar-lending.test/{login}",
            "testimonial_url": None,
            "timezone_name": "America/Chicago",
            "location_id": f"{10 + index % 4}",
            "company": "Northstar Lending",
        },
        **_marketing(person, index),
    }


def _marketing(person: _Person, index: int) -> Json:
    return {
        "settings_marketing": {
            "agent_bio": f"{person.first} has helped families home since {2001 + index % 20}.",
            "license_title": "Mortgage Loan Originator",
            "profile_img_url": None,
            "short_name": person.first,
            "social_linkedin": f"https://social.example.net/{_slug(person.last)}",
            "user_quote": None,
            "daily_spend_threshold": "50.00",
            "weekly_spend_threshold": "200.00",
        },
        "licenses": [{"license_name": "NMLS", "content": f"{900100 + index}"}],
        "disclaimers": [
            {"disclaimer_name": "Equal housing", "content": "Lender.", "type": {"name": "Email"}}
        ],
        "role": {"id": 2 if index == 0 else 3, "role_name": "Admin" if index == 0 else "User"},
        "teams": [{"id": 7 + index % 2, "team_name": ("North", "South")[index % 2]}],
        "expenditure_approver": None,
    }


def contacts(count: int, officers: list[Json]) -> list[Json]:
    """``count`` people: the cast first, then generated ones."""
    by_id = {user["id"]: user for user in officers}
    made = [_complete(deepcopy(part), by_id[part["owner"]]) for part in CAST[:count]]
    taken = {part["id"] for part in CAST}
    dice = random.Random(_SEED)
    made.extend(
        _complete(_generated(contact_id, index, dice), dice.choice(officers))
        for index, contact_id in enumerate(_free_ids(count - len(made), taken))
    )
    return made


def _free_ids(count: int, taken: set[int]) -> Iterator[int]:
    candidate = FIRST_ID
    while count > 0:
        if candidate not in taken:
            yield candidate
            count -= 1
        candidate += 1


def _generated(contact_id: int, index: int, dice: random.Random) -> Json:
    person = _drawn(dice, index)
    city, state, zip_code = dice.choice(_PLACES)
    email = f"{_slug(person.first)}.{_slug(person.last)}{contact_id}@{_DOMAINS[index % 3]}"
    home = _phone(index, index // 3) if index % 4 == 1 else None
    return {
        "id": contact_id,
        "first_name": person.first,
        "last_name": person.last,
        "title": person.job if index % 3 else None,
        "email": email if index % 10 else None,
        "email_work": email.replace(".", "_", 1).title() if index % 9 == 4 else None,
        "phone_cell": None if home and index % 10 else _phone(index, index),
        "phone_home": home,
        "address": person.street,
        "city": city,
        "state": state,
        "zip_code": f"{zip_code}{index % 90 + 10}",
        "employer_name": person.company if index % 2 else None,
        "source": _SOURCES[index % len(_SOURCES)],
        "external_id": f"LOS-{500000 + index}" if index % 4 else None,
        "credit_score": ("Excellent", "Good", "Fair", None)[index % 4],
        "birthday": f"1900-{index % 12 + 1:02}-{index % 28 + 1:02}",
        "last_contacted_date": _NEVER if index % 8 == 3 else "2026-09-14 16:20:00",
    }


def _complete(part: Json, owner: Json) -> Json:
    """A contact with all its fields."""
    contact_id = part["id"]
    index = min(contact_id - FIRST_ID, 260_000)
    source, external_id = part.get("source"), part.get("external_id")
    whole = {
        **BLANK,
        "creation_date": _stamp(index),
        "internal_created_at": _stamp(index),
        "internal_updated_at": _stamp(index, 1440 * (index % 30)),
        "ok_to_call": bool(index % 5),
        "ok_to_email": True,
        "ok_to_mail": bool(index % 3),
        "referred_by": "",
        "referred_to": "",
        "classification": "",
        "external_status": {"status_name": ("Lead", "In process", "Closed")[index % 3]},
        "preferences": {"is_silenced": index % 11 == 10},
        "shared_with_users": [],
        "contact_groups": [{"id": 301 + index % 3, "group_name": f"Group {'ABC'[index % 3]}"}],
        "external_ids": [{"source": source, "external_id": external_id}] if external_id else [],
        "related_entities": [],
        "channels": [{"system_name": "mortgage"}],
        "wlp_access": {"access_type": "None"},
        "custom": [{"field_name": "lead_score", "value": index % 100, "description": None}],
        **part,
    }
    whole["owner"] = reference(owner)
    whole["assignee"] = reference(owner) if index % 6 == 0 else None
    return whole
