"""Which extra of the package a missing module belongs to. Imports nothing, so it always works."""

from __future__ import annotations

_MODULES = {
    "cli": ("click", "faker", "flask", "jinja2", "markupsafe", "rich", "werkzeug"),
    "portal": ("dbos", "psycopg", "sqlalchemy", "waitress"),
    "oidc": ("authlib", "joserfc"),
}


def missing(module: str) -> str | None:
    """The sentence for a module that is not installed; None if no extra has it."""
    top = module.partition(".")[0]
    for extra, modules in _MODULES.items():
        if top in modules:
            return (
                f"This command needs {top}, which is not installed. Install it with: "
                f'pip install "te-connector[{extra}]"'
            )
    return None
