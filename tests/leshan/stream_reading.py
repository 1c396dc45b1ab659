"""Taking events from the client, each wait with an end."""

import asyncio
from collections.abc import AsyncGenerator

from custom_components.flownexus_ota.leshan.stream import (
    StreamEnded,
    StreamItem,
)
from custom_components.flownexus_ota.lwm2m.events import (
    Awake,
    Endpoint,
    ServerEvent,
)

AWAKE = b'event: AWAKE\r\ndata: {"ep":"e"}\r\n\r\n'
WOKEN = Awake(endpoint=Endpoint("e"))


async def take(events: AsyncGenerator[ServerEvent], number: int) -> list[ServerEvent]:
    """Return the next events."""
    async with asyncio.timeout(60):
        return [await anext(events) for _ in range(number)]


async def until_stream_ends(items: AsyncGenerator[StreamItem]) -> list[object]:
    """Return the items of one connection, and the problem that ended it."""
    seen: list[object] = []
    async for item in items:
        if isinstance(item, StreamEnded):
            return [*seen, item.problem]
        seen.append(item)
    return seen
