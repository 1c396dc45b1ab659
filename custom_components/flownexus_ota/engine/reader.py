"""Reading many devices that came at once: coalesced by endpoint, bounded, the urgent ones first."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from ..lwm2m.events import Endpoint

# Leshan keeps a thread per request to a device; the client allows no more in flight (D4).
WORKER_COUNT: Final = 32


class ReadQueue:
    """Endpoints that wait to be read; each is in it once, so it is bounded by the fleet."""

    def __init__(self, read: Callable[[Endpoint], Awaitable[None]]) -> None:
        """Take what reads one endpoint; it must not raise."""
        self._read = read
        self._pending: OrderedDict[Endpoint, None] = OrderedDict()
        self._is_pending = asyncio.Event()

    def __len__(self) -> int:
        """Return how many endpoints wait."""
        return len(self._pending)

    def add(self, endpoint: Endpoint, *, is_urgent: bool) -> None:
        """Ask for an endpoint to be read, before all others if it is urgent."""
        self._pending[endpoint] = None
        if is_urgent:
            self._pending.move_to_end(endpoint, last=False)
        self._is_pending.set()

    def discard(self, endpoint: Endpoint) -> None:
        """Forget an endpoint that is gone."""
        self._pending.pop(endpoint, None)

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(WORKER_COUNT):
                group.create_task(self._work(), name=f"flownexus_ota reader {number}")

    async def _work(self) -> None:
        while True:
            await self._is_pending.wait()
            if not self._pending:
                self._is_pending.clear()
                continue
            endpoint, _ = self._pending.popitem(last=False)
            await self._read(endpoint)
