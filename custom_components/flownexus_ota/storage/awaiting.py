"""Await the writer's futures in an event loop."""

import asyncio


async def stored[T](future: asyncio.Future[T]) -> T:
    """Return what a future of the writer ends with."""
    return await future
