"""An aiohttp server that gives the next prepared answer to whatever it is asked."""

import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from .recordings import Answer

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    raw_path: str
    headers: dict[str, str]
    body: str


class ScriptedServer:
    """Listens on a free port of 127.0.0.1 and takes note of every request."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self._tls = tls
        self._handlers: deque[Handler] = deque()
        self._default: Handler | None = None
        self._runner: web.ServerRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}"

    def will_answer(self, *answers: Answer) -> None:
        """Queue one answer for each of the next requests."""
        self._handlers.extend(answering(answer) for answer in answers)

    def will_call(self, *handlers: Handler) -> None:
        """Queue one handler for each of the next requests."""
        self._handlers.extend(handlers)

    def will_always_call(self, handler: Handler) -> None:
        """Use a handler once the queued ones are used up."""
        self._default = handler

    async def __aenter__(self) -> Self:
        # No request outlives the test: the grace period for open streams is none.
        self._runner = web.ServerRunner(
            web.Server(self._handle, handler_cancellation=True), shutdown_timeout=0.01
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        assert isinstance(request, web.BaseRequest)
        self.seen.append(
            Seen(
                method=request.method,
                raw_path=request.raw_path,
                headers=dict(request.headers),
                body=await request.text(),
            )
        )
        handler = self._handlers.popleft() if self._handlers else self._default
        assert handler is not None, "a request that no test expects"
        return await handler(request)  # type: ignore[arg-type]  # a BaseRequest has all we use


def answering(answer: Answer) -> Handler:
    """Return a handler that sends exactly these bytes."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(answer.body or b" ")
        if answer.breaks_off:
            assert request.transport is not None
            request.transport.close()
        return response

    return handle


def raw(payload: bytes) -> Handler:
    """Return a handler that writes bytes past HTTP and hangs up."""

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(payload)
        request.transport.close()
        return web.Response()

    return handle


def streaming(*chunks: bytes, content_type: str = "text/event-stream;charset=utf-8") -> Handler:
    """Return a handler that streams these chunks one by one and ends."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response

    return handle


def plain(body: str | bytes, status: int = 200, content_type: str = "application/json") -> Answer:
    """Return an answer with a body; a text is sent in UTF-8."""
    content = body.encode() if isinstance(body, str) else body
    return Answer(status=status, headers={"Content-Type": content_type}, body=content)
