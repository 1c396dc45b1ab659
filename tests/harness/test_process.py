"""Programs that the stage starts, and their ends."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from harness.process import ManagedProcess
from harness.waiting import StageError

LIMIT_SECONDS = 120.0
WAITS = "print('ready', flush=True); import time; time.sleep(600)"
HAS_A_CHILD = (
    "import subprocess, sys\n"
    f"child = subprocess.Popen([sys.executable, '-c', {WAITS!r}])\n"
    "print('child', child.pid, flush=True)\n"
    "child.wait()"
)

type Start = Callable[[str], Awaitable[ManagedProcess]]


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start a line of Python; it is ended after the test."""
    async with AsyncExitStack() as ends:

        async def start_python(code: str) -> ManagedProcess:
            log_file = tmp_path / "python.log"
            line = [sys.executable, "-c", code]
            process = await ManagedProcess.start("python", line, folder=tmp_path, log_file=log_file)
            ends.push_async_callback(process.stop)
            return process

        yield start_python


async def until_line(process: ManagedProcess, word: str) -> list[str]:
    def found() -> list[str]:
        return [line for line in process.lines if word in line]

    await process.until(lambda: bool(found()), word, limit_seconds=LIMIT_SECONDS)
    return found()


def command_line(pid: int) -> str:
    """Return nothing for what is gone; a zombie has none either."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except FileNotFoundError, ProcessLookupError:
        return ""


async def test_all_that_is_printed_is_kept(start: Start, tmp_path: Path) -> None:
    process = await start("print('one\\ntwo'); import os; os.write(2, b'thr\\xffee')")
    assert await process.wait() == 0
    assert list(process.lines) == ["one", "two", "thr\ufffdee"]
    assert (tmp_path / "python.log").read_bytes() == b"one\ntwo\nthr\xffee"


async def test_stopping_ends_the_children_too(start: Start) -> None:
    process = await start(HAS_A_CHILD)
    (line,) = await until_line(process, "child")
    await until_line(process, "ready")
    await process.stop()
    assert not process.is_running
    assert command_line(int(line.split()[1])) == ""


async def test_a_program_that_ends_too_early_is_an_error_with_its_last_lines(start: Start) -> None:
    process = await start("print('no such port'); raise SystemExit(3)")
    with pytest.raises(StageError, match=r"(?s)python ended with 3; .*no such port"):
        await process.until(lambda: False, "the end of time", limit_seconds=LIMIT_SECONDS)


async def test_a_wait_that_is_in_vain_says_for_what(start: Start) -> None:
    process = await start(WAITS)
    await until_line(process, "ready")
    with pytest.raises(StageError, match=r"(?s)in vain for better weather.*ready"):
        await process.until(lambda: False, "better weather", limit_seconds=0.01)


async def test_a_program_is_not_told_where_our_own_code_is(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    process = await start("import os; print(os.environ.get('PYTHONPATH'))")
    await process.wait()
    assert list(process.lines) == ["None"]


async def test_stopping_a_program_that_has_ended_does_nothing(start: Start) -> None:
    process = await start("pass")
    await process.wait()
    await asyncio.wait_for(process.stop(), LIMIT_SECONDS)
