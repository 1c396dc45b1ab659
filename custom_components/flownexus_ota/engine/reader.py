"""Reading many devices that came at once: coalesced by endpoint, bounded, the urgent ones first."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from ..lwm2m.events import Endpoint
from ..lwm2m.exchange import Lwm2mError
from ..ota.device_facts import DeviceFacts
from .device_book import DeviceBook, DeviceRecord
from .gateway import DeviceGateway
from .reading import read_device

_LOGGER = logging.getLogger(__name__)

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


class DeviceReader:
    """Reads a device once for each registration."""

    def __init__(
        self,
        gateway: DeviceGateway,
        book: DeviceBook,
        *,
        on_read: Callable[[DeviceRecord], None],
        on_facts: Callable[[DeviceRecord, DeviceFacts], None],
    ) -> None:
        """Take the port, the book, and who is told of a device that answered and of its facts."""
        self._gateway = gateway
        self._book = book
        self._on_read = on_read
        self._on_facts = on_facts

    async def read(self, endpoint: Endpoint) -> None:
        """Read a device that registered; one that does not answer is shown with what is known."""
        record = self._book.get(endpoint)
        if record is None or record.is_read or not record.is_registered:
            return
        registration_id, is_read = record.registration_id, False
        try:
            facts = await read_device(self._gateway, record.facts)
        except Lwm2mError as err:
            _LOGGER.debug("%s was not read: %s", endpoint, err)
            facts = record.facts
        else:
            is_read = True
        if self._book.get(endpoint) is not record or record.registration_id != registration_id:
            return  # forgotten, or to be read again: it may have told this before it restarted
        record.is_read = is_read
        record.is_shown = True
        record.learn(facts)
        if is_read:
            self._on_read(record)
        self._on_facts(record, facts)
