"""``demo``: one request from beginning to end, on an embedded sandbox."""

from te_connector.cli.demo.command import demo

__all__ = ["demo"]
