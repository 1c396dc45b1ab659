"""Old updates are forgotten, as the options say."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.pruning import async_keep_pruned
from custom_components.flownexus_ota.storage.awaiting import stored
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.writer import HistoryWriter
from tests.storage.samples import SERVER, asked, failed

from .fleet import World

NOW = datetime.now(UTC)
OLD_AT, RECENT_AT = NOW - timedelta(days=400), NOW - timedelta(days=2)


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[HistoryWriter]:
    """Return a history with an old and a recent update of two servers."""
    writer = HistoryWriter(
        await asyncio.to_thread(HistoryDb.open, tmp_path / "history.db"),
        asyncio.get_running_loop(),
    )
    writer.start()
    for name, at in (("old", OLD_AT), ("recent", RECENT_AT)):
        for server in (SERVER, "server-2"):
            session = asked(f"{name} of {server}", server_id=server, created_at=at)
            ended = failed(session, finished_at=at)
            await stored(writer.submit(partial(HistoryDb.record, session=ended, at=at)))
    yield writer
    await asyncio.to_thread(writer.close)


async def kept(writer: HistoryWriter) -> set[str]:
    """Return the ids of the updates that are there."""
    sessions = await stored(writer.submit(lambda history: history.sessions()))
    return {session.id for session in sessions}


async def pruned(writer: HistoryWriter, days: int) -> set[str]:
    """Let the pruning run once; return what it has kept."""
    asked_for = asyncio.Event()

    def history_days() -> int:
        asked_for.set()
        return days

    pruning = asyncio.create_task(async_keep_pruned(writer, SERVER, history_days))
    await asked_for.wait()
    found = await kept(writer)
    pruning.cancel()
    await asyncio.gather(pruning, return_exceptions=True)
    return found


async def test_what_ended_longer_ago_than_the_option_says_is_forgotten_of_this_server_alone(
    writer: HistoryWriter,
) -> None:
    assert await pruned(writer, 365) == {
        f"recent of {SERVER}",
        "recent of server-2",
        "old of server-2",
    }


async def test_zero_days_keep_everything(writer: HistoryWriter) -> None:
    assert len(await pruned(writer, 0)) == 4


async def test_it_is_pruned_again_and_again(writer: HistoryWriter) -> None:
    asked_for = 0
    enough = asyncio.Event()

    def history_days() -> int:
        nonlocal asked_for
        asked_for += 1
        enough.set() if asked_for > 2 else None
        return 365

    pruning = asyncio.create_task(
        async_keep_pruned(writer, SERVER, history_days, pause_seconds=0.001)
    )
    await enough.wait()
    pruning.cancel()
    await asyncio.gather(pruning, return_exceptions=True)
    assert asked_for > 2


async def test_a_history_that_does_not_answer_is_tried_again_another_day(
    writer: HistoryWriter,
) -> None:
    await asyncio.to_thread(writer.close)
    days: list[int] = []

    def history_days() -> int:
        days.append(365)
        return 365

    pruning = asyncio.create_task(
        async_keep_pruned(writer, SERVER, history_days, pause_seconds=0.001)
    )
    async with asyncio.timeout(10):
        while len(days) < 2:  # noqa: ASYNC110 # the tasks tell nothing else
            await asyncio.sleep(0.001)
    assert not pruning.done()
    pruning.cancel()
    await asyncio.gather(pruning, return_exceptions=True)


async def test_an_entry_forgets_when_it_is_set_up(world: World) -> None:
    folder = Path(world.hass.config.path(DOMAIN))
    entry = world.add_entry(history_days=30)

    def fill() -> None:
        folder.mkdir(parents=True)
        history = HistoryDb.open(folder / f"{DOMAIN}.db")
        for name, at in (("old", OLD_AT), ("recent", RECENT_AT)):
            session = asked(name, server_id=entry.entry_id, created_at=at)
            history.record(failed(session, finished_at=at), at=at)
        history.close()

    await world.hass.async_add_executor_job(fill)
    assert await world.hass.config_entries.async_setup(entry.entry_id)
    async with asyncio.timeout(10):
        while "old" in await kept(world.runtime.shared.writer):
            pass
    assert await kept(world.runtime.shared.writer) == {"recent"}
