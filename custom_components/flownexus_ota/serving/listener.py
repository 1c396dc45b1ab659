"""A web server for devices alone: their images, and nothing else."""

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, final, override

from aiohttp import web

from .handler import DEFAULT_LIMITS, TransferLimits, not_found, plain_text, serve_image
from .offers import OfferBook
from .package_uri import ABSOLUTE_PREFIX, PATH_PREFIX

_LOGGER: Final = logging.getLogger(__name__)

# Devices that put a host and a path together easily double the slash between them.
_PATH: Final = re.compile(rf"/?(?:{ABSOLUTE_PREFIX}|{PATH_PREFIX})([^/]+)/[^/]+")

# A package URI has 127 characters, and few devices send more than ten headers.
_LONGEST_REQUEST_LINE_BYTES: Final = 1024
_LONGEST_HEADER_BYTES: Final = 2048
_MOST_HEADERS: Final = 64
# Nobody has a reason to send a body; one that comes is not waited for.
_BODY_SECONDS: Final = 1.0
# What runs by then is resumed elsewhere or later: nothing is gained by waiting for it.
_STOP_SECONDS: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """What strangers may do to a port that is open to them."""

    max_connections: int = 1024
    """Together; one more is closed at once."""
    idle_seconds: float = 75.0
    """Until a connection without a whole request is closed: the first one's, or the next one's."""


@final
class FirmwareListener:
    """Listens on one address; made to be started and stopped once."""

    def __init__(
        self,
        book: OfferBook,
        *,
        address: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        transfers: TransferLimits = DEFAULT_LIMITS,
        connections: ConnectionLimits | None = None,
    ) -> None:
        """Serve what `book` offers on an IP address of this machine; http without `tls`."""
        self._book: Final = book
        self._address: Final = address
        self.port = port
        """What is listened on; a free one is found for 0."""
        self._tls: Final = tls
        self._transfers: Final = transfers
        self._connections: Final = ConnectionLimits() if connections is None else connections
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Listen; raise `OSError` when the address or the port cannot be had."""
        server = _Server(self._handle, self._connections)
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, self._address, self.port, ssl_context=self._tls)
        # asyncio forgets a server whose start is cancelled, and it listens for ever: so it is not.
        starting = asyncio.create_task(site.start())
        try:
            await asyncio.shield(starting)
        except BaseException:
            await asyncio.wait((starting,))
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more and end what runs; safe to repeat."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        match = _PATH.fullmatch(request.path)
        if match is None or request.method not in ("GET", "HEAD"):
            return not_found()
        return await serve_image(request, self._book, match[1], limits=self._transfers)


@final
class _Server(web.Server):
    """Makes a protocol for each connection."""

    def __init__(
        self,
        handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        limits: ConnectionLimits,
    ) -> None:
        super().__init__(handle, handler_cancellation=True)
        self.limits: Final = limits

    @override
    def __call__(self) -> web.RequestHandler:
        return _Connection(self)


@final
class _Connection(web.RequestHandler):
    """One client: bounded, and told nothing of what serves it."""

    __slots__ = ("_server",)

    def __init__(self, server: _Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=server.limits.idle_seconds,
            access_log=None,  # type: ignore[arg-type] # it would hold the token
            max_line_size=_LONGEST_REQUEST_LINE_BYTES,
            max_field_size=_LONGEST_HEADER_BYTES,
            max_headers=_MOST_HEADERS,
            lingering_time=_BODY_SECONDS,
        )
        self._server: Final = server

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(self._server.connections) > self._server.limits.max_connections:
            _LOGGER.debug("Too many connections")
            self.force_close()

    @override
    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except IndexError:  # yarl 1.25, by the target `https://[::1]@`: anybody could fill the log
            self.force_close()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP like anything else that is not on offer.

        Not by the base class: its text, and its log, quote the request, which may hold a token.
        """
        response = not_found()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _LOGGER.error("A request failed by an error of ours", exc_info=exc)
            if request.writer.output_size > 0:
                raise ConnectionError("the answer has begun")
            response = plain_text(HTTPStatus.INTERNAL_SERVER_ERROR, "Failed\n")
        response.force_close()
        return response
