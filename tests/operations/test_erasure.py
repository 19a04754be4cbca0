"""What is refused, what the API cannot delete, and what a caller may ask of a deletion."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host, subject
from vendor import Vendor

from te_connector import errors
from te_connector.manifest import loading as manifest
from te_connector.manifest.schemas import digest as field_digest
from te_connector.matching.subjects import read_one
from te_connector.operations.audit import Trail
from te_connector.storage.state import StateDir

pytestmark = pytest.mark.slow

ADA = "ada.lovelace@example.com"
EVE = "eve.adams@example.org"
PERSON = subject(email=ADA)
KEY = 2317
ONE = f"/contacts/{KEY}"
STRANGERS = v.many(5)

NOTE: dict[str, Any] = {
    "path": "/contact-notes",
    "schema": "note.json",
    "scope": "leadInteraction",
    "id": {"shape": "integer"},
    "parent": {"object": "contact", "field": "contact.id"},
    "delete": {"allowed": True},
}
REPLY: dict[str, Any] = {
    "path": "/activity",
    "schema": "note.json",
    "scope": "leadInteraction",
    "id": {"shape": "integer"},
    "parent": {"object": "note", "field": "note_id"},
    "delete": {"allowed": True},
}


@pytest.fixture(name="filled")
def _filled(vendor: Vendor) -> Vendor:
    vendor.tables["contacts"] = [
        v.contact(KEY, email=ADA, first_name="Ada"),
        v.contact(2318, email=EVE),
        *copy.deepcopy(STRANGERS),
    ]
    vendor.tables["users"] = [v.user(59, email=ADA), v.user(60)]
    vendor.tables["contact-survey-responses"] = [v.response(1, KEY), v.response(2, 2318)]
    vendor.tables["contact-notes"] = [
        {"id": 1, "title": "Ada's", "contact": {"id": KEY}},
        {"id": 2, "title": "Eve's", "contact": {"id": "2318"}},
        {"id": 3, "title": "of nobody that is left", "contact": {"id": 999}},
        {"id": 4, "title": "of nobody"},
        {"id": 5, "title": "odd", "contact": {"id": "../users/59"}},
        {"id": 6, "title": "of one gone and Ada", "contact": [{"id": 999}, {"id": KEY}]},
        {"id": 7, "title": "of an odd one and Ada", "contact": [{"id": "../1"}, {"id": KEY}]},
    ]
    return vendor


@pytest.fixture(name="with_notes")
def _with_notes(connection: dict[str, Any], edited: Edit) -> dict[str, Any]:
    changes = {"objects.note": NOTE, "objects.reply": REPLY, "limits.retry_for": 0.2}
    connection["manifest"] = edited(changes, {"note.json": "{}"})
    return connection


def row(vendor: Vendor, table: str, key: Any) -> dict[str, Any]:
    (found,) = [each for each in vendor.tables[table] if each["id"] == key]
    return found


def sent(vendor: Vendor) -> list[str]:
    """What was sent but for tokens."""
    return [f"{s.method} {s.path}" for s in vendor.requests() if s.path != "/token"]


def trail_of(connection: Mapping[str, Any]) -> Trail:
    state = StateDir(Path(connection["state_dir"]))
    return Trail.of(state, connection["base_url"], connection["credentials"]["client_id"])


def kinds(connection: Mapping[str, Any], receipt_id: str) -> list[str]:
    return [entry["kind"] for entry in trail_of(connection).story(receipt_id)]


def refused_and_untouched(receipt: Mapping[str, Any], vendor: Vendor) -> None:
    assert (receipt["status"], receipt["verified"]) == ("refused", False)
    assert vendor.deleted == []
    assert vendor.count("DELETE") == 0


# What was reviewed


def reviewed(host: Host, connection: dict[str, Any]) -> dict[str, Any]:
    """The options of a deletion of what an access request shows now."""
    (record,) = host.fetch(connection, [PERSON], {"object_types": ["contact"]})["records"]
    fields = {name: field_digest(value) for name, value in record["data"].items()}
    return {"reviewed": record["digest"], "reviewed_fields": fields}


def test_what_was_reviewed_and_is_unchanged_is_deleted(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """The digest that ``fetch`` gave permits the deletion, in capital letters too."""
    options = reviewed(host, connection)
    options["reviewed"] = options["reviewed"].upper()
    receipt = host.delete(connection, "contact", KEY, PERSON, options)
    assert receipt["status"] == "deleted"
    assert filled.deleted == [("contacts", KEY)]


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], list[str]]] = {
    "a field": (lambda it: it.update(phone_cell="763-555-0199"), ["phone_cell"]),
    "two fields": (lambda it: it.update(city="Nowhere", title="Dr"), ["city", "title"]),
    "a new field": (lambda it: it.update(novel="763-555-0199"), ["novel"]),
    "a field that went": (lambda it: it.pop("nickname"), ["nickname"]),
    "inside a field": (
        lambda it: it["preferences"].update(is_silenced="763-555-0199"),
        ["preferences"],
    ),
    "another type of the same": (lambda it: it.update(ok_to_call=1), ["ok_to_call"]),
}


@pytest.mark.parametrize(
    ("change", "names"),
    CHANGES.values(),
    ids=[name.replace(" ", "-") for name in CHANGES],
)
def test_what_changed_since_it_was_reviewed_is_refused_and_named_by_field(
    change: Callable[[dict[str, Any]], Any],
    names: list[str],
    host: Host,
    filled: Vendor,
    connection: dict[str, Any],
) -> None:
    """The reason has the names of all that differ, of nothing else, and never a value."""
    options = reviewed(host, connection)
    change(row(filled, "contacts", KEY))
    receipt = host.delete(connection, "contact", KEY, PERSON, options)
    refused_and_untouched(receipt, filled)
    told = ", ".join(names)
    assert receipt["reason"] == f"it is no longer what was reviewed: {told} changed"
    told = str(receipt) + trail_of(connection).path.read_text()
    assert "555-0199" not in told  # four digits alone turn up in random ids
    assert "7635550199" not in told


def test_a_change_is_refused_without_names_where_no_fields_were_given(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A digest alone refuses, and says that much."""
    receipt = host.delete(connection, "contact", KEY, PERSON, {"reviewed": "0" * 64})
    refused_and_untouched(receipt, filled)
    assert receipt["reason"] == "it is no longer what was reviewed"


def test_a_contact_given_to_somebody_else_is_refused(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """No identifier matches any more: the reason names the fields that were compared."""
    row(filled, "contacts", KEY)["email"] = EVE
    receipt = host.delete(connection, "contact", KEY, PERSON)
    refused_and_untouched(receipt, filled)
    assert (
        "no identifier of the subject matches it (compared: email, email_work)" in receipt["reason"]
    )
    assert sent(filled) == [f"GET {ONE}"]
    assert EVE not in str(receipt)


def test_a_subject_whose_identifiers_the_type_cannot_answer_is_refused(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A user has no phone in the manifest: nothing could be compared, so nothing is done."""
    receipt = host.delete(connection, "user", 59, subject(phone="+1 763 555 0123"))
    refused_and_untouched(receipt, filled)
    assert "compared: nothing" in receipt["reason"]


@pytest.mark.parametrize(
    "identifiers",
    [
        {"email": "ADA.Lovelace@Example.com "},
        {"service_id": str(KEY)},
        {"service_id": f"contact:{KEY}"},
        {"external_id": "LOS:A-1"},
        {"email": EVE, "external_id": "LOS:A-1"},
    ],
    ids=["email", "service-id", "typed-service-id", "external-id", "one-of-two"],
)
def test_any_one_identifier_is_enough(
    identifiers: dict[str, str], host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Each kind is compared as an access request compares it."""
    found = {"phone_office": "+17635550123", "source": "LOS", "external_id": "A-1"}
    row(filled, "contacts", KEY).update(found)
    receipt = host.delete(connection, "contact", KEY, subject(**identifiers))
    assert receipt["status"] == "deleted"
    assert filled.deleted == [("contacts", KEY)]


@pytest.mark.parametrize(
    "identifiers",
    [{"phone": "763-555-0123"}, {"external_id": "A-1"}],
    ids=["phone", "external-id-alone"],
)
def test_a_weak_match_is_refused_unless_it_was_reviewed(
    identifiers: dict[str, str], host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    found = {"phone_office": "+17635550123", "source": "LOS", "external_id": "A-1"}
    row(filled, "contacts", KEY).update(found)
    refused = host.delete(connection, "contact", KEY, subject(**identifiers))
    refused_and_untouched(refused, filled)
    assert "weakly" in refused["reason"]
    options = {"reviewed": field_digest(row(filled, "contacts", KEY))}
    receipt = host.delete(connection, "contact", KEY, subject(**identifiers), options)
    assert receipt["status"] == "deleted"


# Hold


@pytest.mark.parametrize(
    ("hold", "told"), [("litigation 26-17", "litigation 26-17"), ("", "no reason given")]
)
def test_what_is_held_is_refused_and_nothing_at_all_is_sent(
    hold: str, told: str, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """A hold ends it before the sign-in, and leaves a receipt in the trail."""
    receipt = host.delete(connection, "contact", KEY, PERSON, {"hold": hold})
    refused_and_untouched(receipt, filled)
    assert receipt["reason"] == f"held: {told}"
    assert filled.log == []
    assert kinds(connection, receipt["receipt_id"]) == ["asked", "receipt"]


# Options


UNKNOWN = "An option is unknown. The options are reviewed, actor, hold, receipt_id, reviewed_fields, holds, progress, cancel, deadline."
MAPPING = "The option reviewed_fields must be a mapping of texts to texts."
WRONG: dict[str, tuple[Any, str]] = {
    "unknown": ({"reveiwed": "x"}, UNKNOWN),
    "reviewed": ({"reviewed": 1}, "The option reviewed must be text of at most 1000 characters."),
    "reviewed_fields": ({"reviewed_fields": ["email"]}, MAPPING),
    "reviewed_fields_of_numbers": ({"reviewed_fields": {1: "x"}}, MAPPING),
    "reviewed_fields_to_numbers": ({"reviewed_fields": {"email": 1}}, MAPPING),
    "actor": ({"actor": ["me"]}, "The option actor must be text of at most 1000 characters."),
    "long_actor": (
        {"actor": "x" * 1001},
        "The option actor must be text of at most 1000 characters.",
    ),
    "hold": ({"hold": True}, "The option hold must be text of at most 1000 characters."),
    "receipt_id": (
        {"receipt_id": 7},
        "The option receipt_id must be text of at most 1000 characters.",
    ),
    "progress": ({"progress": "loud"}, "progress must be callable."),
    "no_mapping": (["hold"], "options must be a mapping or None."),
}


@pytest.mark.parametrize(("options", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_option_is_an_error_before_anything_is_sent_or_written(
    options: Any, told: str, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Nothing is sent, and the trail is not begun."""
    with pytest.raises(errors.OptionError) as caught:
        host.delete(connection, "contact", KEY, PERSON, options)
    assert str(caught.value) == told
    assert filled.log == []
    assert not Path(connection["state_dir"]).exists()


@pytest.mark.parametrize("name", [None, True, 1.5, ["1"]])
def test_an_object_id_that_is_neither_text_nor_number_is_an_error(
    name: Any, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """There is nothing that a receipt could name."""
    with pytest.raises(errors.OptionError, match=r"^object_id must be text or a whole number\.$"):
        host.delete(connection, "contact", name, PERSON)
    assert filled.log == []


def test_the_actor_is_in_the_trail(host: Host, filled: Vendor, connection: dict[str, Any]) -> None:
    """Who asked is part of the story, and of no receipt."""
    receipt = host.delete(connection, "contact", KEY, PERSON, {"actor": "officer 7"})
    story = trail_of(connection).story(receipt["receipt_id"])
    assert (story[0]["kind"], story[0]["actor"]) == ("asked", "officer 7")
    assert "officer" not in str(receipt)
    nobody = host.delete(connection, "contact", KEY, PERSON)
    assert trail_of(connection).story(nobody["receipt_id"])[0]["actor"] == ""
    longest = host.delete(connection, "contact", KEY, PERSON, {"actor": "x" * 1000})
    assert trail_of(connection).story(longest["receipt_id"])[0]["actor"] == "x" * 1000


def test_what_was_asked_is_shown_in_full(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """For whom, by which identifiers (hashed), whether it was reviewed; and progress names the object."""
    told: list[Any] = []
    options = {"reviewed": field_digest(row(filled, "contacts", KEY)), "progress": told.append}
    receipt = host.delete(connection, "contact", KEY, PERSON, options)
    trail = trail_of(connection)
    asked = trail.story(receipt["receipt_id"])[0]
    person = read_one(PERSON, manifest.load())
    assert asked["subject"] == "req-1"
    assert asked["identifiers"] == trail.chain.hashes(person, manifest.load().kinds)
    assert asked["reviewed"] is True
    assert told == [{"event": "deleting", "object_type": "contact", "id": str(KEY)}]


def test_the_story_of_a_deletion_is_complete(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Asked, read, intent, answered, read again and receipt, each with its time, in this order."""
    receipt = host.delete(connection, "contact", KEY, PERSON)
    story = trail_of(connection).story(receipt["receipt_id"])
    assert [entry["kind"] for entry in story] == [
        "asked", "read", "intent", "answered", "read_again", "receipt",
    ]  # fmt: skip
    assert [entry.get("result") for entry in story if "result" in entry] == ["200", "404"]
    assert story[3]["outcome"] == "accepted"
    assert {entry["object_id"] for entry in story} == {str(KEY)}
    assert {entry["object_type"] for entry in story} == {"contact"}
    assert (story[0]["subject"], story[0]["reviewed"]) == ("req-1", False)
    assert all(entry["at"].endswith("Z") for entry in story)
    assert (story[-1]["seq"], story[-1]["mac"]) == tuple(receipt["audit"].values())


def test_the_story_shows_every_attempt(
    host: Host, filled: Vendor, connection: dict[str, Any], impatient: None
) -> None:
    """Each DELETE has its number and its intent, and what became of it in words."""
    filled.script("DELETE", ONE, [v.Status(503), v.DropBefore()])
    receipt = host.delete(connection, "contact", KEY, PERSON)
    story = trail_of(connection).story(receipt["receipt_id"])
    assert [entry["attempt"] for entry in story if entry["kind"] == "intent"] == [1, 2, 3]
    first, second, third = (entry for entry in story if entry["kind"] == "answered")
    assert [each["outcome"] for each in (first, second, third)] == ["lost", "lost", "accepted"]
    assert first["told"] == "it answered 503"
    assert second["told"].endswith("broke before its answer was whole.")
    assert third["told"] == "it answered 200"


def test_each_intent_and_each_receipt_is_on_disk_before_anything_follows(
    host: Host, filled: Vendor, connection: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail is synced when the DELETE goes out, and again when the receipt is handed out."""
    path, sync = trail_of(connection).path, os.fsync
    synced: list[int] = []

    def syncing(file: int) -> None:
        synced.append(os.fstat(file).st_ino)
        sync(file)

    at_delete: list[int] = []

    def before(_vendor: Vendor, seen: v.Seen) -> None:
        if seen.method == "DELETE":
            at_delete.append(synced.count(path.stat().st_ino))

    monkeypatch.setattr(os, "fsync", syncing)
    filled.before = before
    host.delete(connection, "contact", KEY, PERSON)
    assert at_delete == [1]
    assert synced.count(path.stat().st_ino) == 2


def test_an_id_that_could_be_an_address_is_in_the_story_as_a_hash(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    """Where the manifest lets ids be any text; the receipt names it, the trail does not."""
    connection["manifest"] = edited({"objects.contact.id": {"field": "id", "shape": "text"}})
    for name, plain in ((ADA, False), ("at.example", True)):
        receipt = host.delete(connection, "contact", name, PERSON)
        assert receipt["id"] == name
        for entry in trail_of(connection).story(receipt["receipt_id"]):
            assert (entry["object_id"] == name) is plain
            assert entry["object_id"].startswith("hash:") is not plain


# One receipt id


def test_the_same_receipt_id_gives_the_same_receipt_and_sends_nothing(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """It is the trail's own receipt, to the letter, with the vendor gone too."""
    options = {"receipt_id": "r-1"}
    first = host.delete(connection, "contact", KEY, PERSON, options)
    before = len(filled.log)
    filled.stop()
    assert host.delete(connection, "contact", str(KEY), PERSON, options) == first
    assert len(filled.log) == before
    assert kinds(connection, "r-1").count("receipt") == 1


def test_a_receipt_of_a_failure_is_repeated_too(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    """What was final stays final; another try needs another receipt id."""
    connection["manifest"] = edited({"limits.retry_for": 2})
    filled.script("DELETE", ONE, v.Lie())
    first = host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    again = host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    assert first == again
    assert first["status"] == "failed"
    assert host.delete(connection, "contact", KEY, PERSON)["status"] == "deleted"


@pytest.mark.parametrize(
    ("object_type", "key", "asked"),
    [
        ("contact", 2318, PERSON),
        ("user", KEY, PERSON),
        ("contact", KEY, subject("req-2", email=ADA)),
        ("contact", "../x", PERSON),
    ],
    ids=["object", "type", "subject", "odd-id"],
)
def test_anothers_receipt_id_is_an_error_and_sends_nothing(
    object_type: str,
    key: Any,
    asked: dict[str, Any],
    host: Host,
    filled: Vendor,
    connection: dict[str, Any],
) -> None:
    """A receipt id belongs to one object of one subject."""
    host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    before = len(filled.log)
    told = r"^This receipt_id was used for another object or subject; choose another\.$"
    with pytest.raises(errors.OptionError, match=told):
        host.delete(connection, object_type, key, asked, {"receipt_id": "r-1"})
    assert len(filled.log) == before


def test_two_callers_with_one_receipt_id_get_one_receipt(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Both read the object before either deletes it; the trail holds one final receipt."""
    meeting = threading.Barrier(2, timeout=20)
    filled.script("GET", ONE, [v.Then(lambda _: meeting.wait())] * 2)
    receipts: list[Any] = []

    def call() -> None:
        receipts.append(host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"}))

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert receipts[0] == receipts[1]
    assert receipts[0]["status"] == "deleted"
    assert kinds(connection, "r-1").count("receipt") == 1
    assert filled.deleted == [("contacts", KEY)]


# Child types


def test_a_childs_deletion_is_checked_through_its_parent(
    host: Host, filled: Vendor, with_notes: dict[str, Any]
) -> None:
    """A note of Ada's contact is hers: read, its contact read, deleted, read."""
    receipt = host.delete(with_notes, "note", 1, PERSON)
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert filled.deleted == [("contact-notes", 1)]
    assert sent(filled) == [
        "GET /contact-notes/1", f"GET {ONE}", "DELETE /contact-notes/1", "GET /contact-notes/1",
        "GET /contact-notes", "GET /contact-notes/2", "GET /contact-notes/1",
    ]  # fmt: skip


REFUSED_NOTES = {
    "a strangers note": (2, "no identifier of the subject matches"),
    "a note whose contact is gone": (3, "could not be found"),
    "a note without contact": (4, "could not be found"),
    "a note whose contact has an odd id": (5, "could not be found"),
}


@pytest.mark.parametrize(
    ("key", "reason"),
    REFUSED_NOTES.values(),
    ids=[name.replace(" ", "-") for name in REFUSED_NOTES],
)
def test_a_child_that_is_not_known_to_be_the_subjects_is_refused(
    key: int, reason: str, host: Host, filled: Vendor, with_notes: dict[str, Any]
) -> None:
    """Nothing is sent that could delete, nor any id that is no contact's."""
    receipt = host.delete(with_notes, "note", key, PERSON)
    refused_and_untouched(receipt, filled)
    assert reason in receipt["reason"]
    assert not [line for line in sent(filled) if "users" in line]


def test_a_parent_that_is_gone_does_not_hide_another(
    host: Host, filled: Vendor, with_notes: dict[str, Any]
) -> None:
    """A note of two contacts, one of them gone or odd, is judged by the other."""
    assert host.delete(with_notes, "note", 6, PERSON)["status"] == "deleted"
    assert host.delete(with_notes, "note", 7, PERSON)["status"] == "deleted"


def test_a_child_whose_parent_cannot_be_read_is_refused(
    host: Host, filled: Vendor, with_notes: dict[str, Any]
) -> None:
    """Whose it is, is not known."""
    filled.script("GET", ONE, v.Status(403))
    receipt = host.delete(with_notes, "note", 1, PERSON)
    refused_and_untouched(receipt, filled)
    assert "could not be read, so it is not known whose it is" in receipt["reason"]


def test_a_childs_child_is_checked_through_both(
    host: Host, filled: Vendor, with_notes: dict[str, Any]
) -> None:
    """A reply to a note of Ada's contact is hers; one to Eve's is not."""
    filled.tables["activity"] = [{"id": 1, "note_id": 1}, {"id": 2, "note_id": 2}]
    filled.deletable.add("activity")
    assert host.delete(with_notes, "reply", 1, PERSON)["status"] == "deleted"
    assert host.delete(with_notes, "reply", 2, PERSON)["status"] == "refused"
    assert filled.deleted == [("activity", 1)]


def test_a_lost_deletion_of_a_child_is_not_sent_again_where_its_parent_cannot_be_reached(
    host: Host, filled: Vendor, with_notes: dict[str, Any], impatient: None
) -> None:
    """After a DELETE nothing is raised: what cannot be known any more is ``failed``."""
    filled.script(
        "DELETE",
        "/contact-notes/1",
        v.Then(lambda it: it.always("GET", ONE, v.DropBefore()), v.DropBefore()),
    )
    receipt = host.delete(with_notes, "note", 1, PERSON)
    assert (receipt["status"], receipt["verified"]) == ("failed", False)
    not_again = receipt["reason"].partition("; DELETE was not sent again: ")[2]
    assert not_again.endswith("broke before its answer was whole.")
    assert filled.count("DELETE") == 1


# What the API cannot delete


def test_a_user_that_is_still_there_is_not_deletable(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """The reason says that it is still there, and what the officer can do instead."""
    receipt = host.delete(connection, "user", 59, PERSON)
    assert (receipt["status"], receipt["verified"]) == ("not_deletable", False)
    assert "it is still there. The API can't delete users. Ask your" in receipt["reason"]
    assert filled.count("DELETE") == 0


def test_a_user_that_is_gone_is_already_absent(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Absence is proven for it as for any other object."""
    filled.delete("users", 59)
    receipt = host.delete(connection, "user", 59, PERSON)
    assert (receipt["status"], receipt["verified"]) == ("already_absent", True)


@pytest.mark.parametrize(
    ("object_type", "key"),
    [("user", 60), ("contact_survey_response", "0000000000000002")],
    ids=["user", "survey-response"],
)
def test_a_strangers_undeletable_object_is_refused(
    object_type: str, key: Any, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """The answer to another subject doesn't say whether it exists."""
    refused_and_untouched(host.delete(connection, object_type, key, PERSON), filled)


@pytest.mark.parametrize("cascades", [True, False])
def test_a_survey_response_after_its_contacts_deletion(
    cascades: bool, host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Gone with the contact it is already absent; left behind it is not deletable."""
    filled.cascade = {"contact-survey-responses"} if cascades else set()
    before = host.delete(connection, "contact_survey_response", "0000000000000001", PERSON)
    host.delete(connection, "contact", KEY, PERSON)
    after = host.delete(connection, "contact_survey_response", "0000000000000001", PERSON)
    assert before["status"] == "not_deletable"
    assert "Ask Total Expert support to erase this response" in before["reason"]
    expected = ("already_absent", True) if cascades else ("not_deletable", False)
    assert (after["status"], after["verified"]) == expected
    assert filled.deleted == [("contacts", KEY)]


# Interrupted


def interrupting(at: str) -> Callable[[Mapping[str, Any]], None]:
    def progress(event: Mapping[str, Any]) -> None:
        if event["event"] == at:
            raise KeyboardInterrupt

    return progress


def test_an_interruption_before_anything_was_sent_leaves_no_intent(
    host: Host, filled: Vendor, connection: dict[str, Any], threads: Any
) -> None:
    """What is raised in ``progress`` ends the deletion and every thread."""
    filled.latency = 0.5  # the first read is still under way when the interruption comes
    options = {"receipt_id": "r-1", "progress": interrupting("deleting")}
    with pytest.raises(KeyboardInterrupt):
        host.delete(connection, "contact", KEY, PERSON, options)
    assert kinds(connection, "r-1") == ["asked"]
    assert [line for line in sent(filled) if line.startswith("DELETE")] == []
    assert threads() == []


def test_an_interruption_after_delete_leaves_an_open_intent_and_is_taken_up_again(
    host: Host, filled: Vendor, connection: dict[str, Any], threads: Any
) -> None:
    """Interrupted while it waits; run again with the same receipt id it comes to its receipt."""
    filled.script("DELETE", ONE, v.Status(503, headers={"Retry-After": "2"}))
    options = {"receipt_id": "r-1", "progress": interrupting("waiting")}
    with pytest.raises(KeyboardInterrupt):
        host.delete(connection, "contact", KEY, PERSON, options)
    assert kinds(connection, "r-1") == ["asked", "read", "intent", "answered"]
    assert threads() == []
    filled.delete("contacts", KEY)  # as if the 503 had done it
    receipt = host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)
    assert threads() == []
    assert trail_of(connection).verify([receipt]).faults == ()


def test_a_sign_in_that_fails_at_the_delete_is_raised_and_is_no_deletion_of_ours(
    host: Host, filled: Vendor, connection: dict[str, Any], edited: Edit
) -> None:
    """The DELETE was refused for its token and no other could be had: nothing was deleted."""
    connection["manifest"] = edited({"limits.tokens": {"count": 9, "seconds": 60}})
    filled.script("DELETE", ONE, v.Then(lambda it: it.revoke()))
    filled.script("POST", "/token", [v.Normal(), v.Status(400, {"error": "invalid_client"})])
    with pytest.raises(errors.CredentialsRefused):
        host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    assert kinds(connection, "r-1") == ["asked", "read", "intent", "answered"]
    answered = trail_of(connection).story("r-1")[-1]
    assert (answered["outcome"], answered["told"]) == (
        "refused",
        f"it was not sent: {errors.CredentialsRefused.code}",
    )
    filled.delete("contacts", KEY)
    receipt = host.delete(connection, "contact", KEY, PERSON, {"receipt_id": "r-1"})
    assert (receipt["status"], receipt["verified"]) == ("already_absent", True)


def test_a_stop_while_the_path_is_shown_is_no_answer(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """Being stopped isn't taken for a path that is wrong."""
    stop = threading.Event()
    filled.script("GET", "/contacts", [v.Then(lambda _: stop.set(), v.Hang(20))])
    with pytest.raises(errors.Stopped):
        host.delete(connection, "contact", 999, PERSON, {"receipt_id": "r-1", "cancel": stop})
    filled.stopping.set()
    assert "receipt" not in kinds(connection, "r-1")


# The last of its kind


@pytest.mark.parametrize("empty_list", ["200", "422"])
def test_the_last_contact_found_gone_after_our_own_delete_is_deleted(
    empty_list: Any,
    host: Host,
    filled: Vendor,
    connection: dict[str, Any],
    edited: Edit,
) -> None:
    """No other object is left to show the path: our own earlier read and the empty list do."""
    connection["manifest"] = edited({"limits.retry_for": 1})
    filled.tables["contacts"] = [v.contact(KEY, email=ADA)]
    filled.empty_list = empty_list
    filled.script("GET", ONE, [v.Normal(), *[v.Status(403)] * 20])
    assert host.delete(connection, "contact", KEY, PERSON)["status"] == "failed"
    filled.calm()
    receipt = host.delete(connection, "contact", KEY, PERSON)
    assert (receipt["status"], receipt["verified"]) == ("deleted", True)


def test_a_list_that_names_odd_ids_shows_no_path(
    host: Host, filled: Vendor, connection: dict[str, Any]
) -> None:
    """An id that is none of the type's is not read, wherever it comes from."""
    filled.tables["contacts"] = [v.contact(0, id="..")]
    receipt = host.delete(connection, "contact", KEY, PERSON)
    assert receipt["status"] == "failed"
    assert sent(filled) == [f"GET {ONE}", "GET /contacts"]
