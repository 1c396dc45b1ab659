"""scripts/demo as a person types it."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from harness.process import ManagedProcess
from harness.waiting import poll_until
from scripts.setup.places import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

DEFAULTS = ("--leshan=simulator",)
UP_LIMIT_SECONDS = 180.0
END_LIMIT_SECONDS = 60.0

type Demo = Callable[..., Awaitable[ManagedProcess]]


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    """Start scripts/demo with options; it is ended after the test, if it has not ended before."""
    async with AsyncExitStack() as ends:

        async def start(*options: str) -> ManagedProcess:
            line: list[str | Path] = [
                sys.executable,
                REPOSITORY / "scripts/demo",
                *DEFAULTS,
                *options,
            ]
            log_file = tmp_path / "demo.log"
            process = await ManagedProcess.start("demo", line, folder=tmp_path, log_file=log_file)
            ends.push_async_callback(process.stop)
            return process

        yield start


def parts_in(folder: Path) -> list[str]:
    """Return the command lines of the parts that have something to do with a folder."""
    lines = [command_line(file) for file in Path("/proc").glob("[0-9]*/cmdline")]
    return [line for line in lines if str(folder) in line and "harness.demo" not in line]


def command_line(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


async def until_gone(folder: Path) -> None:
    async def is_gone() -> bool:
        return not parts_in(folder)

    await poll_until(is_gone, "every part to end", limit_seconds=END_LIMIT_SECONDS)


async def until_invited(process: ManagedProcess) -> None:
    await process.until(
        lambda: any(line.startswith("Ctrl-C") for line in process.lines),
        "the page to be there",
        limit_seconds=UP_LIMIT_SECONDS,
    )


async def test_once_ends_with_0_after_the_device_itself_runs_the_new_version(demo: Demo) -> None:
    process = await demo("--once", "--devices=2", "--sleepy=1")
    assert await process.wait() == 0
    assert process.lines[-1] == "OK: thingy-1 itself says that it runs 1.2.0"
    assert any("update_percentage=" in line for line in process.lines)


async def test_once_ends_with_1_and_the_reason_if_the_update_fails(demo: Demo) -> None:
    process = await demo("--once", "--devices=1", "--failing=1")
    assert await process.wait() == 1
    assert process.lines[-1].startswith("FAILED: Home Assistant says: thingy-1 found the image of")


async def test_ctrl_c_ends_every_part(demo: Demo, tmp_path: Path) -> None:
    process = await demo(f"--keep={tmp_path / 'kept'}", "--devices=1")
    await until_invited(process)
    assert parts_in(tmp_path / "kept")
    os.kill(process.pid, signal.SIGINT)
    assert await process.wait() == 0
    assert parts_in(tmp_path / "kept") == []


async def test_a_killed_demo_leaves_no_part_behind_and_its_folder_can_be_used_again(
    demo: Demo, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    process = await demo(f"--keep={kept}", "--devices=1")
    await until_invited(process)
    os.kill(process.pid, signal.SIGKILL)
    await until_gone(kept)
    again = await demo(f"--keep={kept}", "--devices=1", "--once")
    assert await again.wait() == 0
