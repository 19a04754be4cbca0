"""Fixtures of the gateway's tests."""

from gateway_client import _gateway  # noqa: F401
