"""Forgetting old updates: once a day, as many days back as the options of the server say."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from .const import KEEP_FOR_EVER_DAYS
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.history import SESSIONS_PER_PRUNING
from .storage.writer import HistoryWriter

_LOGGER: Final = logging.getLogger(__name__)

PRUNING_PAUSE_SECONDS: Final = 24 * 60 * 60.0


async def async_keep_pruned(
    writer: HistoryWriter,
    server_id: str,
    history_days: Callable[[], int],
    *,
    pause_seconds: float = PRUNING_PAUSE_SECONDS,
) -> None:
    """Forget what is too old, now and every day, until cancelled."""
    while True:
        try:
            await _async_prune(writer, server_id, history_days())
        except HistoryError as err:
            _LOGGER.debug("Old updates stay for another day: %s", err)
        await asyncio.sleep(pause_seconds)


async def _async_prune(writer: HistoryWriter, server_id: str, days: int) -> None:
    if days == KEEP_FOR_EVER_DAYS:
        return
    before = datetime.now(UTC) - timedelta(days=days)
    forgotten = SESSIONS_PER_PRUNING
    while forgotten == SESSIONS_PER_PRUNING:
        forgotten = await stored(
            writer.submit(lambda history: history.prune(before=before, server_id=server_id))
        )
