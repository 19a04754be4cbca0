"""``validate_connection`` says which step fails and what to do; one look at each object type."""

from __future__ import annotations

import json
from typing import Any

import pytest
import vendor as v
from conftest import Edit, Host
from vendor import Vendor

from te_connector import errors

TYPES = ["contact", "user", "contact_survey_response"]


def _checks(answer: Any) -> dict[str, Any]:
    return {check["name"]: check for check in answer["checks"]}


LOOKS: dict[str, tuple[v.Fault, bool, str]] = {
    "objects": (v.Normal(), True, "answered with objects"),
    "an empty list": (v.Status(200, {"items": [], "links": {}}), True, "answered with an empty list"),
    "422 for an empty list": (
        v.Status(422, {"error": "Page requested is outside of result set"}), True, "the list is empty",
    ),
    "another 422": (v.Status(422, {"error": "no"}), False, "[rejected]"),
    "a missing scope": (v.Status(401, {"error": "insufficient_scope"}), False, "[scope_missing]"),
    "a missing right": (v.Status(403, {"error": "no"}), False, "[forbidden]"),
    "a wrong path": (v.Status(404, {"message": "no"}), False, "[not_found]"),
    "a gateway's page": (v.Html(200), False, "[answer_odd]"),
    "a redirect": (v.Redirect("https://elsewhere.example/"), False, "[redirected]"),
    "a server out of order": (v.Status(503), False, "[gave_up]"),
    "a connection that breaks": (v.DropBefore(), False, "[unreachable]"),
    "a list without ids": (v.Status(200, {"items": [{"x": 1}]}), False, "[answer_odd]"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", LOOKS, ids=lambda case: case.replace(" ", "-"))
def test_one_look_at_an_object_type_shows_whether_it_can_be_read(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit, impatient: None, case: str
) -> None:
    fault, ok, words = LOOKS[case]
    connection["manifest"] = edited({"limits.retry_for": 0.2})
    vendor.tables["users"] = [v.user(1)]
    vendor.always("GET", "/users", fault)
    answer = host.validate(connection)
    checks = _checks(answer)
    assert list(checks) == ["credentials", "scopes", *TYPES]
    assert checks["user"]["ok"] is answer["ok"] is ok
    assert words in f"{checks['user']['detail']} [{checks['user']['code']}]"
    assert [name for name, check in checks.items() if not check["ok"]] == ([] if ok else ["user"])
    assert vendor.token_requests == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (v.Status(429), "sign_in_failed"),
        (v.Status(404), "sign_in_failed"),
        (v.Html(200), "sign_in_failed"),
        (v.Status(401), "credentials_refused"),
        (v.DropBefore(), "unreachable"),
    ],
)
def test_a_sign_in_that_fails_is_reported_and_nothing_else_is_tried(
    host: Host, connection: dict[str, Any], vendor: Vendor, fault: v.Fault, code: str
) -> None:
    vendor.always("POST", "/token", fault)
    checks = _checks(host.validate(connection))
    assert checks["credentials"]["code"] == code
    for name in ("scopes", *TYPES):
        assert checks[name] == {
            "name": name, "ok": False, "code": None, "detail": "not tried, because there is no token",
        }  # fmt: skip
    assert len(vendor.log) == 1


def test_a_spent_budget_is_an_answer_that_names_when_the_next_is_allowed(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.always("POST", "/token", v.Status(500))
    for _ in range(2):
        host.validate(connection)
    check = _checks(host.validate(connection))["credentials"]
    assert check["code"] == "token_budget_spent"
    assert "the next is allowed at 20" in check["detail"]
    assert vendor.token_requests == 2


def test_settings_that_cannot_work_are_an_error_since_the_call_is_wrong(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    connection["ca_bundle"] = "/nowhere/ca.pem"
    with pytest.raises(errors.SettingsError, match="ca_bundle"):
        host.validate(connection)
    assert vendor.log == []


def test_missing_credentials_leave_every_other_step_untried(
    host: Host, connection: dict[str, Any], vendor: Vendor, edited: Edit
) -> None:
    del connection["credentials"]
    checks = _checks(host.validate(connection))
    assert checks["credentials"]["code"] == "credentials_missing"
    assert not any(check["ok"] for check in checks.values())
    assert list(checks) == ["credentials", "scopes", *TYPES]
    assert vendor.log == []


def test_no_personal_data_is_in_the_answer(
    host: Host, connection: dict[str, Any], vendor: Vendor
) -> None:
    vendor.tables["contacts"] = [v.contact(2317, email="ada@example.com")]
    told = json.dumps(host.validate(connection))
    for hidden in ("ada", "2317", *vendor.credentials.values(), *vendor.tokens):
        assert hidden not in told
