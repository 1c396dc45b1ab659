"""More events than a consumer takes, or than fit between two breaths."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from custom_components.flownexus_ota.leshan.client import LeshanClient
from custom_components.flownexus_ota.leshan.stream import (
    EventFeed,
    StreamBegan,
)
from custom_components.flownexus_ota.lwm2m.events import (
    ServerConnected,
)

from .conftest import QUICK
from .scripted_server import ScriptedServer, streaming
from .stream_reading import AWAKE, take, until_stream_ends


async def test_a_slow_consumer_does_not_hold_up_the_server(
    server: ScriptedServer, client: LeshanClient
) -> None:
    sent = asyncio.Event()
    notification = b"event: COAPLOG\ndata: " + b"x" * 10_000 + b"\n\n"

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(1000):  # far more than sockets hold
            await response.write(notification)
        sent.set()
        return response

    server.will_call(flood)
    server.will_always_call(streaming())
    async with aclosing(client.events()) as events:
        assert await take(events, 1) == [ServerConnected()]
        async with asyncio.timeout(60):
            await sent.wait()
        assert len(await take(events, 1000)) == 1000


async def test_a_flood_that_nobody_takes_is_cut_and_the_rest_still_told(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    chunk = b"data: " + b"x" * 1000 + b"\n\n"
    server.will_call(streaming(*[chunk] * 1000))
    server.will_always_call(streaming(AWAKE))
    closed = asyncio.Event()

    @asynccontextmanager
    async def connect() -> AsyncIterator[aiohttp.ClientResponse]:
        async with AsyncExitStack() as stack:
            stack.callback(closed.set)
            yield await stack.enter_async_context(session.get(server.url))

    feed = EventFeed(connect, QUICK, max_held_bytes=10_000)
    async with aclosing(feed.items()) as items, asyncio.timeout(60):
        assert await anext(items) == StreamBegan()
        await closed.wait()
        *kept, end = await until_stream_ends(items)
        assert str(end) == "more events than could be worked off"
        assert 0 < len(kept) < 1000
        assert len(server.seen) == 1  # not before the consumer has caught up
        assert await anext(items) == StreamBegan()


async def test_an_error_of_our_own_reaches_the_consumer() -> None:
    class BrokenError(Exception):
        pass

    @asynccontextmanager
    async def connect() -> AsyncIterator[aiohttp.ClientResponse]:
        raise BrokenError
        yield  # type: ignore[unreachable]

    async with aclosing(EventFeed(connect, QUICK).items()) as items:
        with pytest.raises(BrokenError):
            await anext(items)


async def test_many_events_at_once_leave_room_for_others(
    server: ScriptedServer, client: LeshanClient
) -> None:
    registration = json.dumps({"endpoint": "e", "registrationId": "r", "objectLinks": []})
    one = f"event: REGISTRATION\ndata: {registration}\n\n".encode()
    server.will_call(streaming(one * 5000))
    server.will_always_call(streaming())
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with aclosing(client.events()) as events:
        await take(events, 2)
        other = asyncio.create_task(take_turns())
        assert len(await take(events, 4999)) == 4999
        other.cancel()
    assert turns > 0
