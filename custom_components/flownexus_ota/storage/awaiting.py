"""Await the writer's futures in an event loop."""

import asyncio
from concurrent.futures import Future


async def stored[T](future: Future[T]) -> T:
    """Return what the future of a writer ends with that settles in this event loop's thread.

    A caller that is cancelled leaves its work to be stored all the same: what was to be remembered
    is remembered.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[T] = loop.create_future()

    def end(ended: Future[T]) -> None:
        if waiter.done() or loop.is_closed():
            return
        error = ended.exception()
        if error is None:
            waiter.set_result(ended.result())
        else:
            waiter.set_exception(error)

    future.add_done_callback(end)
    return await waiter
