"""What loading the package may import. import-linter holds the rest (contracts in pyproject.toml)."""

from __future__ import annotations

import ast
import subprocess
import sys

from conftest import ROOT

PACKAGE = ROOT / "te_connector"

# What takes long to import waits until a hook is called.
HEAVY = [
    "requests", "requests_oauthlib", "oauthlib", "urllib3", "attrs", "attr", "yaml", "jsonschema",
    "referencing", "phonenumbers", "cryptography", "keyring", "tenacity", "filelock", "idna",
    "click", "rich", "jinja2", "flask", "werkzeug", "faker", "logging", "json", "socket", "ssl",
]  # fmt: skip


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
