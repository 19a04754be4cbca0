"""Runs a job: hook calls for several objects at once, each receipt on disk before its object is done.

The order that matters is kept: an object type begins when the one before it is done, so children are
deleted before their parents. A job has each object once. The first one is deleted alone, so that a client
secret that is refused costs one token request.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from te_connector.contract import Cancel, Receipt, Record
from te_connector.deletion.job import Job
from te_connector.deletion.receipts import ReceiptFile, opened, whose
from te_connector.errors import DeletionNotRecorded, Stopped
from te_connector.manifest import schemas
from te_connector.operations.holds import Cover
from te_connector.result import Key, key_of, parents_of

GONE = ("deleted", "already_absent")
MOST_AT_ONCE = 8
"""The contract's limit on objects under way: a kill leaves no more than these to be found out again."""
Tell = Callable[[Mapping[str, Any]], None]
_CHILDREN = "Reading what belonged to them again"
_TICK = 0.2


class Delete(Protocol):
    """The hook ``delete_object`` of whatever host; ``key`` is the object's type and id.

    It is called in several threads at once.
    """

    def __call__(
        self,
        connection: Mapping[str, Any],
        key: tuple[str, str],
        subject: Mapping[str, Any],
        options: Mapping[str, Any],
        /,
    ) -> Receipt:
        """Delete one object."""
        ...


@attrs.frozen
class Done:
    """The receipts of what was chosen, and of the records below it that may have gone with it.

    In the order of the job, whichever was done first.
    """

    receipts: list[Receipt] = attrs.Factory(list)
    children: list[Receipt] = attrs.Factory(list)


def run(job: Job, delete: Delete, tell: Tell, done: Done, cancel: Cancel | None = None) -> None:
    """Delete what was chosen, then read what may have gone along; ``done`` grows as it goes.

    ``tell`` is called in other threads, by one of them at a time.

    :raises DeletionNotRecorded: a DELETE was sent, and what came of it could not be written down.
    :raises ConnectorError: it could not go on. What was under way is done; what has a receipt stays done.
    """
    with opened(job.file, job.account) as file:
        caller = _Caller(job, delete, tell, file, cancel)
        chosen = [_Task(one.record, one.held) for one in job.previews]
        crew = _Crew(caller, "Deleting", chosen, done.receipts)
        alone = [task for task, one in zip(chosen, job.previews, strict=True) if one.is_open][:1]
        crew.work(alone)
        rest = [task for task in chosen if task not in alone]
        for _, wave in itertools.groupby(rest, lambda task: task.record["object_type"]):
            crew.work(list(wave))
        gone = {
            key_of(record)
            for record, receipt in zip(job.chosen, done.receipts, strict=True)
            if receipt["status"] in GONE
        }
        below = [_Task(one, again=True) for one in job.children if _belongs(one, gone)]
        _Crew(caller, _CHILDREN, below, done.children).work(below)


def _belongs(child: Record, gone: set[Key]) -> bool:
    return any(key in gone for key in parents_of(child))


@attrs.frozen(eq=False)
class _Task:
    """One record to delete; ``again``: it is read to see whether it went with another."""

    record: Record
    held: Cover | None = None
    again: bool = False


class _Crew:
    """Works on tasks, several at once, and keeps their receipts in the order of the tasks."""

    def __init__(
        self, caller: _Caller, name: str, tasks: Sequence[_Task], receipts: list[Receipt]
    ) -> None:
        self._caller = caller
        self._name = name
        self._receipts = receipts
        self._made: dict[_Task, Receipt | None] = dict.fromkeys(tasks)
        self._lock = threading.Lock()

    def work(self, tasks: Sequence[_Task]) -> None:
        """Do these tasks. After an error nothing new begins, and what is under way comes to its end.

        An interrupt ends what is under way within a second or two, whenever it comes.

        :raises BaseException: the first error; before all others that an outcome isn't written down.
        """
        self._tell()
        todo, errors = deque(tasks), list[BaseException]()
        running: list[concurrent.futures.Future[None]] = []
        pool = concurrent.futures.ThreadPoolExecutor(MOST_AT_ONCE, "te-connector-delete")
        while running or (todo and not errors):
            try:
                while todo and not errors and len(running) < MOST_AT_ONCE:
                    running.append(pool.submit(self._do, todo.popleft()))
                concurrent.futures.wait(running, _TICK, concurrent.futures.FIRST_COMPLETED)
                ended = [future for future in running if future.done()]
                errors += [error for future in ended if (error := future.exception())]
                running = [future for future in running if future not in ended]
            except BaseException as error:  # noqa: BLE001  an interrupt; raised when all have ended
                errors.append(error)
            if any(_is_interrupt(error) for error in errors):
                self._caller.stop.set()
        pool.shutdown()
        if errors:
            unwritten = [error for error in errors if isinstance(error, DeletionNotRecorded)]
            raise (unwritten or errors)[0] from None

    def _do(self, task: _Task) -> None:
        receipt = self._caller.call(task)
        with self._lock:
            self._made[task] = receipt
            self._receipts[:] = [one for one in self._made.values() if one is not None]
        self._tell()

    def _tell(self) -> None:
        done, of = len(self._receipts), len(self._made)
        self._caller.tell({"event": "deletions", "name": self._name, "done": done, "of": of})


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, Stopped) or not isinstance(error, Exception)


class _Either:
    """A cancel flag of our own beside the host's."""

    def __init__(self, theirs: Cancel | None) -> None:
        self._ours, self._theirs = threading.Event(), theirs

    def set(self) -> None:
        self._ours.set()

    def is_set(self) -> bool:
        return self._ours.is_set() or (self._theirs is not None and self._theirs.is_set())


class _Caller:
    """Calls the hook for one record and writes its receipt down; used by several threads."""

    def __init__(
        self,
        job: Job,
        delete: Delete,
        tell: Tell,
        file: ReceiptFile,
        cancel: Cancel | None,
    ) -> None:
        self._job, self._delete, self._file, self._listener = job, delete, file, tell
        self._naming = job.naming()
        self._subjects = {subject["id"]: subject for subject in job.result.subjects}
        self._telling, self._writing = threading.Lock(), threading.Lock()
        self.stop = _Either(cancel)

    def tell(self, event: Mapping[str, Any]) -> None:
        with self._telling:
            self._listener(event)

    def call(self, task: _Task) -> Receipt:
        """One receipt. The hook gives an earlier one from the trail and sends nothing then."""
        record = task.record
        subject = self._subjects[record["subject"]]
        person = {"id": subject["id"], "identifiers": subject["identifiers"]}
        receipt = self._delete(self._job.connection, key_of(record), person, self._options(task))
        with self._writing:
            self._file.add(receipt)
        return receipt

    def _options(self, task: _Task) -> dict[str, Any]:
        record = task.record
        options: dict[str, Any] = {
            "receipt_id": self._naming.receipt_id(whose(record)),
            "progress": self.tell,
            "cancel": self.stop,
        }
        if self._job.actor is not None:
            options["actor"] = self._job.actor
        if self._job.more_holds:
            options["holds"] = list(self._job.more_holds)
        if task.held is not None:
            options["hold"] = task.held.reason
        if not task.again:
            options["reviewed"] = record["digest"]
            options["reviewed_fields"] = field_digests(record["data"])
        return options


def field_digests(data: Mapping[str, Any]) -> dict[str, str]:
    """Each field's SHA-256, so that a refusal can name the fields that differ."""
    return {field: schemas.digest(value) for field, value in data.items()}
