"""Have the Python that the demo runs on, then become it."""

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
    except SetupError as err:
        say(f"scripts/demo: {err}")
        return 1
    except KeyboardInterrupt:
        say("scripts/demo: interrupted while it was set up; what is there is used the next time")
        return 1
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    os.execve(python, [str(python), "-m", "harness.demo", *arguments], env)  # noqa: S606  no shell
