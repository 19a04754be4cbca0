"""What else the CRM holds about its contacts: loans, accounts, insights, campaigns, unsubscribes.

The odd shapes are the vendor's: amounts and some ids are text, dates come in several forms, and a loan
names its people by nothing but their contact's id.
"""

from __future__ import annotations

from hashlib import blake2b

from te_connector.sandbox.cast import SAMPLE, SAMPLE_CONTACTS
from te_connector.sandbox.records import moment
from te_connector.sandbox.store import Json

_LOANS_FROM, _ACCOUNTS_FROM, _INSIGHTS_FROM = 51001, 61001, 41001


def _hex(*parts: object) -> str:
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def _uuid(*parts: object) -> str:
    text = blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _chosen(contacts: list[Json], every: int) -> list[Json]:
    """The sample person's contacts, and every so-manieth of the others."""
    return [item for item in contacts if item["id"] in SAMPLE_CONTACTS or item["id"] % every == 0]


def insights(contacts: list[Json]) -> list[Json]:
    """Hints of a data provider."""
    return [
        {
            "id": _INSIGHTS_FROM + number,
            "type": {"id": number % 3 + 1, "type": "Credit inquiry"},
            "data": {"score_range": "700-719", "bureau": "Equifax"},
            "insight_date": f"2026-04-{number % 28 + 1:02}",
            "expires_at": f"2026-07-{number % 28 + 1:02} 00:00:00",
            "internal_updated_at": f"2026-04-{number % 28 + 1:02} 08:00:00",
            "owner": contact["owner"],
            "contact": {"id": contact["id"]},
        }
        for number, contact in enumerate(_chosen(contacts, 5))
    ]


def campaign_activity(contacts: list[Json]) -> list[Json]:
    """E-mails that campaigns sent."""
    return [
        {
            "id": _hex("campaign", contact["id"]),
            "touched_at": f"2026-06-{number % 28 + 1:02} 09:00:00",
            "internal_created_at": moment(number),
            "owner": contact["owner"],
            "contact": {"id": contact["id"]},
            "campaign": {"id": _hex("campaign"), "campaign_name": "Rate watch"},
        }
        for number, contact in enumerate(_chosen(contacts, 4))
    ]


def loans(contacts: list[Json]) -> list[Json]:
    """Loans with all their people; in the last one the sample person is only the buyer's agent."""
    chosen = _chosen(contacts, 6)
    made = [_loan(number, contact) for number, contact in enumerate(chosen)]
    stranger = next((item for item in contacts if item["id"] not in SAMPLE_CONTACTS), None)
    if stranger is None:
        return made
    last = _loan(len(made), stranger)
    return [*made, {**last, "buyers_agent": {"id": str(SAMPLE_CONTACTS[0])}}]


def _loan(number: int, borrower: Json) -> Json:
    return {
        "id": _LOANS_FROM + number,
        "external_id": f"LOS-{884000 + number}",
        "loan_number": f"{2161000 + number}",
        "loan_amount": f"{250_000 + 1_000 * (number % 200)}.00",
        "loan_rate": "6.125",
        "loan_term": 360,
        "appraised_value": "450000.00",
        "is_first_time_buyer": number % 2,
        "address": "446 Second St",
        "city": "Minneapolis",
        "state": "MN",
        "zip_code": 55416,
        "occupancy_type": "Owner",
        "lock_status": "Locked",
        "application_date": "2025-03-27 00:00:00",
        "closing_date": "2025-06-30 00:00:00",
        "funded_date": "0000-00-00 00:00:00",
        "internal_created_at": "2025-04-01 15:51:19",
        "internal_updated_at": "2025-07-01 15:51:20",
        "borrower": {"id": borrower["id"]},
        "coborrower": None,
        "buyers_agent": None,
        "sellers_agent": None,
        "settlement_agent": None,
        "attorney": None,
        "owner": borrower["owner"],
        "loan_type": {"loan_type": "Conventional Fixed Rate"},
        "loan_program": {"loan_program": "30-year Fixed"},
        "loan_purpose": {"loan_purpose": "Purchase"},
        "loan_status": {"loan_status": "Funded"},
        "account_class": {"class_name": "mortgage", "class_type": "LOAN"},
        "custom": [],
    }


def accounts(contacts: list[Json]) -> list[Json]:
    """Checking accounts."""
    return [
        {
            "id": _ACCOUNTS_FROM + number,
            "account_name": "Checking account",
            "account_number": f"00{4_400_000 + number}",
            "account_status": {"account_status": "Open"},
            "account_type": {"account_type": "Checking"},
            "account_class": {"class_name": "checking_account", "class_type": "ACCOUNT"},
            "account_rate": "0.10",
            "open_date": "2018-10-16 04:20:00",
            "external_id": f"CORE-{number}",
            "source": "Core",
            "owner": contact["owner"],
            "primary_account_holder": {"id": str(contact["id"])},
            "custom": [],
        }
        for number, contact in enumerate(_chosen(contacts, 8))
    ]


def opportunities(contacts: list[Json]) -> list[Json]:
    """Lead opportunities of the new kind, with their dates as ISO 8601."""
    return [
        {
            "id": _uuid("opportunity", contact["id"]),
            "first_name": contact["first_name"],
            "last_name": contact["last_name"],
            "stage": {"id": 2, "name": "Contacted"},
            "product": {"type": "mortgage", "values": {"amount": "300000"}},
            "source": {"id": 4, "display_name": "Website"},
            "loan_purpose": "Refinance",
            "assigned_user_id": contact["owner"]["id"],
            "legacy_contact_id": contact["id"],
            "created_at": f"{moment(number).replace(' ', 'T')}.000000Z",
            "updated_at": "2026-02-02T00:00:00.000000Z",
        }
        for number, contact in enumerate(_chosen(contacts, 10))
    ]


def unsubscribes(contacts: list[Json]) -> list[Json]:
    """Addresses that unsubscribed; the sample person's is the first."""
    others = [item["email"] for item in contacts if item["id"] % 50 == 0 and item["email"]]
    addresses = dict.fromkeys((SAMPLE["email"], *others))
    return [
        {
            "id": str(number),
            "email": email,
            "organization_wide": True,
            "organization_unsub_at": "2026-01-15T10:00:00.000000Z",
            "users": [],
            "domains": [],
        }
        for number, email in enumerate(addresses, 1)
    ]


def recruits(contacts: list[Json]) -> list[Json]:
    """Recruiting records, each with its contact's id."""
    return [
        {
            "id": contact["id"],
            "first_name": contact["first_name"],
            "last_name": contact["last_name"],
            "email": contact["email"],
            "phone_cell": contact["phone_cell"],
            "recruit_info": {"stage": "Interview"},
            "recruit_metrics": {"closed_loans": "12"},
            "state_licenses": [{"state": "MN", "license_number": "20931"}],
            "owner": contact["owner"],
        }
        for contact in contacts
        if contact["id"] == SAMPLE_CONTACTS[1] or contact["id"] % 40 == 0
    ]
