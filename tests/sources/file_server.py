"""A real HTTPS server on 127.0.0.1 that answers each path as a test says."""

import ssl
from collections.abc import Awaitable, Callable
from typing import Final, Self

from aiohttp import web

LOOPBACK: Final = "127.0.0.1"

type Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class FileServer:
    """Serves `answers` by path, anything else is 404; remembers what it was asked."""

    def __init__(self, certificate: ssl.SSLContext | None) -> None:
        """Speak TLS if there is a certificate."""
        self.answers: dict[str, Answer] = {}
        self.requests: list[web.BaseRequest] = []
        self.port = 0
        self._certificate = certificate
        self._runner: web.ServerRunner | None = None

    def url(self, path: str, *, host: str = LOOPBACK) -> str:
        """Return the address of a path."""
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{host}:{self.port}{path}"

    def put(self, path: str, content: bytes, **headers: str) -> str:
        """Serve bytes, and return their address."""

        async def answer(_: web.BaseRequest) -> web.Response:
            return web.Response(body=content, headers=headers)

        self.answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, location: str, *, status: int = 302) -> str:
        """Redirect to somewhere else, and return the address that does."""

        async def answer(_: web.BaseRequest) -> web.Response:
            return web.Response(status=status, headers={"Location": location})

        self.answers[path] = answer
        return self.url(path)

    @property
    def paths(self) -> list[str]:
        """Return what was asked for."""
        return [request.path for request in self.requests]

    async def start(self) -> None:
        """Listen."""
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._certificate)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        await self.stop()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.get(request.path)
        return web.Response(status=404) if answer is None else await answer(request)
