"""Say what is done, run programs, and fail with the line to type."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 25


class SetupError(Exception):
    """A part could not be had; `line_to_type` is what a person can do about it."""

    def __init__(self, reason: str, line_to_type: str) -> None:
        """Keep the reason and the line that mends it."""
        super().__init__(f"{reason}\n  type:  {line_to_type}")
        self.reason = reason
        self.line_to_type = line_to_type


class CommandError(Exception):
    """A program ended with an error, ran too long or is not there."""

    @property
    def gist(self) -> str:
        """The one line of a long output that most likely says why."""
        lines = [line.strip() for line in str(self).splitlines() if len(line.strip()) > 1]
        errors = [line for line in lines[1:] if "error" in line.lower()]
        return (errors or lines)[-1]


def say(text: str) -> None:
    """Print one plain line at once, also into a pipe."""
    print(text, flush=True)


def run(
    arguments: Sequence[str | Path],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run a program to its end and return what it wrote to standard output.

    Raises CommandError with the last lines of its output.
    """
    line = [str(argument) for argument in arguments]
    try:
        done = subprocess.run(
            line,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            timeout=limit_s,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as err:
        raise CommandError(f"{line[0]} is not on this machine") from err
    except subprocess.TimeoutExpired as err:
        raise CommandError(f"{line[0]} gave no answer within {limit_s:.0f} s") from err
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).strip().splitlines()[-TAIL_LINES:]
        raise CommandError(
            f"{' '.join(line[:4])} … ended with {done.returncode}:\n" + "\n".join(tail)
        )
    return done.stdout
