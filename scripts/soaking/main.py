"""Have the Python that the soak runs on, then become it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scripts.setup.console import SetupError, say
from scripts.setup.environments import environment
from scripts.setup.places import REPOSITORY, cache_lock

from .options import parse


def main(arguments: Sequence[str]) -> int:  # noqa: RET503  execve does not return
    """Check the options and set up; return only if that fails."""
    parse(arguments)
    try:
        with cache_lock():
            python = environment("test")
            environment("hass")
    except SetupError as err:
        say(f"scripts/soak: {err}")
        return 1
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    os.execve(python, [str(python), "-m", "harness.soak", *arguments], env)  # noqa: S606  no shell
