"""scripts/soak as a person types it, for three minutes."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from harness.process import ManagedProcess
from scripts.setup.places import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CLEAN = "lost=0 doubled=0 false=0 unfinished=0"


@pytest.mark.timeout(900)  # three minutes, and what is under way then
async def test_three_minutes_of_faults_lose_double_and_invent_nothing(tmp_path: Path) -> None:
    line: list[str | Path] = [
        sys.executable,
        REPOSITORY / "scripts/soak",
        "--minutes=3",
        "--devices=100",
    ]
    log_file = tmp_path / "soak.log"
    async with AsyncExitStack() as ends:
        process = await ManagedProcess.start("soak", line, folder=tmp_path, log_file=log_file)
        ends.push_async_callback(process.stop)
        status = await process.wait()
    assert (status, process.lines[-1].partition(" ")[2]) == (0, CLEAN), process.tail
    assert process.lines[-1] != f"updates=0 {CLEAN}"
