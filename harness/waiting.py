"""Wait for conditions, never for time: every wait has a limit and says what it waited for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

_POLL_SECONDS: Final = 0.1


class StageError(Exception):
    """A part of the stage did not do what it has to; the text is for a person."""


class Changes:
    """Wakes who waits for a condition, each time something may have changed."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Let everybody look again."""
        for event in self._waiting:
            event.set()

    async def until(
        self, condition: Callable[[], bool], what: str, *, limit_seconds: float
    ) -> None:
        """Return once `condition` holds; raise StageError after the limit."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(limit_seconds):
                while not condition():
                    await changed.wait()
                    changed.clear()
        except TimeoutError as err:
            raise StageError(f"waited {limit_seconds:.0f} s in vain for {what}") from err
        finally:
            self._waiting.discard(changed)


async def poll_until(
    is_reached: Callable[[], Awaitable[bool]], what: str, *, limit_seconds: float
) -> None:
    """Return once `is_reached` does; for what tells nobody when it changes."""
    end = time.monotonic() + limit_seconds
    while not await is_reached():
        if time.monotonic() > end:
            raise StageError(f"waited {limit_seconds:.0f} s in vain for {what}")
        await asyncio.sleep(_POLL_SECONDS)
