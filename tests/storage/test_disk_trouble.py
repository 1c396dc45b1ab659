"""A disk that is full, read-only or locked: nothing is lost in silence, and it goes on later."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import wait
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
from .samples import MINUTE, NOON, OTHER, SERVER, WAIT_SECONDS, asked, failed, query

SMALL_LIMIT_BYTES = 256 * 1024
LONG = "x" * 20_000


class Disk:
    """The connection under a writer: what SQLite itself can be told about its disk."""

    def __init__(self, path: Path) -> None:
        self.connection, _ = open_database(path, busy_timeout_seconds=0.0)
        self.writer = HistoryWriter(HistoryDb(self.connection, None))
        self.writer.start()

    def set(self, name: str, value: str | int) -> None:
        """Set a pragma between two batches."""
        statement = f"PRAGMA {name} = {value}"

        def work(_: HistoryDb) -> None:
            self.connection.execute(statement)

        self.writer.query(work).result(WAIT_SECONDS)

    def fill(self) -> None:
        """Allow no page more than there are."""
        self.set("max_page_count", 1)

    def make_room(self) -> None:
        self.set("max_page_count", 1_000_000)


@pytest.fixture
def disk(path: Path) -> Iterator[Disk]:
    made = Disk(path)
    with closing(made.writer):
        yield made


def count(path: Path) -> object:
    return query(path, "SELECT count(*) FROM firmware_update")[0][0]


def test_a_full_disk_fails_the_whole_batch_by_name_and_the_next_one_tries_again(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    disk.fill()
    futures = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON, evidence=LONG)
        for number in range(20)
    ]
    errors = [future.exception(WAIT_SECONDS) for future in futures]
    assert {type(error) for error in errors} == {HistoryUnavailableError}
    assert {getattr(error, "cause_name", None) for error in errors} == {"SQLITE_FULL"}
    assert len(set(map(id, errors))) == 20
    assert count(path) == 1
    disk.make_room()
    again = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON, evidence=LONG)
        for number in range(20)
    ]
    done, _ = wait(again, WAIT_SECONDS)
    assert [future.exception() for future in done] == [None] * 20
    assert count(path) == 21


def test_a_bad_item_keeps_its_own_error_when_the_disk_fails_too(disk: Disk, path: Path) -> None:
    writer = disk.writer
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    disk.fill()
    writer.hold().result(WAIT_SECONDS)
    bad = writer.record(asked("b"), at=NOON)
    good = writer.record(asked("c", endpoint=OTHER), at=NOON, evidence=LONG)
    writer.release()
    assert isinstance(bad.exception(WAIT_SECONDS), ActiveSessionExistsError)
    assert isinstance(good.exception(WAIT_SECONDS), HistoryUnavailableError)
    assert count(path) == 1


def test_what_is_already_there_can_be_read_while_the_disk_is_full(disk: Disk) -> None:
    writer = disk.writer
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    disk.fill()
    writer.record(asked("b", endpoint=OTHER), at=NOON, evidence=LONG).exception(WAIT_SECONDS)
    assert writer.query(lambda db: db.active_sessions(SERVER)).result(WAIT_SECONDS) == [asked("a")]


def test_a_commit_that_the_system_refuses_takes_everything_back(disk: Disk, path: Path) -> None:
    writer = disk.writer
    # The pages stay in memory until the commit, which is then what fails.
    disk.set("cache_size", -20_000)
    with files_limited_to(SMALL_LIMIT_BYTES):
        writer.hold().result(WAIT_SECONDS)
        futures = [
            writer.record(asked(f"{n}", endpoint=Endpoint(f"{n}")), at=NOON, evidence=LONG)
            for n in range(30)
        ]
        writer.release()
        errors = [future.exception(WAIT_SECONDS) for future in futures]
    assert {type(error) for error in errors} == {HistoryUnavailableError}
    assert count(path) == 0
    writer.record(asked("after"), at=NOON, evidence=LONG).result(WAIT_SECONDS)
    assert count(path) == 1


def test_a_read_only_disk_fails_by_name_until_it_can_be_written_again(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    disk.set("query_only", "ON")
    ended = failed(asked("a"))
    error = writer.record(ended, at=NOON + MINUTE).exception(WAIT_SECONDS)
    assert isinstance(error, HistoryUnavailableError)
    assert error.cause_name == "SQLITE_READONLY"
    assert writer.query(lambda db: db.session("a")).result(WAIT_SECONDS) == asked("a")
    disk.set("query_only", "OFF")
    writer.record(ended, at=NOON + MINUTE).result(WAIT_SECONDS)
    assert query(path, "SELECT phase FROM firmware_update") == [("failed",)]


def test_somebody_else_who_writes_is_named_and_then_over(disk: Disk, path: Path) -> None:
    writer = disk.writer
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = writer.record(asked("a"), at=NOON).exception(WAIT_SECONDS)
        other.execute("ROLLBACK")
    assert isinstance(error, HistoryUnavailableError)
    assert error.cause_name == "SQLITE_BUSY"
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    assert count(path) == 1


def test_a_hold_tells_when_the_journal_could_not_be_merged_and_stands_all_the_same(
    disk: Disk, path: Path
) -> None:
    writer = disk.writer
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    with closing(sqlite3.connect(path, autocommit=True)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM firmware_update").fetchall()
        writer.record(replace(asked("a"), offer_count=1), at=NOON).result(WAIT_SECONDS)
        error = writer.hold().exception(WAIT_SECONDS)
    waiting = writer.record(asked("b", endpoint=OTHER), at=NOON)
    writer.query(lambda _: None).result(WAIT_SECONDS)
    assert isinstance(error, HistoryUnavailableError)
    assert not waiting.done()
    writer.release()
    waiting.result(WAIT_SECONDS)
    assert count(path) == 2


def test_a_file_that_breaks_while_it_is_used_is_named_as_broken(disk: Disk, path: Path) -> None:
    writer = disk.writer
    for number in range(50):
        session = asked(f"{number}", endpoint=Endpoint(f"{number}"))
        writer.record(session, at=NOON, evidence=LONG)
    writer.hold().result(WAIT_SECONDS)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    disk.connection.execute("PRAGMA shrink_memory")
    writer.release()
    error = writer.query(lambda db: db.sessions()).exception(WAIT_SECONDS)
    assert isinstance(error, HistoryCorruptError)
    assert error.again().cause_name == error.cause_name


def test_errors_of_the_python_module_are_named_too() -> None:
    error = named_error(sqlite3.ProgrammingError("closed"))
    assert isinstance(error, HistoryUnavailableError)
    assert error.cause_name == "ProgrammingError"
