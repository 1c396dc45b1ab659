import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.storage.awaiting import stored
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

    writer.query(work)
    try:
        assert began.wait(WAIT_SECONDS)
        yield
    finally:
        may_end.set()


def ids(path: Path) -> list[object]:
    return [row[0] for row in query(path, "SELECT id FROM firmware_update ORDER BY number")]


def test_what_is_recorded_is_on_the_disk_when_its_future_is_done(
    writer: HistoryWriter, path: Path
) -> None:
    writer.record(asked("a"), at=NOON, evidence="asked for", token_sha256="11" * 32).result(
        WAIT_SECONDS
    )
    assert ids(path) == ["a"]
    assert query(path, "SELECT token_sha256 FROM firmware_update") == [("11" * 32,)]
    assert query(path, "SELECT evidence FROM firmware_update_event") == [("asked for",)]


def test_steps_are_stored_in_the_order_they_were_submitted(writer: HistoryWriter) -> None:
    steps = [replace(asked("a"), offer_count=count) for count in range(100)]
    futures = [writer.record(step, at=NOON, evidence=f"{step.offer_count}") for step in steps]
    events = writer.query(lambda db: db.events("a")).result(WAIT_SECONDS)
    assert all(future.done() for future in futures)
    assert [event.evidence for event in events] == [f"{count}" for count in range(100)]


def test_work_gives_its_value(writer: HistoryWriter) -> None:
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    assert writer.submit(lambda db: db.prune(before=NOON)).result(WAIT_SECONDS) == 0
    assert writer.query(lambda db: db.active_sessions(SERVER)).result(WAIT_SECONDS) == [asked("a")]


def test_all_that_waited_for_the_disk_is_one_commit(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        for number in range(50):
            writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON)
        # The last one of the batch asks another connection, which sees what is committed.
        seen_from_outside = writer.query(lambda _: ids(path))
        seen_from_inside = writer.query(lambda db: len(db.active_sessions(SERVER)))
    assert seen_from_outside.result(WAIT_SECONDS) == []
    assert seen_from_inside.result(WAIT_SECONDS) == 50
    assert len(ids(path)) == 50


def test_one_bad_item_of_a_batch_fails_alone(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        first = writer.record(asked("a"), at=NOON)
        second = writer.record(asked("b"), at=NOON)
        third = writer.record(asked("c", endpoint=OTHER), at=NOON)
    assert isinstance(second.exception(WAIT_SECONDS), ActiveSessionExistsError)
    assert first.result(WAIT_SECONDS) is None
    assert third.result(WAIT_SECONDS) is None
    assert ids(path) == ["a", "c"]


def test_work_that_errs_leaves_nothing_of_itself(writer: HistoryWriter, path: Path) -> None:
    def record_then_err(db: HistoryDb) -> None:
        db.record(asked("a"), at=NOON)
        raise ZeroDivisionError

    assert isinstance(writer.submit(record_then_err).exception(WAIT_SECONDS), ZeroDivisionError)
    writer.record(asked("b"), at=NOON).result(WAIT_SECONDS)
    assert ids(path) == ["b"]


def test_work_that_was_cancelled_before_it_began_is_left_out(
    writer: HistoryWriter, path: Path
) -> None:
    with busy(writer):
        cancelled = writer.record(asked("a"), at=NOON)
        kept = writer.record(asked("b", endpoint=OTHER), at=NOON)
        assert cancelled.cancel()
    kept.result(WAIT_SECONDS)
    assert ids(path) == ["b"]


def test_the_queue_has_a_bound(path: Path) -> None:
    with closing(HistoryWriter(HistoryDb.open(path), queue_limit=2)) as writer:
        writer.start()
        with busy(writer):
            writer.record(asked("a"), at=NOON)
            last = writer.record(asked("b", endpoint=OTHER), at=NOON)
            with pytest.raises(HistoryQueueFullError) as caught:
                writer.record(asked("c", endpoint=Endpoint("third")), at=NOON)
        assert caught.value.limit == 2
        last.result(WAIT_SECONDS)
        writer.record(asked("d", endpoint=Endpoint("fourth")), at=NOON).result(WAIT_SECONDS)
    assert ids(path) == ["a", "b", "d"]


def test_closing_stores_what_is_queued_and_ends_the_thread(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    before = threading.active_count()
    writer.start()
    futures = [
        writer.record(asked(f"{number}", endpoint=Endpoint(f"{number}")), at=NOON)
        for number in range(500)
    ]
    writer.close()
    assert threading.active_count() == before
    assert all(future.done() for future in futures)
    assert len(ids(path)) == 500
    assert not Path(f"{path}-wal").exists()


def test_closing_twice_does_no_harm(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    writer.start()
    writer.close()
    writer.close()


def test_a_writer_that_never_began_can_be_closed(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    with pytest.raises(HistoryClosedError):
        writer.record(asked("a"), at=NOON)
    writer.close()
    assert not Path(f"{path}-wal").exists()


def test_a_closed_writer_refuses_by_name(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    writer.start()
    writer.close()
    with pytest.raises(HistoryClosedError):
        writer.record(asked("a"), at=NOON)
    with pytest.raises(HistoryClosedError):
        writer.query(lambda db: db.devices(SERVER))
    with pytest.raises(HistoryClosedError):
        writer.hold()


def test_closing_does_not_wait_for_ever(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    writer.start()
    with busy(writer), pytest.raises(HistoryTimeoutError) as caught:
        writer.close(limit_seconds=0.01)
    assert caught.value.limit_seconds == 0.01
    writer.close()


def test_a_held_file_is_whole_without_its_journal(
    writer: HistoryWriter, path: Path, tmp_path: Path
) -> None:
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    writer.hold().result(WAIT_SECONDS)
    waiting = writer.record(asked("b", endpoint=OTHER), at=NOON)
    seen = writer.query(lambda db: len(db.active_sessions(SERVER))).result(WAIT_SECONDS)
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    assert Path(f"{path}-wal").stat().st_size == 0
    assert seen == 1
    assert not waiting.done()
    writer.release()
    waiting.result(WAIT_SECONDS)
    assert ids(path) == ["a", "b"]
    with closing(HistoryDb.open(copy)) as restored:
        assert restored.moved_aside is None
        assert restored.active_sessions(SERVER) == [asked("a")]


def test_two_that_hold_at_once_are_both_told(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        holds = [writer.hold(), writer.hold(), writer.hold()]
        assert holds[1].cancel()
    done, pending = wait([holds[0], holds[2]], WAIT_SECONDS)
    assert len(done) == 2
    assert pending == set()
    writer.release()
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    assert ids(path) == ["a"]


def test_a_hold_that_nobody_waits_for_still_holds(writer: HistoryWriter, path: Path) -> None:
    with busy(writer):
        assert writer.hold().cancel()
        waiting = writer.record(asked("a"), at=NOON)
    writer.query(lambda _: None).result(WAIT_SECONDS)
    assert not waiting.done()
    writer.release()
    waiting.result(WAIT_SECONDS)
    assert ids(path) == ["a"]


def test_closing_ends_a_hold(path: Path) -> None:
    writer = HistoryWriter(HistoryDb.open(path))
    writer.start()
    writer.hold().result(WAIT_SECONDS)
    waiting = writer.record(asked("a"), at=NOON)
    writer.close()
    assert waiting.result(WAIT_SECONDS) is None
    assert ids(path) == ["a"]


def test_a_release_without_a_hold_does_nothing(writer: HistoryWriter, path: Path) -> None:
    writer.release()
    writer.record(asked("a"), at=NOON).result(WAIT_SECONDS)
    assert ids(path) == ["a"]


def test_many_threads_may_submit_at_once(writer: HistoryWriter, path: Path) -> None:
    futures: list[Future[None]] = []

    def submit(device: int) -> None:
        session = asked(f"{device}", endpoint=Endpoint(f"{device}"))
        futures.extend(writer.record(session, at=NOON) for _ in range(50))

    threads = [threading.Thread(target=submit, args=(device,)) for device in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    done, pending = wait(futures, WAIT_SECONDS)
    assert len(done) == 400
    assert pending == set()
    assert query(path, "SELECT count(*) FROM firmware_update_event") == [(400,)]


async def open_in_loop(path: Path) -> HistoryWriter:
    loop = asyncio.get_running_loop()
    writer = HistoryWriter(
        await asyncio.to_thread(HistoryDb.open, path), settle_in=loop.call_soon_threadsafe
    )
    writer.start()
    return writer


async def test_an_event_loop_awaits_what_is_stored(path: Path) -> None:
    writer = await open_in_loop(path)
    sessions = [asked(f"{number}", endpoint=Endpoint(f"{number}")) for number in range(600)]
    async with asyncio.timeout(WAIT_SECONDS):
        await asyncio.gather(*(stored(writer.record(each, at=NOON)) for each in sessions))
        active = await stored(writer.query(lambda db: db.active_sessions(SERVER)))
        with pytest.raises(ActiveSessionExistsError):
            await stored(writer.record(asked("twice", endpoint=sessions[0].endpoint), at=NOON))
        await stored(writer.hold())
    await asyncio.to_thread(writer.close)
    assert active == sessions


async def test_a_caller_that_is_cancelled_leaves_its_work_to_be_stored(path: Path) -> None:
    writer = await open_in_loop(path)
    with busy(writer):
        task = asyncio.create_task(stored(writer.record(asked("a"), at=NOON)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.to_thread(writer.close)
    assert ids(path) == ["a"]


def test_an_event_loop_that_has_ended_does_not_stop_the_writer(path: Path) -> None:
    loop = asyncio.new_event_loop()
    writer = loop.run_until_complete(open_in_loop(path))
    with busy(writer):
        awaited = loop.create_task(stored(writer.record(asked("a"), at=NOON)))
        loop.run_until_complete(asyncio.sleep(0))
        awaited.cancel()
        loop.run_until_complete(asyncio.wait([awaited]))
        loop.close()
    writer.close()
    assert ids(path) == ["a"]


def test_the_thread_is_named_for_whoever_looks_at_it(writer: HistoryWriter) -> None:
    name = writer.query(lambda _: threading.current_thread().name).result(WAIT_SECONDS)
    assert name == "flownexus_ota history"


def test_phases_are_stored_by_their_own_words(writer: HistoryWriter, path: Path) -> None:
    writer.record(replace(asked("a"), phase=Phase.STAGED), at=NOON).result(WAIT_SECONDS)
    with closing(sqlite3.connect(path)) as other:
        found = other.execute("SELECT phase, endpoint FROM firmware_update").fetchall()
    assert found == [("staged", THINGY)]
