"""An image's bytes on their way into a connection, and how many of them have left."""

import asyncio
import errno
import os
import socket
import struct
import sys
from contextlib import suppress
from io import FileIO
from typing import Final, NoReturn, final

from aiohttp import web

from .pace import UNTHROTTLED, Throttle

if sys.platform == "linux":
    import fcntl
    import termios

SLICE_BYTES: Final = 64 * 1024
"""Sent at once, so that many devices take turns and none holds up the event loop."""

LARGEST_SLICE_BYTES: Final = 4 * 1024 * 1024
TURN_SECONDS: Final = 0.0005
"""For which a slice may hold up the event loop: twice as much follows one that took less, half of
it one that took more. An image that the disk has to be asked for goes by small ones."""

_SMALL_QUEUE_BYTES: Final = 16 * 1024
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_NO_SENDFILE: Final = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_INT: Final = struct.Struct("i")


@final
class Outflow:
    """The body of one response: writes it, and tells how much of it the network has taken.

    Keeps a second descriptor of the socket, so that the kernel can be asked until the last, whoever
    ends the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        """Send over `transport`, which is a TCP connection with or without TLS."""
        self.throttle: Throttle = UNTHROTTLED
        self._transport: Final = transport
        self._socket: Final[socket.socket] = transport.get_extra_info("socket").dup()
        self._is_plain: Final = transport.get_extra_info("sslcontext") is None
        self._written_bytes = 0
        # A client may shut its side down after the request. The transport would end the connection
        # when it reads that, so it reads it later.
        self._is_pausing: Final = self._is_plain and transport.is_reading()
        self._may_be_heard = self._is_pausing
        if self._is_pausing:
            transport.pause_reading()
        _limit_queue(self._socket)

    @property
    def left_bytes(self) -> int:
        """How much of the body has been written and is held by nobody on this machine."""
        held_bytes = self._transport.get_write_buffer_size() + _queued_bytes(self._socket)
        return max(0, self._written_bytes - held_bytes)

    @property
    def written_bytes(self) -> int:
        """How much of the body has been written: what has not left waits for the client."""
        return self._written_bytes

    def is_broken(self) -> bool:
        """Tell whether the connection has ended."""
        return (
            self._transport.is_closing()
            or self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        )

    async def send(self, response: web.StreamResponse, file: FileIO, start: int, end: int) -> None:
        """Write the file's bytes from `start` up to, without, `end`, as the body of `response`.

        Raise `OSError` (`ConnectionError` and others) when the connection or the disk fails.
        """
        # Headers that the kernel had no room for must go first.
        if self._is_plain and not self._transport.get_write_buffer_size():
            start = await self._send_by_kernel(file, start, end)
        while start < end:
            count = await self._portion(end - start)
            chunk = await asyncio.get_running_loop().run_in_executor(
                None, os.pread, file.fileno(), count, start
            )
            await response.write(chunk)
            self._written_bytes += len(chunk)
            start += len(chunk) or _cut_short()

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until the client says something: who asks for more has what it got."""
        if not self._may_be_heard:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        timer = loop.call_later(seconds, _wake, woken)
        loop.add_reader(self._socket, self._heard, woken)
        try:
            await woken
        finally:
            timer.cancel()
            loop.remove_reader(self._socket)

    def _heard(self, woken: asyncio.Future[None]) -> None:
        # It stays to be read until the response is complete: once is enough.
        self._may_be_heard = False
        _wake(woken)

    def cut(self) -> None:
        """End the connection at once; what the kernel still holds is thrown away."""
        with suppress(OSError):  # The client was faster.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._socket.shutdown(socket.SHUT_RDWR)
        self._transport.abort()

    def close(self) -> None:
        """Give back the descriptor; the connection goes on."""
        self._socket.close()
        if self._is_pausing:
            self._transport.resume_reading()

    async def _send_by_kernel(self, file: FileIO, start: int, end: int) -> int:
        """Send without copying, as far as the file system can do that; return how far it was."""
        loop = asyncio.get_running_loop()
        paid_to, slice_bytes = start, SLICE_BYTES
        while start < end:
            began_at = loop.time()
            if not self.throttle.is_on:
                paid_to = min(start + slice_bytes, end)
            elif paid_to == start:
                paid_to += await self._portion(end - start)
            sent = self._send_slice(file, start, paid_to - start)
            if sent is None:
                break
            start += sent
            self._written_bytes += sent
            if not sent:
                await self._until_writable()
            elif start < end:
                is_short = loop.time() - began_at < TURN_SECONDS
                slice_bytes = slice_bytes * 2 if is_short else slice_bytes // 2
                slice_bytes = min(max(slice_bytes, SLICE_BYTES), LARGEST_SLICE_BYTES)
                await asyncio.sleep(0)
        return start

    async def _portion(self, wanted: int) -> int:
        """Return how much may be sent now, after waiting for its turn."""
        portion = self.throttle.portion(min(SLICE_BYTES, wanted))
        await self.throttle.wait_for(portion)
        return portion

    def _send_slice(self, file: FileIO, start: int, count: int) -> int | None:
        """Return how much the kernel took; `None` when it cannot send from this file system."""
        if self._transport.is_closing():
            raise ConnectionResetError(errno.ECONNRESET, "the connection has ended")
        try:
            sent = os.sendfile(self._socket.fileno(), file.fileno(), start, count)
        except BlockingIOError:
            return 0
        except OSError as err:
            if err.errno in _NO_SENDFILE:
                return None
            raise
        return sent or _cut_short()

    async def _until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable = asyncio.Event()
        loop.add_writer(self._socket, writable.set)
        try:
            await writable.wait()
        finally:
            loop.remove_writer(self._socket)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _cut_short() -> NoReturn:
    raise OSError(errno.EIO, "the image has become shorter")


def _queued_bytes(connection: socket.socket) -> int:
    """Return what the kernel has not seen acknowledged by the other side."""
    if sys.platform != "linux":  # pragma: no cover - tests run on Linux
        return 0
    queued = bytearray(_INT.size)
    fcntl.ioctl(connection, termios.TIOCOUTQ, queued)  # The same number as SIOCOUTQ.
    return int(_INT.unpack(queued)[0])


def _limit_queue(connection: socket.socket) -> None:
    """Where the kernel does not tell what it holds, let it hold little."""
    if sys.platform != "linux":  # pragma: no cover - tests run on Linux
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL_QUEUE_BYTES)
