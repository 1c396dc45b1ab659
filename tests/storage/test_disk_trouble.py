"""A disk that is full, read-only or locked: nothing is lost in silence, and it goes on later."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.storage.errors import (
    ActiveSessionExistsError,
    HistoryCorruptError,
    HistoryUnavailableError,
    named_error,
)
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.opening import open_database
from custom_components.flownexus_ota.storage.writer import HistoryWriter

from ..small_disk import files_limited_to
from .samples import MINUTE, NOON, OTHER, SERVER, asked, failed, query

SMALL_LIMIT_BYTES = 256 * 1024
LONG = "x" * 20_000


class Disk:
    """The connection under a writer: what SQLite itself can be told about its disk."""

    def __init__(self, path: Path) -> None:
        self.connection, _ = open_database(path, busy_timeout_seconds=0.0)
        # Migrations leave free pages, which would do for a while on a full disk.
        self.connection.execute("VACUUM")
        self.writer = HistoryWriter(HistoryDb(self.connection, None), asyncio.get_running_loop())
        self.writer.start()

    async def set(self, name: str, value: str | int) -> None:
        """Set a pragma between two batches."""
        statement = f"PRAGMA {name} = {value}"

        def work(_: HistoryDb) -> None:
            self.connection.execute(statement)

        await self.writer.query(work)

    async def fill(self) -> None:
        """Allow no page more than there are."""
        await self.set("max_page_count", 1)

    async def make_room(self) -> None:
        await self.set("max_page_count", 1_000_000)


@pytest.fixture
async def disk(path: Path) -> AsyncIterator[Disk]:
    made = Disk(path)
    with closing(made.writer):
        yield made


def count(path: Path) -> object:
    return query(path, "SELECT count(*) FROM firmware_update")[0][0]


def spoil(path: Path) -> None:
    """Overwrite all but the first page."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


async def test_a_full_disk_fails_the_whole_batch_by_name_and_the_next_one_tries_again(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    await writer.record(asked("a"), at=NOON)
    await disk.fill()
    futures = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON, evidence=LONG)
        for number in range(20)
    ]
    errors = await asyncio.gather(*futures, return_exceptions=True)
    assert {type(error) for error in errors} == {HistoryUnavailableError}
    assert {getattr(error, "cause_name", None) for error in errors} == {"SQLITE_FULL"}
    assert len(set(map(id, errors))) == 20
    assert count(path) == 1
    await disk.make_room()
    again = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON, evidence=LONG)
        for number in range(20)
    ]
    assert await asyncio.gather(*again) == [None] * 20
    assert count(path) == 21


async def test_a_bad_item_keeps_its_own_error_when_the_disk_fails_too(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    await writer.record(asked("a"), at=NOON)
    await disk.fill()
    await writer.hold()
    bad = writer.record(asked("b"), at=NOON)
    good = writer.record(asked("c", endpoint=OTHER), at=NOON, evidence=LONG)
    writer.release()
    with pytest.raises(ActiveSessionExistsError):
        await bad
    with pytest.raises(HistoryUnavailableError):
        await good
    assert count(path) == 1


async def test_what_is_already_there_can_be_read_while_the_disk_is_full(disk: Disk) -> None:
    writer = disk.writer
    await writer.record(asked("a"), at=NOON)
    await disk.fill()
    with pytest.raises(HistoryUnavailableError):
        await writer.record(asked("b", endpoint=OTHER), at=NOON, evidence=LONG)
    assert await writer.query(lambda db: db.active_sessions(SERVER)) == [asked("a")]


async def test_a_commit_that_the_system_refuses_takes_everything_back(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    # The pages stay in memory until the commit, which is then what fails.
    await disk.set("cache_size", -20_000)
    with files_limited_to(SMALL_LIMIT_BYTES):
        await writer.hold()
        futures = [
            writer.record(asked(f"{n}", endpoint=Endpoint(f"{n}")), at=NOON, evidence=LONG)
            for n in range(30)
        ]
        writer.release()
        errors = await asyncio.gather(*futures, return_exceptions=True)
    assert {type(error) for error in errors} == {HistoryUnavailableError}
    assert count(path) == 0
    await writer.record(asked("after"), at=NOON, evidence=LONG)
    assert count(path) == 1


async def test_a_read_only_disk_fails_by_name_until_it_can_be_written_again(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    await writer.record(asked("a"), at=NOON)
    await disk.set("query_only", "ON")
    ended = failed(asked("a"))
    with pytest.raises(HistoryUnavailableError) as caught:
        await writer.record(ended, at=NOON + MINUTE)
    assert caught.value.cause_name == "SQLITE_READONLY"
    assert await writer.query(lambda db: db.session("a")) == asked("a")
    await disk.set("query_only", "OFF")
    await writer.record(ended, at=NOON + MINUTE)
    assert query(path, "SELECT phase FROM firmware_update") == [("failed",)]


async def test_somebody_else_who_writes_is_named_and_then_over(disk: Disk, path: Path) -> None:
    writer = disk.writer
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryUnavailableError) as caught:
            await writer.record(asked("a"), at=NOON)
        other.execute("ROLLBACK")
    assert caught.value.cause_name == "SQLITE_BUSY"
    await writer.record(asked("a"), at=NOON)
    assert count(path) == 1


async def test_a_hold_tells_when_the_journal_could_not_be_merged_and_stands_all_the_same(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    await writer.record(asked("a"), at=NOON)
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM firmware_update").fetchall()
        await writer.record(replace(asked("a"), offer_count=1), at=NOON)
        with pytest.raises(HistoryUnavailableError):
            await writer.hold()
    waiting = writer.record(asked("b", endpoint=OTHER), at=NOON)
    await writer.query(lambda _: None)
    assert not waiting.done()
    writer.release()
    await waiting
    assert count(path) == 2


async def test_a_file_that_breaks_while_it_is_used_is_named_as_broken(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    sessions = [asked(f"{number}", endpoint=Endpoint(f"{number}")) for number in range(50)]
    await asyncio.gather(*(writer.record(each, at=NOON, evidence=LONG) for each in sessions))
    await writer.hold()
    spoil(path)
    disk.connection.execute("PRAGMA shrink_memory")
    writer.release()
    with pytest.raises(HistoryCorruptError) as caught:
        await writer.query(lambda db: db.sessions())
    assert caught.value.again().cause_name == caught.value.cause_name


def test_errors_of_the_python_module_are_named_too() -> None:
    error = named_error(sqlite3.ProgrammingError("closed"))
    assert isinstance(error, HistoryUnavailableError)
    assert error.cause_name == "ProgrammingError"
