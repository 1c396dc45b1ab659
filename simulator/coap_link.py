"""A device's line to a real server: CoAP over UDP, one socket for both sides' requests."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiocoap import Message
from aiocoap.error import Error as CoapError
from aiocoap.numbers.codes import Code as CoapCode

from simulator import content as formats
from simulator.coap_context import (
    Blocks,
    CoapMessage,
    CoapPipe,
    QuietMessageManager,
    open_context,
)
from simulator.coap_request import UnusableRequestError, request_of
from simulator.content import Format, FormatError
from simulator.link import (
    Content,
    Ids,
    Operation,
    RegisterParameters,
    Request,
    RequestHandler,
    Response,
)
from simulator.states import Code

_LOGGER: Final = logging.getLogger(__name__)
_SEQUENCE_LIMIT: Final = 1 << 24
# Of one observation; a server that takes no notification for that long loses the oldest.
_BACKLOG_LIMIT: Final = 64
_ANSWER_LIMIT_SECONDS: Final = 15.0


@dataclass(eq=False, kw_only=True, slots=True)
class _Observation:
    """One GET that stays open; notifications wait here until its task sends them."""

    path: Ids
    accept: int | None
    waiting: asyncio.Queue[Content] = field(default_factory=lambda: asyncio.Queue(_BACKLOG_LIMIT))

    def put(self, content: Content) -> None:
        """Queue a notification; the oldest makes room."""
        if self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(content)


class CoapLink:
    """A ServerLink over UDP to `server` ("host:port")."""

    def __init__(self, server: str) -> None:
        """Open nothing yet; see `connect`."""
        self._server = server
        self._handler: RequestHandler | None = None
        self._location: tuple[str, ...] = ()
        self._observations: set[_Observation] = set()
        self._blocks = Blocks()
        self._context: Any = None
        self._messages: QuietMessageManager | None = None

    @classmethod
    async def connect(cls, server: str) -> CoapLink:
        """Return a link with a socket of its own."""
        link = cls(server)
        link._context, link._messages = await open_context(link)
        return link

    async def register(self, parameters: RegisterParameters, handler: RequestHandler) -> None:
        """Register, or register anew; raise ConnectionError when refused or unanswered."""
        self._handler = handler
        # A new registration ends the server's observations of the old one.
        self._observations.clear()
        query = [
            f"ep={parameters.endpoint}",
            f"lt={parameters.lifetime_seconds}",
            f"lwm2m={parameters.lwm2m_version}",
            "b=U",
            *(["Q"] if parameters.is_queue_mode else []),
        ]
        answer = await self._ask(
            CoapCode.POST, ("rd",), query, ",".join(parameters.links).encode(), Format.LINK
        )
        if answer.code is not CoapCode.CREATED:
            message = f"registration refused: {answer.code}"
            raise ConnectionError(message)
        self._location = tuple(answer.opt.location_path)

    async def update(self) -> None:
        """Renew the registration; raise ConnectionError when it is unknown or unanswered."""
        answer = await self._ask(CoapCode.POST, self._location)
        if answer.code is not CoapCode.CHANGED:
            message = f"renewal refused: {answer.code}"
            raise ConnectionError(message)

    async def deregister(self) -> None:
        """End the registration; raise ConnectionError when the server says nothing to it."""
        await self._ask(CoapCode.DELETE, self._location)

    async def notify(self, path: Ids, content: Content) -> None:
        """Queue a notification for every observation of `path`, or of something above it."""
        for observation in tuple(self._observations):
            if observation.path == path:
                observation.put(content)
            elif observation.path == path[: len(observation.path)]:
                await self._notify_whole(observation)

    async def send(self, content: Content) -> None:
        """LwM2M Send, as SenML JSON; raise ConnectionError when the server does not take it."""
        answer = await self._ask(
            CoapCode.POST, ("dp",), (), formats.encode_senml(content), Format.SENML_JSON
        )
        if not answer.code.is_successful():
            message = f"send refused: {answer.code}"
            raise ConnectionError(message)

    async def close(self) -> None:
        """Close the socket; nothing is said."""
        self._observations.clear()
        self._blocks.forget()
        await self._context.shutdown()

    async def render_to_pipe(self, pipe: CoapPipe) -> None:
        """Answer one incoming message, an observation again and again; called by aiocoap."""
        message = self._blocks.whole(pipe.request)
        try:
            request = request_of(message)
        except UnusableRequestError as err:
            pipe.add_response(
                Message(code=CoapCode(_wire_code(err.code)), payload=str(err).encode()),
                is_last=True,
            )
            return
        if request is None:
            pipe.add_response(Message(code=CoapCode.CHANGED), is_last=True)
        elif request.operation is Operation.OBSERVE:
            await self._serve_observation(pipe, request)
        else:
            await self._serve_once(pipe, message, request)

    async def _serve_once(self, pipe: CoapPipe, message: CoapMessage, request: Request) -> None:
        async def build() -> CoapMessage:
            response = await self._handle(request)
            if response is None:
                raise _SilenceError
            return _message_of(request.path, response, message.opt.accept)

        try:
            answer = await self._blocks.answer(message, build)
        except _SilenceError:
            self._stay_silent(pipe.request)
            return
        pipe.add_response(answer, is_last=True)

    async def _serve_observation(self, pipe: CoapPipe, request: Request) -> None:
        observation = _Observation(path=request.path, accept=pipe.request.opt.accept)
        # Before the device is asked: no change after its answer may be missed.
        self._observations.add(observation)
        try:
            response = await self._handle(request)
            if response is None:
                self._stay_silent(pipe.request)
                return
            first = _message_of(request.path, response, observation.accept)
            if not first.code.is_successful():
                pipe.add_response(first, is_last=True)
                return
            await self._send_notifications(pipe, first, observation)
        finally:
            self._observations.discard(observation)

    async def _send_notifications(
        self, pipe: CoapPipe, first: CoapMessage, observation: _Observation
    ) -> None:
        """Send `first` and what follows, until aiocoap cancels: the server has lost interest."""
        sequence = 1
        message = first
        while True:
            message.opt.observe = sequence
            pipe.add_response(message, is_last=False)
            sequence = (sequence + 1) % _SEQUENCE_LIMIT
            content = await observation.waiting.get()
            message = _message_of(
                observation.path, Response(code=Code.CONTENT, content=content), observation.accept
            )

    async def _notify_whole(self, observation: _Observation) -> None:
        response = await self._handle(Request(operation=Operation.READ, path=observation.path))
        if response is not None and response.content:
            observation.put(response.content)

    async def _handle(self, request: Request) -> Response | None:
        return None if self._handler is None else await self._handler.handle(request)

    def _stay_silent(self, message: CoapMessage) -> None:
        if self._messages is not None:
            self._messages.ignore(message)

    async def _ask(
        self,
        code: CoapCode,
        path: tuple[str, ...],
        query: Iterable[str] = (),
        payload: bytes = b"",
        content_format: Format | None = None,
    ) -> CoapMessage:
        message = Message(code=code, payload=payload)
        message.set_request_uri(f"coap://{self._server}", set_uri_host=False)
        message.opt.uri_path = path
        message.opt.uri_query = tuple(query)
        if content_format is not None:
            message.opt.content_format = int(content_format)
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_SECONDS):
                # What a device says fits one block; simple6 could not send a second one.
                return await self._context.request(message, handle_blockwise=False).response
        except (CoapError, TimeoutError, OSError) as err:
            raise ConnectionError(repr(err)) from err


class _SilenceError(Exception):
    """The device does not answer."""


def _message_of(path: Ids, response: Response, accept: int | None) -> CoapMessage:
    """Return the CoAP message of a response, in the format asked for."""
    if response.links:
        return Message(
            code=CoapCode.CONTENT,
            payload=",".join(response.links).encode(),
            content_format=int(Format.LINK),
        )
    if not response.content:
        return Message(
            code=CoapCode(_wire_code(response.code)), payload=response.diagnostic.encode()
        )
    try:
        content_format, payload = formats.encode(path, response.content, accept)
    except FormatError:
        return Message(code=CoapCode.NOT_ACCEPTABLE)
    return Message(
        code=CoapCode(_wire_code(response.code)),
        payload=payload,
        content_format=int(content_format),
    )


def _wire_code(code: int) -> int:
    """2.05 is 205 here and 2 << 5 | 5 on the wire (RFC 7252, 3)."""
    return code // 100 << 5 | code % 100
