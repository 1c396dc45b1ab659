"""A Leshan server as the engine's gateway: requests to devices, registrations, events."""

import json
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Final, assert_never

import aiohttp
from yarl import URL

from ..lwm2m.events import (
    Endpoint,
    Registration,
    ResourceValues,
    ServerConnected,
    ServerDisconnected,
    ServerEvent,
)
from ..lwm2m.exchange import (
    Delivery,
    DeviceAsleepError,
    DeviceRefusedError,
    Lwm2mError,
    NotThisServerError,
)
from ..lwm2m.path import ResourcePath
from .address import ServerAddress, events_url, normalise_url, resource_url
from .jsontext import Json
from .list_download import download_list
from .listing import ListDecoder
from .nodes import opaque_node, string_node, values_of
from .pacing import DEFAULT_TIMING, Breather, RequestLimits, Timing
from .registration import NotARegistrationError, registration_of
from .replies import Reply, list_failure, read_reply
from .sse import ServerSentEvent
from .stream import EventFeed, StreamBegan, StreamEnded, StreamItem
from .transport import Transport, read_chunks
from .wire import Generation, GenerationGuess, parse_event

__all__ = ["LeshanClient", "ServerAddress", "Timing", "normalise_url"]

_LOGGER = logging.getLogger(__name__)

DEFAULT_TIMEOUT_SECONDS: Final = 30
# A passive cancel sends nothing to the device, so the server answers at once.
CANCEL_TIMEOUT_SECONDS: Final = 10
MAX_REPLY_BYTES: Final = 1024 * 1024


class LeshanClient:
    """One Leshan demo server of generation M4, M15 or M18; raises only Lwm2mErrors."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: ServerAddress,
        *,
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        """Use a session that somebody else closes; nothing is sent yet."""
        self._transport = Transport(session, address)
        self._address = address
        self._timing = timing
        self._limits = RequestLimits()
        self._guess = GenerationGuess()
        self._stream_problem: Lwm2mError | None = None

    @property
    def generation(self) -> Generation | None:
        """Return the generation that the shapes so far speak for, None before any."""
        return self._guess.generation

    async def check(self) -> int:
        """Return how many devices are registered; raise the Lwm2mError that says what is wrong."""
        return len([None async for _ in self.registrations()])

    async def reach(self) -> None:
        """Begin to follow the server's events, and end that; raise the Lwm2mError that forbids it.

        Costs a server little, however many devices it has. May take as long as a connection does.
        """
        async with self._open_stream():
            return

    async def registrations(self) -> AsyncGenerator[Registration]:
        """Yield every current registration, giving way to other tasks in between.

        What is no registration is left out, and named in the debug log; NotThisServerError is
        raised at the end of a list that holds nothing else.
        """
        breather = Breather()
        has_own = has_strange = False
        for element in ListDecoder(await self._list()).elements():
            try:
                registration = self._registration(element)
            except NotARegistrationError as err:
                _LOGGER.debug("A registration was left out: %s", err)
                has_strange = True
            else:
                has_own = True
                yield registration
            await breather.give_way()
        if has_strange and not has_own:
            raise NotThisServerError("the list holds no registrations")

    def _registration(self, element: Json) -> Registration:
        registration = registration_of(element)
        self._guess.saw_registration(element)
        return registration

    async def _list(self) -> deque[bytes]:
        return await download_list(
            self._transport, self._address, timing=self._timing, guess=self._guess
        )

    async def events(self) -> AsyncGenerator[ServerEvent]:
        """Yield events for ever, reconnecting; each connection begins with `ServerConnected`.

        `ServerDisconnected` is told when a connection ends, and for attempts that fail, again only
        when another kind of error does; `stream_problem` is then the error.
        Close the generator, or cancel the task that waits on it, to end the connection.
        """
        feed = EventFeed(self._open_stream, self._timing)
        async with aclosing(feed.items()) as items:
            async for item in items:
                yield self._event(item)

    def _event(self, item: StreamItem) -> ServerEvent:
        match item:
            case ServerSentEvent():
                return parse_event(item, self._guess)
            case StreamBegan():
                self._stream_problem = None
                return ServerConnected()
            case StreamEnded(problem=problem):
                self._stream_problem = problem
                return ServerDisconnected(reason=str(problem))
            case _:
                assert_never(item)

    @property
    def stream_problem(self) -> Lwm2mError | None:
        """Return why the event stream is down, None while it is open or was never asked for."""
        return self._stream_problem

    @asynccontextmanager
    async def _open_stream(self) -> AsyncGenerator[aiohttp.ClientResponse]:
        limits = aiohttp.ClientTimeout(
            total=None,
            sock_connect=self._timing.connect_seconds,
            sock_read=self._timing.silence_seconds,
        )
        # Jetty's EventSourceServlet compares the header as a whole.
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        url = events_url(self._address)
        async with self._transport.open("GET", url, limits=limits, headers=headers) as response:
            if response.status != HTTPStatus.OK:
                raise list_failure(response.status, "")
            if response.content_type != "text/event-stream":
                raise NotThisServerError("the answer is no event stream")
            self._guess.saw_server(response.headers.get("Server"))
            yield response

    async def read(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> ResourceValues:
        """Return the resources at or below `path`; raise `DeviceAsleepError` when queued."""
        url = resource_url(self._address, endpoint, path)
        reply = await self._ask_device("GET", endpoint, url, timeout_seconds)
        return self._values(path, reply)

    async def observe(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> ResourceValues:
        """Subscribe to a resource and return its value now; safe to repeat."""
        url = resource_url(self._address, endpoint, path, action="/observe")
        reply = await self._ask_device("POST", endpoint, url, timeout_seconds)
        return self._values(path, reply)

    async def write(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        value: str,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> Delivery:
        """Write a string resource, as text; as TLV to a device that takes no text (4.15)."""
        node = string_node(path.ids[-1], value)
        return await self._write(endpoint, path, node, timeout_seconds, content_format="TEXT")

    async def write_opaque(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        value: bytes,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> Delivery:
        """Write bytes as they are; as TLV to a device that does not take them so (4.15)."""
        node = opaque_node(path.ids[-1], value)
        return await self._write(endpoint, path, node, timeout_seconds, content_format="OPAQUE")

    async def _write(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        node: dict[str, Json],
        timeout_seconds: int,
        *,
        content_format: str,
    ) -> Delivery:
        url = resource_url(self._address, endpoint, path)
        try:
            reply = await self._ask_device(
                "PUT", endpoint, url.with_query(format=content_format), timeout_seconds, node=node
            )
        except DeviceRefusedError as err:
            if err.code != HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
                raise
            reply = await self._ask_device(
                "PUT", endpoint, url.with_query(format="TLV"), timeout_seconds, node=node
            )
        return self._delivery(reply)

    async def execute(
        self,
        endpoint: Endpoint,
        path: ResourcePath,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> Delivery:
        """Execute a resource, without arguments."""
        url = resource_url(self._address, endpoint, path)
        return self._delivery(await self._ask_device("POST", endpoint, url, timeout_seconds))

    async def cancel_observation(self, endpoint: Endpoint, path: ResourcePath) -> None:
        """Let the server forget an observation; no request is sent to the device."""
        url = resource_url(self._address, endpoint, path, action="/observe")
        await self._request("DELETE", endpoint, url, limit_seconds=CANCEL_TIMEOUT_SECONDS)

    def _values(self, path: ResourcePath, reply: Reply) -> ResourceValues:
        if reply.is_queued:
            self._guess.saw_delayed()
            raise DeviceAsleepError("asleep; the server keeps the request")
        return values_of(path, reply.content)

    def _delivery(self, reply: Reply) -> Delivery:
        if reply.is_queued:
            self._guess.saw_delayed()
            return Delivery.QUEUED
        return Delivery.DONE

    async def _ask_device(
        self,
        method: str,
        endpoint: Endpoint,
        url: URL,
        timeout_seconds: int,
        *,
        node: dict[str, Json] | None = None,
    ) -> Reply:
        """Send a request that the server passes on, with the time it gives the device."""
        return await self._request(
            method,
            endpoint,
            url.update_query(timeout=str(timeout_seconds)),
            limit_seconds=timeout_seconds + self._timing.grace_seconds,
            node=node,
        )

    async def _request(
        self,
        method: str,
        endpoint: Endpoint,
        url: URL,
        *,
        limit_seconds: float,
        node: dict[str, Json] | None = None,
    ) -> Reply:
        limits = aiohttp.ClientTimeout(
            total=limit_seconds, sock_connect=self._timing.connect_seconds
        )
        body = None if node is None else json.dumps(node).encode()
        headers = None if node is None else {"Content-Type": "application/json"}
        async with (
            self._limits.turn(endpoint),
            self._transport.open(
                method, url, limits=limits, body=body, headers=headers
            ) as response,
        ):
            self._guess.saw_server(response.headers.get("Server"))
            chunks = await read_chunks(response, limit_bytes=MAX_REPLY_BYTES)
            return read_reply(response.status, b"".join(chunks))
