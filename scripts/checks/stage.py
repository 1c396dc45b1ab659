"""Run one part of the checks as a process: its output as it comes, its last line kept."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.setup.console import say
from scripts.setup.places import REPOSITORY

NO_TESTS_COLLECTED: Final = 5
TOOK_TOO_LONG: Final = 124
END_LIMIT_S: Final = 10.0


@dataclass(frozen=True)
class Ended:
    """How a part ended."""

    title: str
    status: int
    closing_line: str
    is_pytest: bool


def run_stage(
    title: str,
    arguments: Sequence[str | Path],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    is_pytest: bool = False,
) -> Ended:
    """Run a program and print what it prints; end it when its time is up."""
    say(f"\n── {title}")
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    timed_out = threading.Event()

    def end() -> None:
        timed_out.set()
        process.terminate()

    # Two timers: the first asks, the second does not.
    timers = (threading.Timer(limit_s, end), threading.Timer(limit_s + END_LIMIT_S, process.kill))
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        last = _print_through(process)
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait(END_LIMIT_S)
        raise
    finally:
        for timer in timers:
            timer.cancel()
    if timed_out.is_set():
        say(f"ended: no end after {limit_s:.0f} s")
        status = TOOK_TOO_LONG
    return Ended(title, status, last, is_pytest)


def _print_through(process: subprocess.Popen[str]) -> str:
    """Print every line at once; return the last that says something."""
    assert process.stdout is not None  # noqa: S101  it was opened as a pipe
    last = ""
    for line in process.stdout:
        say(line.rstrip("\n"))
        last = line.rstrip() or last
    return last
