"""Durable work: DBOS workflows that get and give ids only. They survive any kill and go on.

One queue for each worker name, partitioned by connection: at most one sweep of a connection is under
way, over all processes. A workflow's steps are repeatable, for after a kill the step under way is
repeated. Nothing waits inside a workflow: dates are in our tables, and the schedule looks each minute.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, Serializer, SetEnqueueOptions, SetWorkflowID

from te_connector.portal import connections, mail, schedule
from te_connector.portal.direct import asking
from te_connector.portal.running import deleting, searching
from te_connector.portal.running import waiting as waiting_requests
from te_connector.portal.settings import PortalSettings
from te_connector.portal.store.database import Database, driver_url, now

log = logging.getLogger(__name__)

_VERSION = "1"
"""DBOS runs only workflows of its own version. A constant, or an update would strand what waits."""


class _Json(Serializer):
    """Arguments and results as JSON. An exception keeps its type's name alone."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_plain)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805  the base's spelling
        return json.loads(serialized_data, object_hook=_restored)

    def name(self) -> str:
        return "te_json"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return {"$time": value.isoformat()}
    return {"$error": type(value).__name__}


def _restored(value: dict[str, Any]) -> Any:
    if set(value) == {"$time"}:
        return datetime.datetime.fromisoformat(value["$time"])
    if set(value) == {"$error"}:
        return RuntimeError(value["$error"])
    return value


class _Here:
    """What the workflows of this process work with; set once, before they can run."""

    database: Database
    settings: PortalSettings


@DBOS.step()
def _claim(connection: str, sweep: str) -> int:
    return searching.claim(_Here.database, connection, sweep)


@DBOS.step()
def _sweep(connection: str, sweep: str) -> int:
    return searching.sweep(_Here.database, connection, sweep)


@DBOS.step()
def _settle() -> int:
    return searching.settle(_Here.database)


@DBOS.workflow(name="search")
def search_workflow(connection: str, sweep: str) -> int:
    """One sweep of a connection, for all requests that wait for it."""
    if not _claim(connection, sweep):
        return 0
    count = _sweep(connection, sweep)
    _settle()
    return count


@DBOS.step()
def _pending(request_id: int, connection: str) -> list[str]:
    return deleting.pending(_Here.database, request_id, connection)


@DBOS.step()
def _delete(receipt_id: str) -> str:
    return deleting.delete(_Here.database, receipt_id)


@DBOS.step()
def _finish(request_id: int) -> str:
    return deleting.finish(_Here.database, request_id)


@DBOS.workflow(name="delete")
def delete_workflow(request_id: int, connection: str) -> str:
    """Delete what was approved in a connection, object by object, each with one receipt."""
    for receipt_id in _pending(request_id, connection):
        if not _delete(receipt_id):
            break  # the system can't be reached now; the rest keeps its receipt ids
    return _finish(request_id)


@DBOS.step()
def _tick() -> None:
    schedule.tick(_Here.database, _Here.settings)


@DBOS.workflow(name="tick")
def tick_workflow(_at: datetime.datetime, _context: Any) -> None:
    """What is due this minute. It looks at dates in our tables, so a late tick catches up."""
    _tick()


class Work:
    """The durable work of this process. ``active`` says whether it does the worker's work itself."""

    def __init__(self, database: Database, settings: PortalSettings) -> None:
        self.database, self.settings = database, settings
        self.active = False
        self._lock: Any = None
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Launch DBOS, go on with what a kill left, and begin the schedule."""
        _Here.database, _Here.settings = self.database, self.settings
        self.active = self._take_name()
        name = self.settings.worker
        DBOS(
            config={
                "name": "te-connector-portal",
                "system_database_url": _system_url(self.settings),
                "application_version": _VERSION,
                "executor_id": name if self.active else f"pages-{secrets.token_hex(6)}",
                "serializer": _Json(),
                "enable_otlp": False,
                "log_level": "CRITICAL",
                "use_listen_notify": False,
                "scheduler_polling_interval_sec": 5.0,
            }
        )
        DBOS.listen_queues([queue_name(name)] if self.active else [])
        DBOS.launch()
        for worker in {name, *self._workers()}:
            DBOS.register_queue(
                queue_name(worker), partition_concurrency=1, polling_interval_sec=0.3
            )
        self._threads = [
            threading.Thread(target=target, daemon=True)
            for target in (self._each_second, self._send_mail)
        ]
        for thread in self._threads:
            thread.start()

    def _take_name(self) -> bool:
        """Whether this process is the one worker of its name: two would do one another's work."""
        if self.database.is_postgres:
            self._lock = self.database.engine.connect()
            name = hashlib.sha256(f"te-connector worker {self.settings.worker}".encode()).digest()
            key = int.from_bytes(name[:8], "big", signed=True)  # Postgres takes 64 bits
            taken = self._lock.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
            self._lock.commit()
            return bool(taken)
        from filelock import FileLock, Timeout

        self._lock = FileLock(self.settings.folder / f"worker-{self.settings.worker}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def _workers(self) -> set[str]:
        with self.database.begin() as db:
            return {one.worker for one in connections.every(self.database, db)}

    def _each_second(self) -> None:
        """Begin work whose row was written by a process that was killed before it could begin it."""
        minute = 0.0
        while not self._stop.wait(1.0):
            try:
                self.begin_waiting()
                minute -= 1
                if minute <= 0 and self.active:
                    minute = 20
                    schedule.tick(self.database, self.settings)
            except Exception as error:  # noqa: BLE001  the next second tries again
                log.warning("Work could not begin (%s).", type(error).__name__)

    def _send_mail(self) -> None:
        """Send what waits in the outbox. Its own thread, because a mail server can be slow."""
        while self.active and not self._stop.wait(1.0):
            try:
                mail.send_waiting(self.database, self.settings)
            except Exception as error:  # noqa: BLE001  the next second tries again
                log.warning("Mail could not be sent (%s).", type(error).__name__)

    def begin_waiting(self) -> None:
        """Begin a sweep for each connection that requests wait for, and each deletion that waits."""
        with self.database.begin() as db:
            waiting = searching.waiting_connections(db)
            by_name = {one.name: one for one in connections.every(self.database, db)}
            deletions = deleting.waiting(self.database, db)
        for name in waiting:
            if not self._is_queued("search", name):
                sweep = f"sweep-{name}-{secrets.token_hex(8)}"
                self._enqueue(by_name[name].worker, name, sweep, search_workflow, name, sweep)
        if self.active:
            asking.send_new(self.database, self.settings, now())
            searching.settle(self.database)
            deleting.settle(self.database)
            waiting_requests.resume(self.database)
        for request_id, name, version, worker in deletions:
            self._enqueue(
                worker,
                f"delete-{request_id}",
                f"delete-{request_id}-{version}-{name}",
                delete_workflow,
                request_id,
                name,
            )

    def _is_queued(self, kind: str, connection: str) -> bool:
        """Whether a sweep of the connection waits in the queue: it will take all that wait."""
        queued = DBOS.list_workflows(
            name=kind, status=["ENQUEUED"], workflow_id_prefix=f"sweep-{connection}-", limit=1
        )
        return bool(queued)

    def _enqueue(
        self, worker: str, partition: str, workflow_id: str, work: Callable[..., Any], *args: Any
    ) -> None:
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
            DBOS.enqueue_workflow(queue_name(worker), work, *args)

    def stop(self) -> None:
        """Stop; what is under way goes on at the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        DBOS.destroy()
        if self._lock is not None:
            self._lock.close() if self.database.is_postgres else self._lock.release()


def queue_name(worker: str) -> str:
    """The queue of a worker: hook calls run where the connection's state directory is."""
    return f"hooks-{worker}"


def _system_url(settings: PortalSettings) -> str:
    if settings.database.startswith("postgres"):
        return driver_url(settings.database)
    return f"sqlite:///{settings.folder / 'work.sqlite'}"
