"""A real HTTP server with one image on offer, and a client that speaks over a bare socket."""

import asyncio
import fcntl
import hashlib
import socket
import ssl
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from custom_components.flownexus_ota.serving.gate import DownloadGate, DownloadLimits
from custom_components.flownexus_ota.serving.handler import (
    DEFAULT_LIMITS,
    TransferLimits,
    serve_image,
)
from custom_components.flownexus_ota.serving.offers import Offer, OfferBook

LOOPBACK: Final = "127.0.0.1"
LIMIT_SECONDS: Final = 60
TOKEN: Final = "A" * 22
SESSION: Final = "session"
SMALL_BUFFER_BYTES: Final = 4096
BIG: Final = 512 * 1024
"""Bytes of an image that a slow client's kernel does not take at once."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail after `LIMIT_SECONDS`."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - much of it happens in the kernel
            await asyncio.sleep(0)


class ImageServer:
    """Serves on a free port of 127.0.0.1 what its book offers."""

    def __init__(
        self,
        *,
        limits: TransferLimits = DEFAULT_LIMITS,
        handler_cancellation: bool = True,
        certificate: ssl.SSLContext | None = None,
        downloads: DownloadLimits | None = None,
        wait_seconds: float = 0.0,
    ) -> None:
        """Cancel handlers when clients hang up, as Home Assistant does, or not."""
        self.book: Final = OfferBook()
        self.downloads: Final = DownloadGate(downloads, wait_seconds=wait_seconds)
        self.told: Final[list[int]] = []
        self.port = 0
        self.running = 0
        """Requests that are being answered."""
        self.transports: Final[list[asyncio.Transport]] = []
        self.gate: Final = asyncio.Event()
        """Requests wait for it before they are answered; open at first."""
        self.gate.set()
        self._limits: Final = limits
        self._paths: Final[set[Path]] = set()
        self._certificate: Final = certificate
        app = web.Application()
        for path in ("/f/{token}/{name}", "//f/{token}/{name}"):
            app.router.add_get(path, self._handle)
        self._runner: Final = web.AppRunner(
            app, access_log=None, handler_cancellation=handler_cancellation, shutdown_timeout=0.1
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.transports.append(request.transport)
        self.running += 1
        try:
            await self.gate.wait()
            token = request.match_info["token"]
            return await serve_image(request, self.book, token, limits=self._limits)
        finally:
            self.running -= 1

    def offer(self, path: Path, *, size_bytes: int | None = None) -> None:
        """Put an image on offer, its digest taken from its name, and listen."""
        self.offer_to(SESSION, TOKEN, path, size_bytes=size_bytes)
        self.book.add_listener(lambda _session_id, covered: self.told.append(covered))

    def offer_to(
        self, session_id: str, token: str, path: Path, *, size_bytes: int | None = None
    ) -> None:
        """Put an image on offer to one session."""
        self._paths.add(path)
        offer = Offer(
            session_id=session_id,
            sha256=hashlib.sha256(path.name.encode()).hexdigest(),
            size_bytes=path.stat().st_size if size_bytes is None else size_bytes,
            file_name="thingy.bin",
            path=path,
            gate=self.downloads,
        )
        self.book.add(token, offer)

    @property
    def etag(self) -> str:
        """The quoted entity tag of what is on offer."""
        offer = self.book.find(TOKEN)
        assert offer is not None
        return offer.etag

    @property
    def percent(self) -> int | None:
        """The progress of the session."""
        return self.book.percent(SESSION)

    @property
    def covered_bytes(self) -> int:
        """The bytes that have left."""
        return self.book.covered_bytes(SESSION) or 0

    async def idle(self) -> None:
        """Wait until every request has been answered, and counted."""
        await until(lambda: self.running == 0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._certificate)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()
        for path in self._paths:
            self.book.images.retire(path)

    async def stop(self) -> None:
        """Listen no more, and end what is running."""
        await self._runner.cleanup()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status_line: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def status(self) -> int:
        """The number in the status line."""
        return int(self.status_line.split()[1])

    @property
    def length(self) -> int:
        """The announced length of the body."""
        return int(self.headers["content-length"])


class RawClient:
    """One connection, every byte of it under the test's control."""

    def __init__(self, port: int, *, receive_buffer_bytes: int | None = None) -> None:
        """Connect to `port`; a small buffer makes a client that is slow to take bytes."""
        self._socket = socket.socket()
        self._port = port
        self._buffer = b""
        self._is_connected = False
        if receive_buffer_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self._socket.settimeout(0)

    async def connect(self) -> None:
        """Connect; once is enough."""
        if not self._is_connected:
            await asyncio.get_running_loop().sock_connect(self._socket, (LOOPBACK, self._port))
            self._is_connected = True

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close the connection; what was not read is refused."""
        self._socket.close()

    def end_of_requests(self) -> None:
        """Say that nothing more will be asked, and go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    async def send(self, text: str) -> None:
        """Send as it is."""
        await asyncio.get_running_loop().sock_sendall(self._socket, text.encode("latin-1"))

    async def read(self, count: int) -> bytes:
        """Read exactly `count` bytes."""
        while len(self._buffer) < count:
            await self._receive()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    async def read_to_end(self) -> bytes:
        """Read until the server ends the connection, politely or not."""
        while True:
            try:
                await self._receive()
            except EOFError, ConnectionResetError:
                taken, self._buffer = self._buffer, b""
                return taken

    async def head(self) -> Answer:
        """Read a status line and headers."""
        while b"\r\n\r\n" not in self._buffer:
            await self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        headers = {name.lower(): value.strip() for name, value in pairs}
        assert len(headers) == len(pairs)
        return Answer(status_line=status_line, headers=headers)

    async def answer(self) -> Answer:
        """Read an answer with its body."""
        head = await self.head()
        body = await self.read(head.length)
        return Answer(status_line=head.status_line, headers=head.headers, body=body)

    async def get(self, *headers: str, token: str = TOKEN) -> Answer:
        """Ask for the image and read the answer."""
        await self.send(request_text(*headers, token=token))
        return await self.answer()

    async def _receive(self) -> None:
        await asyncio.sleep(0)  # A socket that has bytes does not give way to the server.
        async with asyncio.timeout(LIMIT_SECONDS):
            received = await asyncio.get_running_loop().sock_recv(self._socket, 65536)
        if not received:
            raise EOFError(self._buffer)
        self._buffer += received


def request_text(
    *headers: str,
    method: str = "GET",
    path: str | None = None,
    version: str = "1.1",
    token: str = TOKEN,
) -> str:
    """Return the text of a request."""
    target = f"/f/{token}/thingy.bin" if path is None else path
    lines = [f"{method} {target} HTTP/{version}", "Host: device", *headers]
    return "\r\n".join(lines) + "\r\n\r\n"


def a_slow_client(server: ImageServer) -> RawClient:
    """Return a client whose kernel takes next to nothing by itself."""
    return RawClient(server.port, receive_buffer_bytes=SMALL_BUFFER_BYTES)


def held_bytes(server: ImageServer) -> int:
    """Ask the kernel what it still holds for the last client."""
    held = bytearray(4)
    fcntl.ioctl(server.transports[-1].get_extra_info("socket"), termios.TIOCOUTQ, held)
    return int(struct.unpack("i", held)[0])
