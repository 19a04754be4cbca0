"""The portal as its own process, and an officer who clicks through it over a real socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import requests


class Portal:
    def __init__(self, sandbox, folder, **more):
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TE_")},
            **sandbox.settings(),
            "TE_STATE_DIR": str(folder / "state"),
            "TE_KEY_FILE": str(folder / "key"),
            **more,
        }
        self.folder = folder
        self.port = "0"
        self.start()

    def start(self):
        with open(self.folder / "stderr", "a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "te_connector", "portal", "--port", self.port],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self.env,
            )
        self.url = self.process.stdout.readline().strip()
        self.port = self.url.rpartition(":")[2]
        self.link = None

    def first_link(self):
        return self.process.stdout.readline().strip().rpartition(" ")[2]

    def command(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "te_connector", *words],
            capture_output=True,
            text=True,
            env=self.env,
            timeout=60,
        )
        self.status, self.printed = done.returncode, done.stdout
        return done.stdout.strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
            self.process.stdout.close()
        except subprocess.TimeoutExpired:
            self.kill()


class Officer:
    def __init__(self, portal, link):
        self.portal, self.http = portal, requests.Session()
        self.http.headers["Sec-Fetch-Site"] = "same-origin"
        self.http.get(link)
        answer = self.http.post(
            f"{portal.url}/join",
            {
                "name": "Olive Officer",
                "email": "olive@example.com",
                "password": "a long enough password",
            },
        )
        assert answer.ok, answer.text
        self.page = answer.text

    def get(self, path):
        answer = self.http.get(self.portal.url + path)
        self.page = answer.text
        return answer

    def post(self, path, **values):
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page)[1]
        answer = self.http.post(self.portal.url + path, {**values, "csrf": csrf})
        self.page = answer.text
        return answer

    def new(self, **values):
        self.get("/new")
        day = re.search(r'max="([0-9-]+)"', self.page)[1]
        answer = self.post(
            "/new", **{"law": "CCPA", "received": day, "identity_how": "called back", **values}
        )
        assert answer.ok, answer.text
        return int(answer.url.rpartition("/")[2])

    def wait_for(self, number, word):
        end = time.monotonic() + 40
        while time.monotonic() < end:
            if f"· {word}" in self.get(f"/requests/{number}").text:
                return
            time.sleep(0.3)
        raise AssertionError(f"not {word}: {self.page}")
