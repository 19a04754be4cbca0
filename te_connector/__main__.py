"""``te-connector`` and ``python -m te_connector``: start the command, or say what it lacks."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from te_connector.cli import LACKING


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status; without its parts it says so in one sentence."""
    try:
        import click as _click  # noqa: F401
        import rich as _rich  # noqa: F401
    except ImportError:
        print(LACKING, file=sys.stderr)  # noqa: T201
        return 2
    from te_connector.cli.app import run

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
