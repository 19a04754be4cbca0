"""``te-connector`` and ``python -m te_connector``: start the command, or say which extra is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        from te_connector.cli.app import run
    except ModuleNotFoundError as error:
        from te_connector.cli.extras import missing

        sentence = missing(error.name or "")
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)  # noqa: T201
        return 2
    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
