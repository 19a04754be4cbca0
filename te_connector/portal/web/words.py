"""How codes, times, and values are written on the pages."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any, Final

from te_connector.portal.store.log import Entry
from te_connector.portal.store.states import LABELS

IDENTIFIERS: Final = {
    "email": "E-mail address",
    "phone": "Phone number",
    "service_id": "Id in the system",
    "external_id": "Id of your own systems",
}
RECEIPTS: Final = {
    "deleted": "Deleted",
    "already_absent": "Was already gone",
    "not_deletable": "API can't delete it",
    "refused": "Refused",
    "failed": "Failed",
}
ANSWERS: Final = {
    "files": "Here is what we hold",
    "nothing": "We hold nothing",
    "deleted": "Deleted",
    "no_records": "No records: we hold nothing",
    "partly": "Partly deleted",
    "cannot": "Can't delete, because …",
    "not_ours": "Not our system",
}
TASKS: Final = {
    "asked": "Asked",
    "undelivered": "Not delivered",
    "late": "Late",
    "answered": "Answered",
    "skipped": "Not looked at",
    "stopped": "Withdrawn: not looked at",
}
MAILS: Final = {
    "waiting": "waits to be sent",
    "sending": "is being sent",
    "sent": "sent",
    "failed": "not delivered",
}
_ACTIONS: Final = {
    "received": "Request received",
    "approved": "Approved",
    "commented": "Comment added",
    "confirmed": "Receipt confirmed to the person",
    "deletion_interrupted": "Deletion interrupted",
    "downloaded": "Package downloaded by the recipient",
    "extended": "Due date extended",
    "fields_chosen": "Fields chosen",
    "link_revoked": "Link withdrawn",
    "link_sent": "Link mailed",
    "objects_chosen": "Objects chosen",
    "purged": "Personal data removed",
    "zip_downloaded": "Package downloaded",
    "answer_accepted": "Answer accepted",
    "answer_reopened": "Answer reopened",
    "files_chosen": "Files chosen",
    "processor_answered": "Answer received",
    "processor_asked": "Mail with a link sent",
    "processor_asked_again": "To be asked again",
    "processor_late": "Deadline passed without an answer",
    "processor_not_reached": "Mail not delivered",
    "processor_opened": "Link opened",
    "processor_reminded": "Reminder sent",
    "processor_skipped": "Skipped: not looked at",
    "processor_stopped": "Stopped: not looked at",
    "processor_told_to_stop": "Withdrawal mailed",
}


def plain(name: str) -> str:
    """A name as words: ``contact_survey_response`` → ``contact survey response``."""
    return name.replace("_", " ")


def moment(text: str | None, zone: datetime.tzinfo) -> str:
    """A UTC time as the lender's clock shows it, to the minute."""
    if not text:
        return ""
    at = datetime.datetime.fromisoformat(text)
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def value(given: Any) -> str:
    """A field's value as text: a list line by line, a nested value as JSON."""
    if given is None or given == "":
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, list) and not any(isinstance(one, (list, dict)) for one in given):
        return "\n".join(value(one) or "(empty)" for one in given)
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, indent=1)


def size(count: int) -> str:
    """A file's size."""
    return f"{count / 1024:,.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MB"


def event(entry: Entry) -> str:
    """What an entry of the log says, in words."""
    detail: Mapping[str, Any] = entry.detail
    if entry.action == "state":
        return f"Now {LABELS[detail['after']].lower()}"
    if entry.action == "receipt":
        return f"{RECEIPTS.get(detail['status'], detail['status'])}: {detail['object']}"
    if entry.action == "objects_chosen":
        return f"Objects chosen: {detail['chosen']} in, {detail['left_out']} left out"
    if entry.action == "fields_chosen":
        return f"Fields left out: {', '.join(detail['fields']) or 'none'}"
    return _ACTIONS.get(entry.action, plain(entry.action).capitalize())
