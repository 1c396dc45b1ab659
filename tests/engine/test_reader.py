"""The queue of devices to read."""

import asyncio
from contextlib import suppress

from custom_components.flownexus_ota.engine.reader import ReadQueue
from custom_components.flownexus_ota.lwm2m.events import Endpoint

A, B, C = Endpoint("a"), Endpoint("b"), Endpoint("c")


async def read_all(queue: ReadQueue, seen: list[Endpoint], count: int) -> None:
    """Let the queue run until it has read so many."""
    task = asyncio.create_task(queue.run())
    async with asyncio.timeout(5):
        while len(seen) < count:  # noqa: ASYNC110 # no event stands for it
            await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_endpoint_that_is_asked_for_twice_is_read_once() -> None:
    seen: list[Endpoint] = []

    async def read(endpoint: Endpoint) -> None:
        seen.append(endpoint)

    queue = ReadQueue(read)
    for endpoint in (A, B, A):
        queue.add(endpoint, is_urgent=False)
    assert len(queue) == 2
    await read_all(queue, seen, 2)
    assert seen == [A, B]


async def test_the_urgent_ones_come_first_and_those_that_are_gone_not_at_all() -> None:
    seen: list[Endpoint] = []

    async def read(endpoint: Endpoint) -> None:
        seen.append(endpoint)

    queue = ReadQueue(read)
    queue.add(A, is_urgent=False)
    queue.add(B, is_urgent=False)
    queue.add(C, is_urgent=True)
    queue.add(B, is_urgent=True)
    queue.discard(A)
    queue.discard(Endpoint("nobody"))
    await read_all(queue, seen, 2)
    assert seen == [B, C]
