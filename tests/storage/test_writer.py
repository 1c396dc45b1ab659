import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.storage.errors import (
    ActiveSessionExistsError,
    HistoryClosedError,
    HistoryQueueFullError,
    HistoryTimeoutError,
)
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.writer import HistoryWriter

from .samples import NOON, OTHER, SERVER, THINGY, WAIT_SECONDS, asked, query


@contextmanager
def busy(writer: HistoryWriter) -> Iterator[None]:
    """Keep the writer busy, as a slow disk does, until the end of the context."""
    began, may_end = threading.Event(), threading.Event()

    def work(_: HistoryDb) -> bool:
        began.set()
        return may_end.wait(WAIT_SECONDS)

    working = writer.query(work)
    try:
        assert began.wait(WAIT_SECONDS)
        assert not working.done()
        yield
    finally:
        may_end.set()


def ids(path: Path) -> list[object]:
    return [row[0] for row in query(path, "SELECT id FROM firmware_update ORDER BY number")]


def has_journal(path: Path) -> bool:
    """Tell whether anything is in the journal, and not yet in the file itself."""
    journal = Path(f"{path}-wal")
    return journal.exists() and journal.stat().st_size > 0


def copied(path: Path, copy: Path) -> Path:
    copy.write_bytes(path.read_bytes())
    return copy


async def test_what_is_recorded_is_on_the_disk_when_its_future_is_done(
    writer: HistoryWriter, path: Path
) -> None:
    await writer.record(asked("a"), at=NOON, evidence="asked for", token_sha256="11" * 32)
    assert ids(path) == ["a"]
    assert query(path, "SELECT token_sha256 FROM firmware_update") == [("11" * 32,)]
    assert query(path, "SELECT evidence FROM firmware_update_event") == [("asked for",)]


async def test_steps_are_stored_in_the_order_they_were_submitted(writer: HistoryWriter) -> None:
    steps = [replace(asked("a"), offer_count=count) for count in range(100)]
    futures = [writer.record(step, at=NOON, evidence=f"{step.offer_count}") for step in steps]
    events = await writer.query(lambda db: db.events("a"))
    assert all(future.done() for future in futures)
    assert [event.evidence for event in events] == [f"{count}" for count in range(100)]


async def test_work_gives_its_value(writer: HistoryWriter) -> None:
    await writer.record(asked("a"), at=NOON)
    assert await writer.submit(lambda db: db.prune(before=NOON)) == 0
    assert await writer.query(lambda db: db.active_sessions(SERVER)) == [asked("a")]


async def test_all_that_waited_for_the_disk_is_one_commit(
    writer: HistoryWriter, path: Path
) -> None:
    with busy(writer):
        sessions = [asked(f"{number}", endpoint=Endpoint(f"{number}")) for number in range(50)]
        recorded = [writer.record(each, at=NOON) for each in sessions]
        # The last one of the batch asks another connection, which sees what is committed.
        seen_from_outside = writer.query(lambda _: ids(path))
        seen_from_inside = writer.query(lambda db: len(db.active_sessions(SERVER)))
    assert await seen_from_outside == []
    assert await seen_from_inside == 50
    await asyncio.gather(*recorded)
    assert len(ids(path)) == 50


async def test_one_bad_item_of_a_batch_fails_alone(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        first = writer.record(asked("a"), at=NOON)
        second = writer.record(asked("b"), at=NOON)
        third = writer.record(asked("c", endpoint=OTHER), at=NOON)
    with pytest.raises(ActiveSessionExistsError):
        await second
    await asyncio.gather(first, third)
    assert ids(path) == ["a", "c"]


async def test_work_that_errs_leaves_nothing_of_itself(writer: HistoryWriter, path: Path) -> None:
    def record_then_err(db: HistoryDb) -> None:
        db.record(asked("a"), at=NOON)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await writer.submit(record_then_err)
    await writer.record(asked("b"), at=NOON)
    assert ids(path) == ["b"]


async def test_the_queue_has_a_bound(path: Path) -> None:
    with closing(
        HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop(), queue_limit=2)
    ) as writer:
        writer.start()
        with busy(writer):
            first = writer.record(asked("a"), at=NOON)
            last = writer.record(asked("b", endpoint=OTHER), at=NOON)
            with pytest.raises(HistoryQueueFullError) as caught:
                await writer.record(asked("c", endpoint=Endpoint("third")), at=NOON)
        assert caught.value.limit == 2
        await asyncio.gather(first, last)
        await writer.record(asked("d", endpoint=Endpoint("fourth")), at=NOON)
    assert ids(path) == ["a", "b", "d"]


async def test_closing_stores_what_is_queued_and_ends_the_thread(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    before = set(threading.enumerate())
    writer.start()
    (thread,) = set(threading.enumerate()) - before
    futures = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON)
        for number in range(500)
    ]
    writer.close()
    assert not thread.is_alive()
    assert await asyncio.gather(*futures) == [None] * 500
    assert len(ids(path)) == 500
    assert not has_journal(path)


async def test_closing_twice_does_no_harm(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    writer.start()
    writer.close()
    writer.close()


async def test_a_writer_that_never_began_can_be_closed(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    with pytest.raises(HistoryClosedError):
        await writer.record(asked("a"), at=NOON)
    writer.close()
    assert not has_journal(path)


async def test_a_closed_writer_refuses_by_name(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    writer.start()
    writer.close()
    with pytest.raises(HistoryClosedError):
        await writer.record(asked("a"), at=NOON)
    with pytest.raises(HistoryClosedError):
        await writer.query(lambda db: db.devices(SERVER))
    with pytest.raises(HistoryClosedError):
        await writer.hold()


async def test_closing_does_not_wait_for_ever(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    writer.start()
    with busy(writer), pytest.raises(HistoryTimeoutError) as caught:
        writer.close(limit_seconds=0.01)
    assert caught.value.limit_seconds == 0.01
    writer.close()


async def test_a_held_file_is_whole_without_its_journal(
    writer: HistoryWriter, path: Path, tmp_path: Path
) -> None:
    await writer.record(asked("a"), at=NOON)
    await writer.hold()
    waiting = writer.record(asked("b", endpoint=OTHER), at=NOON)
    seen = await writer.query(lambda db: len(db.active_sessions(SERVER)))
    copy = copied(path, tmp_path / "copy.db")
    assert not has_journal(path)
    assert seen == 1
    assert not waiting.done()
    writer.release()
    await waiting
    assert ids(path) == ["a", "b"]
    with closing(HistoryDb.open(copy)) as restored:
        assert restored.moved_aside is None
        assert restored.active_sessions(SERVER) == [asked("a")]


async def test_two_that_hold_at_once_are_both_told(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        holds = [writer.hold(), writer.hold(), writer.hold()]
        assert holds[1].cancel()
    await asyncio.gather(holds[0], holds[2])
    writer.release()
    await writer.record(asked("a"), at=NOON)
    assert ids(path) == ["a"]


async def test_a_hold_that_nobody_waits_for_still_holds(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        assert writer.hold().cancel()
        waiting = writer.record(asked("a"), at=NOON)
    await writer.query(lambda _: None)
    assert not waiting.done()
    writer.release()
    await waiting
    assert ids(path) == ["a"]


async def test_closing_ends_a_hold(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path), asyncio.get_running_loop())
    writer.start()
    await writer.hold()
    waiting = writer.record(asked("a"), at=NOON)
    writer.close()
    await waiting
    assert ids(path) == ["a"]


async def test_a_release_without_a_hold_does_nothing(writer: HistoryWriter, path: Path) -> None:
    writer.release()
    await writer.record(asked("a"), at=NOON)
    assert ids(path) == ["a"]


async def test_many_may_wait_at_once(writer: HistoryWriter) -> None:
    sessions = [asked(f"{number}", endpoint=Endpoint(f"{number}")) for number in range(600)]
    await asyncio.gather(*(writer.record(each, at=NOON) for each in sessions))
    assert await writer.query(lambda db: db.active_sessions(SERVER)) == sessions


async def test_a_caller_that_is_cancelled_leaves_its_work_to_be_stored(
    writer: HistoryWriter, path: Path
) -> None:
    with busy(writer):
        cancelled = writer.record(asked("a"), at=NOON)
        kept = writer.record(asked("b", endpoint=OTHER), at=NOON)
        assert cancelled.cancel()
    await kept
    assert ids(path) == ["a", "b"]


def test_an_event_loop_that_has_ended_does_not_stop_the_writer(path: Path) -> None:
    loop = asyncio.new_event_loop()
    writer = HistoryWriter(HistoryDb.open(path), loop)
    writer.start()
    with busy(writer):
        waiting = writer.record(asked("a"), at=NOON)
        loop.close()
    writer.close()
    assert not waiting.done()
    assert ids(path) == ["a"]


async def test_the_thread_is_named_for_whoever_looks_at_it(writer: HistoryWriter) -> None:
    name = await writer.query(lambda _: threading.current_thread().name)
    assert name == "flownexus_ota history"


async def test_phases_are_stored_by_their_own_words(writer: HistoryWriter, path: Path) -> None:
    await writer.record(replace(asked("a"), phase=Phase.STAGED), at=NOON)
    with closing(sqlite3.connect(path)) as other:
        found = other.execute("SELECT phase, endpoint FROM firmware_update").fetchall()
    assert found == [("staged", THINGY)]
