"""Remembering: the history, as the event loop sees it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from ..ota.session_state import Session
from ..storage.awaiting import stored
from ..storage.errors import (
    HistoryError,
    HistoryQueueFullError,
    HistoryTimeoutError,
    HistoryUnavailableError,
)
from ..storage.history import HistoryDb
from ..storage.writer import HistoryWriter

_LOGGER = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
# These pass by themselves; every other error of the history is one of ours.
NOT_NOW: Final = (HistoryUnavailableError, HistoryQueueFullError, HistoryTimeoutError)


class Chronicle:
    """Stores steps and answers queries without blocking the loop.

    While a commit fails, nothing goes on: the caller waits here, and with it all that it would
    have sent to its device (`design.md` D20).
    """

    def __init__(
        self,
        writer: HistoryWriter,
        *,
        token_sha256: Callable[[Session], str],
        on_writable: Callable[[bool], None],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Take the writer; `on_writable` is told when commits fail and when they work again."""
        self._writer = writer
        self._token_sha256 = token_sha256
        self._on_writable = on_writable
        self._retry_seconds = retry_seconds
        self.is_writable = True

    async def record(self, session: Session, *, evidence: str) -> None:
        """Store a step; returns when it is on disk, however long that takes."""
        while True:
            try:
                await self.record_once(session, evidence=evidence)
            except NOT_NOW as err:
                if self.is_writable:
                    _LOGGER.error("The history cannot be written, updates pause: %s", err)  # noqa: TRY400 # the text is for the user, a traceback is not
                self._tell(is_writable=False)
                await asyncio.sleep(self._retry_seconds)
            else:
                self._tell(is_writable=True)
                return

    async def record_once(self, session: Session, *, evidence: str) -> None:
        """Store a step, or raise the HistoryError that prevents it."""
        at = datetime.now(UTC)
        token_sha256 = self._token_sha256(session)

        def append(history: HistoryDb) -> None:
            history.record(session, at=at, evidence=evidence, token_sha256=token_sha256)

        await stored(self._writer.submit(append))

    async def ask[T](self, query: Callable[[HistoryDb], T]) -> T:
        """Return the answer to a query that only reads."""
        return await stored(self._writer.query(query))

    async def ask_in_turn[T](self, query: Callable[[HistoryDb], T]) -> T:
        """Return the answer once all that was told before is stored, after a backup too."""
        return await stored(self._writer.submit(query))

    def tell_later(self, change: Callable[[HistoryDb], None]) -> None:
        """Queue a change whose loss would do no harm, e.g. a device's last known facts."""
        try:
            self._writer.submit(change).add_done_callback(_log_failure)
        except HistoryError as err:
            _LOGGER.debug("A change was not stored: %s", err)

    def _tell(self, *, is_writable: bool) -> None:
        if is_writable != self.is_writable:
            self.is_writable = is_writable
            self._on_writable(is_writable)


def _log_failure(future: object) -> None:
    error = future.exception()  # type: ignore[attr-defined] # concurrent.futures.Future, any result
    if error is not None:
        _LOGGER.debug("A change was not stored: %s", error)
