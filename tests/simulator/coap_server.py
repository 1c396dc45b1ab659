"""A small LwM2M server over real UDP on loopback: it registers devices and asks them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiocoap import Message
from aiocoap.numbers.codes import Code
from aiocoap.protocol import Context
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.simplesocketserver import MessageInterfaceSimpleServer

from simulator.coap_context import QuietMessageManager

LIMIT_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One request of a device."""

    code: Code
    path: tuple[str, ...]
    query: tuple[str, ...]
    payload: bytes
    content_format: int | None


@dataclass(kw_only=True)
class CoapServer:
    """Takes registrations at /rd and Sends at /dp; asks whoever registered last."""

    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, Code] = field(default_factory=dict)
    """Other answers than the usual, by the path's first part and method, e.g. "POST rd"."""
    port: int = 0
    context: Any = None
    remote: Any = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    async def render_to_pipe(self, pipe: Any) -> None:
        """Answer a device; called by aiocoap."""
        request = pipe.request
        self.remote = request.remote
        self.heard.append(
            Heard(
                code=request.code,
                path=request.opt.uri_path,
                query=request.opt.uri_query,
                payload=request.payload,
                content_format=request.opt.content_format,
            )
        )
        answer = Message(code=self._code_for(request))
        answer.opt.location_path = ("rd", "abc") if answer.code is Code.CREATED else ()
        pipe.add_response(answer, is_last=True)

    def _code_for(self, request: Any) -> Code:
        is_registration = request.opt.uri_path == ("rd",)
        usual = Code.CREATED if is_registration else Code.CHANGED
        return self.answers.get(f"{request.code.name} {'/'.join(request.opt.uri_path)}", usual)

    def start_asking(self, code: Code, path: str, payload: bytes = b"", **options: Any) -> Any:
        """Send a request to the device; its `response` and `observation` tell what comes."""
        message = Message(code=code, payload=payload, **options)
        message.opt.uri_path = tuple(path.split("/"))
        message.remote = self.remote
        return self.context.request(message, handle_blockwise=False)

    async def ask(self, code: Code, path: str, payload: bytes = b"", **options: Any) -> Any:
        """Ask the device; return the answer."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self.start_asking(code, path, payload, **options).response


@asynccontextmanager
async def coap_server() -> AsyncIterator[CoapServer]:
    """Run a server on a free port."""
    server = CoapServer()
    context = Context(serversite=server)
    tokens = TokenManager(context)
    messages = QuietMessageManager(tokens)
    interface = await MessageInterfaceSimpleServer.create_server(
        ("127.0.0.1", 0), messages, context.log, context.loop
    )
    messages.message_interface = interface
    tokens.token_interface = messages
    context.request_interfaces.append(tokens)
    server.context = context
    server.port = interface._pool._transport.get_extra_info("sockname")[1]
    try:
        yield server
    finally:
        await context.shutdown()
