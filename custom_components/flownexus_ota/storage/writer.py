"""One thread that stores: a batch is all that was asked for while the disk was busy with the last.

A sync to disk costs the same for one row as for a thousand; so many sessions share each one, and a
single session never waits for more than the sync under way and its own.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(kw_only=True, slots=True)
class _Item[T]:
    work: Callable[[HistoryDb], T]
    is_query: bool
    future: asyncio.Future[T]
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

    def settle(self) -> None:
        """Tell whoever waits how it ended, after the batch was stored or failed."""
        if self.future.done():
            return  # whoever waited was cancelled
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)  # type: ignore[arg-type] # set by run(), may be None


def _settle_all(items: Iterable[_Item[object]]) -> None:
    for item in items:
        item.settle()


class HistoryWriter:
    """The owner of a HistoryDb and of the thread that uses it; called in one event loop.

    A future ends when its work is safely on the disk, with the error of its own work, or with
    HistoryUnavailableError when the disk failed; the next batch then tries anew by itself. A caller
    that is cancelled leaves its work to be stored all the same: what was to be remembered is
    remembered.
    """

    def __init__(
        self, db: HistoryDb, loop: asyncio.AbstractEventLoop, *, queue_limit: int = QUEUE_LIMIT
    ) -> None:
        """Take over an open database; nothing runs before `start`."""
        self._db = db
        self._loop = loop
        self._queue_limit = queue_limit
        self._queue: list[_Item[object]] = []
        self._changed = threading.Condition()
        self._is_open = False
        self._is_held = False
        self._checkpoints: list[_Item[object]] = []
        self._thread = threading.Thread(target=self._run, name="flownexus_ota history", daemon=True)

    def start(self) -> None:
        """Begin to store; once only."""
        self._is_open = True
        self._thread.start()

    def submit[T](self, work: Callable[[HistoryDb], T]) -> asyncio.Future[T]:
        """Queue work that may write; all of it is stored, or nothing.

        Raises HistoryQueueFullError, HistoryClosedError.
        """
        return self._enqueue(self._item(work, is_query=False))

    def query[T](self, work: Callable[[HistoryDb], T]) -> asyncio.Future[T]:
        """Queue work that only reads; it sees what was submitted before, and goes on while held."""
        return self._enqueue(self._item(work, is_query=True))

    def record(
        self,
        session: Session,
        *,
        at: datetime,
        evidence: str | None = None,
        token_sha256: str | None = None,
    ) -> asyncio.Future[None]:
        """Queue `HistoryDb.record`."""
        return self.submit(
            lambda db: db.record(session, at=at, evidence=evidence, token_sha256=token_sha256)
        )

    def hold(self) -> asyncio.Future[None]:
        """Store nothing more until `release`; done once the file alone is whole and may be copied.

        When merging the journal fails, the future tells and the hold stands: the file and its
        journal together are whole. What is submitted meanwhile waits.
        """
        item = self._item(HistoryDb.checkpoint, is_query=True)
        with self._changed:
            self._require_open()
            self._is_held = True
            self._checkpoints.append(item)  # type: ignore[arg-type] # it has no value to be kept
            self._changed.notify_all()
        return item.future

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

    def _item[T](self, work: Callable[[HistoryDb], T], *, is_query: bool) -> _Item[T]:
        return _Item(work=work, is_query=is_query, future=self._loop.create_future())

    def _enqueue[T](self, item: _Item[T]) -> asyncio.Future[T]:
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
        return batch

    def _store(self, batch: list[_Item[object]]) -> None:
        try:
            with self._db.atomic():
                for item in batch:
                    item.run(self._db)
        except HistoryUnavailableError as err:
            for item in batch:
                # One error each: a raised exception collects tracebacks, here of several tasks.
                item.error = item.error or err.again()
        self._settle(batch)

    def _checkpoint(self) -> None:
        with self._changed:
            waiting, self._checkpoints = self._checkpoints, []
        for item in waiting:
            try:
                item.work(self._db)
            except HistoryUnavailableError as err:
                item.error = err
        self._settle(waiting)

    def _settle(self, items: list[_Item[object]]) -> None:
        """Wake the loop for many at once: waking it for each halves the rate."""
        for some in batched(items, SETTLED_AT_ONCE, strict=False):
            # Once the loop is closed nobody waits any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_settle_all, some)
