"""A web server that answers as a test wants it to: as Leshan, as something else, or not at all."""

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from threading import Thread
from typing import Any, Final, Protocol

from aiohttp import web

LOOPBACK: Final = "127.0.0.1"
START_LIMIT_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAnswer:
    """What the server says to `GET /api/clients`."""

    status: int = 200
    body: str = "[]"
    content_type: str = "application/json"


class WebServer:
    """A real HTTP server on a free port of 127.0.0.1."""

    def __init__(self, *, prefix: str = "", certificate: ssl.SSLContext | None = None) -> None:
        """Answer below `prefix`; speak TLS if there is a certificate."""
        self.answer = WebAnswer()
        self.authorization: str | None = None
        """The only Authorization header that is let in; `None` lets everybody in."""
        self.port = 0
        self._certificate = certificate
        self._prefix = prefix
        self._stopping = asyncio.Event()
        app = web.Application()
        app.router.add_get(f"{prefix}/api/clients", self._clients)
        app.router.add_get(f"{prefix}/api/event", self._events)
        self._runner = web.AppRunner(app)

    @property
    def url(self) -> str:
        """Return what a person would enter."""
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{LOOPBACK}:{self.port}{self._prefix}"

    async def start(self) -> None:
        """Listen."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._certificate)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End event streams and listen no more."""
        self._stopping.set()
        await self._runner.cleanup()

    async def _clients(self, request: web.Request) -> web.Response:
        if self.authorization not in (None, request.headers.get("Authorization")):
            return web.Response(status=401, text="Unauthorized")
        answer = self.answer
        return web.Response(
            status=answer.status, text=answer.body, content_type=answer.content_type
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await self._stopping.wait()
        return stream


class Server(Protocol):
    """What starts and stops."""

    async def start(self) -> None:
        """Listen."""

    async def stop(self) -> None:
        """Listen no more."""


class ServerThread[Kind: Server]:
    """A server on an event loop of its own, until the `with` block ends.

    Home Assistant's harness takes a failed TLS handshake in its own loop for a failure of the test.
    """

    def __init__(self, server: Kind) -> None:
        """Wrap a server that has not been started."""
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="web server of a test")

    def __enter__(self) -> Kind:
        self._thread.start()
        self._run(self._server.start())
        return self._server

    def __exit__(self, *_: object) -> None:
        self._run(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_LIMIT_SECONDS)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_LIMIT_SECONDS)
