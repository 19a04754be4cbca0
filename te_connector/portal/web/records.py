"""Which fields of an object, or of all objects of a type, go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import flask

from te_connector.portal.desk import disclosure, findings, requests
from te_connector.portal.refusal import Refused
from te_connector.portal.web.entry import database
from te_connector.portal.web.guard import signed_in

pages = flask.Blueprint("records", __name__, url_prefix="/requests/<int:number>")
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@pages.get("/records/<int:record>")
@signed_in
def show(number: int, record: int) -> Any:
    """One object: its fields, and which of them go out."""
    return _record(number, record)


@pages.get("/fields/<connection>/<object_type>")
@signed_in
def show_type(number: int, connection: str, object_type: str) -> Any:
    """A type's fields, and which of them go out of no object."""
    return _type(number, connection, object_type)


def with_error(number: int, error: Refused) -> Any:
    """The page that a refused form came from, with what was entered."""
    form = flask.request.form
    if form.get("record", "").isdigit():
        return _record(number, int(form["record"]), error)
    return _type(number, form.get("connection", ""), form.get("object_type", ""), error)


def address(number: int) -> str:
    """The page of the form that was just kept."""
    form = flask.request.form
    if form.get("record", "").isdigit():
        return flask.url_for("records.show", number=number, record=form["record"], kept=1)
    names: dict[str, Any] = {key: form.get(key, "") for key in ("connection", "object_type")}
    return flask.url_for("records.show_type", number=number, kept=1, **names)


def _record(number: int, record: int, error: Refused | None = None) -> Any:
    base = database()
    with base.begin() as db:
        request = requests.get(base, db, number)
        one = findings.get(base, db, number, record)
        if one is None:
            raise Refused("record_unknown", "This object isn't in the request any more.")
        exclusions = findings.type_exclusions(base, db, number)
        before, after = findings.neighbors(db, number, one)
    paths = disclosure.field_paths([one.data])
    values = {path: _value(one.data, path) for path in paths}
    shown = [path for path in paths if path in one.fields or values[path] not in _EMPTY]
    return _shown(
        request,
        error,
        paths=shown,
        values={path: None if _has_inner(path, shown) else values[path] for path in shown},
        empty=len(paths) - len(shown),
        out=dict(one.fields),
        by_type=_with_inner(exclusions.get((one.connection, one.object_type), {}), paths),
        record=one,
        which=(one.connection, one.object_type),
        before=before,
        after=after,
    )


def _with_inner(out: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """The fields that are left out, and those inside them."""
    return {
        path: out[above]
        for path in paths
        for above in (path, path.partition(".")[0])
        if above in out
    }


def _has_inner(path: str, paths: Sequence[str]) -> bool:
    """Whether the fields inside a field are listed too, so that its own value needn't be shown."""
    return any(other.startswith(f"{path}.") for other in paths)


def _type(number: int, connection: str, object_type: str, error: Refused | None = None) -> Any:
    base = database()
    with base.begin() as db:
        request = requests.get(base, db, number)
        out = findings.type_exclusions(base, db, number).get((connection, object_type), {})
        found = [
            one.data
            for one in findings.every(base, db, number)
            if (one.connection, one.object_type) == (connection, object_type)
        ]
        if not found and error is None:
            raise Refused("type_unknown", "The request has no object of this type.")
    paths = list(dict.fromkeys([*disclosure.field_paths(found), *out]))
    return _shown(
        request,
        error,
        paths=paths,
        values={path: _filled(found, path) for path in paths},
        out=out,
        empty=0,
        by_type={},
        record=None,
        which=(connection, object_type),
    )


def _shown(request: requests.Request, error: Refused | None, **values: Any) -> Any:
    """The form, with what was entered if it was refused.

    The fields inside a field that is left out aren't listed: they go with it.
    """
    form = flask.request.form
    if error is not None:
        kept = set(form.getlist("kept"))
        values["out"] = {
            field: form.get(f"why-{field}", "")
            for field in form.getlist("field")
            if field not in kept
        }
    out, listed = values["out"], values["paths"]
    values["paths"] = [one for one in listed if "." not in one or one.partition(".")[0] not in out]
    page = flask.render_template(
        "fields.html", request=request, error=error, kept="kept" in flask.request.args, **values
    )
    return page, 409 if error else 200


def _value(data: Any, path: str) -> Any:
    """The value of a field, or the values inside a list."""
    key, _, inner = path.partition(".")
    value = data.get(key)
    if not inner:
        return value
    if isinstance(value, list):
        return [item[inner] for item in value if isinstance(item, dict) and inner in item]
    return value.get(inner) if isinstance(value, dict) else None


def _filled(found: list[Any], path: str) -> int:
    """How many objects have something in a field."""
    return sum(_value(data, path) not in _EMPTY for data in found)
