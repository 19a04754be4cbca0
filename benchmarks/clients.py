"""The two clients that are compared, each run in a process of its own: ``loop`` and ``connector``.

Prints one line of JSON: wall and CPU seconds of the work alone (start-up excluded), peak memory, and
how many of the wanted people were found.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

BASE = "http://127.0.0.1:{port}/v1"


def loop(base: str, emails: set[str]) -> set[str]:
    """What people write today: one page after the other, compare the e-mail addresses."""
    import requests

    session = requests.Session()
    token = session.post(
        f"{base}/token", json={"grant_type": "client_credentials"}, auth=("i", "s")
    )
    session.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    found, number = set(), 1
    while number:
        while True:
            params = {"page[number]": number, "page[size]": 100}
            answer = session.get(f"{base}/contacts", params=params, timeout=30)
            if answer.status_code != 429:
                break
            time.sleep(1)
        body = answer.json()
        for item in body["items"]:
            for field in ("email", "email_work"):
                if item[field].strip().lower() in emails:
                    found.add(str(item["id"]))
        number = body["links"]["next"]
    return found


class Connector:
    """The same question put to the connector, through its hook."""

    def __init__(self, base: str, limits: str, folder: str) -> None:
        import pluggy

        import te_connector.plugin
        from te_connector import hookspecs
        from te_connector.manifest import locations as resources

        self.pm = pluggy.PluginManager("privacy_connector")
        self.pm.add_hookspecs(hookspecs)
        self.pm.register(te_connector.plugin)
        self.connection = {
            "connector": "total-expert",
            "base_url": base,
            "credentials": {"client_id": "i", "client_secret": "s"},
            "state_dir": f"{folder}/state",
        }
        if limits:
            count, seconds = limits.split("/")
            text = resources.packaged_manifest().read_text()
            text = text.replace(
                "{count: 1000, seconds: 60}", f"{{count: {count}, seconds: {seconds}}}"
            )
            Path(folder, "connector.yaml").write_text(text)
            shutil.copytree(resources.root() / "schemas", Path(folder, "schemas"))
            self.connection["manifest"] = f"{folder}/connector.yaml"
        self.pm.hook.discover(connection=self.connection)  # loads the manifest: start-up

    def fetch(self, emails: set[str]) -> tuple[set[str], bool]:
        """Fetch the contacts of all addresses, one subject each."""
        subjects = [
            {"id": f"s{number}", "identifiers": {"email": [email]}}
            for number, email in enumerate(sorted(emails))
        ]
        answer = self.pm.hook.fetch(
            connection=self.connection, subjects=subjects, options={"object_types": ["contact"]}
        )
        found = {record["id"] for record in answer["records"]}
        return found, answer["coverage"][0]["complete"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=["loop", "connector"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--subjects", type=int, default=1)
    parser.add_argument("--every", type=int, default=0, help="look for every nth contact")
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--limits", default="")
    options = parser.parse_args()
    wanted = {f"person{number * 10 + 7}@example.com" for number in range(min(10, options.subjects))}
    wanted |= {f"nobody{number}@example.net" for number in range(options.subjects - len(wanted))}
    if options.every:
        wanted = {f"person{n}@example.com" for n in range(1, options.contacts + 1, options.every)}
    base = BASE.format(port=options.port)
    with tempfile.TemporaryDirectory() as folder:
        if options.client == "loop":
            import requests  # noqa: F401  (start-up is not measured)
        else:
            import cryptography.fernet  # noqa: F401
            import filelock  # noqa: F401
            import requests_oauthlib  # noqa: F401

            from te_connector.api import session  # noqa: F401
            from te_connector.operations import access  # noqa: F401

            client = Connector(base, options.limits, folder)
        started, cpu = time.perf_counter(), time.process_time()
        complete = None
        if options.client == "loop":
            found = loop(base, wanted)
        else:
            found, complete = client.fetch(wanted)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    told = {
        "wall": wall,
        "cpu": cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "found": sorted(found, key=int),
        "complete": complete,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
