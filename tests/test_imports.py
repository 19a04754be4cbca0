"""Which module may import which, read from the source: the shape of the house, held by one check."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "te_connector"

# From the ground up. A module imports only what stands in lines above its own here, and nothing of
# its own line or below it. (Modules of one folder know each other, and so does who starts them.)
FLOORS = """
errors contract fields secret answers progress identifiers __init__
document state resources indexes options hookspecs
schemas vault jsonfile
manifest
result connection quota subjects
transport matching audit
session
client
pages
census findings objects drift
paging judgement
search
lookup
access discovery validation
erasure
plugin
package.*
cli.* __main__
"""
APART = "sandbox.*"  # it shares no code with the connector, or the two would agree on a mistake

# Who alone may import a library; whatever is not here is everybody's.
ALONE = {
    "urllib3": "transport",
    "certifi": "transport",
    "requests": "session",
    "requests_oauthlib": "session",
    "oauthlib": "session",
    "tenacity": "client",
    "pluggy": "plugin hookspecs cli.host",
    "yaml": "document",
    "jsonschema": "document schemas package.policy",
    "referencing": "schemas",
    "cryptography": "vault",
    "keyring": "vault",
    "filelock": "state",
    "platformdirs": "state vault",
    "phonenumbers": "identifiers manifest",
    "idna": "identifiers lookup",
    "click": "cli.* __main__",
    "rich": "cli.* __main__",
    "jinja2": "package.*",
    "flask": "sandbox.*",
    "werkzeug": "sandbox.*",
    "faker": "sandbox.*",
}
EVERYBODYS = {"attrs"}

# What takes long to import waits until a hook is called.
HEAVY = [
    "requests", "requests_oauthlib", "oauthlib", "urllib3", "attrs", "attr", "yaml", "jsonschema",
    "referencing", "phonenumbers", "cryptography", "keyring", "tenacity", "filelock", "idna",
    "click", "rich", "jinja2", "flask", "werkzeug", "faker", "logging", "json", "socket", "ssl",
]  # fmt: skip


def _modules() -> dict[str, Path]:
    """Every module of the package, named below it; a folder is named by its own name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


MODULES = _modules()


def _imports(name: str) -> Iterator[tuple[str, str]]:
    """What a module imports, wherever it stands in it: ("own", module) or ("library", name)."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            wanted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for each in wanted:
            top, _, rest = each.partition(".")
            if top != "te_connector":
                yield "library", top
                continue
            while rest and rest not in MODULES:
                rest = rest.rpartition(".")[0]
            yield "own", rest or "__init__"


def _fits(name: str, patterns: str) -> bool:
    return any(
        fnmatchcase(name, pattern) or (pattern.endswith(".*") and name == pattern[:-2])
        for pattern in patterns.split()
    )


def _floor(name: str) -> int:
    (floor,) = [at for at, line in enumerate(FLOORS.split("\n")) if _fits(name, line)]
    return floor


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_what_it_may(name: str) -> None:
    for kind, wanted in _imports(name):
        if kind == "library":
            allowed = ALONE.get(wanted)
            if allowed is None:
                assert wanted in sys.stdlib_module_names | EVERYBODYS, f"{wanted} is not listed"
            else:
                assert _fits(name, allowed), f"{name} imports {wanted}: that is for {allowed} alone"
        elif _fits(name, APART) or _fits(wanted, APART):
            both = _fits(name, APART) and _fits(wanted, APART)
            assert both or _fits(name, "cli.*"), f"{name} imports {wanted}"
        elif _floor(wanted) != _floor(name) or "*" not in FLOORS.split("\n")[_floor(name)]:
            assert _floor(wanted) < _floor(name), f"{name} imports {wanted}, which is not below it"


def test_every_module_and_library_has_its_place_in_the_table() -> None:
    for name in MODULES:
        assert _fits(name, APART) or _floor(name)
    placed = {word for line in FLOORS.split("\n") for word in line.split() if "*" not in word}
    assert placed <= set(MODULES)
    used = {wanted for name in MODULES for kind, wanted in _imports(name) if kind == "library"}
    assert set(ALONE) <= used


def test_a_rule_that_is_broken_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The check itself can fail."""
    for name, line in (
        ("client", "import requests"),
        ("fields", "from te_connector import client"),
        ("paging", "def f():\n    from te_connector.erasure import delete"),
        ("sandbox.store", "from te_connector.identifiers import email_key"),
        ("access", "from te_connector.cli import output"),
        ("plugin", "import numpy"),
    ):
        path = tmp_path / f"{name}.py"
        path.write_text(line, encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setitem(MODULES, name, path)
            with pytest.raises(AssertionError):
                test_a_module_imports_only_what_it_may(name)


def _reached(start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [wanted for kind, wanted in _imports(name) if kind == "own"]
    return reached


def test_the_plugin_reaches_nothing_of_the_command_the_package_and_the_sandbox() -> None:
    reached = _reached("plugin")
    assert "client" in reached
    assert not [name for name in reached if _fits(name, "cli.* package.* sandbox.* __main__")]


def _loaded(code: str) -> set[str]:
    told = f"import sys, json\n{code}\nsys.stdout.write(repr(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    return set(ast.literal_eval(done.stdout))


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    before = _loaded("import pluggy")
    after = _loaded("import pluggy, te_connector.plugin")
    new = after - before
    assert not [name for name in HEAVY if name in new]
    assert {name for name in new if name.startswith("te_connector")} == {
        "te_connector", "te_connector.plugin",
    }  # fmt: skip


def test_discover_loads_neither_the_network_nor_a_cipher() -> None:
    code = """
import te_connector.plugin
assert te_connector.plugin.discover({"connector": "total-expert"})
"""
    loaded = _loaded(code)
    kept_out = {"requests", "requests_oauthlib", "oauthlib", "urllib3", "click", "rich", "flask"}
    assert not kept_out & loaded
    assert not {
        name for name in loaded if name.startswith(("te_connector.cli", "te_connector.sandbox"))
    }


def test_the_hook_specifications_load_nothing_heavy() -> None:
    new = _loaded("import te_connector.hookspecs") - _loaded("import pluggy")
    assert {name for name in new if name.startswith("te_connector")} == {
        "te_connector", "te_connector.hookspecs",
    }  # fmt: skip


def test_the_package_runs_nothing_on_import() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    kinds = [type(node).__name__ for node in tree.body]
    assert kinds == ["Expr", "Assign"]
    assert json.dumps(kinds)
