"""The history: how many transitions become durable per second, and what SQLite itself can do."""

import asyncio
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmark.figures import Bound, Figure, Result
from benchmark.sizes import Sizes
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.session_state import Session, Target
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.writer import HistoryWriter
from scripts.setup.places import REPOSITORY

_PHASES: Final = (Phase.OFFERED, Phase.TRANSFERRING, Phase.STAGED, Phase.INSTALLING)
_BATCH: Final = 100


async def measure(sizes: Sizes) -> Result:
    """Store transitions of many sessions at once; beside it, plain inserts into plain SQLite."""
    scratch = REPOSITORY / ".cache" / "benchmark"
    scratch.mkdir(parents=True, exist_ok=True)
    # On the repository's disk: a sync costs nothing on a file system in memory.
    with TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        files = [folder / f"{number}.db" for number in range(sizes.rounds)]
        rates = [await _transitions_per_s(each, sizes) for each in files]
        count = sizes.transitions // 20
        one_by_one = await asyncio.to_thread(_plain_per_s, folder / "one.db", count, 1)
        by_hundreds = await asyncio.to_thread(
            _plain_per_s, folder / "hundred.db", sizes.transitions, _BATCH
        )
    figures = (
        Figure(
            what=f"durable transitions through the history, {sizes.history_sessions:,} sessions",
            value=max(each["per_s"] for each in rates),
            unit="/s",
            limit=20_000,
            bound=Bound.AT_LEAST,
            note="each a row changed and a row added, awaited by its own task; the disk and its "
            "neighbours count here",
        ),
        Figure(
            what="CPU of a transition, the session's task included",
            value=min(each["cpu_us"] for each in rates),
            unit="µs",
        ),
        Figure(
            what="plain rows into plain SQLite (WAL, FULL), one by one",
            value=one_by_one,
            unit="/s",
        ),
        Figure(what="the same, by hundreds", value=by_hundreds, unit="/s"),
    )
    raw: dict[str, Any] = {"history": rates, "one_by_one": one_by_one, "by_hundreds": by_hundreds}
    return Result(name="history", figures=figures, raw=raw)


async def _transitions_per_s(path: Path, sizes: Sizes) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    writer = HistoryWriter(await asyncio.to_thread(HistoryDb.open, path), loop)
    writer.start()
    sessions = [_session(number) for number in range(sizes.history_sessions)]
    await asyncio.gather(*(writer.record(each, at=each.created_at) for each in sessions))
    each_s = sizes.transitions // len(sessions)
    steps = [_steps(each) for each in sessions]
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_go_on(writer, each, each_s) for each in steps))
    spent_s, spent_cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    await asyncio.to_thread(writer.close)
    count = each_s * len(sessions)
    return {"per_s": count / spent_s, "cpu_us": spent_cpu_s / count * 1_000_000}


def _steps(session: Session) -> list[Session]:
    return [replace(session, phase=phase, waiting_reason=None) for phase in _PHASES]


async def _go_on(writer: HistoryWriter, steps: list[Session], count: int) -> None:
    for number in range(count):
        step = steps[number % len(steps)]
        await writer.record(step, at=step.created_at, evidence="5/0/3 = 1", token_sha256="4f" * 32)


def _session(number: int) -> Session:
    return Session(
        id=f"{number:032x}",
        server_id="benchmark",
        endpoint=Endpoint(f"idle-{number:05}"),
        target=Target(
            sha256="4f" * 32,
            size_bytes=250_000,
            version="1.4.2",
            expected_version="1.4.2",
            file_name="thingy-1.4.2.bin",
        ),
        created_at=datetime.now(UTC),
        asked_by=None,
        from_version="1.4.1",
    )


def _plain_per_s(path: Path, count: int, batch: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE step (id INTEGER PRIMARY KEY, at TEXT, evidence TEXT)")
    begun_s = time.perf_counter()
    for start in range(0, count, batch):
        connection.execute("BEGIN IMMEDIATE")
        for number in range(start, start + batch):
            connection.execute("INSERT INTO step VALUES (?, 'now', '5/0/3 = 1')", (number,))
        connection.execute("COMMIT")
    spent_s = time.perf_counter() - begun_s
    connection.close()
    return count / spent_s
