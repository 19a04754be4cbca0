"""Talking to the vendor: connection settings, quota, transport, sign-in, client, pages, paging."""
