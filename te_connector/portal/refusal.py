"""What the portal refuses to do, with a code for programs and one sentence for people."""

from __future__ import annotations

import attrs

from te_connector.errors import UsageError


class Refused(UsageError):
    """Refused; nothing was changed. ``code`` says why, ``field`` which form field is wrong."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


@attrs.frozen
class Actor:
    """Who acts: a user, a token of the API, or the portal itself."""

    name: str
    user_id: int | None = None
    role: str = "system"


SYSTEM = Actor("portal")
