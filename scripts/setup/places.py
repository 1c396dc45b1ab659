"""Where set-up puts things: one folder, git-ignored, `.cache/` of the clone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .console import say

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("FLOWNEXUS_OTA_CACHE") or REPOSITORY / ".cache").resolve()
REQUIREMENTS = REPOSITORY / "requirements"


@contextmanager
def cache_lock() -> Iterator[None]:
    """Hold the cache folder against a second set-up at the same time.

    Not re-entrant. The lock goes with the process, however that ends.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: another set-up is at work in this folder; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
