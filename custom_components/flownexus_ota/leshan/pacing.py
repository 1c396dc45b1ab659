"""Limits of time and of number: how long we wait, how many at once, how long without a pause."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from ..lwm2m.events import Endpoint

MAX_REQUESTS_PER_SERVER: Final = 32
# The longest that our own loops keep the event loop before others get their turn.
LONGEST_BLOCK_SECONDS: Final = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long a client waits for what."""

    connect_seconds: float = 10
    # Jetty sends a heartbeat every 10 s (EventSourceServlet.heartBeatPeriod); three missed is a
    # dead link.
    silence_seconds: float = 30
    list_seconds: float = 120
    # Leshan answers 504 at its own limit; ours must be later to hear it.
    grace_seconds: float = 5
    first_delay_seconds: float = 1
    longest_delay_seconds: float = 60

    def reconnect_delay_seconds(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, at random against herds."""
        longest = min(self.longest_delay_seconds, self.first_delay_seconds * 2 ** min(failures, 16))
        return max(self.first_delay_seconds, random.uniform(longest / 2, longest))  # no secret


DEFAULT_TIMING: Final = Timing()


class RequestLimits:
    """At most 32 requests under way, one per endpoint; who came first is served first."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._server = asyncio.Semaphore(MAX_REQUESTS_PER_SERVER)
        self._endpoints: WeakValueDictionary[Endpoint, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, endpoint: Endpoint) -> AsyncGenerator[None]:
        """Wait for the endpoint's turn, then for the server's."""
        lock = self._endpoints.setdefault(endpoint, asyncio.Lock())
        async with lock, self._server:
            yield


class Breather:
    """Gives other tasks their turn in a loop that would run on for long."""

    def __init__(self) -> None:
        """Begin to count now."""
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def give_way(self) -> None:
        """Let other tasks run if ten milliseconds have passed since they last could."""
        if self._loop.time() - self._since >= LONGEST_BLOCK_SECONDS:
            await asyncio.sleep(0)
            self._since = self._loop.time()
