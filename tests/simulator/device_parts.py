"""What the tests of simulated devices are made of: a server line in memory, an image server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web

from simulator.behaviours import BEHAVIOURS
from simulator.device import Device
from simulator.download import DownloadSettings
from simulator.image import make_image
from simulator.link import (
    Content,
    Ids,
    Operation,
    RegisterParameters,
    Request,
    RequestHandler,
    Response,
    ServerLink,
    Value,
)
from simulator.objects import DeviceIdentity
from simulator.settings import DeviceSettings, QueueMode, Timing

IMAGE = make_image("1.1.0", 50_000, seed=7)
QUICK = Timing(lifetime_seconds=300, install_seconds=0.0, reboot_seconds=0.0, retry_seconds=0.01)
QUICK_DOWNLOADS = DownloadSettings(pause_seconds=0.0, compiled_origin="http://127.0.0.1:1")


@dataclass(kw_only=True, slots=True)
class MemoryServer:
    """A server that one device talks to, and what it heard."""

    refusals: int = 0
    """How many registrations are refused from now on."""
    knows_device: bool = True
    heard: list[str] = field(default_factory=list)
    parameters: list[RegisterParameters] = field(default_factory=list)
    notifications: list[tuple[Ids, Content]] = field(default_factory=list)
    sent: list[Content] = field(default_factory=list)
    handler: RequestHandler | None = None

    async def connect(self) -> ServerLink:
        """Make the line for one boot."""
        return MemoryLink(self)

    async def ask(
        self, operation: Operation, path: Ids, value: Value | None = None
    ) -> Response | None:
        """Ask the device something."""
        assert self.handler is not None
        return await self.handler.handle(Request(operation=operation, path=path, value=value))

    async def code(self, operation: Operation, path: Ids, value: Value | None = None) -> int | None:
        """Ask the device something; return the answer's code."""
        response = await self.ask(operation, path, value)
        return None if response is None else response.code

    async def value(self, path: Ids) -> Value:
        """Read one resource."""
        response = await self.ask(Operation.READ, path)
        assert response is not None
        return response.content[path]


class MemoryLink:
    """One boot's line to a `MemoryServer`."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server

    async def register(self, parameters: RegisterParameters, handler: RequestHandler) -> None:
        if self.server.refusals:
            self.server.refusals -= 1
            raise ConnectionRefusedError
        self.server.heard.append("register")
        self.server.parameters.append(parameters)
        self.server.handler = handler

    async def update(self) -> None:
        self.server.heard.append("update")
        if not self.server.knows_device:
            self.server.knows_device = True
            raise ConnectionError("4.04")

    async def deregister(self) -> None:
        self.server.heard.append("deregister")

    async def notify(self, path: Ids, content: Content) -> None:
        self.server.notifications.append((path, content))

    async def send(self, content: Content) -> None:
        self.server.sent.append(content)

    async def close(self) -> None:
        self.server.heard.append("close")


@asynccontextmanager
async def running_device(
    server: MemoryServer,
    behaviour: str = "happy",
    *,
    timing: Timing = QUICK,
    queue_mode: QueueMode | None = None,
    downloads: DownloadSettings = QUICK_DOWNLOADS,
    bytes_per_second: int | None = None,
) -> AsyncIterator[Device]:
    """Run a device called sensor-1, version 1.0.0, that tells changes without gaps."""
    named = BEHAVIOURS[behaviour]
    pace = named.downloading.bytes_per_second if bytes_per_second is None else bytes_per_second
    settings = DeviceSettings(
        identity=DeviceIdentity(endpoint="sensor-1"),
        behaviour=replace(
            named,
            report_gap_seconds=named.report_gap_seconds / 100,
            downloading=replace(named.downloading, bytes_per_second=pace),
        ),
        timing=timing,
        queue_mode=queue_mode,
        downloads=downloads,
    )
    device = Device(settings, server.connect)
    device.start()
    try:
        yield device
    finally:
        await device.stop(deregisters=False)


@dataclass(kw_only=True, slots=True)
class ImageServer:
    """An HTTP server on loopback; `requests` holds the headers of each request it got."""

    origin: str
    requests: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def uri(self, path: str = "/f/token/image.bin") -> str:
        """Return the address of a path here."""
        return f"{self.origin}{path}"


type Answer = Callable[[web.Request], web.StreamResponse | None]


@asynccontextmanager
async def image_server(
    answer: Answer | None = None, image: bytes = IMAGE, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ImageServer]:
    """Serve `image` on every path that ends in .bin; `answer` may answer otherwise."""

    async def serve(request: web.Request) -> web.StreamResponse:
        server.requests.append(dict(request.headers))
        server.paths.append(request.raw_path)
        other = None if answer is None else answer(request)
        return whole_or_rest(request, image) if other is None else other

    server = ImageServer(origin="")
    app = web.Application()
    app.router.add_get("/{path:.*[.]bin}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.origin = f"{'http' if tls is None else 'https'}://{host}:{port}"
        yield server
    finally:
        await runner.cleanup()


def whole_or_rest(request: web.Request, image: bytes, etag: str = '"one"') -> web.Response:
    """Answer 200, or 206 to an open range whose If-Range holds."""
    given = request.headers.get("Range", "")
    if not given or request.headers.get("If-Range") != etag:
        return web.Response(body=image, headers={"ETag": etag})
    start = int(given.removeprefix("bytes=").removesuffix("-"))
    content_range = f"bytes {start}-{len(image) - 1}/{len(image)}"
    headers = {"ETag": etag, "Content-Range": content_range}
    return web.Response(status=206, body=image[start:], headers=headers)


def cut_short(
    request: web.Request, image: bytes, *, sent_bytes: int, etag: str | None
) -> web.Response:
    """Announce the whole image, send a part of it and hang up."""
    tag = "" if etag is None else f"ETag: {etag}\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(image)}\r\n{tag}\r\n"
    return _send_and_hang_up(request, head, image[:sent_bytes])


def cut_short_rest(
    request: web.Request, image: bytes, *, start: int, sent_bytes: int
) -> web.Response:
    """Announce the rest of the image, send a part of it and hang up."""
    size = len(image)
    head = (
        f"HTTP/1.1 206 Partial Content\r\nContent-Length: {size - start}\r\n"
        f'Content-Range: bytes {start}-{size - 1}/{size}\r\nETag: "one"\r\n\r\n'
    )
    return _send_and_hang_up(request, head, image[start : start + sent_bytes])


def _send_and_hang_up(request: web.Request, head: str, body: bytes) -> web.Response:
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    transport.write(head.encode() + body)
    transport.close()
    # aiohttp wants an answer; it goes nowhere.
    return web.Response()
