"""Server-sent events as Jetty's EventSourceServlet writes them."""

import asyncio
import socket
import struct
from typing import Final

from aiohttp import web

# A reader this far behind has stalled; Jetty drops it by its idle timeout of 30 s.
QUEUE_LIMIT: Final = 50_000
JOINED_BYTES: Final = 64 * 1024
MEDIA_TYPE: Final = "text/event-stream"
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class CloseDelimitedResponse(web.StreamResponse):
    """A body that ends with the connection: Jetty uses neither a length nor chunks here."""

    _length_check = False  # aiohttp's own switch, as in its WebSocketResponse


def wants_events(request: web.BaseRequest) -> bool:
    """Whether a request has the line `Accept: text/event-stream`; no other will do."""
    return MEDIA_TYPE in request.headers.getall("Accept", [])


class EventStream:
    """One reader."""

    def __init__(self, request: web.BaseRequest, endpoint: str | None) -> None:
        self._request = request
        self.endpoint = endpoint
        """Only events of this endpoint, if given."""
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_LIMIT)

    def put(self, data: bytes) -> None:
        """Queue bytes; a reader that stalls is dropped."""
        try:
            self.queue.put_nowait(data)
        except asyncio.QueueFull:
            self.reset()

    def end(self) -> None:
        """End the stream properly, after what is queued."""
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    def reset(self) -> None:
        """Break the line: the reader gets a reset, not an end."""
        transport = self._request.transport
        if transport is not None:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class EventStreams:
    """All readers of `/api/event`."""

    def __init__(self, *, heartbeat_seconds: float, chunk_bytes: int | None) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._chunk_bytes = chunk_bytes
        self._streams: set[EventStream] = set()

    def __len__(self) -> int:
        """How many readers are connected."""
        return len(self._streams)

    def publish(self, name: str, data: str, endpoint: str) -> None:
        """Send one event to all readers that want the endpoint's."""
        framed = f"event: {name}\r\ndata: {data}\r\n\r\n".encode()
        for stream in tuple(self._streams):
            if stream.endpoint in (None, endpoint):
                stream.put(framed)

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, framed or not."""
        for stream in tuple(self._streams):
            stream.put(data)

    def end(self) -> None:
        """End all streams properly."""
        for stream in tuple(self._streams):
            stream.end()

    def reset(self) -> None:
        """Break the lines of all streams."""
        for stream in tuple(self._streams):
            stream.reset()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one reader, until it leaves or is cut."""
        response = CloseDelimitedResponse(
            headers={"Content-Type": "text/event-stream;charset=utf-8"}
        )
        response.force_close()
        await response.prepare(request)
        stream = EventStream(request, request.query.get("ep"))
        self._streams.add(stream)
        try:
            await self._pump(stream, response)
        except ConnectionError:
            pass  # the reader left
        finally:
            self._streams.discard(stream)
        return response

    async def _pump(self, stream: EventStream, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        heartbeat_at = loop.time() + self._heartbeat_seconds
        while True:
            try:
                async with asyncio.timeout_at(heartbeat_at):
                    data = await stream.queue.get()
            except TimeoutError:
                heartbeat_at += self._heartbeat_seconds
                # A blank line, in two writes: readers see `\r` and `\n` together or apart.
                await response.write(b"\r")
                await response.write(b"\n")
                continue
            if data is None:
                return
            for chunk in self._chunks(data, stream):
                await response.write(chunk)

    def _chunks(self, data: bytes, stream: EventStream) -> list[bytes]:
        """What is queued leaves together, as in the recordings, or cut as set up."""
        joined = bytearray(data)
        while len(joined) < JOINED_BYTES and not stream.queue.empty():
            more = stream.queue.get_nowait()
            if more is None:
                stream.queue.put_nowait(None)
                break
            joined += more
        size = self._chunk_bytes or len(joined)
        return [bytes(joined[start : start + size]) for start in range(0, len(joined), size)]
