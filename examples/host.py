"""A complete host: finds what Total Expert has about a person and deletes the strong matches.

Try it against the sandbox:

    te-connector sandbox          # prints three export lines; paste them into a second terminal
    python examples/host.py maria.alvarez@example.com
"""

import os
import sys

import pluggy

import te_connector.hookspecs
from te_connector.errors import ConnectorError


def main(email: str) -> int:
    """Find, show, and delete; return the exit status."""
    pm = pluggy.PluginManager("privacy_connector")
    pm.add_hookspecs(te_connector.hookspecs)
    pm.load_setuptools_entrypoints("privacy_connector")

    connection = {
        "connector": "total-expert",
        "base_url": os.environ["TE_BASE_URL"],
        "credentials": {
            "client_id": os.environ["TE_CLIENT_ID"],
            "client_secret": os.environ["TE_CLIENT_SECRET"],
        },
    }
    subject = {"id": "req-1", "identifiers": {"email": [email]}}
    try:
        found = pm.hook.fetch(connection=connection, subjects=[subject], options=None)
        for entry in found["coverage"]:
            state = "complete" if entry["complete"] else f"not complete: {entry['reason']}"
            print(f"{entry['object_type']}: {state}")
        for record in found["records"]:
            if not (record["deletable"] and record["strength"] == "strong"):
                continue
            receipt = pm.hook.delete_object(
                connection=connection,
                object_type=record["object_type"],
                object_id=record["id"],
                subject=subject,
                options={"reviewed": record["digest"], "actor": "privacy desk"},
            )
            print(f"{receipt['object_type']} {receipt['id']}: {receipt['status']}")
    except ConnectorError as error:
        print(f"{error} [{error.code}]", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
