"""One thread that stores: a batch is all that was asked for while the disk was busy with the last.

A sync to disk costs the same for one row as for a thousand; so many sessions share each one, and a
single session never waits for more than the sync under way and its own.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Final

from ..ota.session_state import Session
from .errors import (
    HistoryClosedError,
    HistoryQueueFullError,
    HistoryTimeoutError,
    HistoryUnavailableError,
)
from .history import HistoryDb

QUEUE_LIMIT: Final = 100_000
# A few milliseconds of an event loop's time.
SETTLED_AT_ONCE: Final = 250
CLOSE_LIMIT_SECONDS: Final = 60.0

type Caller = Callable[[Callable[[], None]], object]
"""Calls what it is given, at some time, in some thread."""


@dataclass(kw_only=True, slots=True)
class _Item[T]:
    work: Callable[[HistoryDb], T]
    is_query: bool
    future: Future[T] = field(default_factory=Future)
    value: T | None = None
    error: Exception | None = None

    def run(self, db: HistoryDb) -> None:
        """Do the work, alone within its batch; only a disk that fails reaches the others."""
        try:
            with db.atomic():
                self.value = self.work(db)
        except HistoryUnavailableError:
            raise
        except Exception as err:  # noqa: BLE001 # handed to whoever waits, like in any executor
            self.error = err

    def settle(self, batch_error: HistoryUnavailableError | None) -> None:
        """Tell whoever waits how it ended, after the batch was stored or failed."""
        if self.error is not None:
            self.future.set_exception(self.error)
        elif batch_error is not None:
            # One error each: a raised exception collects tracebacks, here in several threads.
            self.future.set_exception(batch_error.again())
        else:
            self.future.set_result(self.value)  # type: ignore[arg-type] # set by run(), may be None


def _call(call: Callable[[], None]) -> None:
    call()


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


class HistoryWriter:
    """The owner of a HistoryDb and of the thread that uses it. Every method may be called anywhere.

    A future ends when its work is safely on the disk, with the error of its own work, or with
    HistoryUnavailableError when the disk failed; the next batch then tries anew by itself. A future
    that is cancelled before its work begins means that nothing is stored.
    """

    def __init__(
        self, db: HistoryDb, *, settle_in: Caller = _call, queue_limit: int = QUEUE_LIMIT
    ) -> None:
        """Take over an open database; nothing runs before `start`.

        `settle_in` calls what ends the futures, a batch at a time: `loop.call_soon_threadsafe`
        wakes a loop once for all of them (twice the rate of `asyncio.wrap_future`, which wakes it
        for each; see `awaiting.py`). The default ends them in the writer's own thread.
        """
        self._db = db
        self._settle_in = settle_in
        self._queue_limit = queue_limit
        self._queue: list[_Item[object]] = []
        self._changed = threading.Condition()
        self._is_open = False
        self._is_held = False
        self._checkpoints: list[Future[None]] = []
        self._thread = threading.Thread(target=self._run, name="flownexus_ota history", daemon=True)

    def start(self) -> None:
        """Begin to store; once only."""
        self._is_open = True
        self._thread.start()

    def submit[T](self, work: Callable[[HistoryDb], T]) -> Future[T]:
        """Queue work that may write; all of it is stored, or nothing.

        Raises HistoryQueueFullError, HistoryClosedError.
        """
        return self._enqueue(_Item(work=work, is_query=False))

    def query[T](self, work: Callable[[HistoryDb], T]) -> Future[T]:
        """Queue work that only reads; it sees what was submitted before, and goes on while held."""
        return self._enqueue(_Item(work=work, is_query=True))

    def record(
        self,
        session: Session,
        *,
        at: datetime,
        evidence: str | None = None,
        token_sha256: str | None = None,
    ) -> Future[None]:
        """Queue `HistoryDb.record`."""
        return self.submit(
            lambda db: db.record(session, at=at, evidence=evidence, token_sha256=token_sha256)
        )

    def hold(self) -> Future[None]:
        """Store nothing more until `release`; done once the file alone is whole and may be copied.

        When merging the journal fails, the future tells and the hold stands: the file and its
        journal together are whole. What is submitted meanwhile waits.
        """
        future: Future[None] = Future()
        with self._changed:
            self._require_open()
            self._is_held = True
            self._checkpoints.append(future)
            self._changed.notify_all()
        return future

    def release(self) -> None:
        """Go on storing; without a hold, nothing happens."""
        with self._changed:
            self._is_held = False
            self._changed.notify_all()

    def close(self, *, limit_seconds: float = CLOSE_LIMIT_SECONDS) -> None:
        """Store what is queued, also when held, then end the thread and close the file. Blocking.

        Raises HistoryTimeoutError when the disk does not come to an end, HistoryUnavailableError.
        """
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(limit_seconds)
        if self._thread.is_alive():
            raise HistoryTimeoutError(limit_seconds)
        self._db.close()

    def _enqueue[T](self, item: _Item[T]) -> Future[T]:
        with self._changed:
            self._require_open()
            if len(self._queue) >= self._queue_limit:
                raise HistoryQueueFullError(self._queue_limit)
            self._queue.append(item)  # type: ignore[arg-type] # the value goes to its own future only
            self._changed.notify_all()
        return item.future

    def _require_open(self) -> None:
        if not self._is_open:
            raise HistoryClosedError

    def _run(self) -> None:
        while self._wait_for_work():
            self._checkpoint()
            self._store(self._take_batch())

    def _wait_for_work(self) -> bool:
        """Wait until something is to be done; tell whether there is, or the writer was closed."""
        with self._changed:
            self._changed.wait_for(self._has_work_or_is_closed)
            return self._has_work()

    def _has_work_or_is_closed(self) -> bool:
        return not self._is_open or self._has_work()

    def _has_work(self) -> bool:
        if self._checkpoints:
            return True
        if self._is_held and self._is_open:
            return any(item.is_query for item in self._queue)
        return bool(self._queue)

    def _take_batch(self) -> list[_Item[object]]:
        with self._changed:
            if self._is_held and self._is_open:
                batch = [item for item in self._queue if item.is_query]
                self._queue = [item for item in self._queue if not item.is_query]
            else:
                batch, self._queue = self._queue, []
        return [item for item in batch if item.future.set_running_or_notify_cancel()]

    def _store(self, batch: list[_Item[object]]) -> None:
        error: HistoryUnavailableError | None = None
        try:
            with self._db.atomic():
                for item in batch:
                    item.run(self._db)
        except HistoryUnavailableError as err:
            error = err
        self._settle([partial(item.settle, error) for item in batch])

    def _checkpoint(self) -> None:
        with self._changed:
            waiting, self._checkpoints = self._checkpoints, []
        waiting = [each for each in waiting if each.set_running_or_notify_cancel()]
        if not waiting:
            return
        try:
            self._db.checkpoint()
        except HistoryUnavailableError as err:
            self._settle([partial(each.set_exception, err.again()) for each in waiting])
        else:
            self._settle([partial(each.set_result, None) for each in waiting])

    def _settle(self, endings: list[Callable[[], None]]) -> None:
        for some in batched(endings, SETTLED_AT_ONCE, strict=False):
            try:
                self._settle_in(partial(_call_all, some))
            except RuntimeError:  # that thread's event loop is closed, nobody there waits any more
                _call_all(some)
