"""Deletions: each object once, however often it is requested. After a kill, reading finds the truth."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from te_connector.errors import ConnectorError
from te_connector.gateway.answers import Key
from te_connector.gateway.store import Store

log = logging.getLogger(__name__)

GONE = ("deleted", "already_absent")
_AT_ONCE = 4
_MAX_ENDED = 1000

Delete = Callable[[Key, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


class Deletions:
    """Runs deletions in threads of their own, so that a platform that gives up can ask again."""

    def __init__(self, store: Store, delete: Delete) -> None:
        self._store, self._delete = store, delete
        self._change = threading.Condition()
        self._running: dict[tuple[str, Key], None] = {}
        self._ended: dict[tuple[str, Key], Mapping[str, Any] | ConnectorError] = {}
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._stop = threading.Event()

    def run(
        self,
        request: str,
        key: Key,
        identifiers: Mapping[str, tuple[str, ...]],
        reviewed: str | None,
        seconds: float,
    ) -> Mapping[str, Any] | None:
        """Delete one object, or join its deletion under way. None: still running, ask again.

        A receipt that says the object is gone is final. Any other is not: asked again, the object
        is tried again.

        :raises ConnectorError: the deletion could not be begun or its outcome not found out.
        """
        deadline = time.monotonic() + seconds
        about = (request, key)
        with self._change:
            if about not in self._running:
                attempt, receipt_id, receipt = self._store.latest_attempt(request, key)
                if receipt is not None and receipt["status"] in GONE:
                    return receipt
                ended = self._ended.pop(about, None)
                if ended is not None:  # it ended after the platform gave up waiting
                    return _result(ended)
                if attempt == 0 or receipt is not None:
                    attempt, receipt_id = attempt + 1, str(uuid.uuid4())
                    self._store.begin_attempt(request, key, attempt, receipt_id)
                self._start(about, identifiers, reviewed, attempt, receipt_id)
            while about in self._running:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._change.wait(left)
            ended = self._ended.pop(about, None)
        if ended is None:  # another waiter took it; the store has it
            return self._store.latest_attempt(request, key)[2]
        return _result(ended)

    def _start(self, about: tuple[str, Key], *rest: Any) -> None:
        self._running[about] = None
        threading.Thread(
            target=self._work, args=(about, *rest), name="gateway-deletion", daemon=True
        ).start()

    def close(self) -> None:
        """Stop what is under way: a deletion that was sent finds out its outcome on the next call."""
        self._stop.set()

    def _work(
        self,
        about: tuple[str, Key],
        identifiers: Mapping[str, tuple[str, ...]],
        reviewed: str | None,
        attempt: int,
        receipt_id: str,
    ) -> None:
        request, key = about
        subject = {
            "id": f"request-{self._store.key_of(request)[:16]}",
            "identifiers": {kind: list(values) for kind, values in identifiers.items()},
        }
        options: dict[str, Any] = {
            "receipt_id": receipt_id,
            "actor": "gateway",
            "cancel": self._stop,
        }
        if reviewed is not None:
            options["reviewed"] = reviewed
        ended: Mapping[str, Any] | ConnectorError
        try:
            with self._slots:
                receipt = self._delete(key, subject, options)
            self._store.finish_attempt(request, key, attempt, receipt)
            ended = receipt
        except ConnectorError as error:
            log.warning("A deletion failed: %s", error.code)
            ended = error
        except Exception as error:  # noqa: BLE001  a waiter must be answered; the type says enough
            # A traceback could hold personal data.
            log.error("A deletion failed unexpectedly: %s", type(error).__name__)  # noqa: TRY400
            ended = ConnectorError("It failed unexpectedly. Ask again.")
        with self._change:
            self._ended[about] = ended
            while len(self._ended) > _MAX_ENDED:  # what nobody asked for again; receipts are stored
                del self._ended[next(iter(self._ended))]
            del self._running[about]
            self._change.notify_all()


def _result(ended: Mapping[str, Any] | ConnectorError) -> Mapping[str, Any]:
    if isinstance(ended, ConnectorError):
        raise ended
    return ended
