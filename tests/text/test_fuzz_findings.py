"""What fuzzing found, kept: each input broke a promise once. ``python -m fuzz`` looks for more."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
targets = importlib.import_module("fuzz.targets")

FINDINGS = [
    pytest.param("result", b'{"a":1,"a":2} x', id="a key twice, and garbage behind"),
    pytest.param("result", b'{"a":1,"a":2', id="a key twice, and no end"),
    pytest.param("result", b'[{"a":NaN}', id="NaN, and no end"),
    pytest.param("token", b'\1{"access_token":"a","expires_in":1' + b"0" * 400 + b"}", id="a life that no float holds"),
    pytest.param("token", b'\1{"access_token":"a","scope":5}', id="a number for scopes"),
    pytest.param("token", b'\1{"access_token":"a\\n"}', id="a token with a line end"),
    pytest.param("token", b"\5", id="a redirect of the sign-in"),
    pytest.param("audit", b"", id="an empty trail"),
    pytest.param("retry-after", b"Sat, 01 Jan 0000 00:00:00 GMT", id="the year naught"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "data"), FINDINGS)
def test_what_broke_a_promise_once_breaks_it_no_more(target: str, data: bytes) -> None:
    targets.TARGETS[target].run(data)


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_every_target_holds_on_its_own_seeds(name: str) -> None:
    """Seeds that are findings themselves stand above."""
    known = {case.values[1] for case in FINDINGS if case.marks}
    for seed in targets.TARGETS[name].seeds():
        if seed not in known:
            targets.TARGETS[name].run(seed)


@pytest.mark.slow
def test_fuzzing_is_one_command_that_counts_executions() -> None:
    command = [sys.executable, "-m", "fuzz", "--minutes", "0.03", "retry-after"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    name, count, *rest = done.stdout.split()
    assert (name, rest[0], done.returncode) == ("retry-after", "executions", 0)
    assert int(count) > 100


def test_a_broken_promise_is_found_and_its_input_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "retry_after", lambda *_: float("nan"))
    with pytest.raises(targets.Broken):
        targets.fuzz_retry_after(b"1")


@pytest.fixture(autouse=True, scope="module")
def _cleared() -> object:
    yield
    targets.close()
