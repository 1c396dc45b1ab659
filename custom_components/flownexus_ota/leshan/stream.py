"""The one event connection to a server: read without pause, opened again and again."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import aiohttp

from ..lwm2m.exchange import Lwm2mError, UnreadableReplyError
from .pacing import Breather, Timing
from .sse import ServerSentEvent, SseDecoder, StreamLimitError

# A stalled reader holds up Leshan's CoAP threads, so we read on and hold what nobody took yet:
# ten thousand devices that register anew are some 30 MB.
MAX_HELD_BYTES: Final = 64 * 1024 * 1024
_EVENT_OVERHEAD_BYTES: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamBegan:
    """A connection is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamEnded:
    """There is no connection; told again only when the kind of problem changes."""

    problem: Lwm2mError


type StreamItem = ServerSentEvent | StreamBegan | StreamEnded
type Connect = Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]]


class EventFeed:
    """Reads the event stream into a bounded store, from which one consumer takes."""

    def __init__(
        self, connect: Connect, timing: Timing, *, max_held_bytes: int = MAX_HELD_BYTES
    ) -> None:
        """Take the function that opens a connection and raises Lwm2mErrors."""
        self._connect = connect
        self._timing = timing
        self._max_held_bytes = max_held_bytes
        self._held: deque[StreamItem] = deque()
        self._held_bytes = 0
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._told_problem: type[Lwm2mError] | None = None

    async def items(self) -> AsyncGenerator[StreamItem]:
        """Yield what comes, for ever, and give way; the reading task ends with this generator."""
        reader = asyncio.create_task(self._read_for_ever(), name="leshan event stream")
        reader.add_done_callback(lambda _: self._arrived.set())
        try:
            while True:
                breather = Breather()  # whoever waits, as we did, gives way by it
                while self._held:
                    yield self._take()
                    await breather.give_way()
                self._drained.set()
                if reader.done():
                    reader.result()
                self._arrived.clear()
                await self._arrived.wait()
        finally:
            reader.cancel()
            await asyncio.wait([reader])

    async def _read_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun = loop.time()
            problem = await self._read_until_it_ends()
            if type(problem) is not self._told_problem:
                self._told_problem = type(problem)
                self._hold(StreamEnded(problem=problem))
            # Only a connection that has outlived the heartbeat shows that the server is well.
            is_stable = loop.time() - begun > self._timing.silence_seconds
            failures = 1 if is_stable else failures + 1
            # A consumer that does not keep up would only overflow again.
            await self._drained.wait()
            await asyncio.sleep(self._timing.reconnect_delay_seconds(failures))

    async def _read_until_it_ends(self) -> Lwm2mError:
        try:
            async with self._connect() as response:
                self._told_problem = None
                self._hold(StreamBegan())
                await self._read(response.content)
        except Lwm2mError as err:
            return err
        return UnreadableReplyError("the server ended the event stream")

    async def _read(self, content: aiohttp.StreamReader) -> None:
        decoder = SseDecoder()
        async for chunk in content.iter_any():
            try:
                for event in decoder.feed(chunk):
                    self._hold(event)
            except StreamLimitError as err:
                raise UnreadableReplyError(str(err)) from err
            if self._held_bytes > self._max_held_bytes:
                raise UnreadableReplyError("more events than could be worked off")

    def _hold(self, item: StreamItem) -> None:
        self._held.append(item)
        self._held_bytes += _size_bytes(item)
        self._drained.clear()
        self._arrived.set()

    def _take(self) -> StreamItem:
        item = self._held.popleft()
        self._held_bytes -= _size_bytes(item)
        return item


def _size_bytes(item: StreamItem) -> int:
    match item:
        case ServerSentEvent(data=data):
            return _EVENT_OVERHEAD_BYTES + len(data)
        case _:
            return _EVENT_OVERHEAD_BYTES
