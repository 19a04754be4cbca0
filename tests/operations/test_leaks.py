"""Nothing but results and the encrypted store holds a secret, a token or an identifier of a person.

A tour runs everything at DEBUG with faults, with recognisable canaries in every place where a secret
or a person can stand, and searches all that came out. Whether the searcher would find a leak is shown
by planting one in each place in turn.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import os
import pickle
import subprocess
import sys
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import canary
import pytest
import vendor as v
from canary import ACCESS, CLIENT_ID, CLIENT_SECRET, EMAIL, EXTERNAL, PHONE, REFRESH, SECRETS, Sinks
from conftest import Edit, Host
from vendor import Exchange, Fault, Vendor

import te_connector.api.client
import te_connector.api.pools
import te_connector.api.token_request
import te_connector.api.transport
from te_connector import errors, result
from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.api.session import TokenProvider
from te_connector.api.transport import Transport
from te_connector.errors import ConnectorError, FileFaults
from te_connector.matching import subject_lines, subjects
from te_connector.matching.subjects import Subject
from te_connector.operations.audit import Trail
from te_connector.operations.audit.chain import Chain
from te_connector.search.outcome import Compared, Match, Note, Outcome
from te_connector.storage import vault
from te_connector.storage.secret import Secret
from te_connector.storage.state import StateDir
from te_connector.storage.vault import Login

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("impatient")]
PERSON = {
    "id": "req-1",
    "identifiers": {
        "email": [EMAIL],
        "phone": [PHONE],
        "external_id": [EXTERNAL],
        "service_id": ["2317", "999"],
    },
}


class CanaryToken(Fault):
    """The vendor's own answer to the sign-in, with tokens that can be recognised."""

    def play(self, exchange: Exchange) -> None:
        answer = exchange.compute()
        if answer.status == 200 and isinstance(answer.body, dict):
            tokens, refresh = exchange.vendor.tokens, exchange.vendor._refresh
            tokens[ACCESS] = tokens.pop(answer.body["access_token"])
            refresh[REFRESH] = refresh.pop(answer.body["refresh_token"])
            answer.body |= {"access_token": ACCESS, "refresh_token": REFRESH}
        exchange.send(answer)


class OddHeaders(Fault):
    """An honest answer whose headers are faulty: urllib3 warns of it and names the whole address."""

    def play(self, exchange: Exchange) -> None:
        body = exchange.compute().content
        head = (
            "HTTP/1.1 200 OK\r\nno colon\r\nX: y\r\nno colon\r\nContent-Length: %d\r\n\r\n"
            % len(body)
        )
        exchange.write(head.encode() + body)
        exchange.close()


class Echo(Fault):
    """An error that says everything that it was asked, as gateways do."""

    def __init__(self, status: int) -> None:
        self.status = status

    def play(self, exchange: Exchange) -> None:
        seen = exchange.seen
        text = json.dumps([seen.query, seen.headers, seen.body.decode(), PERSON, CLIENT_SECRET])
        headers = {"Location": f"/x?{text}"[:300], "WWW-Authenticate": text}
        exchange.send(v.Answer(self.status, {"error": text, "message": text}, headers))


FAULTS: dict[str, tuple[str, str, Fault]] = {
    "odd headers": ("GET", "/contacts.*", OddHeaders()),
    "redirect": ("GET", "/contacts.*", v.Redirect("https://elsewhere.example/x")),
    "broken": ("GET", ".*", v.DropBefore(reset=True)),
    "torn": ("GET", ".*", v.Torn()),
    "html": ("GET", ".*", v.Html()),
    **{
        f"{code} that quotes": ("GET", ".*", Echo(code))
        for code in (200, 400, 401, 403, 404, 422, 429, 503)
    },
    **{
        f"sign-in {code} that quotes": ("POST", ".*", Echo(code))
        for code in (200, 302, 400, 401, 429, 500)
    },
    "sign-in torn": ("POST", ".*", v.Torn()),
    "sign-in with an odd scope": (
        "POST",
        ".*",
        v.Status(200, {"access_token": ACCESS, "scope": [EMAIL]}),
    ),
    "deletion that breaks": ("DELETE", ".*", v.DropBefore()),
    "deletion that is refused": ("DELETE", ".*", Echo(400)),
    "deletion that lies": ("DELETE", ".*", v.Lie()),
}
WRONG: list[Any] = [
    {"id": "r", "identifiers": {"email": [EMAIL.replace("@", " at ")]}},
    {"id": "r", "identifiers": {"phone": [EMAIL]}},
    {"id": "r", "identifiers": {"service_id": [EXTERNAL + "\n"]}},
    {"id": "r", "identifiers": {"external_id": [EMAIL * 100]}},
    {"id": "r", "identifiers": {EMAIL: ["x"]}},
    {"id": "r", "identifiers": {"email": EMAIL}},
    {"id": "r", "identifiers": {"email": [{"value": EMAIL}]}},
    {"id": "r", "identifiers": EMAIL},
    {"id": "r", "identifiers": {"email": [EMAIL]}, PHONE: 1},
    EMAIL,
]


@dataclass
class Tour:
    """Everything that a host can do, and everything that can go wrong on the way."""

    host: Host
    vendor: Vendor
    folder: Path
    manifest: str
    faults: Mapping[str, tuple[str, str, Fault]] = field(default_factory=lambda: FAULTS)
    sinks: Sinks = field(default_factory=Sinks)
    traced: str = ""

    def __post_init__(self) -> None:
        vendor = self.vendor
        vendor.credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        vendor.refresh_tokens = True
        vendor.always("POST", "/token", CanaryToken())
        self.fill()
        self.named: dict[str, Any] = {
            "connector": "total-expert",
            "state_dir": str(self.folder / "state"),
            "manifest": self.manifest,
        }
        self.connection = {
            **self.named,
            "base_url": vendor.base_url,
            "credentials": dict(vendor.credentials),
        }

    def fill(self) -> None:
        source, _, alone = EXTERNAL.partition(":")
        self.vendor.tables["contacts"] = [
            v.contact(
                2317, email=EMAIL, phone_cell=PHONE, source=source, external_id=alone, odd=EMAIL
            ),
            v.contact(2318, phone_home=PHONE, email="stranger@example.org"),
            v.contact(2319, email_work=f"see {EMAIL}", phone_office=PHONE[-8:]),
            *v.many(8),
        ]
        self.vendor.tables["users"] = [v.user(59, email=EMAIL), v.user(60)]
        self.vendor.tables["contact-survey-responses"] = [
            v.response(1, 2317),
            v.response(2, 100_000),
        ]

    def run(self) -> dict[str, list[str]]:
        """Do it all; gives what leaked, by where."""
        with canary.watched(self.sinks):
            self.quietly(self.work)
            self.by_name()
            self.wrong()
            for method, path, fault in self.faults.values():
                self.fill()
                self.vendor.calm()
                self.vendor.always("POST", "/token", CanaryToken())
                self.vendor.always(method, path, fault)
                with suppress(FileNotFoundError):
                    for token in self.folder.glob("state/accounts/*/token"):
                        token.unlink()
                self.quietly(self.work)
                for window in self.folder.glob("state/hosts/*/requests.window"):
                    window.unlink()  # the pace that one fault brought is no matter to the next
            self.vendor.calm()
            self.vendor.always("POST", "/token", CanaryToken())
            self.quietly(self.objects)
        self.sinks.folder(self.folder / "state")
        self.sinks.folder(self.folder / "home")
        return self.sinks.leaks()

    def quietly(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:  # noqa: BLE001  whatever it is, it must tell nothing
            self.sinks.exception(error)

    def tell(self, event: Mapping[str, Any]) -> None:
        self.sinks.add("progress", json.dumps(dict(event)))

    def work(self) -> None:
        """Every hook, each in its own right."""
        self.quietly(
            lambda: self.sinks.add("validation", json.dumps(self.host.validate(self.connection)))
        )
        self.sinks.add("discovery", json.dumps(self.host.discover(self.connection)))
        for options in ({}, {"coverage": "quick"}, {"plan_only": True}):
            self.quietly(lambda options=options: self.fetch({**options, "progress": self.tell}))  # type: ignore[misc]
        for object_type, object_id in (
            ("contact", "2317"), ("contact", "999"), ("contact", EMAIL), ("user", 59), ("contact_survey_response", f"{1:016x}"),
        ):  # fmt: skip
            self.quietly(lambda one=object_type, name=object_id: self.delete(one, name))  # type: ignore[misc]

    def fetch(self, options: dict[str, Any]) -> None:
        answer = self.host.fetch(self.connection, [PERSON], options)
        self.sinks.add("answer", json.dumps({k: x for k, x in answer.items() if k != "records"}))
        secrets = canary.found_in(json.dumps(answer), SECRETS)
        assert not secrets, "not even a result may hold a secret"

    def delete(self, object_type: str, object_id: Any) -> None:
        options = {"progress": self.tell, "actor": "an officer", "reviewed": None}
        receipt = self.host.delete(self.connection, object_type, object_id, PERSON, options)
        shown = {
            k: x for k, x in receipt.items() if k != "id"
        }  # an id that is none comes back as it went
        self.sinks.add("receipt", json.dumps(shown))

    def by_name(self) -> None:
        """A host that traces all calls, with stored credentials: people may be seen, secrets not."""
        state = StateDir(self.folder / "state")
        vault.save(state, Login("default", self.vendor.base_url, CLIENT_ID, Secret(CLIENT_SECRET)))
        traced: list[str] = []
        self.host.pm.trace.root.setwriter(traced.append)
        undo = self.host.pm.enable_tracing()
        try:
            self.host.validate(self.named)
            self.host.fetch(self.named, [PERSON])
            self.host.delete(self.named, "contact", "2318", PERSON)
        except ConnectorError as error:
            self.sinks.exception(error)
        finally:
            undo()
            self.host.pm.trace.root.setwriter(None)
        self.traced = "".join(traced)
        for name in canary.found_in(self.traced, SECRETS):
            self.sinks.add("pluggy", SECRETS.get(name, CLIENT_SECRET))

    def wrong(self) -> None:
        """Calls that are wrong, with people and secrets where they do not belong."""
        for given in WRONG:
            self.quietly(lambda given=given: self.host.fetch(self.connection, [given]))  # type: ignore[misc]
            self.quietly(
                lambda given=given: self.host.delete(self.connection, "contact", "1", given)
            )  # type: ignore[misc]
        for options in ({EMAIL: 1}, {"object_types": [EMAIL]}, {"coverage": EMAIL}, EMAIL):
            self.quietly(
                lambda options=options: self.host.fetch(self.connection, [PERSON], options)
            )  # type: ignore[misc]
        for more in (
            {"base_url": f"https://{CLIENT_ID}:{CLIENT_SECRET}@x.example"},
            {"base_url": f"ftp://x.example/{CLIENT_SECRET}"},
            {"proxy": f"socks5://user:{urllib.parse.quote(CLIENT_SECRET)}@x.example"},
            {"proxy": f"https://user:{urllib.parse.quote(CLIENT_SECRET)}@127.0.0.1:1"},
            {"credentials": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "x": 1}},
            {"credentials": {"client_id": CLIENT_ID, "client_secret": 5}},
            {CLIENT_SECRET: 1},
        ):
            self.quietly(lambda more=more: self.host.fetch({**self.connection, **more}, [PERSON]))  # type: ignore[misc]
        self.quietly(lambda: self.host.delete(self.connection, EMAIL, EMAIL, PERSON))
        self.files()

    def files(self) -> None:
        """Files with people in them that are wrong."""
        path = self.folder / "faulty"
        for text in (
            f'{{"{EMAIL}": 1, "{EMAIL}": 2}}',
            f'["{EMAIL}", NaN]',
            f'{{"records": "{EMAIL}"}}',
            f'"{EMAIL}',
        ):
            path.write_text(text, encoding="utf-8")
            self.quietly(lambda: result.load(path))
            self.quietly(
                lambda: subject_lines.check_lines(path, connections.manifest_of(self.connection))
            )
        for given in WRONG:
            path.write_text(json.dumps(given), encoding="utf-8")
            self.quietly(
                lambda: subject_lines.check_lines(path, connections.manifest_of(self.connection))
            )

    def objects(self) -> None:
        """What the package's own objects tell of themselves."""
        settings = connections.resolve(self.connection)
        client = Client(settings)
        person = subjects.read_one(PERSON, settings.manifest)
        things: list[Any] = [settings, client, client.transport, client.tokens, client.window]
        things += [[settings], {"s": settings}]
        self.sinks.add("repr", f"{person!r} {[person]}")
        with suppress(ConnectorError), client.open():
            things.append(client.sign_in())
        things.append(Trail.of(settings.state, settings.base_url, settings.client_id))
        things.append(vault.load(StateDir(self.folder / "state"), "default"))
        held = Compared({("req-1", "2317"): Match({"email": EMAIL, "phone_cell": PHONE}, ())})
        self.sinks.add("repr", repr(Outcome(settings.manifest.objects["contact"], "scan", held)))
        for thing in things:
            self.sinks.thing(thing)


@pytest.fixture(name="tour")
def _tour(host: Host, vendor: Vendor, tmp_path: Path, edited: Edit) -> Iterator[Tour]:
    changes = {
        "limits.retry_for": 0.05,
        "limits.tokens.count": 1000,
        "limits.requests.count": 1_000_000,
    }
    yield Tour(host, vendor, tmp_path, edited(changes))


def test_a_tour_of_everything_at_debug_with_faults_shows_no_secret_and_no_personal_data(
    tour: Tour,
) -> None:
    leaks = tour.run()
    leaks.pop("context", None)  # see below
    assert leaks == {}
    assert "fetch" in tour.traced
    out = {where for where, _ in tour.sinks.texts}
    assert out >= {
        "log", "traceback", "exception", "pickle", "repr", "file", "file name", "progress", "answer", "receipt",
    }  # fmt: skip
    said = "".join(text for where, text in tour.sinks.texts if where == "log")
    assert "GET /contacts status=200" in said  # it was listening
    assert tour.vendor.count(
        "GET", "/contacts", {"filter": f"email={EMAIL}"}
    )  # and people were asked for


def test_not_even_a_context_that_is_not_shown_holds_a_secret_or_a_person(tour: Tour) -> None:
    """``raise … from None`` hides the error of a library from a traceback, and keeps it all the same."""
    tour.faults = {}
    assert "context" not in tour.run()


def test_a_switch_of_http_client_that_a_host_left_on_prints_nothing(
    tour: Tour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``http.client.HTTPConnection.debuglevel = 1`` makes Python print all headers of all requests."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    tour.faults = {}
    assert set(tour.run()) <= {"context"}
    assert "send:" not in "".join(text for where, text in tour.sinks.texts if where == "print")


# The searcher finds what is planted.

Plant = Callable[[pytest.MonkeyPatch, Tour], None]
PLANTS: dict[str, tuple[str, Plant]] = {}


def plants(where: str, name: str) -> Callable[[Plant], Plant]:
    """Note a leak to plant, and where it must be found."""

    def note(plant: Plant) -> Plant:
        PLANTS[name] = (where, plant)
        return plant

    return note


def before_sending(
    monkeypatch: pytest.MonkeyPatch, leak: Callable[[Mapping[str, str], str], None]
) -> None:
    """Call something with the headers and the path of each request."""
    send = Transport.send

    def leaky(
        self: Transport,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        **more: Any,
    ) -> Any:
        leak(headers, path)
        return send(self, method, path, headers, body, **more)

    monkeypatch.setattr(Transport, "send", leaky)


_log = logging.getLogger("te_connector.planted")


@plants("log", "the token in a log message")
def _log_token(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    before_sending(patch, lambda headers, _path: _log.debug("sent %s", headers))


@plants("log", "the token in a log record's arguments alone")
def _log_extra(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    before_sending(patch, lambda headers, _path: _log.debug("sent", extra={"more": dict(headers)}))


@plants("log", "the token in a logged traceback")
def _log_traceback(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    def leak(headers: Mapping[str, str], _path: str) -> None:
        try:
            raise ValueError(headers["Authorization"])
        except ValueError:
            _log.debug("oh", exc_info=True)

    before_sending(patch, leak)


@plants("log", "the query in a log message")
def _log_query(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    before_sending(patch, lambda _headers, path: _log.debug("GET %s", path))


@plants("log", "requests_oauthlib's own log")
def _unhush_oauth(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(te_connector.api.token_request, "hushed", nullcontext)


@plants("log", "urllib3's own log")
def _unhush_urllib3(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(te_connector.api.transport, "hushed", nullcontext)


@plants("print", "the headers that http.client prints")
def _print_headers(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(te_connector.api.pools._Plain, "debuglevel", 1)


@plants("print", "the token printed to stderr")
def _print_token(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    before_sending(patch, lambda headers, _path: print(headers, file=sys.stderr))


@plants("warning", "the token in a warning")
def _warn(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    before_sending(
        patch, lambda headers, _path: warnings.warn(headers["Authorization"], stacklevel=1)
    )


def _raising(patch: pytest.MonkeyPatch, make: Callable[[str], Exception]) -> None:
    def readable(value: str, *_kind: Any) -> bool:
        raise make(value)

    patch.setattr(subjects, "readable_email", readable)


@plants("exception", "an identifier in an exception's message")
def _message(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    _raising(patch, lambda value: errors.SubjectError(f"{value} cannot be read"))


@plants("traceback", "an identifier in a traceback")
def _traceback(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    def make(value: str) -> Exception:
        error = errors.SubjectError("it cannot be read")
        error.add_note(value)
        return error

    _raising(patch, make)


@plants("exception", "an identifier in an exception's attribute")
def _attribute(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    def make(value: str) -> Exception:
        error = errors.SubjectError("it cannot be read")
        error.value = value  # type: ignore[attr-defined]
        return error

    _raising(patch, make)


@plants("context", "an identifier in an exception's context that is not shown")
def _context(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    def make(value: str) -> Exception:
        error = errors.SubjectError("it cannot be read")
        error.__context__ = ValueError(value)
        error.__suppress_context__ = True
        return error

    _raising(patch, make)


@plants("pickle", "an identifier in an exception's pickle")
def _exception_pickle(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    class Sly(errors.SubjectError):
        def __reduce__(self) -> Any:
            return str, (EMAIL,)

    _raising(patch, lambda _value: Sly("it cannot be read"))


@plants("repr", "a secret in a repr")
def _repr(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(Secret, "__repr__", Secret.reveal)


@plants("repr", "an identifier in a repr")
def _repr_subject(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(Subject, "__repr__", lambda self: str(self.values))


@plants("pickle", "a secret in a pickle")
def _pickle(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(
        te_connector.api.session.Token,
        "__reduce_ex__",
        lambda self, _: (str, (self.access.reveal(),)),
    )


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 behind other text": lambda text: base64.b64encode(b"id:" + text.encode()).decode(),
    "in base64 for addresses": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
    "URL-encoded": lambda text: urllib.parse.quote(text, safe=""),
    "in hexadecimal": lambda text: text.encode().hex(),
    "in capitals": str.upper,
    "cut to the first eight": lambda text: text[:8],
    "cut to the last eight": lambda text: text[-8:],
    "cut to the middle": lambda text: text[7:19],
}


def _in_file(form: Callable[[str], str]) -> Plant:
    def plant(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
        def store(self: TokenProvider, token: Any, *_draft: Any) -> None:
            text = form(token.access.reveal()) + form(CLIENT_SECRET) + " " + form(EMAIL)
            (self._folder / "note").write_text(text, encoding="utf-8")

        patch.setattr(TokenProvider, "_store", store)

    return plant


for _name, _form in FORMS.items():
    PLANTS[f"a token in a state file, {_name}"] = ("file", _in_file(_form))


@plants("file", "the token file without its seal")
def _unsealed(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(te_connector.api.session, "seal", lambda _key, content: content)


@plants("file", "the stored login without its seal")
def _login_unsealed(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(vault, "seal", lambda _key, content: content)


@plants("file name", "an identifier in a file's name")
def _file_name(patch: pytest.MonkeyPatch, tour: Tour) -> None:
    before_sending(patch, lambda _headers, _path: (tour.folder / "state" / EMAIL).touch())


@plants("file", "an identifier in the audit trail")
def _audit(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(
        Chain,
        "hashes",
        lambda _self, subject, _kinds: {k: list(x) for k, x in subject.values.items()},
    )


@plants("file", "an object's id that is an address in the audit trail")
def _audit_id(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(Chain, "safe_id", lambda _self, name, *, is_id: name)


@plants("progress", "an identifier in a progress event")
def _progress(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    from te_connector.api.call import Call

    tell = Call.tell
    patch.setattr(Call, "tell", lambda self, event: tell(self, {**event, "for": EMAIL}))


@plants("answer", "an identifier in a problem")
def _problem(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    problems = Outcome.problems

    def leaky(self: Outcome) -> Any:
        return [*problems(self), Note("field_odd", f"looked for {EMAIL}").problem(self.object_type)]

    patch.setattr(Outcome, "problems", leaky)


@plants("receipt", "an identifier in a receipt")
def _receipt(patch: pytest.MonkeyPatch, _tour: Tour) -> None:
    patch.setattr(
        "te_connector.operations.erasure.deletion.refusal",
        lambda _lineage, _manifest, subject, _options: f"not {subject.values}",
    )


@plants("pluggy", "a secret in the call that a host traces")
def _traced(_patch: pytest.MonkeyPatch, tour: Tour) -> None:
    tour.named = tour.connection


@pytest.mark.parametrize("name", PLANTS)
def test_each_planted_leak_is_found(name: str, tour: Tour, monkeypatch: pytest.MonkeyPatch) -> None:
    where, plant = PLANTS[name]
    tour.faults = {}
    plant(monkeypatch, tour)
    assert where in tour.run(), f"not found: {name}"


# Other processes: the command, and the argument list.


@contextmanager
def environment_of(tour: Tour) -> Iterator[dict[str, str]]:
    yield {
        **{key: value for key, value in os.environ.items() if not key.startswith("TE_")},
        "TE_BASE_URL": tour.vendor.base_url,
        "TE_MANIFEST": tour.manifest,
        "TE_STATE_DIR": str(tour.folder / "state"),
        "TE_KEY_FILE": str(tour.folder / "key"),
        "TE_CLIENT_ID": CLIENT_ID,
        "TE_CLIENT_SECRET": CLIENT_SECRET,
        "TE_LOG": "DEBUG",
    }


def arguments_of(pid: int) -> list[str]:
    """The argument lists of a process and of all that it started, as everybody can read them."""
    lists = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if int(folder.name) == pid or parent == pid:
                lists.append((folder / "cmdline").read_text().replace("\0", " "))
    return lists


def command(tour: Tour, *arguments: str, environment: Mapping[str, str], data: bool = False) -> Any:
    """The command in another process; all that it shows (its data excepted, where asked) is noted."""
    process = subprocess.Popen(
        [sys.executable, "-m", "te_connector", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        cwd=tour.folder, text=True,
    )  # fmt: skip
    for listed in arguments_of(process.pid):
        tour.sinks.add("arguments", listed)
    out, told = process.communicate(timeout=60)
    tour.sinks.add("stderr", told)
    tour.sinks.add("stdout", "" if data else out)
    assert not canary.found_in(out, SECRETS)
    assert "Traceback" not in told
    return SimpleNamespace(status=process.returncode, out=out, told=told)


def test_the_command_shows_no_secret_and_people_only_as_its_data(
    tour: Tour, tmp_path: Path
) -> None:
    """All subcommands at TE_LOG=DEBUG; the subject comes from a file, since arguments can be seen."""
    (tmp_path / "subjects.jsonl").write_text(json.dumps(PERSON), encoding="utf-8")
    with environment_of(tour) as environment:

        def run(*arguments: str, data: bool = False) -> Any:
            return command(tour, *arguments, environment=environment, data=data)

        assert run("login").status == 0
        stored = environment.pop("TE_CLIENT_ID"), environment.pop("TE_CLIENT_SECRET")
        run("validate")
        run("discover")
        look = ("fetch", "--subjects", "subjects.jsonl", "--output", "result.json")
        assert run(*look, data=True).status in (0, 1)
        run("fetch", "--subjects", "subjects.jsonl", "--coverage", "quick", "--json", data=True)
        run("delete", "result.json", "--select", "contact:2317", data=True)
        run(
            "delete",
            "result.json",
            "--select",
            "contact:2317",
            "--yes",
            "--receipts",
            "r.jsonl",
            data=True,
        )
        run("audit", "verify", "r.jsonl")
        tour.vendor.always("GET", ".*", Echo(400))
        run("fetch", "--subjects", "subjects.jsonl")
        (tmp_path / "subjects.jsonl").write_text(json.dumps(WRONG[0]), encoding="utf-8")
        assert run("fetch", "--subjects", "subjects.jsonl").status == 2
        (tmp_path / "result.json").write_text(f'{{"{EMAIL}": 1}}', encoding="utf-8")
        assert run("delete", "result.json", "--all").status == 2
        assert run("logout").status == 0
        environment |= {"TE_CLIENT_ID": stored[0], "TE_CLIENT_SECRET": "refused " + CLIENT_SECRET}
        run("validate")
    tour.sinks.folder(tmp_path / "state")
    assert tour.sinks.leaks() == {}
    assert {where for where, _ in tour.sinks.texts} >= {"arguments", "stderr", "stdout", "file"}


def test_a_secret_among_arguments_is_found(tour: Tour) -> None:
    code = "import sys; sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code, CLIENT_SECRET], stdin=subprocess.PIPE)
    for listed in arguments_of(process.pid):
        tour.sinks.add("arguments", listed)
    process.communicate(b"")
    assert "arguments" in tour.sinks.leaks()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_person_on_a_stream_is_found(tour: Tour, stream: str) -> None:
    tour.sinks.add(stream, f"found {EMAIL.upper()}\n")
    assert tour.sinks.leaks() == {stream: ["e-mail"]}


def test_nothing_is_found_where_nothing_is() -> None:
    harmless = json.dumps(
        {"id": 2317, "email": "ada@example.com", "digest": "0123456789abcdef" * 4}
    )
    assert canary.found_in(harmless + "te-connector contact email external_id Secret(***)") == []


# What is not pickled, and what is.


def test_errors_survive_the_way_between_processes() -> None:
    """A host that puts calls on a queue gets them back as they were."""
    import datetime

    when = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    made: list[ConnectorError] = [
        errors.TokenBudgetSpent(when, 2, 3600),
        errors.Stopped(),
        FileFaults([errors.Fault("a", 1, "one"), errors.Fault("a", 2, "two")]),
        errors.NotFound("x", status=404, by_api=False),
        errors.Unreachable("x", sent=True),
        errors.SettingsError("x"),
    ]
    for error in made:
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@pytest.mark.parametrize(
    "name",
    [
        "settings",
        "client",
        "login",
        pytest.param("subject"),
    ],
)
def test_what_holds_secrets_or_people_is_not_pickled(tour: Tour, name: str) -> None:
    settings = connections.resolve(tour.connection)
    person = subjects.read_one(PERSON, settings.manifest)
    login = Login("x", "https://x.example", CLIENT_ID, Secret(CLIENT_SECRET))
    things = {"settings": settings, "client": Client(settings), "login": login, "subject": person}
    for protocol in (2, pickle.HIGHEST_PROTOCOL):
        with pytest.raises(TypeError):
            pickle.dumps(things[name], protocol)


def test_credentials_that_are_no_whole_text_are_refused_without_being_shown(tour: Tour) -> None:
    """An environment variable that is not UTF-8 reaches Python as half characters."""
    secret = CLIENT_SECRET + b"\xe9".decode("utf-8", "surrogateescape")
    tour.connection["credentials"] = {"client_id": CLIENT_ID, "client_secret": secret}
    for call in (tour.host.validate, lambda given: tour.host.fetch(given, [PERSON])):
        with pytest.raises(errors.SettingsError) as caught:
            call(tour.connection)
        tour.sinks.exception(caught.value)
    assert tour.sinks.leaks() == {}
