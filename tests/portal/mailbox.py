"""A real SMTP server for the tests: takes every mail, but refuses the addresses that begin with refused@."""

from __future__ import annotations

import email
import email.policy
import queue
import re
import socket

import pytest
from aiosmtpd.controller import Controller


class Mailbox:
    def __init__(self):
        self.mails = queue.Queue()
        self.seen = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("refused@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.seen.append(mail)
        self.mails.put(mail)
        return "250 accepted"

    def next(self):
        return self.mails.get(timeout=40)

    def next_to(self, address):
        """The next mail to an address; others before it are dropped."""
        while True:
            mail = self.next()
            if mail["To"] == address:
                return mail


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def link_in(mail):
    return re.search(r"http://\S+/(?:direct|get)/\S+", text_of(mail))[0]


@pytest.fixture(name="mailbox", scope="module")
def mailbox_fixture():
    handler = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()
