"""Have the Python that takes the pictures, then become it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from scripts.setup.console import SetupError, say
from scripts.setup.environments import environment
from scripts.setup.places import REPOSITORY, cache_lock


def main(arguments: Sequence[str]) -> int:  # noqa: RET503  execve does not return
    """Check the options and set up; return only if that fails."""
    given = _parser().parse_args(arguments)
    try:
        with cache_lock():
            python = environment("test")
            environment("hass")
    except SetupError as err:
        say(f"scripts/screenshots: {err}")
        return 1
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    line = [str(python), "-m", "harness.screenshots", str(given.folder.resolve())]
    os.execve(python, line, env)  # noqa: S606  no shell


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Take every picture of the documentation anew: Leshan, Home Assistant with the "
        "integration, simulated devices and Chromium, all real. Look at each before you commit it.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=REPOSITORY / "docs/images",
        help="where they are written (default: docs/images)",
    )
    return parser
