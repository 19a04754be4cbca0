"""What is missing in the settings, in words."""

from __future__ import annotations

import attrs

from te_connector.errors import ConnectorError
from te_connector.portal import connections
from te_connector.portal.serve import opened
from te_connector.portal.settings import PortalSettings
from te_connector.storage import vault


@attrs.frozen
class Finding:
    """One thing that was checked."""

    name: str
    ok: bool
    detail: str


def check(settings: PortalSettings) -> list[Finding]:
    """Check the key, the database, mail, and every connection."""
    found = [Finding("key", True, f"{vault.key_path()}: back it up, apart from the database")]
    try:
        database = opened(settings)
        connections.sync(database, settings)
    except ConnectorError as error:
        return [*found, Finding("database", False, str(error))]
    kind = "Postgres" if database.is_postgres else "SQLite in the state directory"
    found.append(Finding("database", True, kind))
    mail = (
        "TE_SMTP_URL is set"
        if settings.smtp_url
        else (f"TE_SMTP_URL is not set, so mails are written to {settings.folder / 'mail'}")
    )
    found.append(Finding("mail", bool(settings.smtp_url), mail))
    with database.begin() as db:
        every = connections.every(database, db, active=True, kind="connector")
    for one in every:
        answer = connections.validate(database, one.name)
        failing = [step for step in answer["checks"] if not step["ok"]]
        detail = failing[0]["detail"] if failing else "works"
        found.append(Finding(f"connection {one.name}", bool(answer["ok"]), detail))
    database.close()
    return found
