"""A server whose answers can be held back, and which counts what is asked of it at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import override

from custom_components.flownexus_ota.lwm2m.events import Endpoint, Registration, ResourceValues
from custom_components.flownexus_ota.lwm2m.exchange import Delivery
from custom_components.flownexus_ota.lwm2m.path import ResourcePath
from tests.fakes import FakeGateway


class HeldGateway(FakeGateway):
    """Lists, reads and writes wait for their gates, which are open in the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.listing, self.reading, self.writing = (asyncio.Event() for _ in range(3))
        for gate in (self.listing, self.reading, self.writing):
            gate.set()
        self.in_flight = self.most_in_flight = 0

    @override
    async def registrations(self) -> AsyncIterator[Registration]:
        as_of_now = [registration async for registration in super().registrations()]
        await self.listing.wait()
        for registration in as_of_now:
            yield registration

    @override
    async def read(
        self, endpoint: Endpoint, path: ResourcePath, *, timeout_seconds: int = 1
    ) -> ResourceValues:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            values = await super().read(endpoint, path)
            await self.reading.wait()
        finally:
            self.in_flight -= 1
        return values

    @override
    async def write(
        self, endpoint: Endpoint, path: ResourcePath, value: str, *, timeout_seconds: int = 1
    ) -> Delivery:
        delivery = await super().write(endpoint, path, value)
        await self.writing.wait()
        return delivery
